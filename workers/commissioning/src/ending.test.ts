import { blobKey, isTerminalKind, refuse, sha256Hex } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { anAcceptedRun, ANN, aRequest, RUN_ID } from "./testing/builders.ts";
import { commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const HUMAN = aRequest({ config: { reviewMode: "human" } });

async function executing(world = new Surroundings()): Promise<Surroundings> {
  await commissioned(world, aRequest());
  await world.compiled();
  return world;
}

async function cancelled(world: Surroundings): Promise<void> {
  await world.session.cancel("changed our minds", ANN);
  await world.settle();
}

describe("a cancellation", () => {
  test("before a run exists ends the session with evidence and no deliverable", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    await cancelled(world);
    expect(world.kinds.slice(-2)).toEqual(["ARTIFACT_WRITTEN", "SESSION_CANCELLED"]);
    expect(world.of("SESSION_CANCELLED")).toMatchObject([
      { reasonCode: "CANCELLED", reason: "key:ann cancelled the session: changed our minds", fromState: "AWAITING_APPROVAL" },
    ]);
    const bytes = world.blobs.get(blobKey.evidence("acme", HUMAN.sessionId)) ?? new Uint8Array();
    expect(sha256Hex(bytes)).toBe(world.of("SESSION_CANCELLED")[0]?.evidenceDigest);
    const { subject, predicate } = await world.sealed(HUMAN.sessionId);
    expect(subject).toEqual([{ name: `events:${HUMAN.sessionId}`, digest: { sha256: predicate.chain.root } }]);
    expect(predicate).toMatchObject({
      session: { outcome: "CANCELLED", runId: { absent: "no run was started" } },
      run: { absent: "the session has no run" },
      beads: { absent: "the session has no run" },
      checks: { absent: "the session has no run" },
      claims: { absent: "no specification was compiled" },
      deliverable: { absent: "nothing was delivered" },
      reviews: [{ resolution: { absent: "the session ended before anybody decided" } }],
    });
  });

  test("closes the open review, which is refused from then on", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    const review = (await world.session.status())?.openReview;
    await world.session.cancel("", ANN);
    const given = { reviewId: review?.reviewId ?? "", decision: "approved", note: "", actionDigest: review?.actionDigest ?? "", principal: ANN } as const;
    expect(await world.session.acknowledge(given)).toMatchObject({ code: "REVIEW_CLOSED" });
    await world.settle();
    expect(world.compiles).toEqual([]);
  });

  test("twice is one cancellation, and a session of another org is not found", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    expect(await world.session.cancel("", { ...ANN, org: "other" })).toMatchObject({ code: "NOT_FOUND" });
    await cancelled(world);
    expect(await world.session.cancel("again", ANN)).toEqual({ ok: true, state: "CANCELLED" });
    await world.settle();
    expect(world.kinds.filter(isTerminalKind)).toEqual(["SESSION_CANCELLED"]);
  });

  test("of an object that holds no session is not found", async () => {
    expect(await new Surroundings().session.cancel("", ANN)).toMatchObject({ code: "NOT_FOUND" });
    expect(await new Surroundings().session.status()).toBeNull();
  });

  test("of a run waits for the coordinator, whatever it takes, and only then writes the terminal event", async () => {
    const world = await executing();
    world.moods.coordinator = refuse("UNAVAILABLE", "events are still on their way");
    await cancelled(world);
    expect(world.kinds).not.toContain("SESSION_CANCELLED");
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", reason: expect.stringContaining("cancelled") });
    world.restart();
    world.moods.coordinator = "up";
    await world.later(600_000);
    expect(world.cancels).toEqual([expect.stringContaining(`cancel:${RUN_ID}`)]);
    expect(world.kinds.slice(-2)).toEqual(["ARTIFACT_WRITTEN", "SESSION_CANCELLED"]);
  });

  test("of a run that the coordinator never heard of ends the session", async () => {
    const world = await executing();
    world.moods.coordinator = refuse("NOT_FOUND");
    world.record = null;
    await cancelled(world);
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  });

  test("while mediation compiles waits for its report, then cancels the run it started", async () => {
    const world = await commissioned(new Surroundings(), aRequest());
    await cancelled(world);
    expect(world.kinds).not.toContain("SESSION_CANCELLED");
    await world.compiled();
    expect(world.cancels).toHaveLength(1);
    expect(world.kinds).not.toContain("COMPILATION_COMPLETE");
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  });

  test("while mediation amends waits for its answer before it cancels the run", async () => {
    const world = await executing();
    await world.diverged("d1");
    await cancelled(world);
    expect(world.cancels).toEqual([]);
    await world.reopened();
    expect(world.cancels).toHaveLength(1);
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  });

  test("takes a run report that rests on a re-opening for mediation's answer", async () => {
    const world = await executing();
    await world.diverged("d1");
    await cancelled(world);
    await world.diverged("d2", { cycle: 1 });
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
    expect(world.amends).toHaveLength(1);
  });

  test("is not held up by mediation that gave an amendment up", async () => {
    const world = await executing();
    await world.diverged("d1");
    await cancelled(world);
    await world.report("parked", {
      kind: "compiled",
      report: { outcome: "refused", code: "GATE_REFUSED", reportId: "VR-1", remediation: ["the coordinator did not take it"] },
    });
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  });

  test("while a model answers aborts the call and drops its answer, but records that it was asked", async () => {
    const world = new Surroundings();
    const asked = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    let aborted = false;
    world.plan = async (question) => {
      question.signal.addEventListener("abort", () => {
        aborted = true;
        released.resolve();
      });
      asked.resolve();
      await released.promise;
      return goodAnswer(question);
    };
    await world.session.commission(aRequest());
    const settled = world.settle();
    await asked.promise;
    await world.session.cancel("", ANN);
    await settled;
    await world.settle();
    expect(aborted).toBe(true);
    expect(world.kinds).toContain("MODEL_CALLED");
    expect(world.kinds).not.toContain("PASS_COMPLETED");
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  });

  test("after the run was accepted but before delivery has ended still cancels, and after it completes does not", async () => {
    const world = await executing();
    world.record = null;
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "ACCEPTING" });
    await cancelled(world);
    expect(world.cancels).toEqual([]);
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  });
});

describe("the log when a neighbour fails", () => {
  test("a log that refuses for good blocks the session visibly instead of losing events", async () => {
    const world = new Surroundings();
    world.moods.log = refuse("INTEGRITY", "another session");
    await commissioned(world, aRequest());
    expect(await world.session.status()).toMatchObject({ reason: expect.stringContaining("Waiting for log: INTEGRITY") });
    expect(world.compiles).toEqual([]);
  });

  test("the package is sealed only when every event has been acknowledged", async () => {
    const world = await executing();
    world.moods.log = "down";
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(world.blobs.has(blobKey.evidence("acme", aRequest().sessionId))).toBe(false);
    world.moods.log = "up";
    await world.later(600_000);
    const { events } = world.sessionLog;
    expect((await world.sealed(aRequest().sessionId)).predicate.chain).toMatchObject({ count: events.length - 2, root: events.at(-3)?.hash });
  });
});
