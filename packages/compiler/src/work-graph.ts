/** The work graph: which atoms carry the claims of an order, what each depends on, how they are grouped, and what shows that each is done. */
import { INDEX_FILE } from "@factory/schemas";
import type { Claim, Role, SuccessCheck, WorkOrder } from "@factory/schemas";
import { CodeFiles } from "./code-files.ts";
import type { ExistingFunction } from "./code-files.ts";
import { planFunctions } from "./function-plans.ts";
import type { FunctionPlan } from "./function-plans.ts";
import { ImportGraph } from "./import-graph.ts";
import { groupFunctions } from "./molecules.ts";
import { ALL_SOURCE, EVERYTHING, readsOfFunction, readsOfFunctions, readsOfIndex } from "./read-scopes.ts";
import type { ScopeContext } from "./read-scopes.ts";
import { allOf, examplesChecks, testsCheck, testsOf } from "./success-checks.ts";
import { targetsOf } from "./targets.ts";
import type { BaseTree, Target } from "./targets.ts";

/** One atom before it has an id. `key` is unique in the graph and names the atom for people. */
export type AtomPlan = {
  readonly key: string;
  readonly role: Role;
  readonly category: "business_rule" | "acceptance" | "integration";
  readonly title: string;
  /** Key of its molecule. */
  readonly molecule: string;
  /** Claims the atom touches: its own first, constraints last. */
  readonly claimRefs: readonly string[];
  /** Claims that it alone answers for; none of an outcome atom. */
  readonly owns: readonly string[];
  readonly functionName?: string;
  /** Where its function goes; only an atom of a function has one. */
  readonly target?: Target;
  /** Functions of the order that it may import. */
  readonly uses: readonly string[];
  /** Functions of the starting tree that its criteria name. */
  readonly existing: readonly ExistingFunction[];
  /** Test files that have to pass. */
  readonly tests: readonly string[];
  /** Test files of its criteria that run only when more is there; it is told of them. */
  readonly laterTests: readonly string[];
  /** Paths or `dir/**` patterns the atom may read. */
  readonly reads: readonly string[];
  /** Paths or `dir/**` patterns the atom may write. */
  readonly writes: readonly string[];
  /** Keys of the atoms whose results it builds on. */
  readonly dependsOn: readonly string[];
  readonly check: SuccessCheck;
};

/** Atoms that are judged together before anything is built on them. */
export type MoleculePlan = {
  readonly key: string;
  readonly title: string;
  /** Keys of its atoms in the order of the graph, without the outcome atom. */
  readonly atoms: readonly string[];
  /** Key of the outcome atom that ends it. */
  readonly outcome: string;
};

/** The atoms of an order, each after what it depends on unless they form a cycle, and their molecules; the last one ends the graph. */
export type GraphPlan = { readonly atoms: readonly AtomPlan[]; readonly molecules: readonly MoleculePlan[] };

/** What a graph is planned from. */
export type GraphSource = {
  readonly order: WorkOrder;
  /** `claimsOfOrder(order)`. */
  readonly claims: readonly Claim[];
  /** Whether every check type-checks as well. */
  readonly typesRequired: boolean;
  readonly base: BaseTree;
};

export const INTEGRATE_KEY = "integrate";
export const OUTCOME_KEY = "outcome";
export const INTEGRATION_KEY = "integration";
const PARTS_KEY = "parts";

/**
 * Plans the atoms of an order: a coder for each function and for each distinct set of tests without a function, an outcome
 * atom for each molecule of them, one integrator behind all of these, and the outcome atom that everything leads to.
 */
export function planGraph(source: GraphSource): GraphPlan {
  const context = contextOf(source);
  const parts = planParts(context);
  const suites = planSuites(
    context,
    parts.map(({ outcome }) => outcome),
  );
  const molecules = [...parts, ...suites];
  const integrator = planIntegrator(context, molecules);
  const outcome = planOutcome(context, integrator);
  const integration: MoleculePlan = { key: INTEGRATION_KEY, title: "Integration", atoms: [integrator.key], outcome: outcome.key };
  return {
    atoms: [...molecules.flatMap(({ atoms, outcome: last }) => [...atoms, last]), integrator, outcome],
    molecules: [
      ...molecules.map(({ key, title, atoms, outcome: last }) => ({ key, title, atoms: atoms.map((atom) => atom.key), outcome: last.key })),
      integration,
    ],
  };
}

/** A molecule with its atoms at hand. */
type PlannedMolecule = { readonly key: string; readonly title: string; readonly atoms: readonly AtomPlan[]; readonly outcome: AtomPlan };

type Context = GraphSource & {
  readonly constraints: readonly string[];
  readonly functions: readonly FunctionPlan[];
  readonly scopes: ScopeContext;
};

function contextOf(source: GraphSource): Context {
  const { order, claims, typesRequired, base } = source;
  const targets = targetsOf(order, base);
  const imports = new ImportGraph(base, [...targets.map(({ file }) => file), INDEX_FILE]);
  const code = new CodeFiles({ claims, targets, base, typesRequired });
  const functions = planFunctions(order, targets, base, imports, code);
  const constraints = claims.filter(({ kind }) => kind === "constraint");
  const scopes = { imports, code };
  return { ...source, constraints: constraints.map(({ claimId }) => claimId), functions, scopes };
}

export function functionKey(name: string): string {
  return `function:${name}`;
}

function outcomeKey(molecule: string): string {
  return `${OUTCOME_KEY}:${molecule}`;
}

function typecheck({ typesRequired }: Context): SuccessCheck[] {
  return typesRequired ? [{ kind: "typecheck" }] : [];
}

function planParts(context: Context): PlannedMolecule[] {
  const groups = groupFunctions(context.functions);
  const plans = new Map(context.functions.map((plan) => [plan.block.name, plan]));
  return groups.map((names, index) => {
    const key = groups.length === 1 ? PARTS_KEY : `${PARTS_KEY}-${index + 1}`;
    const members = names.flatMap((name) => plans.get(name) ?? []);
    const atoms = members.map((plan) => planFunction(plan, key, context));
    const title = groups.length === 1 ? "Parts" : `Parts ${index + 1}`;
    return { key, title, atoms, outcome: planPartsOutcome(key, title, members, atoms, context) };
  });
}

function planFunction(plan: FunctionPlan, molecule: string, context: Context): AtomPlan {
  const { block, target, claims, tests, laterTests } = plan;
  return {
    key: functionKey(block.name),
    role: "coder",
    category: "business_rule",
    title: `${target.mode === "create" ? "Write" : "Change"} ${block.name}`,
    molecule,
    claimRefs: [...claims.map(({ claimId }) => claimId), ...context.constraints],
    owns: claims.map(({ claimId }) => claimId),
    functionName: block.name,
    target,
    uses: plan.uses,
    existing: context.scopes.code.existing(block.name),
    tests,
    laterTests,
    reads: readsOfFunction(plan, context.scopes),
    writes: [target.file],
    dependsOn: plan.after.map(functionKey),
    check: allOf([{ kind: "file-exists", path: target.file }, ...examplesChecks(claims), ...testsCheck(tests), ...typecheck(context)]),
  };
}

/** Judges functions together: what each shows alone, on the tree that has all of them, and the tests that need several. */
function planPartsOutcome(molecule: string, title: string, members: readonly FunctionPlan[], atoms: readonly AtomPlan[], context: Context): AtomPlan {
  const names = members.map(({ block }) => block.name);
  const owned = new Set(atoms.flatMap(({ owns }) => owns));
  const claims = context.claims.filter(({ claimId }) => owned.has(claimId));
  const own = new Set(members.map(({ target }) => target.file));
  const outside = new Set(
    [INDEX_FILE, ...context.functions.map(({ target }) => target.file)].filter((file) => !own.has(file) && !Object.hasOwn(context.base.tree, file)),
  );
  const now = members.flatMap(({ tests }) => tests);
  const joint = members
    .flatMap(({ laterTests }) => laterTests)
    .filter((test) => !reachesIndexOfNew(test, members, context) && !reachesAny(test, outside, context));
  const tests = [...new Set([...now, ...joint])];
  const files = [...own].map((path): SuccessCheck => ({ kind: "file-exists", path }));
  return {
    ...outcomeBase(molecule, `Verify ${title.toLowerCase()}`),
    claimRefs: touched(atoms, context),
    tests,
    reads: readsOfFunctions(names, tests, context.scopes),
    dependsOn: atoms.map(({ key }) => key),
    check: allOf([...files, ...examplesChecks(claims), ...testsCheck(tests), ...typecheck(context)]),
  };
}

/** The index re-exports new functions only once they are integrated. */
function reachesIndexOfNew(test: string, members: readonly FunctionPlan[], context: Context): boolean {
  return members.some(({ target }) => target.mode === "create") && reachesAny(test, new Set([INDEX_FILE]), context);
}

function reachesAny(test: string, files: ReadonlySet<string>, { scopes }: Context): boolean {
  return [...scopes.imports.reach([test]).files].some((file) => files.has(file));
}

function outcomeBase(
  molecule: string,
  title: string,
): Pick<AtomPlan, "key" | "role" | "category" | "title" | "molecule" | "owns" | "uses" | "existing" | "laterTests" | "writes"> {
  return {
    key: outcomeKey(molecule),
    role: "verifier:outcome",
    category: "acceptance",
    title,
    molecule,
    owns: [],
    uses: [],
    existing: [],
    laterTests: [],
    writes: [],
  };
}

/** Claims that atoms touch, in their own order. */
function touched(atoms: readonly AtomPlan[], { claims }: Context): string[] {
  const refs = new Set(atoms.flatMap(({ claimRefs }) => claimRefs));
  return claims.map(({ claimId }) => claimId).filter((claimId) => refs.has(claimId));
}

/**
 * Coders for criteria that name tests and no function. Their tests may use any function, and each may write anywhere in
 * `src/`, so they come after all functions and one after the other, each a molecule of its own.
 */
function planSuites(context: Context, before: readonly AtomPlan[]): PlannedMolecule[] {
  const bySet = new Map<string, Claim[]>();
  for (const claim of context.claims) {
    if (claim.kind !== "criterion" || claim.functionName !== undefined || claim.testFiles.length === 0) continue;
    const set = [...claim.testFiles].sort().join("\n");
    bySet.set(set, [...(bySet.get(set) ?? []), claim]);
  }
  const molecules: PlannedMolecule[] = [];
  for (const claims of bySet.values()) {
    const last = molecules.at(-1)?.outcome;
    molecules.push(planSuite(claims, last === undefined ? before : [last], context));
  }
  return molecules;
}

function planSuite(claims: readonly Claim[], before: readonly AtomPlan[], context: Context): PlannedMolecule {
  const tests = testsOf(claims);
  const key = `tests:${claims[0]?.claimId ?? ""}`;
  const owns = claims.map(({ claimId }) => claimId);
  const check = allOf([...testsCheck(tests), ...typecheck(context)]);
  const coder: AtomPlan = {
    key,
    role: "coder",
    category: "acceptance",
    title: `Make ${tests.join(", ")} pass`,
    molecule: key,
    claimRefs: [...owns, ...context.constraints],
    owns,
    uses: context.order.functions.map(({ name }) => name),
    existing: [],
    tests,
    laterTests: [],
    reads: EVERYTHING,
    writes: [ALL_SOURCE],
    dependsOn: before.map((atom) => atom.key),
    check,
  };
  const outcome: AtomPlan = {
    ...outcomeBase(key, `Verify ${tests.join(", ")}`),
    claimRefs: coder.claimRefs,
    tests,
    // A coder of tests may have written any source file.
    reads: scopeOfSuites(tests, context),
    dependsOn: [key],
    check,
  };
  return { key, title: `Tests ${tests.join(", ")}`, atoms: [coder], outcome };
}

function scopeOfSuites(tests: readonly string[], context: Context): readonly string[] {
  const reads = readsOfFunctions([], tests, context.scopes);
  return reads.includes("**") ? EVERYTHING : [...new Set([ALL_SOURCE, ...reads.filter((path) => !path.startsWith("src/"))])];
}

function planIntegrator(context: Context, molecules: readonly PlannedMolecule[]): AtomPlan {
  const { claims } = context;
  const coders = molecules.flatMap(({ atoms }) => atoms);
  const owned = new Set(coders.flatMap(({ owns }) => owns));
  const rest = claims.filter(({ claimId }) => !owned.has(claimId));
  const tests = testsOf(claims);
  const alone = coders.length === 0;
  const hasSuites = coders.some(({ functionName }) => functionName === undefined);
  return {
    key: INTEGRATE_KEY,
    role: "integrator",
    category: "integration",
    title: "Integrate the parts",
    molecule: INTEGRATION_KEY,
    claimRefs: [...new Set([...rest.filter(({ kind }) => kind !== "constraint"), ...claims].map(({ claimId }) => claimId))],
    owns: rest.map(({ claimId }) => claimId),
    uses: context.order.functions.map(({ name }) => name),
    existing: [],
    tests,
    laterTests: [],
    reads: alone
      ? EVERYTHING
      : hasSuites
        ? scopeOfSuites(tests, context)
        : readsOfIndex(
            context.functions.map(({ block }) => block.name),
            tests,
            context.scopes,
          ),
    // Where no coder writes what a criterion asks for, the integrator has to.
    writes: alone ? [ALL_SOURCE] : [INDEX_FILE],
    dependsOn: molecules.map(({ outcome }) => outcome.key),
    check: allOf([{ kind: "file-exists", path: INDEX_FILE }, ...examplesChecks(claims), ...testsCheck(tests), ...typecheck(context)]),
  };
}

/** The outcome atom that ends the graph: the whole tree, everything visible, and every file. */
function planOutcome(context: Context, integrator: AtomPlan): AtomPlan {
  const files = context.functions.map(({ target }): SuccessCheck => ({ kind: "file-exists", path: target.file }));
  return {
    ...outcomeBase(INTEGRATION_KEY, "Verify the outcome"),
    key: OUTCOME_KEY,
    claimRefs: context.claims.map(({ claimId }) => claimId),
    tests: integrator.tests,
    reads: EVERYTHING,
    dependsOn: [integrator.key],
    check: allOf([integrator.check, ...files]),
  };
}
