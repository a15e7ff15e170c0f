import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { messageOf, TerminalError } from "./errors.ts";
import { FLUSH_AT, JsonText, MAX_PAYLOAD_BYTES, NET_MS, OUTBOX_TIMER } from "./outbox.ts";
import { OutboxWorld } from "./testing/outbox-world.ts";
import type { Behaviour } from "./testing/outbox-world.ts";

const rowCount = (world: OutboxWorld): unknown => world.database.sql.exec("SELECT count(*) AS n FROM outbox_effects").toArray()[0]?.["n"];

const agrees = (actual: string, model: string): void => expect(actual).toBe(model);

function outcomeOf(write: () => void): string {
  try {
    write();
    return "written";
  } catch (err) {
    return messageOf(err);
  }
}

describe("Outbox", () => {
  test("consecutive effects of one lane and target leave in one delivery, in order", async () => {
    const world = new OutboxWorld();
    for (const effectId of ["1", "2", "3"]) world.enqueue({ effectId });
    world.enqueue({ effectId: "4", target: "other" });
    world.enqueue({ effectId: "5" });
    await world.outbox.drain();
    expect(world.calls).toEqual([
      { target: "lane", ids: ["1", "2", "3"] },
      { target: "other", ids: ["4"] },
      { target: "lane", ids: ["5"] },
    ]);
    expect(world.outbox.pending()).toBe(0);
  });

  test("a delivery is bounded by count and by size, and a large effect goes alone", async () => {
    const world = new OutboxWorld({ limits: { maxBatchEffects: 3, maxBatchChars: 100 } });
    for (const effectId of ["1", "2", "3", "4"]) world.enqueue({ effectId });
    world.enqueue({ effectId: "5", payload: "x".repeat(150) });
    world.enqueue({ effectId: "6" });
    await world.outbox.drain();
    expect(world.calls.map(({ ids }) => ids)).toEqual([["1", "2", "3"], ["4"], ["5"], ["6"]]);
  });

  test("a value that came with its text is delivered as it is, and read from the text by the next incarnation", async () => {
    const world = new OutboxWorld();
    const value = { from: "memory" };
    world.enqueue({ effectId: "1", payload: new JsonText('{"from":"text"}', value) });
    await world.outbox.drain();
    world.enqueue({ effectId: "2", payload: new JsonText('{"from":"text"}', value) });
    await world.restart();
    await world.outbox.drain();
    expect(world.applied.get("lane")).toEqual([{ from: "memory" }, { from: "text" }]);
  });

  test("what leaves is what stands in the table, also where the same effect was added and undone before", async () => {
    const world = new OutboxWorld();
    expect(() =>
      world.storage.transactionSync(() => {
        world.enqueue({ effectId: "1", payload: "undone" });
        throw new Error("undone");
      }),
    ).toThrow("undone");
    world.enqueue({ effectId: "1", payload: "stands" });
    await world.outbox.drain();
    expect(world.applied.get("lane")).toEqual(["stands"]);
  });

  test("an effect of a rolled back transaction never leaves", async () => {
    const world = new OutboxWorld();
    expect(() =>
      world.storage.transactionSync(() => {
        world.enqueue({ effectId: "1" });
        throw new Error("undone");
      }),
    ).toThrow("undone");
    await world.outbox.drain();
    expect(world.calls).toEqual([]);
  });

  test("a drain that is asked for inside a transaction starts after it", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "0" });
    await world.outbox.drain();
    let drained: Promise<void> | undefined;
    expect(() =>
      world.storage.transactionSync(() => {
        world.enqueue({ effectId: "1" });
        drained = world.outbox.drain();
        throw new Error("undone");
      }),
    ).toThrow("undone");
    await drained;
    // Neither the effect that was undone, nor again the one whose deletion was.
    expect(world.calls.map(({ ids }) => ids)).toEqual([["0"]]);
  });

  test("poking delivers by the alarm, and the acknowledged rows and the timer go with it", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "1" });
    await world.outbox.poke();
    await world.fire();
    expect(world.applied.get("lane")).toEqual(["1"]);
    expect([rowCount(world), world.alarm.at]).toEqual([0, null]);
  });

  test("acknowledged rows stay until the next transaction and are not sent again", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "1" });
    await world.outbox.drain();
    expect([rowCount(world), world.outbox.pending()]).toEqual([1, 0]);
    world.enqueue({ effectId: "2" });
    expect([rowCount(world), world.outbox.pending()]).toEqual([1, 1]);
    await world.outbox.drain();
    expect(world.calls.map(({ ids }) => ids)).toEqual([["1"], ["2"]]);
  });

  test("acknowledged rows whose deletion was rolled back are not sent again", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "1" });
    await world.outbox.drain();
    expect(() =>
      world.storage.transactionSync(() => {
        world.enqueue({ effectId: "2" });
        throw new Error("undone");
      }),
    ).toThrow("undone");
    expect([rowCount(world), world.outbox.pending()]).toEqual([1, 0]);
    await world.outbox.drain();
    expect(world.calls).toHaveLength(1);
    world.outbox.flush();
    expect(rowCount(world)).toBe(0);
  });

  test("rows that no transaction deletes are deleted in bulk when they become many", async () => {
    const world = new OutboxWorld();
    world.storage.transactionSync(() => {
      for (let n = 0; n < FLUSH_AT + 50; n += 1) world.enqueue({ effectId: String(n) });
    });
    await world.outbox.drain();
    expect(world.applied.get("lane")).toHaveLength(FLUSH_AT + 50);
    expect(rowCount(world)).toBe(50);
  });

  test("an effect enqueued during a drain leaves with it", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "1" });
    world.behaviours.push("ok", "ok");
    const drained = world.outbox.drain();
    await Promise.resolve();
    world.enqueue({ effectId: "2" });
    world.enqueue({ effectId: "3", lane: "new" });
    await drained;
    expect([world.applied.get("lane"), world.applied.get("new")]).toEqual([["1", "2"], ["3"]]);
  });

  test("drains asked for at once are one drain", async () => {
    const world = new OutboxWorld();
    for (const lane of ["a", "b", "c"]) world.enqueue({ effectId: lane, lane });
    await Promise.all([world.outbox.drain(), world.outbox.drain(), world.outbox.drain()]);
    expect(world.calls).toHaveLength(3);
    expect(world.overlaps).toEqual([]);
  });

  test("lanes are delivered side by side up to the bound", async () => {
    const world = new OutboxWorld({ limits: { maxLanes: 3 } });
    for (let n = 0; n < 10; n += 1) world.enqueue({ effectId: `${n}`, lane: `lane ${n}` });
    await world.outbox.drain();
    expect([world.maxActive, world.calls.length]).toEqual([3, 10]);
  });

  test("a failing lane backs off and holds up no other", async () => {
    const world = new OutboxWorld();
    world.behaviours.push("refuse");
    world.enqueue({ effectId: "a", lane: "a" });
    world.enqueue({ effectId: "b", lane: "b" });
    await world.outbox.drain();
    expect([...world.applied.keys()]).toEqual(["b"]);
    expect(world.alarm.at).toBeGreaterThanOrEqual(world.clock.now() + 700);
    await world.outbox.drain();
    expect(world.applied.has("a")).toBe(false);
    await world.settle();
    expect(world.applied.get("a")).toEqual(["a"]);
  });

  test("an effect with a time waits for it and keeps its place in the lane", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "1", notBefore: world.clock.now() + 5_000 });
    world.enqueue({ effectId: "2" });
    await world.outbox.drain();
    expect([world.calls.length, world.alarm.at]).toEqual([0, world.clock.now() + 5_000]);
    await world.settle();
    expect(world.applied.get("lane")).toEqual(["1", "2"]);
  });

  test("a delivery that hangs is given up after its time and tried again", async () => {
    const world = new OutboxWorld();
    world.behaviours.push("hang");
    world.enqueue({ effectId: "1" });
    await world.outbox.drain();
    expect(world.log.of("outbox.deliver")[0]?.fields?.["error"]).toContain("took longer");
    await world.settle();
    expect(world.applied.get("lane")).toEqual(["1"]);
  });

  test("a bad effect in a batch is found by halving and parked alone, and its lane waits until it is unparked", async () => {
    const world = new OutboxWorld({
      limits: { maxBatchEffects: 8 },
    });
    for (let n = 1; n <= 4; n += 1) world.enqueue({ effectId: `${n}` });
    // 1-4 refused, 1-2 go, 3-4 refused, 3 refused alone.
    world.behaviours.push("terminal", "ok", "terminal", "terminal");
    await world.outbox.drain();
    expect(world.applied.get("lane")).toEqual(["1", "2"]);
    expect(world.parked).toMatchObject([{ effectId: "3", reason: "will never do", attempts: 1, payload: "3" }]);
    expect(world.outbox.parked().map(({ effectId }) => effectId)).toEqual(["3"]);
    expect([world.outbox.pending(), world.alarm.at]).toEqual([1, null]);
    expect(world.log.of("outbox.park")).toHaveLength(1);

    expect(world.outbox.unpark("3")).toBe(true);
    expect(world.outbox.unpark("3")).toBe(false);
    await world.outbox.poke();
    await world.settle();
    expect(world.applied.get("lane")).toEqual(["1", "2", "3", "4"]);
  });

  test("a parked effect is passed over where its object wants that", async () => {
    const world = new OutboxWorld({ whenParked: "skip", limits: { maxBatchEffects: 1 } });
    for (const effectId of ["1", "2", "3"]) world.enqueue({ effectId });
    world.behaviours.push("ok", "terminal");
    await world.outbox.drain();
    expect(world.applied.get("lane")).toEqual(["1", "3"]);
    expect(world.outbox.parked()).toMatchObject([{ effectId: "2" }]);
  });

  test("an effect is parked after the last attempt and never before", async () => {
    const world = new OutboxWorld({ limits: { maxAttempts: 5 } });
    world.behaviours.push("throw", "refuse", "throw", "hang", "throw");
    world.enqueue({ effectId: "1" });
    await world.outbox.poke();
    await world.settle();
    expect(world.parked).toMatchObject([{ effectId: "1", attempts: 5 }]);
    expect(world.calls).toHaveLength(5);
  });

  test("attempts are counted across crashes", async () => {
    const world = new OutboxWorld({ limits: { maxAttempts: 3 } });
    world.behaviours.push("throw", "throw", "throw");
    world.enqueue({ effectId: "1" });
    for (let n = 0; n < 3; n += 1) {
      await world.restart();
      await world.settle();
    }
    expect(world.parked).toMatchObject([{ effectId: "1", attempts: 3 }]);
  });

  test("when the object cannot record the parking, it is parked all the same and the log says so", async () => {
    const world = new OutboxWorld({
      onParked: () => {
        throw new Error("no table");
      },
    });
    world.behaviours.push("terminal");
    world.enqueue({ effectId: "1" });
    await world.outbox.drain();
    expect(world.outbox.parked()).toMatchObject([{ effectId: "1" }]);
    expect(world.log.of("outbox.onParked")[0]?.fields?.["error"]).toBe("no table");
  });

  test("an id with the same content is added once, with another content refused", () => {
    const world = new OutboxWorld();
    expect([world.enqueue({ effectId: "1" }), world.enqueue({ effectId: "1" })]).toEqual([true, false]);
    expect(() => world.enqueue({ effectId: "1", payload: "other" })).toThrow(TerminalError);
    expect(() => world.enqueue({ effectId: "2", payload: "x".repeat(MAX_PAYLOAD_BYTES) })).toThrow(/1800000/);
    expect(() => world.enqueue({ effectId: "2", payload: () => 1 })).toThrow(/no JSON/);
    expect(world.outbox.pending()).toBe(1);
  });

  test("the oldest age is that of the first effect which is not acknowledged", async () => {
    const world = new OutboxWorld();
    expect(world.outbox.oldestAgeMs()).toBeNull();
    world.enqueue({ effectId: "1" });
    world.clock.advance(40);
    world.enqueue({ effectId: "2", lane: "b", notBefore: world.clock.now() + 1_000 });
    expect(world.outbox.oldestAgeMs()).toBe(40);
    await world.outbox.drain();
    world.clock.advance(5);
    expect(world.outbox.oldestAgeMs()).toBe(5);
  });

  test("a drain past its budget starts nothing more and leaves the rest to the timer", async () => {
    const world = new OutboxWorld({ limits: { drainBudgetMs: 30_000, maxLanes: 1 } });
    world.behaviours.push("hang");
    world.enqueue({ effectId: "a", lane: "a" });
    world.enqueue({ effectId: "b" });
    world.enqueue({ effectId: "c", target: "elsewhere" });
    await world.outbox.drain();
    expect(world.calls.map(({ target }) => target)).toEqual(["a"]);
    expect(world.outbox.pending()).toBe(3);
    await world.settle();
    expect(world.outbox.pending()).toBe(0);
  });

  test("a lost timer is created again by the next incarnation", async () => {
    const world = new OutboxWorld();
    world.enqueue({ effectId: "1" });
    await world.restart();
    expect(world.database.sql.exec("SELECT name FROM scheduler_timers").toArray()).toEqual([{ name: OUTBOX_TIMER }]);
    await world.settle();
    expect(world.applied.get("lane")).toEqual(["1"]);
  });

  test("hundreds of blocked lanes are drained without one stack frame each", async () => {
    const world = new OutboxWorld();
    world.storage.transactionSync(() => {
      for (let n = 0; n < 3_000; n += 1) world.enqueue({ effectId: `${n}`, lane: `lane ${n}`, notBefore: world.clock.now() + 9 });
    });
    await world.outbox.drain();
    expect([world.calls.length, world.alarm.at]).toEqual([0, world.clock.now() + 9]);
  });

  test("in the background, what was added leaves without the alarm, and the alarm is set once for many pokes", async () => {
    const background: Promise<unknown>[] = [];
    const world = new OutboxWorld({ background: (work) => void background.push(work) });
    const times: (number | null)[] = [];
    for (const effectId of ["1", "2", "3"]) {
      world.enqueue({ effectId });
      await world.outbox.poke();
      await Promise.all(background.splice(0));
      times.push(world.alarm.at);
      world.clock.advance(1);
    }
    expect(world.calls.map(({ ids }) => ids)).toEqual([["1"], ["2"], ["3"]]);
    expect(new Set(times)).toEqual(new Set([world.clock.now() - 3 + NET_MS]));
    await world.settle();
    expect([world.outbox.pending(), rowCount(world), world.alarm.at]).toEqual([0, 0, null]);
    expect(world.calls).toHaveLength(3);
  });

  test("in the background, what a crash leaves behind is delivered by the alarm", async () => {
    const world = new OutboxWorld({ background: () => undefined });
    world.enqueue({ effectId: "1" });
    const armed = world.outbox.poke();
    world.storage.die();
    await Promise.allSettled([armed]);
    await world.restart();
    await world.settle();
    expect(Object.fromEntries(world.applied)).toEqual({ lane: ["1"] });
  });

  test.each(["with the timer", "in the background"])(
    "every committed effect takes place exactly once and in lane order %s, whatever fails or crashes",
    async (way) => {
      const behaviour = fc.constantFrom<Behaviour>("ok", "ok", "refuse", "throw", "terminal", "lost answer", "hang", "late", "crash", "crash after effect");
      const step = fc.oneof(
        {
          weight: 5,
          arbitrary: fc.record({
            act: fc.constant("enqueue" as const),
            lane: fc.constantFrom("a", "b", "c"),
            count: fc.integer({ min: 1, max: 4 }),
            rollback: fc.boolean(),
            poke: fc.boolean(),
          }),
        },
        { weight: 2, arbitrary: fc.constant({ act: "drain" as const }) },
        { weight: 2, arbitrary: fc.record({ act: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 5_000 }) }) },
        { weight: 1, arbitrary: fc.constant({ act: "crash" as const }) },
        { weight: 1, arbitrary: fc.constant({ act: "late" as const }) },
        { weight: 1, arbitrary: fc.constant({ act: "unpark" as const }) },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(step, { maxLength: 30 }),
          fc.array(behaviour, { maxLength: 40 }),
          fc.integer({ min: 1, max: 5 }),
          async (steps, behaviours, maxBatchEffects) => {
            const background: Promise<unknown>[] = [];
            const world = new OutboxWorld({
              limits: { maxBatchEffects, maxAttempts: 4, maxLanes: 2 },
              ...(way === "with the timer" ? {} : { background: (work) => void background.push(work) }),
            });
            const poke = () =>
              world.survive(async () => {
                await world.outbox.poke();
                await Promise.all(background.splice(0));
              });
            world.behaviours.push(...behaviours);
            const expected = new Map<string, string[]>();
            let next = 0;
            for (const command of steps) {
              if (command.act === "enqueue") {
                const ids = Array.from({ length: command.count }, () => `${(next += 1)}`);
                const write = () =>
                  world.storage.transactionSync(() => {
                    for (const effectId of ids) world.enqueue({ effectId, lane: command.lane });
                    if (command.rollback) throw new Error("undone");
                  });
                // A rolled back transaction leaves nothing to expect.
                agrees(outcomeOf(write), command.rollback ? "undone" : "written");
                if (!command.rollback) expected.set(command.lane, [...(expected.get(command.lane) ?? []), ...ids]);
                if (command.poke) await poke();
              } else if (command.act === "drain") await world.survive(() => world.outbox.drain());
              else if (command.act === "pass") {
                world.clock.advance(command.ms);
                await world.fire();
              } else if (command.act === "crash") await world.restart();
              else if (command.act === "late") world.late.splice(0).forEach((arrive) => arrive());
              else for (const { effectId } of world.outbox.parked()) world.outbox.unpark(effectId);
            }
            world.behaviours.length = 0;
            for (const { effectId } of world.outbox.parked()) world.outbox.unpark(effectId);
            await poke();
            await world.settle();
            world.late.splice(0).forEach((arrive) => arrive());

            expect(world.overlaps).toEqual([]);
            expect(Object.fromEntries(world.applied)).toEqual(Object.fromEntries(expected));
            expect([world.outbox.pending(), world.outbox.parked().length, rowCount(world)]).toEqual([0, 0, 0]);
          },
        ),
        { numRuns: 200 },
      );
    },
    30_000,
  );
});
