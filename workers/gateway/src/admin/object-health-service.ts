/** `FactoryAdmin.ObjectHealth`: each Durable Object that a session has used, as it says of itself now. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { objectName } from "@factory/schemas";
import type { ObjectHealthRequest, ObjectHealthResponseSchema } from "@factory/schemas/proto";
import type { UsedByOrg } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import { findSession, type CallScope } from "../sessions.ts";
import { ObjectAsker, type AskedObject, type AskedSession } from "./object-asking.ts";
import { shownObject } from "./object-health-view.ts";

/** Health of a session's objects. An object that nothing has used is named and not asked. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
export async function objectHealthOf(
  deps: GatewayDeps,
  scope: CallScope,
  { sessionId }: ObjectHealthRequest,
): Promise<MessageInitShape<typeof ObjectHealthResponseSchema>> {
  const { state, runId } = await findSession(deps, scope, sessionId);
  const { org } = scope.principal;
  const asker = new ObjectAsker(deps, scope);
  const [session, used] = await Promise.all([asker.session(sessionId), abortable(scope.signal, deps.readModel.usedObjects(org, sessionId))]);
  const [own, log, shared] = await Promise.all([
    ownObjects(asker, org, sessionId, session),
    asker.object("sessionLog", objectName.sessionLog(org, sessionId)),
    sharedObjects(deps, scope, asker, session, used),
  ]);
  const operatives = await operativesOf(asker, org, session, own, used.slots);
  return {
    sessionId,
    sessionState: state,
    ...(runId === null ? {} : { runId }),
    objects: [...own, ...operatives, log, ...shared].map(shownObject),
    askedAt: timestampFromMs(deps.now()),
  };
}

/** The session, its mediation and its coordinator, as far as the session says that they are there. */
export async function ownObjects(asker: ObjectAsker, org: string, sessionId: string, { object, neighbours }: AskedSession): Promise<AskedObject[]> {
  if (neighbours === null) return [object];
  const { mediation, runId } = neighbours;
  const others = await Promise.all([
    asker.object("mediation", objectName.mediation(org, sessionId), mediation),
    ...(runId === null ? [] : [asker.object("coordinator", objectName.coordinator(org, runId))]),
  ]);
  return [object, ...others];
}

/** The org's own objects. */
export function orgObjects(asker: ObjectAsker, org: string, used: UsedByOrg): Promise<AskedObject[]> {
  return Promise.all([
    asker.object("sourceGraph", objectName.sourceGraph(org), used.sourceGraph),
    asker.object("beadGraph", objectName.beadGraph(org)),
    asker.object("capacity", objectName.capacity(org), used.capacity),
    asker.object("directory", objectName.directory(org)),
    asker.object("signalDesk", objectName.signalDesk(org)),
    asker.linearProjection(),
  ]);
}

/** Slots that hold a lease now, or have held one. A slot that was woken in vain is known to nobody. */
async function operativesOf(
  asker: ObjectAsker,
  org: string,
  { neighbours }: AskedSession,
  own: readonly AskedObject[],
  known: readonly number[],
): Promise<AskedObject[]> {
  const runId = neighbours?.runId ?? null;
  if (runId === null) return [];
  const leased = own.flatMap((object) => (object.standing === "answered" ? object.health.leases : [])).flatMap(({ slot }) => slot ?? []);
  const slots = [...new Set([...known, ...leased])].sort((a, b) => a - b);
  return Promise.all(slots.map((slot) => asker.object("operative", objectName.operative(org, runId, slot))));
}

/** What the session shares with others: the log and lineage of its assembly, and the org's objects. */
async function sharedObjects(deps: GatewayDeps, scope: CallScope, asker: ObjectAsker, { neighbours }: AskedSession, used: UsedByOrg): Promise<AskedObject[]> {
  const { org } = scope.principal;
  const ofOrg = orgObjects(asker, org, used);
  if (neighbours === null) return ofOrg;
  const { assembly } = neighbours;
  const known = await abortable(scope.signal, deps.registry.hasAssembly(org, assembly));
  const ofAssembly = await Promise.all([
    asker.object("assemblyLog", objectName.assemblyLog(org, assembly), known),
    asker.object("artifactGraph", objectName.artifactGraph(org, assembly), known),
  ]);
  return [...ofAssembly, ...(await ofOrg)];
}
