import { FactoryError } from "@factory/schemas";
import type { EventWrite } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { checkedEvents } from "./checked-events.ts";
import { anEvent, events } from "./testing/builders.ts";

function refusal(writes: readonly EventWrite[]): FactoryError {
  try {
    checkedEvents(writes);
  } catch (err) {
    if (err instanceof FactoryError) return err;
    throw err;
  }
  throw new Error("Nothing was refused.");
}

// What a producer without types could send.
const malformed = (overrides: Record<string, unknown>): EventWrite => ({ ...anEvent(), ...overrides });

describe("events of a call", () => {
  test("good events come back as they are", () => {
    const writes = events(2);
    expect(checkedEvents(writes)).toEqual(writes);
  });

  test("a payload of another kind is refused with the event's place and each issue", () => {
    const bad = malformed({ payload: { fromState: "SUBMITTED", toState: 3, extra: true } });
    const { code, message, details } = refusal([anEvent(), bad]);
    expect(code).toBe("INVALID_ARGUMENT");
    expect(message).toContain("Event 2");
    expect(details).toMatchObject({ index: 1, eventId: bad.eventId });
    expect(details?.["issues"]).toMatchObject([{ path: "payload.toState" }, { path: "payload.reason" }, { path: "payload." }]);
  });

  test.each([
    ["kind", { kind: "NO_SUCH_KIND" }],
    ["kind", { kind: "toString" }],
    ["eventId", { eventId: "1" }],
    ["runId", { runId: "RUN-1" }],
    ["occurredAt", { occurredAt: "2026-01-01" }],
    ["occurredAt", { occurredAt: -1 }],
  ])("a wrong %s is refused: %j", (path, overrides) => {
    const { code, details } = refusal([malformed(overrides)]);
    expect(code).toBe("INVALID_ARGUMENT");
    expect(details?.["issues"]).toMatchObject([{ path }]);
  });

  test("more events than a call may have are TOO_LARGE", () => {
    expect(checkedEvents(events(LOG_LIMITS.pageEvents))).toHaveLength(LOG_LIMITS.pageEvents);
    expect(refusal(events(LOG_LIMITS.pageEvents + 1)).code).toBe("TOO_LARGE");
  });
});
