/** What a session may do, as a function of the session alone. Levels are compared by their order, never by name. */
import { AUTONOMY, FactoryError } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingState } from "@factory/schemas/rpc";
import type { KspSession } from "./session-store.ts";

/** Whether a level allows more than another one. */
export function exceeds(level: Autonomy, ceiling: Autonomy): boolean {
  return AUTONOMY.indexOf(level) > AUTONOMY.indexOf(ceiling);
}

/** What was retrieved last. @throws FactoryError FAILED_PRECONDITION before a retrieval (I2) */
export function retrievedIn({ sessionId, knowingState, degraded }: KspSession): KnowingState {
  if (knowingState !== null) return knowingState;
  throw new FactoryError("FAILED_PRECONDITION", `The session ${sessionId} has retrieved no knowing-state${degraded === null ? "" : `: ${degraded}`}.`);
}

/**
 * What an action of the session would rest on.
 *
 * @param approvalId - a person's leave for a session that may only suggest; nothing lifts a failure (I4)
 * @throws FactoryError FAILED_PRECONDITION before a retrieval; GOVERNANCE_VIOLATION when the session may only suggest
 */
export function groundToAct(session: KspSession, approvalId: string | undefined): KnowingState {
  const { sessionId, degraded, ceiling } = session;
  const knowingState = retrievedIn(session);
  if (degraded !== null) throw violation(`The session ${sessionId} may only suggest: ${degraded}`);
  if (ceiling === "SUGGEST" && approvalId === undefined) throw violation(`The session ${sessionId} may only suggest; what it would do waits for a person.`);
  return knowingState;
}

/**
 * What an execution of the session would rest on.
 *
 * @throws FactoryError FAILED_PRECONDITION before a retrieval; GOVERNANCE_VIOLATION above the ceiling, or at SUGGEST without
 *   a person's leave
 */
export function groundToExecute(session: KspSession, { level, approvalId }: { readonly level: Autonomy; readonly approvalId?: string }): KnowingState {
  const { sessionId, degraded, ceiling } = session;
  const knowingState = retrievedIn(session);
  if (!AUTONOMY.includes(level)) throw new FactoryError("INVALID_ARGUMENT", `"${level}" is no level of autonomy.`);
  const why = degraded === null ? "." : `: ${degraded}`;
  if (exceeds(level, ceiling)) throw violation(`The session ${sessionId} may do ${ceiling}; ${level} is above it${why}`, { ceiling, level });
  if (level === "SUGGEST" && approvalId === undefined) throw violation(`What the session ${sessionId} would do waits for a person${why}`, { ceiling, level });
  return knowingState;
}

/** That governance does not allow it. */
export function violation(message: string, details?: { readonly [key: string]: unknown }): FactoryError {
  return new FactoryError("GOVERNANCE_VIOLATION", message, details);
}
