/** Lines of a unified diff. Pure. */

export type DiffLine = { readonly kind: "added" | "removed" | "hunk" | "same"; readonly text: string };

/** What a line of the body of a diff says; lines that name its files are not of its body. */
export function diffLine(text: string): DiffLine {
  if (text.startsWith("@@")) return { kind: "hunk", text };
  return { kind: text.startsWith("+") ? "added" : text.startsWith("-") ? "removed" : "same", text };
}
