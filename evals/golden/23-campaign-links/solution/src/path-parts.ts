export function pathParts(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}
