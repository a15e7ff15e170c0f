/** Looking sessions up: always within the caller's org, so that other orgs' ids are not found. */
import { FactoryError, idSchema } from "@factory/schemas";
import type { SessionStatus } from "@factory/schemas/rpc";
import type { HandlerContext } from "@connectrpc/connect";
import { abortable } from "./abortable.ts";
import { callOf, principalOf, type Call } from "./call.ts";
import { toConnectError } from "./connect-errors.ts";
import type { GatewayDeps } from "./deps.ts";
import type { AuthenticatedPrincipal } from "@factory/governance";

const sessionIdSchema = idSchema("SES");

/** A handler's surroundings: who calls, and until when. */
export type CallScope = { readonly call: Call; readonly principal: AuthenticatedPrincipal; readonly signal: AbortSignal };

/** Runs a unary handler; whatever it throws leaves as an error of the registry. */
export async function unary<T>(context: HandlerContext, handler: (scope: CallScope) => Promise<T>): Promise<T> {
  const call = callOf(context);
  try {
    return await handler({ call, principal: principalOf(call), signal: context.signal });
  } catch (err) {
    throw toConnectError(err, call.requestId);
  }
}

/** Runs a streaming handler; whatever it throws leaves as an error of the registry. */
export async function* streaming<T>(context: HandlerContext, handler: (scope: CallScope) => AsyncIterable<T>): AsyncGenerator<T> {
  const call = callOf(context);
  try {
    for await (const message of handler({ call, principal: principalOf(call), signal: context.signal })) {
      call.sent += 1;
      yield message;
    }
  } catch (err) {
    throw toConnectError(err, call.requestId);
  }
}

/**
 * The status of a session of the caller's org. An id that is not shaped like one is asked of nobody: addressing an
 * object makes it.
 *
 * @throws FactoryError INVALID_ARGUMENT without an id, NOT_FOUND when the org has no such session.
 */
export async function findSession(deps: GatewayDeps, { call, principal, signal }: CallScope, sessionId: string): Promise<SessionStatus> {
  if (sessionId === "") throw new FactoryError("INVALID_ARGUMENT", "session_id is missing.");
  const absent = `There is no session ${sessionId.slice(0, 64)} for this org.`;
  if (!sessionIdSchema.safeParse(sessionId).success) throw new FactoryError("NOT_FOUND", absent);
  call.sessionId = sessionId;
  const status = await abortable(signal, deps.session(principal.org, sessionId).status());
  if (status === null) throw new FactoryError("NOT_FOUND", absent);
  return status;
}
