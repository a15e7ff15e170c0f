/** Reviews that several people have to approve: whose vote counts, for how long, and what becomes of it. */
import { approvalReceipt } from "@factory/schemas";
import type { ReviewDecision } from "@factory/schemas";
import type { PinnedGovernance, Principal } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { MAX_VERIFIER_TRIES } from "./amending.ts";
import { APPROVAL_TTL_MS } from "./receipts.ts";
import { anAcceptedRun, ANN, aRequest, BEAD_ID, ORG } from "./testing/builders.ts";
import { commissioned, decide, Surroundings } from "./testing/surroundings.ts";

const SUBMISSION = { decisionId: "d".repeat(64), policies: ["submit"], policySet: "s".repeat(64) };
const VOTED = { decisionId: "e".repeat(64), policies: ["approvers-decide"], policySet: "s".repeat(64) };
const ANNS_LAPTOP: Principal = { id: "oidc:ann@acme", kind: "oidc", org: ORG, person: "ann" };
const ANNS_KEY: Principal = { id: "key:ann", kind: "api-key", org: ORG, person: "ann" };
const BOB: Principal = { id: "key:bob", kind: "api-key", org: ORG, person: "bob" };

/** A session that waits for the approval of so many people. */
async function waiting(approvals: PinnedGovernance["approvals"]): Promise<Surroundings> {
  return commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" }, governance: { submission: SUBMISSION, approvals } }));
}

const vote = (world: Surroundings, principal: Principal, decision: ReviewDecision = "approved", note = "") =>
  decide(world, decision, note, { principal, policy: VOTED });

/** Until the verifier of an amendment is asked no more. */
async function triesOver(world: Surroundings): Promise<void> {
  for (let round = 0; round < MAX_VERIFIER_TRIES; round++) await world.later(600_000);
}

const receipts = (world: Surroundings) =>
  world
    .of("ARTIFACT_WRITTEN")
    .filter(({ artifactType }) => artifactType === "ApprovalReceipt")
    .map(({ artifactId }) => approvalReceipt.parse(world.graph.get(artifactId)?.data));

describe("a review that two people have to approve", () => {
  test("says so, keeps the first vote with its receipt over an eviction, and is carried out by the second", async () => {
    const world = await waiting({ approval: 2 });
    expect(world.of("REVIEW_REQUIRED")[0]?.context).toMatchObject({ approvalsNeeded: 2 });
    expect(await vote(world, ANNS_KEY, "approved", "fine")).toEqual({ ok: true, state: "AWAITING_APPROVAL" });
    const [first] = world.session.store.approvals();
    expect(world.of("REVIEW_VOTE_RECORDED")).toEqual([
      {
        reviewId: first?.reviewId,
        approvalId: first?.approvalId,
        approver: "key:ann",
        actionDigest: first?.actionDigest,
        decision: "approved",
        approvals: 1,
        needed: 2,
        expiresAtUnixSec: Math.floor((world.clock.now() + APPROVAL_TTL_MS) / 1_000),
      },
    ]);
    expect(first).toMatchObject({ usedBy: null, person: "ann", policy: VOTED });
    expect(world.of("APPROVAL_GRANTED")).toEqual([]);
    world.restart();
    expect(await vote(world, BOB, "approved", "looks right to me as well")).toEqual({ ok: true, state: "COMPILING" });
    const [ann, bob] = world.session.store.approvals();
    expect([ann?.usedBy, bob?.usedBy]).toEqual([bob?.approvalId, bob?.approvalId]);
    expect(world.of("REVIEW_VOTE_RECORDED")).toHaveLength(1);
    expect(world.of("APPROVAL_GRANTED")).toMatchObject([{ approvalId: bob?.approvalId, approver: "key:bob" }]);
    expect(world.of("REVIEW_RESOLVED")).toMatchObject([{ decidedBy: "key:ann and key:bob" }]);
    expect(receipts(world)).toMatchObject([
      { approver: "key:ann", person: "ann", decision: "approved", reason: "fine", policy: VOTED, expiresAt: expect.any(String) },
      { approver: "key:bob", person: "bob", decision: "approved", policy: VOTED },
    ]);
    expect(world.compiles).toHaveLength(1);
  });

  test("takes one person once, whatever credential they come with", async () => {
    const world = await waiting({ approval: 2 });
    await vote(world, ANNS_KEY);
    expect(await vote(world, ANNS_LAPTOP)).toMatchObject({ ok: false, code: "APPROVER_REPEATED", message: expect.stringContaining("one more person") });
    expect(await vote(world, ANNS_KEY)).toMatchObject({ ok: false, code: "APPROVER_REPEATED" });
    expect(world.session.store.approvals()).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ state: "AWAITING_APPROVAL" });
  });

  test("tells credentials apart where nothing is known of the person behind them", async () => {
    const world = await waiting({ approval: 2 });
    await vote(world, ANN);
    expect(await vote(world, { ...ANN })).toMatchObject({ code: "APPROVER_REPEATED" });
    expect(await vote(world, { id: "key:other", kind: "api-key", org: ORG })).toMatchObject({ ok: true, state: "COMPILING" });
  });

  test("is decided by one rejection, also of somebody who had approved; the votes before are used for nothing", async () => {
    const world = await waiting({ approval: 3 });
    await vote(world, ANNS_KEY);
    await vote(world, BOB);
    expect(await vote(world, ANNS_LAPTOP, "rejected", "I was wrong")).toMatchObject({ ok: true });
    expect(await world.session.status()).toMatchObject({ state: "REJECTED" });
    expect(world.session.store.approvals().map(({ usedBy, approvalId }) => usedBy === approvalId)).toEqual([false, false, true]);
    expect(world.session.store.approvals().filter(({ usedBy }) => usedBy === null)).toHaveLength(2);
    expect(world.of("APPROVAL_GRANTED")).toEqual([]);
  });

  test("amended, needs the same note from each: another one is another action and changes nothing", async () => {
    const world = await waiting({ approval: 2 });
    await vote(world, ANNS_KEY, "amended", "No globals.");
    expect(await vote(world, BOB, "amended", "No classes.")).toMatchObject({
      ok: false,
      code: "ACTION_DIGEST_MISMATCH",
      message: expect.stringContaining("No globals."),
    });
    expect(await vote(world, BOB, "approved")).toMatchObject({ ok: false, code: "ACTION_DIGEST_MISMATCH" });
    expect(world.session.store.approvals()).toHaveLength(1);
    expect(await vote(world, BOB, "amended", " No globals. ")).toMatchObject({ ok: true, state: "COMPILING" });
    expect(world.compiles[0]?.request.intent).toMatchObject({ constraints: ["No imports.", "No globals."] });
  });

  test("counts a vote for a day and no longer; the same person may then vote anew", async () => {
    const world = await waiting({ approval: 2 });
    await vote(world, ANNS_KEY);
    world.clock.advance(APPROVAL_TTL_MS);
    expect(await vote(world, BOB)).toEqual({ ok: true, state: "AWAITING_APPROVAL" });
    expect(world.of("REVIEW_VOTE_RECORDED").map(({ approvals }) => approvals)).toEqual([1, 1]);
    expect(await vote(world, ANNS_KEY)).toMatchObject({ ok: true, state: "COMPILING" });
    const [expired, bob, ann] = world.session.store.approvals();
    expect([expired?.usedBy, bob?.usedBy, ann?.usedBy]).toEqual([null, ann?.approvalId, ann?.approvalId]);
  });

  test("still counts a vote a moment before it expires", async () => {
    const world = await waiting({ approval: 2 });
    await vote(world, ANNS_KEY);
    world.clock.advance(APPROVAL_TTL_MS - 1);
    expect(await vote(world, BOB)).toMatchObject({ state: "COMPILING" });
  });

  test("refuses a vote on another digest, and one after it was decided", async () => {
    const world = await waiting({ approval: 2 });
    const review = (await world.session.status())?.openReview;
    expect(await decide(world, "approved", "", { principal: BOB, actionDigest: "0".repeat(64) })).toMatchObject({ code: "ACTION_DIGEST_MISMATCH" });
    await vote(world, ANNS_KEY);
    await vote(world, BOB);
    const late = { reviewId: review?.reviewId ?? "", actionDigest: review?.actionDigest ?? "", decision: "approved", note: "", principal: BOB } as const;
    expect(await world.session.acknowledge(late)).toMatchObject({ code: "REVIEW_CLOSED" });
    expect(world.session.store.approvals()).toHaveLength(2);
  });

  test("that is asked again word for word has another digest, and what was voted before counts for nothing", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ governance: { submission: SUBMISSION, approvals: { divergence: 2 } } }));
    await world.compiled();
    // No amendment can be verified, so the same is put to people once more.
    world.sandbox.outages = Number.POSITIVE_INFINITY;
    await world.diverged("first");
    await triesOver(world);
    const first = (await world.session.status())?.openReview;
    await vote(world, ANNS_KEY);
    await vote(world, BOB);
    await triesOver(world);
    const second = (await world.session.status())?.openReview;
    expect(second?.action).toBe(first?.action);
    expect(second?.reviewId).not.toBe(first?.reviewId);
    expect(second?.actionDigest).not.toBe(first?.actionDigest);
    const old = { reviewId: second?.reviewId ?? "", actionDigest: first?.actionDigest ?? "", decision: "approved", note: "", principal: BOB } as const;
    expect(await world.session.acknowledge(old)).toMatchObject({ code: "ACTION_DIGEST_MISMATCH" });
    expect(await vote(world, ANNS_KEY)).toEqual({ ok: true, state: "IN_REVIEW" });
    expect(world.of("REVIEW_VOTE_RECORDED").map(({ approvals }) => approvals)).toEqual([1, 1]);
  });
});

describe("the number of people", () => {
  test("is that of the matter as it was pinned; one where the matter is not named", async () => {
    const world = await waiting({ clarification: 2 });
    expect(await vote(world, ANNS_KEY)).toMatchObject({ state: "COMPILING" });
    await world.compiled();
    const clarificationId = "CLR-00000000000000000000000001";
    await world.report("ask", {
      kind: "run",
      report: { outcome: "clarification", clarificationId, beadId: BEAD_ID, title: "Write double", question: "Round how?" },
    });
    expect(world.of("REVIEW_REQUIRED").map(({ context }) => context?.["approvalsNeeded"])).toEqual([1, 2]);
    expect(await vote(world, ANNS_KEY, "amended", "down")).toEqual({ ok: true, state: "IN_REVIEW" });
    expect(world.clarifications).toEqual([]);
    expect(await vote(world, BOB, "amended", "down")).toEqual({ ok: true, state: "EXECUTING" });
    expect(world.clarifications).toMatchObject([{ answer: "down", answeredBy: "key:ann and key:bob" }]);
  });

  test("does not hold up what the review mode leaves to the platform", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ governance: { submission: SUBMISSION, approvals: { approval: 2 } } }));
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
    expect(world.of("REVIEW_REQUIRED")[0]?.context).not.toHaveProperty("approvalsNeeded");
    expect(receipts(world)).toMatchObject([{ approver: "policy:auto", policy: SUBMISSION }]);
    expect(receipts(world)[0]).not.toHaveProperty("person");
  });

  test("holds for accepted work too, whose evidence names everybody who approved", async () => {
    const world = await waiting({ acceptance: 2 });
    await vote(world, ANNS_KEY);
    await world.compiled({ personClaims: [{ claimId: "C-2", text: "No imports." }] });
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    await vote(world, ANNS_KEY);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    await vote(world, BOB);
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    const { predicate } = await world.sealed(aRequest().sessionId);
    expect(predicate.governance).toEqual({ submission: SUBMISSION, approvals: { acceptance: 2 } });
    expect(predicate.receipts).toMatchObject([
      { approver: "key:ann", person: "ann", policy: VOTED },
      { approver: "key:ann", person: "ann", decision: "approved" },
      { approver: "key:bob", person: "bob", decision: "approved" },
    ]);
    expect(predicate.reviews.at(-1)).toMatchObject({ matter: "acceptance", approvalsNeeded: 2 });
  });
});
