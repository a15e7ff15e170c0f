export function slipLine(name: string, pay: number): string {
  return `${name}: ${pay.toFixed(2)}`;
}
