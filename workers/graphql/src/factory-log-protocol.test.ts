import { describe, expect, it } from "vitest";
import { FACTORY_LOG_PROTOCOL } from "./factory-log-protocol.ts";

const stored = {
  assemblyId: "pricing",
  eventId: "EVT-1",
  hash: "a".repeat(64),
  kind: "BEAD_CLAIMED",
  occurredAt: 5,
  payload: { beadId: "BEAD-1", title: 'ä "quoted"' },
  prevHash: "b".repeat(64),
  seq: 7,
};

/** What a client reads of stored lines. */
const read = (...lines: readonly object[]): unknown =>
  JSON.parse(
    FACTORY_LOG_PROTOCOL.next("op", FACTORY_LOG_PROTOCOL.payload({ lines: lines.map((line) => JSON.stringify(line)), parsed: () => lines }, 9, undefined)),
  );

describe("an event in a frame", () => {
  const common = { seq: 7, eventId: "EVT-1", kind: "BEAD_CLAIMED", occurredAt: 5, payload: stored.payload };

  it("says nothing of what the client named when it subscribed to a session's log", () => {
    const line = { ...stored, runId: "RUN-1", sessionId: "SES-1", stream: "beadUpdates", workOrderId: "WO-1" };
    expect(read(line)).toEqual({ type: "next", id: "op", events: [{ ...common, runId: "RUN-1" }], lastSeq: 9 });
  });

  it("says whose it is on an assembly's log", () => {
    const line = { ...stored, sessionId: "SES-1", sessionSeq: 3 };
    expect(read(line)).toEqual({ type: "next", id: "op", events: [{ ...common, sessionId: "SES-1", sessionSeq: 3 }], lastSeq: 9 });
  });
});
