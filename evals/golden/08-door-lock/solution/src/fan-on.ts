export function fanOn(on: boolean, degrees: number): boolean {
  return degrees >= 60 || (on && degrees > 50);
}
