import { migrate } from "@factory/durable";
import { ManualClock, NodeSqliteStorage } from "@factory/durable/testing";
import { canonicalJson, GENESIS_HASH, objectName } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { READ_PAGE_BYTES } from "./log-lines.ts";
import { LOG_MIGRATIONS } from "./log-schema.ts";
import { SessionLog } from "./session-log.ts";
import type { SessionLimits } from "./session-log.ts";
import { anEvent, anIdentity, aBeadEvent, aTerminalEvent, aWrite, brokenAt, events } from "./testing/builders.ts";

const identity = anIdentity();

function aLog(limits?: SessionLimits): { log: SessionLog; storage: NodeSqliteStorage } {
  const storage = new NodeSqliteStorage();
  migrate(storage, LOG_MIGRATIONS);
  const name = objectName.sessionLog(identity.org, identity.sessionId);
  return { log: new SessionLog({ storage, objectName: name, now: new ManualClock().now, ...(limits === undefined ? {} : { limits }) }), storage };
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
    expect(aLog().log.tip()).toEqual({ lastSeq: 0, rootHash: GENESIS_HASH, closed: false, archived: false });
  });

  test("events get seq from 1 without a gap and each hash covers the one before", () => {
    const { log } = aLog();
    log.append(identity, events(3));
    const { tip } = log.append(identity, events(2, 4));
    const stored = all(log);
    expect(stored.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(stored.map(({ payload }) => (payload as { reason: string }).reason)).toEqual(["e1", "e2", "e3", "e4", "e5"]);
    expect(brokenAt(stored)).toBeNull();
    expect(tip).toEqual({ lastSeq: 5, rootHash: stored[4]?.hash, closed: false, archived: false });
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
    expect(log.tip()).toMatchObject({ lastSeq: 1, closed: false, archived: false });
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

  test("a line is the canonical JSON of its event, so its bytes are what was hashed and the hash beside them", () => {
    const { log } = aLog();
    const odd = fc.array(fc.record({ text: fc.string({ unit: "grapheme" }), metadata: fc.dictionary(fc.string(), fc.jsonValue()) }), { maxLength: 8 });
    fc.assert(
      fc.property(odd, (contents) => {
        const before = log.tip().lastSeq;
        log.append(
          identity,
          contents.map(({ text, metadata }) => aWrite(`ART-${text}`, { metadata: JSON.parse(JSON.stringify(metadata)) })),
        );
        const lines = log.pageAfter(before, { events: 100, bytes: READ_PAGE_BYTES }).text.split("\n").slice(0, -1);
        expect(lines).toHaveLength(contents.length);
        for (const line of lines) expect(line).toBe(canonicalJson(JSON.parse(line)));
      }),
      { numRuns: 60 },
    );
    expect(brokenAt(log.read(0, LOG_LIMITS.pageEvents).events)).toBeNull();
  });

  test("D-33 hazard: unbounded log kills the object - each refusal names its limit, the limit's value and what to do", () => {
    const { log } = aLog({ sessionEvents: 2, reservedEvents: 2 });
    const refusal = (write: EventWrite) => {
      try {
        log.append(identity, [write]);
      } catch (err) {
        return err;
      }
      throw new Error("It was taken.");
    };
    log.append(identity, [aBeadEvent(), aBeadEvent()]);
    expect(refusal(aBeadEvent())).toMatchObject({
      code: "TOO_LARGE",
      details: { limitName: "sessionEvents", limit: 2 },
      message: expect.stringMatching(/sessionEvents is 2\. End the session/),
    });
    expect(refusal(aWrite("ART-1"))).toMatchObject({ details: { limitName: "sessionEvents" } });
    expect(refusal(anEvent("x".repeat(LOG_LIMITS.eventBytes)))).toMatchObject({ details: { limitName: "eventBytes", limit: LOG_LIMITS.eventBytes } });
    log.append(identity, [anEvent("one of the session's own"), aWrite("EVD-1", { artifactType: "EvidencePackage" })]);
    expect(refusal(anEvent())).toMatchObject({
      code: "TOO_LARGE",
      details: { limitName: "reservedEvents", limit: 2 },
      message: expect.stringMatching(/terminal event/),
    });
    expect(log.append(identity, [aTerminalEvent()]).tip).toMatchObject({ lastSeq: 5, closed: true });
  });

  test("what memory keeps of the head is forgotten with a transaction that was rolled back", () => {
    const { log, storage } = aLog();
    log.append(identity, events(1));
    expect(() =>
      storage.transactionSync(() => {
        log.append(identity, events(2));
        throw new Error("the commit failed");
      }),
    ).toThrow("the commit failed");
    log.forget();
    log.append(identity, events(1));
    expect(brokenAt(all(log))).toBeNull();
    expect(log.tip().lastSeq).toBe(2);
  });

  test("D-32 concurrent producers each see their own order kept, and repeats and late repeats change nothing", () => {
    const producers = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(producers, fc.infiniteStream(fc.nat()), (sizes, choices) => {
        const { log } = aLog();
        const queues = sizes.map((size, producer) => Array.from({ length: size }, (_, index) => anEvent(`${producer}:${index}`)));
        const sent = queues.map(() => 0);
        const choose = (below: number): number => (choices.next().value ?? 0) % below;
        while (sent.some((count, producer) => count < (queues[producer]?.length ?? 0))) {
          const producer = choose(queues.length);
          const queue = queues[producer] ?? [];
          // An outbox lane sends from its first event that was not acknowledged, and may have lost any of its acknowledgements.
          const from = choose((sent[producer] ?? 0) + 1);
          const until = Math.min(queue.length, from + 1 + choose(3));
          log.append(identity, queue.slice(from, until));
          sent[producer] = Math.max(sent[producer] ?? 0, until);
        }
        log.append(identity, [aTerminalEvent()]);
        for (const queue of queues) expect(log.append(identity, queue).appended).toBe(0);
        const stored = all(log)
          .slice(0, -1)
          .map(({ payload }) => (payload as { reason: string }).reason);
        for (const [producer, queue] of queues.entries()) {
          expect(stored.filter((reason) => reason.startsWith(`${producer}:`))).toEqual(queue.map(({ payload }) => payload.reason));
        }
      }),
      { numRuns: 150 },
    );
  });

  test("a log that is being sealed takes the evidence and the terminal event and nothing else, and repeats stay repeats", () => {
    const { log, storage } = aLog();
    const early = anEvent("early");
    expect(code(() => log.beginSealing(identity))).toBe("FAILED_PRECONDITION");
    log.append(identity, [early]);
    const sealedAt = log.beginSealing(identity);
    expect(log.beginSealing(identity)).toEqual(sealedAt);
    expect(code(() => log.beginSealing(anIdentity("WO-2")))).toBe("INTEGRITY");
    const reopened = new SessionLog({ storage, objectName: undefined, now: () => 0 });
    for (const again of [log, reopened]) {
      for (const late of [anEvent("late"), aWrite("SPEC-1"), aBeadEvent()]) expect(code(() => again.append(identity, [late]))).toBe("FAILED_PRECONDITION");
      expect(again.append(identity, [early])).toMatchObject({ appended: 0, tip: sealedAt });
    }
    log.append(identity, [aWrite("EVD-1"), aTerminalEvent()]);
    expect(log.tip()).toMatchObject({ lastSeq: 3, closed: true });
    expect(all(log)[1]?.prevHash).toBe(sealedAt.rootHash);
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
