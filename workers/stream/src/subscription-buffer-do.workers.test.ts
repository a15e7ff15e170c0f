import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { GENESIS_HASH, objectName } from "@factory/schemas";
import type { SessionEvent } from "@factory/schemas";
import { sessionLogOf } from "@factory/schemas/rpc";
import type { LogIdentity, ObjectHealthRpc } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { STREAM_PAGE } from "./live-tail.ts";
import { LOG_MIGRATIONS } from "./log-schema.ts";
import { anEvent, anIdentity, aTerminalEvent, brokenAt, events, NdjsonReader } from "./testing/builders.ts";

/** A log of its own, by the name that the rest of the factory uses. */
function aLog(workOrderId: string) {
  const identity: LogIdentity = anIdentity(workOrderId);
  const stub = env.SESSION_LOGS.getByName(objectName.sessionLog(identity.org, identity.sessionId));
  return { identity, stub, log: sessionLogOf(env, identity.org, identity.sessionId) };
}

/** The stub's promise pipelines whatever property is read of it; a plain promise is what an assertion may look at. */
const called = async <T>(call: () => Promise<T>): Promise<T> => await call();

const seqs = (read: readonly SessionEvent[]): number[] => read.map(({ seq }) => seq);
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, index) => from + index);

describe("SubscriptionBufferDO", () => {
  test("concurrent appends get gapless seq and one chain, and a refused one leaves its neighbours", async () => {
    const { log, identity } = aLog("WO-concurrent");
    const writes = events(200);
    const answers = await Promise.all([
      ...writes.map((event) => log.append(identity, [event])),
      ...writes.slice(0, 50).map((event) => log.append(identity, [event])),
      log.append({ ...identity, assemblyId: "other" }, [anEvent("foreign")]),
      log.append(identity, [anEvent("x".repeat(300_000))]),
    ]);
    expect(answers.slice(0, 250).every(({ ok }) => ok)).toBe(true);
    expect(answers.slice(250).map((answer) => (answer.ok ? "ok" : answer.code))).toEqual(["INTEGRITY", "TOO_LARGE"]);
    expect(answers.reduce((sum, answer) => sum + (answer.ok ? answer.appended : 0), 0)).toBe(200);
    const { events: stored, tip } = await log.read(0, 1_000);
    expect(seqs(stored)).toEqual(upTo(200));
    expect(brokenAt(stored)).toBeNull();
    expect(tip).toEqual({ lastSeq: 200, rootHash: stored.at(-1)?.hash, closed: false, archived: false });
  });

  test("an invalid payload is refused as a result, not as an exception", async () => {
    const { log, identity } = aLog("WO-invalid");
    const bad = { ...anEvent(), payload: { reason: "incomplete" } } as unknown as ReturnType<typeof anEvent>;
    expect(await log.append(identity, [bad])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT", details: { index: 0, eventId: bad.eventId } });
    expect(await log.tip()).toEqual({ lastSeq: 0, rootHash: GENESIS_HASH, closed: false, archived: false });
  });

  test("its health says where it is, and asking an unused one makes nothing", async () => {
    const { log, stub, identity } = aLog("WO-health");
    // The generated binding does not name the class that this Worker exports.
    const asked = stub as unknown as ObjectHealthRpc;
    expect(await asked.objectHealth()).toMatchObject({ state: "empty", schemaVersion: null, nextAlarmAt: null, outbox: null, leases: [] });
    await runInDurableObject(stub, (_, { storage }) => expect(storage.sql.exec("SELECT name FROM sqlite_master").toArray()).toEqual([]));
    await log.append(identity, [anEvent()]);
    const open = await asked.objectHealth();
    expect(open).toMatchObject({ state: "open", schemaVersion: LOG_MIGRATIONS.at(-1)?.id });
    expect(open.storageBytes).toBeGreaterThan(0);
    await log.append(identity, [aTerminalEvent()]);
    expect(await asked.objectHealth()).toMatchObject({ state: "closed" });
  });

  test("events of another session sent to this object are refused with INTEGRITY", async () => {
    const { log } = aLog("WO-own");
    expect(await log.append(anIdentity("WO-foreign"), [anEvent()])).toMatchObject({ ok: false, code: "INTEGRITY" });
  });

  test("a page over the limit and a wrong cursor are thrown with their code", async () => {
    const { log } = aLog("WO-limits");
    await expect(called(() => log.read(0, 1_001))).rejects.toMatchObject({ code: "TOO_LARGE" });
    await expect(called(() => log.subscribe(-1))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a subscription replays and joins the live tail without gap or repeat while appends race", async () => {
    const { log, identity } = aLog("WO-race");
    const stored = STREAM_PAGE.events + 44;
    await log.append(identity, events(stored));
    const readers = await Promise.all([0, 7, stored].map(async (after) => ({ after, reader: new NdjsonReader(await log.subscribe(after)) })));
    const reads = readers.map(async ({ after, reader }) => ({ after, read: seqs(await reader.rest()) }));
    await Promise.all(events(100).map((event) => log.append(identity, [event])));
    await log.append(identity, [aTerminalEvent()]);
    for (const { after, read } of await Promise.all(reads)) expect(read).toEqual(upTo(stored + 101, after + 1));
  });

  test("a subscription to an empty log waits for its first event", async () => {
    const { log, identity } = aLog("WO-empty");
    const first = new NdjsonReader(await log.subscribe(0)).next();
    await log.append(identity, [anEvent("first")]);
    expect(await first).toMatchObject({ seq: 1, prevHash: GENESIS_HASH });
  });

  test("a hundred subscribers each get every event once", async () => {
    const { log, identity } = aLog("WO-many");
    const readers = await Promise.all(upTo(100).map(async () => new NdjsonReader(await log.subscribe(0))));
    const reads = readers.map((reader) => reader.rest());
    for (const event of events(10)) await log.append(identity, [event]);
    await log.append(identity, [aTerminalEvent()]);
    for (const read of await Promise.all(reads)) expect(seqs(read)).toEqual(upTo(11));
  });

  test("a reader that does not read holds neither the log nor other readers up, and gets everything later", async () => {
    const { log, identity } = aLog("WO-slow");
    const slow = new NdjsonReader(await log.subscribe(0));
    const fast = new NdjsonReader(await log.subscribe(0));
    const text = "x".repeat(64 * 1024);
    const batches = 24;
    for (let batch = 0; batch < batches; batch++) {
      await log.append(
        identity,
        Array.from({ length: 8 }, () => anEvent(text)),
      );
      expect(await fast.take(8)).toHaveLength(8);
    }
    await log.append(identity, [aTerminalEvent()]);
    expect(seqs(await slow.rest())).toEqual(upTo(batches * 8 + 1));
    expect(seqs(await fast.rest())).toEqual([batches * 8 + 1]);
  });

  test("a cancelled reader is dropped and the others go on", async () => {
    const { log, identity } = aLog("WO-cancel");
    const [gone, stays] = [new NdjsonReader(await log.subscribe(0)), new NdjsonReader(await log.subscribe(0))];
    await log.append(identity, [anEvent("a")]);
    expect(await gone.take(1)).toHaveLength(1);
    await gone.cancel();
    await log.append(identity, [anEvent("b"), aTerminalEvent()]);
    expect(seqs(await stays.rest())).toEqual([1, 2, 3]);
  });

  test("a reader whose object is reset in mid-stream sees an error and resumes from its cursor without gap or repeat", async () => {
    const { log, identity } = aLog("WO-reset");
    await log.append(identity, events(5));
    const before = new NdjsonReader(await log.subscribe(0));
    const seen = seqs(await before.take(5));
    const broken = before.next().then(
      () => "answered",
      () => "broken",
    );
    await abortAllDurableObjects();
    expect(await broken).toBe("broken");
    const { log: again } = aLog("WO-reset");
    const resumed = new NdjsonReader(await again.subscribe(seen.at(-1) ?? 0));
    const rest = resumed.rest();
    expect(await again.append(identity, [anEvent("after"), aTerminalEvent()])).toMatchObject({ ok: true, tip: { lastSeq: 7, closed: true } });
    expect([...seen, ...seqs(await rest)]).toEqual(upTo(7));
  });

  test("after an eviction the chain goes on where it was and known events stay known", async () => {
    const { log, identity, stub } = aLog("WO-evicted");
    const writes = events(5);
    await log.append(identity, writes);
    await evictDurableObject(stub);
    expect(await log.append(identity, [...writes, anEvent("after")])).toMatchObject({ ok: true, appended: 1, tip: { lastSeq: 6 } });
    const { events: stored } = await log.read(0, 100);
    expect(seqs(stored)).toEqual(upTo(6));
    expect(brokenAt(stored)).toBeNull();
  });

  test("the schema is applied once, and an object whose record was tampered with refuses to run", async () => {
    const { log, identity, stub } = aLog("WO-migrated");
    await log.append(identity, events(2));
    await evictDurableObject(stub);
    expect(await log.tip()).toMatchObject({ lastSeq: 2 });
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray()).toEqual([
        { id: "0001-log" },
        { id: "0002-deliveries-and-archive" },
        { id: "0003-sealing" },
        { id: "0004-linear" },
      ]);
      storage.sql.exec("UPDATE durable_migrations SET digest = 'tampered' WHERE component = 'object'");
    });
    await evictDurableObject(stub);
    await expect(called(() => log.tip())).rejects.toThrow(/changed after it was applied/);
  });

  test("foreign keys and the append-only triggers hold in the object's database", async () => {
    const { log, identity, stub } = aLog("WO-triggers");
    await log.append(identity, [anEvent()]);
    await runInDurableObject(stub, (_, { storage }) => {
      expect(() => storage.sql.exec("DELETE FROM log_events")).toThrow(/append-only/);
      expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
    });
  });
});

describe("the stream Worker", () => {
  test("answers health by RPC and nothing over HTTP", async () => {
    expect(await exports.default.health()).toEqual({ worker: "stream", ok: true });
    expect((await exports.default.fetch("http://stream/anything")).status).toBe(404);
  });
});
