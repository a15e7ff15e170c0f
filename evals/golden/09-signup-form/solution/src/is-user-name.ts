export function isUserName(name: string): boolean {
  return name.length >= 3 && name.length <= 16;
}
