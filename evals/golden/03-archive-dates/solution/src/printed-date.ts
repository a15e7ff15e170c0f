export function printedDate(date: string): string {
  return date.split("-").reverse().join(".");
}
