import { describe, expect, test } from "vitest";
import { aSeed, failure, unfinished } from "../testing/builders.ts";
import type { SeedPlan } from "../testing/builders.ts";
import { answerByContent } from "../testing/content-sandbox.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { FENCE_TRIES } from "./fence.ts";
import { MAX_FAULTS } from "./settling.ts";

async function aWorld(plan: Partial<SeedPlan> = {}) {
  const world = new CoordinatorWorld();
  const seed = aSeed({ name: "fence", beads: [{ key: "total" }], ...plan });
  await world.seed(seed);
  return { world, seed };
}

/** Revokes the coder's trust while the sandbox runs the next check. */
function revokeDuringChecks(world: CoordinatorWorld): void {
  world.answer = (job) => {
    world.answer = answerByContent;
    world.graphs.trust("REVOKED");
    return answerByContent(job);
  };
}

describe("an outcome whose knowing-state moved before it was applied", () => {
  test("is refused: its epoch is closed, nothing is merged or burnt, and the bead is handed out again at once", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    revokeDuringChecks(world);
    const outcome = await world.written(bead, "fine");
    const answer = await world.exchange(0, [outcome]);
    await world.settle();
    expect(world.jobs).toHaveLength(1);
    expect(answer.verdicts).toMatchObject([{ state: "READY", reason: expect.stringContaining("The policy, trust or consent of agent:coder moved") }]);
    expect(answer.beads).toMatchObject([{ beadId: bead.beadId, attempt: 1, epoch: bead.epoch + 2, feedback: [] }]);
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
    expect(await world.coordinator.heartbeat(bead.beadId, bead.epoch)).toMatchObject({ current: false });
    expect(world.eventsOf("BEAD_STATE_CHANGED").filter(({ errorCode }) => errorCode === "STALE_TARGET")).toMatchObject([
      { fromState: "LEASED", toState: "READY", reason: expect.stringContaining("moved while it worked") },
    ]);
    expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
    expect((await world.exchange(0, [outcome], 0)).verdicts).toEqual(answer.verdicts);
  });

  test("burns no attempt either when its checks failed", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    revokeDuringChecks(world);
    const answer = await world.exchange(0, [await world.written(bead, "WRONG")]);
    expect(answer.beads).toMatchObject([{ attempt: 1, feedback: [] }]);
  });

  test("is put to nobody when it is a proposal", async () => {
    const { world } = await aWorld();
    world.graphs.trust("PROPOSE");
    const bead = await world.claim();
    revokeDuringChecks(world);
    await world.exchange(0, [await world.written(bead, "fine")], 0);
    await world.settle();
    expect(world.asked()).toEqual([]);
    expect(await world.stateOf("total")).toBe("READY");
  });

  test("is found by the next instance too, when the object dies after the comparison and before the verdict", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    const outcome = await world.written(bead, "fine");
    const compared = Promise.withResolvers<void>();
    world.graphs.aroundHeads = () => {
      compared.resolve();
      return new Promise(() => undefined);
    };
    void world.exchange(0, [outcome], 0);
    await compared.promise;
    world.graphs.aroundHeads = () => undefined;
    await world.restart();
    world.graphs.trust("REVOKED");
    expect((await world.exchange(0, [outcome], 0)).verdicts).toMatchObject([{ state: "READY", reason: expect.stringContaining("moved") }]);
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
  });

  test("leaves a trace and an outcome under its execution, and no divergence", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    revokeDuringChecks(world);
    await world.exchange(0, [await world.written(bead, "fine")], 0);
    await world.settle();
    const { executionId, executionBeadId } = world.begunOf(bead);
    expect(world.graphs.edgesFrom(executionId ?? "").map(({ rel }) => rel)).toContain("produces");
    expect(world.graphs.beads("outcome")).toMatchObject([{ content: { execution_bead_id: executionBeadId, status: "FAILURE", triggers_amendment: false } }]);
    expect(world.eventsOf("DIVERGENCE_DETECTED")).toEqual([]);
  });

  test("is told of by the operative itself as well, with the same end", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    const answer = await world.exchange(0, [failure(bead, "stale", "STALE_TARGET", "the heads moved before write_file")]);
    expect(answer.verdicts).toMatchObject([{ accepted: true, state: "READY", reason: "the heads moved before write_file" }]);
    expect(answer.beads).toMatchObject([{ attempt: 1, epoch: bead.epoch + 2 }]);
  });

  test("goes to a person when it happens without end", async () => {
    const { world } = await aWorld();
    for (let faults = 1; faults <= MAX_FAULTS; faults++) await world.exchange(0, [failure(await world.claim(), "stale", "STALE_TARGET")], 0);
    await world.settle();
    expect(await world.stateOf("total")).toBe("FAILED");
    expect(world.reports).toMatchObject([{ outcome: "diverged", divergence: { status: "ERROR" } }]);
  });
});

describe("the comparison", () => {
  test("is one call for an outcome that is checked, sent twice at once or not, and none for any other", async () => {
    const { world } = await aWorld({ beads: [{ key: "a" }, { key: "b" }] });
    const [a, b] = [await world.claim(0), await world.claim(1)];
    const outcome = await world.written(a, "fine");
    await Promise.all([world.exchange(0, [outcome], 0), world.exchange(0, [outcome], 0)]);
    expect(world.graphs.headsAsked).toBe(1);
    await world.exchange(1, [unfinished(b, { status: "BLOCKED", blockers: ["no"] })], 0);
    expect(world.graphs.headsAsked).toBe(1);
  });

  test("that is lost once is repeated; without an answer nothing is merged, no attempt is burnt, and the bead waits", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    world.graphs.aroundHeads = () => {
      throw new Error("connection lost");
    };
    const refused = await world.exchange(0, [await world.written(bead, "fine", "first")], 0);
    expect(refused.verdicts).toMatchObject([{ state: "READY", reason: expect.stringContaining("could not be compared: connection lost") }]);
    expect(world.graphs.headsAsked).toBe(FENCE_TRIES);
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
    await world.pass(10_000);
    const again = await world.claim();
    expect(again.attempt).toBe(1);
    let lost = false;
    world.graphs.aroundHeads = () => {
      if (lost) return;
      lost = true;
      throw new Error("connection lost");
    };
    expect((await world.exchange(0, [await world.written(again, "fine", "second")], 0)).verdicts).toMatchObject([{ state: "DONE" }]);
  });

  test("that hangs is given up after its time", async () => {
    const { world } = await aWorld();
    const bead = await world.claim();
    let asked = Promise.withResolvers<void>();
    world.graphs.aroundHeads = () => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    const outcome = world.exchange(0, [await world.written(bead, "fine")], 0);
    for (let tries = 1; tries <= FENCE_TRIES; tries++) {
      await asked.promise;
      asked = Promise.withResolvers<void>();
      world.clock.advance(10_000);
    }
    expect((await outcome).verdicts).toMatchObject([{ state: "READY", reason: expect.stringContaining("took longer than") }]);
  });
});
