/**
 * Trees and change sets. A change names the digest it was made on, so that merging one never drops what a peer wrote: a
 * path that moved since is a conflict, and a conflict changes nothing.
 */
import { digestOf } from "@factory/schemas";
import type { ChangeEntry, Tree } from "@factory/schemas";

/** Why one entry does not fit a tree. */
export type ChangeConflict = {
  readonly path: string;
  /** What the change was made on; null: no file. */
  readonly baseDigest: string | null;
  /** What the tree has now; null: no file. */
  readonly found: string | null;
  readonly reason: "moved" | "repeated" | "file-is-a-folder";
};

export type ApplyResult =
  | { readonly ok: true; readonly tree: Tree; readonly written: readonly string[] }
  | { readonly ok: false; readonly conflicts: readonly ChangeConflict[] };

/** The digest of a path in a tree, or null where there is none. */
export function digestAt(tree: Tree, path: string): string | null {
  return Object.hasOwn(tree, path) ? (tree[path] ?? null) : null;
}

/** Digest of a whole tree; the order of paths has no part in it. */
export function treeDigest(tree: Tree): string {
  return digestOf(tree);
}

/**
 * Applies a change set whole or not at all. An entry whose result is there already is skipped, so applying a change set
 * twice is the same as once.
 */
export function applyChangeSet(tree: Tree, changes: readonly ChangeEntry[]): ApplyResult {
  const files = new Map(Object.entries(tree));
  const conflicts: ChangeConflict[] = [];
  const written: string[] = [];
  const seen = new Set<string>();
  for (const { path, baseDigest, digest } of changes) {
    const found = files.get(path) ?? null;
    if (seen.has(path)) conflicts.push({ path, baseDigest, found, reason: "repeated" });
    seen.add(path);
    if (found === digest) continue;
    if (found !== baseDigest) {
      conflicts.push({ path, baseDigest, found, reason: "moved" });
      continue;
    }
    if (digest === null) files.delete(path);
    else files.set(path, digest);
    written.push(path);
  }
  for (const path of written) {
    if (files.has(path) && hasFileAbove(files, path)) {
      conflicts.push({ path, baseDigest: null, found: files.get(path) ?? null, reason: "file-is-a-folder" });
    }
  }
  if (conflicts.length > 0) return { ok: false, conflicts };
  return { ok: true, tree: Object.fromEntries(files), written };
}

/** Whether a part of the path before its last segment is itself a file, so that no file system could hold both. */
function hasFileAbove(files: ReadonlyMap<string, string>, path: string): boolean {
  const parts = path.split("/");
  return parts.some((_, count) => count > 0 && files.has(parts.slice(0, count).join("/"))) || [...files.keys()].some((other) => other.startsWith(`${path}/`));
}

/** One line a person or a model can act on. */
export function describeConflict({ path, reason }: ChangeConflict): string {
  switch (reason) {
    case "moved":
      return `${path} was changed by another unit since this one began; read it again and repeat the change on it.`;
    case "repeated":
      return `${path} is named twice in the change set.`;
    case "file-is-a-folder":
      return `${path} is a file, and another file's path needs a folder of the same name.`;
    default:
      return reason satisfies never;
  }
}
