export { tillTotal } from "./till-total.ts";
export type { Line } from "./till-total.ts";
export { pointsFor } from "./points-for.ts";
export { pointsWorth } from "./points-worth.ts";
export { tierOf } from "./tier-of.ts";
