export function fahrenheit(celsius: number): number {
  return celsius * 1.8 + 32;
}
