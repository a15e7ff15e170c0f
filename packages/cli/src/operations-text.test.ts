import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type DurableObjectHealthSchema, ObjectHealthResponseSchema, ObjectKind, ObjectStanding, OperationsResponseSchema } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { healthLines, operationsLines } from "./operations-text.ts";

const NOW = 1_800_000_000_000;
const at = (ms: number) => timestampFromMs(NOW + ms);
const ANSWERED = ObjectStanding.ANSWERED;

const health = (objects: MessageInitShape<typeof DurableObjectHealthSchema>[]): string =>
  healthLines(create(ObjectHealthResponseSchema, { sessionId: "SES-1", sessionState: "EXECUTING", runId: "RUN-1", objects, askedAt: at(0) })).join("\n");

const operations = (answer: MessageInitShape<typeof OperationsResponseSchema>): string =>
  operationsLines(create(OperationsResponseSchema, { askedAt: at(0), ...answer })).join("\n");

describe("the health of a session's objects", () => {
  it("is a table with what each object has, and a dash for what it does not have", () => {
    const outbox = { pending: 2, oldestAt: at(-90_000), worstAttempts: 3, parked: 1 };
    const text = health([
      {
        kind: ObjectKind.SESSION,
        name: "session:a:SES-1",
        standing: ANSWERED,
        state: "EXECUTING",
        storageBytes: 2_048n,
        nextAlarm: at(5_000),
        outbox,
        schemaVersion: "0004-judging",
      },
      { kind: ObjectKind.OPERATIVE, name: "operative:a:RUN-1:3", standing: ANSWERED, state: "idle", storageBytes: 512n, schemaVersion: "0002-governance" },
      { kind: ObjectKind.BEAD_GRAPH, name: "beads:a", standing: ANSWERED, storageBytes: 3_000_000n, outbox: {} },
    ]);
    // Columns are as wide as their widest cell.
    expect(text.split("\n").map((line) => line.replaceAll(/ {2,}/g, " | "))).toEqual([
      "SES-1 | EXECUTING | RUN-1",
      "",
      "OBJECT | STATE | STORAGE | OUTBOX | NEXT ALARM | SCHEMA",
      "session | EXECUTING | 2.0 KiB | 2 waiting, 1 parked, oldest 1 min, 3 failed attempts | in 5 s | 0004-judging",
      "operative 3 | idle | 512 B | - | - | 0002-governance",
      "bead graph | - | 2.9 MiB | empty | - | -",
    ]);
  });

  it("keeps an object that was never used and one that did not answer apart, and says why", () => {
    const text = health([
      { kind: ObjectKind.MEDIATION, name: "mediation:a:SES-1", standing: ObjectStanding.NEVER_USED },
      { kind: ObjectKind.CAPACITY, name: "capacity:a", standing: ObjectStanding.SILENT, problem: "it was reset" },
    ]);
    expect(text).toMatch(/^mediation +never used +- +- +- +-$/m);
    expect(text).toMatch(/^capacity +NO ANSWER +- +- +- +-$/m);
    expect(text).toContain("capacity (capacity:a) did not answer: it was reset");
  });

  it("lists the leases, whose time is over and whose is not, and what keeps failing", () => {
    const leases = [
      { beadId: "BEAD-1", slot: 0, epoch: 4, leaseUntil: at(-3_000), expired: true },
      { beadId: "BEAD-2", epoch: 1, leaseUntil: at(60_000), expired: false },
    ];
    const failingTimers = [{ name: "outbox", failures: 2, dueAt: at(30_000) }];
    const text = health([{ kind: ObjectKind.COORDINATOR, name: "run:a:RUN-1", standing: ANSWERED, leases, failingTimers, lastError: "the log\nrefused" }]);
    expect(text).toMatch(/^BEAD-1 +0 +4 +expired 3 s ago$/m);
    expect(text).toMatch(/^BEAD-2 +coordinator +1 +ends in 1 min$/m);
    expect(text).toContain("its timer outbox failed 2 times, again in 30 s");
    expect(text).toContain("coordinator (run:a:RUN-1): the log");
  });
});

describe("the health of operations", () => {
  it("tells what is not known apart from nothing", () => {
    const unknown = operations({ totals: {}, rescueRates: [{ windowSeconds: 3_600, claims: 0n, rescues: 0n }] });
    expect(unknown).toMatch(/^leases +not known how many held/m);
    expect(unknown).toMatch(/^outboxes +-$/m);
    expect(unknown).toMatch(/^read model +not known$/m);
    expect(unknown).toMatch(/^rescues +no claims in 1 h$/m);
    const none = operations({ totals: { leasesHeld: 0, leasesExpired: 0, outbox: {}, eventsBehind: 0n } });
    expect(none).toMatch(/^leases +0 held, 0 of them expired$/m);
    expect(none).toMatch(/^outboxes +empty$/m);
    expect(none).toMatch(/^read model +0 events behind$/m);
  });

  it("names a Worker that is not well, the share of rescues, and what died where", () => {
    const text = operations({
      workers: [
        { worker: "graph", ok: true },
        { worker: "stream", ok: false, detail: "no answer within 3000 ms" },
      ],
      rescueRates: [{ windowSeconds: 86_400, claims: 8n, rescues: 2n, rate: 0.25 }],
      deadLetters: {
        count: 3n,
        lastDay: 1n,
        unattributed: 2n,
        queues: [{ queue: "atoms", count: 3n }],
        letters: [{ queue: "atoms", key: "m-1", ids: { run: "RUN-1", slot: "0" }, reason: "gone", diedAt: at(-7_200_000) }],
      },
    });
    expect(text).toContain("graph, stream NOT OK: no answer within 3000 ms");
    expect(text).toContain("2 of 8 claims in 1 d (25.0 %)");
    expect(text).toContain("3 (atoms 3), 1 in the last day; 2 of no organisation");
    expect(text).toMatch(/^atoms +m-1 +2 h ago +run RUN-1, slot 0 +gone$/m);
  });

  it("shows what the organisation's own objects have still to deliver, and when they try again", () => {
    const text = operations({
      organisation: [
        { kind: ObjectKind.DIRECTORY, name: "directory:a", standing: ANSWERED, storageBytes: 2_048n, outbox: {}, schemaVersion: "0001-directory" },
        {
          kind: ObjectKind.LINEAR_PROJECTION,
          name: "linear:a",
          standing: ANSWERED,
          storageBytes: 4_096n,
          outbox: { pending: 7, parked: 1, worstAttempts: 20, oldestAt: at(-7_200_000) },
          nextAlarm: at(30_000),
          lastError: "Linear refused it.",
          schemaVersion: "0001-projection",
        },
        { kind: ObjectKind.SIGNAL_DESK, name: "signals:a", standing: ObjectStanding.NEVER_USED },
      ],
    });
    expect(text).toMatch(/^ORGANISATION +STATE +STORAGE +OUTBOX/m);
    expect(text).toMatch(/^directory +- +2\.0 KiB +empty +- +0001-directory$/m);
    expect(text).toMatch(/^Linear projection +- +4\.0 KiB +7 waiting, 1 parked, oldest 2 h, 20 failed attempts +in 30 s +0001-projection$/m);
    expect(text).toMatch(/^signal desk +never used/m);
    expect(text).toContain("Linear projection (linear:a): Linear refused it.");
  });

  it("lists the open sessions and the storage, and says that there are more", () => {
    const text = operations({
      moreSessions: true,
      sessions: [
        { sessionId: "SES-1", state: "EXECUTING", leasesHeld: 3, leasesExpired: 1, outbox: {}, lag: { sessionId: "SES-1", seq: 5n, tipSeq: 9n } },
        { sessionId: "SES-2", lag: { sessionId: "SES-2", seq: 0n } },
      ],
      storage: [{ kind: ObjectKind.COORDINATOR, objects: 2, bytes: 3_072n, largestName: "run:a:RUN-1", largestBytes: 2_048n }],
    });
    expect(text).toMatch(/^SES-1 +EXECUTING +3 \(1 expired\) +empty +4 behind$/m);
    expect(text).toMatch(/^SES-2 +NO ANSWER +- +- +-$/m);
    expect(text).toContain("There are more open sessions");
    expect(text).toMatch(/^coordinator +2 +3\.0 KiB +2\.0 KiB run:a:RUN-1$/m);
  });
});
