export { orderSummary } from "./order-summary.ts";
export { parcelCount } from "./parcel-count.ts";
export { shippingFee } from "./shipping-fee.ts";
