/** RPC of CoordinatorDO: one run's bead graph, leases, run tree and verdicts. */
import type { Claim, Invariant } from "../artifacts.ts";
import type { CheckReport } from "../checks.ts";
import type { Clearance, DispatchBlock } from "../clearance.ts";
import type { AtomDirective, ChangeEntry, Role, TaskResult, Tree } from "../directive.ts";
import type { ErrorCode, Result } from "../errors.ts";
import type { EventPayload } from "../events.ts";
import type { Autonomy, BeadState, ReviewDecision } from "../states.ts";
import type { Priority } from "../work-order.ts";

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
  /** Which of several READY beads goes first, together with how long it has been READY; the run's when absent. */
  readonly priority?: Priority;
};

export type SeedRequest = {
  readonly org: string;
  readonly sessionId: string;
  readonly runId: string;
  readonly workOrderId: string;
  readonly assembly: string;
  readonly specificationId: string;
  readonly workGraphId: string;
  /** Operative slots: how many beads may run at once. The org's share may be less; see {@link CapacityRpc}. */
  readonly slots: number;
  /** Of the order. */
  readonly priority: Priority;
  /** What the run may spend on models in US dollars; null: no bound was asked for. */
  readonly budgetUsd: number | null;
  readonly baseTree: Tree;
  /** True when delivered TypeScript must type-check. */
  readonly typesRequired: boolean;
  /** Claims with their visible and hidden examples; no operative ever sees the hidden ones. */
  readonly claims: readonly Claim[];
  readonly invariants: readonly (Invariant & { readonly invariantId: string })[];
  readonly beads: readonly BeadSeed[];
  /** Without one nothing is handed out; absent in seeds of before there were any, whose run asks for one. */
  readonly clearance?: Clearance;
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
  /** The run tree now, as far as the directive's read and write scope reaches: base tree and merged results. */
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

/** Verdict of the outcome bead of one molecule. */
export type MoleculeVerdictRef = {
  readonly moleculeId: string;
  readonly beadId: string;
  /** The MoleculeVerdict node. */
  readonly verdictId: string;
  readonly outcome: "passed" | "failed";
  /** How often the outcome bead had been re-opened before. */
  readonly cycle: number;
};

/** Tests that passed and failed. */
type TestCounts = { readonly passed: number; readonly failed: number };

/**
 * What the run verdict found when hidden examples were first run, before an amendment could show any of them; of a run that
 * hides nothing, its first verdict.
 */
export type FirstVerdict = {
  /** How often the terminal outcome bead had been re-opened before. */
  readonly cycle: number;
  readonly checks: TestCounts;
  /** Zero of both where no hidden example was run: of that nothing is known. */
  readonly holdouts: TestCounts;
  /** The same by claim, of those that had hidden examples. */
  readonly holdoutsByClaim: readonly ({ readonly claimId: string } & TestCounts)[];
};

/** The run verdict and what led to it; goes to the session and into the evidence. */
export type RunReport =
  | {
      readonly outcome: "accepted" | "failed";
      readonly runVerdictId: string;
      readonly tree: Tree;
      readonly beads: { readonly done: number; readonly failed: number };
      readonly checks: TestCounts;
      readonly holdouts: TestCounts & { readonly absentClaims: readonly string[] };
      /** The same by claim, of those that have hidden examples; `absentClaims` are the criteria that have none. */
      readonly holdoutsByClaim: readonly ({ readonly claimId: string } & TestCounts)[];
      /** Absent in reports of before it was kept, and of a run whose hidden examples had been run before it was. */
      readonly firstVerdict?: FirstVerdict;
      /** Claims that no executed required check covers. */
      readonly uncheckedClaims: readonly string[];
      /** The verdict on each molecule as it is in the end, in seed order; the terminal one is the last. */
      readonly moleculeVerdicts: readonly MoleculeVerdictRef[];
      /** Executions that are in the tree and ran under an amendment; one that was rejected since has to be done anew. */
      readonly amendedExecutions: readonly { readonly beadId: string; readonly traceId: string; readonly amendmentId: string }[];
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
    }
  | {
      /** The budget does not cover the next bead; what needs money waits until a person decides. */
      readonly outcome: "budget";
      /** Unique in the run; the decision names it. */
      readonly requestId: string;
      readonly budgetUsd: number;
      readonly spentUsd: number;
      readonly reservedUsd: number;
      /** What the bead that did not fit asks for. */
      readonly neededUsd: number;
      readonly waitingBeadIds: readonly string[];
    }
  | {
      /**
       * The dispatch gate hands nothing out. Told once for each clearance and code, and again under the same request while it
       * lasts; without a clearance or with a stale one only when something is held back by that.
       */
      readonly outcome: "blocked";
      /** Unique in the run. */
      readonly requestId: string;
      readonly code: DispatchBlock;
      readonly message: string;
      /** The clearance that does not do; null when there is none. */
      readonly clearanceId: string | null;
      /** Beads of the run as it is now, and what the clearance covers; null without one that can be read. */
      readonly beads: number;
      readonly ceiling: number | null;
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

/** A person's decision on an exhausted budget: `approved` sets the new bound, `rejected` leaves what waits undone and ends the run. */
export type BudgetDecision = {
  readonly requestId: string;
  readonly decision: "approved" | "rejected";
  /** The new bound in US dollars, above the old one; null takes the bound away. Of no meaning for `rejected`. */
  readonly budgetUsd: number | null;
  readonly note: string;
  readonly decidedBy: string;
};

/** One change of a run's graph. Beads that are DONE stay as they are. */
export type RunGraphChange =
  /** A new bead; the beads of `before` wait for it from now on. */
  | { readonly kind: "insert"; readonly bead: BeadSeed; readonly before: readonly { readonly beadId: string; readonly required: boolean }[] }
  /** Several beads in the place of one, which is cancelled: who waited for it waits for all of them. */
  | { readonly kind: "split"; readonly beadId: string; readonly into: readonly BeadSeed[] }
  /** Another bead in the place of one, which is cancelled. */
  | { readonly kind: "supersede"; readonly beadId: string; readonly by: BeadSeed }
  | { readonly kind: "reorder"; readonly beadId: string; readonly priority: Priority };

/** Changes of a run's graph while it runs: all of them or none. */
export type RunGraphAmendment = {
  /** Unique in the run: a repeat is a no-op. */
  readonly amendmentId: string;
  readonly changes: readonly RunGraphChange[];
  readonly reason: string;
  readonly decidedBy: string;
};

/** What a poke found: how a run that is not finished goes on by itself. */
export type RunPulse = {
  readonly status: "unknown" | "open" | "finished" | "cancelled";
  readonly beads: Partial<Record<BeadState, number>>;
  /** Leases that had expired and were taken back by this poke. */
  readonly rescued: number;
  /** Epoch milliseconds of the next thing the run does by itself; null when it waits for somebody. */
  readonly nextAt: number | null;
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
  /** The amendment under which the execution ran that diverged; null for one that ran as it was compiled. */
  readonly executedUnder: string | null;
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
    /** What was run, as the plan names it: `examples:C-1`, `tests:tests/a.test.ts`; absent for a check recorded before commands were. */
    readonly command?: string;
    readonly ok: boolean;
    /** Digest of the output that decided it. */
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
  /** Decides on an exhausted budget; a decision that was taken already changes nothing. */
  fund(effectId: string, decision: BudgetDecision): Promise<Result>;
  /**
   * Changes the graph while it runs. Checked whole before anything changes: INVALID_ARGUMENT names cycles, unknown or
   * repeated ids and criteria that no bead would carry any longer; FAILED_PRECONDITION a bead that is DONE or CANCELLED.
   */
  amendGraph(effectId: string, amendment: RunGraphAmendment): Promise<Result>;
  /**
   * Puts a clearance in the place of the run's, or takes it away (null) for the reason given. The gate looks at it from the next
   * claim on; what is leased goes on to its end. The same effect again changes nothing; neither does a clearance that was written
   * before the last one was taken away. Refuses DISPATCH_NO_SESSION, DISPATCH_MISSING_FIELD and DISPATCH_MALFORMED for one that
   * cannot be read or is not this run's, and NOT_FOUND before the seed; one may be taken away before that.
   */
  clear(effectId: string, clearance: Clearance | null, reason: string): Promise<Result>;
  /** Takes back what has expired, sends wake-ups again and arms timers, so that a lost alarm or message strands nothing. */
  poke(): Promise<RunPulse>;
}

export interface OperativeRpc {
  /** A hint that the slot may find work; returns at once. */
  wake(org: string, runId: string, slot: number): Promise<void>;
}

/** Body of an `atoms` queue message: a hint, never state. */
export type WakeMessage = { readonly org: string; readonly runId: string; readonly slot: number };

export type { CheckReport };
