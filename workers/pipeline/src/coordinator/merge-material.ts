/** The texts that a conflict is resolved from, read before the transaction that hands them on. */
import type { ChangeEntry } from "@factory/schemas";
import { readText } from "@factory/workspace";
import type { BlobStore, MergeConflict } from "@factory/workspace";

/** Code units of all texts of one conflict together: they travel in a directive, whose node may have a mebibyte. */
export const MAX_MATERIAL_CHARS = 150_000;

/** A file of a change set that conflicts; a version is null where there is no file. */
export type MergeFile = {
  readonly path: string;
  /** Why it cannot be merged; null for a file of the change set that would fit. */
  readonly reason: MergeConflict["reason"] | null;
  /** What the change was made on; null too for a file that would fit. */
  readonly base: string | null;
  /** What the change set makes of it. */
  readonly incoming: string | null;
  /** What the run tree has; null too for a file that would fit. */
  readonly current: string | null;
};

/**
 * Every file of a change set that conflicts: of those that conflict all three versions, of the others what it makes of them,
 * so that nothing of the change set is lost. Null when a version is no text or all of them are too much to be shown.
 *
 * @throws FactoryError UNAVAILABLE when a version is not stored, and what the store throws.
 */
export async function readMaterial(
  blobs: BlobStore,
  changes: readonly ChangeEntry[],
  conflicts: readonly MergeConflict[],
): Promise<readonly MergeFile[] | null> {
  const byPath = new Map(conflicts.map((conflict) => [conflict.path, conflict]));
  const files: MergeFile[] = [];
  let chars = 0;
  for (const { path, digest } of changes) {
    const conflict = byPath.get(path);
    if (conflict?.reason === "not-text") return null;
    const versions: (string | null)[] = [];
    for (const version of [conflict?.base ?? null, digest, conflict?.current ?? null]) {
      const text = version === null ? null : await readText(blobs, version);
      if (version !== null && text === null) return null;
      chars += text?.length ?? 0;
      if (chars > MAX_MATERIAL_CHARS) return null;
      versions.push(text);
    }
    const [base = null, incoming = null, current = null] = versions;
    files.push({ path, reason: conflict?.reason ?? null, base, incoming, current });
  }
  return files;
}

/** One line on a file that conflicts, for people and models. */
export function describeMergeConflict({ path, reason }: Pick<MergeConflict, "path" | "reason">): string {
  switch (reason) {
    case "same-lines":
      return `${path}: another unit changed the same lines since this one began.`;
    case "both-added":
      return `${path}: another unit has made a file of that name since this one began.`;
    case "deleted-and-changed":
      return `${path}: one unit deleted it and another changed it.`;
    case "not-text":
      return `${path}: another unit changed it too, and it is no text that could be merged.`;
    case "too-large":
      return `${path}: another unit changed it too, and it is too large to be merged.`;
    default:
      return reason satisfies never;
  }
}

/** The files that conflict, one line each. */
export function conflictLines(files: readonly MergeFile[]): string[] {
  return files.flatMap(({ path, reason }) => (reason === null ? [] : [describeMergeConflict({ path, reason })]));
}
