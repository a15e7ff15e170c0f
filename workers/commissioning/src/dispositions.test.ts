/** Decisions of the We-layer: once per effect and per event, mapped to the matter, with their records in the receipt. */
import { approvalReceipt } from "@factory/schemas";
import type { CommissionRequest, Disposition } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { anAcceptedRun, aRequest, BEAD_ID, ORG } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

const POLICY = { decisionId: "e".repeat(64), policies: ["signals"], policySet: "s".repeat(64) };
const EVENT = "DSP-00000000000000000000000001";
const OTHER_EVENT = "DSP-00000000000000000000000002";
const ELUCIDATION = "ELC-00000000000000000000000001";
const ANN = { id: "linear:ann", person: "ann" };
const BOB = { id: "linear:bob", person: "bob" };

async function waiting(overrides: Partial<CommissionRequest> = {}): Promise<Surroundings> {
  return commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" }, ...overrides }));
}

/** A disposition on the review that is open now. */
async function aDisposition(world: Surroundings, overrides: Partial<Disposition> = {}): Promise<Disposition> {
  const review = (await world.session.status())?.openReview;
  return {
    org: ORG,
    reviewId: review?.reviewId ?? "REV-00000000000000000000000000",
    actionDigest: review?.actionDigest ?? "",
    decision: "approved",
    note: "",
    dispositionEventId: EVENT,
    elucidationArtifactId: ELUCIDATION,
    approvers: [ANN],
    override: false,
    policy: POLICY,
    ...overrides,
  };
}

async function dispose(world: Surroundings, effectId: string, overrides: Partial<Disposition> = {}) {
  const answer = await world.session.dispose(effectId, await aDisposition(world, overrides));
  await world.settle();
  return answer;
}

const receiptOf = (world: Surroundings, approvalId: string | undefined) => approvalReceipt.parse(world.graph.get(approvalId ?? "")?.data);

/** A session whose accepted work waits for a person. */
async function accepting(): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), aRequest());
  await world.compiled({ personClaims: [{ claimId: "C-2", text: "No imports." }] });
  await world.report("accepted", { kind: "run", report: anAcceptedRun() });
  return world;
}

async function asking(): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), aRequest());
  await world.compiled();
  const clarificationId = "CLR-00000000000000000000000001";
  await world.report("ask", {
    kind: "run",
    report: { outcome: "clarification", clarificationId, beadId: BEAD_ID, title: "Write double", question: "Round how?" },
  });
  return world;
}

describe("a disposition", () => {
  test("is carried out with its event and its elucidation in the receipt", async () => {
    const world = await waiting();
    expect(await dispose(world, "desk:1", { signal: "CommissioningSignal" })).toEqual({ ok: true, state: "COMPILING" });
    const [granted] = world.of("APPROVAL_GRANTED");
    expect(receiptOf(world, granted?.approvalId)).toMatchObject({
      approver: "linear:ann",
      person: "ann",
      dispositionEventId: EVENT,
      elucidationArtifactId: ELUCIDATION,
      policy: POLICY,
      decision: "approved",
    });
    expect(world.compiles[0]?.request.clearance).toMatchObject({ approvedBy: "person", approver: "linear:ann", approvalId: granted?.approvalId });
  });

  test("takes effect once for its effect and once for its event, in this life and the next", async () => {
    const world = await waiting();
    const disposition = await aDisposition(world);
    const first = await world.session.dispose("desk:1", disposition);
    world.restart();
    expect(await world.session.dispose("desk:1", disposition)).toEqual(first);
    expect(await world.session.dispose("desk:2", disposition)).toEqual({ ok: true, state: "COMPILING" });
    await world.settle();
    expect(world.session.store.approvals()).toHaveLength(1);
    expect(world.of("REVIEW_RESOLVED")).toHaveLength(1);
    expect(world.compiles).toHaveLength(1);
  });

  test("that says something else under an event that was taken is refused", async () => {
    const world = await waiting();
    const disposition = await aDisposition(world);
    await world.session.dispose("desk:1", disposition);
    const changes: Partial<Disposition>[] = [{ decision: "rejected" }, { note: "and now" }, { approvers: [BOB] }, { elucidationArtifactId: "ELC-other" }];
    for (const [index, change] of changes.entries()) {
      expect(await world.session.dispose(`desk:${index + 2}`, { ...disposition, ...change })).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    }
  });

  test("on another digest, an unknown or a closed review, of another organisation or of nobody is refused and stored nowhere", async () => {
    const world = await waiting();
    const refused: [Partial<Disposition>, string][] = [
      [{ actionDigest: "0".repeat(64) }, "ACTION_DIGEST_MISMATCH"],
      [{ reviewId: "REV-00000000000000000000000009" }, "NOT_FOUND"],
      [{ org: "globex" }, "NOT_FOUND"],
      [{ approvers: [] }, "INVALID_ARGUMENT"],
      [{ approvers: [ANN, BOB] }, "INVALID_ARGUMENT"],
      [{ override: true, approvers: [ANN] }, "INVALID_ARGUMENT"],
      [{ override: true, approvers: [ANN, { id: "key:ann", person: "ann" }] }, "INVALID_ARGUMENT"],
      [{ decision: "amended", note: " " }, "INVALID_ARGUMENT"],
    ];
    for (const [index, [change, code]] of refused.entries()) expect(await dispose(world, `desk:${index}`, change), code).toMatchObject({ ok: false, code });
    expect(world.session.store.approvals()).toEqual([]);
    const disposition = await aDisposition(world);
    // What was refused burns nothing: the same event decides when it fits.
    expect(await world.session.dispose("desk:fits", disposition)).toMatchObject({ ok: true });
    expect(await world.session.dispose("desk:late", { ...disposition, dispositionEventId: OTHER_EVENT })).toMatchObject({ code: "REVIEW_CLOSED" });
    // A refusal is an answer too: the same effect is answered from the record.
    expect(await world.session.dispose("desk:0", disposition)).toMatchObject({ code: "ACTION_DIGEST_MISMATCH" });
  });

  test("is one person's vote where several have to approve", async () => {
    const world = await waiting({ governance: { submission: POLICY, approvals: { approval: 2 } } });
    expect(await dispose(world, "desk:1")).toEqual({ ok: true, state: "AWAITING_APPROVAL" });
    expect(await dispose(world, "desk:2")).toEqual({ ok: true, state: "AWAITING_APPROVAL" });
    expect(await dispose(world, "desk:3", { dispositionEventId: OTHER_EVENT })).toMatchObject({ code: "APPROVER_REPEATED" });
    expect(world.of("REVIEW_VOTE_RECORDED")).toHaveLength(1);
    expect(await dispose(world, "desk:4", { dispositionEventId: OTHER_EVENT, approvers: [BOB] })).toMatchObject({ state: "COMPILING" });
  });

  test.each([
    ["CommissioningSignal", "clarification", "FAILED_PRECONDITION"],
    ["PipelineConfigAuthSignal", "clarification", "FAILED_PRECONDITION"],
    ["ResumeSignal", "clarification", "taken"],
    ["PatchAuthSignal", "clarification", "taken"],
    ["ResumeSignal", "approval", "FAILED_PRECONDITION"],
    ["PatchAuthSignal", "approval", "FAILED_PRECONDITION"],
    ["CommissioningSignal", "approval", "taken"],
    ["PatchAuthSignal", "acceptance", "FAILED_PRECONDITION"],
    ["ResumeSignal", "acceptance", "taken"],
  ] as const)("of a %s on a review of matter %s is %s", async (signal, matter, expected) => {
    const world = await (matter === "approval" ? waiting() : matter === "clarification" ? asking() : accepting());
    const decision = signal === "PatchAuthSignal" ? "amended" : "approved";
    const answer = await dispose(world, "desk:1", { signal, decision, note: decision === "amended" ? "round down" : "" });
    expect(answer).toMatchObject(expected === "taken" ? { ok: true } : { ok: false, code: expected });
  });

  test("that amends what takes no amendment is refused", async () => {
    const world = await accepting();
    expect(await dispose(world, "desk:1", { decision: "amended", note: "make it blue", signal: "ResumeSignal" })).toMatchObject({
      code: "FAILED_PRECONDITION",
    });
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
  });
});

describe("an override", () => {
  const BOTH = { override: true, approvers: [ANN, BOB], signal: "OverrideSignal", decision: "amended", note: "No globals." } as const;

  test("counts as whatever number of people the review asks for, and its receipt names both", async () => {
    const world = await waiting({ governance: { submission: POLICY, approvals: { approval: 5 } } });
    expect(await dispose(world, "desk:1", BOTH)).toEqual({ ok: true, state: "COMPILING" });
    const [granted] = world.of("APPROVAL_GRANTED");
    expect(receiptOf(world, granted?.approvalId)).toMatchObject({ approvers: [ANN, BOB], approver: "linear:ann and linear:bob", dispositionEventId: EVENT });
    expect(world.compiles[0]?.request.intent).toMatchObject({ constraints: ["No imports.", "No globals."] });
    expect(await dispose(world, "desk:2", { ...BOTH, reviewId: granted?.reviewId ?? "", actionDigest: granted?.actionDigest ?? "" })).toMatchObject({
      ok: true,
    });
    expect(world.session.store.approvals()).toHaveLength(1);
  });

  test("approves where there is nothing to instruct", async () => {
    const world = await accepting();
    expect(await dispose(world, "desk:1", BOTH)).toMatchObject({ ok: true });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    const { predicate } = await world.sealed(aRequest().sessionId);
    expect(predicate.receipts?.at(-1)).toMatchObject({ approvers: [ANN, BOB], dispositionEventId: EVENT, elucidationArtifactId: ELUCIDATION });
  });
});

describe("the end of a session that a disposition had set going", () => {
  test("is recorded and told once for each, favourable when the work was delivered", async () => {
    const world = await accepting();
    await dispose(world, "desk:1");
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    const closures = [...world.told.values()].filter(({ type }) => type === "VerdictClosureRecord");
    expect(closures).toMatchObject([
      { dispositionEventId: EVENT, verdict: "favorable", verdictType: "fidelity", assemblyId: "pricing", sessionId: aRequest().sessionId },
    ]);
    const [closure] = closures;
    const node = world.graph.get(closure?.type === "VerdictClosureRecord" ? closure.vcrId : "");
    expect(node).toMatchObject({ type: "VerdictClosureRecord", data: { dispositionEventId: EVENT } });
  });

  test("is unfavourable and about the specification where that was rejected; a subscriber that is away holds nothing up", async () => {
    const world = await waiting();
    world.moods.signals = "down";
    await dispose(world, "desk:1", { decision: "rejected", note: "not now" });
    expect(await world.session.status()).toMatchObject({ state: "REJECTED" });
    expect(world.told.size).toBe(0);
    world.moods.signals = "up";
    await world.later(60 * 60_000);
    expect([...world.told.values()]).toMatchObject([{ type: "VerdictClosureRecord", verdict: "unfavorable", verdictType: "coherence" }]);
  });

  test("of a session that no disposition touched is told to nobody", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.compiled();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect([...world.told.values()]).toEqual([]);
  });
});
