/** What files reach through imports, in a starting tree with the files that atoms will write. */
import { resolveImport } from "@factory/verification/compile";
import type { BaseTree } from "./targets.ts";

/** Files that are reached; `unknown` is the first file of which it is not known what it imports, so that anything may be reached. */
export type Reach = { readonly files: ReadonlySet<string>; readonly unknown?: string };

/** The imports of a starting tree. Files that atoms will write are known by path; what they import is decided by their own atoms. */
export class ImportGraph {
  readonly #base: BaseTree;
  readonly #planned: ReadonlySet<string>;

  constructor(base: BaseTree, planned: Iterable<string>) {
    this.#base = base;
    this.#planned = new Set(planned);
  }

  /** The roots that there are or will be, and everything that they import in turn. */
  reach(roots: Iterable<string>): Reach {
    const files = new Set<string>();
    const waiting = [...roots];
    let unknown: string | undefined;
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (files.has(path) || !this.#exists(path)) continue;
      files.add(path);
      const targets = this.#targetsOf(path);
      if (targets === undefined) unknown ??= path;
      else waiting.push(...targets);
    }
    return unknown === undefined ? { files } : { files, unknown };
  }

  #exists(path: string): boolean {
    return this.#planned.has(path) || Object.hasOwn(this.#base.tree, path);
  }

  /** Files that a file imports; undefined where that is not known. */
  #targetsOf(path: string): string[] | undefined {
    const { tree, repository } = this.#base;
    if (!Object.hasOwn(tree, path) || !/\.[mc]?[jt]sx?$/.test(path)) return [];
    const module = Object.hasOwn(repository, path) ? repository[path] : undefined;
    if (module === undefined || !module.readable || module.computesImports) return undefined;
    return module.imports.flatMap((specifier) => {
      const resolution = resolveImport(path, specifier, (candidate) => this.#exists(candidate));
      return resolution.kind === "file" ? [resolution.path] : [];
    });
  }
}
