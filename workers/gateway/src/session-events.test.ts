import type { SessionEvent } from "@factory/schemas";
import { StreamMode } from "@factory/schemas/proto";
import type { SessionLogRpc } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carries, followEvents, replayEvents } from "./session-events.ts";

function anEvent(seq: number, kind: SessionEvent["kind"] = "MODEL_CALLED"): SessionEvent {
  const common = {
    eventId: `EVT-${seq}`,
    stream: "sessionEvents",
    sessionId: "SES-1",
    assemblyId: "shop",
    workOrderId: "WO-1",
    occurredAt: 1,
    prevHash: "",
    hash: "",
  } as const;
  // The payload is not read here.
  return { ...common, seq, kind, payload: { title: "ä — 漢字" } } as unknown as SessionEvent;
}

const bytesOf = (lines: readonly (SessionEvent | "")[]): Uint8Array =>
  new TextEncoder().encode(lines.map((line) => (line === "" ? "\n" : `${JSON.stringify(line)}\n`)).join(""));

/** A log whose subscription sends these chunks and closes. */
function aLog(chunks: readonly Uint8Array[], events: readonly SessionEvent[] = []): SessionLogRpc & { cancelled: boolean } {
  const log = {
    cancelled: false,
    append: () => Promise.reject(new Error("not asked for")),
    appendText: () => Promise.reject(new Error("not asked for")),
    seal: () => Promise.reject(new Error("not asked for")),
    tip: () => Promise.reject(new Error("not asked for")),
    attach: () => Promise.reject(new Error("not asked for")),
    detach: () => Promise.reject(new Error("not asked for")),
    read: async (after: number, limit: number) => ({
      events: events.slice(after, after + limit),
      tip: { lastSeq: events.length, rootHash: "", closed: false, archived: false },
    }),
    subscribe: async () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk);
          if (chunks.length > 0) controller.close();
        },
        cancel() {
          log.cancelled = true;
        },
      }),
  };
  return log;
}

async function seqsOf(events: AsyncIterable<SessionEvent>): Promise<number[]> {
  const seqs: number[] = [];
  for await (const event of events) seqs.push(event.seq);
  return seqs;
}

const never = new AbortController().signal;

describe("following a log", () => {
  it("reads every event once, wherever the stream is cut", async () => {
    const lines = [anEvent(1), "", anEvent(2), "", "", anEvent(3, "SESSION_COMPLETED")] as const;
    const whole = bytesOf(lines);
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: whole.length }), { maxLength: 12 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), whole.length];
        const chunks = edges.slice(1).map((end, index) => whole.slice(edges[index], end));
        expect(await seqsOf(followEvents(aLog(chunks), 0, never))).toEqual([1, 2, 3]);
      }),
    );
  });

  it("ends after the terminal event though the stream stays open", async () => {
    const log = aLog([bytesOf([anEvent(5, "SESSION_FAILED"), anEvent(6)])]);
    expect(await seqsOf(followEvents(log, 4, never))).toEqual([5]);
  });

  it("refuses a log that skips or repeats a seq", async () => {
    await expect(seqsOf(followEvents(aLog([bytesOf([anEvent(1), anEvent(3)])]), 0, never))).rejects.toMatchObject({ code: "INTEGRITY" });
    await expect(seqsOf(followEvents(aLog([bytesOf([anEvent(1), anEvent(1)])]), 0, never))).rejects.toMatchObject({ code: "INTEGRITY" });
  });

  it("says UNAVAILABLE when the stream ends without a terminal event", async () => {
    await expect(seqsOf(followEvents(aLog([bytesOf([anEvent(1)])]), 0, never))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  });

  it("stops waiting when its signal is aborted, and cancels the stream", async () => {
    const log = aLog([]);
    const stop = new AbortController();
    const following = seqsOf(followEvents(log, 0, stop.signal));
    stop.abort(new Error("left"));
    await expect(following).rejects.toThrow("left");
    const settled = aLog([]);
    const later = new AbortController();
    const waiting = followEvents(settled, 0, later.signal).next();
    await Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 0));
    later.abort(new Error("left later"));
    await expect(waiting).rejects.toThrow("left later");
    expect(settled.cancelled).toBe(true);
  });
});

describe("replaying a log", () => {
  const events = Array.from({ length: 1_201 }, (_, index) => anEvent(index + 1));

  it("pages through to the given seq and no further", async () => {
    const seqs = await seqsOf(replayEvents(aLog([], events), 3, 1_101, never));
    expect(seqs).toEqual(Array.from({ length: 1_098 }, (_, index) => index + 4));
  });

  it("refuses a log that lacks an event", async () => {
    await expect(seqsOf(replayEvents(aLog([], events.slice(0, 5)), 0, 9, never))).rejects.toMatchObject({ code: "INTEGRITY" });
  });
});

describe("a stream mode", () => {
  it.each([
    [StreamMode.UNSPECIFIED, true, true, true],
    [StreamMode.ALL, true, true, true],
    [StreamMode.STATE_TRANSITIONS, false, true, true],
    [StreamMode.TERMINAL_ONLY, false, false, true],
  ])("%d carries beads %s, transitions %s, terminals %s", (mode, beads, transitions, terminals) => {
    expect([carries(mode, "BEAD_CLAIMED"), carries(mode, "COMPILATION_STARTED"), carries(mode, "SESSION_REJECTED")]).toEqual([beads, transitions, terminals]);
  });
});
