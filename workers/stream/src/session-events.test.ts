import { blobKey, textOfEvents, writtenEvent } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ARCHIVE_AFTER_MS } from "./archiving.ts";
import { SAFETY_MS } from "./event-log.ts";
import { HINT_WINDOW_MS } from "./projection-hints.ts";
import { anEvent, aTerminalEvent, aWrite, brokenAt, events, NdjsonReader } from "./testing/builders.ts";
import { SessionWorld, turns } from "./testing/log-world.ts";
import type { WorldOptions } from "./testing/log-world.ts";
import { CARRY_WINDOW_MS, LANE_BATCH } from "./writes-lane.ts";

const seqs = (read: readonly { seq: number }[]): number[] => read.map(({ seq }) => seq);
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, index) => from + index);

/** A world whose session has ended with some events, `writes` of them of `artifactWrites`. */
async function anEndedWorld(options: WorldOptions = {}): Promise<SessionWorld> {
  const world = new SessionWorld(options);
  await world.append([...events(4), aWrite("ART-1"), aWrite("ART-2"), ...events(3, 5)]);
  await world.append([aTerminalEvent()]);
  await turns();
  return world;
}

/** A world whose log is in the archive and whose object has no storage. */
async function anArchivedWorld(options: WorldOptions = {}): Promise<SessionWorld> {
  const world = await anEndedWorld(options);
  await world.pass(ARCHIVE_AFTER_MS + 60_000);
  expect(world.tables()).toEqual([]);
  return world;
}

describe("the log of a session", () => {
  test("asking an object that nothing was appended to leaves no storage behind", async () => {
    const world = new SessionWorld();
    expect(await world.tip()).toMatchObject({ lastSeq: 0, closed: false, archived: false });
    expect((await world.events.read(0, 10)).events).toEqual([]);
    expect(world.tables()).toEqual([]);
  });

  test("D-23 the terminal event ends subscriptions and sinks, and nothing is taken after it", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    const read = new NdjsonReader(await world.events.log.subscribe(0)).rest();
    await world.append([anEvent()]);
    await world.append([aTerminalEvent()]);
    expect(seqs(await read)).toEqual([1, 2]);
    await turns();
    expect([sink.lastSeq, sink.closed]).toEqual([2, true]);
    expect(await world.append([anEvent("late")])).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });

  test("D-24 events are held against the object's own name, not against what they say of themselves", async () => {
    const world = new SessionWorld();
    const foreign = { ...world.identity, sessionId: "SES-00000000000000000000000000" };
    expect(await world.events.append(foreign, [anEvent()])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(world.tables()).toEqual([]);
  });

  test("D-25 a repeated call adds nothing and is answered as the first was", async () => {
    const world = new SessionWorld();
    const writes = events(3);
    expect(await world.append(writes)).toMatchObject({ ok: true, appended: 3, tip: { lastSeq: 3 } });
    expect(await world.append(writes)).toMatchObject({ ok: true, appended: 0, tip: { lastSeq: 3 } });
  });

  test("events as text make the chain that the same events make, and a repeat in either form adds nothing", async () => {
    const [asEvents, asText] = [new SessionWorld(), new SessionWorld()];
    const writes = [...events(60), aWrite("ART-1"), { ...anEvent(), runId: "RUN-00000000000000000000000000" }];
    const text = textOfEvents(writes.map(writtenEvent));
    await asEvents.append(writes);
    expect(await asText.events.appendText(asText.identity, text)).toMatchObject({ ok: true, appended: writes.length });
    expect(await asText.all()).toEqual(await asEvents.all());
    expect(await asText.append(writes)).toMatchObject({ ok: true, appended: 0 });
    expect(await asEvents.events.appendText(asEvents.identity, text)).toMatchObject({ ok: true, appended: 0 });
  });

  test("text that holds no whole events, or too many of them, is refused and nothing of it kept", async () => {
    const world = new SessionWorld();
    const tooMany = textOfEvents(events(LOG_LIMITS.pageEvents + 1).map(writtenEvent));
    expect(await world.events.appendText(world.identity, "EVT-1\n")).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await world.events.appendText(world.identity, tooMany)).toMatchObject({ ok: false, code: "TOO_LARGE", details: { limitName: "pageEvents" } });
    expect(await world.tip()).toMatchObject({ lastSeq: 0 });
  });

  test("D-29 the tip is the log's, whatever page was asked for and wherever its reader is", async () => {
    const world = await anEndedWorld();
    for (const after of [0, 5, 10, 99]) expect((await world.events.read(after, 1)).tip).toMatchObject({ lastSeq: 10, closed: true });
  });

  test("late events are refused, counted and reported with the last of them", async () => {
    const world = await anEndedWorld();
    const [first, second] = [anEvent("late"), aWrite("ART-9")];
    await world.append([first]);
    expect(await world.append([second])).toMatchObject({ ok: false, code: "FAILED_PRECONDITION", details: { eventId: second.eventId, kind: second.kind } });
    expect(world.journal.of("log.late").map(({ ids, fields }) => ({ ...ids, ...fields }))).toEqual([
      { session: world.identity.sessionId, event: first.eventId, kind: first.kind, count: 1 },
      { session: world.identity.sessionId, event: second.eventId, kind: second.kind, count: 2 },
    ]);
    expect(world.database.sql.exec("SELECT count, event_id, kind FROM log_late").toArray()).toEqual([
      { count: 2, event_id: second.eventId, kind: second.kind },
    ]);
  });
});

describe("projection messages", () => {
  test("D-30 many appends are one message a window, with every event in one of them", async () => {
    const world = new SessionWorld();
    for (let append = 0; append < 20; append++) await world.append([anEvent()]);
    await turns();
    world.clock.advance(HINT_WINDOW_MS);
    await turns();
    const { org, sessionId } = world.identity;
    expect(world.messages).toEqual([
      { org, sessionId, fromSeq: 1, toSeq: 1 },
      { org, sessionId, fromSeq: 2, toSeq: 20 },
    ]);
  });

  test("the terminal event's message waits for no window", async () => {
    const world = new SessionWorld();
    await world.append(events(2));
    await turns();
    await world.append([anEvent()]);
    await world.append([aTerminalEvent()]);
    await turns();
    expect(world.messages.at(-1)).toMatchObject({ fromSeq: 3, toSeq: 4 });
  });

  test("a failed message is sent again, also by the next incarnation", async () => {
    const world = new SessionWorld();
    world.failures.queue = new Error("the queue is down");
    await world.append(events(3));
    await turns();
    expect(world.messages).toEqual([]);
    await world.restart();
    expect(world.messages).toEqual([]);
    world.failures = {};
    await world.pass(2 * SAFETY_MS);
    expect(world.messages).toMatchObject([{ fromSeq: 1, toSeq: 3 }]);
    await world.restart();
    expect(world.messages).toHaveLength(1);
  });
});

describe("messages for Linear", () => {
  const linearRows = (world: SessionWorld) => world.database.sql.exec("SELECT seq FROM log_projected_to_linear").toArray();

  test("where Linear is off nothing is sent and no row is written", async () => {
    const world = new SessionWorld();
    await world.append(events(3));
    await world.append([aTerminalEvent()]);
    await world.pass(2 * SAFETY_MS);
    expect([world.messages.at(-1)?.toSeq, world.linearMessages, linearRows(world)]).toEqual([4, [], []]);
  });

  test("many appends are one message a window, with every event in one of them, and the read model's are as they were", async () => {
    const world = new SessionWorld({ linear: true });
    for (let append = 0; append < 20; append++) await world.append([anEvent()]);
    await turns();
    world.clock.advance(HINT_WINDOW_MS);
    await turns();
    const { org, sessionId } = world.identity;
    expect(world.linearMessages).toEqual([
      { org, sessionId, fromSeq: 1, toSeq: 1 },
      { org, sessionId, fromSeq: 2, toSeq: 20 },
    ]);
    expect(world.messages).toEqual(world.linearMessages);
  });

  test("a hint that was sent is not sent again, also not by the next incarnation", async () => {
    const world = new SessionWorld({ linear: true });
    await world.append(events(3));
    await world.pass(2 * SAFETY_MS);
    await world.restart();
    await world.pass(2 * SAFETY_MS);
    expect([world.linearMessages.map(({ toSeq }) => toSeq), linearRows(world)]).toEqual([[3], [{ seq: 3 }]]);
  });

  test("a failed message is sent again, also by the next incarnation, and holds up nothing else", async () => {
    const world = new SessionWorld({ linear: true });
    world.failures.linearQueue = new Error("the queue is down");
    await world.append([...events(2), aWrite("ART-1")]);
    await turns();
    expect([world.messages.map(({ toSeq }) => toSeq), world.carried.length, world.linearMessages]).toEqual([[3], 1, []]);
    expect(world.journal.of("log.projectToLinear")[0]).toMatchObject({ outcome: "failed", fields: { error: "the queue is down" } });
    await world.restart();
    expect(world.linearMessages).toEqual([]);
    world.failures = {};
    await world.pass(2 * SAFETY_MS);
    expect(world.linearMessages).toMatchObject([{ fromSeq: 1, toSeq: 3 }]);
  });

  test("a log from before Linear was switched on is told from its first event on", async () => {
    const world = new SessionWorld();
    await world.append(events(3));
    await world.pass(2 * SAFETY_MS);
    world.linear = true;
    await world.restart();
    await world.pass(2 * SAFETY_MS);
    expect(world.linearMessages).toMatchObject([{ fromSeq: 1, toSeq: 3 }]);
  });

  test("a message that waits when Linear is switched off keeps no storage", async () => {
    const world = new SessionWorld({ linear: true });
    world.failures.linearQueue = new Error("the queue is down");
    await world.append([aTerminalEvent()]);
    await turns();
    world.linear = false;
    await world.restart();
    await world.pass(ARCHIVE_AFTER_MS + 60 * 60_000);
    expect([world.removals, world.linearMessages]).toEqual([1, []]);
  });
});

describe("the lane to the assembly's log", () => {
  test("events of artifactWrites are carried in order, whatever fails and restarts, and only those", async () => {
    const world = new SessionWorld();
    const writes = upTo(6).map((number) => aWrite(`ART-${number}`));
    world.failures.writes = new Error("not there");
    for (const write of writes.slice(0, 3)) await world.append([anEvent(), write]);
    await world.restart();
    world.failures = {};
    await world.append(writes.slice(3));
    await world.pass(5 * SAFETY_MS);
    await world.restart();
    expect(world.carried.map(({ eventId }) => eventId)).toEqual(writes.map(({ eventId }) => eventId));
    expect(world.database.sql.exec("SELECT * FROM log_writes").toArray()).toEqual([]);
  });

  test("more writes than one delivery takes are carried in several, in order", async () => {
    const world = new SessionWorld();
    const writes = upTo(2 * LANE_BATCH.events + 50).map((number) => aWrite(`ART-${number}`));
    await world.append(writes);
    await turns();
    expect(world.carried).toHaveLength(2 * LANE_BATCH.events);
    await world.pass(CARRY_WINDOW_MS);
    expect(world.carried.map(({ eventId }) => eventId)).toEqual(writes.map(({ eventId }) => eventId));
  });

  test("writes that follow one another closely are carried together, the first of them at once", async () => {
    const world = new SessionWorld();
    const writes = upTo(5).map((number) => aWrite(`ART-${number}`));
    for (const write of writes) {
      await world.append([write]);
      await turns();
    }
    expect(world.carried).toHaveLength(1);
    await world.pass(CARRY_WINDOW_MS);
    expect(world.carried.map(({ eventId }) => eventId)).toEqual(writes.map(({ eventId }) => eventId));
    await world.pass(CARRY_WINDOW_MS);
    await world.append([aWrite("ART-later")]);
    await turns();
    expect(world.carried).toHaveLength(1 + writes.length);
  });

  test("writes that are too large to be kept in memory together are carried from the rows, in order and each once", async () => {
    const world = new SessionWorld();
    const large = (number: number) => aWrite(`ART-${number}`, { metadata: { text: "x".repeat(200_000) } });
    const writes = upTo(30).map(large);
    world.failures.writes = new Error("not there");
    for (const write of writes.slice(0, 25)) await world.append([write]);
    world.failures = {};
    for (const write of writes.slice(25)) await world.append([write]);
    await world.pass(5 * SAFETY_MS);
    await world.append([aWrite("ART-last")]);
    await turns();
    expect(world.carried.map(({ payload }) => (payload as { artifactId: string }).artifactId)).toEqual([
      ...upTo(30).map((number) => `ART-${number}`),
      "ART-last",
    ]);
  });

  test("a refusal of the assembly's log is logged and never drops an event", async () => {
    const world = new SessionWorld();
    world.failures.writes = new Error("not now");
    await world.append([aWrite("ART-1")]);
    await turns();
    expect(world.journal.of("log.carryWrites")[0]?.fields?.["error"]).toContain("not now");
    expect(world.database.sql.exec("SELECT seq FROM log_writes").toArray()).toEqual([{ seq: 1 }]);
  });
});

describe("cost of an append", () => {
  test("many appends within some seconds write the alarm once", async () => {
    const world = new SessionWorld();
    await world.attach(1);
    for (let append = 0; append < 50; append++) await world.append([anEvent(), aWrite(`ART-${append}`)]);
    expect(world.alarm.writes).toBe(1);
  });

  test("a log that has delivered everything comes to rest without an alarm", async () => {
    const world = new SessionWorld();
    await world.attach(1);
    await world.append([...events(3), aWrite("ART-1")]);
    await world.pass(10 * SAFETY_MS);
    expect(world.alarm.at).toBeNull();
  });
});

describe("the archive of a session's log", () => {
  test("five minutes after the terminal event the log lies in R2 with its index, and the object has no storage and no alarm", async () => {
    const world = await anEndedWorld({ archivePage: { events: 4, bytes: 1_000_000 } });
    const before = await world.all();
    await world.pass(ARCHIVE_AFTER_MS - 1_000);
    expect(world.bucket.texts.size).toBe(0);
    await world.pass(60_000);
    expect([world.tables(), world.alarm.at, world.removals]).toEqual([[], null, 1]);
    const { org, sessionId } = world.identity;
    expect([...world.bucket.texts.keys()]).toEqual([...[1, 5, 9].map((first) => blobKey.logPage(org, sessionId, first)), blobKey.logIndex(org, sessionId)]);
    expect(await world.all()).toEqual(before);
    expect(brokenAt(await world.all())).toBeNull();
    expect(await world.tip()).toEqual({ lastSeq: 10, rootHash: before.at(-1)?.hash, closed: true, archived: true });
  });

  test("D-27 the object that stays in memory after its storage went serves every reader and never begins at 1 again", async () => {
    const world = await anArchivedWorld();
    for (const incarnation of ["resident", "fresh"]) {
      if (incarnation === "fresh") await world.restart();
      expect(seqs((await world.events.read(3, 4)).events)).toEqual([4, 5, 6, 7]);
      expect(seqs(await new NdjsonReader(await world.events.log.subscribe(2)).rest())).toEqual(upTo(10, 3));
      expect(await new NdjsonReader(await world.events.log.subscribe(10)).rest()).toEqual([]);
      expect(await world.append([anEvent("late")])).toMatchObject({ ok: false, code: "FAILED_PRECONDITION", details: { lastSeq: 10 } });
      expect(await world.tip()).toMatchObject({ lastSeq: 10, closed: true, archived: true });
      expect(world.tables()).toEqual([]);
    }
  });

  test("a repeat of an archived event is answered ok and not reported; a late one is", async () => {
    const world = new SessionWorld({ archivePage: { events: 3, bytes: 1_000_000 } });
    const writes = events(7);
    const terminal = aTerminalEvent();
    // The text of an id in a payload is no event of that id.
    const late = anEvent("late");
    await world.append([...writes, anEvent(`mentions "eventId":"${late.eventId}"`), terminal]);
    await world.pass(ARCHIVE_AFTER_MS + 60_000);
    expect(world.tables()).toEqual([]);
    expect(await world.append([...writes, terminal])).toMatchObject({ ok: true, appended: 0, tip: { lastSeq: 9, archived: true } });
    expect(world.journal.of("log.late")).toEqual([]);
    expect(await world.append([terminal, late])).toMatchObject({ ok: false, code: "FAILED_PRECONDITION", details: { eventId: late.eventId } });
    expect(world.journal.of("log.late").map(({ ids }) => ids["event"])).toEqual([late.eventId]);
    expect(await world.events.append({ ...world.identity, workOrderId: "WO-9" }, [terminal])).toMatchObject({ ok: false, code: "INTEGRITY" });
  });

  test("a failure of R2 is an error and never an empty log, and the next call asks again", async () => {
    const world = await anArchivedWorld();
    await world.restart();
    world.bucket.before = () => {
      throw new Error("R2 is down");
    };
    await expect(world.tip()).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(world.events.read(0, 10)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(world.events.log.subscribe(0)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await world.append([anEvent()])).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    expect(world.tables()).toEqual([]);
    world.bucket.before = () => undefined;
    expect(seqs(await world.all())).toEqual(upTo(10));
  });

  test("the index is looked up once", async () => {
    const world = await anArchivedWorld();
    await world.restart();
    const before = world.bucket.reads;
    await Promise.all([world.tip(), world.tip(), world.events.read(0, 10)]);
    for (let read = 0; read < 5; read++) await world.events.read(read, 2);
    expect(world.bucket.reads - before).toBe(2);
  });

  test("hazard: one bad run bricks list - a damaged page is refused by name and the others are served", async () => {
    const world = await anArchivedWorld({ archivePage: { events: 5, bytes: 1_000_000 } });
    await world.restart();
    const key = blobKey.logPage(world.identity.org, world.identity.sessionId, 1);
    world.bucket.texts.set(key, (world.bucket.texts.get(key) ?? "").replace("e2", "e3"));
    await expect(world.events.read(0, 5)).rejects.toMatchObject({ code: "INTEGRITY", details: { key } });
    expect(seqs((await world.events.read(5, 10)).events)).toEqual(upTo(10, 6));
    world.bucket.texts.set(blobKey.logIndex(world.identity.org, world.identity.sessionId), "{}");
    await world.restart();
    await expect(world.tip()).rejects.toMatchObject({ code: "INTEGRITY" });
  });

  test("a page that does not read back as written keeps the log where it is", async () => {
    const world = await anEndedWorld();
    const write = world.bucket.write.bind(world.bucket);
    world.bucket.write = (key, text, digest) => write(key, `${text} `, digest);
    await world.pass(ARCHIVE_AFTER_MS + 10 * 60_000);
    expect(world.removals).toBe(0);
    expect(seqs(await world.all())).toEqual(upTo(10));
    world.bucket.write = write;
    await world.pass(10 * 60_000);
    expect(world.removals).toBe(1);
    expect(seqs(await world.all())).toEqual(upTo(10));
  });

  test("a log without a terminal event stays where it is, however long it takes", async () => {
    const world = new SessionWorld();
    await world.append(events(3));
    await world.pass(30 * 24 * 60 * 60_000);
    await world.restart();
    expect([world.bucket.texts.size, world.removals, (await world.tip()).lastSeq]).toEqual([0, 0, 3]);
  });

  test.each(["writes", "queue", "linearQueue"] as const)("the storage stays while the %s cannot be delivered, and goes when they are", async (what) => {
    const world = new SessionWorld({ linear: true });
    world.failures = { [what]: new Error("down") };
    await world.append([aWrite("ART-1"), aTerminalEvent()]);
    await world.pass(ARCHIVE_AFTER_MS + 60 * 60_000);
    expect(world.removals).toBe(0);
    world.failures = {};
    await world.pass(60 * 60_000);
    expect(world.removals).toBe(1);
    expect(world.carried).toHaveLength(1);
    expect([world.messages.at(-1)?.toSeq, world.linearMessages.at(-1)?.toSeq]).toEqual([2, 2]);
  });

  test("the storage stays while a sink has not got everything", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    sink.behaviours.push(...Array<"throw">(12).fill("throw"));
    await world.append([...events(3), aTerminalEvent()]);
    await world.pass(ARCHIVE_AFTER_MS + 30_000);
    expect(world.removals).toBe(0);
    await world.pass(60 * 60_000);
    expect([sink.lastSeq, sink.closed, world.removals]).toEqual([4, true, 1]);
  });

  test("a sink that attaches to an archived log gets it from there, and leaves no storage behind", async () => {
    const world = await anArchivedWorld({ archivePage: { events: 4, bytes: 1_000_000 } });
    const sink = await world.attach(5, 2);
    await world.restart();
    await world.pass(5 * SAFETY_MS);
    expect([sink.lines.length, sink.lastSeq, sink.closed]).toEqual([8, 10, true]);
    expect([world.tables(), world.alarm.at]).toEqual([[], null]);
    expect(await world.append([anEvent()])).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });

  test("D-28 a log that was attached to and never written to goes with its last sink", async () => {
    const world = new SessionWorld();
    await world.attach(1);
    await world.attach(2);
    await world.restart();
    await world.events.log.detach(world.shard(1));
    expect(world.tables()).not.toEqual([]);
    await world.events.log.detach(world.shard(2));
    expect(world.tables()).toEqual([]);
    expect(await world.append([anEvent()])).toMatchObject({ ok: true, tip: { lastSeq: 1 } });
  });

  test("the object dies or R2 fails at any operation of the archiving: it is repeated, and the archive is the log", async () => {
    const faults = fc.array(fc.record({ at: fc.integer({ min: 0, max: 12 }), how: fc.constantFrom("dies", "dies after", "fails") }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(faults, fc.boolean(), async (plan, diesAtRemoval) => {
        const world = await anEndedWorld({ archivePage: { events: 3, bytes: 1_000_000 } });
        const before = await world.all();
        const open = [...plan];
        let operation = 0;
        world.bucket.before = () => {
          const fault = open.findIndex(({ at }) => at === operation);
          operation += 1;
          if (fault === -1) return;
          const [{ how } = { how: "fails" }] = open.splice(fault, 1);
          if (how !== "fails") world.storage.die();
          if (how !== "dies after") throw new Error(`The bucket ${how}.`);
        };
        let removalFails = diesAtRemoval;
        world.beforeDeleteAll = () => {
          if (!removalFails) return;
          removalFails = false;
          world.storage.die();
          throw new Error("It died.");
        };
        await world.pass(ARCHIVE_AFTER_MS + 2 * 60 * 60_000);
        world.bucket.before = () => undefined;
        expect([world.tables(), world.removals]).toEqual([[], 1]);
        expect(await world.all()).toEqual(before);
        await world.restart();
        expect(await world.all()).toEqual(before);
      }),
      { numRuns: 60 },
    );
  });
});
