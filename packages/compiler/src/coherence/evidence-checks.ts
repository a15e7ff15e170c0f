/** Checks of gate 1 on evidence: every claim has its validation, every constraint its detectors, every atom its required checks. */
import { canonicalJson, INDEX_FILE } from "@factory/schemas";
import type { Claim, SuccessCheck } from "@factory/schemas";
import type { CoherenceAtom } from "../coherence-input.ts";
import { detectorFacts, invariantsOf } from "../invariants.ts";
import { leavesOf } from "../success-checks.ts";
import { validationsOf } from "../validations.ts";
import type { Validation } from "../validations.ts";
import { quoted } from "./view.ts";
import type { CoherenceView, Finding } from "./view.ts";

const RECOMPILE = "Compile the order again.";

/** Every claim has one validation. */
export function claimsWithoutValidation({ input, stated }: CoherenceView): Finding[] {
  const covering = new Map<string, string[]>();
  for (const { validationId, claimRefs } of input.validations) {
    for (const claimId of claimRefs) covering.set(claimId, [...(covering.get(claimId) ?? []), validationId]);
  }
  const lines = new Map([...stated, ...input.claims].map(({ claimId, line }) => [claimId, line]));
  return [...lines].flatMap(([claimId, line]) => {
    const found = covering.get(claimId) ?? [];
    if (found.length === 1) return [];
    if (found.length > 1) return [`${found.join(" and ")} both cover ${claimId}. Let each cover its own claim.`];
    return [`${claimId} (line ${line}) has no validation. Give it examples, tests or a person who decides.`];
  });
}

/** Every validation is as strong as what its claim names. */
export function weakValidations({ input, stated }: CoherenceView): Finding[] {
  const required = new Map(validationsOf(stated, invariantsOf(stated)).map((validation, index) => [stated[index]?.claimId ?? "", validation]));
  return input.validations.flatMap((validation): Finding[] => {
    const { validationId, claimRefs } = validation;
    const [claimId, ...more] = claimRefs;
    if (claimId === undefined) return [`${validationId} covers nothing. Remove it.`];
    if (more.length > 0) return [`${validationId} covers ${claimRefs.join(", ")}; a validation covers one claim. ${RECOMPILE}`];
    const expected = required.get(claimId);
    return expected === undefined ? [] : weaknesses(validation, claimId, expected);
  });
}

function weaknesses(validation: CoherenceView["input"]["validations"][number], claimId: string, expected: Validation): Finding[] {
  const { validationId, priority, decidedBy, kind, statement, check } = validation;
  return [
    ...(priority === expected.priority ? [] : [`${validationId} is ${priority}; for ${claimId} it is ${expected.priority}. Set it back.`]),
    ...(decidedBy === expected.decidedBy ? [] : [`${validationId} is decided by ${decidedBy}; ${claimId} is decided by ${expected.decidedBy}. Set it back.`]),
    ...(canonicalJson(check ?? null) === canonicalJson(expected.check ?? null) ? [] : [`${validationId} does not run what shows ${claimId}. ${RECOMPILE}`]),
    ...(kind === expected.kind && statement === expected.statement
      ? []
      : [`${validationId} states ${quoted(statement)}, which is not what shows ${claimId}. ${RECOMPILE}`]),
  ];
}

/** Every constraint of the order gives the invariants that its words call for, each whole and validated. */
export function wrongInvariants({ input, stated }: CoherenceView): Finding[] {
  const called = invariantsOf(stated);
  const lines = new Map(stated.map(({ claimId, line }) => [claimId, line]));
  const known = new Set(input.invariants.map(({ invariantId }) => invariantId));
  const validated = new Set(input.validations.flatMap(({ claimRefs, invariantIds }) => invariantIds.map((id) => `${id} ${claimRefs.join()}`)));
  return [
    ...called
      .filter(({ claimId, detector }) => !input.invariants.some((one) => one.claimId === claimId && one.detector === detector))
      .map(({ claimId, detector, matched }) => {
        const words = matched.length === 0 ? "no detector's words" : `the words ${matched.map(quoted).join(", ")}`;
        return `${claimId} (line ${lines.get(claimId) ?? 0}) gives no invariant with the detector ${detector}, although it has ${words}. ${RECOMPILE}`;
      }),
    ...input.invariants.flatMap((invariant, index) => [
      ...invariantFaults(invariant, called),
      ...(input.invariants.slice(0, index).some((one) => one.claimId === invariant.claimId && one.detector === invariant.detector)
        ? [`${invariant.invariantId} watches ${invariant.claimId} with ${invariant.detector} a second time. Remove it.`]
        : []),
      ...(validated.has(`${invariant.invariantId} ${invariant.claimId}`)
        ? []
        : [
            `${invariant.invariantId} of ${invariant.claimId} is covered by no validation of that claim, ` +
              `which ${covering(invariant.claimId, input).join(" and ") || "has none"} should do. ${RECOMPILE}`,
          ]),
    ]),
    ...input.validations.flatMap(({ validationId, invariantIds }) =>
      invariantIds.filter((id) => !known.has(id)).map((id) => `${validationId} covers ${id}, which is no invariant. ${RECOMPILE}`),
    ),
  ];
}

/** Validations of a claim. */
function covering(claimId: string, { validations }: CoherenceView["input"]): string[] {
  return validations.filter(({ claimRefs }) => claimRefs.includes(claimId)).map(({ validationId }) => validationId);
}

type Keyed = CoherenceView["input"]["invariants"][number];

function invariantFaults(invariant: Keyed, called: ReturnType<typeof invariantsOf>): Finding[] {
  const { invariantId, claimId, detector, matched } = invariant;
  const expected = called.find((one) => one.claimId === claimId && one.detector === detector);
  const facts = detectorFacts(detector);
  const differs = (field: "evidenceSource" | "regressionPolicy" | "violationImpact" | "freshForMs"): Finding[] =>
    invariant[field] === facts[field]
      ? []
      : [`${invariantId} has ${field} ${quoted(String(invariant[field] ?? ""))}; the detector ${detector} has ${quoted(String(facts[field]))}. ${RECOMPILE}`];
  return [
    ...(expected === undefined
      ? [`${invariantId} has the detector ${detector}, which the text of ${claimId} does not call for. Remove it, or let a person decide.`]
      : [
          ...(invariant.statement === expected.statement
            ? []
            : [`${invariantId} states ${quoted(invariant.statement)}, which is not what ${claimId} says. ${RECOMPILE}`]),
          ...(canonicalJson(matched) === canonicalJson(expected.matched)
            ? []
            : [`${invariantId} has the detector ${detector} without the words of ${claimId} that call for it. ${RECOMPILE}`]),
        ]),
    ...differs("evidenceSource"),
    ...differs("regressionPolicy"),
    ...differs("violationImpact"),
    ...differs("freshForMs"),
  ];
}

/** Every success check can be executed. */
export function uncheckable({ input, base }: CoherenceView): Finding[] {
  const shown = new Set(input.claims.filter(({ visible }) => visible.length > 0).map(({ claimId }) => claimId));
  const missing = new Map<string, string>();
  const faults: Finding[] = [];
  for (const { atomId, check } of input.atoms) {
    for (const leaf of leavesOf(check)) {
      if (leaf.kind === "all") faults.push(`${atomId} has an empty success check. Add examples or tests.`);
      if (leaf.kind === "examples" && !shown.has(leaf.claim)) faults.push(`${atomId} checks the examples of ${leaf.claim}, which has none. Add examples.`);
      if (leaf.kind === "tests") for (const file of leaf.files) if (!Object.hasOwn(base.tree, file)) missing.set(file, atomId);
    }
  }
  return [...faults, ...[...missing].map(([file, atomId]) => `${file}, which ${atomId} has to pass, is not in the starting tree. Attach it with \`files\`.`)];
}

/** Every success check asks for all that the atom can show: its files, its examples, its tests and, where they are required, types. */
export function weakChecks(view: CoherenceView): Finding[] {
  return view.input.atoms.flatMap((atom) => {
    const asked = new Set(leavesOf(atom.check).flatMap(wordsOf));
    const missing = [...new Set(requiredOf(atom, view))].filter((word) => !asked.has(word));
    return missing.length === 0 ? [] : [`${view.named(atom.atomId)} does not check ${missing.join(", ")}. Put it back into its success check.`];
  });
}

function wordsOf(check: SuccessCheck): string[] {
  switch (check.kind) {
    case "tests":
      return check.files;
    case "examples":
      return [examplesOf(check.claim)];
    case "typecheck":
      return ["types"];
    case "file-exists":
      return [existenceOf(check.path)];
    case "all":
    case "output-contains":
    case "output-matches":
      return [];
    default:
      return check satisfies never;
  }
}

const examplesOf = (claimId: string): string => `the examples of ${claimId}`;
const existenceOf = (path: string): string => `that ${path} exists`;

/** What an atom has to check, in the words of {@link wordsOf}. */
function requiredOf(atom: CoherenceAtom, view: CoherenceView): string[] {
  const { stated, targets } = view;
  const types = view.typesRequired ? ["types"] : [];
  const shown = (claims: readonly Claim[]): string[] => claims.filter(({ visible }) => visible.length > 0).map(({ claimId }) => examplesOf(claimId));
  const runnable = (claims: readonly Claim[]): string[] => testsIn(claims).filter((test) => view.missingFor(test, atom).length === 0);
  const whole = [existenceOf(INDEX_FILE), ...shown(stated), ...testsIn(stated), ...types];
  switch (atom.role) {
    case "coder": {
      const target = atom.functionName === undefined ? undefined : targets.get(atom.functionName);
      const own = view.ownedBy(atom);
      const tests = atom.functionName === undefined ? testsIn(own) : runnable(own.filter(({ kind }) => kind === "criterion"));
      return [...(target === undefined ? [] : [existenceOf(target.file)]), ...shown(own), ...tests, ...types];
    }
    case "integrator":
      return whole;
    case "verifier:outcome": {
      if (view.isTerminal(atom)) return [...whole, ...[...targets.values()].map(({ file }) => existenceOf(file))];
      const members = view.membersOf(atom.moleculeId).filter(({ atomId }) => atomId !== atom.atomId);
      const own = members.flatMap((member) => view.ownedBy(member));
      const files = members
        .flatMap(({ functionName }) => (functionName === undefined ? [] : [targets.get(functionName)?.file ?? ""]))
        .filter((file) => file !== "");
      return [...files.map(existenceOf), ...shown(own), ...runnable(own.filter(({ kind }) => kind === "criterion")), ...types];
    }
    default:
      return atom.role satisfies never;
  }
}

function testsIn(claims: readonly Claim[]): string[] {
  return claims.flatMap(({ testFiles }) => testFiles);
}
