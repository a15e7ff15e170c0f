export function mayJoin(age: number, consent: boolean): boolean {
  return age >= 16 || (consent && age >= 13);
}
