import { migrate } from "@factory/durable";
import { digestOf, GENESIS_HASH } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import { EVENT_KINDS, isTerminalKind } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { SAFETY_MS } from "./event-log.ts";
import { hasTables, LOG_MIGRATIONS } from "./log-schema.ts";
import { anEvent, aTerminalEvent, aWrite, brokenAt, events } from "./testing/builders.ts";
import { SessionWorld } from "./testing/log-world.ts";

/** Fills the world's object as the first schema and its code did. */
function writeAsBefore(world: SessionWorld, writes: readonly EventWrite[]): void {
  const { database, identity } = world;
  migrate(database, LOG_MIGRATIONS.slice(0, 1));
  let prevHash = GENESIS_HASH;
  for (const [index, write] of writes.entries()) {
    const { eventId, kind, occurredAt, payload } = write;
    const { sessionId, assemblyId, workOrderId } = identity;
    const event = { seq: index + 1, eventId, stream: EVENT_KINDS[kind].stream, kind, sessionId, assemblyId, workOrderId, occurredAt, payload, prevHash };
    const line = JSON.stringify({ ...event, hash: digestOf(event) });
    database.sql.exec("INSERT INTO log_events (seq, event_id, bytes, line) VALUES (?, ?, ?, ?)", index + 1, eventId, line.length, line);
    prevHash = digestOf(event);
  }
  const { org, sessionId, workOrderId, assemblyId } = identity;
  const closed = isTerminalKind(writes.at(-1)?.kind ?? "MONITORED") ? 1 : 0;
  database.sql.exec("INSERT INTO log_head VALUES (1, ?, ?, ?, ?, ?, ?, ?)", org, sessionId, workOrderId, assemblyId, writes.length, prevHash, closed);
}

describe("the tables of a log", () => {
  test("a log of the first schema goes on where it was, and what it had written is carried and projected", async () => {
    const world = new SessionWorld();
    const writes = [...events(2), aWrite("ART-1"), anEvent("fourth"), aWrite("ART-2")];
    writeAsBefore(world, writes);
    await world.restart();
    expect(await world.append([...writes, anEvent("after")])).toMatchObject({ ok: true, appended: 1, tip: { lastSeq: 6, closed: false } });
    expect(brokenAt(await world.all())).toBeNull();
    await world.pass(2 * SAFETY_MS);
    expect(world.carried.map(({ payload }) => payload)).toMatchObject([{ artifactId: "ART-1" }, { artifactId: "ART-2" }]);
    expect([world.messages[0]?.fromSeq, world.messages.at(-1)?.toSeq]).toEqual([1, 6]);
  });

  test("a closed log of the first schema goes to the archive", async () => {
    const world = new SessionWorld();
    writeAsBefore(world, [...events(3), aTerminalEvent()]);
    await world.restart();
    const before = await world.all();
    await world.pass(60_000);
    expect([world.removals, hasTables(world.database)]).toEqual([1, false]);
    expect(await world.all()).toEqual(before);
  });

  test("asking whether there are tables makes none", () => {
    const world = new SessionWorld();
    expect(hasTables(world.database)).toBe(false);
    expect(world.database.sql.exec("SELECT name FROM sqlite_master").toArray()).toEqual([]);
  });
});
