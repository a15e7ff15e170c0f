/** RPC of CoordinatorDO: one run's bead graph, leases, run tree and verdicts. */
import type { Claim, Invariant } from "../artifacts.ts";
import type { CheckReport } from "../checks.ts";
import type { AtomDirective, ChangeEntry, Role, TaskResult, Tree } from "../directive.ts";
import type { ErrorCode, Result } from "../errors.ts";
import type { EventPayload } from "../events.ts";
import type { Autonomy, BeadState, ReviewDecision } from "../states.ts";

export type BeadSeed = {
  readonly beadId: string;
  readonly atomId: string;
  readonly moleculeId: string;
  readonly role: Role;
  readonly title: string;
  /** True for a molecule's last bead: no tools, no operative, deterministic checks run by the coordinator. */
  readonly outcome: boolean;
  readonly directive: AtomDirective;
  readonly dependsOn: readonly { readonly beadId: string; readonly required: boolean }[];
};

export type SeedRequest = {
  readonly org: string;
  readonly sessionId: string;
  readonly runId: string;
  readonly workOrderId: string;
  readonly assembly: string;
  readonly specificationId: string;
  readonly workGraphId: string;
  /** Operative slots: how many beads may run at once. */
  readonly slots: number;
  readonly baseTree: Tree;
  /** True when delivered TypeScript must type-check. */
  readonly typesRequired: boolean;
  /** Claims with their visible and hidden examples; no operative ever sees the hidden ones. */
  readonly claims: readonly Claim[];
  readonly invariants: readonly (Invariant & { readonly invariantId: string })[];
  readonly beads: readonly BeadSeed[];
};

/**
 * Why work ended without a result. Infrastructure and provider failures burn no quality attempt. `stale`: what governs the
 * agent moved while it worked, so its epoch is closed and the bead is handed out again at once.
 */
export const FAILURE_CLASSES = ["infrastructure", "provider", "quality", "governance", "timeout", "stale"] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

export type ModelCall = EventPayload<"MODEL_CALLED">;

/** What an operative brings back for one bead under its lease. */
export type BeadOutcome = {
  readonly effectId: string;
  readonly beadId: string;
  readonly epoch: number;
  readonly executionId: string;
  /** The execution bead of the knowing-state that was written before the work began; null when nothing was begun. */
  readonly executionBeadId: string | null;
  readonly knowingStateId: string;
  readonly headsDigest: string;
  /** What the knowing-state allowed; null when it was never retrieved. Below EXECUTE_BOUNDED a change set waits for a person. */
  readonly autonomy: Autonomy | null;
  /** Digest chain of the consent records written before each tool call. */
  readonly consentDigest: string;
  readonly consentDenials: readonly EventPayload<"CONSENT_BEAD_DENIED">[];
  readonly toolCalls: number;
  readonly modelCalls: readonly ModelCall[];
  readonly durationMs: number;
  /** Of the duration, what the operative's own runs of the checks took. */
  readonly checkMs: number;
  readonly result:
    | { readonly kind: "task"; readonly task: TaskResult; readonly changeSet: readonly ChangeEntry[] }
    /** Nothing ran: the knowing-state allows no more than SUGGEST, so the directive waits for a person. */
    | { readonly kind: "suggest"; readonly reason: string }
    | { readonly kind: "failure"; readonly failureClass: FailureClass; readonly code: ErrorCode; readonly message: string };
};

/** A bead handed to a slot under a lease. */
export type ClaimedBead = {
  readonly beadId: string;
  readonly epoch: number;
  readonly attempt: number;
  readonly cycle: number;
  readonly leaseUntil: number;
  readonly directive: AtomDirective;
  /** The specification that is current for the run. */
  readonly specificationId: string;
  /** A person's leave to begin although the knowing-state allows no more than SUGGEST. */
  readonly approval?: { readonly requestId: string; readonly by: string };
  /** The run tree now: base tree and the merged results of what this bead depends on. */
  readonly tree: Tree;
  /** The visible examples of each claim the directive refers to. */
  readonly claims: readonly Omit<Claim, "holdout">[];
  /** The invariants the directive watches, and whether types are required: with these the operative plans the checks the coordinator will run. */
  readonly invariants: SeedRequest["invariants"];
  readonly typesRequired: boolean;
  /** What failed last time, for the model to read; never a hidden value. */
  readonly feedback: readonly string[];
  /** Answer to a clarification that this bead asked for. */
  readonly clarification?: { readonly question: string; readonly answer: string };
};

export type BeadVerdict = {
  readonly beadId: string;
  readonly epoch: number;
  /** False when the epoch was stale: recorded, nothing changed. */
  readonly accepted: boolean;
  readonly state: BeadState;
  readonly reason: string;
};

export type WorkState = "ready" | "waiting" | "complete" | "blocked";

export type ExchangeAnswer = { readonly verdicts: readonly BeadVerdict[]; readonly beads: readonly ClaimedBead[]; readonly work: WorkState };

/** The run verdict and what led to it; goes to the session and into the evidence. */
export type RunReport =
  | {
      readonly outcome: "accepted" | "failed";
      readonly runVerdictId: string;
      readonly tree: Tree;
      readonly beads: { readonly done: number; readonly failed: number };
      readonly checks: { readonly passed: number; readonly failed: number };
      readonly holdouts: { readonly passed: number; readonly failed: number; readonly absentClaims: readonly string[] };
      /** Claims that no executed required check covers. */
      readonly uncheckedClaims: readonly string[];
      readonly reason: string;
    }
  | {
      /** A divergence the session must act on; the run waits. */
      readonly outcome: "diverged";
      readonly divergence: DivergenceReport;
    }
  | {
      /** A bead waits for a person's answer. */
      readonly outcome: "clarification";
      readonly clarificationId: string;
      readonly beadId: string;
      readonly title: string;
      readonly question: string;
    }
  | {
      /** A bead waits for a person's leave, because its agent may not act alone. */
      readonly outcome: "approval";
      /** Unique in the run; the decision names it. */
      readonly requestId: string;
      readonly beadId: string;
      readonly title: string;
      /** `start`: nothing has run. `apply`: the checks passed and the change set waits. */
      readonly stage: ApprovalStage;
      readonly role: Role;
      readonly autonomy: Autonomy;
      readonly reason: string;
      /** Digest of exactly what is decided on: the directive for `start`, the change set for `apply`. */
      readonly subjectDigest: string;
      /** The change set; empty for `start`. Its contents are blobs. */
      readonly changes: readonly ChangeEntry[];
      /** What the platform's checks found; empty for `start`. */
      readonly checks: readonly string[];
    };

/** What a person is asked for: that work begins, or that its result is applied. */
export const APPROVAL_STAGES = ["start", "apply"] as const;
export type ApprovalStage = (typeof APPROVAL_STAGES)[number];

/** A person's decision on a bead that waits. `amended`: do it (again) with the note as an added instruction. */
export type BeadDecision = {
  readonly beadId: string;
  readonly requestId: string;
  readonly decision: ReviewDecision;
  readonly note: string;
  readonly decidedBy: string;
};

export const DIVERGENCE_TYPES = ["atom-failure", "molecule-outcome-failure", "run-verdict-failure", "approval-rejected"] as const;
export type DivergenceType = (typeof DIVERGENCE_TYPES)[number];
export const SEVERITIES = ["low", "medium", "high", "critical"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** BP3's findings for one bead or claim, as evidence for a hypothesis. */
export type DivergenceReport = {
  readonly divergenceId: string;
  readonly divergenceType: DivergenceType;
  readonly severity: Severity;
  readonly role: Role;
  readonly traceId: string;
  readonly specificationId: string;
  readonly claimId: string;
  readonly claimRefs: readonly string[];
  readonly beadId: string;
  readonly atomId: string;
  /** The bead and every bead that depends on it: what a re-run touches. */
  readonly affectedBeadIds: readonly string[];
  readonly status: TaskResult["status"] | "ERROR";
  readonly observed: string;
  readonly expected: string;
  readonly blockers: readonly string[];
  /** Hidden examples that failed while every visible one passed, by line. */
  readonly failedHoldoutLines: readonly number[];
  /** Hidden examples of the claim at the moment of the divergence, the failed ones included. */
  readonly hiddenLeft: number;
  /** Amendment cycles this bead has been through. */
  readonly cycle: number;
  /** The tree that was judged: base tree, merged results and what was found wanting. A verifier replays the failed case on it. */
  readonly failedTree: Tree;
  /** The outcome bead BP3 wrote; absent when no agent executed. */
  readonly outcomeBeadId?: string;
};

/** Adopted amendment: successor directives for the affected beads. */
export type ReopenRequest = {
  readonly amendmentId: string;
  readonly specificationId: string;
  readonly directives: readonly AtomDirective[];
  readonly claims: readonly Claim[];
  readonly beadIds: readonly string[];
};

export type BeadRow = {
  readonly beadId: string;
  readonly atomId: string;
  readonly title: string;
  readonly role: Role;
  readonly state: BeadState;
  readonly epoch: number;
  readonly attempt: number;
  readonly cycle: number;
  readonly dependsOn: readonly string[];
  readonly claimRefs: readonly string[];
};

/** Everything the evidence package says of a run. */
export type RunRecord = {
  readonly runId: string;
  readonly beads: readonly BeadRow[];
  readonly checks: readonly {
    readonly checkId: string;
    readonly beadId: string;
    readonly treeDigest: string;
    readonly kind: string;
    readonly ok: boolean;
    readonly reportDigest: string;
    readonly holdout: boolean;
    readonly summary: string;
    /** The claim it decides; absent for a check of the whole tree. */
    readonly claimId?: string;
  }[];
  readonly modelCalls: number;
  readonly costUsd: number | null;
};

export interface CoordinatorRpc {
  /** Validates the graph whole and stores it; the same seed again is a no-op, another one is ALREADY_EXISTS. */
  seed(effectId: string, request: SeedRequest): Promise<Result<{ ready: number }>>;
  /** Takes outcomes, runs their required checks, commits, and answers with verdicts and the next beads for the slot. */
  exchange(slot: number, outcomes: readonly BeadOutcome[], want: number): Promise<Result<ExchangeAnswer>>;
  /** Progress of a lease; answers false for a stale epoch: the holder must stop. */
  heartbeat(beadId: string, epoch: number): Promise<{ readonly current: boolean; readonly leaseUntil: number }>;
  reopen(effectId: string, request: ReopenRequest): Promise<Result>;
  /** Answers a waiting bead's question. */
  clarify(
    effectId: string,
    answer: { readonly beadId: string; readonly clarificationId: string; readonly answer: string; readonly answeredBy: string },
  ): Promise<Result>;
  /** Decides on a bead that waits for a person's leave; a decision that was taken already changes nothing. */
  decide(effectId: string, decision: BeadDecision): Promise<Result>;
  /**
   * Closes every epoch and cancels what is not done. Answers ok once the log has acknowledged every event of the run, so
   * that nothing of it follows the terminal event; UNAVAILABLE before that, and the caller repeats.
   */
  cancel(effectId: string, reason: string): Promise<Result>;
  record(): Promise<RunRecord | null>;
}

export interface OperativeRpc {
  /** A hint that the slot may find work; returns at once. */
  wake(org: string, runId: string, slot: number): Promise<void>;
}

/** Body of an `atoms` queue message: a hint, never state. */
export type WakeMessage = { readonly org: string; readonly runId: string; readonly slot: number };

export type { CheckReport };
