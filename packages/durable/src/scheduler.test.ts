import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RetryableError } from "./errors.ts";
import { ALARM_LATE_MS, Scheduler } from "./scheduler.ts";
import type { DueTimer, TimerOptions } from "./scheduler.ts";
import { ManualAlarm, ManualClock } from "./testing/manual-time.ts";
import { MemoryLog } from "./testing/memory-log.ts";
import { MortalStorage } from "./testing/mortal-storage.ts";
import { NodeSqliteStorage } from "./testing/node-sqlite.ts";

type Handlers = Record<string, (timer: DueTimer) => void | Promise<void>>;

/** An object's storage, alarm and clock, and the incarnations that use them one after another. */
function aWorld() {
  const database = new NodeSqliteStorage();
  const alarm = new ManualAlarm();
  const clock = new ManualClock();
  const log = new MemoryLog();
  const start = (handlers: Handlers = {}, options: Record<string, TimerOptions> = {}) => {
    const storage = new MortalStorage(database);
    const scheduler = new Scheduler({ storage, timer: alarm, log, now: clock.now, random: () => 0.5, startTimeout: clock.startTimeout });
    for (const [name, handler] of Object.entries(handlers)) scheduler.on(name, handler, options[name]);
    return { scheduler, storage };
  };
  /** Fires the alarm as often as it is due. */
  const fire = async (scheduler: Scheduler) => {
    let fired = 0;
    while (alarm.take(clock.now())) {
      fired += 1;
      if (fired > 50) throw new Error("The alarm does not come to rest.");
      await scheduler.onAlarm(clock.now());
    }
    return fired;
  };
  return { database, alarm, clock, log, start, fire };
}

/** Schedules in a transaction that is rolled back, and waits for the arming that follows. */
async function scheduleAndUndo(
  { scheduler, storage }: { readonly scheduler: Scheduler; readonly storage: MortalStorage },
  name: string,
  atMs: number,
): Promise<void> {
  let armed: Promise<void> | undefined;
  const write = () =>
    storage.transactionSync(() => {
      armed = scheduler.schedule(name, atMs, "undone");
      throw new Error("undone");
    });
  expect(write).toThrow("undone");
  await armed;
}

describe("Scheduler", () => {
  test("one alarm serves all timers, the earliest first", async () => {
    const { alarm, clock, start, fire } = aWorld();
    const ran: unknown[] = [];
    const note = ({ name, payload }: DueTimer) => void ran.push([name, payload]);
    const { scheduler } = start({ a: note, b: note });
    await scheduler.schedule("b", clock.now() + 200, { n: 2 });
    await scheduler.schedule("a", clock.now() + 100);
    expect(alarm.at).toBe(clock.now() + 100);
    clock.advance(100);
    await fire(scheduler);
    expect(ran).toEqual([["a", null]]);
    expect(alarm.at).toBe(clock.now() + 100);
    clock.advance(100);
    await fire(scheduler);
    expect(ran).toEqual([
      ["a", null],
      ["b", { n: 2 }],
    ]);
    expect([alarm.at, scheduler.scheduledAt("b")]).toEqual([null, null]);
  });

  test("scheduling again replaces, cancelling removes, and the last cancel takes the alarm away", async () => {
    const { alarm, clock, start, fire } = aWorld();
    const ran: unknown[] = [];
    const { scheduler } = start({ a: ({ payload }) => void ran.push(payload) });
    await scheduler.schedule("a", clock.now() + 10, "old");
    await scheduler.schedule("a", clock.now() + 5, "new");
    clock.advance(10);
    await fire(scheduler);
    await scheduler.schedule("a", clock.now() + 10, "cancelled");
    await scheduler.cancel("a");
    expect(alarm.at).toBeNull();
    clock.advance(10);
    await fire(scheduler);
    expect(ran).toEqual(["new"]);
  });

  test("a failing timer does not stop the others and comes back with back-off until it succeeds", async () => {
    const { alarm, clock, log, start, fire } = aWorld();
    const ran: string[] = [];
    let broken = true;
    const { scheduler } = start({
      bad: ({ failures }) => {
        if (broken) throw new Error("no");
        ran.push(`bad after ${failures}`);
      },
      good: () => void ran.push("good"),
    });
    await scheduler.schedule("bad", clock.now());
    await scheduler.schedule("good", clock.now());
    // Twenty failures: more than the six retries of the platform.
    for (let n = 0; n < 20; n += 1) {
      await fire(scheduler);
      clock.advance(Math.max(0, (alarm.at ?? 0) - clock.now()));
    }
    broken = false;
    await fire(scheduler);
    expect(ran).toEqual(["good", "bad after 20"]);
    expect(log.of("timer.run").length).toBe(20);
    expect(
      log
        .of("timer.run")
        .map(({ fields }) => fields?.["waitMs"])
        .slice(0, 3),
    ).toEqual([125, 250, 500]);
  });

  test("a failure that asks for a pause gets it", async () => {
    const { alarm, clock, start, fire } = aWorld();
    const { scheduler } = start({ a: () => Promise.reject(new RetryableError("busy", { retryAfterMs: 90_000 })) });
    await scheduler.schedule("a", clock.now());
    await fire(scheduler);
    expect(alarm.at).toBe(clock.now() + 90_000);
  });

  test("a handler that hangs is told to stop after its time and the rest goes on", async () => {
    const { clock, log, start, fire } = aWorld();
    const ran: string[] = [];
    let signal: AbortSignal | undefined;
    const { scheduler } = start(
      { hung: (timer) => ((signal = timer.signal), new Promise<never>(() => undefined)), good: () => void ran.push("good") },
      { hung: { timeoutMs: 5_000 } },
    );
    await scheduler.schedule("hung", clock.now());
    await scheduler.schedule("good", clock.now());
    const fired = fire(scheduler);
    clock.advance(5_000);
    await fired;
    expect([ran, signal?.aborted, log.of("timer.run").length]).toEqual([["good"], true, 1]);
    expect(scheduler.scheduledAt("hung")).toBeGreaterThan(clock.now());
  });

  test("a timer without a handler is kept and reported, and runs when its handler is there", async () => {
    const { clock, log, start, fire } = aWorld();
    const first = start();
    await first.scheduler.schedule("later", clock.now(), 7);
    await fire(first.scheduler);
    expect(log.of("timer.run")[0]?.fields?.["error"]).toContain('No handler for the timer "later"');
    const ran: unknown[] = [];
    const second = start({ later: ({ payload }) => void ran.push(payload) });
    await second.scheduler.rearm();
    clock.advance(1_000);
    await fire(second.scheduler);
    expect(ran).toEqual([7]);
  });

  test("a timer that its handler schedules again, even after cancelling it, stays scheduled", async () => {
    const { alarm, clock, start, fire } = aWorld();
    const runs: unknown[] = [];
    const { scheduler } = start({
      loop: async ({ payload }) => {
        runs.push(payload);
        await scheduler.cancel("loop");
        if (runs.length < 3) await scheduler.schedule("loop", clock.now() + 10, runs.length);
      },
    });
    await scheduler.schedule("loop", clock.now(), 0);
    for (let n = 0; n < 5; n += 1) {
      await fire(scheduler);
      clock.advance(10);
    }
    expect(runs).toEqual([0, 1, 2]);
    expect(alarm.at).toBeNull();
  });

  test("asking for a run by a time keeps an earlier timer but counts none that is running", async () => {
    const { clock, start, fire } = aWorld();
    let asked = 0;
    const { scheduler } = start({
      a: async () => {
        asked += 1;
        if (asked === 1) await scheduler.scheduleBy("a", clock.now() + 500);
      },
    });
    await scheduler.scheduleBy("a", clock.now() + 10);
    await scheduler.scheduleBy("a", clock.now() + 20);
    expect(scheduler.scheduledAt("a")).toBe(clock.now() + 10);
    clock.advance(10);
    await fire(scheduler);
    expect(scheduler.scheduledAt("a")).toBe(clock.now() + 500);
  });

  test("extending a timer again and again writes no alarm", async () => {
    const { alarm, clock, start } = aWorld();
    const { scheduler } = start({ a: () => undefined });
    for (let n = 1; n <= 20; n += 1) await scheduler.schedule("a", clock.now() + n * 100);
    expect(alarm.writes).toBe(1);
  });

  test("a timer of a rolled back transaction sets no alarm", async () => {
    const { alarm, clock, start } = aWorld();
    const { scheduler, storage } = start({ a: () => undefined });
    await scheduler.rearm();
    await scheduleAndUndo({ scheduler, storage }, "a", clock.now() + 5);
    expect(alarm.writes).toBe(0);
  });

  test("a new incarnation sets the alarm that is missing, late or overdue, and leaves a good one", async () => {
    const { alarm, clock, start } = aWorld();
    await start().scheduler.schedule("a", clock.now() + 1_000);
    const due = clock.now() + 1_000;
    for (const found of [null, due + 1, clock.now() - ALARM_LATE_MS - 1]) {
      if (found === null) await alarm.deleteAlarm();
      else await alarm.setAlarm(found);
      await start().scheduler.rearm();
      expect(alarm.at).toBe(due);
    }
    const writes = alarm.writes;
    await start().scheduler.rearm();
    expect(alarm.writes).toBe(writes);
  });

  test("a new incarnation creates the timers that state calls for", async () => {
    const { alarm, clock, start, fire } = aWorld();
    const ran: string[] = [];
    const due = clock.now() + 30;
    const { scheduler } = start({ sweep: () => void ran.push("sweep") }, { sweep: { dueAt: () => due } });
    await scheduler.rearm();
    expect(alarm.at).toBe(due);
    clock.advance(30);
    await fire(scheduler);
    expect(ran).toEqual(["sweep"]);
  });

  test("an alarm that cannot be set is reported to the caller and set by the next call", async () => {
    const { alarm, clock, start } = aWorld();
    const { scheduler } = start({ a: () => undefined });
    alarm.failure = new Error("storage");
    await expect(scheduler.schedule("a", clock.now() + 5)).rejects.toThrow("storage");
    alarm.failure = undefined;
    await scheduler.scheduleBy("a", clock.now() + 5);
    expect(alarm.at).toBe(clock.now() + 5);
  });

  test("no timer is lost or early, whatever fails, rolls back or crashes", async () => {
    const name = fc.constantFrom("a", "b", "c");
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ act: fc.constant("schedule" as const), name, ms: fc.integer({ min: -50, max: 300 }), rollback: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant("cancel" as const), name }) },
      { weight: 4, arbitrary: fc.record({ act: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 200 }) }) },
      { weight: 1, arbitrary: fc.record({ act: fc.constant("crash" as const), loseAlarm: fc.boolean() }) },
    );
    const behaviour = fc.constantFrom("ok", "ok", "fail", "reschedule", "replace", "crash");
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.array(behaviour, { maxLength: 40 }), async (steps, behaviours) => {
        const world = aWorld();
        /** The token that each name owes a run, with its time. */
        const owed = new Map<string, { token: number; at: number }>();
        const early: string[] = [];
        let token = 0;
        let current = open();

        function open() {
          const incarnation = world.start({ a: run, b: run, c: run });
          return incarnation;
          async function run({ name: timer, payload }: DueTimer): Promise<void> {
            const mine = owed.get(timer);
            const act = behaviours.shift() ?? "ok";
            if (act === "fail") throw new Error("fail");
            if (act === "crash") {
              incarnation.storage.die();
              throw new Error("crash");
            }
            if (mine !== undefined && mine.token === payload) {
              if (world.clock.now() < mine.at) early.push(timer);
              owed.delete(timer);
            }
            if (act === "reschedule" || act === "replace") {
              if (act === "replace") await incarnation.scheduler.cancel(timer);
              await schedule(timer, 20);
            }
          }
        }
        async function schedule(timer: string, ms: number): Promise<void> {
          token += 1;
          const at = world.clock.now() + ms;
          const armed = current.scheduler.schedule(timer, at, token);
          owed.set(timer, { token, at });
          await armed;
        }
        async function restart(): Promise<void> {
          current.storage.die();
          current = open();
          await current.scheduler.rearm();
        }
        async function fire(): Promise<void> {
          while (world.alarm.take(world.clock.now())) {
            try {
              await current.scheduler.onAlarm(world.clock.now());
            } catch (err) {
              if (!current.storage.dead) throw err;
              await restart();
            }
          }
        }

        for (const command of steps) {
          if (command.act === "schedule" && command.rollback) {
            await scheduleAndUndo(current, command.name, world.clock.now() + command.ms);
          } else if (command.act === "schedule") await schedule(command.name, command.ms);
          else if (command.act === "cancel") {
            owed.delete(command.name);
            await current.scheduler.cancel(command.name);
          } else if (command.act === "pass") {
            world.clock.advance(command.ms);
            await fire();
          } else {
            if (command.loseAlarm) await world.alarm.deleteAlarm();
            await restart();
          }
        }
        behaviours.length = 0;
        for (let n = 0; world.alarm.at !== null && n < 100; n += 1) {
          world.clock.advance(Math.max(0, world.alarm.at - world.clock.now()));
          await fire();
        }
        expect([early, [...owed]]).toEqual([[], []]);
        expect(world.alarm.at).toBeNull();
        expect(world.database.sql.exec("SELECT * FROM scheduler_timers").toArray()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
