import { verificationReport } from "@factory/schemas";
import type { SuccessCheck } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import type { CoherenceAtom, CoherenceInput } from "./coherence-input.ts";
import { checkCoherence, claimSetProblems } from "./coherence.ts";
import { claimsOfOrder } from "./claims.ts";
import { coherenceInput } from "./compile.ts";
import { aBase } from "./testing/bases.ts";
import { anOrder } from "./testing/orders.ts";
import { aCompileRequest } from "./testing/requests.ts";

const order = anOrder({
  criteria: [
    "`lineTotal` multiplies and keeps at most 2 decimals.",
    "`cartTotal` sums `lineTotal`.",
    "All of it passes tests/all.test.ts.",
    "`tax` passes tests/tax.test.ts.",
    "A person confirms that the words are polite.",
  ],
  constraints: ["Pure functions.", "Strict types.", "Polite names."],
  metrics: ["Fewer than 3 complaints a day."],
  functions: ["function lineTotal(n: number): number", "function cartTotal(n: number): number", "function tax(n: number): number"],
  examples: ["lineTotal(1) => 1", "lineTotal(2) => 2", "lineTotal(3) => 3", "cartTotal(1) => 1"],
});
const { tree, repository } = aBase({
  "tests/all.test.ts": 'import { cartTotal } from "../src/index.ts";\n',
  "tests/tax.test.ts": 'import { tax } from "../src/rates.ts";\n',
  "src/rates.ts": "export function tax(n: number): number {\n  return n;\n}\n",
  "src/unrelated.ts": "",
});
const [CRITERION, CART, SUITE, TAX, PROSE, PURE, TYPES, POLITE, METRIC] = ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6", "C-7", "C-8", "C-9"];

/** A sound work graph; a test breaks one thing of it. */
const sound = (): CoherenceInput => coherenceInput(aCompileRequest(order, { baseTree: tree, repository }));

const input = sound();
const [firstClaim] = input.claims;
const [firstContract] = input.contracts;
const [firstInvariant] = input.invariants;
if (firstClaim === undefined || firstContract === undefined || firstInvariant === undefined) throw new Error("The order has claims, contracts and invariants.");
const idOf = (key: string): string => input.atoms.find((atom) => atom.key === key)?.atomId ?? key;
const [LINE, CART_ATOM, TAX_ATOM, PARTS, SUITE_ATOM, INTEGRATE, OUTCOME] = [
  "function:lineTotal",
  "function:cartTotal",
  "function:tax",
  "outcome:parts",
  "tests:C-3",
  "integrate",
  "outcome",
].map(idOf);
const invariantOf = (claimId: string | undefined): string => input.invariants.find((one) => one.claimId === claimId)?.invariantId ?? "";
const validationOf = (claimId: string | undefined): string => input.validations.find(({ claimRefs }) => claimRefs[0] === claimId)?.validationId ?? "";
const contractOf = (name: string): string => input.contracts.find(({ functionName }) => functionName === name)?.contractId ?? "";
const moleculeOf = (key: string): string => input.molecules.find((one) => one.key === key)?.moleculeId ?? "";

/** The list with one entry changed. */
const change = <T>(list: readonly T[], at: (item: T) => boolean, to: (item: T) => T): T[] => list.map((item) => (at(item) ? to(item) : item));
const atom = (atomId: string | undefined, to: (atom: CoherenceAtom) => Partial<CoherenceAtom>): CoherenceInput => ({
  ...input,
  atoms: change(
    input.atoms,
    (one) => one.atomId === atomId,
    (one) => ({ ...one, ...to(one) }),
  ),
});
const claim = (claimId: string | undefined, to: (one: CoherenceInput["claims"][number]) => Partial<CoherenceInput["claims"][number]>): CoherenceInput => ({
  ...input,
  claims: change(
    input.claims,
    (one) => one.claimId === claimId,
    (one) => ({ ...one, ...to(one) }),
  ),
});
const invariant = (claimId: string | undefined, to: Partial<CoherenceInput["invariants"][number]>): CoherenceInput => ({
  ...input,
  invariants: change(
    input.invariants,
    (one) => one.claimId === claimId,
    (one) => ({ ...one, ...to }),
  ),
});
const validation = (claimId: string | undefined, to: Partial<CoherenceInput["validations"][number]>): CoherenceInput => ({
  ...input,
  validations: change(
    input.validations,
    (one) => one.claimRefs[0] === claimId,
    (one) => ({ ...one, ...to }),
  ),
});
const contract = (name: string, to: Partial<CoherenceInput["contracts"][number]>): CoherenceInput => ({
  ...input,
  contracts: change(
    input.contracts,
    (one) => one.functionName === name,
    (one) => ({ ...one, ...to }),
  ),
});
/** A success check without some of its parts. */
const without = (check: SuccessCheck, gone: (leaf: SuccessCheck) => boolean): SuccessCheck =>
  check.kind === "all" ? { kind: "all", checks: check.checks.filter((leaf) => !gone(leaf)).map((leaf) => without(leaf, gone)) } : check;
const unclaimed = (claimId: string | undefined): CoherenceInput => ({ ...input, claims: input.claims.filter((one) => one.claimId !== claimId) });

const failed = (broken: CoherenceInput): string[] =>
  checkCoherence(broken)
    .checked.filter(({ outcome }) => outcome === "FAIL")
    .map(({ check }) => check);

test("a sound work graph passes, and the report says what was checked and what was not", () => {
  const report = verificationReport.parse(checkCoherence(sound()));
  expect(report.remediation).toEqual([]);
  expect(report).toMatchObject({ gate: "coherence", outcome: "PASS", subjectId: input.subjectId });
  expect(report.checked.map(({ outcome }) => outcome)).toEqual(new Array(22).fill("PASS"));
  expect(report.notChecked).toEqual([{ check: `metric ${METRIC}`, reason: expect.stringContaining("nothing executes it") }]);
});

/** A defect, the check that has to find it, and what the report has to name. */
type Seeded = readonly [what: string, broken: CoherenceInput, check: string, named: string | undefined, words: RegExp];

const OF_CLAIMS: readonly Seeded[] = [
  [
    "a claim that the order does not state",
    { ...input, claims: [...input.claims, { ...firstClaim, claimId: "C-99", text: "It is in colour." }] },
    "claims-of-the-order",
    "C-99",
    /invented/,
  ],
  ["a dropped criterion", unclaimed(CRITERION), "claims-of-the-order", CRITERION, /dropped/],
  ["a dropped constraint", unclaimed(PURE), "claims-of-the-order", PURE, /dropped/],
  ["a dropped metric", unclaimed(METRIC), "claims-of-the-order", METRIC, /dropped/],
  [
    "a threshold that is not the order's",
    claim(CRITERION, ({ text }) => ({ text: text.replace("2", "20") })),
    "claims-of-the-order",
    CRITERION,
    /at most 20 decimals.*line \d+ of the order gives.*at most 2 decimals/,
  ],
  ["a metric that is not the order's", claim(METRIC, () => ({ text: "Fewer than 300 complaints a day." })), "claims-of-the-order", METRIC, /300/],
  ["a constraint turned into a metric", claim(PURE, () => ({ kind: "metric" })), "claims-of-the-order", PURE, /the kind/],
  ["a criterion about another function", claim(CART, () => ({ functionName: "lineTotal" })), "claims-of-the-order", CART, /the function/],
  ["a criterion without its tests", claim(SUITE, () => ({ testFiles: [] })), "claims-of-the-order", SUITE, /the tests/],
  ["a function in another file", claim(TAX, () => ({ file: "src/other.ts" })), "claims-of-the-order", TAX, /the file/],
  ["a claim with the number of another", { ...input, claims: [...input.claims, firstClaim] }, "claims-of-the-order", undefined, /same number/],
  [
    "a changed example",
    claim(CRITERION, ({ visible }) => ({
      visible: change(
        visible,
        () => true,
        (one) => ({ ...one, expected: { kind: "json", value: 7 } }),
      ),
    })),
    "example-split",
    CRITERION,
    /another example of line/,
  ],
  ["a lost example", claim(CRITERION, ({ visible }) => ({ visible: visible.slice(1) })), "example-split", CRITERION, /lost the example of line/],
  ["a lost hidden example", claim(CRITERION, () => ({ holdout: [] })), "example-split", CRITERION, /lost the example of line/],
  [
    "an example of another function",
    claim(CART, () => ({ visible: input.claims[0]?.visible ?? [] })),
    "example-split",
    CART,
    /that the order does not give it/,
  ],
  [
    "a hidden example that is shown",
    claim(CRITERION, ({ visible, holdout }) => ({ visible: [...visible, ...holdout], holdout: [] })),
    "example-split",
    CRITERION,
    /shows its hidden example of line/,
  ],
  [
    "an example that is both shown and hidden",
    claim(CRITERION, ({ visible, holdout }) => ({ visible: [...visible, ...holdout] })),
    "example-split",
    CRITERION,
    /shows its hidden example/,
  ],
  [
    "more hidden examples than the rule allows",
    claim(CRITERION, ({ visible, holdout }) => ({ visible: visible.slice(1), holdout: [...holdout, ...visible.slice(0, 1)] })),
    "example-split",
    CRITERION,
    /hides 2 of 3/,
  ],
];

const OF_OWNERS: readonly Seeded[] = [
  [
    "a claim that only outcome atoms carry",
    { ...input, atoms: input.atoms.map((one) => (one.role === "verifier:outcome" ? one : { ...one, claimRefs: one.claimRefs.filter((ref) => ref !== CART) })) },
    "claim-coverage",
    CART,
    /carried by no atom/,
  ],
  ["an orphan claim", atom(CART_ATOM, () => ({ owns: [] })), "claim-ownership", CART, /owned by no atom/],
  ["a claim owned twice", atom(LINE, ({ owns }) => ({ owns: [...owns, PURE ?? ""] })), "claim-ownership", PURE, /is owned by .* and /],
  [
    "a claim owned by an atom that does something else",
    {
      ...input,
      atoms: input.atoms.map((one) =>
        one.atomId === CART_ATOM
          ? { ...one, owns: [PROSE ?? ""] }
          : one.atomId === INTEGRATE
            ? { ...one, owns: one.owns.map((ref) => (ref === PROSE ? (CART ?? "") : ref)) }
            : one,
      ),
    },
    "claim-ownership",
    CART_ATOM,
    /does not do what it asks for/,
  ],
  ["an outcome atom that owns a claim", atom(PARTS, () => ({ owns: [CART ?? ""] })), "claim-ownership", PARTS, /what verifies owns nothing/],
  [
    "an atom that refers to an unknown claim",
    atom(INTEGRATE, ({ claimRefs }) => ({ claimRefs: [...claimRefs, "C-99"] })),
    "claim-references",
    INTEGRATE,
    /refers to C-99/,
  ],
  ["an atom without claims", atom(CART_ATOM, () => ({ claimRefs: [], owns: [] })), "claim-references", CART_ATOM, /carries no claim/],
];

const OF_EVIDENCE: readonly Seeded[] = [
  ["a dropped validation", { ...input, validations: input.validations.slice(1) }, "validation-coverage", CRITERION, /has no validation/],
  [
    "a validation that is optional now",
    validation(CRITERION, { priority: "optional" }),
    "validation-strength",
    validationOf(CRITERION),
    /is optional; for C-1 it is required/,
  ],
  ["a validation of another claim", validation(CRITERION, { claimRefs: [CART ?? ""] }), "validation-coverage", validationOf(CRITERION), /both cover C-2/],
  [
    "a validation of another claim, as what it states tells",
    validation(CRITERION, { claimRefs: [CART ?? ""] }),
    "validation-strength",
    validationOf(CRITERION),
    /does not run what shows C-2/,
  ],
  ["a validation that nobody decides", validation(PROSE, { decidedBy: "nobody" }), "validation-strength", validationOf(PROSE), /decided by nobody/],
  [
    "a validation with a weaker check",
    validation(CRITERION, { check: { kind: "file-exists", path: "src/index.ts" } }),
    "validation-strength",
    validationOf(CRITERION),
    /does not run what shows C-1/,
  ],
  ["a validation that covers nothing", validation(CRITERION, { claimRefs: [] }), "claim-references", validationOf(CRITERION), /covers nothing/],
  [
    "a validation of two claims",
    validation(CRITERION, { claimRefs: [CRITERION ?? "", CART ?? ""] }),
    "validation-strength",
    validationOf(CRITERION),
    /covers one claim/,
  ],
  [
    "a dropped detector",
    { ...input, invariants: input.invariants.filter(({ claimId }) => claimId !== PURE) },
    "invariant-coverage",
    invariantOf(PURE),
    /C-6 \(line \d+\) gives no invariant with the detector no-ambient-access/,
  ],
  [
    "a detector that the text does not call for",
    invariant(POLITE, { detector: "no-imports", matched: ["polite"] }),
    "invariant-coverage",
    invariantOf(POLITE),
    /which the text of C-8 does not call for/,
  ],
  [
    "a detector replaced by a person",
    invariant(PURE, { detector: "person", matched: [] }),
    "invariant-coverage",
    invariantOf(PURE),
    /has the detector person, which the text/,
  ],
  ["a detector without its words", invariant(PURE, { matched: [] }), "invariant-coverage", invariantOf(PURE), /without the words/],
  [
    "an invariant that states something else",
    invariant(PURE, { statement: "Pure enough." }),
    "invariant-coverage",
    invariantOf(PURE),
    /which is not what C-6 says/,
  ],
  ["an invariant of another constraint", invariant(TYPES, { claimId: PURE ?? "" }), "invariant-coverage", invariantOf(TYPES), /does not call for/],
  ["an invariant of no claim", invariant(TYPES, { claimId: "C-99" }), "claim-references", invariantOf(TYPES), /refers to C-99/],
  ["an invariant without evidence source", invariant(PURE, { evidenceSource: "" }), "invariant-coverage", invariantOf(PURE), /evidenceSource/],
  [
    "an invariant whose regression is only watched",
    invariant(PURE, { regressionPolicy: "watch" }),
    "invariant-coverage",
    invariantOf(PURE),
    /regressionPolicy "watch"/,
  ],
  ["an invariant whose breach is played down", invariant(PURE, { violationImpact: "low" }), "invariant-coverage", invariantOf(PURE), /violationImpact/],
  ["an invariant whose evidence never ages", invariant(PURE, { freshForMs: 10 ** 9 }), "invariant-coverage", invariantOf(PURE), /freshForMs/],
  [
    "an invariant watched twice",
    { ...input, invariants: [...input.invariants, { ...firstInvariant, invariantId: "INV-AGAIN" }] },
    "invariant-coverage",
    "INV-AGAIN",
    /a second time/,
  ],
  [
    "an invariant without validation",
    { ...input, validations: input.validations.map((one) => ({ ...one, invariantIds: [] })) },
    "invariant-coverage",
    invariantOf(PURE),
    /covered by no validation/,
  ],
];

const OF_CHECKS: readonly Seeded[] = [
  ["an empty success check", atom(INTEGRATE, () => ({ check: { kind: "all", checks: [] } })), "success-checks", INTEGRATE, /empty success check/],
  [
    "a check of examples that do not exist",
    atom(INTEGRATE, ({ check }) => ({ check: { kind: "all", checks: [check, { kind: "examples", claim: SUITE ?? "" }] } })),
    "success-checks",
    INTEGRATE,
    /examples of C-3, which has none/,
  ],
  ["tests that are not attached", { ...input, baseTree: {} }, "success-checks", "tests/all.test.ts", /is not in the starting tree/],
  [
    "a coder that runs no examples",
    atom(LINE, ({ check }) => ({ check: without(check, ({ kind }) => kind === "examples") })),
    "check-strength",
    LINE,
    /does not check the examples of C-1/,
  ],
  [
    "a coder that runs the examples of another claim",
    atom(LINE, () => ({
      check: { kind: "all", checks: [{ kind: "file-exists", path: "src/line-total.ts" }, { kind: "examples", claim: CART ?? "" }, { kind: "typecheck" }] },
    })),
    "check-strength",
    LINE,
    /the examples of C-1/,
  ],
  [
    "a coder that runs no tests",
    atom(TAX_ATOM, ({ check }) => ({ check: without(check, ({ kind }) => kind === "tests") })),
    "check-strength",
    TAX_ATOM,
    /tests\/tax\.test\.ts/,
  ],
  ["a coder of tests that runs none", atom(SUITE_ATOM, () => ({ check: { kind: "typecheck" } })), "check-strength", SUITE_ATOM, /tests\/all\.test\.ts/],
  [
    "a coder that checks no types",
    atom(LINE, ({ check }) => ({ check: without(check, ({ kind }) => kind === "typecheck") })),
    "check-strength",
    LINE,
    /does not check types/,
  ],
  [
    "a molecule judged without an example",
    atom(PARTS, ({ check }) => ({ check: without(check, (leaf) => leaf.kind === "examples" && leaf.claim === CART) })),
    "check-strength",
    PARTS,
    /the examples of C-2/,
  ],
  [
    "a molecule judged without its files",
    atom(PARTS, ({ check }) => ({ check: without(check, ({ kind }) => kind === "file-exists") })),
    "check-strength",
    PARTS,
    /that src\/rates\.ts exists/,
  ],
  [
    "an integrator that runs no tests",
    atom(INTEGRATE, ({ check }) => ({ check: without(check, ({ kind }) => kind === "tests") })),
    "check-strength",
    INTEGRATE,
    /tests\/all\.test\.ts/,
  ],
  [
    "an outcome that looks at one file",
    atom(OUTCOME, () => ({ check: { kind: "file-exists", path: "src/index.ts" } })),
    "check-strength",
    OUTCOME,
    /the examples of C-1/,
  ],
];

const OF_CONTRACTS: readonly Seeded[] = [
  [
    "a contract with another signature",
    contract("lineTotal", { statement: "export function lineTotal(n: string): number" }),
    "contracts",
    contractOf("lineTotal"),
    /Keep the order's signature/,
  ],
  ["a contract with other parameters", contract("lineTotal", { params: [] }), "contracts", contractOf("lineTotal"), /Keep the order's signature/],
  ["a contract with another result", contract("lineTotal", { returnType: "string" }), "contracts", contractOf("lineTotal"), /Keep the order's signature/],
  ["a contract in another file", contract("tax", { file: "src/tax.ts" }), "contracts", contractOf("tax"), /it goes to src\/rates\.ts/],
  ["a missing contract", { ...input, contracts: input.contracts.slice(1) }, "contracts", contractOf("lineTotal"), /which is no contract/],
  ["a contract of no function", contract("lineTotal", { functionName: "gone" }), "contracts", contractOf("lineTotal"), /has no function block/],
  [
    "a second contract",
    { ...input, contracts: [...input.contracts, { ...firstContract, contractId: "CONTRACT-AGAIN" }] },
    "contracts",
    "CONTRACT-AGAIN",
    /both for lineTotal/,
  ],
  ["an atom that keeps no contract", atom(LINE, () => ({ contractId: contractOf("tax") })), "contracts", LINE, /does not keep the contract of lineTotal/],
  ["a function that no atom writes", { ...input, atoms: input.atoms.filter(({ atomId }) => atomId !== LINE) }, "targets", "lineTotal", /written by no atom/],
  [
    "a type that nothing declares",
    {
      ...input,
      order: {
        ...order,
        functions: change(
          order.functions,
          ({ name }) => name === "tax",
          (block) => ({ ...block, returnType: "Rate" }),
        ),
      },
    },
    "declared-types",
    "tax",
    /uses the type `Rate`, which neither the order nor the attached code declares/,
  ],
  ["a function that is created where it is", atom(TAX_ATOM, () => ({ mode: "create" })), "targets", TAX_ATOM, /has to modify it/],
];

const OF_SCOPES: readonly Seeded[] = [
  ["a tool beyond the gear", atom(OUTCOME, () => ({ permitted: ["write_file"] })), "tool-policy", OUTCOME, /is given write_file/],
  ["a tool that is missing", atom(INTEGRATE, () => ({ permitted: ["read_file"] })), "tool-policy", INTEGRATE, /lacks write_file/],
  [
    "a tool that the registry does not have",
    { ...input, registry: input.registry.filter((name) => name !== "run_checks") },
    "tool-policy",
    LINE,
    /is given run_checks/,
  ],
  [
    "roles whose gears have no tools left",
    { ...input, registry: [], atoms: input.atoms.map((one) => ({ ...one, permitted: [] })) },
    "tool-policy",
    LINE,
    /has no tool to work with/,
  ],
  ["a gear that does not exist", { ...input, gears: {} }, "gears", LINE, /has no gear/],
  ["the gear of another role", atom(LINE, () => ({ gear: "integrator" })), "gears", LINE, /is made for integrator/],
  ["a function written by an integrator", atom(LINE, () => ({ gear: "integrator", role: "integrator" })), "gears", LINE, /Let a coder write it/],
  ["a molecule judged by a coder", atom(PARTS, () => ({ gear: "coder", role: "coder" })), "gears", PARTS, /Let a verifier judge it/],
  [
    "a write scope beyond the function",
    atom(LINE, ({ writes }) => ({ writes: [...writes, "src/unrelated.ts"] })),
    "write-scope",
    LINE,
    /may write src\/unrelated\.ts/,
  ],
  [
    "a write scope outside of the source",
    atom(SUITE_ATOM, ({ writes }) => ({ writes: [...writes, "tests/**"] })),
    "write-scope",
    SUITE_ATOM,
    /may write tests\/\*\*/,
  ],
  ["a write scope that overlaps", atom(TAX_ATOM, () => ({ writes: ["src/line-total.ts"] })), "write-scope", LINE, /may write the same file at once/],
  ["a coder of tests at work with the others", atom(SUITE_ATOM, () => ({ dependsOn: [] })), "write-scope", SUITE_ATOM, /may write the same file at once/],
  ["a verifier that writes", atom(OUTCOME, () => ({ writes: ["src/index.ts"] })), "write-scope", OUTCOME, /may write src\/index\.ts/],
  ["an atom that may not write its file", atom(LINE, () => ({ writes: [] })), "write-scope", LINE, /may not write src\/line-total\.ts/],
  ["a read scope without what is used", atom(CART_ATOM, () => ({ reads: ["src/cart-total.ts"] })), "read-scope", CART_ATOM, /may not read src\/line-total\.ts/],
  [
    "a narrow read scope around a file whose imports are not known",
    { ...input, repository: { ...repository, "src/rates.ts": { readable: false, reason: "it is broken", functions: ["tax"], types: [] } } },
    "read-scope",
    TAX_ATOM,
    /may not read all that src\/rates\.ts may import, which is not known/,
  ],
  ["a read scope of everything", atom(LINE, () => ({ reads: ["**"] })), "read-scope", LINE, /although what it needs is known/],
];

const OF_GRAPH: readonly Seeded[] = [
  [
    "a dependency that is not in the graph",
    atom(CART_ATOM, ({ dependsOn }) => ({ dependsOn: [...dependsOn, "ATOM-GONE"] })),
    "dependencies",
    "ATOM-GONE",
    /which is not in the graph/,
  ],
  ["a dropped dependency", atom(CART_ATOM, () => ({ dependsOn: [] })), "dependencies", CART_ATOM, /does not come after it/],
  ["a dependency that is there twice", atom(CART_ATOM, ({ dependsOn }) => ({ dependsOn: [...dependsOn, ...dependsOn] })), "dependencies", CART_ATOM, /twice/],
  ["two atoms with one id", { ...input, atoms: [...input.atoms, ...input.atoms.slice(0, 1)] }, "dependencies", LINE, /Two atoms have the same id/],
  ["a cycle", atom(LINE, () => ({ dependsOn: [CART_ATOM ?? ""] })), "acyclic", LINE, /Write lineTotal\) -> .*Write cartTotal\) -> .*Write lineTotal\)/],
  ["an atom that depends on itself", atom(LINE, () => ({ dependsOn: [LINE ?? ""] })), "acyclic", LINE, /depend on each other/],
  ["two terminal atoms", atom(OUTCOME, () => ({ dependsOn: [] })), "terminal-atom", OUTCOME, /ends in 2 atoms/],
  ["a terminal atom that verifies nothing", { ...input, atoms: input.atoms.slice(0, -1) }, "terminal-atom", INTEGRATE, /verifies nothing/],
  [
    "a molecule without its outcome atom",
    { ...input, atoms: input.atoms.filter(({ atomId }) => atomId !== PARTS) },
    "molecules",
    moleculeOf("parts"),
    /Add its outcome atom/,
  ],
  [
    "a molecule that ends in an atom that works",
    {
      ...input,
      molecules: change(
        input.molecules,
        ({ key }) => key === "parts",
        (one) => ({ ...one, outcomeAtomId: LINE ?? "" }),
      ),
    },
    "molecules",
    moleculeOf("parts"),
    /which verifies nothing/,
  ],
  [
    "an outcome atom that does not wait for an atom",
    atom(PARTS, ({ dependsOn }) => ({ dependsOn: dependsOn.slice(1) })),
    "molecules",
    PARTS,
    /does not wait for/,
  ],
  ["an atom in no molecule", atom(LINE, () => ({ moleculeId: "MOL-GONE" })), "molecules", LINE, /which the graph does not have/],
  ["an atom in another molecule", atom(LINE, () => ({ moleculeId: moleculeOf("integration") })), "molecules", LINE, /is in 1 molecules/],
  [
    "an atom in two molecules",
    {
      ...input,
      molecules: change(
        input.molecules,
        ({ key }) => key === "integration",
        (one) => ({ ...one, atomIds: [...one.atomIds, LINE ?? ""] }),
      ),
    },
    "molecules",
    LINE,
    /is in 2 molecules/,
  ],
  [
    "an empty molecule",
    {
      ...input,
      molecules: change(
        input.molecules,
        ({ key }) => key === "integration",
        (one) => ({ ...one, atomIds: [] }),
      ),
    },
    "molecules",
    moleculeOf("integration"),
    /has no atom/,
  ],
  ["a dropped molecule", { ...input, molecules: input.molecules.slice(1) }, "molecules", moleculeOf("parts"), /which the graph does not have/],
  [
    "an integrator that builds on what is not judged",
    atom(INTEGRATE, ({ dependsOn }) => ({ dependsOn: [...dependsOn.slice(1), LINE ?? ""] })),
    "molecules",
    INTEGRATE,
    /before MOL-\w+ is judged/,
  ],
  [
    "an integrator that does not wait for a molecule",
    atom(INTEGRATE, () => ({ dependsOn: [PARTS ?? ""] })),
    "molecules",
    INTEGRATE,
    /does not wait for the outcome/,
  ],
];

describe.each([
  ["claims", OF_CLAIMS],
  ["owners", OF_OWNERS],
  ["evidence", OF_EVIDENCE],
  ["success checks", OF_CHECKS],
  ["contracts and targets", OF_CONTRACTS],
  ["scopes", OF_SCOPES],
  ["the graph", OF_GRAPH],
])("gate 1, looking at %s, refuses", (_group, seeded) => {
  test.each(seeded)("%s", (_name, broken, check, named, words) => {
    const report = checkCoherence(broken);
    const found = report.checked.find((one) => one.check === check);
    expect(report.outcome).toBe("FAIL");
    expect(found).toMatchObject({ outcome: "FAIL", detail: expect.stringMatching(words) });
    expect(named).not.toBe("");
    if (named !== undefined) expect(found?.detail).toContain(named);
  });
});

describe("no check passes an empty set:", () => {
  test.each<[string, CoherenceInput, string[]]>([
    ["claims", { ...input, claims: [] }, ["something-to-show", "claims-of-the-order", "claim-references", "success-checks"]],
    [
      "criteria",
      { ...input, claims: input.claims.filter(({ kind }) => kind !== "criterion") },
      ["something-to-show", "claims-of-the-order", "claim-references", "success-checks"],
    ],
    ["atoms", { ...input, atoms: [] }, ["something-to-show", "claim-coverage", "claim-ownership", "molecules", "targets"]],
    ["molecules", { ...input, molecules: [] }, ["something-to-show", "molecules"]],
    ["validations", { ...input, validations: [] }, ["something-to-show", "validation-coverage", "invariant-coverage"]],
    ["contracts", { ...input, contracts: [] }, ["contracts"]],
    ["invariants", { ...input, invariants: [] }, ["invariant-coverage"]],
  ])("without %s it fails", (_name, broken, checks) => {
    expect(failed(broken)).toEqual(checks);
  });

  test("without anything but the order nearly every check has something to say", () => {
    const nothing = { ...input, claims: [], contracts: [], atoms: [], molecules: [], invariants: [], validations: [] };
    expect(failed(nothing)).toEqual(["something-to-show", "claims-of-the-order", "validation-coverage", "targets", "contracts", "invariant-coverage"]);
  });
});

test("a finding never tells a hidden value", () => {
  const hidden = input.claims.flatMap(({ holdout }) => holdout);
  expect(hidden).toHaveLength(1);
  const values = claim(CRITERION, ({ visible, holdout }) => ({ visible: [...visible, ...holdout], holdout: [] }));
  const changed = claim(CRITERION, ({ holdout }) => ({ holdout: holdout.map((one) => ({ ...one, args: [] })) }));
  for (const broken of [values, changed]) expect(checkCoherence(broken).remediation.join("\n")).not.toContain(hidden[0]?.text ?? "");
});

test("without constraints and functions these are recorded as not checked, never as passed", () => {
  const plain = anOrder({ criteria: ["A person confirms that the page is pretty."], functions: [], examples: [] });
  const report = checkCoherence(coherenceInput(aCompileRequest(plain)));
  expect(report.outcome).toBe("PASS");
  expect(report.notChecked.map(({ check }) => check)).toEqual(["contracts", "declared-types", "invariant-coverage"]);
});

test("types are not checked, and not passed, where it is not known what attached code declares", () => {
  const report = checkCoherence(coherenceInput(aCompileRequest(anOrder(), { baseTree: { "src/other.ts": "0".repeat(64) } })));
  expect(report.notChecked).toContainEqual({ check: "declared-types", reason: "What src/other.ts declares is not known." });
  expect(report.checked.map(({ check }) => check)).not.toContain("declared-types");
});

describe("a set of claims", () => {
  const claims = claimsOfOrder(order);

  test("that the parser made has no problem", () => {
    expect(claimSetProblems(claims)).toEqual([]);
  });

  test.each([
    ["no criterion", claims.filter(({ kind }) => kind !== "criterion"), /no claim from a criterion/],
    ["a number twice", [...claims, ...claims.slice(0, 1)], /same number/],
    ["everything hidden", claims.map((one) => ({ ...one, visible: [] })), /hides 1 of 1|hidden examples only/],
  ])("with %s has one", (_name, broken, expected) => {
    expect(claimSetProblems(broken).join(" ")).toMatch(expected);
  });
});
