/** RPC of MediationAgentDO: deterministic compilation of an approved intent specification. No model call decides here. */
import type { ErrorCode, Result } from "../errors.ts";
import type { Tree } from "../directive.ts";
import type { RepositoryMap } from "../repository.ts";
import type { Example, WorkOrder } from "../work-order.ts";
import type { CompilationConfig } from "../envelope.ts";
import type { ReviewMode } from "../states.ts";
import type { DecisionRecord } from "./policy.ts";

export type CompileRequest = {
  readonly org: string;
  readonly sessionId: string;
  readonly workOrderId: string;
  readonly assembly: string;
  readonly intentSpecificationId: string;
  /** The intent specification's content. */
  readonly intent: { readonly [key: string]: unknown };
  readonly order: WorkOrder;
  readonly config: CompilationConfig & { readonly reviewMode: ReviewMode };
  readonly baseTree: Tree;
  /** What the starting tree's source files hold; made by mediation itself. Absent: only their paths are known. */
  readonly repository?: RepositoryMap;
  readonly elucidationArtifactId: string;
  /** What the run's clearance rests on; absent in requests of before there were clearances. */
  readonly clearance?: ClearanceBasis;
  /** What earlier sessions on the same order have learnt; absent when there was none. */
  readonly inherited?: InheritedSpecification;
};

/** What lets a run be dispatched: a person's approval, or policy where the order leaves it to policy, and the decision on the dispatch itself. */
export type ClearanceBasis = {
  readonly approvedBy: "person" | "policy";
  /** Whoever approved, `policy:auto` included. */
  readonly approver: string;
  /** The receipt of the approval. */
  readonly approvalId: string;
  readonly policy: DecisionRecord;
};

/** A new clearance for the run: because the old one is stale, was taken away or does not do, or because a person raised what was asked for. */
export type ClearRequest = {
  readonly org: string;
  readonly sessionId: string;
  /** Unique in the session: the request of the run, or the disposition that lifted a suspension. */
  readonly requestId: string;
  readonly basis: ClearanceBasis;
  /** Items that are asked for from now on; null: as before. */
  readonly askedFor: number | null;
};

/** The active specification of the order's domain, as far as a new session on the same order starts from it. */
export type InheritedSpecification = {
  readonly specificationId: string;
  /** Digest of the order it was compiled from; another order inherits nothing. */
  readonly orderDigest: string;
  /** Lines whose hidden examples adopted amendments made visible, by claim. */
  readonly revealed: readonly { readonly claimId: string; readonly lines: readonly number[] }[];
  /** Notes of adopted amendments, oldest first. */
  readonly notes: readonly { readonly claimId: string; readonly note: string }[];
};

/** An adopted amendment, to be turned into successor directives for the affected beads. */
export type AmendRequest = {
  readonly org: string;
  readonly sessionId: string;
  readonly amendmentId: string;
  /** The successor specification's id and what is now visible. */
  readonly specificationId: string;
  readonly claimId: string;
  /** Examples moved from holdout to visible, by their line. */
  readonly revealedLines: readonly number[];
  /** A criterion or note added to the instructions, without the hidden value. */
  readonly note: string;
  readonly beadIds: readonly string[];
  readonly verdictChange: RunVerdictChange;
};

/**
 * What becomes of a run verdict that failed although every molecule had passed. `rejudge`: checks that the platform added
 * and no claim asks for are dropped, and the verdict is taken again. `integrate`: one new bead closes the gap between the
 * molecules before that. `respecify`: a person said what was meant, so the beads that answer for the claim begin anew, and
 * with them what depends on them. Checks are named as plans name them, for example `file-exists:src/index.ts`.
 */
export type RunVerdictChange =
  | { readonly kind: "none" }
  | { readonly kind: "rejudge"; readonly checks: readonly string[] }
  | { readonly kind: "integrate"; readonly checks: readonly string[] }
  | { readonly kind: "respecify" };

export type CompileReport =
  | {
      readonly outcome: "compiled";
      readonly runId: string;
      readonly specificationId: string;
      readonly workGraphId: string;
      readonly beads: number;
      readonly claims: number;
      readonly holdouts: number;
      /** Constraints no detector covers: a person decides them before delivery. */
      readonly personClaims: readonly { readonly claimId: string; readonly text: string }[];
    }
  | { readonly outcome: "refused"; readonly code: "GATE_REFUSED"; readonly reportId: string; readonly remediation: readonly string[] };

/** What became of an `amend`; leaves when the coordinator has taken the re-opening and the log every event of it. */
export type AmendReport =
  | { readonly outcome: "reopened"; readonly amendmentId: string }
  | { readonly outcome: "refused"; readonly amendmentId: string; readonly code: ErrorCode; readonly remediation: readonly string[] };

export interface MediationRpc {
  /** Journals the request and returns; the report comes to the session through the outbox. */
  compile(effectId: string, request: CompileRequest): Promise<Result>;
  amend(effectId: string, request: AmendRequest): Promise<Result>;
  /** Writes a new clearance and gives it to the run, through the outbox. FAILED_PRECONDITION before a run was seeded. */
  clear(effectId: string, request: ClearRequest): Promise<Result>;
  /** Arms what state calls for, so that a lost alarm strands nothing. */
  poke(): Promise<void>;
}

export type { Example };
