/** What lets a run be dispatched: policy before it is compiled, and what each block of the dispatch gate leads to. */
import type { RunReport } from "@factory/schemas/rpc";
import { describe, expect, test, vi } from "vitest";
import { POLICY_DEADLINE_MS } from "./dispatch-policy.ts";
import { anAcceptedRun, ANN, aRequest, BEAD_ID } from "./testing/builders.ts";
import { commissioned, decide, Surroundings } from "./testing/surroundings.ts";

type Blocked = Extract<RunReport, { outcome: "blocked" }>;

const CLEARANCE_ID = "CLE-00000000000000000000000001";
const DENIAL = { allowed: false, policies: ["no-dispatch-at-night"], reason: "Nothing is dispatched at night." };

async function running(request = aRequest()): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), request);
  await world.compiled();
  return world;
}

function aBlock(code: Blocked["code"], overrides: Partial<Blocked> = {}): Blocked {
  return { outcome: "blocked", requestId: "BLK-1", code, message: `It is ${code}.`, clearanceId: CLEARANCE_ID, beads: 6, ceiling: 5, ...overrides };
}

const block = (world: Surroundings, code: Blocked["code"], overrides: Partial<Blocked> = {}, effectId = "blocked") =>
  world.report(effectId, { kind: "run", report: aBlock(code, overrides) });

describe("an approved specification", () => {
  test("goes to mediation with the approval and the policy decision that its run's clearance rests on", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human", budgetUsd: 12.5 } }));
    await decide(world, "approved");
    const [granted] = world.of("APPROVAL_GRANTED");
    expect(world.policyRequests).toMatchObject([
      {
        action: "Dispatch",
        principal: { kind: "system", org: "acme" },
        resource: { type: "Session", id: aRequest().sessionId, assembly: "pricing" },
        context: { approvedBy: "person", reviewMode: "human", budgetCents: 1_250, suspended: false },
      },
    ]);
    expect(world.compiles[0]?.request.clearance).toEqual({
      approvedBy: "person",
      approver: "key:ann",
      approvalId: granted?.approvalId,
      policy: { decisionId: expect.any(String), policies: ["dispatch-approved"], policySet: "f".repeat(64) },
    });
  });

  test("that policy does not let be dispatched ends the session POLICY_DENIED with the reason and the policies", async () => {
    const world = new Surroundings();
    world.judgePolicy = () => DENIAL;
    await commissioned(world, aRequest());
    expect(world.compiles).toEqual([]);
    expect(world.of("COMPILATION_FAILED")).toMatchObject([{ code: "POLICY_DENIED", message: expect.stringContaining("no-dispatch-at-night") }]);
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "POLICY_DENIED", reason: expect.stringContaining("Nothing is dispatched at night.") }]);
  });

  test("waits while the policy engine is away, says so over an eviction, and goes on when it is back", async () => {
    const world = new Surroundings();
    world.moods.policy = "down";
    await commissioned(world, aRequest());
    expect(await world.session.status()).toMatchObject({ state: "COMPILING", reason: expect.stringContaining("Waiting for the policy engine") });
    expect(world.compiles).toEqual([]);
    world.restart();
    world.moods.policy = "up";
    await world.later(60 * 60_000);
    expect(world.compiles).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ reason: null });
  });

  test("waits no longer than three seconds for a policy engine that says nothing, and asks again", async () => {
    const world = new Surroundings();
    world.moods.policy = "silent";
    await world.session.commission(aRequest());
    const settling = world.settle();
    await vi.waitUntil(() => world.policyRequests.length > 0);
    world.moods.policy = "up";
    world.clock.advance(POLICY_DEADLINE_MS);
    await settling;
    await world.later(60 * 60_000);
    expect(JSON.stringify(world.log.events)).toContain(`The policy engine took longer than ${POLICY_DEADLINE_MS} ms.`);
    expect(world.policyRequests).toHaveLength(2);
    expect(world.compiles).toHaveLength(1);
  });

  test("is not compiled any more when the session was cancelled while policy was away", async () => {
    const world = new Surroundings();
    world.moods.policy = "down";
    await commissioned(world, aRequest());
    await world.session.cancel("", ANN);
    await world.later(60_000);
    expect(await world.session.status()).toMatchObject({ state: "CANCELLED" });
    expect(world.compiles).toEqual([]);
  });
});

describe("a run whose clearance is stale or gone", () => {
  test.each(["DISPATCH_STALE_CLEARANCE", "DISPATCH_NO_CLEARANCE"] as const)("gets a new one from policy and mediation, without a person (%s)", async (code) => {
    const world = await running();
    await block(world, code);
    expect(world.clears).toMatchObject([{ requestId: "BLK-1", askedFor: null, basis: { approvedBy: "policy", approver: "policy:auto" } }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
    expect(world.policyRequests.at(-1)).toMatchObject({ context: { askedFor: 6 } });
  });

  test("is handled once for its request, also when it is told under another effect", async () => {
    const world = await running();
    await block(world, "DISPATCH_STALE_CLEARANCE");
    await block(world, "DISPATCH_STALE_CLEARANCE", {}, "told again");
    world.restart();
    await block(world, "DISPATCH_STALE_CLEARANCE", {}, "and again");
    expect(world.clears).toHaveLength(1);
  });

  test("gets it also while a person is asked something else", async () => {
    const world = await running();
    const clarificationId = "CLR-00000000000000000000000001";
    await world.report("ask", {
      kind: "run",
      report: { outcome: "clarification", clarificationId, beadId: BEAD_ID, title: "Write double", question: "Round how?" },
    });
    await block(world, "DISPATCH_STALE_CLEARANCE");
    expect(world.clears).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
  });

  test("waits while the policy engine is away; what runs goes on and what it reports is handled", async () => {
    const world = await running();
    world.moods.policy = "down";
    await block(world, "DISPATCH_STALE_CLEARANCE");
    expect(world.clears).toEqual([]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", reason: expect.stringContaining("policy engine") });
    world.moods.policy = "up";
    await world.later(60 * 60_000);
    expect(world.clears).toHaveLength(1);
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
  });

  test("is over when the run ends before policy is back", async () => {
    const world = await running();
    world.moods.policy = "down";
    await block(world, "DISPATCH_STALE_CLEARANCE");
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    await world.later(60 * 60_000);
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    expect(world.clears).toEqual([]);
  });

  test("is put to a person when policy denies it, or mediation refuses it; their approval asks policy again as a person's", async () => {
    const world = await running();
    world.judgePolicy = () => DENIAL;
    await block(world, "DISPATCH_STALE_CLEARANCE");
    const [, prompt] = world.of("REVIEW_REQUIRED");
    expect(prompt).toMatchObject({
      context: { matter: "clearance", code: "DISPATCH_STALE_CLEARANCE" },
      promptText: expect.stringContaining("no-dispatch-at-night"),
    });
    expect(world.clears).toEqual([]);
    world.judgePolicy = () => ({ allowed: true, policies: ["person-may"], reason: "" });
    world.moods.mediation = { ok: false, code: "FAILED_PRECONDITION", message: "no seed", details: {} };
    expect(await decide(world, "approved")).toMatchObject({ ok: true });
    expect(world.policyRequests.at(-1)).toMatchObject({ context: { approvedBy: "person" } });
    expect(world.of("REVIEW_REQUIRED").at(-1)).toMatchObject({ promptText: expect.stringContaining("FAILED_PRECONDITION") });
    world.moods.mediation = "up";
    await decide(world, "approved");
    expect(world.clears).toMatchObject([{ basis: { approvedBy: "person", approver: "key:ann", policy: { policies: ["person-may"] } } }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
  });
});

describe("a run that has grown past its ceiling", () => {
  test("stops and asks, in auto mode too; approved, the beads it has are what is asked for", async () => {
    const world = await running();
    await block(world, "DISPATCH_CEILING_EXCEEDED");
    expect(world.of("REVIEW_REQUIRED").at(-1)).toMatchObject({
      fromState: "EXECUTING",
      toState: "IN_REVIEW",
      action: expect.stringContaining("6 beads"),
      context: { matter: "clearance", code: "DISPATCH_CEILING_EXCEEDED", beads: 6, ceiling: 5, clearanceId: CLEARANCE_ID },
    });
    expect(world.clears).toEqual([]);
    expect(await decide(world, "approved", "it may be larger")).toEqual({ ok: true, state: "EXECUTING" });
    const granted = world.of("APPROVAL_GRANTED").at(-1);
    expect(world.clears).toMatchObject([
      { requestId: granted?.approvalId, askedFor: 6, basis: { approvedBy: "person", approver: "key:ann", approvalId: granted?.approvalId } },
    ]);
    expect(granted?.approvalId).toMatch(/^APR-/);
  });

  test("is cleared for as many items as an amendment says, and for no fewer than it has", async () => {
    const world = await running();
    await block(world, "DISPATCH_CEILING_EXCEEDED");
    for (const note of ["five", "5", "-7", "6.5"]) expect(await decide(world, "amended", note), note).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await decide(world, "amended", "12")).toMatchObject({ ok: true });
    expect(world.clears).toMatchObject([{ askedFor: 12 }]);
  });

  test("is asked about once for its request, also when it is told again after the answer", async () => {
    const world = await running();
    await block(world, "DISPATCH_CEILING_EXCEEDED");
    await decide(world, "approved");
    await block(world, "DISPATCH_CEILING_EXCEEDED", {}, "told again");
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
    expect(world.clears).toHaveLength(1);
  });

  test("ends the session with the gate's code when it is rejected", async () => {
    const world = await running();
    await block(world, "DISPATCH_CEILING_EXCEEDED");
    await decide(world, "rejected", "too much");
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "DISPATCH_CEILING_EXCEEDED", reason: expect.stringContaining("too much") }]);
    expect(world.clears).toEqual([]);
  });
});

test.each(["DISPATCH_NO_SESSION", "DISPATCH_MISSING_FIELD", "DISPATCH_NO_TOOL_CONTRACT", "DISPATCH_MALFORMED"] as const)(
  "a run that is blocked for %s asks a person; approved, a new clearance is written for what was asked before",
  async (code) => {
    const world = await running();
    await block(world, code, { ceiling: null, clearanceId: null });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.context).toMatchObject({ matter: "clearance", code });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.context).not.toHaveProperty("ceiling");
    await decide(world, "approved");
    expect(world.clears).toMatchObject([{ askedFor: null }]);
  },
);
