export function hostOf(link: string): string {
  return link.split("/")[2] ?? "";
}
