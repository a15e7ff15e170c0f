/** Names within the run tree. */

/** The folders that a path lies in, the outermost first, without a slash at their end. */
export function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
