export { report } from "./report.ts";
export { readRows } from "./rows.ts";
