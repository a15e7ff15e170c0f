import { expect, test } from "vitest";
import type { DeadLetterDatabase } from "@factory/durable";
import { MemoryLog } from "@factory/durable/testing";
import { consumeAtoms } from "./atoms-queue.ts";
import type { QueueMessage } from "./atoms-queue.ts";
import { sandboxHealth } from "./sandbox-health.ts";
import { aRun, ORG } from "./testing/builders.ts";

class SettledMessage implements QueueMessage {
  readonly id: string;
  readonly body: unknown;
  readonly attempts = 1;
  settled = "";

  constructor(id: string, body: unknown) {
    this.id = id;
    this.body = body;
  }

  ack(): void {
    this.settled += "acked";
  }

  retry(options?: { delaySeconds?: number }): void {
    this.settled += `retried after ${options?.delaySeconds ?? 0} s`;
  }
}

/** Records what is written of dead letters; the statement itself is run in the platform's tests and in `@factory/durable`. */
class Kept implements DeadLetterDatabase {
  readonly rows: unknown[][] = [];

  prepare(): ReturnType<DeadLetterDatabase["prepare"]> {
    return { bind: (...values) => ({ run: async () => this.rows.push(values) }) };
  }
}

test("a wake-up whose object fails is tried again, and its neighbours in the batch are settled for themselves", async () => {
  const { runId } = aRun("fails");
  const woken: unknown[] = [];
  const log = new MemoryLog();
  const env = {
    DB: new Kept(),
    OPERATIVES: {
      getByName: (name: string) => ({
        wake: async (...args: unknown[]) => {
          if (name.endsWith(":1")) throw new Error("object reset");
          woken.push(args);
        },
      }),
    },
  };
  const messages = [
    new SettledMessage("ok", { org: ORG, runId, slot: 0 }),
    new SettledMessage("fails", { org: ORG, runId, slot: 1 }),
    new SettledMessage("bad", {}),
  ];
  await consumeAtoms({ queue: "atoms", messages }, env, log);
  expect(messages.map(({ settled }) => settled)).toEqual(["acked", "retried after 1 s", "acked"]);
  expect(woken).toEqual([[ORG, runId, 0]]);
  expect(
    log
      .of("atoms.wake")
      .map(({ outcome }) => outcome)
      .sort(),
  ).toEqual(["failed", "failed", "ok"]);
});

test("a dead letter wakes nobody, is kept, and is told with its run", async () => {
  const { runId } = aRun("dead");
  const log = new MemoryLog();
  const message = new SettledMessage("dead", { org: ORG, runId, slot: 0 });
  const [broken, kept] = [new SettledMessage("broken", "wake up"), new Kept()];
  await consumeAtoms({ queue: "atoms-dead", messages: [message, broken] }, { OPERATIVES: { getByName: () => ({}) }, DB: kept }, log);
  expect(kept.rows).toMatchObject([
    ["atoms", "dead", ORG, expect.stringMatching(/^[0-9a-f]{64}$/), JSON.stringify({ run: runId, slot: "0" }), expect.anything(), expect.anything()],
    ["atoms", "broken", null, expect.anything(), "{}", expect.stringContaining("unreadable"), expect.anything()],
  ]);
  expect(message.settled).toBe("acked");
  expect(log.of("atoms.dead-letter")).toMatchObject([{ outcome: "failed", ids: { run: runId, slot: "0" } }, { fields: { body: "wake up" } }]);
});

test("the sandbox's health is told with the reason when it is not well", async () => {
  expect(await sandboxHealth({ fetch: async () => Response.json({ ok: true }) })).toEqual({ ok: true });
  expect(await sandboxHealth({ fetch: async () => new Response("restarting", { status: 503 }) })).toEqual({
    ok: false,
    detail: "the sandbox answered 503: restarting",
  });
  expect(await sandboxHealth({ fetch: () => Promise.reject(new Error("gone")) })).toEqual({ ok: false, detail: "the sandbox did not answer: gone" });
});
