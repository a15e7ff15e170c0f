/** The last writes to the run tree in their order, by which "has what I saw moved since" is answered without a query. */
import { matchesAny } from "@factory/workspace";
import { foldersOf } from "./tree-paths.ts";

/** A write of one path. */
export type Written = { readonly path: string; readonly digest: string | null; readonly beadId: string; readonly version: number };

/** Writes that are kept: far more than come while one check runs. */
const KEPT = 2_048;

/** Not persisted. Versions are without a gap, up to that of now. */
export class RecentWrites {
  #writes: Written[] = [];
  /** The version of a path's last write, and of the last one below a folder, whose name ends with a slash. */
  readonly #last = new Map<string, number>();

  clear(): void {
    this.#writes = [];
    this.#last.clear();
  }

  add(written: Written): void {
    this.#writes.push(written);
    this.#note(written);
    if (this.#writes.length <= 2 * KEPT) return;
    const kept = this.#writes.slice(-KEPT);
    this.clear();
    this.#writes = kept;
    for (const one of kept) this.#note(one);
  }

  /** Whether one of the patterns matches what was written after a version; null when what is kept does not reach back so far. */
  touched(version: number, patterns: readonly string[]): boolean | null {
    const [oldest] = this.#writes;
    if (oldest === undefined || oldest.version > version + 1) return null;
    const wild: string[] = [];
    for (const pattern of patterns) {
      const named = pattern.endsWith("/**") ? pattern.slice(0, -2) : pattern;
      // `a/**` is what lies below the folder, and a file of its name.
      if (named.includes("*") || named.includes("?")) wild.push(pattern);
      else if (this.#since(version, named) || (named !== pattern && this.#since(version, named.slice(0, -1)))) return true;
    }
    return wild.length > 0 && this.#writes.slice(version + 1 - oldest.version).some(({ path }) => matchesAny(wild, path));
  }

  #note({ path, version }: Written): void {
    this.#last.set(path, version);
    for (const folder of foldersOf(path)) this.#last.set(`${folder}/`, version);
  }

  #since(version: number, name: string): boolean {
    return (this.#last.get(name) ?? 0) > version;
  }
}
