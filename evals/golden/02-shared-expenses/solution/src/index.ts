export { balance } from "./balance.ts";
export { centsLeft } from "./cents-left.ts";
export { euros } from "./euros.ts";
export { shareOf } from "./share-of.ts";
export { toCents } from "./to-cents.ts";
export { totalSpent } from "./total-spent.ts";
