export function taxOn(net: number, percent: number): number {
  return Math.round(net * percent) / 100;
}
