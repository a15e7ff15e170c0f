export function byteFromHex(hex: string): number {
  return Number.parseInt(hex, 16);
}
