import { MemoryLog } from "@factory/durable/testing";
import { QUEUES, sessionIdOf } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { consumeLinearProjections } from "./linear-queue.ts";

const SESSION = sessionIdOf("acme", "WO-1", "one");
const OTHER = sessionIdOf("acme", "WO-1", "two");

/** A message that keeps what became of it. */
function aMessage(body: unknown, attempts = 1) {
  const message = {
    id: `message-${JSON.stringify(body)}`,
    body,
    attempts,
    settled: [] as string[],
    ack: () => void message.settled.push("ack"),
    retry: (options?: { delaySeconds?: number }) => void message.settled.push(`retry ${options?.delaySeconds}`),
  };
  return message;
}

/** A consumer whose object fails for one session, and a database that keeps rows or fails. */
function aConsumer(failing: { readonly session?: string; readonly database?: boolean } = {}) {
  const followed: string[] = [];
  const rows: unknown[][] = [];
  const log = new MemoryLog();
  const deps = {
    log,
    now: () => 0,
    issues: (org: string) => ({
      follow: async (sessionId: string, toSeq: number) => {
        if (sessionId === failing.session) throw new Error("down");
        followed.push(`${org} ${sessionId} ${toSeq}`);
      },
    }),
    deadLetters: {
      prepare: () => ({
        bind: (...values: unknown[]) => ({
          run: async () => {
            if (failing.database === true) throw new Error("down");
            rows.push(values);
          },
        }),
      }),
    },
  };
  return { deps, followed, rows, log };
}

const hint = (sessionId: string, toSeq: number) => ({ org: "acme", sessionId, fromSeq: 1, toSeq });

describe("the queue of hints", () => {
  test("takes each session of a batch up once, as far as the furthest hint", async () => {
    const { deps, followed } = aConsumer();
    const messages = [aMessage(hint(SESSION, 3)), aMessage(hint(SESSION, 9)), aMessage(hint(OTHER, 1))];
    await consumeLinearProjections({ queue: QUEUES.linear, messages }, deps);
    expect(followed).toEqual([`acme ${SESSION} 9`, `acme ${OTHER} 1`]);
    expect(messages.map(({ settled }) => settled)).toEqual([["ack"], ["ack"], ["ack"]]);
  });

  test("tries a session that failed again, ever later, and stops no other", async () => {
    const { deps, followed, log } = aConsumer({ session: SESSION });
    const messages = [aMessage(hint(SESSION, 3), 4), aMessage(hint(SESSION, 4), 9), aMessage(hint(OTHER, 1))];
    await consumeLinearProjections({ queue: QUEUES.linear, messages }, deps);
    expect(messages.map(({ settled }) => settled)).toEqual([["retry 8"], ["retry 60"], ["ack"]]);
    expect(followed).toEqual([`acme ${OTHER} 1`]);
    expect(log.events.map(({ outcome }) => outcome).toSorted()).toEqual(["failed", "ok"]);
  });

  test("takes what is no hint off the queue and tells of it", async () => {
    const { deps, followed, log } = aConsumer();
    const message = aMessage({ org: "acme", sessionId: "nobody" });
    await consumeLinearProjections({ queue: QUEUES.linear, messages: [message] }, deps);
    expect(message.settled).toEqual(["ack"]);
    expect(followed).toEqual([]);
    expect(log.of("linear-projections.follow")).toMatchObject([{ outcome: "failed" }]);
  });
});

describe("the queue of dead letters", () => {
  test("keeps a message with whose it was, then acknowledges it", async () => {
    const { deps, rows, followed } = aConsumer();
    const messages = [aMessage(hint(SESSION, 3)), aMessage("noise")];
    await consumeLinearProjections({ queue: QUEUES.linearDead, messages }, deps);
    expect(rows.map(([queue, , org]) => [queue, org])).toEqual([
      ["linear-projections", "acme"],
      ["linear-projections", null],
    ]);
    expect(messages.map(({ settled }) => settled)).toEqual([["ack"], ["ack"]]);
    expect(followed).toEqual([]);
  });

  test("tries one again that could not be kept", async () => {
    const { deps } = aConsumer({ database: true });
    const message = aMessage(hint(SESSION, 3));
    await consumeLinearProjections({ queue: QUEUES.linearDead, messages: [message] }, deps);
    expect(message.settled).toEqual(["retry 10"]);
  });
});
