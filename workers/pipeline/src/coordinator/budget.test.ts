import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BeadOutcome, ClaimedBead, RunReport, SeedRequest } from "@factory/schemas/rpc";
import { aSeed, complete, failure, writing } from "../testing/builders.ts";
import type { BeadPlan } from "../testing/builders.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { UNKNOWN_COST_USD } from "./budget.ts";
import { LEASE_TTL_MS } from "./leases.ts";

type BudgetReport = Extract<RunReport, { outcome: "budget" }>;

/** A run with a bound whose beads each ask for that much. */
function aFundedSeed(
  name: string,
  budgetUsd: number | null,
  eachUsd: number,
  beads: readonly BeadPlan[] = [{ key: "a" }, { key: "b" }],
  slots = 2,
): SeedRequest {
  const seed = aSeed({ name, beads, slots });
  return { ...seed, budgetUsd, beads: seed.beads.map((bead) => ({ ...bead, directive: { ...bead.directive, budgetUsd: eachUsd } })) };
}

async function aFundedRun(...plan: Parameters<typeof aFundedSeed>): Promise<CoordinatorWorld> {
  const world = new CoordinatorWorld();
  await world.seed(aFundedSeed(...plan));
  return world;
}

/** The outcome of a bead that wrote what it should, with calls of these costs; undefined is a call of unknown cost. */
async function costing(world: CoordinatorWorld, bead: ClaimedBead, ...costs: readonly (number | undefined)[]): Promise<BeadOutcome> {
  const path = bead.directive.role === "integrator" ? "src/index.ts" : `src/${bead.directive.title}.ts`;
  return priced(complete(bead, [await writing(world.blobs, bead, path, "fine")]), ...costs);
}

function priced(outcome: BeadOutcome, ...costs: readonly (number | undefined)[]): BeadOutcome {
  const { costUsd: _free, ...call } = outcome.modelCalls[0] ?? fail();
  return { ...outcome, modelCalls: costs.map((costUsd) => (costUsd === undefined ? call : { ...call, costUsd })) };
}

function fail(): never {
  throw new Error("The builder made no call.");
}

const accountOf = (world: CoordinatorWorld) => world.rows<{ spent_usd: number; reserved_usd: number }>("SELECT spent_usd, reserved_usd FROM budget")[0];
const budgetReports = (world: CoordinatorWorld): BudgetReport[] => world.reports.flatMap((report) => (report.outcome === "budget" ? [report] : []));

async function fund(world: CoordinatorWorld, decision: Partial<Parameters<CoordinatorWorld["coordinator"]["fund"]>[1]> = {}) {
  const asked = budgetReports(world).at(-1);
  const result = await world.coordinator.fund("fund", {
    requestId: asked?.requestId ?? "",
    decision: "approved",
    budgetUsd: 100,
    note: "",
    decidedBy: "ann",
    ...decision,
  });
  await world.settle();
  return result;
}

describe("a run with a budget", () => {
  test("reserves at the claim and settles at the outcome what the calls cost", async () => {
    const world = await aFundedRun("settle", 10, 2);
    const bead = await world.claim();
    expect(accountOf(world)).toEqual({ spent_usd: 0, reserved_usd: 2 });
    await world.exchange(0, [await costing(world, bead, 0.25, 0.5)], 0);
    expect(accountOf(world)).toEqual({ spent_usd: 0.75, reserved_usd: 0 });
  });

  test("settles a call of unknown cost as all that was reserved, never as nothing, and more when more is known", async () => {
    const world = await aFundedRun("unknown", 10, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 0.25, undefined)], 0);
    expect(accountOf(world)).toEqual({ spent_usd: 2, reserved_usd: 0 });
    await world.exchange(0, [await costing(world, await world.claim(), 3, undefined)], 0);
    expect(accountOf(world)).toEqual({ spent_usd: 5, reserved_usd: 0 });
  });

  test("keeps spent what an expired attempt had reserved, and counts its late outcome no second time", async () => {
    const world = await aFundedRun("expired", 10, 2);
    const bead = await world.claim();
    await world.pass(LEASE_TTL_MS + 1);
    expect(accountOf(world)).toEqual({ spent_usd: 2, reserved_usd: 0 });
    await world.exchange(0, [await costing(world, bead, 1)], 0);
    expect(accountOf(world)).toEqual({ spent_usd: 2, reserved_usd: 0 });
  });

  test("takes nothing for a claim that is repeated", async () => {
    const world = await aFundedRun("repeated", 10, 2);
    await world.claim();
    await world.claim();
    expect(accountOf(world)).toEqual({ spent_usd: 0, reserved_usd: 2 });
  });

  test("without a bound keeps no account and never waits", async () => {
    const world = await aFundedRun("unbounded", null, 5);
    await world.work();
    expect(accountOf(world)).toBeUndefined();
    expect(world.reports).toMatchObject([{ outcome: "accepted" }]);
  });

  test("of zero runs with a model that is known to cost nothing", async () => {
    const world = await aFundedRun("zero", 0, 0);
    await world.work();
    expect(world.reports).toMatchObject([{ outcome: "accepted" }]);
    expect(world.eventsOf("BUDGET_EXHAUSTED")).toEqual([]);
  });

  test("of zero is exhausted by a call of unknown cost", async () => {
    const world = await aFundedRun("zero-unknown", 0, 0);
    await world.exchange(0, [await costing(world, await world.claim(), undefined)], 0);
    expect((await world.exchange(0)).beads).toEqual([]);
    await world.settle();
    expect(budgetReports(world)).toMatchObject([{ budgetUsd: 0, spentUsd: UNKNOWN_COST_USD }]);
  });
});

describe("an exhausted budget", () => {
  test("hazard: keep-alive without a bound on spend - lets the bead wait without a lease, tells it once, and asks a person once", async () => {
    const world = await aFundedRun("exhausted", 3, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 0);
    const answer = await world.exchange(0);
    await world.settle();
    expect(answer).toMatchObject({ beads: [], work: "waiting" });
    const waiting = (await world.coordinator.record())?.beads.find(({ state }) => state === "WAITING");
    expect(world.moves(waiting?.beadId ?? "")).toEqual([">READY", "READY>WAITING"]);
    expect(world.eventsOf("BUDGET_EXHAUSTED")).toEqual([{ beadId: waiting?.beadId, budgetUsd: 3, spentUsd: 2, reservedUsd: 0 }]);
    await world.exchange(0);
    await world.pass(10 * 60_000);
    expect(budgetReports(world)).toMatchObject([{ budgetUsd: 3, spentUsd: 2, reservedUsd: 0, neededUsd: 2, waitingBeadIds: [waiting?.beadId] }]);
    expect(world.rows("SELECT slot FROM beads WHERE slot IS NOT NULL")).toEqual([]);
  });

  test("is not asked about while what is under way may turn out cheaper, and goes on by itself when it did", async () => {
    const world = await aFundedRun("cheaper", 3, 2);
    const bead = await world.claim(0);
    expect((await world.exchange(1)).beads).toEqual([]);
    await world.settle();
    expect(await world.stateOf("b")).toBe("WAITING");
    expect(world.reports).toEqual([]);
    await world.exchange(0, [await costing(world, bead, 0.5)], 0);
    await world.settle();
    expect(await world.stateOf("b")).toBe("READY");
    expect(world.wakes.length).toBeGreaterThan(1);
    expect(world.reports).toEqual([]);
    await world.work();
    expect(world.reports).toMatchObject([{ outcome: "accepted" }]);
  });

  test("that is raised lets the run go on to its end, and asks again when it is exhausted again", async () => {
    const world = await aFundedRun("raised", 2, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    expect(await fund(world, { budgetUsd: 4 })).toEqual({ ok: true });
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    expect(budgetReports(world).map(({ budgetUsd, spentUsd }) => [budgetUsd, spentUsd])).toEqual([
      [2, 2],
      [4, 4],
    ]);
    expect(await fund(world, { budgetUsd: null })).toEqual({ ok: true });
    await world.exchange(0, [await costing(world, await world.claim(), 500)], 1);
    await world.settle();
    expect(world.reports.at(-1)).toMatchObject({ outcome: "accepted" });
  });

  test("that is raised by too little is asked about at once again", async () => {
    const world = await aFundedRun("too-little", 2, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    expect(await fund(world, { budgetUsd: 3 })).toEqual({ ok: true });
    expect(budgetReports(world).map(({ budgetUsd }) => budgetUsd)).toEqual([2, 3]);
  });

  test("is decided once; what is not above the old bound, not asked or decided otherwise is refused", async () => {
    const world = await aFundedRun("decided", 2, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    expect(await fund(world, { requestId: "APR-other" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await fund(world, { budgetUsd: 2 })).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await fund(world, { budgetUsd: Number.NaN })).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect([await fund(world), await fund(world)]).toEqual([{ ok: true }, { ok: true }]);
    expect(await fund(world, { decision: "rejected" })).toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(world.moves(world.eventsOf("BUDGET_EXHAUSTED")[0]?.beadId ?? "")).toEqual([">READY", "READY>WAITING", "WAITING>READY"]);
  });

  test("that is rejected ends the run and leaves what waits undone", async () => {
    const world = await aFundedRun("rejected", 2, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    expect(await fund(world, { decision: "rejected", budgetUsd: null, note: "too dear" })).toEqual({ ok: true });
    expect((await world.coordinator.record())?.beads.map(({ state }) => state)).toEqual(["DONE", "CANCELLED", "CANCELLED", "CANCELLED"]);
    expect((await world.exchange(0)).work).toBe("complete");
  });

  test("outlives the object: after a restart the run waits for the same answer", async () => {
    const world = await aFundedRun("restart", 2, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    await world.restart();
    await world.settle();
    expect(budgetReports(world)).toHaveLength(1);
    expect(await fund(world)).toEqual({ ok: true });
    expect(await world.stateOf("b")).toBe("READY");
  });

  test("lets a bead that waits for it be re-opened or cancelled, and waits for it no more", async () => {
    const world = await aFundedRun("cancelled", 2, 2);
    await world.exchange(0, [await costing(world, await world.claim(), 2)], 1);
    await world.settle();
    await world.coordinator.cancel("cancel", "enough");
    await world.settle();
    expect(world.rows("SELECT * FROM budget_waits")).toEqual([]);
    expect(await fund(world)).toMatchObject({ code: "FAILED_PRECONDITION" });
  });
});

test("no order of claims, outcomes, failures and expiries takes a claim that the budget does not cover, and every reservation is settled", async () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant("claim" as const), slot: fc.nat(2) }),
    fc.record({ kind: fc.constant("done" as const), slot: fc.nat(2), cost: fc.constantFrom(0, 0.5, 1, undefined) }),
    fc.record({ kind: fc.constant("fault" as const), slot: fc.nat(2), cost: fc.constantFrom(0, 0.5, undefined) }),
    fc.record({ kind: fc.constant("expire" as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 6 }), fc.array(step, { maxLength: 25 }), async (budgetUsd, steps) => {
      const world = await aFundedRun("any", budgetUsd, 1, [{ key: "a" }, { key: "b" }, { key: "c" }], 3);
      const held = new Map<number, ClaimedBead>();
      for (const taken of steps) {
        switch (taken.kind) {
          case "claim": {
            const [bead] = (await world.exchange(taken.slot)).beads;
            if (bead !== undefined) held.set(taken.slot, bead);
            break;
          }
          case "done":
          case "fault": {
            const bead = held.get(taken.slot);
            if (bead === undefined) break;
            const outcome = taken.kind === "done" ? await costing(world, bead, taken.cost) : priced(failure(bead, "provider", "MODEL_UNAVAILABLE"), taken.cost);
            await world.exchange(taken.slot, [{ ...outcome, effectId: `${bead.beadId}:${bead.epoch}:${taken.kind}` }], 0);
            held.delete(taken.slot);
            break;
          }
          case "expire":
            await world.pass(10 * 60_000);
            await world.pass(10 * 60_000);
            held.clear();
            break;
          default:
            taken satisfies never;
        }
        await world.settle();
        const account = accountOf(world) ?? fail();
        expect(account.spent_usd + account.reserved_usd).toBeLessThanOrEqual(budgetUsd + 1e-9);
        const [row] = world.rows<{ reserved: number }>("SELECT coalesce(sum(reserved_usd), 0) AS reserved FROM beads WHERE state = 'LEASED'");
        expect(account.reserved_usd).toBeCloseTo(row?.reserved ?? -1);
        expect(world.rows("SELECT bead_id FROM beads WHERE reserved_usd > 0 AND state <> 'LEASED'")).toEqual([]);
      }
    }),
    { numRuns: 60 },
  );
});
