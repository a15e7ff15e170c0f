import { describe, expect, test } from "vitest";
import { claimNodeId } from "@factory/schemas";
import { aFailure } from "./testing/ward.ts";
import { World } from "./testing/world.ts";

describe("BP3", () => {
  test("an outcome that went well leaves a trace and an outcome bead and no divergence", async () => {
    const world = new World();
    const executed = await world.executed();
    const recorded = await world.bridge().recordOutcome(world.outcome(executed, { status: "SUCCESS", divergences: [] }));
    expect(recorded.divergences).toEqual([]);
    expect(world.graph.edgesOf(recorded.traceId)).toMatchObject({ in: [{ source: executed.executionId, rel: "produces" }], out: [] });
    expect(world.beads.get(recorded.outcomeBeadId ?? "")?.content).toMatchObject({
      status: "SUCCESS",
      triggers_amendment: false,
      execution_bead_id: executed.executionBeadId,
    });
  });

  test("every divergence is kept, each a node of its own, and answered (defect 27)", async () => {
    const world = new World();
    const { divergences } = await world.diverged([aFailure("C-1"), aFailure("C-2", { severity: "low", observed: "an hour" })]);
    expect(divergences).toMatchObject([
      { claimId: "C-1", severity: "high" },
      { claimId: "C-2", severity: "low" },
    ]);
    for (const { divergenceId, claimId, severity } of divergences) {
      expect(world.graph.get(divergenceId)?.data).toMatchObject({ divergenceType: "late", claimId, severity, ward: "east" });
    }
  });

  test("every divergence concerns its claim, and the trace says what it diverges from (defect 28)", async () => {
    const world = new World();
    const { divergences, traceId } = await world.diverged([aFailure("C-1"), aFailure("C-2")]);
    for (const { divergenceId, claimId } of divergences) {
      expect(world.graph.edgesOf(divergenceId).out).toMatchObject([{ rel: "concerns", target: claimNodeId(world.specificationId, claimId) }]);
    }
    const rels = world.graph.edgesOf(traceId).out.map(({ rel, target }) => [rel, target]);
    expect(rels.filter(([rel]) => rel === "diverges_from")).toEqual([["diverges_from", world.specificationId]]);
    expect(rels.filter(([rel]) => rel === "evidences")).toHaveLength(2);
  });

  test("no divergence is lost: a repeat answers all of them again and writes nothing (defect 29)", async () => {
    const world = new World();
    const executed = await world.executed();
    const request = world.outcome(executed, { divergences: [aFailure("C-1"), aFailure("C-2")] });
    world.before = (call) => {
      if (call === "write") throw new Error("the line is dead");
    };
    await expect(world.bridge().recordOutcome(request)).rejects.toMatchObject({ name: "RetryableError" });
    world.before = () => undefined;
    const recorded = await world.bridge().recordOutcome(request);
    expect(recorded.divergences).toHaveLength(2);
    const before = world.state();
    const { calls } = world;
    expect(await world.bridge().recordOutcome({ ...request, summary: "said otherwise" })).toEqual(recorded);
    expect([world.state(), world.calls]).toEqual([before, calls]);
  });

  test("an outcome without a recorded execution is refused, and none is made for it", async () => {
    const world = new World();
    const executed = await world.executed();
    const before = world.state();
    const trust = world.beads.tip({ type: "trust", subject: "nurse:ida" })?.id ?? "";
    for (const executionBeadId of ["KSB-00000000000000000000000000", trust]) {
      await expect(world.bridge().recordOutcome(world.outcome({ ...executed, executionBeadId }))).rejects.toMatchObject({ name: "TerminalError" });
    }
    const another = "EXE-00000000000000000000000000";
    await expect(world.bridge().recordOutcome(world.outcome({ ...executed, executionId: another }))).rejects.toMatchObject({ name: "TerminalError" });
    expect(world.state()).toEqual(before);
  });

  test("a very long report is cut and says by how much", async () => {
    const { divergences } = await new World().diverged([aFailure("C-1", { observed: "x".repeat(10_000) })]);
    expect(divergences[0]?.observed.length).toBeLessThan(4_100);
    expect(divergences[0]?.observed).toMatch(/\[\d+ more characters\]$/);
  });
});
