/** What each function of an order needs before it can be written: the functions it uses, and the tests that can run once it is. */
import { INDEX_FILE } from "@factory/schemas";
import type { Claim, FunctionBlock, WorkOrder } from "@factory/schemas";
import type { CodeFiles } from "./code-files.ts";
import type { ImportGraph } from "./import-graph.ts";
import { testsOf } from "./success-checks.ts";
import type { BaseTree, Target } from "./targets.ts";

/** A function before it is an atom. */
export type FunctionPlan = {
  readonly block: FunctionBlock;
  readonly target: Target;
  /** Claims that name it: its coder alone answers for them. */
  readonly claims: readonly Claim[];
  /** Functions with a block that its criteria name besides it, in the order they are named. */
  readonly uses: readonly string[];
  /** Functions whose results have to be there first, {@link FunctionPlan.uses} among them. */
  readonly after: readonly string[];
  /** Tests of its criteria that can run when it is written. */
  readonly tests: readonly string[];
  /** Tests of its criteria that reach files which are written later; they run on the merged tree. */
  readonly laterTests: readonly string[];
};

/**
 * Plans the functions of an order in document order.
 *
 * A function comes after those that its criteria name, after those whose new files its tests import, and after the one
 * before it in the same file. Only what criteria name can make a cycle; that is the order's fault and gate 1's to tell.
 */
export function planFunctions(
  order: Pick<WorkOrder, "functions">,
  targets: readonly Target[],
  base: BaseTree,
  imports: ImportGraph,
  code: CodeFiles,
): FunctionPlan[] {
  const criteriaOf = (name: string): Claim[] => code.claimsOf(name).filter(({ kind }) => kind === "criterion");
  const sequence = new Sequence(new Map(order.functions.map(({ name }) => [name, code.uses(name)])));
  const later = new Map(
    order.functions.map(({ name }) => [name, testsOf(criteriaOf(name)).filter((test) => !canFollow(name, test, targets, base, imports, sequence))]),
  );
  sequence.chain(targets);
  return order.functions.flatMap((block, index) => {
    const target = targets[index];
    if (target === undefined) return [];
    const laterTests = later.get(block.name) ?? [];
    return {
      block,
      target,
      claims: code.claimsOf(block.name),
      uses: code.uses(block.name),
      after: sequence.before(block.name),
      tests: testsOf(criteriaOf(block.name)).filter((test) => !laterTests.includes(test)),
      laterTests,
    };
  });
}

/**
 * Whether a test can run once the function is written; the function is put behind the new files that the test imports,
 * unless one of them needs the function itself.
 */
function canFollow(name: string, test: string, targets: readonly Target[], base: BaseTree, imports: ImportGraph, sequence: Sequence): boolean {
  const reach = imports.reach([test]);
  const own = targets.find(({ functionName }) => functionName === name);
  // The index that re-exports a new function is written last.
  if (reach.files.has(INDEX_FILE) && own?.file !== INDEX_FILE && (own?.mode === "create" || !Object.hasOwn(base.tree, INDEX_FILE))) return false;
  const needed = targets.filter(({ mode, file, functionName }) => mode === "create" && functionName !== name && reach.files.has(file));
  if (needed.some(({ functionName }) => sequence.reaches(functionName, name))) return false;
  for (const { functionName } of needed) sequence.add(name, functionName);
  return true;
}

/** Which function comes after which. */
class Sequence {
  readonly #before = new Map<string, string[]>();

  constructor(uses: ReadonlyMap<string, readonly string[]>) {
    for (const [name, used] of uses) this.#before.set(name, [...used]);
  }

  /** The functions that come right before one. */
  before(name: string): string[] {
    return [...(this.#before.get(name) ?? [])];
  }

  add(name: string, earlier: string): void {
    const before = this.#before.get(name) ?? [];
    if (!before.includes(earlier)) this.#before.set(name, [...before, earlier]);
  }

  /** Whether `name` comes after `earlier`, however far. */
  reaches(name: string, earlier: string): boolean {
    const seen = new Set<string>();
    const waiting = [name];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const next of this.#before.get(at) ?? []) {
        if (next === earlier) return true;
        if (!seen.has(next)) waiting.push(next);
        seen.add(next);
      }
    }
    return false;
  }

  /** Puts functions of one file one behind the other, in an order that keeps what is before what. */
  chain(targets: readonly Target[]): void {
    const shared = new Map<string, string[]>();
    for (const { file, functionName } of targets) shared.set(file, [...(shared.get(file) ?? []), functionName]);
    const groups = [...shared.values()].filter((names) => names.length > 1);
    if (groups.length === 0) return;
    const place = new Map(this.#sorted(targets.map(({ functionName }) => functionName)).map((name, index) => [name, index]));
    for (const names of groups) {
      const sorted = names.filter((name) => place.has(name)).sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
      for (const [index, name] of sorted.slice(1).entries()) this.add(name, sorted[index] ?? name);
    }
  }

  /** Names with what is before them first, else in the given order; those on a cycle are left out. */
  #sorted(names: readonly string[]): string[] {
    const sorted: string[] = [];
    const done = new Set<string>();
    for (let next: string | undefined = ""; next !== undefined;) {
      next = names.find((name) => !done.has(name) && (this.#before.get(name) ?? []).every((earlier) => done.has(earlier)));
      if (next === undefined) break;
      done.add(next);
      sorted.push(next);
    }
    return sorted;
  }
}
