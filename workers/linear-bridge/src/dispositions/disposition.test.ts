import { refuse } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aBlock, aComment, aPerson, aRegistry, SUSPEND } from "../testing/escalations.ts";
import { aBridgeKey } from "../testing/bridge-key.ts";
import { DispositionWorld } from "../testing/disposition-world.ts";
import type { Fault } from "../testing/disposition-world.ts";
import { OVERRIDE_TTL_MS } from "./votes.ts";

const KEY = await aBridgeKey();
const aWorld = (...changes: ConstructorParameters<typeof DispositionWorld> extends [unknown, ...infer Rest] ? Rest : never) =>
  new DispositionWorld(KEY, ...changes);

const RESUME = aBlock("resume", "note: use cents");
const REJECT = aBlock("reject", "reason: out of scope");

describe("a disposition", () => {
  test("is on record, sent behind a token and answered once", async () => {
    const world = aWorld();
    const [outcome] = await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(outcome).toMatchObject({ outcome: "taken", verb: "resume" });
    expect(world.end()).toMatchObject({
      signals: [expect.stringMatching(/^DSP-/)],
      nodes: { DispositionEvent: 1, ElucidationArtifact: 1, RejectionRecord: 0 },
    });
    expect(world.end().said).toEqual([expect.stringMatching(/^result:DSP-/)]);
    expect(world.words()).toContain("Done: resume, decided by ada. The session goes on.");
    const [signal] = [...world.signals.values()];
    expect(signal?.body).toMatchObject({
      signalType: "ResumeSignal",
      note: "use cents",
      actionDigest: world.binding.actionDigest,
      reviewId: world.binding.reviewId,
    });
    expect(signal?.tokens[0]).toMatchObject({ org: "acme", subject: "ada", scopes: ["signal:resume"], issuer: "factory-linear-bridge" });
  });

  test("D-54: its elucidation says what was considered, what was rejected and why, and by whom, and hangs on what exists", async () => {
    const world = aWorld();
    await world.take(aComment("ada", RESUME));
    await world.settle();
    const [elucidation] = world.graph.byType("ElucidationArtifact", 10);
    const [event] = world.graph.byType("DispositionEvent", 10);
    expect(elucidation?.data).toMatchObject({
      rationale: "The holdout is wrong.",
      considered: ["go on", "end it"],
      rejectedOptions: [{ option: "end it", reason: "the work is nearly done" }],
      decidedBy: "ada",
      actionDigest: world.binding.actionDigest,
      dispositionEventId: event?.id,
      explicitness: "stated",
    });
    const { out } = world.graph.edgesOf(elucidation?.id ?? "");
    expect(new Set(out.map(({ rel, target }) => `${rel} ${target}`))).toEqual(
      new Set([`produced_at ${event?.id}`, `records_selected_option ${world.signal.id}`, `source_ref ${world.signal.id}`, `source_ref ${event?.id}`]),
    );
  });

  test("hangs on what its review's action names, where that is in the lineage", async () => {
    const named = aWorld().signal.id;
    const world = aWorld({ action: `Go on with ${named} although BEAD-${"0".repeat(26)} failed` });
    await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(world.graph.byType("ElucidationArtifact", 10)[0]?.parents).toEqual([named]);
  });

  test("D-62: names the session and review of the binding, never of the issue", async () => {
    const world = aWorld({ issueId: "issue-1", assembly: "shop" });
    await world.take(aComment("ada", RESUME), aComment("ada", RESUME, { issueId: "another issue" }));
    await world.settle();
    const { sessionId, reviewId } = world.binding;
    expect([...world.signals.values()].map(({ body }) => body)).toEqual([expect.objectContaining({ sessionId, reviewId, assemblyId: "shop" })]);
    expect(world.object.bind({ ...world.binding, reviewId: "REV-ELSE" })).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(world.object.bind({ ...world.binding, escalationId: "ESC-ELSE" })).toMatchObject({ ok: false, code: "INTEGRITY" });
  });

  test("is refused before the object is bound, so that its delivery comes again", async () => {
    expect(await aWorld().object.comment(aComment("ada", RESUME))).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });

  test("that the desk refuses is told once with its code, and another one may follow", async () => {
    const world = aWorld();
    world.refusals.push(refuse("POLICY_DENIED", "ask an admin"));
    await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(world.words()).toContain("POLICY_DENIED: ask an admin");
    expect(await world.take(aComment("ada", RESUME))).toMatchObject([{ outcome: "taken" }]);
    await world.settle();
    expect(world.end().said.filter((id) => id.startsWith("result:"))).toHaveLength(2);
    expect(world.signals.size).toBe(1);
  });

  test("that the session did not take in the end is told so", async () => {
    const world = aWorld();
    world.outcome = { state: "refused", detail: "ACTION_DIGEST_MISMATCH: the action has moved" };
    await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(world.words()).toContain("This was not carried out: resume");
    expect(world.words()).toContain("ACTION_DIGEST_MISMATCH");
  });

  test("waits for its end as long as it takes, and says nothing before", async () => {
    const world = aWorld();
    world.outcome = { state: "delivering", detail: "" };
    await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(world.end().said).toEqual([]);
    world.outcome = { state: "done", detail: "" };
    await world.settle();
    expect(world.end().said).toHaveLength(1);
  });

  test("D-64: goes out with the same elucidation and a fresh token when the desk was down, hours later too", async () => {
    const world = aWorld();
    // Subjects, append, then the desk: down for long, and once with a lost answer.
    world.faults.push(null, null, null, ...Array.from({ length: 40 }, () => "down" as const), "lost answer");
    const startedAt = world.clock.now();
    await world.take(aComment("ada", RESUME));
    await world.settle(24 * 60 * 60_000);
    expect(world.clock.now() - startedAt).toBeGreaterThan(60 * 60_000);
    expect(world.end()).toMatchObject({ nodes: { ElucidationArtifact: 1 }, said: [expect.stringMatching(/^result:/)] });
    const [signal] = [...world.signals.values()];
    expect(signal?.tokens).toHaveLength(2);
    expect(new Set(signal?.tokens.map(({ tokenId }) => tokenId)).size).toBe(2);
  });
});

describe("a rejection", () => {
  test("is on record before the session hears of it, with a result comment", async () => {
    const world = aWorld();
    await world.take(aComment("ada", REJECT));
    await world.settle();
    const [record] = world.graph.byType("RejectionRecord", 10);
    expect(record?.data).toMatchObject({ reason: "out of scope", decidedBy: "ada" });
    expect([...world.dispositions.values()]).toEqual([
      expect.objectContaining({
        decision: "rejected",
        note: "out of scope",
        elucidationArtifactId: record?.id,
        approvers: [{ id: "ada", person: "ada" }],
        override: false,
      }),
    ]);
    expect(world.end()).toMatchObject({ signals: [], said: [expect.stringMatching(/^result:/)] });
  });

  test("that the session refuses is told", async () => {
    const world = aWorld();
    world.disposed = refuse("REVIEW_CLOSED", "decided by others");
    await world.take(aComment("ada", REJECT));
    await world.settle();
    expect(world.words()).toContain("REVIEW_CLOSED: decided by others");
    expect(world.end().said).toHaveLength(1);
  });

  test("needs what resume needs", async () => {
    const world = aWorld();
    world.registry = aRegistry([aPerson("ada", { scopes: ["signal:patch"] })]);
    expect(await world.take(aComment("ada", REJECT))).toMatchObject([{ outcome: "refused", code: "PERMISSION_DENIED" }]);
  });
});

describe("who may", () => {
  test.each([
    ["who is not registered", "eve", /Only registered people/],
    ["who is registered for another organisation", "mallory", /another organisation/],
  ])("a person %s gets one polite reply on the issue, then silence, and changes nothing", async (_, author, words) => {
    const world = aWorld();
    const outcomes = await world.take(aComment(author, RESUME), aComment(author, "DISPOSITION: nonsense"), aComment(author, REJECT));
    await world.settle();
    expect(outcomes).toMatchObject([{ outcome: "refused", code: "PERMISSION_DENIED" }, { outcome: "ignored" }, { outcome: "ignored" }]);
    expect(world.end()).toMatchObject({ said: [expect.stringMatching(/^refused:/)], signals: [], rejections: 0, nodes: { DispositionEvent: 0 } });
    expect(world.words()).toMatch(words);
  });

  test.each([
    ["there is no registry", null, /no registry/],
    ["the organisation is not in it", { ...aRegistry(), orgs: [] }, /not in the registry/],
  ])("nothing is permitted where %s", async (_, registry, words) => {
    const world = aWorld();
    world.registry = registry;
    expect(await world.take(aComment("ada", RESUME))).toMatchObject([{ outcome: "refused", code: "PERMISSION_DENIED" }]);
    await world.settle();
    expect(world.words()).toMatch(words);
    expect(world.signals.size).toBe(0);
  });

  test("a missing scope is told with what is allowed", async () => {
    const world = aWorld();
    world.registry = aRegistry([aPerson("ada", { scopes: ["signal:resume"] })]);
    await world.take(aComment("ada", aBlock("patch", "patch-id: HYP-1", "note: x")));
    await world.settle();
    expect(world.words()).toContain("you may not use patch. You may use resume, reject.");
  });

  test("a store that does not answer leaves the comment to a later delivery", async () => {
    const world = aWorld();
    world.registry = new Error("down");
    const comment = aComment("ada", RESUME);
    await expect(world.take(comment)).rejects.toThrow("down");
    world.registry = aRegistry();
    expect(await world.take(comment)).toMatchObject([{ outcome: "taken" }]);
  });
});

describe("a comment that is no disposition", () => {
  test("D-59: prose with the trigger in it is answered by nobody, and a faulty block once", async () => {
    const world = aWorld();
    await world.take(
      aComment("ada", "as I wrote, DISPOSITION: resume is what we need"),
      aComment("ada", "> DISPOSITION: resume"),
      aComment("ada", "DISPOSITION: resume"),
    );
    await world.settle();
    expect(world.end().said).toEqual([expect.stringMatching(/^refused:/)]);
    expect(world.words()).not.toMatch(/disposition\s*:/i);
  });

  test("an edit counts for nothing and is answered once, whenever it arrives", async () => {
    const world = aWorld();
    const comment = aComment("ada", "We should think.");
    const edit = { ...comment, body: RESUME, editedAt: "2026-08-04T09:10:00.000Z" };
    await world.take({ ...edit, deliveryId: "edit-1" }, { ...edit, deliveryId: "edit-1" }, { ...edit, deliveryId: "edit-2" });
    await world.settle();
    expect(world.end()).toMatchObject({ said: [`edited:${comment.commentId}`], signals: [], nodes: { DispositionEvent: 0 } });
  });

  test("an edit that overtakes its comment does not take the comment's place", async () => {
    const world = aWorld();
    const comment = aComment("ada", RESUME);
    await world.take({ ...comment, deliveryId: "edit", editedAt: "2026-08-04T09:10:00.000Z" }, comment);
    await world.settle();
    expect(world.end().said).toEqual([`edited:${comment.commentId}`, expect.stringMatching(/^result:/)]);
    expect(world.signals.size).toBe(1);
  });

  test("a verb that is no answer to the review is told which are", async () => {
    const world = aWorld({ matter: "approval" });
    expect(await world.take(aComment("ada", RESUME))).toMatchObject([{ outcome: "refused", code: "FAILED_PRECONDITION" }]);
    await world.settle();
    expect(world.words()).toContain("This review takes commission, override, reject.");
  });
});

describe("after the decision", () => {
  test("a second disposition is told that it is decided", async () => {
    const world = aWorld();
    await world.take(aComment("ada", RESUME));
    await world.settle();
    const [second] = await world.take(aComment("grace", REJECT));
    await world.settle();
    expect(second).toMatchObject({ outcome: "refused", code: "REVIEW_CLOSED" });
    expect(world.words()).toContain("it is decided already, by ada");
    expect(world.end()).toMatchObject({ rejections: 0, nodes: { DispositionEvent: 1 } });
  });

  test("a second one is told to wait while the first is on its way", async () => {
    const world = aWorld();
    const [, second] = await world.take(aComment("ada", RESUME), aComment("grace", REJECT));
    expect(second).toMatchObject({ outcome: "refused", code: "FAILED_PRECONDITION" });
    await world.settle();
    expect(world.words()).toContain("an answer by ada is on its way");
    expect(world.end()).toMatchObject({ rejections: 0, nodes: { DispositionEvent: 1 } });
  });

  test("a review that asks for several people takes the next one's answer", async () => {
    const world = aWorld();
    world.reviewOpen = true;
    await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(world.words()).toContain("The review is still open: it asks for further people.");
    world.reviewOpen = false;
    expect(await world.take(aComment("grace", RESUME))).toMatchObject([{ outcome: "taken" }]);
    await world.settle();
    expect(world.signals.size).toBe(2);
    expect(await world.take(aComment("joan", RESUME))).toMatchObject([{ outcome: "refused", code: "REVIEW_CLOSED" }]);
  });

  test("of a review that was decided elsewhere nothing is taken, also when that was told before the object was bound", async () => {
    const world = aWorld();
    const { reviewId } = world.binding;
    expect(await world.object.close(reviewId, "approved", "zoe")).toEqual({ ok: true, decidedHere: false });
    expect(await world.object.close(reviewId, "approved", "zoe")).toEqual({ ok: true, decidedHere: false });
    expect(await world.take(aComment("ada", RESUME))).toMatchObject([{ outcome: "refused", code: "REVIEW_CLOSED" }]);
    expect(await world.object.close("REV-ELSE", "approved", "zoe")).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  test("of a review that its own disposition decided says so, so that it is told in one comment", async () => {
    const world = aWorld();
    await world.take(aComment("ada", RESUME));
    await world.settle();
    expect(await world.object.close(world.binding.reviewId, "approved", "ada")).toEqual({ ok: true, decidedHere: true });
    expect(await world.object.close(world.binding.reviewId, "approved", "zoe")).toEqual({ ok: true, decidedHere: false });
  });
});

describe("an override", () => {
  test("D-56: takes two different people on one digest, and both are in the record, the signal and the reply", async () => {
    const world = aWorld();
    const outcomes = await world.take(aComment("grace", SUSPEND), aComment("ada", SUSPEND));
    await world.settle();
    expect(outcomes).toMatchObject([
      { outcome: "waiting", approvals: 1, needed: 2, expiresAt: "2026-08-04T10:00:00.000Z" },
      { outcome: "taken", verb: "override" },
    ]);
    expect(world.graph.byType("ElucidationArtifact", 10)[0]?.data).toMatchObject({ decidedBy: "ada, grace" });
    expect([...world.signals.values()].map(({ body }) => body)).toEqual([
      expect.objectContaining({ directive: "force-suspend", targetAssemblyId: "shop", approvers: ["ada", "grace"] }),
    ]);
    expect(world.words()).toContain("decided by ada and grace");
    expect(world.end().said.map((id) => id.split(":")[0])).toEqual(["result", "vote"]);
  });

  test("D-55: a second person on another digest is refused, and the first proposal stands", async () => {
    const world = aWorld();
    const other = aBlock("override", "directive: force-suspend", "note: it leaks");
    const outcomes = await world.take(aComment("ada", SUSPEND), aComment("grace", other));
    expect(outcomes[1]).toMatchObject({ outcome: "refused", code: "ACTION_DIGEST_MISMATCH" });
    expect(await world.take(aComment("grace", SUSPEND))).toMatchObject([{ outcome: "taken" }]);
    await world.settle();
    expect([...world.signals.values()].map(({ body }) => body)).toEqual([expect.objectContaining({ targetAssemblyId: "shop" })]);
  });

  test("D-57: of votes at the same moment one is the first and one completes it", async () => {
    const world = aWorld();
    world.object.bind(world.binding);
    const votes = ["ada", "grace"].map((name) => aComment(name, SUSPEND));
    const answers = await Promise.all([...votes, ...votes].map((vote) => world.object.comment(vote)));
    await world.settle();
    expect(answers.map((answer) => (answer.ok ? answer.taken.outcome : answer.code))).toEqual(["waiting", "taken", "waiting", "taken"]);
    expect(world.end()).toMatchObject({ nodes: { DispositionEvent: 1, ElucidationArtifact: 1 } });
    expect(world.signals.size).toBe(1);
  });

  test("is not completed by the same person, with another account of theirs either", async () => {
    const world = aWorld();
    world.registry = aRegistry([aPerson("ada"), aPerson("ada2", { member: "ada" })]);
    const outcomes = await world.take(aComment("ada", SUSPEND), aComment("ada", SUSPEND), aComment("ada2", SUSPEND));
    await world.settle(0);
    expect(outcomes.slice(1)).toMatchObject([
      { outcome: "refused", code: "APPROVER_REPEATED" },
      { outcome: "refused", code: "APPROVER_REPEATED" },
    ]);
    expect(world.signals.size).toBe(0);
  });

  test("lapses after an hour with a notice that its timer gives, and needs both again", async () => {
    const world = aWorld();
    await world.take(aComment("ada", SUSPEND));
    await world.restart();
    await world.settle(OVERRIDE_TTL_MS + 60_000);
    expect(world.end().said.map((id) => id.split(":")[0])).toEqual(["expired", "vote"]);
    expect(world.words()).toContain("The override that ada proposed lapsed at 2026-08-04T10:00:00.000Z");
    expect(await world.take(aComment("grace", SUSPEND))).toMatchObject([{ outcome: "waiting", approvals: 1 }]);
    expect(world.signals.size).toBe(0);
  });

  test("does not count a vote whose giver has lost the right meanwhile", async () => {
    const world = aWorld();
    await world.take(aComment("ada", SUSPEND));
    world.registry = aRegistry([aPerson("ada", { scopes: [] }), aPerson("grace"), aPerson("joan")]);
    expect(await world.take(aComment("grace", SUSPEND), aComment("joan", SUSPEND))).toMatchObject([{ outcome: "waiting", approvals: 1 }, { outcome: "taken" }]);
    await world.settle();
    expect([...world.signals.values()].map(({ body }) => body)).toEqual([expect.objectContaining({ approvers: ["grace", "joan"] })]);
  });

  test("that waits is void when the review is decided elsewhere, with a notice", async () => {
    const world = aWorld();
    await world.take(aComment("ada", SUSPEND));
    await world.object.close(world.binding.reviewId, "rejected", "zoe");
    await world.settle(OVERRIDE_TTL_MS * 2);
    expect(world.end().said.map((id) => id.split(":")[0])).toEqual(["void", "vote"]);
    expect(world.words()).toContain("The review was decided elsewhere: rejected by zoe. The override that ada proposed is void.");
  });

  test("that does not answer the review leaves it open, so that what is suspended can be resumed here", async () => {
    const world = aWorld();
    const resumed = aBlock("override", "directive: force-resume", "target: shop", "note: mended");
    await world.take(aComment("ada", SUSPEND), aComment("grace", SUSPEND), aComment("ada", RESUME), aComment("ada", resumed), aComment("grace", resumed));
    await world.settle();
    expect([...world.signals.values()].map(({ body }) => body.signalType).toSorted()).toEqual(["OverrideSignal", "OverrideSignal", "ResumeSignal"]);
  });

  test("by an emergency patch answers the review", async () => {
    const world = aWorld();
    const patch = aBlock("override", "directive: emergency-patch", "note: hotfix");
    const outcomes = await world.take(aComment("ada", patch), aComment("grace", patch), aComment("joan", REJECT));
    await world.settle();
    expect(outcomes[2]).toMatchObject({ code: "FAILED_PRECONDITION" });
    expect(await world.take(aComment("joan", REJECT))).toMatchObject([{ code: "REVIEW_CLOSED" }]);
    const { sessionId, reviewId, actionDigest } = world.binding;
    expect([...world.signals.values()].map(({ body }) => body)).toEqual([expect.objectContaining({ review: { sessionId, reviewId, actionDigest } })]);
  });
});

describe("every delivery twice and out of order", () => {
  test("D-60: gives the same end state: one disposition, one record, one result comment", async () => {
    const outcomes = async (bodies: readonly (readonly [string, string])[], order: readonly number[]) => {
      const world = aWorld({ escalationId: `ESC-${"0".repeat(26)}`, reviewId: `REV-${"0".repeat(26)}` });
      const comments = bodies.map(([author, body], index) => aComment(author, body, { commentId: `c${index}`, deliveryId: `d${index}` }));
      for (const index of order) {
        const comment = comments[index % comments.length];
        // The second time round it is a redelivery with another id, or the very same one.
        if (comment !== undefined) await world.takeOne(index < comments.length ? comment : { ...comment, deliveryId: `d${index}` });
        if (index % 3 === 0) await world.settle(1_000);
      }
      await world.settle();
      return world.end();
    };
    const override = [
      ["ada", SUSPEND],
      ["grace", SUSPEND],
      ["eve", RESUME],
      ["ada", "DISPOSITION: resume"],
    ] as const;
    const expected = await outcomes(override, [0, 1, 2, 3]);
    expect(expected.signals).toHaveLength(1);
    expect(expected.nodes).toEqual({ DispositionEvent: 1, ElucidationArtifact: 1, RejectionRecord: 0 });
    const shuffled = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 });
    await fc.assert(
      fc.asyncProperty(shuffled, async (order) => {
        const end = await outcomes(override, order);
        expect({ ...end, said: end.said.map((id) => id.split(":")[0]) }).toEqual({ ...expected, said: expected.said.map((id) => id.split(":")[0]) });
      }),
      { numRuns: 60 },
    );
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), async (order) => {
        // Three people answer at once: one of them decides, the others are told so.
        const end = await outcomes(
          [
            ["ada", RESUME],
            ["grace", REJECT],
            ["joan", RESUME],
          ],
          order,
        );
        expect(end.signals.length + end.rejections).toBe(1);
        expect(end.nodes["DispositionEvent"]).toBe(1);
        expect(end.said.map((id) => id.split(":")[0])).toEqual(["refused", "refused", "result"]);
      }),
      { numRuns: 60 },
    );
  });

  test("a delivery id that comes again with another comment suppresses nothing", async () => {
    const world = aWorld();
    const outcomes = await world.take(aComment("eve", RESUME, { deliveryId: "same" }), aComment("ada", RESUME, { deliveryId: "same" }));
    expect(outcomes).toMatchObject([{ outcome: "refused" }, { outcome: "taken" }]);
  });
});

describe("a crash between any two steps", () => {
  const run = async (faults: readonly (Fault | null)[], bodies: readonly (readonly [string, string])[]) => {
    const world = aWorld({ escalationId: `ESC-${"0".repeat(26)}`, reviewId: `REV-${"0".repeat(26)}` });
    world.faults.push(...faults);
    for (const [index, [author, body]] of bodies.entries()) {
      const comment = aComment(author, body, { commentId: `c${index}`, deliveryId: `d${index}` });
      await world.takeOne(comment);
      await world.takeOne(comment);
    }
    await world.settle(6 * 60 * 60_000);
    return { end: world.end(), calls: world.calls };
  };

  test.each([
    ["a resume", [["ada", RESUME]]],
    ["a rejection", [["ada", REJECT]]],
    [
      "an override",
      [
        ["ada", SUSPEND],
        ["grace", SUSPEND],
      ],
    ],
  ] as const)("of %s changes nothing of what comes of it", async (_, bodies) => {
    const { end, calls } = await run([], bodies);
    expect(calls).toBeGreaterThan(3);
    for (let step = 0; step < calls; step += 1) {
      for (const fault of ["crash before", "crash after", "lost answer", "down"] as const) {
        const hit = [...Array.from({ length: step }, () => null), fault];
        expect((await run(hit, bodies)).end, `${fault} at call ${step}`).toEqual(end);
      }
    }
  });
});
