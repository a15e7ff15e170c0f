/** The work graph: which atoms carry the claims of an order, what each depends on, and what shows that it is done. */
import { functionFile, INDEX_FILE } from "@factory/schemas";
import type { Claim, FunctionBlock, Role, SuccessCheck, WorkOrder } from "@factory/schemas";
import { functionsNamedIn } from "./criteria.ts";

/** One atom before it has an id. `key` is unique in the graph and names the atom for people. */
export type AtomPlan = {
  readonly key: string;
  readonly role: Role;
  readonly category: "business_rule" | "acceptance" | "integration";
  readonly title: string;
  /** Claims the atom answers for: its own first, constraints last. */
  readonly claimRefs: readonly string[];
  readonly functionName?: string;
  /** Test files that have to pass. */
  readonly tests: readonly string[];
  /** Paths or `dir/**` patterns the atom may write. */
  readonly writes: readonly string[];
  /** Keys of the atoms whose results it builds on. */
  readonly dependsOn: readonly string[];
  readonly check: SuccessCheck;
};

export const INTEGRATE_KEY = "integrate";
export const OUTCOME_KEY = "outcome";

/** Most checks in one `all`; the schema of success checks has the same bound. */
const MAX_CHECKS_IN_ALL = 16;

/** One check of several, nested where there are more than one `all` may hold. */
export function allOf(checks: readonly SuccessCheck[]): SuccessCheck {
  const [only] = checks;
  if (only === undefined) throw new TypeError("A success check needs at least one check.");
  if (checks.length === 1) return only;
  if (checks.length <= MAX_CHECKS_IN_ALL) return { kind: "all", checks: [...checks] };
  const groups: SuccessCheck[] = [];
  for (let at = 0; at < checks.length; at += MAX_CHECKS_IN_ALL) groups.push(allOf(checks.slice(at, at + MAX_CHECKS_IN_ALL)));
  return allOf(groups);
}

/**
 * Plans the atoms of an order: a coder for each function and for each distinct set of tests without a function, one
 * integrator, and the outcome atom that everything leads to.
 *
 * @param claims - `claimsOfOrder(order)`
 * @param typesRequired - whether every check type-checks as well
 */
export function planAtoms(order: WorkOrder, claims: readonly Claim[], typesRequired: boolean): AtomPlan[] {
  const context: Context = { order, claims, typesRequired, constraints: claims.filter(({ kind }) => kind === "constraint").map(({ claimId }) => claimId) };
  const functions = order.functions.map((block) => planFunction(block, context));
  const suites = planSuites(
    context,
    functions.map(({ key }) => key),
  );
  const integrator = planIntegrator(context, [...functions, ...suites]);
  return [...functions, ...suites, integrator, planOutcome(context, integrator)];
}

type Context = { readonly order: WorkOrder; readonly claims: readonly Claim[]; readonly typesRequired: boolean; readonly constraints: readonly string[] };

export function functionKey(name: string): string {
  return `function:${name}`;
}

function typecheck({ typesRequired }: Context): SuccessCheck[] {
  return typesRequired ? [{ kind: "typecheck" }] : [];
}

function examplesChecks(claims: readonly Claim[]): SuccessCheck[] {
  return claims.filter(({ visible }) => visible.length > 0).map(({ claimId }) => ({ kind: "examples", claim: claimId }));
}

function testsCheck(files: readonly string[]): SuccessCheck[] {
  return files.length === 0 ? [] : [{ kind: "tests", files: [...files] }];
}

function testsOf(claims: readonly Claim[]): string[] {
  return [...new Set(claims.flatMap(({ testFiles }) => testFiles))];
}

function planFunction(block: FunctionBlock, context: Context): AtomPlan {
  const own = context.claims.filter(({ functionName }) => functionName === block.name);
  const names = new Set(context.order.functions.map(({ name }) => name));
  const used = own.filter(({ kind }) => kind === "criterion").flatMap(({ text }) => functionsNamedIn(text, names));
  const tests = testsOf(own.filter(({ kind }) => kind === "criterion"));
  const file = functionFile(block.name);
  return {
    key: functionKey(block.name),
    role: "coder",
    category: "business_rule",
    title: `Write ${block.name}`,
    claimRefs: [...own.map(({ claimId }) => claimId), ...context.constraints],
    functionName: block.name,
    tests,
    writes: [file],
    dependsOn: [...new Set(used)].filter((name) => name !== block.name).map(functionKey),
    check: allOf([{ kind: "file-exists", path: file }, ...examplesChecks(own), ...testsCheck(tests), ...typecheck(context)]),
  };
}

/**
 * Coders for criteria that name tests and no function. Their tests may use any function, and each may write anywhere in
 * `src/`, so they come after all functions and one after the other.
 */
function planSuites(context: Context, functionKeys: readonly string[]): AtomPlan[] {
  const bySet = new Map<string, Claim[]>();
  for (const claim of context.claims) {
    if (claim.kind !== "criterion" || claim.functionName !== undefined || claim.testFiles.length === 0) continue;
    const set = [...claim.testFiles].sort().join("\n");
    bySet.set(set, [...(bySet.get(set) ?? []), claim]);
  }
  const plans: AtomPlan[] = [];
  for (const claims of bySet.values()) {
    const tests = testsOf(claims);
    const before = plans.at(-1)?.key;
    plans.push({
      key: `tests:${claims[0]?.claimId ?? ""}`,
      role: "coder",
      category: "acceptance",
      title: `Make ${tests.join(", ")} pass`,
      claimRefs: [...claims.map(({ claimId }) => claimId), ...context.constraints],
      tests,
      writes: ["src/**"],
      dependsOn: before === undefined ? functionKeys : [before],
      check: allOf([...testsCheck(tests), ...typecheck(context)]),
    });
  }
  return plans;
}

function planIntegrator(context: Context, coders: readonly AtomPlan[]): AtomPlan {
  const { claims } = context;
  const rest = claims.filter(({ kind }) => kind !== "constraint").filter(({ claimId }) => !coders.some(({ claimRefs }) => claimRefs.includes(claimId)));
  const tests = testsOf(claims);
  return {
    key: INTEGRATE_KEY,
    role: "integrator",
    category: "integration",
    title: "Integrate the parts",
    claimRefs: [...new Set([...rest, ...claims].map(({ claimId }) => claimId))],
    tests,
    // Where no coder writes what a criterion asks for, the integrator has to.
    writes: coders.length === 0 ? ["src/**"] : [INDEX_FILE],
    dependsOn: coders.map(({ key }) => key),
    check: allOf([{ kind: "file-exists", path: INDEX_FILE }, ...examplesChecks(claims), ...testsCheck(tests), ...typecheck(context)]),
  };
}

function planOutcome(context: Context, integrator: AtomPlan): AtomPlan {
  const files = context.order.functions.map(({ name }): SuccessCheck => ({ kind: "file-exists", path: functionFile(name) }));
  return {
    key: OUTCOME_KEY,
    role: "verifier:outcome",
    category: "acceptance",
    title: "Verify the outcome",
    claimRefs: context.claims.map(({ claimId }) => claimId),
    tests: integrator.tests,
    writes: [],
    dependsOn: [integrator.key],
    check: allOf([integrator.check, ...files]),
  };
}

/** A cycle in a graph of keys, as the path that closes it, or undefined when there is none. Unknown keys end a path. */
export function findCycle(nodes: readonly { readonly key: string; readonly dependsOn: readonly string[] }[]): string[] | undefined {
  const edges = new Map(nodes.map(({ key, dependsOn }) => [key, dependsOn]));
  const done = new Set<string>();
  for (const { key: start } of nodes) {
    // Depth first without recursion: a graph may be a chain as long as the order.
    const path: { key: string; next: number }[] = [{ key: start, next: 0 }];
    const placeOf = new Map([[start, 0]]);
    while (path.length > 0) {
      const top = path.at(-1);
      if (top === undefined) break;
      const child = done.has(top.key) ? undefined : edges.get(top.key)?.[top.next];
      top.next += 1;
      if (child === undefined) {
        done.add(top.key);
        placeOf.delete(top.key);
        path.pop();
        continue;
      }
      const seen = placeOf.get(child);
      if (seen !== undefined) return [...path.slice(seen).map(({ key }) => key), child];
      if (done.has(child)) continue;
      placeOf.set(child, path.length);
      path.push({ key: child, next: 0 });
    }
  }
  return undefined;
}
