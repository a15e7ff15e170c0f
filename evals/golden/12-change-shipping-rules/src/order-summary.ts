import { parcelCount } from "./parcel-count.ts";
import { shippingFee } from "./shipping-fee.ts";

/** The last line of the order page. */
export function orderSummary(total: number, pieces: number): string {
  const parcels = parcelCount(pieces);
  return `${(total + shippingFee(total)).toFixed(2)} EUR in ${parcels} parcel${parcels === 1 ? "" : "s"}`;
}
