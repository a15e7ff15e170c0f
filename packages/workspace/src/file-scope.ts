/** What an operative may read and write: glob patterns over workspace paths, and the one form a path may have. */
import { workspacePath } from "@factory/schemas";

/** Glob patterns: `*` and `?` stay inside a segment, `**` is any number of segments. An empty list allows nothing. */
export type FileScope = { readonly read: readonly string[]; readonly write: readonly string[] };

/**
 * The path as the workspace names it: models write `/src/a.ts` and `./src/a.ts` for `src/a.ts`. Null for a path that is
 * empty, climbs out or has another form that no workspace holds.
 */
export function normalisePath(path: string): string | null {
  const relative = path.trim().replace(/^(?:\.?\/)+/, "");
  return workspacePath.safeParse(relative).success ? relative : null;
}

/** Whether one of the patterns matches the path. */
export function matchesAny(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => matchesGlob(pattern, path));
}

/** Whether a glob matches a whole path. Time is bounded by the product of the two lengths. */
export function matchesGlob(pattern: string, path: string): boolean {
  // Most patterns are a path: one comparison decides them.
  if (!pattern.includes("*") && !pattern.includes("?")) return pattern === path;
  return matchParts(pattern.split("/"), path.split("/"), (part, segment) => matchSegment(part, segment), "**");
}

function matchSegment(pattern: string, segment: string): boolean {
  return matchParts([...pattern], [...segment], (part, char) => part === "?" || part === char, "*");
}

/** Wildcard matching over lists: `wild` stands for any number of items, every other part for one that `fits`. */
function matchParts(parts: readonly string[], items: readonly string[], fits: (part: string, item: string) => boolean, wild: string): boolean {
  let reachable = new Set([0]);
  for (const part of parts) {
    const next = new Set<number>();
    if (part === wild) {
      const first = Math.min(...reachable);
      for (let at = first; at <= items.length; at++) next.add(at);
    } else {
      for (const at of reachable) {
        const item = items[at];
        if (item !== undefined && fits(part, item)) next.add(at + 1);
      }
    }
    if (next.size === 0) return false;
    reachable = next;
  }
  return reachable.has(items.length);
}
