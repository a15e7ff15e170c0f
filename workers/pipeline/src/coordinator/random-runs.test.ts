import * as fc from "fast-check";
import assert from "node:assert/strict";
import { expect, test } from "vitest";
import { REVIEW_DECISIONS } from "@factory/schemas";
import type { ReviewDecision } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead } from "@factory/schemas/rpc";
import { aSeed, failure, suggestion } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { LEASE_TTL_MS } from "./leases.ts";

/** What a slot does with a bead it was given. */
const STEPS = ["good", "good", "good", "wrong", "provider", "silent", "repeat", "late", "moved", "restart"] as const;
type SlotStep = (typeof STEPS)[number];
/** What people do meanwhile: how far the coder may go, and what becomes of the request that waits longest. */
const PEOPLE = ["EXECUTE_BOUNDED", "PROPOSE", "SUGGEST", "REVOKED", ...REVIEW_DECISIONS] as const;
type Step = SlotStep | (typeof PEOPLE)[number];

const graphs = fc.integer({ min: 1, max: 7 }).chain((count) =>
  fc.record({
    beads: fc.constant(count),
    // Filtered after the draw: with one bead no pair fits, and a filter inside would search for ever.
    edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 16 }).map((pairs) => pairs.filter(([parent, child]) => parent < child)),
    slots: fc.integer({ min: 1, max: 3 }),
    steps: fc.array(fc.tuple(fc.nat(2), fc.oneof(fc.constantFrom<Step[]>(...STEPS), fc.constantFrom<Step[]>(...PEOPLE))), { minLength: 1, maxLength: 40 }),
  }),
);

/** Drives a run by steps and then to its end; asserts what must hold at every claim. */
class RandomRun {
  readonly world = new CoordinatorWorld();
  readonly seed: ReturnType<typeof aSeed>;
  readonly #parents: ReadonlyMap<string, readonly string[]>;
  readonly #epochs = new Map<string, number>();
  readonly #late: { slot: number; outcome: BeadOutcome }[] = [];

  constructor(seed: ReturnType<typeof aSeed>) {
    this.seed = seed;
    this.#parents = new Map(seed.beads.map(({ beadId, dependsOn }) => [beadId, dependsOn.map((parent) => parent.beadId)]));
  }

  async step(slot: number, step: Step): Promise<void> {
    switch (step) {
      case "EXECUTE_BOUNDED":
      case "PROPOSE":
      case "SUGGEST":
      case "REVOKED":
        return this.world.graphs.trust(step);
      case "approved":
      case "amended":
      case "rejected":
        return this.#decide(step);
      default:
        return this.#work(slot, step);
    }
  }

  /** Decides on the request that waits longest; the same decision again changes nothing. */
  async #decide(decision: ReviewDecision): Promise<void> {
    await this.world.settle();
    const [open] = this.world.rows<{ request_id: string; bead_id: string }>(
      "SELECT request_id, bead_id FROM approvals WHERE closed = 0 AND decision IS NULL ORDER BY rowid",
    );
    if (open === undefined) return;
    const given = { beadId: open.bead_id, requestId: open.request_id, decision, note: "as told", decidedBy: "ann" };
    for (const effectId of ["first", "again"]) assert.deepEqual(await this.world.coordinator.decide(effectId, given), { ok: true });
    await this.world.settle();
  }

  async #work(slot: number, step: SlotStep): Promise<void> {
    const [bead] = await this.#claim(slot);
    if (bead === undefined) return this.world.pass(LEASE_TTL_MS + 1);
    if (this.world.begunOf(bead).executionBeadId === null) {
      // Whatever it would have done: it may do nothing.
      await this.world.exchange(slot, [suggestion(bead)], 0);
      return;
    }
    const good = await this.world.written(bead, "fine", `${bead.beadId}:${bead.epoch}:good`);
    switch (step) {
      case "good":
        return void (await this.world.exchange(slot, [good], 0));
      case "wrong":
        return void (await this.world.exchange(slot, [await this.world.written(bead, "WRONG", `${bead.beadId}:${bead.epoch}:wrong`)], 0));
      case "provider":
        return void (await this.world.exchange(slot, [failure(bead, "provider", "MODEL_UNAVAILABLE")], 0));
      case "silent":
        return this.world.pass(LEASE_TTL_MS + 1);
      case "repeat": {
        const answers = [await this.world.exchange(slot, [good], 0), await this.world.exchange(slot, [good], 0)];
        assert.deepEqual(answers[1]?.verdicts, answers[0]?.verdicts);
        return;
      }
      case "late":
        this.#late.push({ slot, outcome: good });
        return this.world.pass(LEASE_TTL_MS + 1);
      case "moved": {
        this.world.graphs.trust("PROPOSE", bead.directive.role);
        const { verdicts } = await this.world.exchange(slot, [good], 0);
        assert.deepEqual(
          verdicts.map(({ accepted, state }) => [accepted, state]),
          [[true, "READY"]],
        );
        return;
      }
      case "restart":
        return this.world.restart();
      default:
        return step satisfies never;
    }
  }

  /** Sends what came too late, then lets every slot work properly until nothing is left. */
  async finish(): Promise<void> {
    for (const { slot, outcome } of this.#late) {
      const { verdicts } = await this.world.exchange(slot, [outcome], 0);
      assert.deepEqual(
        verdicts.map(({ accepted }) => accepted),
        [false],
      );
    }
    for (const role of ["coder", "integrator"] as const) this.world.graphs.trust("EXECUTE_BOUNDED", role);
    for (let round = 0; round < 200; round++) {
      await this.step(0, "approved");
      for (let slot = 0; slot < this.seed.slots; slot++) await this.step(slot, "good");
      await this.world.pass(LEASE_TTL_MS + 1);
      const { work } = await this.world.exchange(0, [], 0);
      if (work === "complete" || work === "blocked") return;
    }
    throw new Error("The run does not end.");
  }

  async #claim(slot: number): Promise<readonly ClaimedBead[]> {
    const { beads } = await this.world.exchange(slot % this.seed.slots, [], 1);
    const states = new Map((await this.world.coordinator.record())?.beads.map(({ beadId, state }) => [beadId, state]));
    const applying = this.world.rows<{ bead_id: string }>("SELECT bead_id FROM approvals WHERE stage = 'apply' AND closed = 0");
    for (const { beadId, epoch } of beads) {
      assert.ok(!applying.some((row) => row.bead_id === beadId));
      assert.ok(this.#parents.get(beadId)?.every((parent) => states.get(parent) === "DONE"));
      assert.equal(states.get(beadId), "LEASED");
      assert.ok(epoch >= (this.#epochs.get(beadId) ?? 1));
      this.#epochs.set(beadId, epoch);
    }
    return beads;
  }
}

test("whatever slots and people do, no bead runs before its parents, no outcome counts twice, nothing is merged of a bead that is not done, and the run ends", async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async ({ beads, edges, slots, steps }) => {
      const keys = Array.from({ length: beads }, (_, at) => `f${at}`);
      const dependsOn = (at: number) => [...new Set(edges.filter(([, child]) => child === at).map(([parent]) => `f${parent}`))];
      const run = new RandomRun(aSeed({ name: "random", slots, beads: keys.map((key, at) => ({ key, dependsOn: dependsOn(at), maxAttempts: 3 })) }));
      await run.world.seed(run.seed);
      for (const [slot, step] of steps) await run.step(slot % slots, step);
      await run.finish();
      // The counts that triggers keep are what a count of the beads gives.
      const counted = run.world.rows("SELECT state, count(*) AS beads FROM beads GROUP BY state ORDER BY state");
      expect(run.world.rows("SELECT state, beads FROM state_counts WHERE beads > 0 ORDER BY state")).toEqual(counted);
      const record = await run.world.coordinator.record();
      const done = new Set(record?.beads.flatMap(({ beadId, state }) => (state === "DONE" ? [beadId] : [])));
      expect(run.world.rows<{ bead_id: string }>("SELECT bead_id FROM tree_files").filter((row) => !done.has(row.bead_id))).toEqual([]);
      for (const { beadId, state, epoch } of record?.beads ?? []) {
        const moves = run.world.moves(beadId);
        expect(moves.filter((move) => move === "LEASED>DONE")).toHaveLength(state === "DONE" ? 1 : 0);
        expect(moves.filter((move) => move === "READY>LEASED").length).toBeLessThanOrEqual(epoch);
      }
      const failed = record?.beads.some(({ state }) => state === "FAILED") === true;
      const reports = run.world.reports.map(({ outcome }) => outcome);
      expect(reports.filter((outcome) => outcome === "accepted")).toHaveLength(failed ? 0 : 1);
      expect(reports.filter((outcome) => outcome === "diverged").length > 0).toBe(failed);
      expect(new Set(run.world.events.map(({ eventId }) => eventId)).size).toBe(run.world.events.length);
    }),
    { numRuns: 40, interruptAfterTimeLimit: 60_000 },
  );
}, 90_000);
