export { grossOf } from "./gross-of.ts";
export { taxOn } from "./tax-on.ts";
