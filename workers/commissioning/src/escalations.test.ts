/** Questions that wait for a person, as they are shown outside, and what holds nothing up. */
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { anAcceptedRun, ANN, aRequest, BEAD_ID } from "./testing/builders.ts";
import { commissioned, decide, Surroundings } from "./testing/surroundings.ts";

const QUESTION = {
  outcome: "clarification",
  clarificationId: "CLR-00000000000000000000000001",
  beadId: BEAD_ID,
  title: "Write double",
  question: "Round how?",
} as const;

async function asking(prepare: (world: Surroundings) => void = () => undefined): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), aRequest());
  await world.compiled();
  prepare(world);
  await world.report("ask", { kind: "run", report: QUESTION });
  return world;
}

const open = (world: Surroundings): KnowingStateBead[] => world.beads.openEscalations();

describe("a question to a person", () => {
  test("raises an escalation in the bead graph, linked to its review, and tells subscribers", async () => {
    const world = await asking();
    const review = (await world.session.status())?.openReview;
    const [bead] = open(world);
    expect(open(world)).toHaveLength(1);
    expect(bead).toMatchObject({
      type: "escalation",
      content: {
        review_id: review?.reviewId,
        session_id: aRequest().sessionId,
        matter: "clarification",
        reason: review?.action,
        escalated_to: "role:approver",
      },
    });
    expect(bead?.content["escalation_id"]).toMatch(/^ESC-/);
    expect(bead?.content["trigger_bead_id"]).toBe(world.beads.tip({ type: "policy", subject: "role:coder" })?.id);
    expect([...world.told.values()]).toMatchObject([
      { type: "EscalationEvent", escalationId: bead?.content["escalation_id"], reviewId: review?.reviewId, suspensionState: "waiting", openDivergenceCount: 0 },
    ]);
  });

  test("that is answered is resolved by a bead that supersedes it and says how, however often the object goes away", async () => {
    const world = await asking();
    const [raised] = open(world);
    await world.session.acknowledge({
      ...(await reviewOf(world)),
      decision: "amended",
      note: "down",
      principal: ANN,
    });
    world.restart();
    while (await world.tick()) world.restart();
    expect(open(world)).toEqual([]);
    const [resolved] = world.beads.history({ type: "escalation", subject: String(raised?.content["trigger_bead_id"]) });
    expect(resolved).toMatchObject({ supersedes: raised?.id, content: { resolution: "amended by key:ann: down", resolved_at: expect.any(String) } });
  });

  test("over which the session ends is resolved as undecided", async () => {
    const world = await asking();
    const [raised] = open(world);
    await world.session.cancel("", ANN);
    await world.settle();
    expect(open(world)).toEqual([]);
    const [resolved] = world.beads.history({ type: "escalation", subject: String(raised?.content["trigger_bead_id"]) });
    expect(resolved?.content["resolution"]).toBe("The session ended before anybody decided.");
  });

  test("is asked and answered while the bead graph and the subscribers are away; they learn of it when they are back", async () => {
    const world = await asking(({ moods }) => {
      moods.beads = "down";
      moods.signals = "down";
    });
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", reason: null });
    await decide(world, "approved");
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    expect([open(world).length, world.told.size]).toEqual([0, 0]);
    world.moods.beads = "up";
    world.moods.signals = "up";
    await world.later(60 * 60_000);
    expect(world.told.size).toBe(1);
    expect(world.beads.history({ type: "escalation", subject: world.beads.tip({ type: "policy", subject: "role:coder" })?.id ?? "" })).toHaveLength(2);
  });

  test("about a divergence names it", async () => {
    const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "auto", enableAmendments: false } }));
    await world.compiled();
    const { divergenceId } = await world.diverged("first");
    expect([...world.told.values()]).toMatchObject([{ type: "EscalationEvent", divergenceIds: [divergenceId], openDivergenceCount: 1 }]);
  });
});

test("the approval of an intent specification is no escalation", async () => {
  const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" } }));
  expect(open(world)).toEqual([]);
  expect(world.told.size).toBe(0);
});

async function reviewOf(world: Surroundings) {
  const review = (await world.session.status())?.openReview;
  if (review === null || review === undefined) throw new Error("No review is open.");
  return { reviewId: review.reviewId, actionDigest: review.actionDigest };
}
