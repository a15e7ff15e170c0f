export function campaignName(title: string): string {
  return title.toLowerCase().split(" ").join("_");
}
