/** Objects as `factory.v1` shows them. What an object does not have is absent and never zero. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ObjectKind, ObjectStanding, type DurableObjectHealthSchema, type LeaseHealthSchema, type OutboxHealthSchema } from "@factory/schemas/proto";
import type { LeaseHealth, ObjectHealth, OutboxHealth } from "@factory/schemas/rpc";
import type { AskedObject, ObjectKindName } from "./object-asking.ts";

/** The kinds as the protocol has them. */
export const OBJECT_KINDS: { readonly [kind in ObjectKindName]: ObjectKind } = {
  session: ObjectKind.SESSION,
  mediation: ObjectKind.MEDIATION,
  coordinator: ObjectKind.COORDINATOR,
  operative: ObjectKind.OPERATIVE,
  sessionLog: ObjectKind.SESSION_LOG,
  assemblyLog: ObjectKind.ASSEMBLY_LOG,
  artifactGraph: ObjectKind.ARTIFACT_GRAPH,
  sourceGraph: ObjectKind.SOURCE_GRAPH,
  beadGraph: ObjectKind.BEAD_GRAPH,
  capacity: ObjectKind.CAPACITY,
  directory: ObjectKind.DIRECTORY,
  signalDesk: ObjectKind.SIGNAL_DESK,
  linearProjection: ObjectKind.LINEAR_PROJECTION,
};

const STANDINGS: { readonly [standing in AskedObject["standing"]]: ObjectStanding } = {
  answered: ObjectStanding.ANSWERED,
  "never-used": ObjectStanding.NEVER_USED,
  silent: ObjectStanding.SILENT,
};

/** Adds fields that have a value. */
function present<K extends string, V>(field: K, value: V | null): { [field in K]?: V } {
  // The cast holds: an object with the one field, or without it.
  return (value === null ? {} : { [field]: value }) as { [field in K]?: V };
}

/** An object as the protocol shows it. */
export function shownObject(asked: AskedObject): MessageInitShape<typeof DurableObjectHealthSchema> {
  const named = { kind: OBJECT_KINDS[asked.kind], name: asked.name, standing: STANDINGS[asked.standing] };
  if (asked.standing === "answered") return { ...named, ...shownHealth(asked.health) };
  return asked.standing === "silent" ? { ...named, problem: asked.problem } : named;
}

function shownHealth(health: ObjectHealth): MessageInitShape<typeof DurableObjectHealthSchema> {
  const { state, storageBytes, nextAlarmAt, outbox, leases, lastError, schemaVersion, failingTimers } = health;
  return {
    ...present("state", state),
    storageBytes: BigInt(storageBytes),
    ...present("nextAlarm", timeOf(nextAlarmAt)),
    ...present("outbox", outbox === null ? null : shownOutbox(outbox)),
    leases: leases.map(shownLease),
    ...present("lastError", lastError),
    ...present("schemaVersion", schemaVersion),
    failingTimers: failingTimers.map(({ name, failures, dueAt }) => ({ name, failures, dueAt: timestampFromMs(dueAt) })),
  };
}

/** An outbox, or several taken together. */
export function shownOutbox({ pending, oldestAt, worstAttempts, parked }: Omit<OutboxHealth, "parkedReason">): MessageInitShape<typeof OutboxHealthSchema> {
  return { pending, parked, ...present("oldestAt", timeOf(oldestAt)), ...present("worstAttempts", worstAttempts) };
}

function shownLease({ beadId, slot, epoch, claimedAt, leaseUntil, expired }: LeaseHealth): MessageInitShape<typeof LeaseHealthSchema> {
  return {
    beadId,
    epoch,
    expired,
    leaseUntil: timestampFromMs(leaseUntil),
    ...present("slot", slot),
    ...present("claimedAt", timeOf(claimedAt)),
  };
}

function timeOf(ms: number | null): ReturnType<typeof timestampFromMs> | null {
  return ms === null ? null : timestampFromMs(ms);
}
