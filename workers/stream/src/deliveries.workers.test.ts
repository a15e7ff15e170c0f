import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { migrate } from "@factory/durable";
import { blobKey, digestOf, GENESIS_HASH, objectName } from "@factory/schemas";
import { assemblyLogOf, sessionLogOf } from "@factory/schemas/rpc";
import type { AssemblyLogRpc, LogIdentity, SessionLogRpc } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { LOG_MIGRATIONS } from "./log-schema.ts";
import { SubscriptionBufferDO } from "./subscription-buffer-do.ts";
import { anEvent, anIdentity, aTerminalEvent, aWrite, brokenAt, events, NdjsonReader } from "./testing/builders.ts";
import { LINEAR_QUEUE_SHARD, QUEUE_SHARD } from "./testing/neighbours.ts";
import type { RecordingShard } from "./testing/neighbours.ts";

/** A log of its own with a shard and an assembly of its own. */
function aLog(workOrderId: string, shard: number) {
  const identity: LogIdentity = { ...anIdentity(workOrderId), assemblyId: `assembly-${shard}` };
  const { org, sessionId, assemblyId } = identity;
  const sink = { org, shard };
  return {
    identity,
    sink,
    stub: env.SESSION_LOGS.getByName(objectName.sessionLog(org, sessionId)),
    log: sessionLogOf(env, org, sessionId),
    assembly: assemblyLogOf(env, org, assemblyId),
    shard: recording(objectName.subscribers(org, shard)),
  };
}

/** The class behind the binding is this test's own Worker's; its type is not known here. */
const recording = (name: string): RecordingShard => env.SUBSCRIBERS.getByName(name) as unknown as RecordingShard;

/** The stub's promise pipelines whatever property is read of it; a plain promise is what an assertion may look at. */
const called = async <T>(call: () => Promise<T>): Promise<T> => await call();

const seqs = (read: readonly { seq: number }[]): number[] => read.map(({ seq }) => seq);
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, index) => from + index);
const takenBy = async (shard: RecordingShard): Promise<number[]> =>
  seqs(
    (await shard.taken())
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as { seq: number }),
  );

/** Fires a timer of the object as if its time had come. */
async function fire(stub: ReturnType<typeof aLog>["stub"], timer: string): Promise<void> {
  await runInDurableObject(stub, async (_, { storage }) => {
    storage.sql.exec("UPDATE scheduler_timers SET due_at = 1 WHERE name = ?", timer);
    await storage.setAlarm(Date.now() + 60_000);
  });
  expect(await runDurableObjectAlarm(stub)).toBe(true);
}

/** What the object has in its database, without what the platform keeps there. */
const tablesOf = (stub: ReturnType<typeof aLog>["stub"]): Promise<unknown[]> =>
  runInDurableObject(stub, (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name NOT LIKE '_cf_%'").toArray(),
  );

describe("what a log delivers", () => {
  test("a sink gets every event once across an eviction, and is told of the end", async () => {
    const { log, identity, sink, stub, shard } = aLog("WO-sink", 1);
    await log.append(identity, events(3));
    expect(await log.attach(sink, 1)).toMatchObject({ ok: true, tip: { lastSeq: 3, closed: false } });
    await expect.poll(() => takenBy(shard)).toEqual([2, 3]);
    await evictDurableObject(stub);
    await log.append(identity, events(2));
    await log.append(identity, [aTerminalEvent()]);
    await expect.poll(() => shard.toldClosed()).toBe(true);
    expect(await takenBy(shard)).toEqual(upTo(6, 2));
  });

  test("D-22 appends go on while a sink fails; after a crash the alarm brings what it missed", async () => {
    const { log, identity, sink, shard } = aLog("WO-failing", 2);
    await shard.failNext(1_000);
    await log.attach(sink, 0);
    expect(await log.append(identity, events(4))).toMatchObject({ ok: true, appended: 4 });
    await abortAllDurableObjects();
    const again = aLog("WO-failing", 2);
    await again.shard.failNext(0);
    expect(await runDurableObjectAlarm(again.stub)).toBe(true);
    await expect.poll(() => takenBy(again.shard)).toEqual(upTo(4));
  });

  test("writes of a session come to its assembly's log in order and once, with a chain of their own", async () => {
    const { log, identity, stub, assembly } = aLog("WO-writes", 3);
    const writes = upTo(5).map((number) => aWrite(`ART-${number}`));
    await log.append(identity, [anEvent(), ...writes.slice(0, 3)]);
    await evictDurableObject(stub);
    await log.append(identity, [...writes, anEvent()]);
    await expect.poll(async () => (await assembly.tip()).lastSeq).toBe(5);
    const { events: read } = await assembly.readWrites(0, 100);
    expect(read.map(({ eventId, sessionId }) => [eventId, sessionId])).toEqual(writes.map(({ eventId }) => [eventId, identity.sessionId]));
    expect(brokenAt(read)).toBeNull();
    const live = new NdjsonReader(await assembly.subscribe(5)).next();
    await log.append(identity, [aWrite("ART-6")]);
    expect(await live).toMatchObject({ seq: 6, payload: { artifactId: "ART-6" } });
  });

  test("the queue is told what the read model may not have", async () => {
    const { log, identity } = aLog("WO-projected", 4);
    await log.append(identity, events(3));
    await log.append(identity, [anEvent(), aTerminalEvent()]);
    const messages = async () => (await recording(QUEUE_SHARD).messages()).filter(({ sessionId }) => sessionId === identity.sessionId);
    await expect.poll(async () => (await messages()).at(-1)?.toSeq).toBe(5);
    expect((await messages())[0]).toMatchObject({ org: "acme", fromSeq: 1 });
  });

  test("the queue for Linear is told where FACTORY_LINEAR is on, and of nothing before that", async () => {
    const { log, identity, stub } = aLog("WO-linear", 8);
    const told = async (queue: string) => (await recording(queue).messages()).filter(({ sessionId }) => sessionId === identity.sessionId);
    await log.append(identity, events(3));
    await expect.poll(async () => (await told(QUEUE_SHARD)).at(-1)?.toSeq).toBe(3);
    expect(await told(LINEAR_QUEUE_SHARD)).toEqual([]);
    // The same object as a deploy with the variable makes it.
    await runInDurableObject(stub, async (_, ctx) => {
      const shown = new SubscriptionBufferDO(ctx, { ...env, FACTORY_LINEAR: "on" });
      expect(await shown.append(identity, [anEvent()])).toMatchObject({ ok: true, tip: { lastSeq: 4 } });
    });
    await expect.poll(async () => (await told(LINEAR_QUEUE_SHARD)).at(-1)?.toSeq).toBe(4);
    expect((await told(LINEAR_QUEUE_SHARD))[0]).toMatchObject({ org: "acme", fromSeq: 1 });
  });

  test("a log of one kind refuses the calls of the other", async () => {
    const { log, assembly, identity } = aLog("WO-kinds", 5);
    const named = (name: string): unknown => env.SESSION_LOGS.getByName(name);
    const session = named(objectName.sessionLog(identity.org, identity.sessionId)) as AssemblyLogRpc;
    await expect(called(() => session.readWrites(0, 1))).rejects.toMatchObject({ code: "INTEGRITY" });
    const writes = named(objectName.assemblyLog(identity.org, identity.assemblyId)) as SessionLogRpc;
    await expect(called(() => writes.read(0, 1))).rejects.toMatchObject({ code: "INTEGRITY" });
    expect([(await log.tip()).lastSeq, (await assembly.tip()).lastSeq]).toEqual([0, 0]);
  });
});

describe("the archive of a log", () => {
  test("D-27 after the archiving the resident object and a fresh one serve the same log from R2 and take nothing new", async () => {
    const { log, identity, stub, sink, shard } = aLog("WO-archived", 6);
    const writes = [...events(6), aWrite("ART-1"), aTerminalEvent()];
    await log.attach(sink, 0);
    await log.append(identity, writes);
    await expect.poll(() => shard.toldClosed()).toBe(true);
    const before = await log.read(0, 100);
    // The queue and the assembly's log may still be on their way; the storage waits for them.
    await expect
      .poll(async () => {
        if ((await tablesOf(stub)).length > 0) await fire(stub, "archive");
        return tablesOf(stub);
      })
      .toEqual([]);
    const { org, sessionId } = identity;
    expect((await env.BLOBS.list({ prefix: blobKey.logIndex(org, sessionId).replace("index.json", "") })).objects.map(({ key }) => key)).toEqual([
      blobKey.logPage(org, sessionId, 1),
      blobKey.logIndex(org, sessionId),
    ]);
    for (const incarnation of ["resident", "fresh"]) {
      if (incarnation === "fresh") await evictDurableObject(stub);
      expect(await log.read(0, 100)).toEqual({ events: before.events, tip: { ...before.tip, archived: true } });
      expect(seqs(await new NdjsonReader(await log.subscribe(5)).rest())).toEqual([6, 7, 8]);
      expect(await log.append(identity, writes.slice(5))).toMatchObject({ ok: true, appended: 0, tip: { lastSeq: 8, archived: true } });
      expect(await log.append(identity, [anEvent("late")])).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
      expect(await tablesOf(stub)).toEqual([]);
    }
    expect(await runInDurableObject(stub, (_, { storage }) => storage.getAlarm())).toBeNull();
  });

  test("a log of the first schema is taken over by an object that wakes, and goes to the archive when it is closed", async () => {
    const { log, identity, stub } = aLog("WO-first-schema", 7);
    const { org, sessionId, workOrderId, assemblyId } = identity;
    const { eventId, kind, occurredAt, payload } = aTerminalEvent();
    const event = { seq: 1, eventId, stream: "sessionEvents", kind, sessionId, assemblyId, workOrderId, occurredAt, payload, prevHash: GENESIS_HASH };
    const hash = digestOf(event);
    await runInDurableObject(stub, (_, { storage }) => {
      migrate(storage, LOG_MIGRATIONS.slice(0, 1));
      storage.sql.exec("INSERT INTO log_events (seq, event_id, bytes, line) VALUES (1, ?, 100, ?)", eventId, JSON.stringify({ ...event, hash }));
      storage.sql.exec("INSERT INTO log_head VALUES (1, ?, ?, ?, ?, 1, ?, 1)", org, sessionId, workOrderId, assemblyId, hash);
    });
    await evictDurableObject(stub);
    expect(await log.tip()).toMatchObject({ lastSeq: 1, rootHash: hash, closed: true });
    await expect.poll(async () => (await log.tip()).archived, { timeout: 40_000 }).toBe(true);
    expect(brokenAt((await log.read(0, 10)).events)).toBeNull();
  });
});
