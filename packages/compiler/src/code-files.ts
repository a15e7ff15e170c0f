/**
 * Which files the code of functions consists of, as an order's statements and its starting tree tell. The compiler makes
 * read scopes from it, and gate 1, which reads the order for itself, holds the scopes of a graph against it.
 */
import type { Claim, RepositoryFunction } from "@factory/schemas";
import { functionsNamedIn } from "./criteria.ts";
import { grouped } from "./grouped.ts";
import type { BaseTree, Target } from "./targets.ts";

/** A function of the starting tree that an order names and does not ask for. */
export type ExistingFunction = RepositoryFunction & { readonly file: string };

/** What code files are known from. */
export type CodeSource = {
  /** The claims that the order gives. */
  readonly claims: readonly Claim[];
  /** Where its functions go. */
  readonly targets: readonly Target[];
  readonly base: BaseTree;
  /** Whether delivered source has to type-check; its settings are worth reading then. */
  readonly typesRequired: boolean;
};

/** What statements name of the starting tree: functions by their place in it, and files. */
type Named = { readonly functions: readonly number[]; readonly files: readonly string[] };

/** Functions of an order with what their statements name. */
export class CodeFiles {
  /** Files with the settings of the type checker. */
  readonly settings: readonly string[];
  readonly #source: CodeSource;
  readonly #file: ReadonlyMap<string, string>;
  readonly #claims: ReadonlyMap<string, readonly Claim[]>;
  readonly #constraints: readonly Claim[];
  /** Functions of the starting tree that the order does not ask for, and their names. */
  readonly #known: readonly ExistingFunction[];
  readonly #places = new Map<string, number[]>();
  /** Not persisted: what is worked out once for each function, and for each text. */
  readonly #uses = new Map<string, readonly string[]>();
  readonly #files = new Map<string, readonly string[]>();
  readonly #named = new Map<string, Named>();

  constructor(source: CodeSource) {
    const { claims, targets, base, typesRequired } = source;
    this.#source = source;
    this.#file = new Map(targets.map(({ functionName, file }) => [functionName, file]));
    this.#claims = grouped(claims, ({ functionName }) => functionName);
    this.#constraints = claims.filter(({ kind }) => kind === "constraint");
    this.#known = Object.entries(base.repository).flatMap(([file, module]) =>
      module.readable && file.startsWith("src/") ? module.functions.filter(({ name }) => !this.#file.has(name)).map((one) => ({ ...one, file })) : [],
    );
    for (const [place, { name }] of this.#known.entries()) this.#places.set(name, [...(this.#places.get(name) ?? []), place]);
    this.settings = typesRequired && Object.hasOwn(base.tree, "tsconfig.json") ? ["tsconfig.json"] : [];
  }

  /** Claims that name a function. */
  claimsOf(name: string): readonly Claim[] {
    return this.#claims.get(name) ?? [];
  }

  /** Functions of the order that the criteria of one name besides it, in the order they are named. */
  uses(name: string): readonly string[] {
    const known = this.#uses.get(name);
    if (known !== undefined) return known;
    const criteria = this.claimsOf(name).filter(({ kind }) => kind === "criterion");
    const named = new Set(criteria.flatMap(({ text }) => functionsNamedIn(text, this.#file)));
    const uses = [...named].filter((one) => one !== name);
    this.#uses.set(name, uses);
    return uses;
  }

  /** Functions of the starting tree that the statements about a function name, in the order of their files. */
  existing(name: string): ExistingFunction[] {
    return this.#functionsAt([...this.claimsOf(name), ...this.#constraints].flatMap(({ text }) => this.#namedIn(text).functions));
  }

  /** Files that the code of functions may consist of: their own, those of what they use however far, and what statements name. */
  of(functionNames: Iterable<string>): string[] {
    const names = new Set(functionNames);
    const files = new Set<string>();
    // A set is walked while it grows.
    for (const each of names) {
      const file = this.#file.get(each);
      if (file === undefined) continue;
      for (const used of this.uses(each)) names.add(used);
      files.add(file);
      for (const other of this.#filesNamedFor(each)) files.add(other);
    }
    // Constraints are about every function, and about nothing where there is none.
    return files.size === 0 ? [] : [...new Set([...files, ...this.#filesNamedIn(this.#constraints)])];
  }

  #filesNamedFor(name: string): readonly string[] {
    const known = this.#files.get(name);
    if (known !== undefined) return known;
    const files = this.#filesNamedIn(this.claimsOf(name));
    this.#files.set(name, files);
    return files;
  }

  #filesNamedIn(statements: readonly Claim[]): string[] {
    return statements.flatMap(({ text }) => {
      const { functions, files } = this.#namedIn(text);
      return [...files, ...this.#functionsAt(functions).map(({ file }) => file)];
    });
  }

  #functionsAt(places: readonly number[]): ExistingFunction[] {
    return [...new Set(places)].sort((a, b) => a - b).flatMap((place) => this.#known[place] ?? []);
  }

  #namedIn(text: string): Named {
    const known = this.#named.get(text);
    if (known !== undefined) return known;
    const paths = new Set((text.match(/[\w@./-]+\.\w+/g) ?? []).map((path) => path.replace(/^\.\//, "")));
    const named: Named = {
      functions: this.#places.size === 0 ? [] : functionsNamedIn(text, this.#places).flatMap((name) => this.#places.get(name) ?? []),
      files: [...paths].filter((path) => Object.hasOwn(this.#source.base.tree, path)),
    };
    this.#named.set(text, named);
    return named;
  }
}
