import { describe, expect, test } from "vitest";
import { Inbox, MAX_ANSWER_CHARS, PRUNE_EVERY } from "./inbox.ts";
import { NodeSqliteStorage } from "./testing/node-sqlite.ts";

function anInbox(keepPerSource?: number) {
  const storage = new NodeSqliteStorage();
  storage.sql.exec("CREATE TABLE done (what TEXT)");
  const open = () => new Inbox({ storage, ...(keepPerSource === undefined ? {} : { keepPerSource }) });
  const act = (what: string) => void storage.sql.exec("INSERT INTO done VALUES (?)", what);
  return { storage, open, act, done: () => storage.sql.exec("SELECT what FROM done").toArray().length };
}

describe("Inbox", () => {
  test("a repeat is answered from the record, also after a restart", () => {
    const { open, act, done } = anInbox();
    const run = () => {
      act("x");
      return { ok: true, at: [1, null, "z"] };
    };
    const first = open().once("e1", run);
    expect(first).toEqual({ ok: true, at: [1, null, "z"] });
    expect(open().once("e1", run)).toEqual(first);
    expect(done()).toBe(1);
  });

  test("an answer of nothing is remembered too", () => {
    const { open, act, done } = anInbox();
    const inbox = open();
    expect(inbox.once("e1", () => act("x"))).toBeUndefined();
    expect(inbox.once("e1", () => act("x"))).toBeUndefined();
    expect(inbox.has("e1")).toBe(true);
    expect(done()).toBe(1);
  });

  test("a handler that throws leaves neither writes nor a record", () => {
    const { open, act, done } = anInbox();
    const inbox = open();
    expect(() =>
      inbox.once("e1", () => {
        act("x");
        throw new Error("not now");
      }),
    ).toThrow("not now");
    expect(done()).toBe(0);
    expect(inbox.once("e1", () => 7)).toBe(7);
  });

  test("a handler that returns a promise or too large an answer is refused and undone", () => {
    const { open, act, done } = anInbox();
    const inbox = open();
    expect(() => inbox.once("e1", async () => act("x"))).toThrow(/promise/);
    expect(() => inbox.once("e2", () => [act("x"), "y".repeat(MAX_ANSWER_CHARS)])).toThrow(/characters/);
    expect(done()).toBe(0);
    expect([inbox.has("e1"), inbox.has("e2")]).toEqual([false, false]);
  });

  test("pruning keeps the newest of each source, so a busy source does not push out a quiet one", () => {
    const { open } = anInbox(3);
    const inbox = open();
    inbox.once("quiet", () => 1, "quiet");
    for (let n = 0; n < PRUNE_EVERY + 5; n += 1) inbox.once(`busy-${n}`, () => n, "busy");
    expect(inbox.has("quiet")).toBe(true);
    expect(inbox.has("busy-0")).toBe(false);
    inbox.prune();
    expect([0, 1, 2, 3].map((back) => inbox.has(`busy-${PRUNE_EVERY + 4 - back}`))).toEqual([true, true, true, false]);
  });
});
