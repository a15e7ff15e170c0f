export function shortLink(code: string): string {
  return `https://sho.rt/${code.toLowerCase()}`;
}
