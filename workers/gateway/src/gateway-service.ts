/** `factory.v1.FactoryGateway`: hand in a work order, follow it, steer it. */
import type { ServiceImpl } from "@connectrpc/connect";
import { FactoryError, REVIEW_DECISIONS, isTerminalSession, type ReviewDecision, type SessionEvent as LoggedEvent } from "@factory/schemas";
import { FactoryGateway, type SessionEvent, type StreamMode } from "@factory/schemas/proto";
import type { DecisionRecord, SessionStatus } from "@factory/schemas/rpc";
import { decisionRecord, sessionPrincipal } from "@factory/governance";
import { abortable } from "./abortable.ts";
import { permit, policyRequest } from "./admission.ts";
import { raise } from "./connect-errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { toProto } from "./event-mapping.ts";
import { procedureOf } from "./needs.ts";
import { carries, followEvents, replayEvents } from "./session-events.ts";
import { findSession, streaming, unary, type CallScope } from "./sessions.ts";
import { commissionSession } from "./submission.ts";

/** Response header that carries the session's id before the first event. */
export const SESSION_ID_HEADER = "factory-session-id";

/** Longest reason or note of a caller, in UTF-16 code units. */
const MAX_NOTE_CHARS = 16_384;

/** The service over the gateway's dependencies. */
export function gatewayService(deps: GatewayDeps): ServiceImpl<typeof FactoryGateway> {
  return {
    submitSession: (request, context) =>
      streaming(context, async function* (scope) {
        checkMode(request.streamMode);
        const sessionId = await commissionSession(deps, scope, request);
        context.responseHeader.set(SESSION_ID_HEADER, sessionId);
        const events = followEvents(deps.sessionLog(scope.principal.org, sessionId), 0, scope.signal);
        // The first event names the session, so it comes in every mode.
        for await (const event of selected(events, (logged) => logged.seq === 1 || carries(request.streamMode, logged.kind))) yield { event };
      }),

    resumeStream: (request, context) =>
      streaming(context, async function* (scope) {
        checkMode(request.streamMode);
        await findSession(deps, scope, request.sessionId);
        context.responseHeader.set(SESSION_ID_HEADER, request.sessionId);
        const events = await resume(deps, scope, request);
        for await (const event of selected(events, (logged) => carries(request.streamMode, logged.kind))) yield { event };
      }),

    cancelSession: (request, context) =>
      unary(context, async (scope) => {
        checkNote("reason", request.reason);
        await findSession(deps, scope, request.sessionId);
        const { principal } = scope;
        const answer = await abortable(scope.signal, deps.session(principal.org, request.sessionId).cancel(request.reason, sessionPrincipal(principal)));
        if (!answer.ok) return raise(answer);
        const { state } = answer;
        if (state !== "CANCELLED" && isTerminalSession(state)) return { accepted: false, reason: `The session has ended: ${state}.` };
        return { accepted: true, reason: state };
      }),

    acknowledgeReview: (request, context) =>
      unary(context, async (scope) => {
        const decision = decisionOf(request.decision);
        checkNote("note", request.note);
        if (request.reviewId === "") throw new FactoryError("INVALID_ARGUMENT", "review_id is missing.");
        if (request.actionDigest === "") throw new FactoryError("INVALID_ARGUMENT", "action_digest is missing; it is in REVIEW_REQUIRED.");
        const status = await findSession(deps, scope, request.sessionId);
        const policy = await permitDecision(deps, scope, status, request.reviewId);
        const { principal } = scope;
        const answer = await abortable(
          scope.signal,
          deps.session(principal.org, request.sessionId).acknowledge({
            reviewId: request.reviewId,
            decision,
            note: request.note,
            actionDigest: request.actionDigest,
            principal: sessionPrincipal(principal),
            policy,
          }),
        );
        return answer.ok ? { accepted: true, reason: answer.state } : raise(answer);
      }),
  };
}

/**
 * Asks policy whether the caller may decide the review; what it is about is known of the one that is open.
 *
 * @throws FactoryError POLICY_DENIED, UNAVAILABLE
 */
async function permitDecision(deps: GatewayDeps, { call, principal, signal }: CallScope, status: SessionStatus, reviewId: string): Promise<DecisionRecord> {
  const { sessionId, assembly, openReview } = status;
  const matter = openReview?.reviewId === reviewId ? openReview.matter : undefined;
  const resource = { type: "Session", org: principal.org, id: sessionId, ...(assembly === undefined ? {} : { assembly }) } as const;
  const context = { operation: procedureOf(FactoryGateway.method.acknowledgeReview), ...(matter === undefined ? {} : { matter }) };
  const answer = await abortable(signal, permit(deps, call, policyRequest(principal, "DecideReview", resource, context)));
  return answer.ok ? decisionRecord(answer.decision) : raise(answer);
}

type Resume = { readonly sessionId: string; readonly fromSequence: bigint; readonly replayOnly: boolean };

/** @throws FactoryError INVALID_ARGUMENT when the cursor is after the last event: no client can have seen that seq. */
async function resume(
  deps: GatewayDeps,
  { principal, signal }: CallScope,
  { sessionId, fromSequence, replayOnly }: Resume,
): Promise<AsyncIterable<LoggedEvent>> {
  const log = deps.sessionLog(principal.org, sessionId);
  const tip = await abortable(signal, log.tip());
  if (fromSequence > BigInt(tip.lastSeq)) {
    throw new FactoryError("INVALID_ARGUMENT", `from_sequence ${fromSequence} is after the session's last event, ${tip.lastSeq}.`);
  }
  const after = Number(fromSequence);
  const over = replayOnly || (tip.closed && after === tip.lastSeq);
  return over ? replayEvents(log, after, tip.lastSeq, signal) : followEvents(log, after, signal);
}

async function* selected(events: AsyncIterable<LoggedEvent>, wanted: (event: LoggedEvent) => boolean): AsyncGenerator<SessionEvent> {
  for await (const event of events) if (wanted(event)) yield toProto(event);
}

/** Refuses a mode that is not known before anything is done. */
function checkMode(mode: StreamMode): void {
  carries(mode, "SESSION_SUBMITTED");
}

function checkNote(field: string, text: string): void {
  if (text.length > MAX_NOTE_CHARS) throw new FactoryError("TOO_LARGE", `${field} has ${text.length} characters; the limit is ${MAX_NOTE_CHARS}.`);
}

function decisionOf(text: string): ReviewDecision {
  const decision = REVIEW_DECISIONS.find((known) => known === text);
  if (decision === undefined) throw new FactoryError("INVALID_ARGUMENT", `decision must be one of ${REVIEW_DECISIONS.join(", ")}.`);
  return decision;
}
