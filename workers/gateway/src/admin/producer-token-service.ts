/** `FactoryAdmin.IssueProducerToken`: lets a runner outside append to one session's log. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { issueProducerToken, MAX_PRODUCER_TTL_S, PRODUCER_NAME } from "@factory/governance";
import { FactoryError, isTerminalSession, STREAMS, type Stream } from "@factory/schemas";
import type { IssueProducerTokenRequest, IssueProducerTokenResponseSchema } from "@factory/schemas/proto";
import { abortable } from "../abortable.ts";
import type { GatewayDeps } from "../deps.ts";
import { findSession, type CallScope } from "../sessions.ts";
import { refuseProblems, type FieldProblem } from "./field-problems.ts";

/**
 * Makes a token. Whose log it is comes from the log itself, so that an append costs one call.
 *
 * @throws FactoryError INVALID_ARGUMENT with every problem, NOT_FOUND, FAILED_PRECONDITION for a session that has ended
 */
export async function issueToken(
  deps: GatewayDeps,
  scope: CallScope,
  { sessionId, streams, ttlSeconds, producer }: IssueProducerTokenRequest,
): Promise<MessageInitShape<typeof IssueProducerTokenResponseSchema>> {
  refuseProblems([...streamProblems(streams), ...ttlProblems(ttlSeconds), ...producerProblems(producer)]);
  const { state } = await findSession(deps, scope, sessionId);
  if (isTerminalSession(state)) throw new FactoryError("FAILED_PRECONDITION", `The session has ended: ${state}. Nothing is appended to its log.`);
  const { org } = scope.principal;
  const { events } = await abortable(scope.signal, deps.sessionLog(org, sessionId).read(0, 1));
  const [first] = events;
  if (first === undefined) throw new FactoryError("FAILED_PRECONDITION", "The session's first event is still on its way; ask again in a moment.");
  const { workOrderId, assemblyId } = first;
  const owner = { id: producer, org, sessionId, workOrderId, assemblyId, streams: streams.filter(isStream) };
  const { token, tokenId, expiresAtMs } = await issueProducerToken(deps.producerTokenKey, owner, ttlSeconds, deps.now());
  return { token, tokenId, expiresAt: timestampFromMs(expiresAtMs) };
}

function isStream(name: string): name is Stream {
  return (STREAMS as readonly string[]).includes(name);
}

function streamProblems(streams: readonly string[]): FieldProblem[] {
  if (streams.length === 0) return [{ field: "streams", problem: `names at least one of ${STREAMS.join(", ")}.` }];
  return streams.flatMap((name, index) => {
    const field = `streams.${index}`;
    if (!isStream(name)) return [{ field, problem: `is none of ${STREAMS.join(", ")}.` }];
    return streams.indexOf(name) === index ? [] : [{ field, problem: "is named twice." }];
  });
}

function ttlProblems(ttlSeconds: number): FieldProblem[] {
  return ttlSeconds >= 1 && ttlSeconds <= MAX_PRODUCER_TTL_S ? [] : [{ field: "ttl_seconds", problem: `must be 1 to ${MAX_PRODUCER_TTL_S}.` }];
}

function producerProblems(producer: string): FieldProblem[] {
  const form = "must be lower-case letters, digits, dots, dashes and underscores, 64 at most, with a letter or digit first.";
  return PRODUCER_NAME.test(producer) ? [] : [{ field: "producer", problem: form }];
}
