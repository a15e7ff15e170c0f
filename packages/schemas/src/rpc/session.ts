/** RPC of CommissioningAgentDO: one session's state machine. Only it appends session-state and terminal events. */
import type { AttachedFile, CompilationConfig } from "../envelope.ts";
import type { Result } from "../errors.ts";
import type { SignalType } from "../signals.ts";
import type { ReviewDecision, ReviewMode, SessionState } from "../states.ts";
import type { WorkOrder } from "../work-order.ts";
import type { Tree } from "../directive.ts";
import type { RunReport } from "./coordinator.ts";
import type { DecisionRecord } from "./policy.ts";
import type { AmendReport, CompileReport } from "./mediation.ts";

/** Who acts. `person` is one human being, whatever credential they came with; absent in what was stored before, where it is the id. */
export type Principal = { readonly id: string; readonly kind: "api-key" | "oidc" | "linear" | "system"; readonly org: string; readonly person?: string };

/** What policy said when the order was taken: a gate's bar is pinned when it is raised. */
export type PinnedGovernance = {
  /** The decision that let the order in. */
  readonly submission: DecisionRecord;
  /** Distinct people who have to approve, by the matter of a review; 1 where it is not named. */
  readonly approvals: { readonly [matter: string]: number };
};

/** A decision on a review that comes from the We-layer, with the record that says why. */
export type Disposition = {
  readonly org: string;
  readonly reviewId: string;
  readonly actionDigest: string;
  readonly decision: ReviewDecision;
  readonly note: string;
  readonly dispositionEventId: string;
  readonly elucidationArtifactId: string;
  /** Who decided: one person a vote; two distinct ones where two people overrode. */
  readonly approvers: readonly { readonly id: string; readonly person: string }[];
  /** True for an override: it counts as whatever number of approvals the review asks for. */
  readonly override: boolean;
  readonly policy: DecisionRecord | null;
  /** The signal that carries it: one that does not fit the matter is FAILED_PRECONDITION. Absent for a rejection, which every matter takes. */
  readonly signal?: SignalType;
};

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
  /** Absent in sessions of before policies decided. */
  readonly governance?: PinnedGovernance;
};

/**
 * Where commissioning stands, for those who wait for it: `queued` until an attempt is under way, `commissioning` while one
 * is or the next step follows at once, `suspended-approval` while a person is asked, `idle` once the specification was handed
 * over, `failed` when the session ended before that or the specification was not taken.
 */
export type CommissioningStatus = "queued" | "commissioning" | "suspended-approval" | "idle" | "failed";

export type SessionStatus = {
  readonly sessionId: string;
  /** Absent in answers of before sessions told. */
  readonly assembly?: string;
  readonly state: SessionState;
  readonly runId: string | null;
  /** `matter` is what the review is about; absent in answers of before reviews told. */
  readonly openReview: { readonly reviewId: string; readonly action: string; readonly actionDigest: string; readonly matter?: string } | null;
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
    /** What allowed this person to decide; absent where nobody was asked. */
    readonly policy?: DecisionRecord;
  }): Promise<Result<{ state: SessionState }>>;
  /** A decision from the We-layer, once: the same effect again is answered from the record. */
  dispose(effectId: string, disposition: Disposition): Promise<Result<{ state: SessionState }>>;
  /** Takes the clearance of the session's run until {@link SessionRpc.unsuspend}; a session that has ended, or has no run yet, keeps it in mind. */
  suspend(effectId: string, reason: string, dispositionEventId: string): Promise<Result>;
  /**
   * Lifts what suspends the session, by the order `dispositionEventId`; the run gets a new clearance. Whoever calls has seen to it that
   * nothing else holds the session.
   */
  unsuspend(effectId: string, dispositionEventId: string): Promise<Result>;
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
