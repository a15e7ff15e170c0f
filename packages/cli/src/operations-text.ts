/** The health of a session's objects, and of the whole, as text. Pure: the same answer gives the same lines. */
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import {
  ObjectKind,
  ObjectStanding,
  type DurableObjectHealth,
  type ObjectHealthResponse,
  type OperationsResponse,
  type OutboxHealth,
  type RescueRate,
  type SessionOperations,
} from "@factory/schemas/proto";
import { ABSENT, tableOf } from "./text-table.ts";

const KINDS: { readonly [kind in ObjectKind]: string } = {
  [ObjectKind.UNSPECIFIED]: "object",
  [ObjectKind.SESSION]: "session",
  [ObjectKind.MEDIATION]: "mediation",
  [ObjectKind.COORDINATOR]: "coordinator",
  [ObjectKind.OPERATIVE]: "operative",
  [ObjectKind.SESSION_LOG]: "session log",
  [ObjectKind.ASSEMBLY_LOG]: "assembly log",
  [ObjectKind.ARTIFACT_GRAPH]: "artifact graph",
  [ObjectKind.SOURCE_GRAPH]: "source graph",
  [ObjectKind.BEAD_GRAPH]: "bead graph",
  [ObjectKind.CAPACITY]: "capacity",
  [ObjectKind.DIRECTORY]: "directory",
  [ObjectKind.SIGNAL_DESK]: "signal desk",
  [ObjectKind.LINEAR_PROJECTION]: "Linear projection",
};

const OBJECT_HEAD = ["OBJECT", "STATE", "STORAGE", "OUTBOX", "NEXT ALARM", "SCHEMA"];
const ORGANISATION_HEAD = ["ORGANISATION", ...OBJECT_HEAD.slice(1)];
const LEASE_HEAD = ["BEAD", "SLOT", "EPOCH", "LEASE"];
const SESSION_HEAD = ["SESSION", "STATE", "LEASES", "OUTBOX", "READ MODEL"];
const LETTER_HEAD = ["QUEUE", "KEY", "DIED", "ABOUT", "REASON"];
const STORAGE_HEAD = ["STORAGE", "OBJECTS", "TOGETHER", "LARGEST"];

/** Lines about each object of a session. */
export function healthLines({ sessionId, sessionState, runId, objects, askedAt }: ObjectHealthResponse): string[] {
  const now = msOf(askedAt) ?? Date.now();
  const leases = objects.flatMap((object) => object.leases);
  return [
    [sessionId, sessionState, ...(runId === undefined ? [] : [runId])].join("  "),
    "",
    ...tableOf(
      OBJECT_HEAD,
      objects.map((object) => objectRow(object, now)),
    ),
    ...under(
      tableOf(
        LEASE_HEAD,
        leases.map(({ beadId, slot, epoch, leaseUntil, expired }) => [
          beadId,
          String(slot ?? "coordinator"),
          String(epoch),
          leaseText(leaseUntil, expired, now),
        ]),
      ),
    ),
    ...under(objects.flatMap((object) => troubleOf(object, now))),
  ];
}

/** Lines about the organisation's operations. */
export function operationsLines(answer: OperationsResponse): string[] {
  const now = msOf(answer.askedAt) ?? Date.now();
  const { workers, rescueRates, sessions, moreSessions, totals, storage, organisation } = answer;
  const objects = [...sessions.flatMap((session) => session.objects), ...organisation];
  return [
    `workers       ${workers.map(({ worker, ok, detail }) => (ok ? worker : `${worker} NOT OK: ${detail ?? "no reason"}`)).join(", ")}`,
    `leases        ${countOf(totals?.leasesHeld)} held, ${countOf(totals?.leasesExpired)} of them expired`,
    `rescues       ${rescueRates.map(rescueText).join("; ")}`,
    `outboxes      ${outboxText(totals?.outbox, now)}`,
    `read model    ${totals?.eventsBehind === undefined ? "not known" : `${totals.eventsBehind} events behind`}`,
    `dead letters  ${lettersText(answer)}`,
    ...under(lettersOf(answer, now)),
    ...under(
      tableOf(
        SESSION_HEAD,
        sessions.map((session) => sessionRow(session, now)),
      ),
    ),
    ...(moreSessions ? ["There are more open sessions; the sums are without them. See --limit."] : []),
    ...under(
      tableOf(
        ORGANISATION_HEAD,
        organisation.map((object) => objectRow(object, now)),
      ),
    ),
    ...under(
      tableOf(
        STORAGE_HEAD,
        storage.map(({ kind, objects: count, bytes, largestName, largestBytes }) => [
          KINDS[kind],
          String(count),
          sizeText(bytes),
          `${sizeText(largestBytes)} ${largestName}`,
        ]),
      ),
    ),
    ...under(objects.flatMap((object) => troubleOf(object, now))),
  ];
}

/** A block under a blank line; nothing where there is no block. */
function under(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

function objectRow(object: DurableObjectHealth, now: number): string[] {
  const { state, storageBytes, outbox, nextAlarm, schemaVersion } = object;
  switch (object.standing) {
    case ObjectStanding.NEVER_USED:
      return [titleOf(object), "never used", ABSENT, ABSENT, ABSENT, ABSENT];
    case ObjectStanding.SILENT:
      return [titleOf(object), "NO ANSWER", ABSENT, ABSENT, ABSENT, ABSENT];
    default: {
      const size = storageBytes === undefined ? ABSENT : sizeText(storageBytes);
      return [titleOf(object), state ?? ABSENT, size, outboxText(outbox, now), fromNow(nextAlarm, now), schemaVersion ?? ABSENT];
    }
  }
}

/** What is wrong with an object, one line each. */
function troubleOf(object: DurableObjectHealth, now: number): string[] {
  const title = titleOf(object);
  return [
    ...(object.problem === undefined ? [] : [`${title} (${object.name}) did not answer: ${object.problem}`]),
    ...(object.lastError === undefined ? [] : [`${title} (${object.name}): ${object.lastError}`]),
    ...object.failingTimers.map(
      ({ name, failures, dueAt }) => `${title} (${object.name}): its timer ${name} failed ${failures} times, again ${fromNow(dueAt, now)}`,
    ),
  ];
}

/** The kind, and of an operative its slot, which its name ends with. */
function titleOf({ kind, name }: DurableObjectHealth): string {
  return kind === ObjectKind.OPERATIVE ? `${KINDS[kind]} ${name.split(":").at(-1) ?? ""}` : KINDS[kind];
}

function sessionRow({ sessionId, state, leasesHeld, leasesExpired, outbox, lag }: SessionOperations, now: number): string[] {
  const leases = leasesHeld === undefined ? ABSENT : `${leasesHeld}${(leasesExpired ?? 0) === 0 ? "" : ` (${leasesExpired} expired)`}`;
  const behind = lag?.tipSeq === undefined ? ABSENT : `${lag.tipSeq - lag.seq} behind`;
  return [sessionId, state ?? "NO ANSWER", leases, outboxText(outbox, now), behind];
}

function lettersText({ deadLetters }: OperationsResponse): string {
  if (deadLetters === undefined) return "not known";
  const { count, lastDay, unattributed, queues } = deadLetters;
  const byQueue = queues.map((queue) => `${queue.queue} ${queue.count}`).join(", ");
  return `${count}${byQueue === "" ? "" : ` (${byQueue})`}, ${lastDay} in the last day${unattributed === 0n ? "" : `; ${unattributed} of no organisation`}`;
}

function lettersOf({ deadLetters }: OperationsResponse, now: number): string[] {
  return tableOf(
    LETTER_HEAD,
    (deadLetters?.letters ?? []).map(({ queue, key, diedAt, ids, reason }) => [
      queue,
      key,
      fromNow(diedAt, now),
      Object.entries(ids)
        .map(([name, id]) => `${name} ${id}`)
        .join(", "),
      reason,
    ]),
  );
}

function rescueText({ windowSeconds, claims, rescues, rate }: RescueRate): string {
  const window = windowSeconds % 86_400 === 0 ? `${windowSeconds / 86_400} d` : `${windowSeconds / 3_600} h`;
  return rate === undefined ? `no claims in ${window}` : `${rescues} of ${claims} claims in ${window} (${(rate * 100).toFixed(1)} %)`;
}

function outboxText(outbox: OutboxHealth | undefined, now: number): string {
  if (outbox === undefined) return ABSENT;
  const { pending, oldestAt, worstAttempts, parked } = outbox;
  if (pending === 0 && parked === 0) return "empty";
  const facts = [
    ...(parked === 0 ? [] : [`${parked} parked`]),
    ...(oldestAt === undefined ? [] : [`oldest ${spanText(now - timestampMs(oldestAt))}`]),
    ...((worstAttempts ?? 0) === 0 ? [] : [`${worstAttempts} failed attempts`]),
  ];
  return [`${pending} waiting`, ...facts].join(", ");
}

function leaseText(until: Timestamp | undefined, expired: boolean, now: number): string {
  return expired ? `expired ${fromNow(until, now)}` : `ends ${fromNow(until, now)}`;
}

function countOf(count: number | undefined): string {
  return count === undefined ? "not known how many" : String(count);
}

function msOf(at: Timestamp | undefined): number | undefined {
  return at === undefined ? undefined : timestampMs(at);
}

/** How far a moment is from another, in the largest unit that it fills. */
function fromNow(at: Timestamp | undefined, now: number): string {
  if (at === undefined) return ABSENT;
  const distance = timestampMs(at) - now;
  return distance >= 0 ? `in ${spanText(distance)}` : `${spanText(-distance)} ago`;
}

const SPANS = [
  { unit: "d", ms: 86_400_000 },
  { unit: "h", ms: 3_600_000 },
  { unit: "min", ms: 60_000 },
  { unit: "s", ms: 1_000 },
] as const;

function spanText(ms: number): string {
  const span = SPANS.find((one) => ms >= one.ms);
  return span === undefined ? `${Math.max(0, Math.round(ms))} ms` : `${Math.floor(ms / span.ms)} ${span.unit}`;
}

const SIZES = ["B", "KiB", "MiB", "GiB"] as const;

function sizeText(bytes: bigint): string {
  let size = Number(bytes);
  for (const unit of SIZES) {
    if (size < 1_024 || unit === "GiB") return `${unit === "B" ? size : size.toFixed(1)} ${unit}`;
    size /= 1_024;
  }
  return ABSENT;
}
