import { migrate } from "@factory/durable";
import type { StartTimeout } from "@factory/durable";
import { ManualClock, NodeSqliteStorage } from "@factory/durable/testing";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HEARTBEAT_MS, LiveTail, STREAM_PAGE } from "./live-tail.ts";
import { LOG_MIGRATIONS } from "./log-schema.ts";
import { SessionLog } from "./session-log.ts";
import { anIdentity, aTerminalEvent, events, NdjsonReader } from "./testing/builders.ts";

const identity = anIdentity();

/** A log with its tail; `durable` decides when what was read is on disk. */
function aTail(durable: () => Promise<void> = async () => {}, startTimeout?: StartTimeout) {
  const storage = new NodeSqliteStorage();
  migrate(storage, LOG_MIGRATIONS);
  const clock = new ManualClock();
  const log = new SessionLog({ storage, objectName: undefined, now: clock.now });
  const pages: number[] = [];
  const tail = new LiveTail({
    page: (after, bounds) => {
      const page = log.pageAfter(after, bounds);
      pages.push(page.count);
      return page;
    },
    durable,
    startTimeout: startTimeout ?? clock.startTimeout,
  });
  const append = (writes: Parameters<SessionLog["append"]>[1]) => {
    log.append(identity, writes);
    tail.wake();
  };
  return { tail, append, clock, pages, subscribe: (after = 0) => new NdjsonReader(tail.open(after)) };
}

const seqs = (read: readonly { seq: number }[]): number[] => read.map(({ seq }) => seq);
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, index) => from + index);

describe("a subscription to a log", () => {
  test("replays what is stored strictly after the cursor, in pages, then follows live", async () => {
    const { append, subscribe, pages } = aTail();
    const stored = STREAM_PAGE.events * 2 + 10;
    append(events(stored));
    const reader = subscribe(3);
    expect(seqs(await reader.take(stored - 3))).toEqual(upTo(stored, 4));
    expect(pages.filter((count) => count > 0)).toEqual([STREAM_PAGE.events, STREAM_PAGE.events, 7]);
    const live = reader.next();
    append(events(1));
    expect((await live)?.seq).toBe(stored + 1);
  });

  test("ends after the terminal event, live and on replay, and at once when there is nothing after the cursor", async () => {
    const { append, subscribe } = aTail();
    const live = subscribe();
    const read = live.rest();
    append(events(2));
    append([aTerminalEvent()]);
    expect(seqs(await read)).toEqual([1, 2, 3]);
    expect(seqs(await subscribe().rest())).toEqual([1, 2, 3]);
    expect(await subscribe(3).rest()).toEqual([]);
    expect(await subscribe(99).rest()).toEqual([]);
  });

  test("an event that is committed but not yet on disk is not handed over", async () => {
    const { promise: flushed, resolve: flush } = Promise.withResolvers<void>();
    const { append, subscribe } = aTail(() => flushed);
    append(events(1));
    let arrived = false;
    const first = subscribe()
      .next()
      .then((event) => {
        arrived = true;
        return event;
      });
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    expect(arrived).toBe(false);
    flush();
    expect((await first)?.seq).toBe(1);
  });

  test("an event that is committed while the archive is asked is not waited for", async () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, LOG_MIGRATIONS);
    const clock = new ManualClock();
    const log = new SessionLog({ storage, objectName: undefined, now: clock.now });
    let asked = false;
    const tail = new LiveTail({
      page: (after, bounds) => {
        const page = log.pageAfter(after, bounds);
        if (asked) return page;
        asked = true;
        log.append(identity, events(1));
        tail.wake();
        return Promise.resolve(page);
      },
      durable: async () => {},
      startTimeout: clock.startTimeout,
    });
    expect((await new NdjsonReader(tail.open(0)).next())?.seq).toBe(1);
  });

  test("a waiting reader gets an empty line each heartbeat and loses no event by it", async () => {
    const { append, subscribe, clock, tail } = aTail();
    const reader = subscribe();
    for (let beat = 1; beat <= 2; beat++) {
      const beaten = reader.heartbeat();
      await expect.poll(() => tail.waiting).toBe(1);
      clock.advance(HEARTBEAT_MS);
      await beaten;
      expect(reader.heartbeats).toBe(beat);
    }
    const next = reader.next();
    append(events(1));
    expect((await next)?.seq).toBe(1);
  });

  test("the heartbeat timer exists only while a reader waits", async () => {
    let running = 0;
    const { tail } = aTail(undefined, () => {
      running += 1;
      return () => void (running -= 1);
    });
    expect(running).toBe(0);
    const readers = [tail.open(0).getReader(), tail.open(0).getReader()];
    const reads = readers.map((reader) => reader.read());
    await expect.poll(() => tail.waiting).toBe(2);
    expect(running).toBe(1);
    await readers[0]?.cancel();
    expect([tail.waiting, running]).toEqual([1, 1]);
    await readers[1]?.cancel();
    expect([tail.waiting, running]).toEqual([0, 0]);
    expect((await Promise.all(reads)).map(({ done }) => done)).toEqual([true, true]);
  });

  test("a reader that vanished without cancelling is forgotten at the next event", async () => {
    const { append, tail, pages } = aTail();
    const gone = tail.open(0).getReader();
    const read = gone.read();
    await expect.poll(() => tail.waiting).toBe(1);
    append(events(1));
    await read;
    // Nobody pulls any more: neither waiting nor read for.
    const before = pages.length;
    append(events(3));
    await Promise.resolve();
    expect([tail.waiting, pages.length]).toEqual([0, before]);
  });

  test("a slow reader costs nothing while it is away and re-reads in pages when it is back", async () => {
    const { append, subscribe, pages } = aTail();
    const reader = subscribe();
    append(events(1));
    await reader.next();
    const before = pages.length;
    for (let batch = 0; batch < 20; batch++) append(events(STREAM_PAGE.events));
    expect(pages.length).toBe(before);
    const total = 20 * STREAM_PAGE.events + 1;
    expect(seqs(await reader.take(total - 1))).toEqual(upTo(total, 2));
    expect(Math.max(...pages)).toBe(STREAM_PAGE.events);
  });

  test("many subscribers from different cursors each get their own events once and in order", async () => {
    const { append, subscribe } = aTail();
    append(events(40));
    const reads = upTo(40).map((after) => subscribe(after).rest());
    append(events(20));
    append([aTerminalEvent()]);
    for (const [index, read] of reads.entries()) expect(seqs(await read)).toEqual(upTo(61, index + 2));
  });

  test("whatever the interleaving of appends, reads and heartbeats, a reader sees each seq once and in order", async () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ read: fc.integer({ min: 1, max: 4 }) }),
      fc.constant({ beat: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 6 }), fc.array(step, { maxLength: 25 }), async (after, steps) => {
        const { append, subscribe, clock } = aTail(() => new Promise((resolve) => setImmediate(resolve)));
        const reader = subscribe(after);
        let appended = 0;
        const reads: Promise<{ seq: number } | null>[] = [];
        let queue: Promise<unknown> = Promise.resolve();
        for (const one of steps) {
          if ("append" in one) append(events(one.append, (appended += one.append)));
          else if ("read" in one) {
            for (let index = 0; index < one.read; index++) {
              const read = queue.then(() => reader.next());
              queue = read;
              reads.push(read);
            }
          } else clock.advance(HEARTBEAT_MS);
          await Promise.resolve();
        }
        append([aTerminalEvent()]);
        const seen = (await Promise.all(reads)).flatMap((event) => (event === null ? [] : [event.seq]));
        const rest = seqs(await reader.rest());
        expect([...seen, ...rest]).toEqual(after >= appended + 1 ? [] : upTo(appended + 1, after + 1));
      }),
      { numRuns: 80 },
    );
  });
});
