/**
 * What each atom may read: what it changes, the files of what it uses, the tests it has to pass, and what these import. A
 * narrow scope keeps a bead's cost independent of the run's size, and keeps an operative to its task.
 */
import { INDEX_FILE } from "@factory/schemas";
import type { Claim, RepositoryFunction } from "@factory/schemas";
import { functionsNamedIn } from "./criteria.ts";
import type { FunctionPlan } from "./function-plans.ts";
import type { ImportGraph } from "./import-graph.ts";
import type { BaseTree } from "./targets.ts";

/** Everything, where nothing narrower is known. */
export const EVERYTHING: readonly string[] = ["**"];
/** All delivered source. */
export const ALL_SOURCE = "src/**";

/** A function of the starting tree that an order names and does not ask for. */
export type ExistingFunction = RepositoryFunction & { readonly file: string };

/** Functions and files of the starting tree that statements name, beside the functions that the order asks for. */
export type Named = { readonly functions: readonly ExistingFunction[]; readonly files: readonly string[] };

/** What statements name of a starting tree. */
export function namedInBase(statements: readonly Claim[], asked: ReadonlySet<string>, { tree, repository }: BaseTree): Named {
  const known = Object.entries(repository).flatMap(([file, module]) =>
    module.readable && file.startsWith("src/") ? module.functions.filter(({ name }) => !asked.has(name)).map((one) => ({ ...one, file })) : [],
  );
  const names = new Set(known.map(({ name }) => name));
  const named = new Set(statements.flatMap(({ text }) => functionsNamedIn(text, names)));
  const paths = new Set(statements.flatMap(({ text }) => text.match(/[\w@./-]+\.\w+/g) ?? []).map((path) => path.replace(/^\.\//, "")));
  return {
    functions: known.filter(({ name }) => named.has(name)),
    files: [...paths].filter((path) => Object.hasOwn(tree, path)).sort(),
  };
}

/** What scopes are made from. */
export type ScopeContext = {
  readonly base: BaseTree;
  readonly imports: ImportGraph;
  /** Functions by name. */
  readonly functions: ReadonlyMap<string, FunctionPlan>;
  readonly constraints: readonly Claim[];
  /** Whether delivered source has to type-check; its settings are worth reading then. */
  readonly typesRequired: boolean;
};

/** Files that the code of functions may consist of: their own, those of what they use however far, and what the order names. */
function codeOf(functionNames: readonly string[], context: ScopeContext): string[] {
  const asked = new Set(context.functions.keys());
  const names = new Set(functionNames);
  const files: string[] = [];
  // A set is walked while it grows.
  for (const each of names) {
    const plan = context.functions.get(each);
    if (plan === undefined) continue;
    for (const used of plan.uses) names.add(used);
    const named = namedInBase([...plan.claims, ...context.constraints], asked, context.base);
    files.push(plan.target.file, ...named.files, ...named.functions.map(({ file }) => file));
  }
  return files;
}

/** The scope of a coder of a function. */
export function readsOfFunction({ block, tests, laterTests }: FunctionPlan, context: ScopeContext): string[] {
  return scopeOf([...codeOf([block.name], context), ...tests, ...laterTests], context);
}

/** The scope of what judges or integrates several functions. */
export function readsOfFunctions(names: readonly string[], further: readonly string[], context: ScopeContext): string[] {
  return scopeOf([...codeOf(names, context), ...further], context);
}

/** The index with everything that it re-exports now and will. */
export function readsOfIndex(tests: readonly string[], context: ScopeContext): string[] {
  return readsOfFunctions([...context.functions.keys()], [INDEX_FILE, ...tests], context);
}

function scopeOf(roots: readonly string[], { base, imports, typesRequired }: ScopeContext): string[] {
  const settings = typesRequired && Object.hasOwn(base.tree, "tsconfig.json") ? ["tsconfig.json"] : [];
  const { files, unknown } = imports.reach([...roots, ...settings]);
  return unknown === undefined ? [...files].sort() : [...EVERYTHING];
}
