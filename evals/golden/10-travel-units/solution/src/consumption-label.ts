export function consumptionLabel(value: number): string {
  return `${value} l/100 km`;
}
