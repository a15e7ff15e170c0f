import type { OperationsResponse } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { figuresOf } from "./figures-strip-text.ts";
import { findingsOf } from "./operations-findings.ts";
import { ago, aSession, anAnswer, anObject } from "./testing/builders.ts";

const figures = (answer: OperationsResponse) => figuresOf(answer, findingsOf(answer, new Map()));

describe("the figures at a glance", () => {
  it("are well when all is known and well", () => {
    const levels = Object.values(figures(anAnswer())).map(({ level }) => level);
    expect(levels).toEqual(["ok", "ok", "ok", "ok", "ok", "ok"]);
  });

  it("are a dash and unknown where an answer has none, and never zero", () => {
    const answer = anAnswer({ workers: [], rescueRates: [], totals: {}, sessions: [aSession({ lag: { sessionId: "SES-1", seq: 3n } })] });
    delete answer.deadLetters;
    const shown = Object.values(figures(answer)).map(({ value, level }) => `${value} ${level}`);
    expect(shown).toEqual(Array(6).fill("– unknown"));
    expect(figures(answer).leases.notes).toEqual(["– expired"]);
    expect(figures(answer).lag.notes).toEqual(["1 log did not answer"]);
  });

  it("are none where there is nothing to take them from", () => {
    const answer = anAnswer({ sessions: [], totals: {}, rescueRates: [{ windowSeconds: 3_600, claims: 0n, rescues: 0n }] });
    const { leases, outbox, lag, rescues } = figures(answer);
    expect([leases, outbox, lag, rescues].map(({ value, level }) => `${value} ${level}`)).toEqual(Array(4).fill("– none"));
  });

  it("tell how long and how often the worst outbox was tried", () => {
    const outbox = { pending: 3, parked: 1, oldestAt: ago(90_000), worstAttempts: 4 };
    const answer = anAnswer({ totals: { outbox }, sessions: [aSession({ objects: [anObject({ outbox })] })] });
    expect(figures(answer).outbox).toMatchObject({ value: "3", notes: ["oldest 1 m 30 s", "4 failed attempts", "1 parked"], level: "bad" });
  });

  it("do not call a sum well that an object is left out of", () => {
    const { leases, outbox, lag } = figures(anAnswer({ totals: { leasesHeld: 2, leasesExpired: 0, outbox: { pending: 0 }, eventsBehind: 0n, silent: 1 } }));
    expect(leases).toMatchObject({ value: "2", notes: ["0 expired", "1 object did not answer"], level: "unknown" });
    expect([outbox.level, lag.level]).toEqual(["unknown", "ok"]);
  });

  it("name the Workers that are not ok and the queues that letters died on", () => {
    const { workers, letters } = figures(
      anAnswer({
        workers: [
          { worker: "graph", ok: true },
          { worker: "stream", ok: false },
        ],
        deadLetters: { count: 12n, lastDay: 2n, unattributed: 3n, queues: [{ queue: "atoms", count: 12n }] },
      }),
    );
    expect(workers).toMatchObject({ value: "1", unit: "of 2 ok", notes: ["not ok: stream"], level: "bad" });
    expect(letters).toMatchObject({ value: "2", notes: ["12 in all", "atoms 12", "3 of no organisation"], level: "warn" });
  });
});
