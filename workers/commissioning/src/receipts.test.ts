/** Approval and rejection of an intent specification, over evictions and repeats, and the receipts they leave. */
import { approvalReceipt, isTerminalKind } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { APPROVAL_TTL_MS } from "./receipts.ts";
import { anAcceptedRun, ANN, aRequest } from "./testing/builders.ts";
import { commissioned, decide, Surroundings } from "./testing/surroundings.ts";

const HUMAN = aRequest({ config: { reviewMode: "human" } });

async function waiting(): Promise<Surroundings> {
  return commissioned(new Surroundings(), HUMAN);
}

/** The open review as a decision names it. */
async function open(world: Surroundings) {
  const review = (await world.session.status())?.openReview;
  if (review === null || review === undefined) throw new Error("No review is open.");
  return { reviewId: review.reviewId, actionDigest: review.actionDigest, principal: ANN };
}

/** The receipts in the graph, in the order they were written. */
function receipts(world: Surroundings) {
  return world
    .of("ARTIFACT_WRITTEN")
    .filter(({ artifactType }) => artifactType === "ApprovalReceipt")
    .map(({ artifactId }) => approvalReceipt.parse(world.graph.get(artifactId)?.data));
}

describe("an approval", () => {
  test("after the object went away is taken, once, and leaves a receipt: who, what, when and why", async () => {
    const world = await waiting();
    const { reviewId, actionDigest } = await open(world);
    world.restart();
    expect(await decide(world, "approved", "looks right")).toEqual({ ok: true, state: "COMPILING" });
    const intentId = world.compiles[0]?.request.intentSpecificationId ?? "";
    expect(receipts(world)).toEqual([
      {
        approvalId: expect.stringMatching(/^APR-/),
        reviewId,
        approver: "key:ann",
        person: "key:ann",
        decidedAt: new Date(world.clock.now()).toISOString(),
        expiresAt: new Date(world.clock.now() + APPROVAL_TTL_MS).toISOString(),
        decision: "approved",
        reason: "looks right",
        action: `Approve ${intentId}: compile it, have it built, checked and delivered`,
        actionDigest,
        matter: "approval",
        org: HUMAN.org,
      },
    ]);
    const [receipt] = receipts(world);
    expect(world.graph.edgesOf(receipt?.approvalId ?? "").out).toContainEqual(expect.objectContaining({ rel: "source_ref", target: intentId }));
  });

  test("that is given twice is used once: the second finds the review closed, in the same life and in the next", async () => {
    const world = await waiting();
    const given = { ...(await open(world)), decision: "approved", note: "" } as const;
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: true, state: "COMPILING" });
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: false, code: "REVIEW_CLOSED" });
    world.restart();
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: false, code: "REVIEW_CLOSED" });
    await world.settle();
    expect(receipts(world)).toHaveLength(1);
    expect(world.compiles).toHaveLength(1);
  });

  test("after a rejection changes nothing: the session is rejected, with one end", async () => {
    const world = await waiting();
    const asked = await open(world);
    await decide(world, "rejected", "not now");
    expect(await world.session.acknowledge({ ...asked, decision: "approved", note: "" })).toMatchObject({ ok: false, code: "REVIEW_CLOSED" });
    await world.settle();
    expect(await world.session.status()).toMatchObject({ state: "REJECTED", commissioning: "failed" });
    expect(world.compiles).toEqual([]);
    expect(world.kinds.filter(isTerminalKind)).toEqual(["SESSION_REJECTED"]);
  });

  test("on another digest is refused and leaves no receipt; the review stays open", async () => {
    const world = await waiting();
    const asked = await open(world);
    expect(await decide(world, "approved", "", { actionDigest: "0".repeat(64) })).toMatchObject({ ok: false, code: "ACTION_DIGEST_MISMATCH" });
    expect(receipts(world)).toEqual([]);
    expect(await open(world)).toEqual(asked);
    expect(await world.session.status()).toMatchObject({ state: "AWAITING_APPROVAL", commissioning: "suspended-approval" });
  });

  test("that amends names its note as the reason, on the specification it was given for", async () => {
    const world = await waiting();
    await decide(world, "amended", "No globals.");
    expect(receipts(world)).toMatchObject([{ decision: "amended", reason: "No globals." }]);
    expect(world.compiles[0]?.request.intent).toMatchObject({ constraints: ["No imports.", "No globals."] });
    expect(receipts(world)[0]?.action).not.toContain(world.compiles[0]?.request.intentSpecificationId);
  });

  test("by the review mode has a receipt too: the platform's, with the mode as the reason", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    expect(receipts(world)).toMatchObject([{ approver: "policy:auto", decision: "approved", reason: "The order's review mode is auto." }]);
  });
});

describe("a rejection", () => {
  test("after the object went away ends the session REJECTED, with a receipt that keeps the reason and no approval", async () => {
    const world = await waiting();
    world.restart();
    expect(await decide(world, "rejected", "the goal is wrong")).toMatchObject({ ok: true });
    expect(receipts(world)).toMatchObject([{ decision: "rejected", reason: "the goal is wrong", approver: "key:ann", matter: "approval" }]);
    expect(world.of("APPROVAL_GRANTED")).toEqual([]);
    expect(world.of("SESSION_REJECTED")).toMatchObject([{ reason: "key:ann rejected the intent specification: the goal is wrong" }]);
    const { predicate } = await world.sealed(HUMAN.sessionId);
    expect(predicate.reviews).toMatchObject([{ resolution: { decision: "rejected", decidedBy: "key:ann", note: "the goal is wrong" } }]);
    expect(predicate.lineage.nodes.map(({ type }) => type)).toContain("ApprovalReceipt");
  });

  test("is carried out also when the object goes away after each of its steps", async () => {
    const world = await waiting();
    await world.session.acknowledge({ ...(await open(world)), decision: "rejected", note: "no" });
    world.restart();
    while (await world.tick()) world.restart();
    expect(world.kinds.filter(isTerminalKind)).toEqual(["SESSION_REJECTED"]);
    expect(receipts(world)).toHaveLength(1);
  });

  test("of delivered work keeps its reason as well", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.compiled({ personClaims: [{ claimId: "C-2", text: "No imports." }] });
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    await decide(world, "rejected", "ugly");
    expect(receipts(world).at(-1)).toMatchObject({ decision: "rejected", reason: "ugly", matter: "acceptance" });
  });
});

describe("a signal that comes again", () => {
  test.each([
    ["while it is planned", async (world: Surroundings) => void (await world.tick())],
    ["while it waits for approval", async (world: Surroundings) => world.settle()],
    [
      "after it was rejected",
      async (world: Surroundings) => {
        await world.settle();
        await decide(world, "rejected", "no");
      },
    ],
  ])("%s finds the session as it is, and another body under its ids is refused, also in the object's next life", async (_, reach) => {
    const world = new Surroundings();
    await world.session.commission(HUMAN);
    await reach(world);
    for (const life of ["this", "next"]) {
      if (life === "next") world.restart();
      const before = [(await world.session.status())?.state, world.questions.length, world.kinds.length];
      expect(await world.session.commission(HUMAN)).toEqual({ ok: true, created: false });
      expect(await world.session.commission({ ...HUMAN, envelopeDigest: "e".repeat(64) })).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
      expect([(await world.session.status())?.state, world.questions.length, world.kinds.length]).toEqual(before);
    }
    await world.settle();
    expect(world.of("SESSION_SUBMITTED")).toHaveLength(1);
    expect(world.questions).toHaveLength(4);
  });
});
