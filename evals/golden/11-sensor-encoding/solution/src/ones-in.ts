export function onesIn(bits: string): number {
  return bits.split("1").length - 1;
}
