/** A weight as a label shows it. */
export function weightText(grams: number): string {
  if (grams < 0) throw new RangeError("A parcel does not weigh less than nothing.");
  return `${(grams / 1000).toFixed(1)} kg`;
}
