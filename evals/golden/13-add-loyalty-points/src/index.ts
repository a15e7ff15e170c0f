export { tillTotal } from "./till-total.ts";
export type { Line } from "./till-total.ts";
