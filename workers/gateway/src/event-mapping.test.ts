import { toJson } from "@bufbuild/protobuf";
import { EVENT_KINDS, EVENT_KIND_NAMES, type SessionEvent } from "@factory/schemas";
import { SessionEventSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { toProto } from "./event-mapping.ts";

function anEvent(kind: string, payload: unknown): SessionEvent {
  return {
    seq: 7,
    eventId: "EVT-7",
    stream: "sessionEvents",
    kind,
    sessionId: "SES-1",
    runId: "RUN-1",
    assemblyId: "shop",
    workOrderId: "WO-1",
    occurredAt: Date.parse("2026-08-04T12:00:00.123Z"),
    payload,
    prevHash: "aa",
    hash: "bb",
    // Built from the catalog's names and payloads of the cases below.
  } as unknown as SessionEvent;
}

describe("a logged event", () => {
  it.each(EVENT_KIND_NAMES)("of kind %s keeps its number and the case of its payload", (kind) => {
    const message = toProto(anEvent(kind, {}));
    expect(message.kind).toBe(EVENT_KINDS[kind].number);
    expect(message.payload.case).toBe(EVENT_KINDS[kind].payloadCase);
  });

  it("arrives whole", () => {
    const payload = {
      reviewId: "REV-1",
      reviewType: "HUMAN_REVIEW",
      action: "approve",
      actionDigest: "cc",
      promptText: "Approve?",
      fromState: "COMMISSIONING",
      toState: "AWAITING_APPROVAL",
      alternatives: ["reject"],
      deadlineUnixSec: 1_800_000_000,
      context: { criteria: [{ text: "a", checked: true }], note: null },
    };
    expect(toJson(SessionEventSchema, toProto(anEvent("REVIEW_REQUIRED", payload)))).toEqual({
      sessionId: "SES-1",
      workOrderId: "WO-1",
      occurredAt: "2026-08-04T12:00:00.123Z",
      seq: "7",
      kind: "SESSION_EVENT_KIND_REVIEW_REQUIRED",
      eventId: "EVT-7",
      runId: "RUN-1",
      assemblyId: "shop",
      prevHash: "aa",
      hash: "bb",
      stream: "sessionEvents",
      reviewPrompt: payload,
    });
  });

  it("of a kind that is not known yet keeps its place in the stream", () => {
    expect(toJson(SessionEventSchema, toProto(anEvent("SOMETHING_NEW", { a: 1 })))).toMatchObject({ seq: "7", hash: "bb", eventId: "EVT-7" });
  });

  it("of a newer producer loses only the fields that are not known yet", () => {
    const message = toProto(anEvent("DEPLOYING", { fromState: "ACCEPTING", toState: "DELIVERING", reason: "", later: 1 }));
    expect(message.payload).toMatchObject({ case: "stateTransition", value: { fromState: "ACCEPTING", toState: "DELIVERING" } });
  });
});
