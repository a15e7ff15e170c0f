/**
 * The run tree, as rows: what every path held at the start, what it holds now, and who wrote it last. Every write raises
 * the tree's version, so that "has what I saw moved since" is asked of the files written since, never of the whole tree.
 */
import { BatchInsert } from "@factory/durable";
import type { AtomDirective, ChangeEntry, SuccessCheck, Tree } from "@factory/schemas";
import { matchesAny, treeDigest } from "@factory/workspace";
import { BoundedMemo } from "../report-memo.ts";
import type { HeldWrites } from "./held-writes.ts";
import { RecentWrites } from "./recent-writes.ts";
import type { Written } from "./recent-writes.ts";
import { Remembered } from "./remembered.ts";
import { countOf, rowsOf } from "./rows.ts";
import { foldersOf } from "./tree-paths.ts";

/** What somebody saw of the run tree: what those patterns matched when it had that version. */
export type Seen = { readonly version: number; readonly paths: readonly string[] };

/** The files within a scope, as they are now. */
export type ScopedTree = {
  readonly tree: Tree;
  /** Paths of it that differ from the starting tree. */
  readonly changed: readonly string[];
};

const FILES = "SELECT path, digest, base_digest FROM tree_files WHERE digest IS NOT NULL";

type FileRow = { path: string; digest: string | null; base_digest: string | null };

/** Files by name that are kept of a tree that is too large to be kept whole: those of the beads at work and of what they have just written. */
const MEMO_FILES = 2_048;
/** Files of a tree that memory holds whole: of each it has the path and two digests. */
const WHOLE_FILES = 16_384;

const WRITE_FILES = new BatchInsert(
  "tree_files",
  ["path", "digest", "bead_id", "version"],
  "ON CONFLICT (path) DO UPDATE SET digest = excluded.digest, bead_id = excluded.bead_id, version = excluded.version",
);

/** The table of the run tree. Writes are held back until the end of their transaction. */
export class TreeStore {
  readonly #sql: HeldWrites;
  readonly #version: Remembered<number>;
  /** Not persisted: files as they are now, by path; null for one that there is not. */
  readonly #files = new BoundedMemo<FileRow | null>(MEMO_FILES);
  /** Not persisted: every file there is or was and the folders above them; null for a tree that is too large, undefined until it has been read. */
  #whole: WholeTree | null | undefined;
  /** Not persisted: the last writes in order. */
  readonly #recent = new RecentWrites();
  /** Not persisted: writes whose rows are not written yet, by path. */
  readonly #held = new Map<string, Written>();

  constructor(sql: HeldWrites) {
    this.#sql = sql;
    sql.register(() => this.#write());
    this.#version = new Remembered(() => countOf(sql, "SELECT coalesce(max(version), 0) AS n FROM tree_files"));
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#version.forget();
    this.#files.clear();
    this.#held.clear();
    this.#recent.clear();
    // It is read once: an object whose transactions fail asks for single files from then on.
    this.#whole = null;
  }

  /** Stores the starting tree. */
  insertBase(tree: Tree): void {
    this.#files.clear();
    const rows = Object.entries(tree).map(([path, digest]): FileRow => ({ path, digest, base_digest: digest }));
    this.#whole = wholeOf(rows);
    for (const { path, digest } of rows)
      this.#sql.past.exec("INSERT INTO tree_files (path, digest, base_digest, bead_id) VALUES (?, ?, ?, NULL)", path, digest, digest);
  }

  /** The whole tree. Its cost grows with the run: only what judges a whole tree reads it. */
  all(): Tree {
    const rows = rowsOf<{ path: string; digest: string }>(this.#sql, "SELECT path, digest FROM tree_files WHERE digest IS NOT NULL ORDER BY path");
    return Object.fromEntries(rows.map(({ path, digest }) => [path, digest]));
  }

  /** Digest of the whole tree, for what judges a whole tree. */
  digest(): string {
    return treeDigest(this.all());
  }

  /** The files that one of the patterns matches. */
  inScope(patterns: readonly string[]): ScopedTree {
    const found = new Map<string, FileRow>();
    const ranges = rangesOf(patterns);
    const named = this.#named([...new Set(ranges.flatMap(({ from, to }) => (from === to ? [from] : [])))]);
    for (const row of named) if (matchesAny(patterns, row.path)) found.set(row.path, row);
    for (const range of ranges.filter(({ from, to }) => from !== to)) {
      for (const row of this.#within(range)) if (range.whole || matchesAny(patterns, row.path)) found.set(row.path, row);
    }
    const rows = [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return {
      tree: Object.fromEntries(rows.map(({ path, digest }) => [path, digest ?? ""])),
      changed: rows.filter((row) => row.digest !== row.base_digest).map(({ path }) => path),
    };
  }

  /** Version of the whole tree: raised by every write; 0 is the starting tree. See {@link TreeStore.movedSince}. */
  version(): number {
    return this.#version.get();
  }

  /** Whether something of what was seen was written or deleted since: of the files written since, one that its patterns match. */
  movedSince({ version, paths }: Seen): boolean {
    if (version === this.version()) return false;
    return (
      this.#recent.touched(version, paths) ??
      rowsOf<{ path: string }>(this.#sql, "SELECT path FROM tree_files WHERE version > ?", version).some(({ path }) => matchesAny(paths, path))
    );
  }

  /** Paths that differ from the starting tree and exist, with the bead that wrote each last. */
  changedFiles(): { readonly path: string; readonly beadId: string | null }[] {
    return rowsOf<{ path: string; bead_id: string | null }>(
      this.#sql,
      "SELECT path, bead_id FROM tree_files WHERE digest IS NOT NULL AND digest IS NOT base_digest ORDER BY path",
    ).map((row) => ({ path: row.path, beadId: row.bead_id }));
  }

  /** The bead that wrote or deleted a path last; null for one that is as it was at the start, or never was. */
  writerOf(path: string): string | null {
    return rowsOf<{ bead_id: string | null }>(this.#sql, "SELECT bead_id FROM tree_files WHERE path = ?", path)[0]?.bead_id ?? null;
  }

  /** Writes the paths of a merged change set as they are in the new tree; a path that is not in it is deleted. */
  write(tree: Tree, paths: readonly string[], beadId: string): void {
    for (const path of paths) {
      const digest = Object.hasOwn(tree, path) ? (tree[path] ?? null) : null;
      const written = { path, digest, beadId, version: this.version() + 1 };
      this.#version.set(written.version);
      this.#held.set(path, written);
      this.#recent.add(written);
      this.#noteFile(written);
    }
    this.#sql.hold();
  }

  /** Keeps a known file in step; what it was at the start does not change. */
  #noteFile({ path, digest }: Written): void {
    const whole = this.#whole;
    if (whole !== undefined && whole !== null) {
      const { files } = whole;
      enter(whole, { path, digest, base_digest: files.get(path)?.base_digest ?? null });
      if (files.size > WHOLE_FILES) this.#whole = null;
      return;
    }
    const known = this.#files.get(path);
    if (known !== undefined) this.#files.set(path, { path, digest, base_digest: known?.base_digest ?? null });
  }

  #write(): void {
    const rows = [...this.#held.values()].flatMap(({ path, digest, beadId, version }) => [path, digest, beadId, version]);
    WRITE_FILES.run(this.#sql.past, rows);
    this.#held.clear();
  }

  /** The files of those names that there are. */
  #named(paths: readonly string[]): FileRow[] {
    const whole = this.#wholeTree();
    const files = whole === null ? this.#filesOf(paths) : paths.map((path) => whole.files.get(path) ?? null);
    return files.flatMap((file) => (file === null || file.digest === null ? [] : [file]));
  }

  /** The files of those names: what is kept of them, and the others from the rows. */
  #filesOf(paths: readonly string[]): (FileRow | null)[] {
    const kept = paths.map((path) => this.#files.get(path));
    const unknown = paths.filter((_, index) => kept[index] === undefined);
    const read = unknown.length === 0 ? new Map<string, FileRow>() : this.#readNamed(unknown);
    return paths.map((path, index) => kept[index] ?? read.get(path) ?? null);
  }

  #wholeTree(): WholeTree | null {
    if (this.#whole !== undefined) return this.#whole;
    const rows = rowsOf<FileRow>(this.#sql, `SELECT path, digest, base_digest FROM tree_files LIMIT ${WHOLE_FILES + 1}`);
    this.#whole = wholeOf(rows);
    return this.#whole;
  }

  #readNamed(paths: readonly string[]): ReadonlyMap<string, FileRow> {
    const [only] = paths;
    const query = "SELECT path, digest, base_digest FROM tree_files WHERE path";
    const sql = paths.some((path) => this.#held.has(path)) ? this.#sql : this.#sql.past;
    const rows =
      only !== undefined && paths.length === 1
        ? rowsOf<FileRow>(sql, `${query} = ?`, only)
        : rowsOf<FileRow>(sql, `${query} IN (SELECT value FROM json_each(?))`, JSON.stringify(paths));
    const found = new Map(rows.map((row) => [row.path, row]));
    for (const path of paths) this.#files.set(path, found.get(path) ?? null);
    return found;
  }

  #within({ from, to }: PathRange): FileRow[] {
    if (from.endsWith("/") && this.#wholeTree()?.folders.has(from) === false) return [];
    if (to === null) return rowsOf<FileRow>(this.#sql, `${FILES} AND path >= ?`, from);
    return rowsOf<FileRow>(this.#sql, `${FILES} AND path >= ? AND path < ?`, from, to);
  }
}

/** A tree that memory holds: files by path, also those that were deleted, and the folders that any of them is in, with a slash. */
type WholeTree = { readonly files: Map<string, FileRow>; readonly folders: Set<string> };

function wholeOf(rows: readonly FileRow[]): WholeTree | null {
  if (rows.length > WHOLE_FILES) return null;
  const whole: WholeTree = { files: new Map(), folders: new Set() };
  for (const row of rows) enter(whole, row);
  return whole;
}

function enter({ files, folders }: WholeTree, row: FileRow): void {
  files.set(row.path, row);
  for (const folder of foldersOf(row.path)) folders.add(`${folder}/`);
}

/** What a bead and its checks see of the tree: its read and write scope, and the files that its success check names. */
export function scopeOf({ fileScope, successCheck }: Pick<AtomDirective, "fileScope" | "successCheck">): string[] {
  return [...new Set([...fileScope.read, ...fileScope.write, ...filesOfCheck(successCheck)])];
}

/** What merging a change set depends on: its paths, the files that stand where it needs a folder, and those below a path it writes. */
export function pathsOfChanges(changes: readonly Pick<ChangeEntry, "path">[]): string[] {
  return [...new Set(changes.flatMap(({ path }) => [...foldersOf(path), path, `${path}/**`]))];
}

function filesOfCheck(check: SuccessCheck): string[] {
  switch (check.kind) {
    case "all":
      return check.checks.flatMap(filesOfCheck);
    case "tests":
      return [...check.files];
    case "file-exists":
      return [check.path];
    case "output-contains":
    case "output-matches":
      return [check.module];
    case "examples":
    case "typecheck":
      return [];
    default:
      return check satisfies never;
  }
}

/** Paths from `from` to before `to` in binary order; `to` equal to `from` is that one path, null has no end. `whole`: every path of it matches. */
type PathRange = { readonly from: string; readonly to: string | null; readonly whole: boolean };

/** The ranges of the path index in which everything lies that a pattern matches. */
function rangesOf(patterns: readonly string[]): PathRange[] {
  const everything = patterns.find((pattern) => literalOf(pattern) === "");
  if (everything !== undefined) return [{ from: "", to: null, whole: everything === "**" }];
  return patterns.flatMap((pattern) => {
    const prefix = literalOf(pattern);
    if (prefix === pattern) return [{ from: pattern, to: pattern, whole: true }];
    const range = { from: prefix, to: after(prefix), whole: pattern === `${prefix}**` && prefix.endsWith("/") };
    // `a/**` matches a file `a` too.
    return prefix.endsWith("/") && pattern.startsWith("**", prefix.length)
      ? [range, { from: prefix.slice(0, -1), to: prefix.slice(0, -1), whole: false }]
      : [range];
  });
}

/** The pattern up to its first wildcard. */
function literalOf(pattern: string): string {
  return pattern.replace(/[*?].*$/su, "");
}

/** The first string in binary order that does not begin with the prefix. */
function after(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}
