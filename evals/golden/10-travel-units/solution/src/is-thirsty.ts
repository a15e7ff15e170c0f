export function isThirsty(value: number): boolean {
  return value > 8.5;
}
