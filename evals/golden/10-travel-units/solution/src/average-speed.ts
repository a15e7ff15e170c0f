export function averageSpeed(km: number, hours: number): number {
  return Math.round(km / hours);
}
