import { GEARS, TOOL_NAMES } from "@factory/gears";
import { verificationReport } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { checkCoherence, claimSetProblems } from "./coherence.ts";
import type { CoherenceAtom, CoherenceInput } from "./coherence.ts";
import { claimsOfOrder } from "./claims.ts";
import { invariantsOf } from "./invariants.ts";
import { anOrder } from "./testing/orders.ts";
import { validationsOf } from "./validations.ts";
import { planAtoms } from "./work-graph.ts";

const order = anOrder({
  criteria: ["`lineTotal` multiplies.", "`cartTotal` sums `lineTotal`.", "All of it passes tests/all.test.ts."],
  constraints: ["Pure functions.", "Polite names."],
  metrics: ["Fewer complaints."],
  functions: ["function lineTotal(n: number): number", "function cartTotal(n: number): number"],
  examples: ["lineTotal(1) => 1", "lineTotal(2) => 2", "lineTotal(3) => 3", "cartTotal(1) => 1"],
});

/** A sound work graph; a test breaks one thing of it. */
function sound(): CoherenceInput {
  const claims = claimsOfOrder(order);
  const invariants = invariantsOf(claims).map((invariant, index) => ({ ...invariant, invariantId: `INV-${index}` }));
  return {
    subjectId: "WG-1",
    claims,
    atoms: planAtoms(order, claims, false).map((plan) => ({
      atomId: plan.key,
      title: plan.title,
      role: plan.role,
      claimRefs: plan.claimRefs,
      dependsOn: plan.dependsOn,
      permitted: GEARS[plan.role].tools,
      check: plan.check,
    })),
    invariants,
    validations: validationsOf(claims, invariants).map(({ claimRefs, invariants: covered }, index) => ({
      validationId: `VAL-${index}`,
      claimRefs,
      invariantIds: covered.map((at) => `INV-${at}`),
    })),
    gearTools: Object.fromEntries(Object.values(GEARS).map(({ role, tools }) => [role, tools])),
    registry: TOOL_NAMES,
    baseFiles: ["tests/all.test.ts"],
  };
}

const failed = (input: CoherenceInput): string[] =>
  checkCoherence(input)
    .checked.filter(({ outcome }) => outcome === "FAIL")
    .map(({ check }) => check);

/** The sound graph with one atom changed. */
function withAtom(atomId: string, change: Partial<CoherenceAtom>): CoherenceInput {
  const input = sound();
  return { ...input, atoms: input.atoms.map((atom) => (atom.atomId === atomId ? { ...atom, ...change } : atom)) };
}

test("a sound work graph passes, and the report says what was checked and what was not", () => {
  const report = verificationReport.parse(checkCoherence(sound()));
  expect(report).toMatchObject({ gate: "coherence", outcome: "PASS", subjectId: "WG-1", remediation: [] });
  expect(report.checked.map(({ outcome }) => outcome)).toEqual(new Array(11).fill("PASS"));
  expect(report.notChecked).toEqual([{ check: "metric C-6", reason: expect.stringContaining("nothing executes it") }]);
});

describe("gate 1 refuses", () => {
  const input = sound();
  const seeded: readonly [string, CoherenceInput, string[], RegExp][] = [
    ["no claim at all", { ...input, claims: [] }, ["something-to-show", "claim-references", "success-checks"], /WG-1 has no claim/],
    [
      "no claim from a criterion",
      { ...input, claims: input.claims.filter(({ kind }) => kind !== "criterion") },
      ["something-to-show", "claim-references", "success-checks"],
      /no claim from a criterion/,
    ],
    ["no atom", { ...input, atoms: [] }, ["something-to-show", "claim-coverage", "terminal-atom"], /WG-1 has no atom/],
    ["no validation", { ...input, validations: [] }, ["something-to-show", "validation-coverage", "invariant-coverage"], /WG-1 has no validation/],
    [
      "a claim that only the outcome atom carries",
      {
        ...input,
        atoms: input.atoms.map((atom) =>
          atom.role === "verifier:outcome"
            ? atom
            : { ...atom, claimRefs: atom.claimRefs.filter((ref) => ref !== "C-2").concat(atom.claimRefs.length === 1 ? ["C-1"] : []) },
        ),
      },
      ["claim-coverage"],
      /C-2 \(line \d+\) is carried by no atom/,
    ],
    ["a claim without validation", { ...input, validations: input.validations.slice(1) }, ["validation-coverage"], /C-1 \(line \d+\) has no validation/],
    ["a constraint without invariant", { ...input, invariants: [] }, ["invariant-coverage"], /C-4 \(line \d+\) gives no invariant/],
    [
      "an invariant without validation",
      { ...input, validations: input.validations.map((one) => ({ ...one, invariantIds: [] })) },
      ["invariant-coverage"],
      /INV-0 of C-4 is covered by no validation/,
    ],
    [
      "a detector without evidence",
      { ...input, invariants: input.invariants.map((one) => ({ ...one, matched: [] })) },
      ["invariant-coverage"],
      /INV-0 has the detector no-ambient-access without the words/,
    ],
    [
      "an atom that refers to an unknown claim",
      withAtom("integrate", { claimRefs: ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6", "C-99"] }),
      ["claim-references"],
      /integrate refers to C-99/,
    ],
    ["an atom without a claim", withAtom("function:cartTotal", { claimRefs: [] }), ["claim-references"], /function:cartTotal carries no claim/],
    ["a tool beyond the gear", withAtom("outcome", { permitted: ["write_file"] }), ["tool-policy"], /outcome is given write_file/],
    ["a tool that is missing", withAtom("integrate", { permitted: ["read_file"] }), ["tool-policy"], /integrate lacks write_file/],
    [
      "a tool that the registry does not have",
      { ...input, registry: TOOL_NAMES.filter((name) => name !== "run_checks") },
      ["tool-policy"],
      /is given run_checks/,
    ],
    [
      "a role whose gear has no tools left",
      { ...input, registry: [], atoms: input.atoms.map((atom) => ({ ...atom, permitted: [] })) },
      ["tool-policy"],
      /has no tool to work with/,
    ],
    ["a role without a gear", { ...input, gearTools: {} }, ["tool-policy"], /has no gear/],
    ["a dependency that is not in the graph", withAtom("function:cartTotal", { dependsOn: ["function:gone"] }), ["dependencies"], /depends on function:gone/],
    ["two atoms with one id", { ...input, atoms: [...input.atoms, ...input.atoms.slice(0, 1)] }, ["dependencies"], /Two atoms have the same id/],
    [
      "a cycle",
      withAtom("function:lineTotal", { dependsOn: ["function:cartTotal"] }),
      ["acyclic"],
      /function:lineTotal .* -> function:cartTotal .* -> function:lineTotal/,
    ],
    ["an atom that depends on itself", withAtom("function:lineTotal", { dependsOn: ["function:lineTotal"] }), ["acyclic"], /depend on each other/],
    ["two terminal atoms", withAtom("outcome", { dependsOn: [] }), ["terminal-atom"], /ends in 2 atoms/],
    ["a terminal atom that verifies nothing", { ...input, atoms: input.atoms.slice(0, -1) }, ["terminal-atom"], /verifies nothing/],
    ["an empty success check", withAtom("integrate", { check: { kind: "all", checks: [] } }), ["success-checks"], /integrate has an empty success check/],
    [
      "a check of examples that do not exist",
      withAtom("integrate", { check: { kind: "all", checks: [{ kind: "examples", claim: "C-3" }] } }),
      ["success-checks"],
      /examples of C-3, which has none/,
    ],
    ["tests that are not attached", { ...input, baseFiles: [] }, ["success-checks"], /tests\/all\.test\.ts.*is not in the starting tree/],
    [
      "an example that is both shown and hidden",
      { ...input, claims: input.claims.map((one) => ({ ...one, visible: [...one.visible, ...one.holdout] })) },
      ["example-split"],
      /C-1 shows its hidden example/,
    ],
    [
      "more hidden examples than the rule allows",
      {
        ...input,
        claims: input.claims.map((one) =>
          one.claimId === "C-1" ? { ...one, visible: one.visible.slice(1), holdout: [...one.holdout, ...one.visible.slice(0, 1)] } : one,
        ),
      },
      ["example-split"],
      /C-1 hides 2 of 3/,
    ],
  ];

  test.each(seeded)("%s", (_name, broken, checks, remediation) => {
    expect(failed(broken)).toEqual(checks);
    const report = checkCoherence(broken);
    expect(report.outcome).toBe("FAIL");
    expect(report.remediation.join("\n")).toMatch(remediation);
  });
});

test("without constraints the invariants are recorded as not checked, never as passed", () => {
  const input = sound();
  const report = checkCoherence({
    ...input,
    claims: input.claims.filter(({ kind }) => kind !== "constraint"),
    invariants: [],
    validations: input.validations
      .map((one) => ({ ...one, claimRefs: one.claimRefs.filter((ref) => ref !== "C-4" && ref !== "C-5") }))
      .filter(({ claimRefs }) => claimRefs.length > 0),
    atoms: input.atoms.map((atom) => ({ ...atom, claimRefs: atom.claimRefs.filter((ref) => ref !== "C-4" && ref !== "C-5") })),
  });
  expect(report.outcome).toBe("PASS");
  expect(report.notChecked.map(({ check }) => check)).toContain("invariant-coverage");
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
