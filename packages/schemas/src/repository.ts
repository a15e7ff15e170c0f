/** What the compiler knows of the source files of a starting tree: facts that a parser reads off, never the text itself. */

/** A function that a module declares. */
export type RepositoryFunction = {
  readonly name: string;
  /** Its head as it is written, without body: `export function name(a: T): U`. */
  readonly signature: string;
  /** 1-based line of its head. */
  readonly line: number;
};

/** One source file. */
export type RepositoryModule =
  | {
      readonly readable: true;
      /** Names it exports, sorted, each once; `default` is one of them. Names behind `export *` are not among them. */
      readonly exports: readonly string[];
      /** Functions it declares itself and exports by a name, in source order; `name` is the exported one. */
      readonly functions: readonly RepositoryFunction[];
      /** Names that stand for types in it, exported or not: what it declares at its top level or globally, and what it imports; sorted, each once. */
      readonly types: readonly string[];
      /** Specifiers it imports or re-exports from, types included, sorted, each once. */
      readonly imports: readonly string[];
      /** True where it computes what it imports: it may reach everything. */
      readonly computesImports: boolean;
    }
  /**
   * It does not parse; `reason` says why. What it exports and imports is unknown. `functions` and `types` are the names that
   * its text seems to declare at the start of a line, sorted, each once: enough to find the file that is to be repaired.
   */
  | { readonly readable: false; readonly reason: string; readonly functions: readonly string[]; readonly types: readonly string[] };

/** Source files of a starting tree by path. */
export type RepositoryMap = { readonly [path: string]: RepositoryModule };
