import { refusing } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SAFETY_MS } from "./event-log.ts";
import { MAX_REWINDS, PUSH_PAGE, SINK_GIVE_UP_MS } from "./sinks.ts";
import { anEvent, aTerminalEvent, events } from "./testing/builders.ts";
import { SessionWorld, SinkDouble, turns } from "./testing/log-world.ts";
import type { SinkBehaviour } from "./testing/log-world.ts";

const seqsOf = (sink: SinkDouble): number[] => sink.lines.map((line) => (JSON.parse(line) as { seq: number }).seq);
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, index) => from + index);
const rows = (world: SessionWorld) => world.database.sql.exec("SELECT shard, cursor FROM log_sinks ORDER BY shard").toArray();

describe("the sinks of a log", () => {
  test("a sink gets what is stored strictly after its cursor, then every commit, as the stored lines", async () => {
    const world = new SessionWorld();
    await world.append(events(5));
    const sink = await world.attach(1, 2);
    await turns();
    await world.append(events(2));
    await turns();
    expect(seqsOf(sink)).toEqual([3, 4, 5, 6, 7]);
    expect(sink.batches.map(({ afterSeq, lastSeq, closed }) => [afterSeq, lastSeq, closed])).toEqual([
      [2, 5, false],
      [5, 7, false],
    ]);
    expect(sink.batches[0]?.log).toEqual({ kind: "session", org: "acme", sessionId: world.identity.sessionId });
    const stored = world.database.sql.exec<{ line: string }>("SELECT line FROM log_events WHERE seq > 2 ORDER BY seq").toArray();
    expect(sink.lines).toEqual(stored.map(({ line }) => line));
  });

  test("what gathers while a push is under way goes with the next one, in pages", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    sink.behaviours.push("hang");
    await world.append([anEvent()]);
    await turns();
    for (let append = 0; append < 4; append++) await world.append(events(200));
    await turns();
    expect(sink.batches).toHaveLength(1);
    sink.hanging.pop()?.();
    await turns();
    expect(sink.batches.map(({ lastSeq }) => lastSeq)).toEqual([1, 1 + PUSH_PAGE.events, 801]);
    expect([seqsOf(sink).length, sink.maxActive]).toEqual([801, 1]);
  });

  test("D-22 an append is answered though every push throws, and the sink has everything when it is back", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    sink.behaviours.push("throw", "throw", "throw");
    expect(await world.append(events(2))).toMatchObject({ ok: true });
    await turns();
    expect(await world.append(events(2))).toMatchObject({ ok: true });
    expect(world.journal.of("log.push")[0]).toMatchObject({ outcome: "failed", fields: { error: "no answer" } });
    await world.pass(2 * SAFETY_MS);
    expect(seqsOf(sink)).toEqual(upTo(4));
  });

  test("a sink that says keep false is taken off and is pushed to no more", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    sink.behaviours.push("leave");
    await world.append([anEvent()]);
    await turns();
    await world.append([anEvent()]);
    await turns();
    expect([sink.batches.length, rows(world)]).toEqual([1, []]);
  });

  test("a sink that answers another seq is served from there, and one that never moves on is backed off from", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    await world.append(events(3));
    await turns();
    sink.lastSeq = 1;
    sink.lines.length = 0;
    await world.append([anEvent()]);
    await turns();
    expect(seqsOf(sink)).toEqual([2, 3, 4]);
    const before = sink.batches.length;
    sink.behaviours.push(...Array<SinkBehaviour>(MAX_REWINDS + 1).fill("go back"));
    await world.append([anEvent()]);
    await turns();
    expect(sink.batches.length - before).toBe(MAX_REWINDS + 1);
    await world.pass(SAFETY_MS);
    expect(seqsOf(sink)).toEqual([2, 3, 4, 5]);
  });

  test("attaching again only moves the cursor, and the answer to a push that began before moves nothing", async () => {
    const world = new SessionWorld();
    await world.append(events(4));
    const before = await world.attach(1);
    await turns();
    before.behaviours.push("hang");
    await world.append([anEvent()]);
    await turns();
    // The shard begins anew while its old incarnation still answers.
    const after = new SinkDouble(2);
    world.sinks.set(1, after);
    await world.attach(1, 2);
    expect(after.batches).toEqual([]);
    before.hanging.pop()?.();
    await turns();
    expect([seqsOf(before), seqsOf(after)]).toEqual([upTo(5), upTo(5, 3)]);
    expect(rows(world)).toHaveLength(1);
  });

  test("a sink that attaches at the end of a closed log is told so, and is done", async () => {
    const world = new SessionWorld();
    await world.append([anEvent(), aTerminalEvent()]);
    const sink = await world.attach(1, 2);
    await turns();
    expect(sink.batches).toMatchObject([{ afterSeq: 2, lastSeq: 2, lines: "", closed: true }]);
    expect(rows(world)).toEqual([]);
  });

  test("a detached sink gets nothing more", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    await world.append([anEvent()]);
    await turns();
    await world.events.log.detach(world.shard(1));
    await world.append([anEvent()]);
    await turns();
    expect([seqsOf(sink), rows(world)]).toEqual([[1], []]);
  });

  test("D-33 one sink too many is refused with the limit; another org's and a wrong cursor are too", async () => {
    const world = new SessionWorld();
    for (const shard of upTo(LOG_LIMITS.sinks)) await world.attach(shard);
    const attach = (org: string, shard: number, after: number) => refusing(async () => ({ tip: await world.events.log.attach({ org, shard }, after) }));
    expect(await attach("acme", 999, 0)).toMatchObject({ code: "TOO_LARGE", details: { limitName: "sinks", limit: LOG_LIMITS.sinks } });
    expect(await attach("acme", 1, 0)).toMatchObject({ ok: true });
    expect(await attach("other", 1, 0)).toMatchObject({ code: "PERMISSION_DENIED" });
    expect(await attach("acme", 1, -1)).toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("a sink that takes nothing for a day is dropped, and that is logged", async () => {
    const world = new SessionWorld();
    const sink = await world.attach(1);
    sink.behaviours.push(...Array<SinkBehaviour>(5_000).fill("throw"));
    await world.append([anEvent()]);
    await world.pass(SINK_GIVE_UP_MS - 10 * 60_000);
    expect(rows(world)).toHaveLength(1);
    await world.pass(30 * 60_000);
    expect(rows(world)).toEqual([]);
    expect(world.journal.of("log.dropSink")).toMatchObject([{ ids: { shard: "1" }, fields: { cursor: 0 } }]);
  });

  test("whatever fails, restarts, attaches and goes back: each sink gets every event after its cursor once and in order", async () => {
    const behaviour = fc.constantFrom<SinkBehaviour>("take", "throw", "lose the answer", "go back");
    const step = fc.oneof(
      fc.record({ do: fc.constant("append" as const), count: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ do: fc.constant("attach" as const), shard: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant("fail" as const), shard: fc.integer({ min: 1, max: 3 }), behaviours: fc.array(behaviour, { maxLength: 4 }) }),
      fc.record({ do: fc.constant("evict" as const) }),
      fc.record({ do: fc.constant("turn" as const) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 20_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const world = new SessionWorld();
        const from = new Map<number, number>();
        let last = 0;
        for (const todo of steps) {
          if (todo.do === "append") {
            await world.append(events(todo.count));
            last += todo.count;
          } else if (todo.do === "attach") {
            const known = world.sinks.get(todo.shard);
            if (known === undefined) from.set(todo.shard, last);
            await world.attach(todo.shard, known?.lastSeq ?? last);
          } else if (todo.do === "fail") world.sinks.get(todo.shard)?.behaviours.push(...todo.behaviours);
          else if (todo.do === "evict") await world.restart();
          else if (todo.do === "turn") await turns(1);
          else await world.pass(todo.ms);
        }
        await world.append([aTerminalEvent()]);
        await world.pass(60 * 60_000);
        for (const [shard, sink] of world.sinks) {
          expect(seqsOf(sink)).toEqual(upTo(last + 1, (from.get(shard) ?? 0) + 1));
          expect(sink.closed).toBe(true);
        }
        expect(world.removals).toBe(1);
      }),
      { numRuns: 80 },
    );
  });
});
