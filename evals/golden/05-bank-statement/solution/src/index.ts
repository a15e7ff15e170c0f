export { cellsOf } from "./cells-of.ts";
export { columnOf } from "./column-of.ts";
export { creditsOf } from "./credits-of.ts";
export { isRemark } from "./is-remark.ts";
export { statementLines } from "./statement-lines.ts";
export { statementTotal } from "./statement-total.ts";
