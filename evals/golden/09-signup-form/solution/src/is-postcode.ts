export function isPostcode(text: string): boolean {
  return /^\d{5}$/.test(text);
}
