export function isEncrypted(link: string): boolean {
  return link.startsWith("https://");
}
