import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventRow } from "../session-queries.ts";
import { EVENTS_PER_PAGE, FilteredLog, WholeLog, type AskLog, type LogRows } from "./log-rows.ts";

const anEvent = (seq: number): EventRow => ({
  seq,
  eventId: `EVT-${seq}`,
  kind: seq % 3 === 0 ? "MODEL_CALLED" : "ARTIFACT_WRITTEN",
  stream: "sessionEvents",
  occurredAt: "2026-01-02T03:04:05.678Z",
  runId: null,
  hash: `hash ${seq}`,
  payload: {},
});
const events = (first: number, last: number): EventRow[] => Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => anEvent(first + index));
const isModelCall = ({ kind }: EventRow): boolean => kind === "MODEL_CALLED";

/** A server with a log of a length that may grow; it reads `readAtOnce` events for a question at most. */
function aServer(length: number, passes: (event: EventRow) => boolean = () => true, readAtOnce = Number.POSITIVE_INFINITY) {
  const state = { length, asked: [] as number[], failing: false };
  const ask: AskLog = async (afterSeq, first) => {
    state.asked.push(afterSeq);
    if (state.failing) throw new Error("no answer");
    const found: EventRow[] = [];
    let readToSeq = afterSeq;
    for (const event of events(afterSeq + 1, Math.min(state.length, afterSeq + readAtOnce))) {
      if (found.length === first) break;
      if (passes(event)) found.push(event);
      readToSeq = event.seq;
    }
    return { events: found, readToSeq, tipSeq: state.length };
  };
  return { state, ask };
}

/** Resolves once nothing more is asked. */
async function settled(rows: LogRows): Promise<void> {
  let before = -1;
  while (before !== rows.version()) {
    before = rows.version();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const seqsOf = (rows: LogRows): (number | null)[] => Array.from({ length: rows.count }, (_, index) => rows.at(index)?.seq ?? null);

describe("the whole log", () => {
  it("has as many rows as events and asks only for the pages that are looked at", async () => {
    const { state, ask } = aServer(100_000);
    const rows = new WholeLog(ask);
    rows.take([], 100_000);
    expect(rows.count).toBe(100_000);
    rows.want(99_950, 99_999);
    await settled(rows);
    expect(state.asked).toEqual([99_800]);
    expect(rows.at(99_999)?.seq).toBe(100_000);
    expect(rows.at(0)).toBeNull();
    rows.want(EVENTS_PER_PAGE - 1, EVENTS_PER_PAGE);
    await settled(rows);
    expect(state.asked).toEqual([99_800, 0, EVENTS_PER_PAGE]);
    expect([rows.at(EVENTS_PER_PAGE - 1)?.seq, rows.at(EVENTS_PER_PAGE)?.seq]).toEqual([EVENTS_PER_PAGE, EVENTS_PER_PAGE + 1]);
  });

  it("shows what came live without asking, and asks again for a page that was cut when the log was shorter", async () => {
    const { state, ask } = aServer(10);
    const rows = new WholeLog(ask);
    rows.take([], 10);
    rows.want(0, 9);
    await settled(rows);
    rows.take(events(11, 14), 14);
    rows.want(0, 13);
    await settled(rows);
    expect(seqsOf(rows)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
    expect(state.asked).toEqual([0]);
    // The kept live events begin later now.
    state.length = 16;
    rows.take(events(15, 16), 16);
    rows.want(0, 15);
    await settled(rows);
    expect(seqsOf(rows)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
    expect(state.asked).toEqual([0, 0]);
  });

  it("says what failed, asks no more, and goes on when it is told to", async () => {
    const { state, ask } = aServer(5);
    const rows = new WholeLog(ask);
    state.failing = true;
    rows.take([], 5);
    rows.want(0, 4);
    await settled(rows);
    expect(rows.error?.message).toBe("no answer");
    expect(state.asked).toHaveLength(1);
    state.failing = false;
    rows.retry();
    await settled(rows);
    expect(rows.error).toBeNull();
    expect(seqsOf(rows)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe("a filtered log", () => {
  it("has each event that passes once and in order, however pages and live events meet", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 900 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 400 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }),
        async (history, liveBegins, readAtOnce, batches) => {
          const { state, ask } = aServer(history, isModelCall, readAtOnce);
          const rows = new FilteredLog(ask, isModelCall);
          rows.take([], history);
          let length = history;
          for (const batch of batches) {
            length += batch;
            state.length = length;
            rows.take(events(history + 1 + (liveBegins % 2), length), length);
            if (liveBegins % 3 === 0) await settled(rows);
          }
          await settled(rows);
          expect(seqsOf(rows)).toEqual(
            events(1, length)
              .filter(isModelCall)
              .map(({ seq }) => seq),
          );
          expect(rows.readToSeq).toBe(length);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("stops with an error where the server does not read on", async () => {
    const rows = new FilteredLog(async (afterSeq) => ({ events: [], readToSeq: afterSeq, tipSeq: 9 }), isModelCall);
    rows.take([], 9);
    await settled(rows);
    expect(rows.error?.message).toContain("not read on after event 0");
  });
});
