import { create } from "@bufbuild/protobuf";
import { DurableObjectHealthSchema, ObjectStanding } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { objectLevel, troublesOf } from "./object-troubles.ts";
import { NOW, ago, anObject } from "./testing/builders.ts";

const troubles = (change: Parameters<typeof anObject>[0]) =>
  troublesOf(create(DurableObjectHealthSchema, anObject(change)), NOW).map(({ level, text }) => `${level}: ${text}`);
const level = (change: Parameters<typeof anObject>[0]) => objectLevel(create(DurableObjectHealthSchema, anObject(change)), NOW);

describe("the troubles of an object", () => {
  it("are none while it is well, and it was never used when it was not asked", () => {
    expect([troubles({}), level({})]).toEqual([[], "ok"]);
    expect([troubles({ standing: ObjectStanding.NEVER_USED }), level({ standing: ObjectStanding.NEVER_USED })]).toEqual([[], "none"]);
  });

  it("begin with its silence and the reason of it", () => {
    expect(troubles({ standing: ObjectStanding.SILENT, problem: "no answer within 3 s" })).toEqual(["bad: did not answer: no answer within 3 s"]);
  });

  it("are unknown for a standing that the page does not know", () => {
    expect(level({ standing: ObjectStanding.UNSPECIFIED })).toBe("unknown");
  });

  it("tell of messages that wait too long or failed too often, and not of those on their way", () => {
    expect(troubles({ outbox: { pending: 3, oldestAt: ago(2_000), worstAttempts: 1 } })).toEqual([]);
    expect(troubles({ outbox: { pending: 3, oldestAt: ago(40_000), worstAttempts: 0 } })).toEqual(["warn: has 3 undelivered messages, the oldest for 40.0 s"]);
    expect(troubles({ outbox: { pending: 1, oldestAt: ago(2_000), worstAttempts: 12 } })).toEqual([
      "bad: has 1 undelivered message, the oldest for 2.0 s and 12 failed attempts",
    ]);
  });

  it("do not call pending messages well whose age is not known", () => {
    expect(level({ outbox: { pending: 1 } })).toBe("unknown");
  });

  it("tell of parked messages whatever their age", () => {
    expect(troubles({ outbox: { pending: 0, parked: 2, oldestAt: ago(1_000) } })).toEqual(["bad: has 2 messages that are no longer tried"]);
  });

  it("tell of expired leases by how long they are overdue", () => {
    const lease = (overdueMs: number, expired = true) => ({ beadId: "BEAD-1", epoch: 1, leaseUntil: ago(overdueMs), expired });
    expect(troubles({ leases: [lease(2_000), lease(-60_000, false)] })).toEqual([]);
    expect(troubles({ leases: [lease(20_000), lease(150_000)] })).toEqual(["bad: holds 2 leases that expired, the longest 2 m 30 s ago"]);
    expect(level({ leases: [{ beadId: "BEAD-1", epoch: 1, expired: true }] })).toBe("unknown");
  });

  it("tell of timers that fail, alarms that are late and databases that are large", () => {
    expect(troubles({ failingTimers: [{ name: "tick", failures: 3 }] })).toEqual(["warn: has a timer, tick, that failed 3 times in a row"]);
    expect(troubles({ nextAlarm: ago(90_000) })).toEqual(["warn: has an alarm that is 1 m 30 s late"]);
    expect(troubles({ nextAlarm: ago(-90_000) })).toEqual([]);
    expect(troubles({ storageBytes: 9n * 1024n ** 3n })).toEqual(["bad: stores 9.0 GiB"]);
  });
});
