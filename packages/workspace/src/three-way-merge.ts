/**
 * Three-way merge of a change set into a tree that has moved since the change set was made. What two units changed in
 * different places of a text becomes one text; everything else is a conflict that shows all three versions, so that nothing
 * of a peer is dropped.
 */
import { MAX_FILE_BYTES } from "@factory/schemas";
import type { ChangeEntry, Tree } from "@factory/schemas";
import { diff3Merge } from "node-diff3";
import { decodeText, requireBlob } from "./blob-store.ts";
import type { BlobStore } from "./blob-store.ts";
import { digestAt } from "./change-set.ts";

/** Bounds of one text that is merged; beyond them it is a conflict. */
export const MERGE_LIMITS = {
  /** UTF-8 bytes of each version: as much as a file may have. */
  bytes: MAX_FILE_BYTES,
  /** Lines of each version. */
  lines: 10_000,
  /** Pairs of equal lines in two versions: time grows with them, to some 200 ms at this bound. */
  pairs: 300_000,
} as const;

/** Why three versions of a file make no one file. */
export type MergeConflictReason =
  /** Both changed the same lines, or lines that touch. */
  | "same-lines"
  /** Both made a file of that name. */
  | "both-added"
  /** One deleted what the other changed. */
  | "deleted-and-changed"
  /** A version that is no text. */
  | "not-text"
  /** A version over the bounds of {@link MERGE_LIMITS}. */
  | "too-large";

/** A path that cannot be merged; each digest is null where there is no file. */
export type MergeConflict = {
  readonly path: string;
  readonly reason: MergeConflictReason;
  /** What the change was made on. */
  readonly base: string | null;
  /** What the change set makes of it. */
  readonly incoming: string | null;
  /** What the tree has now. */
  readonly current: string | null;
};

export type MergeResult =
  /** The change set as it applies to the tree now; `merged` names the paths whose content is new. */
  | { readonly ok: true; readonly changes: readonly ChangeEntry[]; readonly merged: readonly string[] }
  | { readonly ok: false; readonly conflicts: readonly MergeConflict[] };

/** Three versions of a text. */
export type Versions = { readonly base: string; readonly incoming: string; readonly current: string };

/** One text with the changes of both sides, or why there is none. */
export type TextMerge = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: "same-lines" | "too-large" };

/**
 * Merges two texts that were made from the same one, by lines.
 *
 * @see https://www.cis.upenn.edu/~bcpierce/papers/diff3-short.pdf
 */
export function mergeText({ base, incoming, current }: Versions): TextMerge {
  if (incoming === current || incoming === base) return { ok: true, text: current };
  if (current === base) return { ok: true, text: incoming };
  const [from, mine, theirs] = [base.split("\n"), incoming.split("\n"), current.split("\n")];
  if (!isComparable(from, mine) || !isComparable(from, theirs)) return { ok: false, reason: "too-large" };
  const lines: string[] = [];
  // The same change on both sides is no conflict, and is taken once.
  for (const { ok } of diff3Merge(mine, from, theirs, { excludeFalseConflicts: true })) {
    if (ok === undefined) return { ok: false, reason: "same-lines" };
    for (const line of ok) lines.push(line);
  }
  return { ok: true, text: lines.join("\n") };
}

/** Whether two texts may be compared within the bounds. */
function isComparable(left: readonly string[], right: readonly string[]): boolean {
  if (left.length > MERGE_LIMITS.lines || right.length > MERGE_LIMITS.lines) return false;
  const counts = new Map<string, number>();
  for (const line of left) counts.set(line, (counts.get(line) ?? 0) + 1);
  let pairs = 0;
  for (const line of right) pairs += counts.get(line) ?? 0;
  return pairs <= MERGE_LIMITS.pairs;
}

/**
 * Makes a change set fit a tree: entries whose base is still there stay as they are, the others are merged with what the
 * tree has now. Merged contents are stored as blobs, so that a tree may name them; the tree itself is not changed.
 *
 * @throws FactoryError UNAVAILABLE when a version is not stored, and what the store throws.
 */
export async function mergeChangeSet(blobs: BlobStore, tree: Tree, changes: readonly ChangeEntry[]): Promise<MergeResult> {
  const merged: string[] = [];
  const conflicts: MergeConflict[] = [];
  const rebased: ChangeEntry[] = [];
  for (const change of changes) {
    const current = digestAt(tree, change.path);
    if (current === change.digest || current === change.baseDigest) {
      rebased.push(change);
      continue;
    }
    const one = await mergeFile(blobs, change, current);
    if (typeof one === "string") {
      conflicts.push({ path: change.path, reason: one, base: change.baseDigest, incoming: change.digest, current });
      continue;
    }
    rebased.push({ path: change.path, baseDigest: current, ...one });
    merged.push(change.path);
  }
  return conflicts.length === 0 ? { ok: true, changes: rebased, merged } : { ok: false, conflicts };
}

async function mergeFile(
  blobs: BlobStore,
  { baseDigest, digest }: ChangeEntry,
  current: string | null,
): Promise<MergeConflictReason | Pick<ChangeEntry, "digest" | "bytes">> {
  if (baseDigest === null) return "both-added";
  if (digest === null || current === null) return "deleted-and-changed";
  const base = await versionOf(blobs, baseDigest);
  const incoming = await versionOf(blobs, digest);
  const present = await versionOf(blobs, current);
  if (!base.ok) return base.reason;
  if (!incoming.ok) return incoming.reason;
  if (!present.ok) return present.reason;
  const text = mergeText({ base: base.text, incoming: incoming.text, current: present.text });
  if (!text.ok) return text.reason;
  const bytes = new TextEncoder().encode(text.text);
  // Two files within the bound may make one beyond it.
  if (bytes.byteLength > MERGE_LIMITS.bytes) return "too-large";
  return { digest: await blobs.put(bytes), bytes: bytes.byteLength };
}

type Version = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly reason: "not-text" | "too-large" };

async function versionOf(blobs: BlobStore, digest: string): Promise<Version> {
  const bytes = await requireBlob(blobs, digest);
  if (bytes.byteLength > MERGE_LIMITS.bytes) return { ok: false, reason: "too-large" };
  const text = decodeText(bytes);
  return text === null ? { ok: false, reason: "not-text" } : { ok: true, text };
}
