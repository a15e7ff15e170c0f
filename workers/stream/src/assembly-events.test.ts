import { blobKey } from "@factory/schemas";
import type { SessionEvent } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aWrite, brokenAt, NdjsonReader } from "./testing/builders.ts";
import { AssemblyWorld, SessionWorld, SinkDouble, turns, linesOf } from "./testing/log-world.ts";

const DAY_MS = 24 * 60 * 60_000;

/** Events of `artifactWrites` of one session as its log has them, with other events between them. */
function writesOf(session: string, count: number): SessionEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    ...aWrite(`${session}-${index + 1}`),
    seq: 2 * index + 1,
    stream: "artifactWrites" as const,
    sessionId: `SES-${session}`,
    assemblyId: "pricing",
    workOrderId: "WO-1",
    prevHash: "",
    hash: "",
  }));
}

const append = (world: AssemblyWorld, events: readonly SessionEvent[]) => world.events.appendWrites("acme", "pricing", linesOf(events));
const ids = (events: readonly { eventId: string }[]): string[] => events.map(({ eventId }) => eventId);
async function all(world: AssemblyWorld) {
  const read = [];
  for (;;) {
    const { events } = await world.events.readWrites(read.at(-1)?.seq ?? 0, LOG_LIMITS.pageEvents);
    if (events.length === 0) return read;
    read.push(...events);
  }
}

describe("the log of an assembly", () => {
  test("events of its sessions get a gapless seq and a chain of their own, and say where they come from", async () => {
    const world = new AssemblyWorld();
    const [a, b] = [writesOf("A", 2), writesOf("B", 2)];
    await append(world, a);
    expect(await append(world, b)).toMatchObject({ ok: true, tip: { lastSeq: 4, closed: false, archived: false } });
    const read = await all(world);
    expect(read.map(({ seq, sessionId, sessionSeq }) => [seq, sessionId, sessionSeq])).toEqual([
      [1, "SES-A", 1],
      [2, "SES-A", 3],
      [3, "SES-B", 1],
      [4, "SES-B", 3],
    ]);
    expect(brokenAt(read)).toBeNull();
    expect(read[1]).toMatchObject({ eventId: a[1]?.eventId, kind: "ARTIFACT_WRITTEN", assemblyId: "pricing", payload: { artifactId: "A-2" } });
  });

  test("D-25 whatever sessions send again, each event is there once and in the order of its session", async () => {
    const call = fc.record({ session: fc.integer({ min: 0, max: 2 }), from: fc.nat({ max: 5 }), count: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 15 }), async (calls) => {
        const world = new AssemblyWorld();
        const sessions = ["A", "B", "C"].map((name) => writesOf(name, 8));
        const sent = [0, 0, 0];
        for (const { session, from, count } of calls) {
          // A lane sends from at most its first event that was not acknowledged.
          const first = Math.min(from, sent[session] ?? 0);
          const events = (sessions[session] ?? []).slice(first, first + count);
          await append(world, events);
          sent[session] = Math.max(sent[session] ?? 0, first + events.length);
        }
        const read = await all(world);
        expect(brokenAt(read)).toBeNull();
        for (const [session, events] of sessions.entries()) {
          expect(ids(read.filter(({ sessionId }) => sessionId === events[0]?.sessionId))).toEqual(ids(events.slice(0, sent[session])));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("another assembly's events, another stream's and a wrong order are refused and change nothing", async () => {
    const world = new AssemblyWorld();
    const [first, second] = writesOf("A", 2);
    if (first === undefined || second === undefined) throw new Error("Two events were made.");
    expect(await append(world, [first, { ...second, assemblyId: "other" }])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await append(world, [{ ...first, stream: "sessionEvents" }])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await append(world, [second, first])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await world.events.appendWrites("acme", "other", linesOf([first]))).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await all(world)).toEqual([]);
    expect(await append(world, writesOf("A", LOG_LIMITS.pageEvents + 1))).toMatchObject({ ok: false, code: "TOO_LARGE", details: { limitName: "pageEvents" } });
  });

  test("a session's log carries its writes to it, and neither a lost answer nor an eviction brings one twice", async () => {
    const assembly = new AssemblyWorld();
    const session = new SessionWorld();
    const writes = [aWrite("ART-1"), aWrite("ART-2"), aWrite("ART-3")];
    await session.append(writes);
    await turns();
    await append(assembly, session.carried);
    await session.restart();
    await append(assembly, session.carried);
    expect(ids(await all(assembly))).toEqual(ids(writes));
  });

  test("full pages that are old enough go to R2 and are read from there with the same seq", async () => {
    const world = new AssemblyWorld({ keepMs: 7 * DAY_MS, trimPage: { events: 4, bytes: 1_000_000 } });
    const writes = writesOf("A", 10);
    await append(world, writes);
    const before = await all(world);
    world.clock.advance(7 * DAY_MS - 1);
    await world.fire();
    expect(world.bucket.texts.size).toBe(0);
    world.clock.advance(1);
    await world.fire();
    expect([...world.bucket.texts.keys()]).toEqual([1, 5].map((first) => blobKey.assemblyLogPage("acme", "pricing", first)));
    expect(world.database.sql.exec("SELECT seq FROM assembly_events ORDER BY seq").toArray()).toEqual([{ seq: 9 }, { seq: 10 }]);
    await world.restart();
    expect(await all(world)).toEqual(before);
    expect((await world.events.readWrites(2, 1)).events).toEqual(before.slice(2, 3));
    const reader = new NdjsonReader(await world.events.log.subscribe(0));
    expect(ids(await reader.take(10))).toEqual(ids(writes));
    const sink = new SinkDouble();
    world.sinks.set(1, sink);
    await world.events.log.attach({ org: "acme", shard: 1 }, 0);
    await turns();
    expect(sink.lines.map((line) => (JSON.parse(line) as { seq: number }).seq)).toEqual(before.map(({ seq }) => seq));
    expect(await append(world, writes)).toMatchObject({ ok: true, tip: { lastSeq: 10 } });
    expect(await append(world, writesOf("A", 11))).toMatchObject({ ok: true, tip: { lastSeq: 11 } });
    expect(brokenAt(await all(world))).toBeNull();
  });

  test("a trim that fails or dies half-way is repeated and loses nothing", async () => {
    const world = new AssemblyWorld({ keepMs: DAY_MS, trimPage: { events: 2, bytes: 1_000_000 } });
    await append(world, writesOf("A", 5));
    const before = await all(world);
    world.clock.advance(DAY_MS);
    let fail = true;
    world.bucket.before = (operation) => {
      if (operation !== "read" || !fail) return;
      fail = false;
      world.storage.die();
      throw new Error("It died after the page was written.");
    };
    await expect(world.fire()).rejects.toThrow(/crashed/);
    await world.restart();
    await world.fire();
    expect(world.bucket.texts.size).toBe(2);
    expect(await all(world)).toEqual(before);
  });

  test("an event can be neither changed nor deleted before it lies in the archive", async () => {
    const world = new AssemblyWorld();
    await append(world, writesOf("A", 2));
    expect(() => world.database.sql.exec("UPDATE assembly_events SET line = '{}'")).toThrow(/append-only/);
    expect(() => world.database.sql.exec("DELETE FROM assembly_events WHERE seq = 1")).toThrow(/archive first/);
  });
});
