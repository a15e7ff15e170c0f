export { orderSummary } from "./order-summary.ts";
