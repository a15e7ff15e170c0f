/** How many parcels the pieces of an order need. */
export function parcelCount(pieces: number): number {
  return Math.ceil(pieces / 4);
}
