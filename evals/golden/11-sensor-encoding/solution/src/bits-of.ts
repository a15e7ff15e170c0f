export function bitsOf(byte: number): string {
  return byte.toString(2).padStart(8, "0");
}
