import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { digestOf } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { buryMessage, type DeadLetterDatabase, type DeadLetterDeps, type DeadMessage } from "./dead-letters.ts";
import { MemoryLog } from "./testing/index.ts";

const MIGRATIONS = join(import.meta.dirname, "../../../migrations/factory");

/** The database `factory` in node's SQLite. */
class Factory implements DeadLetterDatabase {
  readonly #db = new DatabaseSync(":memory:", { enableForeignKeyConstraints: true });

  constructor() {
    const files = readdirSync(MIGRATIONS).filter((name) => name.endsWith(".sql"));
    for (const file of files.sort()) this.#db.exec(readFileSync(join(MIGRATIONS, file), "utf8"));
  }

  prepare(sql: string): ReturnType<DeadLetterDatabase["prepare"]> {
    return { bind: (...values) => ({ run: async () => this.#db.prepare(sql).run(...values) }) };
  }

  rows(): object[] {
    return this.#db.prepare("SELECT * FROM dead_letters ORDER BY queue, message_id").all();
  }
}

type Settled = { acked: number; retriedAfter: number | null };

function aMessage(change: Partial<DeadMessage> = {}): DeadMessage & { readonly settled: Settled } {
  const settled: Settled = { acked: 0, retriedAfter: null };
  return {
    id: "m-1",
    body: { org: "acme", n: 1 },
    attempts: 1,
    ack: () => void (settled.acked += 1),
    retry: (options) => void (settled.retriedAfter = options?.delaySeconds ?? 0),
    settled,
    ...change,
  };
}

function surroundings(change: Partial<DeadLetterDeps> = {}) {
  const database = new Factory();
  const log = new MemoryLog();
  const deps: DeadLetterDeps = { queue: "atoms", read: () => ({ org: "acme", ids: { run: "RUN-1" } }), database, log, now: () => 5_000, ...change };
  return { deps, database, log };
}

describe("burying a message", () => {
  test("keeps what it was about and a digest of its body, tells of it, and takes it off the queue", async () => {
    const { deps, database, log } = surroundings();
    const message = aMessage();
    await buryMessage(message, deps);
    expect(database.rows()).toEqual([
      {
        queue: "atoms",
        message_id: "m-1",
        org: "acme",
        body_digest: digestOf({ org: "acme", n: 1 }),
        ids: '{"run":"RUN-1"}',
        reason: "No delivery of the queue atoms succeeded.",
        died_at: 5_000,
      },
    ]);
    expect(log.of("atoms.dead-letter")).toMatchObject([{ outcome: "failed", ids: { message: "m-1", org: "acme", run: "RUN-1" } }]);
    expect(message.settled).toEqual({ acked: 1, retriedAfter: null });
  });

  test("keeps one row of a message that arrives twice, the first, and one of each queue", async () => {
    const { deps, database } = surroundings();
    await buryMessage(aMessage(), deps);
    const again = aMessage();
    await buryMessage(again, { ...deps, now: () => 9_000 });
    await buryMessage(aMessage(), { ...deps, queue: "projections" });
    expect(database.rows()).toMatchObject([
      { queue: "atoms", died_at: 5_000 },
      { queue: "projections", died_at: 5_000 },
    ]);
    expect(again.settled.acked).toBe(1);
  });

  test("keeps a body that nobody can read without an organisation, and says why it is unreadable", async () => {
    const { deps, database, log } = surroundings({ read: () => ({ problem: "expected object" }) });
    await buryMessage(aMessage({ body: null }), deps);
    expect(database.rows()).toMatchObject([{ org: null, ids: "{}", reason: "The body is unreadable: expected object" }]);
    expect(log.of("atoms.dead-letter")).toMatchObject([{ fields: { body: null } }]);
  });

  test("leaves a message on its queue when its row could not be written", async () => {
    const failing = { prepare: () => ({ bind: () => ({ run: () => Promise.reject(new Error("D1 is down")) }) }) };
    const { deps, log } = surroundings({ database: failing });
    const message = aMessage();
    await buryMessage(message, deps);
    expect(message.settled).toEqual({ acked: 0, retriedAfter: 10 });
    expect(log.events).toMatchObject([{ op: "atoms.keep-dead-letter", ids: { run: "RUN-1" }, fields: { error: "D1 is down" } }]);
  });
});
