/** Sums over objects that answered. An object that did not answer adds nothing; where none did there is no sum. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { KindStorageSchema, OperationsTotalsSchema, SessionOperationsSchema } from "@factory/schemas/proto";
import type { LeaseHealth, ObjectHealth, OutboxHealth, ProjectionLag } from "@factory/schemas/rpc";
import type { AskedObject, ObjectKindName } from "./object-asking.ts";
import { OBJECT_KINDS, shownObject, shownOutbox } from "./object-health-view.ts";
import { shownLag } from "./read-model-service.ts";

/** An open session with its own objects as they answered. */
export type SessionAsked = { readonly lag: ProjectionLag; readonly runId: string | null; readonly objects: readonly AskedObject[] };

/** One open session. */
export function shownSession({ lag, runId, objects }: SessionAsked): MessageInitShape<typeof SessionOperationsSchema> {
  const state = healthsOf(objects, "session")[0]?.state ?? null;
  return {
    sessionId: lag.sessionId,
    ...(state === null ? {} : { state }),
    ...(runId === null ? {} : { runId }),
    ...leaseCounts(objects),
    ...outboxOf(objects),
    lag: shownLag(lag),
    objects: objects.map(shownObject),
  };
}

/** Sums over open sessions. */
export function totalsOf(sessions: readonly SessionAsked[]): MessageInitShape<typeof OperationsTotalsSchema> {
  const objects = sessions.flatMap((session) => session.objects);
  const behind = sessions.flatMap(({ lag }) => (lag.tipSeq === null ? [] : [lag.tipSeq - lag.seq]));
  return {
    ...leaseCounts(objects),
    ...outboxOf(objects),
    ...(behind.length === 0 ? {} : { eventsBehind: BigInt(behind.reduce((sum, events) => sum + Math.max(0, events), 0)) }),
    silent: objects.filter(({ standing }) => standing === "silent").length,
  };
}

/** Storage of the objects of each kind, in the order in which the kinds come. */
export function storageByKind(objects: readonly AskedObject[]): MessageInitShape<typeof KindStorageSchema>[] {
  const kinds = [...new Set(objects.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const sizes = objects.flatMap((object) => (object.kind === kind && object.standing === "answered" ? [sizeOf(object.name, object.health)] : []));
    const [largest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
    if (largest === undefined) return [];
    const bytes = sizes.reduce((sum, size) => sum + size.bytes, 0);
    return [{ kind: OBJECT_KINDS[kind], objects: sizes.length, bytes: BigInt(bytes), largestName: largest.name, largestBytes: BigInt(largest.bytes) }];
  });
}

function sizeOf(name: string, { storageBytes }: ObjectHealth): { readonly name: string; readonly bytes: number } {
  return { name, bytes: storageBytes };
}

function healthsOf(objects: readonly AskedObject[], kind?: ObjectKindName): ObjectHealth[] {
  return objects.flatMap((object) => (object.standing === "answered" && (kind === undefined || object.kind === kind) ? [object.health] : []));
}

/** Absent when no coordinator answered: none is known to be held, and none not to be. */
function leaseCounts(objects: readonly AskedObject[]): { leasesHeld?: number; leasesExpired?: number } {
  const coordinators = healthsOf(objects, "coordinator");
  if (coordinators.length === 0) return {};
  const leases = coordinators.flatMap((health): readonly LeaseHealth[] => health.leases);
  return { leasesHeld: leases.length, leasesExpired: leases.filter(({ expired }) => expired).length };
}

function outboxOf(objects: readonly AskedObject[]): { outbox?: ReturnType<typeof shownOutbox> } {
  const outboxes = healthsOf(objects).flatMap(({ outbox }) => outbox ?? []);
  return outboxes.length === 0 ? {} : { outbox: shownOutbox(together(outboxes)) };
}

function together(outboxes: readonly OutboxHealth[]): Omit<OutboxHealth, "parkedReason"> {
  const known = (values: readonly (number | null)[]): number[] => values.flatMap((value) => value ?? []);
  const oldest = known(outboxes.map(({ oldestAt }) => oldestAt));
  const attempts = known(outboxes.map(({ worstAttempts }) => worstAttempts));
  return {
    pending: outboxes.reduce((sum, { pending }) => sum + pending, 0),
    parked: outboxes.reduce((sum, { parked }) => sum + parked, 0),
    oldestAt: oldest.length === 0 ? null : Math.min(...oldest),
    worstAttempts: attempts.length === 0 ? null : Math.max(...attempts),
  };
}
