export { articlesSorted } from "./articles-sorted.ts";
export { countOf } from "./count-of.ts";
export { lowStock } from "./low-stock.ts";
export { orderQuantity } from "./order-quantity.ts";
export { stockValue } from "./stock-value.ts";
