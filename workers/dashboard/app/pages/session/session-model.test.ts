import { BEAD_STATES } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsOf, foldEvents, modelOfHead, withBeads, withHead, type SessionModel } from "./session-model.ts";
import type { EventRow } from "./session-queries.ts";
import { aBead, aBeadMove, aHead, aModelCall, anEnd, anEvent, aReviewAsked, aReviewDecided } from "./testing/session-builders.ts";

const begin = (): SessionModel => withBeads(modelOfHead(aHead()), [], true);

/** A log of any events, gapless from 1. */
const aLog = fc
  .array(
    fc.oneof(
      fc.record({ kind: fc.constant("bead" as const), id: fc.integer({ min: 1, max: 6 }), state: fc.constantFrom(...BEAD_STATES) }),
      fc.record({ kind: fc.constant("call" as const), costUsd: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }) }),
      fc.record({ kind: fc.constant("asked" as const), id: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant("decided" as const), id: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant("unread" as const) }),
    ),
    { maxLength: 60 },
  )
  .map((steps) =>
    steps.map((step, index): EventRow => {
      const seq = index + 1;
      switch (step.kind) {
        case "bead":
          return aBeadMove(seq, { beadId: `BEAD-${step.id}`, toState: step.state });
        case "call":
          return aModelCall(seq, step.costUsd === undefined ? {} : { costUsd: step.costUsd });
        case "asked":
          return aReviewAsked(seq, `REV-${step.id}`);
        case "decided":
          return aReviewDecided(seq, `REV-${step.id}`);
        case "unread":
          return { ...aModelCall(seq), payload: { alias: 7 } };
        default:
          return step satisfies never;
      }
    }),
  );

/** The events cut into batches at any places. */
const inBatches = (log: readonly EventRow[], cuts: readonly number[]): EventRow[][] => {
  const ends = [...new Set(cuts.map((cut) => cut % (log.length + 1)))].sort((one, other) => one - other);
  return [...ends, log.length].map((end, index) => log.slice(ends[index - 1] ?? 0, end));
};

describe("folding events into a session", () => {
  it("gives the same model for the same log in batches of any size", () => {
    fc.assert(
      fc.property(aLog, fc.array(fc.nat({ max: 60 })), (log, cuts) => {
        const atOnce = foldEvents(begin(), log);
        expect(inBatches(log, cuts).reduce(foldEvents, begin())).toEqual(atOnce);
        expect(log.reduce((model, event) => foldEvents(model, [event]), begin())).toEqual(atOnce);
      }),
    );
  });

  it("is not changed by events that come again, in whatever order", () => {
    fc.assert(
      fc.property(aLog, fc.nat({ max: 60 }), (log, from) => {
        const model = foldEvents(begin(), log);
        expect(foldEvents(model, log.slice(from))).toBe(model);
        expect(foldEvents(model, log.toReversed())).toBe(model);
      }),
    );
  });

  it("counts every bead in exactly one state", () => {
    fc.assert(
      fc.property(aLog, (log) => {
        const { beads, beadCounts } = foldEvents(begin(), log);
        expect(beadCounts).toEqual(countsOf(beads.values()));
        expect(beadCounts.total).toBe(beads.size);
      }),
    );
  });

  it("goes where the session's state machine goes and closes with its end", () => {
    const executing = anEvent(1, "COMPILATION_COMPLETE", { fromState: "COMPILING", toState: "EXECUTING", reason: "" });
    const model = foldEvents(begin(), [executing, aReviewAsked(2, "REV-1")]);
    expect(model).toMatchObject({ state: "IN_REVIEW", openReviewIds: ["REV-1"], runId: "RUN-1", closed: false });
    const ended = foldEvents(model, [anEnd(3, "SESSION_FAILED")]);
    expect(ended).toMatchObject({
      state: "FAILED",
      outcome: "FAILED",
      closed: true,
      openReviewIds: [],
      reason: "it is so",
      reasonCode: "SUCCESS_CHECK_FAILED",
    });
    expect(ended.endedAt).toBe("2026-01-02T03:04:08.000Z");
  });

  it("tells what calls without a price cost apart from the sum, and knows no sum without any price", () => {
    const unpriced = foldEvents(begin(), [aModelCall(1)]);
    expect(unpriced.costs).toMatchObject({ calls: 1, costUsd: null, unpricedCalls: 1 });
    const priced = foldEvents(unpriced, [aModelCall(2, { costUsd: 0.25, inputTokens: 100 })]);
    expect(priced.costs).toMatchObject({ calls: 2, costUsd: 0.25, unpricedCalls: 1, inputTokens: 100 });
  });

  it("goes on over an event that it cannot read and says that there was one", () => {
    const model = foldEvents(begin(), [{ ...aModelCall(1), payload: null }, aBeadMove(2)]);
    expect(model).toMatchObject({ seq: 2, unreadEvents: 1 });
    expect(model.beads.get("BEAD-1")?.state).toBe("READY");
  });

  it("reads an event with a field that only a newer factory knows", () => {
    const { payload, ...event } = aBeadMove(1);
    const model = foldEvents(begin(), [{ ...event, payload: { ...Object(payload), mood: "good" } }]);
    expect(model).toMatchObject({ unreadEvents: 0 });
    expect(model.beads.size).toBe(1);
  });
});

describe("a bead that the read model knew before the events came", () => {
  it("keeps what it has of an event that is not newer", () => {
    const model = withBeads(modelOfHead(aHead({ asOfSeq: 3 })), [aBead({ state: "DONE", seq: 9 })], true);
    expect(foldEvents(model, [aBeadMove(5, { toState: "LEASED" })]).beads.get("BEAD-1")?.state).toBe("DONE");
    expect(foldEvents(model, [aBeadMove(10, { toState: "READY" })]).beads.get("BEAD-1")?.state).toBe("READY");
  });

  it("does not take the place of what an event said while its page was on its way", () => {
    const folded = foldEvents(modelOfHead(aHead()), [aBeadMove(7, { toState: "LEASED" })]);
    expect(withBeads(folded, [aBead({ state: "READY", seq: 4 })], true).beads.get("BEAD-1")?.state).toBe("LEASED");
  });

  it("is counted by the read model until the last page of beads is there", () => {
    const beadCounts = { blocked: 0, ready: 2, leased: 0, waiting: 0, done: 0, failed: 0, cancelled: 0, total: 2 };
    const first = withBeads(modelOfHead(aHead({ beadCounts })), [aBead()], false);
    expect(first.beadCounts).toEqual(beadCounts);
    expect(withBeads(first, [aBead({ id: "BEAD-2", state: "DONE" })], true).beadCounts).toMatchObject({ ready: 1, done: 1, total: 2 });
  });
});

describe("a newer answer of the head", () => {
  const costs = (calls: number, costUsd: number) => ({ total: { calls, costUsd, unpricedCalls: 0, inputTokens: 0, outputTokens: 0, durationMs: 0 } });

  it("leaves the sum alone while it has not read all that is folded", () => {
    const model = foldEvents(begin(), [aModelCall(1, { costUsd: 1 }), aModelCall(2, { costUsd: 2 }), aModelCall(3, { costUsd: 4 })]);
    expect(withHead(model, aHead({ asOfSeq: 2, costs: costs(3, 7) })).costs).toMatchObject({ calls: 3, costUsd: 7 });
    expect(withHead(model, aHead({ asOfSeq: 2, costs: costs(2, 3) })).costs).toMatchObject({ calls: 3, costUsd: 7 });
  });

  it("mends a sum that began with calls whose events came again", () => {
    const model = foldEvents(modelOfHead(aHead({ costs: costs(1, 1) })), [aModelCall(1, { costUsd: 1 })]);
    expect(model.costs).toMatchObject({ calls: 2, costUsd: 2 });
    expect(withHead(model, aHead({ asOfSeq: 1, costs: costs(1, 1) })).costs).toMatchObject({ calls: 1, costUsd: 1 });
  });

  it("does not count a call twice whose event comes after it", () => {
    const ahead = withHead(begin(), aHead({ asOfSeq: 2, costs: costs(2, 3) }));
    expect(ahead).toMatchObject({ seq: 0, costs: { calls: 0 } });
    expect(foldEvents(ahead, [aModelCall(1, { costUsd: 1 }), aModelCall(2, { costUsd: 2 })]).costs).toMatchObject({ calls: 2, costUsd: 3 });
  });

  it("has the last word once the session has ended", () => {
    const ended = foldEvents(begin(), [aModelCall(1, { costUsd: 1 }), anEnd(2)]);
    expect(withHead(ended, aHead({ asOfSeq: 2, costs: costs(2, 3) })).costs).toMatchObject({ calls: 2, costUsd: 3 });
  });
});
