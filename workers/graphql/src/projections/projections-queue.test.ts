import { MemoryLog } from "@factory/durable/testing";
import { QUEUES } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { consumeProjections, type QueueMessage } from "./projections-queue.ts";
import type { ProjectorDeps } from "./projector.ts";
import { aLog, beadStep, OWNER, readable, submitted } from "./testing/logs.ts";
import { aReadModel, deadLettersIn } from "./testing/node-sql.ts";

type Settled = { readonly acked: boolean; readonly retriedAfter: number | null };
type TestMessage = QueueMessage & { settled(): Settled };

const BODY = { ...OWNER, fromSeq: 1, toSeq: 2 };

function aMessage(body: unknown = BODY, attempts = 1): TestMessage {
  let settled: Settled = { acked: false, retriedAfter: null };
  return {
    id: crypto.randomUUID(),
    body,
    attempts,
    ack: () => (settled = { ...settled, acked: true }),
    retry: (options) => (settled = { ...settled, retriedAfter: options?.delaySeconds ?? 0 }),
    settled: () => settled,
  };
}

/** What is delivered to the consumer, over logs by session. */
async function deliver(messages: readonly QueueMessage[], change: Partial<ProjectorDeps> = {}, queue: string = QUEUES.projections) {
  const sql = aReadModel();
  const reads: string[] = [];
  const log = (_org: string, sessionId: string) => {
    reads.push(sessionId);
    return readable(aLog([submitted, beadStep()], { sessionId }));
  };
  const journal = new MemoryLog();
  await consumeProjections({ queue, messages }, { sql, log, deadLetters: deadLettersIn(sql), now: () => 1, ...change }, journal);
  return { sql, reads, journal };
}

const ACKED = { acked: true, retriedAfter: null };

describe("the consumer of projections", () => {
  test("carries a session once for all of its messages, whatever their range says", async () => {
    const messages = [aMessage(), aMessage(), aMessage({ ...BODY, fromSeq: 900, toSeq: 901 })];
    const { sql, reads } = await deliver(messages);
    expect(messages.map((message) => message.settled())).toEqual([ACKED, ACKED, ACKED]);
    expect(reads).toEqual([OWNER.sessionId]);
    expect(sql.all("SELECT seq FROM projection_cursors")).toEqual([{ seq: 2 }]);
  });

  test("takes a body that no repetition mends off the queue and tells of it", async () => {
    const bodies = [null, "text", { ...BODY, sessionId: "SES-1" }, { ...BODY, org: "" }, { ...BODY, toSeq: -1 }, { org: "acme" }];
    const messages = bodies.map((body) => aMessage(body));
    const { journal, reads } = await deliver(messages);
    expect(messages.map((message) => message.settled())).toEqual(bodies.map(() => ACKED));
    expect(journal.of("projections.carry")).toHaveLength(bodies.length);
    expect(journal.of("projections.carry")[0]).toMatchObject({ outcome: "failed", fields: { error: expect.stringContaining("malformed") } });
    expect(reads).toEqual([]);
  });

  test("reads a body with a field of a newer log", async () => {
    const message = aMessage({ ...BODY, hint: "new" });
    await deliver([message]);
    expect(message.settled()).toEqual(ACKED);
  });

  test("hazard: one bad run bricks list and boot - a session that fails is tried again later, and the others are carried", async () => {
    const bad = { ...BODY, sessionId: "SES-00000000000000000000000009" };
    const [failing, again, good] = [aMessage(bad), aMessage(bad, 4), aMessage()];
    const { sql, journal } = await deliver([failing, again, good], {
      log: (_org, sessionId) => {
        if (sessionId === bad.sessionId) throw new Error("the object was reset");
        return readable(aLog([submitted], { sessionId }));
      },
    });
    expect(failing.settled()).toEqual({ acked: false, retriedAfter: 1 });
    expect(again.settled()).toEqual({ acked: false, retriedAfter: 8 });
    expect(good.settled()).toEqual(ACKED);
    expect(sql.all("SELECT session_id FROM session_views")).toEqual([{ session_id: OWNER.sessionId }]);
    expect(journal.of("projections.carry").map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(["ok", "failed"]));
  });

  test("leaves a log that is longer than one delivery may read to the next one", async () => {
    const events = aLog([submitted, ...Array.from({ length: 150 }, () => beadStep())]);
    const messages = [aMessage(), aMessage()];
    const { sql } = await deliver(messages, { log: () => readable(events, 1) });
    expect(messages.map((message) => message.settled())).toEqual([{ acked: false, retriedAfter: 0 }, ACKED]);
    expect(sql.all("SELECT seq, tip_seq FROM projection_cursors")).toEqual([{ seq: 100, tip_seq: 151 }]);
  });
});

describe("the consumer of dead letters", () => {
  test("keeps, acknowledges and tells of each, and carries nothing: the lag shows the session", async () => {
    const messages = [aMessage(BODY, 11), aMessage("text", 11)];
    const { journal, reads, sql } = await deliver(messages, {}, QUEUES.projectionsDead);
    expect(messages.map((message) => message.settled())).toEqual([ACKED, ACKED]);
    expect(journal.of("projections.dead-letter")).toMatchObject([
      { outcome: "failed", ids: { org: "acme", session: OWNER.sessionId }, fields: { attempts: 11 } },
      { outcome: "failed", fields: { body: "text" } },
    ]);
    expect(sql.all("SELECT queue, org, ids FROM dead_letters ORDER BY org")).toEqual([
      { queue: "projections", org: null, ids: "{}" },
      { queue: "projections", org: OWNER.org, ids: JSON.stringify({ session: OWNER.sessionId }) },
    ]);
    expect(reads).toEqual([]);
  });
});
