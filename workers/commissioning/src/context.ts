/** What every part of a session's core works with. */
import type { Log, StartTimeout, StoragePort } from "@factory/durable";
import type { LoopClosure } from "@factory/loop-closure";
import type { ModelAlias } from "@factory/models";
import type { SessionState } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc, CoordinatorRpc, MediationRpc, ModelCall, PolicyRpc, SignalsRpc, SessionLogRpc } from "@factory/schemas/rpc";
import type { Sandbox } from "@factory/verification";
import type { EvidencePredicate, EvidenceSigner } from "@factory/verification/evidence";
import type { z } from "zod";
import type { AmendmentStore } from "./amendment-store.ts";
import { resolveEscalation } from "./escalations.ts";
import type { GovernanceStore } from "./governance-store.ts";
import type { JudgeChoice } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import type { PlanningStore } from "./planning-store.ts";
import { requireMove } from "./session-machine.ts";
import type { Ending, SessionPatch, SessionRow, SessionStore } from "./session-store.ts";

/** A question to the planning model. */
export type PlanQuestion<T> = {
  /** What the call is for, as the event names it. */
  readonly purpose: string;
  readonly system: string;
  readonly prompt: string;
  readonly schema: z.ZodType<T>;
  readonly signal: AbortSignal;
};

/** Its answer; every call that was made is in `calls`, whatever came of it. */
export type PlanAnswer<T> =
  | { readonly ok: true; readonly value: T; readonly modelId: string; readonly repaired: boolean; readonly calls: readonly ModelCall[] }
  | {
      readonly ok: false;
      readonly code: "MODEL_UNAVAILABLE" | "MODEL_OUTPUT_INVALID" | "MODEL_CONFIG";
      readonly message: string;
      readonly retryAfterMs?: number;
      readonly calls: readonly ModelCall[];
    };

/** The planning model behind its alias. */
export type Planner = <T>(question: PlanQuestion<T>) => Promise<PlanAnswer<T>>;

/** The part of an R2 bucket a session uses. */
export interface BlobPort {
  get(key: string): Promise<Uint8Array | null>;
  put(key: string, bytes: Uint8Array): Promise<void>;
}

/** What the core of a session needs of its surroundings. */
export interface SessionDeps {
  readonly storage: StoragePort;
  readonly planner: Planner;
  /** Judges prose: of another alias than the planner, so that another model can be put behind it. */
  readonly critic: Planner;
  /** Whether the critic may judge what the models behind an alias have written. */
  readonly judgeOf: (author: ModelAlias) => JudgeChoice;
  readonly blobs: BlobPort;
  readonly sessionLog: (org: string, sessionId: string) => Pick<SessionLogRpc, "read" | "seal">;
  readonly graph: (org: string, assembly: string) => Pick<ArtifactGraphRpc, "append" | "get" | "getMany" | "edgesOf" | "activeSpecifications">;
  /** What every assembly of the organisation has adopted. */
  readonly sources: (org: string) => Pick<ArtifactGraphRpc, "append" | "getMany" | "edgesOf" | "activeSpecifications">;
  readonly beads: (org: string) => Pick<BeadGraphRpc, "tip">;
  /** Runs the checks of a failed case once more. */
  readonly sandbox: Sandbox;
  readonly coordinator: (org: string, runId: string) => Pick<CoordinatorRpc, "record" | "poke">;
  readonly mediation: (org: string, sessionId: string) => Pick<MediationRpc, "poke">;
  /** The policy decision point, without whose answer nothing is dispatched. */
  readonly policy: Pick<PolicyRpc, "decide">;
  /** Which suspensions are in force. */
  readonly desk: Pick<SignalsRpc, "suspensions">;
  /** Signs the evidence. @throws RetryableError without a key that can be used. */
  readonly evidenceSigner: () => Promise<EvidenceSigner>;
  /** How this deployment is configured, as the evidence tells it. */
  readonly deployed: () => Pick<EvidencePredicate["configuration"]["content"], "models" | "prices" | "deployment">;
  /** The bridge points for this session, over its journal. */
  readonly loopClosure: (context: Pick<SessionContext, "store">) => Pick<LoopClosure, "proposeAmendment" | "adoptAmendment" | "ingest">;
  /** Called after every commit that enqueued something: the outbox drains, and `advance` is called soon. */
  readonly wake: () => void;
  readonly log: Log;
  readonly startTimeout: StartTimeout;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** A session's rows, its outbox and its surroundings. */
export interface SessionContext {
  readonly store: SessionStore;
  readonly planning: PlanningStore;
  readonly amendments: AmendmentStore;
  readonly governance: GovernanceStore;
  readonly ledger: Ledger;
  readonly deps: SessionDeps;
}

/** Moves the session to another state in the caller's transaction and tells the registry. */
export function moveTo({ store, ledger, deps }: SessionContext, state: SessionState, patch: SessionPatch = {}): SessionRow {
  requireMove(store.requireSession().state, state);
  const row = store.patch({ ...patch, state, stuck: null }, deps.now());
  ledger.register();
  return row;
}

/** Decides how the session ends, once; the rest is carried out step by step. An open review is closed undecided. */
export function endWith(context: SessionContext, ending: Ending): void {
  const { store, ledger, deps } = context;
  const row = store.requireSession();
  if (row.ending !== null) return;
  requireMove(row.state, ending.state);
  const review = store.openReview();
  if (review !== null) {
    store.closeReview(review.reviewId, null, deps.now());
    resolveEscalation(context, review.reviewId);
  }
  store.patch({ ending, stuck: null }, deps.now());
  ledger.register();
}
