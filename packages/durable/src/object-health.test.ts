import { describe, expect, test } from "vitest";
import { migrate } from "./migrations.ts";
import { hasTables, objectHealth } from "./object-health.ts";
import { Scheduler } from "./scheduler.ts";
import { ManualAlarm, ManualClock, MemoryLog, NodeSqliteStorage } from "./testing/index.ts";
import { OutboxWorld } from "./testing/outbox-world.ts";

const tableNames = (storage: NodeSqliteStorage): unknown[] => storage.sql.exec("SELECT name FROM sqlite_master").toArray();

describe("the health of an object", () => {
  test("of one that was never used has nothing that it does not have, and asking makes no table", async () => {
    const storage = new NodeSqliteStorage();
    expect(await objectHealth(storage.observed(new ManualAlarm()))).toEqual({
      state: null,
      storageBytes: 0,
      nextAlarmAt: null,
      outbox: null,
      leases: [],
      lastError: null,
      schemaVersion: null,
      failingTimers: [],
    });
    expect(hasTables(storage)).toBe(false);
    expect(tableNames(storage)).toEqual([]);
    migrate(storage, []);
    expect(hasTables(storage)).toBe(true);
  });

  test("names the last of its own schema changes, and no other part's, and the size and the alarm that it has", async () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, [
      { id: "0001-notes", statements: ["CREATE TABLE notes (text TEXT) STRICT"] },
      { id: "0002-more", statements: ["ALTER TABLE notes ADD COLUMN more TEXT"] },
    ]);
    migrate(storage, [{ id: "0009-elsewhere", statements: ["CREATE TABLE elsewhere (text TEXT) STRICT"] }], "part");
    const alarm = new ManualAlarm();
    await alarm.setAlarm(1_700_000_000_500);
    const before = await objectHealth(storage.observed(alarm), { state: "open" });
    expect(before).toMatchObject({ state: "open", schemaVersion: "0002-more", nextAlarmAt: 1_700_000_000_500 });
    storage.sql.exec("INSERT INTO notes (text) VALUES (?)", "x".repeat(100_000));
    const after = await objectHealth(storage.observed(alarm));
    expect(after.storageBytes).toBeGreaterThanOrEqual(100_000);
    expect(before.storageBytes).toBeLessThan(100_000);
  });

  test("lists the timers whose last run failed, and not those that wait", async () => {
    const [storage, alarm, clock] = [new NodeSqliteStorage(), new ManualAlarm(), new ManualClock()];
    const scheduler = new Scheduler({ storage, timer: alarm, log: new MemoryLog(), now: clock.now, random: () => 0.5 });
    scheduler.on("fails", () => {
      throw new Error("no");
    });
    scheduler.on("waits", () => undefined);
    await scheduler.schedule("fails", clock.now());
    await scheduler.schedule("waits", clock.now() + 60_000);
    await scheduler.onAlarm(clock.now());
    await scheduler.onAlarm(clock.now() + 30_000);
    const { failingTimers, nextAlarmAt } = await objectHealth(storage.observed(alarm));
    expect(failingTimers).toEqual([{ name: "fails", failures: 2, dueAt: scheduler.scheduledAt("fails") }]);
    expect(nextAlarmAt).toBe(alarm.at);
  });

  test("puts the lease that ends first first", async () => {
    const lease = { slot: 0, epoch: 1, claimedAt: null, expired: false };
    const leases = [
      { ...lease, beadId: "late", leaseUntil: 9 },
      { ...lease, beadId: "soon", leaseUntil: 3 },
    ];
    const health = await objectHealth(new NodeSqliteStorage().observed(new ManualAlarm()), { leases });
    expect(health.leases.map(({ beadId }) => beadId)).toEqual(["soon", "late"]);
  });
});

describe("the health of an outbox", () => {
  const healthOf = (world: OutboxWorld) => objectHealth(world.database.observed(world.alarm), { outbox: world.outbox });

  test("counts what waits, since when, and the attempts of the worst; what was received is out of it at once", async () => {
    const world = new OutboxWorld();
    expect((await healthOf(world)).outbox).toEqual({ pending: 0, oldestAt: null, worstAttempts: null, parked: 0, parkedReason: null });
    const firstAt = world.clock.now();
    world.enqueue({ effectId: "a", lane: "one" });
    world.clock.advance(5_000);
    world.enqueue({ effectId: "b", lane: "two" });
    world.behaviours.push("refuse", "ok");
    await world.outbox.drain();
    const { outbox } = await healthOf(world);
    expect(outbox).toMatchObject({ pending: 1, worstAttempts: 1, parked: 0 });
    const waitsSince = new Set([firstAt, world.clock.now()]);
    expect(waitsSince).toContain(outbox?.oldestAt);
    expect(world.calls).toHaveLength(2);
  });

  test("tells what was given up apart from what waits, with the reason as the object's last error unless it has its own", async () => {
    const world = new OutboxWorld();
    const enqueuedAt = world.clock.now();
    world.enqueue({ effectId: "a" });
    world.behaviours.push("terminal");
    await world.outbox.drain();
    world.enqueue({ effectId: "b" });
    const health = await healthOf(world);
    expect(health.outbox).toMatchObject({ pending: 1, parked: 1, oldestAt: enqueuedAt, worstAttempts: 1 });
    expect(health.outbox?.parkedReason).not.toBe("");
    expect(health.lastError).toBe(health.outbox?.parkedReason);
    const own = await objectHealth(world.database.observed(world.alarm), { outbox: world.outbox, lastError: "its own" });
    expect(own.lastError).toBe("its own");
  });
});
