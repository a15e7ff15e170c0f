export function balance(paid: number, share: number): number {
  return paid - share;
}
