import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ObjectStanding, type OperationsResponse } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { findingsOf, verdictOf, verdictText } from "./operations-findings.ts";
import { EMPTY_HISTORY, withAnswer } from "./operations-history.ts";
import { NOW, aSession, anAnswer, anObject } from "./testing/builders.ts";

const read = (answer: OperationsResponse) => findingsOf(answer, EMPTY_HISTORY.still);
const lines = (answer: OperationsResponse) => read(answer).map(({ level, text }) => `${level}: ${text}`);

describe("what an operator should know", () => {
  it("is nothing while all is known to be well", () => {
    expect([lines(anAnswer()), verdictOf(read(anAnswer())), verdictText(read(anAnswer()))]).toEqual([[], "ok", "Nothing needs an operator"]);
  });

  it("is what is not known, too: an empty answer is not well", () => {
    const answer = anAnswer({ workers: [], rescueRates: [], sessions: [aSession({ lag: { sessionId: "SES-1", seq: 4n } })] });
    delete answer.deadLetters;
    expect(lines(answer)).toEqual([
      "unknown: No Worker was asked how it does.",
      "unknown: Dead letters are not known.",
      "unknown: How often leases are rescued is not known.",
      "unknown: How far the read model is behind SES-1 is not known: its log did not answer.",
    ]);
    expect([verdictOf(read(answer)), verdictText(read(answer))]).toEqual(["unknown", "4 things are not known"]);
  });

  it("begins with the worst", () => {
    const answer = anAnswer({
      workers: [{ worker: "stream", ok: false, detail: "no answer within 3000 ms" }],
      deadLetters: { count: 4n, lastDay: 1n },
      sessions: [aSession({ objects: [anObject({ standing: ObjectStanding.SILENT, problem: "reset" })] })],
      moreSessions: true,
    });
    expect(lines(answer)).toEqual([
      "bad: The Worker stream is not ok: no answer within 3000 ms.",
      "bad: The coordinator of SES-1 did not answer: reset.",
      "warn: 1 message died in the last day.",
      "unknown: Only the 1 newest open session was asked; sums and sentences are without the others.",
    ]);
    expect(verdictText(read(answer))).toBe("2 things need an operator, 1 thing to watch, 1 thing is not known");
  });

  it("leaves dead letters of earlier days to their list", () => {
    expect(lines(anAnswer({ deadLetters: { count: 900n, lastDay: 0n } }))).toEqual([]);
  });

  it("judges rescues by the shortest window", () => {
    const day = { windowSeconds: 86_400, claims: 100n, rescues: 90n, rate: 0.9 };
    expect(lines(anAnswer({ rescueRates: [day, { windowSeconds: 3_600, claims: 20n, rescues: 0n, rate: 0 }] }))).toEqual([]);
    expect(lines(anAnswer({ rescueRates: [day, { windowSeconds: 3_600, claims: 20n, rescues: 1n, rate: 0.05 }] }))).toEqual([
      "warn: 1 lease was taken back for 20 claims in the last hour (5%).",
    ]);
  });

  it("lets a read model be behind as long as it moves", () => {
    const at = (ms: number, seq: bigint) =>
      anAnswer({ askedAt: timestampFromMs(NOW + ms), sessions: [aSession({ lag: { sessionId: "SES-1", seq, tipSeq: 90n } })] });
    const moving = [at(0, 10n), at(30_000, 20n)];
    expect(findingsOf(at(30_000, 20n), moving.reduce(withAnswer, EMPTY_HISTORY).still)).toEqual([]);
    const still = [at(0, 10n), at(30_000, 10n)];
    expect(findingsOf(at(30_000, 10n), still.reduce(withAnswer, EMPTY_HISTORY).still)).toEqual([
      expect.objectContaining({
        level: "warn",
        sessionId: "SES-1",
        text: "The read model is 80 events behind the log of SES-1 and has not moved for 30.0 s.",
        remedy: "npx factory admin reproject SES-1",
      }),
    ]);
  });

  it("tells of events that could not be read", () => {
    const session = aSession({ lag: { sessionId: "SES-1", seq: 9n, tipSeq: 9n, quarantined: 2 } });
    expect(lines(anAnswer({ sessions: [session] }))).toEqual(["warn: 2 events of SES-1 could not be read and are kept apart."]);
  });

  it("has a name of its own for each", () => {
    const objects = [
      anObject({ outbox: { parked: 1 }, failingTimers: [{ name: "tick", failures: 4 }] }),
      anObject({ name: "run:acme:RUN-2", outbox: { parked: 1 } }),
    ];
    const ids = read(anAnswer({ sessions: [aSession({ objects })], organisation: objects })).map(({ id }) => id);
    expect([ids.length, new Set(ids).size]).toEqual([6, 6]);
  });
});
