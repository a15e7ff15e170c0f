export function evenParity(bits: string): boolean {
  return (bits.split("1").length - 1) % 2 === 0;
}
