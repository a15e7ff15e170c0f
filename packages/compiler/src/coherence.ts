/** Gate 1: whether a compiled work graph hangs together, before anything runs. An empty set never passes. */
import type { Claim, Invariant, Role, SuccessCheck, VerificationReport } from "@factory/schemas";
import { holdoutCount } from "./split.ts";
import { findCycle } from "./work-graph.ts";

export type CoherenceAtom = {
  readonly atomId: string;
  readonly title: string;
  readonly role: Role;
  readonly claimRefs: readonly string[];
  readonly dependsOn: readonly string[];
  /** Tools its directive will permit. */
  readonly permitted: readonly string[];
  readonly check: SuccessCheck;
};

/** A compiled work graph as the gate sees it. */
export type CoherenceInput = {
  readonly subjectId: string;
  readonly claims: readonly Claim[];
  readonly atoms: readonly CoherenceAtom[];
  readonly invariants: readonly (Invariant & { readonly invariantId: string })[];
  readonly validations: readonly { readonly validationId: string; readonly claimRefs: readonly string[]; readonly invariantIds: readonly string[] }[];
  /** Tools each role's gear permits. */
  readonly gearTools: { readonly [role: string]: readonly string[] };
  /** Names in the tool registry. */
  readonly registry: readonly string[];
  /** Paths of the starting tree. */
  readonly baseFiles: readonly string[];
};

/** A fault that a check found: the artifact and what mends it. */
type Finding = string;
type Check = { readonly name: string; readonly holds: string; readonly find: (input: CoherenceInput) => Finding[] };

const CHECKS: readonly Check[] = [
  { name: "something-to-show", holds: "There are claims, atoms and validations.", find: emptySets },
  { name: "claim-coverage", holds: "Every claim is carried by an atom.", find: claimsWithoutAtom },
  { name: "validation-coverage", holds: "Every claim has a validation.", find: claimsWithoutValidation },
  { name: "claim-references", holds: "Atoms and validations refer to claims that exist.", find: unknownClaims },
  { name: "tool-policy", holds: "Each atom has exactly the tools that its gear permits and the registry has.", find: wrongTools },
  { name: "success-checks", holds: "Every success check can be executed.", find: uncheckable },
  { name: "dependencies", holds: "Every dependency names an atom of the graph.", find: danglingDependencies },
  { name: "acyclic", holds: "No atom depends on itself.", find: cycles },
  { name: "terminal-atom", holds: "Exactly one atom ends the graph, and it verifies the outcome.", find: wrongTerminal },
  { name: "example-split", holds: "Hidden examples are hidden.", find: wrongSplit },
];
const INVARIANT_CHECK: Check = {
  name: "invariant-coverage",
  holds: "Every constraint gives an invariant with a detector, and every invariant has a validation.",
  find: uncoveredConstraints,
};

/** Runs every check of gate 1, whatever fails first, and says what mends each failure. */
export function checkCoherence(input: CoherenceInput): VerificationReport {
  const hasConstraints = input.claims.some(({ kind }) => kind === "constraint") || input.invariants.length > 0;
  const results = [...CHECKS, ...(hasConstraints ? [INVARIANT_CHECK] : [])].map((check) => ({ check, findings: check.find(input) }));
  const remediation = results.flatMap(({ findings }) => findings);
  return {
    gate: "coherence",
    outcome: remediation.length === 0 ? "PASS" : "FAIL",
    subjectId: input.subjectId,
    checked: results.map(({ check, findings }) => ({
      check: check.name,
      outcome: findings.length === 0 ? ("PASS" as const) : ("FAIL" as const),
      detail: findings.length === 0 ? check.holds : findings.join(" "),
    })),
    notChecked: [
      ...(hasConstraints ? [] : [{ check: INVARIANT_CHECK.name, reason: "The order states no constraints." }]),
      ...input.claims
        .filter(({ kind, functionName, testFiles }) => kind === "metric" && functionName === undefined && testFiles.length === 0)
        .map(({ claimId }) => ({ check: `metric ${claimId}`, reason: "The metric names no function and no test, so nothing executes it." })),
    ],
    remediation,
  };
}

function emptySets({ subjectId, claims, atoms, validations }: CoherenceInput): Finding[] {
  return [
    ...(claims.length > 0 ? [] : [`${subjectId} has no claim. Add an acceptance criterion.`]),
    ...(claims.some(({ kind }) => kind === "criterion") ? [] : [`${subjectId} has no claim from a criterion. Add an acceptance criterion.`]),
    ...(atoms.length > 0 ? [] : [`${subjectId} has no atom. Add a function block, or name tests in a criterion.`]),
    ...(validations.length > 0 ? [] : [`${subjectId} has no validation. Add examples or tests.`]),
  ];
}

function claimsWithoutAtom({ claims, atoms }: CoherenceInput): Finding[] {
  const carried = new Set(atoms.filter(({ role }) => role !== "verifier:outcome").flatMap(({ claimRefs }) => claimRefs));
  return claims
    .filter(({ claimId }) => !carried.has(claimId))
    .map(({ claimId, line }) => `${claimId} (line ${line}) is carried by no atom. Name a function or tests in it, or remove it.`);
}

function claimsWithoutValidation({ claims, validations }: CoherenceInput): Finding[] {
  const validated = new Set(validations.flatMap(({ claimRefs }) => claimRefs));
  return claims
    .filter(({ claimId }) => !validated.has(claimId))
    .map(({ claimId, line }) => `${claimId} (line ${line}) has no validation. Give it examples, tests or a person who decides.`);
}

function unknownClaims({ claims, atoms, validations }: CoherenceInput): Finding[] {
  const known = new Set(claims.map(({ claimId }) => claimId));
  const unknown = (id: string, refs: readonly string[]): Finding[] =>
    refs.filter((ref) => !known.has(ref)).map((ref) => `${id} refers to ${ref}, which is no claim. Compile the order again.`);
  return [
    ...(known.size === claims.length ? [] : ["Two claims have the same number. Compile the order again."]),
    ...atoms.flatMap(({ atomId, claimRefs }) =>
      claimRefs.length === 0 ? [`${atomId} carries no claim. Remove it, or name what it is for.`] : unknown(atomId, claimRefs),
    ),
    ...validations.flatMap(({ validationId, claimRefs }) =>
      claimRefs.length === 0 ? [`${validationId} covers nothing. Remove it.`] : unknown(validationId, claimRefs),
    ),
  ];
}

function uncoveredConstraints({ claims, invariants, validations }: CoherenceInput): Finding[] {
  const watched = new Set(invariants.map(({ claimId }) => claimId));
  const validated = new Set(validations.flatMap(({ invariantIds }) => invariantIds));
  return [
    ...claims
      .filter(({ kind, claimId }) => kind === "constraint" && !watched.has(claimId))
      .map(({ claimId, line }) => `${claimId} (line ${line}) gives no invariant. Give it a detector, or let a person decide.`),
    ...invariants
      .filter(({ invariantId }) => !validated.has(invariantId))
      .map(({ invariantId, claimId }) => `${invariantId} of ${claimId} is covered by no validation. Compile the order again.`),
    ...invariants
      .filter(({ detector, matched }) => (detector === "person") !== (matched.length === 0))
      .map(({ invariantId, detector }) => `${invariantId} has the detector ${detector} without the words that call for it. Let a person decide.`),
  ];
}

function wrongTools({ atoms, gearTools, registry }: CoherenceInput): Finding[] {
  return atoms.flatMap(({ atomId, role, permitted }) => {
    const gear = gearTools[role];
    if (gear === undefined) return [`${atomId} has the role ${role}, which has no gear. Add a gear for it.`];
    const allowed = gear.filter((name) => registry.includes(name));
    const extra = permitted.filter((name) => !allowed.includes(name));
    const missing = allowed.filter((name) => !permitted.includes(name));
    const works = role !== "verifier:outcome";
    return [
      ...(extra.length === 0 ? [] : [`${atomId} is given ${extra.join(", ")}, which its gear or the registry does not have. Take it away.`]),
      ...(missing.length === 0 ? [] : [`${atomId} lacks ${missing.join(", ")}, which its gear permits. Give it back.`]),
      ...(works && permitted.length === 0 ? [`${atomId} has no tool to work with. Correct the gear of ${role}.`] : []),
    ];
  });
}

function uncheckable({ atoms, claims, baseFiles }: CoherenceInput): Finding[] {
  const shown = new Set(claims.filter(({ visible }) => visible.length > 0).map(({ claimId }) => claimId));
  const files = new Set(baseFiles);
  const missing = new Map<string, string>();
  const faults: Finding[] = [];
  for (const { atomId, check } of atoms) {
    for (const leaf of leavesOf(check)) {
      if (leaf.kind === "all") faults.push(`${atomId} has an empty success check. Add examples or tests.`);
      if (leaf.kind === "examples" && !shown.has(leaf.claim)) faults.push(`${atomId} checks the examples of ${leaf.claim}, which has none. Add examples.`);
      if (leaf.kind === "tests") for (const file of leaf.files) if (!files.has(file)) missing.set(file, atomId);
    }
  }
  return [...faults, ...[...missing].map(([file, atomId]) => `${file}, which ${atomId} has to pass, is not in the starting tree. Attach it with \`files\`.`)];
}

/** Checks without the `all` around them; an empty `all` stays, as the fault it is. */
function leavesOf(check: SuccessCheck): SuccessCheck[] {
  return check.kind === "all" && check.checks.length > 0 ? check.checks.flatMap(leavesOf) : [check];
}

function danglingDependencies({ atoms }: CoherenceInput): Finding[] {
  const known = new Set(atoms.map(({ atomId }) => atomId));
  return [
    ...(known.size === atoms.length ? [] : ["Two atoms have the same id. Compile the order again."]),
    ...atoms.flatMap(({ atomId, title, dependsOn }) =>
      dependsOn
        .filter((id) => !known.has(id))
        .map((id) => `${atomId} (${title}) depends on ${id}, which is not in the graph. Name a function that has a block.`),
    ),
  ];
}

function cycles({ atoms }: CoherenceInput): Finding[] {
  const cycle = findCycle(atoms.map(({ atomId, dependsOn }) => ({ key: atomId, dependsOn })));
  if (cycle === undefined) return [];
  const titles = cycle.map((id) => `${id} (${atoms.find(({ atomId }) => atomId === id)?.title ?? "unknown"})`);
  return [`These atoms depend on each other: ${titles.join(" -> ")}. Let the criterion of one of them name the other without backticks, or not at all.`];
}

function wrongTerminal({ subjectId, atoms }: CoherenceInput): Finding[] {
  const needed = new Set(atoms.flatMap(({ dependsOn }) => dependsOn));
  const terminal = atoms.filter(({ atomId }) => !needed.has(atomId));
  const [only] = terminal;
  if (only === undefined) return [`${subjectId} has no atom that ends it. Add the outcome atom.`];
  if (terminal.length > 1)
    return [
      `${subjectId} ends in ${terminal.length} atoms: ${terminal.map(({ atomId, title }) => `${atomId} (${title})`).join(", ")}. Make the outcome atom depend on them.`,
    ];
  return only.role === "verifier:outcome" ? [] : [`${subjectId} ends in ${only.atomId} (${only.title}), which verifies nothing. Let the outcome atom end it.`];
}

function wrongSplit({ claims }: Pick<CoherenceInput, "claims">): Finding[] {
  return claims.flatMap(({ claimId, visible, holdout }) => {
    const count = visible.length + holdout.length;
    const shown = new Set(visible.map(({ line }) => line));
    const both = holdout.filter(({ line }) => shown.has(line));
    return [
      ...(both.length === 0 ? [] : [`${claimId} shows its hidden example of line ${both.map(({ line }) => line).join(", ")}. Split its examples again.`]),
      ...(holdout.length <= holdoutCount(count)
        ? []
        : [`${claimId} hides ${holdout.length} of ${count} examples, more than ${holdoutCount(count)}. Split its examples again.`]),
    ];
  });
}

/**
 * What keeps a set of claims from being compiled again, in words; empty when nothing does. The verifier of an amendment
 * asks it about the amended claims.
 */
export function claimSetProblems(claims: readonly Claim[]): string[] {
  const numbers = new Set(claims.map(({ claimId }) => claimId));
  return [
    ...(claims.some(({ kind }) => kind === "criterion") ? [] : ["There is no claim from a criterion."]),
    ...(numbers.size === claims.length ? [] : ["Two claims have the same number."]),
    ...wrongSplit({ claims }),
    ...claims.filter(({ visible, holdout }) => visible.length === 0 && holdout.length > 0).map(({ claimId }) => `${claimId} has hidden examples only.`),
  ];
}
