/** The methods of `factory.v1.FactoryAdmin` about the read model: make rows again, and how far they are behind. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FactoryError } from "@factory/schemas";
import type { ProjectionLagRequest, ProjectionLagResponseSchema, ReprojectRequest, ReprojectResponseSchema, SessionLagSchema } from "@factory/schemas/proto";
import { MAX_LAG_SESSIONS, type ProjectionLag } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import { findSession, type CallScope } from "../sessions.ts";

/** Sessions of an answer when the caller names no bound. */
const DEFAULT_LIMIT = 20;

/** Makes a session's rows again from its log. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND, INTEGRITY */
export async function reproject(
  deps: GatewayDeps,
  scope: CallScope,
  { sessionId }: ReprojectRequest,
): Promise<MessageInitShape<typeof ReprojectResponseSchema>> {
  await findSession(deps, scope, sessionId);
  const answer = await abortable(scope.signal, deps.readModel.reproject(scope.principal.org, sessionId));
  if (!answer.ok) return raise(answer);
  return { seq: BigInt(answer.seq), tipSeq: BigInt(answer.tipSeq), quarantined: answer.quarantined };
}

/** How far the rows are behind their logs. @throws FactoryError INVALID_ARGUMENT, NOT_FOUND */
export async function projectionLag(
  deps: GatewayDeps,
  scope: CallScope,
  { sessionId, limit }: ProjectionLagRequest,
): Promise<MessageInitShape<typeof ProjectionLagResponseSchema>> {
  const { org } = scope.principal;
  if (sessionId !== "") {
    await findSession(deps, scope, sessionId);
    return { sessions: [shownLag(await abortable(scope.signal, deps.readModel.lagOf(org, sessionId)))], more: false };
  }
  if (limit > MAX_LAG_SESSIONS) throw new FactoryError("INVALID_ARGUMENT", `limit is ${limit}; the most is ${MAX_LAG_SESSIONS}.`);
  const { sessions, more } = await abortable(scope.signal, deps.readModel.lag(org, limit === 0 ? DEFAULT_LIMIT : limit));
  return { sessions: sessions.map(shownLag), more };
}

/** One lag as the protocol shows it. */
export function shownLag({ sessionId, seq, tipSeq, closed, quarantined, updatedAt }: ProjectionLag): MessageInitShape<typeof SessionLagSchema> {
  return {
    sessionId,
    seq: BigInt(seq),
    ...(tipSeq === null ? {} : { tipSeq: BigInt(tipSeq) }),
    closed,
    quarantined,
    ...(updatedAt === null ? {} : { updatedAt: timestampFromMs(updatedAt) }),
  };
}
