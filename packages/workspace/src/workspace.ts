/**
 * The workspace of one bead: the run tree at the moment of the claim, the bead's own changes over it, and the
 * specification files under `spec/`. It confines every path to the bead's file scope and bounds every size.
 *
 * Changes lie in the object's SQLite, so that memory holds one file at a time; a new bead starts from an empty table.
 */
import { migrate } from "@factory/durable";
import type { Migration, SqlValue, StoragePort } from "@factory/durable";
import { MAX_FILE_BYTES, sha256Hex } from "@factory/schemas";
import type { ChangeEntry, Tree } from "@factory/schemas";
import { readText } from "./blob-store.ts";
import type { BlobStore } from "./blob-store.ts";
import { digestAt } from "./change-set.ts";
import { matchesAny, normalisePath } from "./file-scope.ts";
import type { FileScope } from "./file-scope.ts";

/** Folder of the specification files; nothing in it can be written. */
export const SPEC_FOLDER = "spec";

/** Bounds of one workspace. */
export const WORKSPACE_LIMITS = {
  /** Files one bead may change: a hand-written unit touches a handful. */
  changedFiles: 200,
  /** UTF-8 bytes of all changed files together: eight files of the largest size. */
  changedBytes: 8 * MAX_FILE_BYTES,
  /** Matches one search answers with. */
  searchMatches: 100,
  /** Code units of a line that a search shows. */
  searchLineChars: 200,
} as const;

export const WORKSPACE_FAULTS = ["BAD_PATH", "OUT_OF_SCOPE", "NOT_FOUND", "NOT_TEXT", "TOO_LARGE"] as const;
export type WorkspaceFault = (typeof WORKSPACE_FAULTS)[number];

/** What a workspace refuses; the message is for whoever called, a model as a rule. */
export class WorkspaceError extends Error {
  override readonly name = "WorkspaceError";
  readonly fault: WorkspaceFault;

  constructor(fault: WorkspaceFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

/** One line a search found; `line` is 1-based. */
export type SearchMatch = { readonly path: string; readonly line: number; readonly text: string };

/** What a workspace needs. */
export interface WorkspaceDeps {
  readonly storage: StoragePort;
  readonly blobs: BlobStore;
  readonly tree: Tree;
  readonly scope: FileScope;
  /** Paths below `spec/` with their text. */
  readonly specFiles: readonly { readonly path: string; readonly content: string }[];
}

const WORKSPACE_MIGRATIONS: readonly Migration[] = [
  {
    id: "0001-workspace",
    statements: [
      // A null content is a deletion.
      "CREATE TABLE workspace_changes (path TEXT PRIMARY KEY, content TEXT, bytes INTEGER NOT NULL) STRICT",
    ],
  },
];

type ChangeRow = { path: string; content: string | null; bytes: number };

/** Creates the workspace's table; the constructor of the object calls it once. */
export function migrateWorkspace(storage: StoragePort): void {
  migrate(storage, WORKSPACE_MIGRATIONS, "workspace");
}

/** The files of one bead. */
export class Workspace {
  readonly #deps: WorkspaceDeps;
  readonly #specs: ReadonlyMap<string, string>;

  private constructor(deps: WorkspaceDeps) {
    this.#deps = deps;
    this.#specs = new Map(deps.specFiles.map(({ path, content }) => [`${SPEC_FOLDER}/${normalisePath(path) ?? path}`, content]));
  }

  /** A fresh workspace: whatever an earlier bead left in the table is gone. */
  static fresh(deps: WorkspaceDeps): Workspace {
    deps.storage.sql.exec("DELETE FROM workspace_changes");
    return new Workspace(deps);
  }

  /** Readable paths in order, those that begin with `prefix` when one is given. */
  list(prefix = ""): string[] {
    const start = prefix.replace(/^(?:\.?\/)+/, "");
    const paths = new Set([...Object.keys(this.#deps.tree).filter((path) => this.#readable(path)), ...this.#specs.keys()]);
    for (const { path, content } of this.#changes()) {
      if (content === null) paths.delete(path);
      else paths.add(path);
    }
    return [...paths].filter((path) => path.startsWith(start)).sort();
  }

  /**
   * Text of a file.
   *
   * @throws WorkspaceError BAD_PATH, OUT_OF_SCOPE, NOT_FOUND or NOT_TEXT.
   */
  async read(path: string): Promise<string> {
    const name = this.#path(path);
    const spec = this.#specs.get(name);
    if (spec !== undefined) return spec;
    const change = this.#change(name);
    if (change !== undefined) {
      if (change.content === null) throw new WorkspaceError("NOT_FOUND", `${name} was deleted.`);
      return change.content;
    }
    if (!this.#readable(name)) throw new WorkspaceError("OUT_OF_SCOPE", `${name} is outside what may be read: ${this.#deps.scope.read.join(", ")}.`);
    const digest = digestAt(this.#deps.tree, name);
    if (digest === null) throw new WorkspaceError("NOT_FOUND", `There is no file ${name}.`);
    const text = await readText(this.#deps.blobs, digest);
    if (text === null) throw new WorkspaceError("NOT_TEXT", `${name} is not a text file.`);
    return text;
  }

  /**
   * Writes a file whole.
   *
   * @throws WorkspaceError BAD_PATH, OUT_OF_SCOPE, or TOO_LARGE for the file or for all changes together.
   */
  write(path: string, content: string): void {
    const name = this.#writablePath(path);
    const bytes = new TextEncoder().encode(content).byteLength;
    if (bytes > MAX_FILE_BYTES) throw new WorkspaceError("TOO_LARGE", `${name} has ${bytes} bytes; a file may have ${MAX_FILE_BYTES}.`);
    this.#put({ path: name, content, bytes });
  }

  /** Deletes a file. @throws WorkspaceError as {@link Workspace.write}, and NOT_FOUND. */
  remove(path: string): void {
    const name = this.#writablePath(path);
    const change = this.#change(name);
    const exists = change === undefined ? digestAt(this.#deps.tree, name) !== null : change.content !== null;
    if (!exists) throw new WorkspaceError("NOT_FOUND", `There is no file ${name}.`);
    this.#put({ path: name, content: null, bytes: 0 });
  }

  /** Lines that contain `text`, in path order, up to a bound; `truncated` says whether there were more. */
  async search(text: string, prefix = ""): Promise<{ readonly matches: readonly SearchMatch[]; readonly truncated: boolean }> {
    const matches: SearchMatch[] = [];
    for (const path of this.list(prefix)) {
      const content = await this.#textOf(path);
      for (const [index, line] of (content ?? "").split("\n").entries()) {
        if (!line.includes(text)) continue;
        if (matches.length >= WORKSPACE_LIMITS.searchMatches) return { matches, truncated: true };
        matches.push({ path, line: index + 1, text: line.trim().slice(0, WORKSPACE_LIMITS.searchLineChars) });
      }
    }
    return { matches, truncated: false };
  }

  /** Every text file of the tree with the changes applied, without `spec/`: what checks run on. */
  async files(): Promise<Map<string, string>> {
    const files = await textFiles(this.#deps.blobs, this.#deps.tree);
    for (const { path, content } of this.#changes()) {
      if (content === null) files.delete(path);
      else files.set(path, content);
    }
    return files;
  }

  /** Paths that differ from the base. */
  changedPaths(): string[] {
    return this.#changes().map(({ path }) => path);
  }

  /** Stores the changed contents as blobs and answers the change set against the base. A file that ends as it began is left out. */
  async changeSet(): Promise<ChangeEntry[]> {
    const entries: ChangeEntry[] = [];
    for (const { path, content, bytes } of this.#changes()) {
      const baseDigest = digestAt(this.#deps.tree, path);
      const encoded = content === null ? null : new TextEncoder().encode(content);
      const digest = encoded === null ? null : sha256Hex(encoded);
      if (digest === baseDigest) continue;
      if (encoded !== null) await this.#deps.blobs.put(encoded);
      entries.push({ path, baseDigest, digest, bytes });
    }
    return entries;
  }

  #readable(path: string): boolean {
    return matchesAny(this.#deps.scope.read, path) || matchesAny(this.#deps.scope.write, path);
  }

  #path(path: string): string {
    const name = normalisePath(path);
    if (name === null) throw new WorkspaceError("BAD_PATH", `${JSON.stringify(path.slice(0, 200))} is not a path inside the workspace.`);
    return name;
  }

  #writablePath(path: string): string {
    const name = this.#path(path);
    if (name === SPEC_FOLDER || name.startsWith(`${SPEC_FOLDER}/`)) throw new WorkspaceError("OUT_OF_SCOPE", `${SPEC_FOLDER}/ can only be read.`);
    if (!matchesAny(this.#deps.scope.write, name)) {
      throw new WorkspaceError("OUT_OF_SCOPE", `${name} is outside what may be written: ${this.#deps.scope.write.join(", ")}.`);
    }
    return name;
  }

  #put(change: ChangeRow): void {
    const others = this.#changes().filter(({ path }) => path !== change.path);
    const bytes = others.reduce((sum, other) => sum + other.bytes, change.bytes);
    if (others.length >= WORKSPACE_LIMITS.changedFiles) {
      throw new WorkspaceError("TOO_LARGE", `A unit may change ${WORKSPACE_LIMITS.changedFiles} files.`);
    }
    if (bytes > WORKSPACE_LIMITS.changedBytes) {
      throw new WorkspaceError("TOO_LARGE", `The changes would have ${bytes} bytes together; a unit may write ${WORKSPACE_LIMITS.changedBytes}.`);
    }
    const bindings: SqlValue[] = [change.path, change.content, change.bytes];
    this.#deps.storage.sql.exec("INSERT OR REPLACE INTO workspace_changes (path, content, bytes) VALUES (?, ?, ?)", ...bindings);
  }

  #change(path: string): ChangeRow | undefined {
    return this.#deps.storage.sql.exec<ChangeRow>("SELECT * FROM workspace_changes WHERE path = ?", path).toArray()[0];
  }

  #changes(): ChangeRow[] {
    return this.#deps.storage.sql.exec<ChangeRow>("SELECT * FROM workspace_changes ORDER BY path").toArray();
  }

  /** Text of a listed file; null for a file that is no text, which a search passes over. */
  async #textOf(path: string): Promise<string | null> {
    try {
      return await this.read(path);
    } catch (err) {
      if (err instanceof WorkspaceError && err.fault === "NOT_TEXT") return null;
      throw err;
    }
  }
}

/** Blobs read at once: R2 answers each in milliseconds, and six connections are the platform's limit for one invocation. */
const READ_AT_ONCE = 6;

/**
 * Every text file of a tree. Files that are no text are left out: no check reads them.
 *
 * @throws FactoryError UNAVAILABLE when a blob of the tree is not stored.
 */
export async function textFiles(blobs: BlobStore, tree: Tree): Promise<Map<string, string>> {
  const waiting = Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1));
  const found = new Map<string, string>();
  for (let at = 0; at < waiting.length; at += READ_AT_ONCE) {
    const batch = waiting.slice(at, at + READ_AT_ONCE);
    const texts = await Promise.all(batch.map(([, digest]) => readText(blobs, digest)));
    for (const [index, [path]] of batch.entries()) {
      const text = texts[index];
      if (typeof text === "string") found.set(path, text);
    }
  }
  return found;
}
