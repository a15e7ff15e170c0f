export function miles(km: number): number {
  return Math.round((km / 1.609344) * 100) / 100;
}
