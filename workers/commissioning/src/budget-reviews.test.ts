import { describe, expect, test } from "vitest";
import type { ReviewDecision } from "@factory/schemas";
import { newBudget } from "./budget-answers.ts";
import type { BudgetReport } from "./budget-answers.ts";
import { ANN, anAcceptedRun, aRequest, BEAD_ID, RUN_ID } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

const aBudgetReport = (overrides: Partial<BudgetReport> = {}): BudgetReport => ({
  outcome: "budget",
  requestId: "APR-00000000000000000000000001",
  budgetUsd: 10,
  spentUsd: 9.25,
  reservedUsd: 0,
  neededUsd: 2,
  waitingBeadIds: [BEAD_ID],
  ...overrides,
});

/** A session whose run has reported that its budget is exhausted. */
async function exhausted(report = aBudgetReport()): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), aRequest());
  await world.compiled();
  await world.report(report.requestId, { kind: "run", report });
  return world;
}

async function decide(world: Surroundings, decision: ReviewDecision, note = "") {
  const review = (await world.session.status())?.openReview;
  if (review === null || review === undefined) throw new Error("No review is open.");
  const result = await world.session.acknowledge({ reviewId: review.reviewId, decision, note, actionDigest: review.actionDigest, principal: ANN });
  await world.settle();
  return result;
}

describe("an exhausted budget", () => {
  test("is put to a person with what was spent, what is needed and what each answer does, whatever the review mode", async () => {
    const world = await exhausted();
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", openReview: { action: expect.stringContaining("budget of 10.00 USD") } });
    const asked = world.of("REVIEW_REQUIRED").at(-1);
    expect(asked).toMatchObject({ toState: "IN_REVIEW", context: { matter: "budget", budgetUsd: 10, spentUsd: 9.25, neededUsd: 2 } });
    for (const said of ["9.25 USD are spent", "asks for 2.00 USD", BEAD_ID, "a budget of 20.00 USD", '"50 USD"', "Reject to end"]) {
      expect(asked?.promptText).toContain(said);
    }
    expect(world.funds).toEqual([]);
  });

  test.each([
    ["approved", "", 20],
    ["approved", "go on, this matters to 3 teams", 20],
    ["approved", "50", 50],
    ["approved", "raise it to 50.5 USD please", 50.5],
    ["amended", "$ 12", 12],
  ] as const)("that is %s with the note %j goes on with its new bound", async (decision, note, budgetUsd) => {
    const world = await exhausted();
    expect(await decide(world, decision, note)).toEqual({ ok: true, state: "EXECUTING" });
    expect(world.funds).toEqual([{ requestId: aBudgetReport().requestId, decision: "approved", budgetUsd, note, decidedBy: ANN.id }]);
    expect(world.of("APPROVAL_GRANTED").at(-1)).toMatchObject({ approvalId: aBudgetReport().requestId });
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED", runId: RUN_ID });
  });

  test.each([
    ["amended", "more, please"],
    ["approved", "10 USD"],
    ["approved", "11"],
    ["approved", "20 USD or 30 USD"],
  ] as const)("that is %s with the note %j is refused, and the question stays open", async (decision, note) => {
    const world = await exhausted();
    expect(await decide(world, decision, note)).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(await decide(world, "approved")).toMatchObject({ ok: true });
  });

  test("that is rejected ends the session FAILED with the code of the registry, and its run is cancelled", async () => {
    const world = await exhausted();
    expect(await decide(world, "rejected", "too dear")).toMatchObject({ ok: true });
    expect(world.cancels).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ state: "FAILED", reason: expect.stringContaining("too dear") });
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "BUDGET_EXHAUSTED" }]);
  });

  test("is asked again when the run exhausts the new bound too", async () => {
    const world = await exhausted();
    await decide(world, "approved");
    await world.report("again", { kind: "run", report: aBudgetReport({ requestId: "APR-00000000000000000000000002", budgetUsd: 20, spentUsd: 20 }) });
    expect(world.of("REVIEW_REQUIRED").filter(({ context }) => context?.["matter"] === "budget")).toHaveLength(2);
    expect(await decide(world, "approved", "30 USD")).toMatchObject({ ok: true });
    expect(world.funds.map(({ budgetUsd }) => budgetUsd)).toEqual([20, 30]);
  });

  test("of zero is doubled to what is needed", () => {
    expect(newBudget(aBudgetReport({ budgetUsd: 0, spentUsd: 1, neededUsd: 0.5 }), "", false)).toEqual({ ok: true, budgetUsd: 1.5 });
  });
});

describe("a session that is poked", () => {
  test("pokes the run it waits for, and mediation while that compiles", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    expect(await world.session.poke()).toEqual({ state: "COMPILING" });
    expect(world.pokes).toEqual(["mediation"]);
    await world.compiled();
    expect(await world.session.poke()).toEqual({ state: "EXECUTING" });
    expect(world.pokes).toEqual(["mediation", "coordinator"]);
  });

  test("answers also when its run cannot be reached", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.compiled();
    world.moods.coordinator = "down";
    expect(await world.session.poke()).toEqual({ state: "EXECUTING" });
    expect(world.log.of("session.poke-run")).toMatchObject([{ outcome: "failed" }]);
  });

  test("pokes nobody once it has ended, and is none before it was commissioned", async () => {
    const world = new Surroundings();
    expect(await world.session.poke()).toBeNull();
    await commissioned(world, aRequest());
    await world.compiled();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.poke()).toEqual({ state: "COMPLETED" });
    expect(world.pokes).toEqual([]);
  });
});
