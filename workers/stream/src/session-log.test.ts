import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { GENESIS_HASH, objectName } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { READ_PAGE_BYTES, SESSION_LOG_MIGRATIONS, SessionLog } from "./session-log.ts";
import { anEvent, anIdentity, aTerminalEvent, brokenAt, events } from "./testing/builders.ts";

const identity = anIdentity();

function aLog(): { log: SessionLog; storage: NodeSqliteStorage } {
  const storage = new NodeSqliteStorage();
  migrate(storage, SESSION_LOG_MIGRATIONS);
  return { log: new SessionLog({ storage, objectName: objectName.sessionLog(identity.org, identity.sessionId) }), storage };
}

const all = (log: SessionLog) => log.read(0, LOG_LIMITS.pageEvents).events;
const code = (fn: () => unknown): unknown => {
  try {
    fn();
  } catch (err) {
    return (err as { code?: unknown }).code;
  }
  return undefined;
};

describe("a session's log", () => {
  test("an empty log ends at 0 with the genesis hash", () => {
    expect(aLog().log.tip()).toEqual({ lastSeq: 0, rootHash: GENESIS_HASH, closed: false });
  });

  test("events get seq from 1 without a gap and each hash covers the one before", () => {
    const { log } = aLog();
    log.append(identity, events(3));
    const { tip } = log.append(identity, events(2, 4));
    const stored = all(log);
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(stored.map(({ payload }) => (payload as { reason: string }).reason)).toEqual(["e1", "e2", "e3", "e4", "e5"]);
    expect(brokenAt(stored)).toBeNull();
    expect(tip).toEqual({ lastSeq: 5, rootHash: stored[4]?.hash, closed: false });
    expect(stored[0]).toMatchObject({
      stream: "sessionEvents",
      sessionId: identity.sessionId,
      assemblyId: "pricing",
      workOrderId: "WO-1",
      prevHash: GENESIS_HASH,
    });
  });

  test("changing any field of a stored event breaks the chain where it was changed", () => {
    const { log } = aLog();
    log.append(identity, events(3));
    const [first, second, third] = all(log);
    if (first === undefined || second === undefined || third === undefined) throw new Error("Three events were appended.");
    expect(brokenAt([first, { ...second, occurredAt: second.occurredAt + 1 }, third])).toBe(1);
    expect(brokenAt([first, third])).toBe(1);
  });

  test("a known event id is skipped, in a later call and in the same one", () => {
    const { log } = aLog();
    const [first, second] = [anEvent("a"), anEvent("b")];
    expect(log.append(identity, [first, first])).toMatchObject({ appended: 1 });
    expect(log.append(identity, [first, second])).toMatchObject({ appended: 1, tip: { lastSeq: 2 } });
    expect(log.append(identity, [second, first])).toMatchObject({ appended: 0, tip: { lastSeq: 2 } });
    expect(all(log)).toHaveLength(2);
  });

  test("the terminal event closes the log: a repeat is skipped, a new event is refused with everything in its call", () => {
    const { log } = aLog();
    const early = anEvent("early");
    const terminal = aTerminalEvent();
    expect(log.append(identity, [early, terminal]).tip).toMatchObject({ lastSeq: 2, closed: true });
    expect(log.append(identity, [early, terminal])).toMatchObject({ appended: 0, tip: { closed: true } });
    expect(code(() => log.append(identity, [early, anEvent("late")]))).toBe("FAILED_PRECONDITION");
    expect(all(log)).toHaveLength(2);
  });

  test("an event after the terminal one in the same call undoes the whole call", () => {
    const { log } = aLog();
    log.append(identity, [anEvent("kept")]);
    expect(code(() => log.append(identity, [anEvent("x"), aTerminalEvent(), anEvent("late")]))).toBe("FAILED_PRECONDITION");
    expect(log.tip()).toMatchObject({ lastSeq: 1, closed: false });
  });

  test("another session's, work order's or assembly's events are refused with INTEGRITY", () => {
    const { log } = aLog();
    expect(code(() => log.append(anIdentity("WO-2"), [anEvent()]))).toBe("INTEGRITY");
    expect(log.tip().lastSeq).toBe(0);
    log.append(identity, [anEvent()]);
    expect(code(() => log.append({ ...identity, assemblyId: "other" }, [anEvent()]))).toBe("INTEGRITY");
    expect(code(() => log.append({ ...identity, workOrderId: "WO-9" }, [anEvent()]))).toBe("INTEGRITY");
    expect(code(() => log.append({ ...identity, org: "other" }, [anEvent()]))).toBe("INTEGRITY");
    expect(log.tip().lastSeq).toBe(1);
  });

  test("an event over the size limit is refused with its size, the limit and everything in its call", () => {
    const { log } = aLog();
    const large = anEvent("x".repeat(LOG_LIMITS.eventBytes));
    expect(() => log.append(identity, [anEvent("small"), large])).toThrow(new RegExp(`${LOG_LIMITS.eventBytes}`));
    expect(code(() => log.append(identity, [large]))).toBe("TOO_LARGE");
    expect(log.tip().lastSeq).toBe(0);
  });

  test("size is counted in bytes, not in characters", () => {
    const { log } = aLog();
    expect(code(() => log.append(identity, [anEvent("ж".repeat(LOG_LIMITS.eventBytes / 2))]))).toBe("TOO_LARGE");
    expect(log.append(identity, [anEvent("x".repeat(LOG_LIMITS.eventBytes / 2))]).appended).toBe(1);
  });

  test("a page is bounded by its limit, and a limit over the largest page is TOO_LARGE", () => {
    const { log } = aLog();
    log.append(identity, events(10));
    expect(log.read(3, 4).events.map(({ seq }) => seq)).toEqual([4, 5, 6, 7]);
    expect(log.read(8, 4)).toMatchObject({ tip: { lastSeq: 10 } });
    expect(log.read(10, 4).events).toEqual([]);
    expect(code(() => log.read(0, LOG_LIMITS.pageEvents + 1))).toBe("TOO_LARGE");
    expect([-1, 0.5, Number.NaN].map((after) => code(() => log.read(after, 1)))).toEqual(Array(3).fill("INVALID_ARGUMENT"));
    expect(code(() => log.read(0, 0))).toBe("INVALID_ARGUMENT");
  });

  test("a page of large events is cut by bytes and still moves on", () => {
    const { log } = aLog();
    const size = LOG_LIMITS.eventBytes - 1_024;
    const fit = Math.floor(READ_PAGE_BYTES / size);
    for (let index = 0; index < fit + 3; index++) log.append(identity, [anEvent(`${index}${"x".repeat(size - 1_024)}`)]);
    const { events: page } = log.read(0, 100);
    expect(page.length).toBeLessThan(fit + 3);
    expect(log.read(page.length, 100).events[0]?.seq).toBe(page.length + 1);
    expect(log.pageAfter(0, { events: 10, bytes: 1 })).toMatchObject({ count: 1, lastSeq: 1 });
  });

  test("stored events can be neither changed nor deleted", () => {
    const { log, storage } = aLog();
    log.append(identity, events(2));
    expect(() => storage.sql.exec("UPDATE log_events SET line = '{}' WHERE seq = 1")).toThrow(/append-only/);
    expect(() => storage.sql.exec("DELETE FROM log_events WHERE seq = 1")).toThrow(/append-only/);
  });

  test("whatever is sent, repeated and refused, the log stays gapless, chained and free of repeats", () => {
    const pool = [...events(20), aTerminalEvent(), anEvent("x".repeat(LOG_LIMITS.eventBytes))];
    const call = fc.array(fc.integer({ min: 0, max: pool.length - 1 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 12 }), (calls) => {
        const { log } = aLog();
        const model: EventWrite[] = [];
        for (const indexes of calls) {
          const writes = indexes.flatMap((index) => pool[index] ?? []);
          const fresh = [...new Set(writes)].filter((write) => !model.includes(write));
          const closes = [...model, ...fresh].findIndex(({ kind }) => kind === "SESSION_COMPLETED");
          const refused = fresh.some((write) => write === pool[21]) || (closes !== -1 && closes < model.length + fresh.length - 1 && fresh.length > 0);
          const answered = code(() => log.append(identity, writes));
          expect(answered !== undefined).toBe(refused);
          if (!refused) model.push(...fresh);
        }
        const stored = all(log);
        expect(stored.map(({ eventId }) => eventId)).toEqual(model.map(({ eventId }) => eventId));
        expect(brokenAt(stored)).toBeNull();
        expect(log.tip().rootHash).toBe(stored.at(-1)?.hash ?? GENESIS_HASH);
      }),
      { numRuns: 150 },
    );
  });
});
