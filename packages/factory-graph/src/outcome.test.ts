import { claimNodeId } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { planBeadOutcome } from "./outcome.ts";
import type { BeadOutcomeInput } from "./outcome.ts";
import { aBeadOutcome, aFailedCheck, failedHoldouts } from "./testing/bead-outcome.ts";

const plan = (overrides: Partial<BeadOutcomeInput>) => planBeadOutcome(aBeadOutcome(overrides));
const detectorsOf = (overrides: Partial<BeadOutcomeInput>) =>
  plan(overrides).writes.flatMap((write) =>
    write.kind === "artifacts" ? write.nodes.filter(({ type }) => type === "Divergence").map(({ data }) => data["detectors"]) : [],
  );

describe("BP3 of a bead", () => {
  test("an outcome without a failure leaves a trace and an outcome bead and no divergence", () => {
    const { divergences, writes, traceId, outcomeBeadId } = plan({});
    expect(divergences).toEqual([]);
    expect(writes).toMatchObject([
      { kind: "artifacts", nodes: [{ id: traceId, type: "ExecutionTrace" }], edges: [{ rel: "produced_trace" }, { rel: "produces" }] },
      { kind: "bead", bead: { id: outcomeBeadId, type: "outcome", content: { status: "SUCCESS", triggers_amendment: false } } },
    ]);
  });

  test("a failed hidden example diverges at once and gravely, although every visible one passed", () => {
    expect(plan({ ...failedHoldouts([16, 15]) }).divergences).toMatchObject([
      { divergenceType: "run-verdict-failure", severity: "high", claimId: "C-1", failedHoldoutLines: [15, 16], hiddenLeft: 2, status: "COMPLETE" },
    ]);
  });

  test("the report has the role and the tree that was judged, and the outcome bead it belongs to", () => {
    const { divergences, outcomeBeadId } = plan({ ...failedHoldouts([15]), role: "integrator", failedTree: { "src/a.ts": "d" } });
    expect(divergences).toMatchObject([{ role: "integrator", failedTree: { "src/a.ts": "d" }, outcomeBeadId }]);
  });

  test("a failure with attempts left is no divergence, and one without is", () => {
    expect(plan({ outcome: "FAILURE", checks: [aFailedCheck({ claimId: "C-1" })] }).divergences).toEqual([]);
    expect(plan({ outcome: "FAILURE", checks: [aFailedCheck({ claimId: "C-1" })], exhausted: true }).divergences).toMatchObject([
      { divergenceType: "atom-failure", severity: "medium", claimId: "C-1", observed: "FAILURE after 1 attempts; line 11 failed" },
    ]);
  });

  test("every claim with a failed check or a detector that fired has a divergence of its own, which concerns it", () => {
    const { divergences, writes } = plan({
      outcome: "FAILURE",
      exhausted: true,
      claimRefs: ["C-1", "C-2", "C-3"],
      checks: [aFailedCheck({ claimId: "C-1" }), aFailedCheck({ claimId: "C-2" })],
      firings: [{ invariantId: "INV-1", claimId: "C-3", message: "it reads the clock" }],
    });
    expect(divergences.map(({ claimId }) => claimId)).toEqual(["C-1", "C-2", "C-3"]);
    expect(divergences[2]?.observed).toContain("it reads the clock");
    const concerns = writes.flatMap((write) => (write.kind === "artifacts" ? write.edges.filter(({ rel }) => rel === "concerns") : []));
    expect(concerns).toEqual(
      divergences.map(({ divergenceId, claimId, specificationId }) => ({
        source: divergenceId,
        rel: "concerns",
        target: claimNodeId(specificationId, claimId),
      })),
    );
  });

  test("a failure that names no claim concerns the first claim of the bead", () => {
    expect(plan({ outcome: "BLOCKED", exhausted: true, blockers: ["no candidate"], claimRefs: ["C-1", "C-2"] }).divergences).toMatchObject([
      { claimId: "C-1", status: "BLOCKED", blockers: ["no candidate"], observed: "BLOCKED after 1 attempts; no candidate" },
    ]);
  });

  test("the failure of an outcome bead is the molecule's", () => {
    expect(plan({ outcome: "FAILURE", exhausted: true, outcomeBead: true }).divergences).toMatchObject([
      { divergenceType: "molecule-outcome-failure", severity: "high" },
    ]);
  });

  test("a person's no diverges at once, with their reason and nothing else", () => {
    const refused = {
      outcome: "FAILURE" as const,
      rejection: "it rounds the wrong way",
      claimRefs: ["C-1", "C-2"],
      checks: [aFailedCheck({ claimId: "C-2" })],
    };
    expect(plan(refused).divergences).toMatchObject([{ divergenceType: "approval-rejected", claimId: "C-1", observed: "it rounds the wrong way" }]);
  });

  test.each<[string, Partial<BeadOutcomeInput>, readonly string[], string]>([
    ["failed checks", { outcome: "FAILURE", checks: [aFailedCheck()] }, ["exhausted-attempts", "failed-checks"], "medium"],
    [
      "fired invariants",
      { outcome: "FAILURE", firings: [{ invariantId: "INV-1", claimId: "C-1", message: "it reads the clock" }] },
      ["exhausted-attempts", "fired-invariants"],
      "medium",
    ],
    [
      "a denial of consent",
      { outcome: "GOVERNANCE", consentDenials: [{ toolName: "write_file", reason: "not granted" }] },
      ["exhausted-attempts", "consent-denials"],
      "high",
    ],
    ["a breach of the file scope", { outcome: "GOVERNANCE", scopeViolations: ["src/other.ts"] }, ["exhausted-attempts", "scope-violations"], "high"],
    ["a timeout", { outcome: "TIMEOUT", summary: "it took 300 s" }, ["exhausted-attempts", "timeouts"], "low"],
    ["lost surroundings", { outcome: "INFRASTRUCTURE" }, ["exhausted-attempts", "lost-surroundings"], "low"],
    ["nothing but that no attempt is left", { outcome: "FAILURE" }, ["exhausted-attempts"], "medium"],
  ])("%s is seen by its detector, with how grave it is", (_, overrides, detectors, severity) => {
    expect(detectorsOf({ ...overrides, exhausted: true })).toEqual([detectors]);
    expect(plan({ ...overrides, exhausted: true }).divergences).toMatchObject([{ severity }]);
    expect(plan({ ...overrides, exhausted: false }).divergences).toEqual([]);
  });

  test.each([
    ["TIMEOUT", "ERROR"],
    ["INFRASTRUCTURE", "ERROR"],
    ["GOVERNANCE", "ERROR"],
    ["FAILURE", "COMPLETE"],
    ["BLOCKED", "BLOCKED"],
  ] as const)("%s is reported with the status %s", (outcome, status) => {
    expect(plan({ outcome, exhausted: true }).divergences).toMatchObject([{ status }]);
  });

  test("the same outcome has the same ids, and another attempt or cycle is another trace", () => {
    expect(plan({ now: 5 })).toMatchObject({ traceId: plan({}).traceId, outcomeBeadId: plan({}).outcomeBeadId });
    expect(plan({ attempt: 2 }).traceId).not.toBe(plan({}).traceId);
    expect(plan({ cycle: 1 }).traceId).not.toBe(plan({}).traceId);
  });

  test("a check the coordinator ran itself leaves no outcome bead, since nothing governed an agent", () => {
    const { outcomeBeadId, divergences } = plan({ ...failedHoldouts([15]), executionId: null, executionBeadId: null });
    expect(outcomeBeadId).toBeNull();
    expect(divergences[0]).not.toHaveProperty("outcomeBeadId");
  });

  test("a very long report is cut and says by how much", () => {
    const [divergence] = plan({ outcome: "BLOCKED", exhausted: true, blockers: ["x".repeat(10_000)] }).divergences;
    expect(divergence?.observed.length).toBeLessThan(4_100);
    expect(divergence?.observed).toMatch(/\[\d+ more characters\]$/);
  });
});
