export function withCampaign(link: string, name: string): string {
  return `${link}?campaign=${name}`;
}
