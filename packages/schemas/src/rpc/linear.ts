/** RPC of the linear-bridge Worker's objects. Its webhook comes by `fetch` from the gateway, its projections by queue. */
import type { Result } from "../errors.ts";
import type { DispositionVerb } from "../signals.ts";
import type { HealthRpc } from "./health.ts";
import type { ObjectHealth } from "./object-health.ts";

/** What an issue in Linear stands for. */
export type EscalationBinding = {
  readonly org: string;
  readonly escalationId: string;
  readonly sessionId: string;
  readonly assembly: string;
  readonly reviewId: string;
  readonly matter: string;
  readonly action: string;
  readonly actionDigest: string;
  readonly issueId: string;
};

/** A comment that was verified to come from Linear, on an issue that is bound to an escalation. */
export type LinearComment = {
  readonly deliveryId: string;
  readonly commentId: string;
  readonly issueId: string;
  readonly authorId: string;
  readonly authorName: string;
  readonly body: string;
  /** RFC 3339 UTC. */
  readonly createdAt: string;
  readonly editedAt: string | null;
};

/** What became of a comment. */
export type CommentOutcome =
  | { readonly outcome: "ignored"; readonly reason: string }
  | { readonly outcome: "refused"; readonly code: string; readonly message: string }
  | { readonly outcome: "waiting"; readonly approvals: number; readonly needed: number; readonly expiresAt: string }
  | { readonly outcome: "taken"; readonly verb: DispositionVerb; readonly dispositionEventId: string };

/** DispositionDO, one an escalation. */
export interface DispositionRpc {
  /** Binds the object; the same binding again changes nothing. */
  bind(binding: EscalationBinding): Promise<Result>;
  /** Takes a comment; the same comment again is answered from the record and does nothing. */
  comment(comment: LinearComment): Promise<Result<{ taken: CommentOutcome }>>;
  /** The review was decided: what comes later is told so. `decidedHere`: by a disposition of this escalation, whose result is told already. */
  close(reviewId: string, decision: string, decidedBy: string): Promise<Result<{ decidedHere: boolean }>>;
  poke(): Promise<void>;
}

/** Body of a `linear-projections` message: a hint that the log has grown, never state. */
export type LinearProjectionMessage = { readonly org: string; readonly sessionId: string; readonly fromSeq: number; readonly toSeq: number };

/** LinearProjectionDO, one an organisation: the only writer of the organisation's issues. */
export interface LinearProjectionRpc {
  /** Takes up a session's log from where it is. */
  follow(sessionId: string, toSeq: number): Promise<void>;
  /** The escalation an issue is bound to; null for every other issue. */
  bindingOf(issueId: string): Promise<EscalationBinding | null>;
  /** Writes a comment on an issue through the outbox; the same `effectId` again is a no-op. The text is escaped here. */
  say(effectId: string, issueId: string, lines: readonly string[]): Promise<Result>;
  /** Whether the author is the bridge itself or another bot. */
  isOwn(authorId: string): Promise<boolean>;
  poke(): Promise<void>;
}

/**
 * The linear-bridge Worker's entry class: the projections of organisations, for whoever may not make one by calling it. There is one
 * where the authority registry shows the organisation in a team.
 */
export interface LinearBridgeRpc extends HealthRpc {
  /** Pokes the organisation's projection where there is one. UNAVAILABLE when the registry does not answer. */
  pokeProjection(org: string): Promise<void>;
  /** What the organisation's projection says of itself; null where there is none. UNAVAILABLE when the registry does not answer. */
  projectionHealth(org: string): Promise<ObjectHealth | null>;
}
