/** RPC of CommissioningAgentDO: one session's state machine. Only it appends session-state and terminal events. */
import type { AttachedFile, CompilationConfig } from "../envelope.ts";
import type { Result } from "../errors.ts";
import type { ReviewDecision, ReviewMode, SessionState } from "../states.ts";
import type { WorkOrder } from "../work-order.ts";
import type { Tree } from "../directive.ts";
import type { RunReport } from "./coordinator.ts";
import type { AmendReport, CompileReport } from "./mediation.ts";

export type Principal = { readonly id: string; readonly kind: "api-key" | "system"; readonly org: string };

/** What the gateway hands over once it has verified an envelope. */
export type CommissionRequest = {
  readonly org: string;
  readonly sessionId: string;
  readonly workOrderId: string;
  readonly envelopeId: string;
  readonly assembly: string;
  readonly purposeId: string;
  readonly principal: Principal;
  readonly identity: { readonly actorId: string; readonly actorType: string };
  /** Digest of the envelope without signature, timestamp and signedAt; another one under the same ids is ALREADY_EXISTS. */
  readonly envelopeDigest: string;
  readonly evidenceChainRoot?: string;
  /** The order's Markdown and what the parser made of it. */
  readonly orderText: string;
  readonly order: WorkOrder;
  /** Envelope configuration with front matter filled in. */
  readonly config: CompilationConfig & { readonly reviewMode: ReviewMode };
  /** Attached files, already in R2. */
  readonly baseTree: Tree;
};

/**
 * Where commissioning stands, for those who wait for it: `queued` until an attempt is under way, `commissioning` while one
 * is or the next step follows at once, `suspended-approval` while a person is asked, `idle` once the specification was handed
 * over, `failed` when the session ended before that or the specification was not taken.
 */
export type CommissioningStatus = "queued" | "commissioning" | "suspended-approval" | "idle" | "failed";

export type SessionStatus = {
  readonly sessionId: string;
  readonly state: SessionState;
  readonly runId: string | null;
  readonly openReview: { readonly reviewId: string; readonly action: string; readonly actionDigest: string } | null;
  readonly reason: string | null;
  readonly commissioning: CommissioningStatus;
};

/** What mediation and the coordinator report through their outboxes; `effectId` makes a repeat a no-op. */
export type SessionReport =
  | { readonly kind: "compiled"; readonly report: CompileReport }
  | { readonly kind: "amended"; readonly report: AmendReport }
  | { readonly kind: "run"; readonly report: RunReport };

export interface SessionRpc {
  /** Journals the signal and returns at once; a repeat with the same digest finds the session. */
  commission(request: CommissionRequest): Promise<Result<{ created: boolean }>>;
  status(): Promise<SessionStatus | null>;
  /** Idempotent; a terminal session answers with its state. */
  cancel(reason: string, principal: Principal): Promise<Result<{ state: SessionState }>>;
  acknowledge(review: {
    readonly reviewId: string;
    readonly decision: ReviewDecision;
    readonly note: string;
    readonly actionDigest: string;
    readonly principal: Principal;
  }): Promise<Result<{ state: SessionState }>>;
  report(effectId: string, report: SessionReport): Promise<Result>;
  /**
   * Arms what state calls for, drains the outbox and pokes the run, so that a lost alarm or message strands nothing.
   * Answers the state, null for a session that was never commissioned.
   */
  poke(): Promise<{ readonly state: SessionState } | null>;
}

/** The order of a session, as it was submitted. */
export type SubmittedOrder = {
  readonly workOrderId: string;
  readonly title: string;
  /** Its Markdown. */
  readonly text: string;
};

/** What readers ask a session's CommissioningAgentDO. */
export interface SubmittedOrderRpc {
  /** Null for a session that was never commissioned, and for one of another org. */
  submittedOrder(org: string): Promise<SubmittedOrder | null>;
}

export type { AttachedFile };
