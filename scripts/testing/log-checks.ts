/** What must hold of every log, whatever happened to the process that wrote it. */
import type { SessionEvent } from "@factory/schemas/proto";
import { SessionEventKind } from "@factory/schemas/proto";
import { expect } from "vitest";

const TERMINAL: readonly SessionEventKind[] = [
  SessionEventKind.SESSION_COMPLETED,
  SessionEventKind.SESSION_FAILED,
  SessionEventKind.SESSION_CANCELLED,
  SessionEventKind.SESSION_REJECTED,
];

/** Gapless seq from 1, each event chained to the one before, exactly one terminal event and nothing after it. */
export function expectWholeLog(events: readonly SessionEvent[]): void {
  expect(events.map(({ seq }) => Number(seq))).toEqual(events.map((_, index) => index + 1));
  for (const [index, event] of events.entries()) expect(event.prevHash).toBe(index === 0 ? "0".repeat(64) : events[index - 1]?.hash);
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
  expect(events.filter(({ kind }) => TERMINAL.includes(kind)).map(({ seq }) => Number(seq))).toEqual([events.length]);
}

/** Each bead was released at most once in each amendment cycle, and at the end none is at work. */
export function expectBeadsOnce(events: readonly SessionEvent[]): void {
  const released = new Map<string, number>();
  const last = new Map<string, string>();
  for (const { kind, payload } of events) {
    if (payload.case !== "bead") continue;
    const { beadId, cycle, toState } = payload.value;
    last.set(beadId, toState);
    if (kind === SessionEventKind.BEAD_RELEASED) released.set(`${beadId}/${cycle}`, (released.get(`${beadId}/${cycle}`) ?? 0) + 1);
  }
  expect([...released.values()].filter((count) => count > 1)).toEqual([]);
  expect([...last.values()].filter((state) => state === "LEASED")).toEqual([]);
}
