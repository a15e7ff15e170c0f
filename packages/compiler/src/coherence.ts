/** Gate 1: whether a compiled work graph hangs together and is what its order says, before anything runs. An empty set never passes. */
import type { Claim, VerificationReport } from "@factory/schemas";
import type { CoherenceInput } from "./coherence-input.ts";
import { claimsWithoutValidation, uncheckable, weakChecks, weakValidations, wrongInvariants } from "./coherence/evidence-checks.ts";
import {
  claimsWithoutAtom,
  cycles,
  emptySets,
  unknownClaims,
  wrongDependencies,
  wrongMolecules,
  wrongOwners,
  wrongTerminal,
} from "./coherence/graph-checks.ts";
import { wrongGears, wrongReads, wrongTools, wrongWrites } from "./coherence/scope-checks.ts";
import { claimsNotOfOrder, splitProblems, undeclared, wrongContracts, wrongExamples, wrongTargets } from "./coherence/source-checks.ts";
import { CoherenceView } from "./coherence/view.ts";
import type { Finding } from "./coherence/view.ts";
import { unknownCode } from "./undeclared-types.ts";

type Check = { readonly name: string; readonly holds: string; readonly find: (view: CoherenceView) => Finding[] };

const CHECKS: readonly Check[] = [
  { name: "something-to-show", holds: "There are claims, atoms, molecules and validations.", find: emptySets },
  { name: "claims-of-the-order", holds: "Claims and statements of the order are the same, word for word.", find: claimsNotOfOrder },
  { name: "claim-coverage", holds: "Every claim is carried by an atom.", find: claimsWithoutAtom },
  { name: "claim-ownership", holds: "Every claim is owned by exactly one atom.", find: wrongOwners },
  { name: "validation-coverage", holds: "Every claim has one validation.", find: claimsWithoutValidation },
  { name: "validation-strength", holds: "Every validation runs and requires what its claim names.", find: weakValidations },
  { name: "claim-references", holds: "Atoms, validations and invariants refer to claims that exist.", find: unknownClaims },
  { name: "gears", holds: "Each atom has the gear of its role, and the role of what it does.", find: wrongGears },
  { name: "tool-policy", holds: "Each atom has exactly the tools that its gear permits and the registry has.", find: wrongTools },
  { name: "success-checks", holds: "Every success check can be executed.", find: uncheckable },
  { name: "check-strength", holds: "Every success check asks for all that its atom can show.", find: weakChecks },
  { name: "dependencies", holds: "Every dependency names an atom of the graph, and none is left out.", find: wrongDependencies },
  { name: "acyclic", holds: "No atom depends on itself.", find: cycles },
  { name: "terminal-atom", holds: "Exactly one atom ends the graph, and it verifies the outcome.", find: wrongTerminal },
  { name: "molecules", holds: "Every atom is in one molecule, and every molecule ends in its outcome atom.", find: wrongMolecules },
  { name: "example-split", holds: "Every example is the order's, and hidden ones are hidden.", find: wrongExamples },
  { name: "targets", holds: "Every function has a file, and nothing is created where a file is.", find: wrongTargets },
  { name: "write-scope", holds: "Each atom writes what it is for, and no two write one file at once.", find: wrongWrites },
  { name: "read-scope", holds: "Each atom reads what it needs and no more.", find: wrongReads },
];
const CONTRACT_CHECK: Check = { name: "contracts", holds: "Every function has the contract that its block states.", find: wrongContracts };
const TYPE_CHECK: Check = { name: "declared-types", holds: "Every type that a signature names is declared.", find: undeclared };
const INVARIANT_CHECK: Check = {
  name: "invariant-coverage",
  holds: "Every constraint gives the invariants that its words call for, each with detector, evidence source, regression policy and validation.",
  find: wrongInvariants,
};

/** Runs every check of gate 1, whatever fails first, and says what mends each failure. Every finding names what is damaged. */
export function checkCoherence(input: CoherenceInput): VerificationReport {
  const view = new CoherenceView(input);
  const hasConstraints = input.order.constraints.length > 0 || input.claims.some(({ kind }) => kind === "constraint") || input.invariants.length > 0;
  const hasFunctions = input.order.functions.length > 0 || input.contracts.length > 0 || input.atoms.some(({ functionName }) => functionName !== undefined);
  // What unknown code declares is not known, and what is not known is not passed.
  const unknown = unknownCode(view.base);
  const checks = [
    ...CHECKS,
    ...(hasFunctions ? [CONTRACT_CHECK] : []),
    ...(hasFunctions && unknown.length === 0 ? [TYPE_CHECK] : []),
    ...(hasConstraints ? [INVARIANT_CHECK] : []),
  ];
  const results = checks.map((check) => ({ check, findings: check.find(view) }));
  const remediation = [...new Set(results.flatMap(({ findings }) => findings))];
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
      ...(hasFunctions ? [] : [CONTRACT_CHECK, TYPE_CHECK].map(({ name }) => ({ check: name, reason: "The order has no function block." }))),
      ...(hasFunctions && unknown.length > 0 ? [{ check: TYPE_CHECK.name, reason: `What ${unknown.join(", ")} declares is not known.` }] : []),
      ...(hasConstraints ? [] : [{ check: INVARIANT_CHECK.name, reason: "The order states no constraints." }]),
      ...input.claims
        .filter(({ kind, functionName, testFiles }) => kind === "metric" && functionName === undefined && testFiles.length === 0)
        .map(({ claimId }) => ({ check: `metric ${claimId}`, reason: "The metric names no function and no test, so nothing executes it." })),
    ],
    remediation,
  };
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
    ...claims.flatMap(splitProblems),
    ...claims.filter(({ visible, holdout }) => visible.length === 0 && holdout.length > 0).map(({ claimId }) => `${claimId} has hidden examples only.`),
  ];
}
