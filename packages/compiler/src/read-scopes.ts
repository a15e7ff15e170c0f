/**
 * What each atom may read: what it changes, the files of what it uses, the tests it has to pass, and what these import. A
 * narrow scope keeps a bead's cost independent of the run's size, and keeps an operative to its task.
 */
import { INDEX_FILE } from "@factory/schemas";
import type { CodeFiles } from "./code-files.ts";
import type { FunctionPlan } from "./function-plans.ts";
import type { ImportGraph } from "./import-graph.ts";

/** Everything, where nothing narrower is known. */
export const EVERYTHING: readonly string[] = ["**"];
/** All delivered source. */
export const ALL_SOURCE = "src/**";

/** What scopes are made from. */
export type ScopeContext = { readonly imports: ImportGraph; readonly code: CodeFiles };

/** The scope of a coder of a function. */
export function readsOfFunction({ block, tests, laterTests }: FunctionPlan, context: ScopeContext): string[] {
  return scopeOf([...context.code.of([block.name]), ...tests, ...laterTests], context);
}

/** The scope of what judges or integrates several functions. */
export function readsOfFunctions(names: readonly string[], further: readonly string[], context: ScopeContext): string[] {
  return scopeOf([...context.code.of(names), ...further], context);
}

/** The index with everything that it re-exports now and will. */
export function readsOfIndex(functionNames: readonly string[], tests: readonly string[], context: ScopeContext): string[] {
  return readsOfFunctions(functionNames, [INDEX_FILE, ...tests], context);
}

function scopeOf(roots: readonly string[], { imports, code }: ScopeContext): string[] {
  const { files, unknown } = imports.reach([...roots, ...code.settings]);
  return unknown === undefined ? [...files].sort() : [...EVERYTHING];
}
