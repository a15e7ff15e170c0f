export function consumption(litres: number, km: number): number {
  return Math.round((litres / km) * 100 * 10) / 10;
}
