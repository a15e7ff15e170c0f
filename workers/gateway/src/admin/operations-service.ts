/** `FactoryAdmin.Operations`: how the caller's org's part of the factory does now. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FactoryError } from "@factory/schemas";
import type { DeadLettersSchema, OperationsRequest, OperationsResponseSchema, RescueRateSchema } from "@factory/schemas/proto";
import { MAX_DEAD_LETTERS, MAX_LAG_SESSIONS } from "@factory/schemas/rpc";
import type { OperationsFacts, ProjectionLag, RescueRate } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import { askHealth } from "../health.ts";
import type { CallScope } from "../sessions.ts";
import { ObjectAsker } from "./object-asking.ts";
import { orgObjects, ownObjects } from "./object-health-service.ts";
import { shownObject } from "./object-health-view.ts";
import { shownSession, storageByKind, totalsOf, type SessionAsked } from "./operations-view.ts";

/** Open sessions that are asked, and dead letters of an answer, when the caller names no bound. */
const DEFAULT_SESSIONS = 50;
const DEFAULT_LETTERS = 20;

/** Health of the org's operations. @throws FactoryError INVALID_ARGUMENT for a bound over the most */
export async function operationsOf(
  deps: GatewayDeps,
  scope: CallScope,
  request: OperationsRequest,
): Promise<MessageInitShape<typeof OperationsResponseSchema>> {
  const limit = boundOf("limit", request.limit, DEFAULT_SESSIONS, MAX_LAG_SESSIONS);
  const letters = boundOf("dead_letters", request.deadLetters, DEFAULT_LETTERS, MAX_DEAD_LETTERS);
  const { org } = scope.principal;
  const [workers, facts, lags] = await Promise.all([
    askHealth(deps.workers),
    abortable(scope.signal, deps.readModel.operations(org, letters)),
    abortable(scope.signal, deps.readModel.lag(org, limit)),
  ]);
  const asker = new ObjectAsker(deps, scope);
  const [sessions, organisation] = await Promise.all([
    Promise.all(lags.sessions.map((lag) => askSession(asker, org, lag))),
    orgObjects(asker, org, facts.used),
  ]);
  const objects = [...sessions.flatMap((session) => session.objects), ...organisation];
  return {
    askedAt: timestampFromMs(deps.now()),
    workers: workers.workers.map(({ worker, ok, detail }) => ({ worker, ok, ...(detail === undefined ? {} : { detail }) })),
    deadLetters: shownLetters(facts.deadLetters),
    rescueRates: facts.rescueRates.map(shownRate),
    sessions: sessions.map(shownSession),
    moreSessions: lags.more,
    totals: totalsOf(sessions),
    storage: storageByKind(objects),
    organisation: organisation.map(shownObject),
  };
}

async function askSession(asker: ObjectAsker, org: string, lag: ProjectionLag): Promise<SessionAsked> {
  const session = await asker.session(lag.sessionId);
  return { lag, runId: session.neighbours?.runId ?? null, objects: await ownObjects(asker, org, lag.sessionId, session) };
}

function boundOf(field: string, asked: number, otherwise: number, most: number): number {
  if (asked > most) throw new FactoryError("INVALID_ARGUMENT", `${field} is ${asked}; the most is ${most}.`);
  return asked === 0 ? otherwise : asked;
}

function shownLetters({ count, lastDay, unattributed, byQueue, letters }: OperationsFacts["deadLetters"]): MessageInitShape<typeof DeadLettersSchema> {
  return {
    count: BigInt(count),
    lastDay: BigInt(lastDay),
    unattributed: BigInt(unattributed),
    queues: byQueue.map((queue) => ({ queue: queue.queue, count: BigInt(queue.count) })),
    letters: letters.map(({ diedAt, ...letter }) => ({ ...letter, ids: { ...letter.ids }, diedAt: timestampFromMs(diedAt) })),
  };
}

/** Without claims there is nothing that rescues could be a share of. */
function shownRate({ windowSeconds, claims, rescues }: RescueRate): MessageInitShape<typeof RescueRateSchema> {
  return { windowSeconds, claims: BigInt(claims), rescues: BigInt(rescues), ...(claims === 0 ? {} : { rate: rescues / claims }) };
}
