export { weightText } from "./weight-text.ts";
export { addressLine } from "./address-line.ts";
export { label } from "./label.ts";
