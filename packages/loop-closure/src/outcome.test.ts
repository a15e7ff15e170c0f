import { describe, expect, test } from "vitest";
import { claimNodeId } from "@factory/schemas";
import { planOutcome } from "./index.ts";
import type { OutcomeInput } from "./index.ts";
import { anOutcome, failedHoldouts, World } from "./testing/builders.ts";

const failedCheck = (claimId?: string) => ({
  checkId: "CHK-9",
  kind: "examples",
  ok: false,
  holdout: false,
  reportDigest: "c",
  summary: "line 11 failed",
  ...(claimId === undefined ? {} : { claimId }),
});
const aWorld = new World();
const plan = (overrides: Partial<OutcomeInput>) => planOutcome(anOutcome(aWorld, overrides));

describe("BP3", () => {
  test("an outcome without a failure leaves a trace and an outcome bead and no divergence", () => {
    const world = new World();
    expect(world.record()).toEqual([]);
    const { nodes, beads } = world.state() as { nodes: { type: string }[]; beads: { type: string; content: string }[] };
    expect(nodes.filter(({ type }) => type === "ExecutionTrace")).toHaveLength(1);
    expect(beads.filter(({ type }) => type === "outcome").map(({ content }) => JSON.parse(content).status)).toEqual(["SUCCESS"]);
  });

  test("a failed hidden example diverges at once, although every visible one passed", () => {
    const { divergences } = plan({ ...failedHoldouts([16, 15]), outcome: "SUCCESS" });
    expect(divergences).toMatchObject([
      { divergenceType: "run-verdict-failure", claimId: "C-1", failedHoldoutLines: [15, 16], hiddenLeft: 2, status: "COMPLETE" },
    ]);
  });

  test("a failure with attempts left is no divergence, and one without is", () => {
    expect(plan({ outcome: "FAILURE", checks: [failedCheck("C-1")] }).divergences).toEqual([]);
    expect(plan({ outcome: "FAILURE", checks: [failedCheck("C-1")], exhausted: true }).divergences).toMatchObject([
      { divergenceType: "atom-failure", claimId: "C-1" },
    ]);
  });

  test("every claim with a failed check or a detector that fired has a divergence of its own (defect 27)", () => {
    const { divergences } = plan({
      outcome: "FAILURE",
      exhausted: true,
      claimRefs: ["C-1", "C-2", "C-3"],
      checks: [failedCheck("C-1"), failedCheck("C-2")],
      firings: [{ invariantId: "INV-1", claimId: "C-3", message: "it reads the clock" }],
    });
    expect(divergences.map(({ claimId }) => claimId)).toEqual(["C-1", "C-2", "C-3"]);
    expect(divergences[2]?.observed).toContain("it reads the clock");
    expect(new Set(divergences.map(({ divergenceId }) => divergenceId)).size).toBe(3);
  });

  test("a failure that names no claim concerns the first claim of the bead", () => {
    expect(plan({ outcome: "BLOCKED", exhausted: true, blockers: ["no candidate"], claimRefs: ["C-1", "C-2"] }).divergences).toMatchObject([
      { claimId: "C-1", status: "BLOCKED", blockers: ["no candidate"], observed: "BLOCKED after 1 attempts; no candidate" },
    ]);
  });

  test("the failure of an outcome bead is the molecule's", () => {
    expect(plan({ outcome: "FAILURE", exhausted: true, outcomeBead: true }).divergences).toMatchObject([{ divergenceType: "molecule-outcome-failure" }]);
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

  test("trace, every divergence and their edges to claims are accepted by the real graphs (defects 28, 38)", () => {
    const world = new World();
    const divergence = world.diverge();
    expect(world.graph.edgesOf(divergence.divergenceId).out).toMatchObject([{ rel: "concerns", target: claimNodeId(world.specificationId, "C-1") }]);
    expect(world.graph.why(divergence.divergenceId).nodes.map(({ id }) => id)).toContain(divergence.traceId);
    expect(divergence.outcomeBeadId).toBeDefined();
    expect(world.beads.get(divergence.outcomeBeadId ?? "")?.content).toMatchObject({
      status: "FAILURE",
      triggers_amendment: true,
      artifact_graph_divergence_id: divergence.divergenceId,
    });
  });

  test("recording the same outcome again changes nothing, and another attempt is another trace", () => {
    const world = new World();
    world.diverge();
    const before = world.state();
    world.diverge();
    expect(world.state()).toEqual(before);
    expect(plan({ attempt: 2 }).traceId).not.toBe(plan({ attempt: 1 }).traceId);
    expect(plan({ cycle: 1 }).traceId).not.toBe(plan({ cycle: 0 }).traceId);
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
