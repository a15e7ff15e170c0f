export function headingId(heading: string): string {
  return heading.toLowerCase().split(" ").join("-");
}
