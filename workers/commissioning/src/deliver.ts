/** Where each effect of the outbox goes, and what an answer means for it. */
import type { Delivery, Effect } from "@factory/durable";
import { isRunVerdictGap } from "@factory/factory-graph";
import type { AmendmentChange } from "@factory/factory-graph";
import { ERRORS, refusing } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, EscalationEvent, Refusal, Result, VerdictClosureRecord } from "@factory/schemas";
import type {
  ArtifactGraphRpc,
  BeadGraphRpc,
  ClearanceBasis,
  ClearRequest,
  CompileRequest,
  CoordinatorRpc,
  DivergenceReport,
  KnowingStateBead,
  MediationRpc,
  RunVerdictChange,
  SessionLogRpc,
  SignalsRpc,
} from "@factory/schemas/rpc";
import type { AmendmentStore } from "./amendment-store.ts";
import type { BlobPort } from "./context.ts";
import { inheritedSpecification } from "./inheritance.ts";
import type { InheritanceGraph } from "./inheritance.ts";
import { artifactBlob, logIdentityOf } from "./ledger.ts";
import type { EffectPayloads, EffectTarget, RegistryEntry } from "./ledger.ts";
import type { SessionStore } from "./session-store.ts";

/** A session's neighbours, and what the session makes of their refusals. */
export interface DeliverDeps {
  readonly store: SessionStore;
  readonly amendments: AmendmentStore;
  readonly graph: (org: string, assembly: string) => InheritanceGraph & Pick<ArtifactGraphRpc, "append" | "surface">;
  readonly sessionLog: (org: string, sessionId: string) => Pick<SessionLogRpc, "append">;
  readonly mediation: (org: string, sessionId: string) => Pick<MediationRpc, "compile" | "amend" | "clear">;
  readonly coordinator: (org: string, runId: string) => Pick<CoordinatorRpc, "cancel" | "clarify" | "decide" | "fund" | "clear">;
  readonly beads: (org: string) => Pick<BeadGraphRpc, "write">;
  /** Those who are told what happens here. */
  readonly signals: Pick<SignalsRpc, "tell">;
  readonly blobs: BlobPort;
  readonly register: (entry: RegistryEntry) => Promise<void>;
  /** BP6 of an adopted amendment. @throws RetryableError when a graph did not answer, TerminalError when one refused. */
  readonly ingest: (amendmentId: string) => Promise<void>;
  /** The persistence gate. @throws RetryableError while a source does not answer, TerminalError where nothing was sealed. */
  readonly persist: (evidenceId: string) => Promise<void>;
  /** What mediation is to compile, from the session's rows as they are now. */
  readonly compileRequest: (clearance: ClearanceBasis | undefined) => CompileRequest;
  readonly clearRequest: (requestId: string) => ClearRequest;
  /** @throws TerminalError where there is nothing to link it to, RetryableError when the bead graph did not answer. */
  readonly escalationBead: (escalationId: string, standing: "raised" | "resolved") => Promise<KnowingStateBead>;
  readonly escalationSignal: (escalationId: string) => EscalationEvent;
  /** @throws RetryableError when the graph did not take it, TerminalError where it cannot be told. */
  readonly recordClosure: (dispositionEventId: string) => Promise<VerdictClosureRecord>;
  readonly onClearRefused: (requestId: string, refusal: Refusal) => void;
  readonly onRunSuspended: (dispositionEventId: string) => void;
  readonly onCompileRefused: (refusal: Refusal) => void;
  readonly onAmendRefused: (amendmentId: string, refusal: Refusal) => void;
  readonly onRunCancelled: () => void;
  readonly onBarrier: () => void;
}

/** Delivers consecutive effects of one lane to their common target. */
export function createDeliver(deps: DeliverDeps): (target: string, effects: readonly Effect[]) => Promise<Delivery> {
  return async (target, effects) => {
    const kind = target as EffectTarget;
    switch (kind) {
      case "graph":
        return deliverGraph(deps, payloads<"graph">(effects));
      case "blob":
        return deliverBlobs(deps, payloads<"blob">(effects));
      case "log":
        return deliverLog(deps, payloads<"log">(effects));
      case "compile":
        return deliverCompile(deps, effects);
      case "amend":
        return deliverAmends(deps, effects);
      case "barrier":
        deps.onBarrier();
        return { ok: true };
      case "cancelRun":
        return deliverCancel(deps, effects);
      case "clarify":
        return deliverClarifications(deps, effects);
      case "decide":
        return deliverDecisions(deps, effects);
      case "fund":
        return deliverFunds(deps, effects);
      case "clear":
        return deliverClearances(deps, effects);
      case "suspendRun":
        return deliverSuspensions(deps, effects);
      case "escalate":
        return deliverEscalations(deps, payloads<"escalate">(effects), "raised");
      case "deescalate":
        return deliverEscalations(deps, payloads<"deescalate">(effects), "resolved");
      case "tell":
        return deliverWord(deps, effects);
      case "closure":
        return deliverClosures(deps, effects);
      case "registry":
        for (const entry of payloads<"registry">(effects)) await deps.register(entry);
        return { ok: true };
      case "ingest":
        for (const { amendmentId } of payloads<"ingest">(effects)) await deps.ingest(amendmentId);
        return { ok: true };
      case "persist":
        for (const { evidenceId } of payloads<"persist">(effects)) await deps.persist(evidenceId);
        return { ok: true };
      case "surface":
        return deliverSurfacing(deps, payloads<"surface">(effects));
      default:
        return { ok: false, terminal: `There is no delivery to "${String(kind satisfies never)}".` };
    }
  };
}

/** The cast holds: only the ledger enqueues, and its `#send` binds the payload to the target. */
function payloads<T extends EffectTarget>(effects: readonly Effect[]): EffectPayloads[T][] {
  return effects.map(({ payload }) => payload as EffectPayloads[T]);
}

/** A refusal that no repetition mends parks the effect; the lane waits behind it and the session says so. */
function deliveryOf(result: Result): Delivery {
  if (result.ok) return { ok: true };
  if (isFinal(result)) return { ok: false, terminal: `${result.code}: ${result.message}` };
  return { ok: false };
}

function isFinal(refusal: Refusal): boolean {
  return ERRORS[refusal.code].retry === "never" || refusal.code === "INTEGRITY";
}

async function deliverGraph({ store, graph }: DeliverDeps, effects: readonly EffectPayloads["graph"][]): Promise<Delivery> {
  const { org, assembly } = store.request();
  const nodes: ArtifactNode[] = effects.map(({ artifactId }) => store.artifact(artifactId));
  const edges: ArtifactEdge[] = effects.flatMap((effect) => effect.edges);
  return deliveryOf(await graph(org, assembly).append(nodes, edges));
}

async function deliverBlobs({ store, blobs }: DeliverDeps, effects: readonly EffectPayloads["blob"][]): Promise<Delivery> {
  for (const { artifactId } of effects) {
    const { key, text } = artifactBlob(store.artifact(artifactId));
    await blobs.put(key, new TextEncoder().encode(text));
  }
  return { ok: true };
}

async function deliverLog({ store, sessionLog }: DeliverDeps, events: readonly EffectPayloads["log"][]): Promise<Delivery> {
  const identity = logIdentityOf(store.request());
  return deliveryOf(await sessionLog(identity.org, identity.sessionId).append(identity, events));
}

/** What has been learnt on the order meanwhile goes along; mediation answers a repeat from its record, whatever goes along then. */
async function deliverCompile(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId, assembly } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { clearance } = payload as EffectPayloads["compile"];
    const made = await refusing(async () => ({ request: deps.compileRequest(clearance) }));
    if (!made.ok) {
      deps.onCompileRefused(made);
      continue;
    }
    const { request } = made;
    const inherited = await inheritedSpecification(deps.graph(org, assembly), request);
    const compile = { ...request, ...(inherited === undefined ? {} : { inherited }) };
    const result = await deps.mediation(org, sessionId).compile(`${sessionId}:${effectId}`, compile);
    if (!result.ok && !isFinal(result)) return { ok: false };
    if (!result.ok) deps.onCompileRefused(result);
  }
  return { ok: true };
}

async function deliverAmends(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { amendmentId } = payload as EffectPayloads["amend"];
    const amendment = deps.amendments.all().find((row) => row.amendmentId === amendmentId);
    const change = amendment?.proposal.amendment?.change;
    if (amendment === undefined || change === undefined || change === null || amendment.successorId === null) {
      return { ok: false, terminal: `${amendmentId} has adopted no specification.` };
    }
    const { report } = deps.store.runReport(amendment.reportSeq);
    if (report.outcome !== "diverged") return { ok: false, terminal: `${amendmentId} answers no divergence.` };
    const result = await deps.mediation(org, sessionId).amend(`${sessionId}:${effectId}`, {
      org,
      sessionId,
      amendmentId,
      specificationId: amendment.successorId,
      claimId: change.claimId,
      revealedLines: amendment.toldLines,
      note: change.note,
      beadIds: report.divergence.affectedBeadIds,
      verdictChange: verdictChangeOf(change, report.divergence),
    });
    if (!result.ok && !isFinal(result)) return { ok: false };
    if (!result.ok) deps.onAmendRefused(amendmentId, result);
  }
  return { ok: true };
}

/** What an adopted change makes of a run verdict; a note on one is always a person's. */
function verdictChangeOf({ mode, checks = [] }: AmendmentChange, divergence: DivergenceReport): RunVerdictChange {
  if (mode === "rejudge" || mode === "integrate") return { kind: mode, checks };
  return mode === "note" && isRunVerdictGap(divergence) ? { kind: "respecify" } : { kind: "none" };
}

/** The session is the cycle: shown twice in it, a hypothesis is carried over no further. */
async function deliverSurfacing({ store, graph }: DeliverDeps, effects: readonly EffectPayloads["surface"][]): Promise<Delivery> {
  const { org, assembly, sessionId } = store.request();
  for (const { hypothesisId, surfacedTo } of effects) {
    const result = await graph(org, assembly).surface(hypothesisId, sessionId, surfacedTo);
    if (!result.ok) return deliveryOf(result);
  }
  return { ok: true };
}

/** A run the coordinator does not know has nothing to cancel: it is as silent as a cancelled one. */
async function deliverCancel(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { runId, reason } = payload as EffectPayloads["cancelRun"];
    const result = await deps.coordinator(org, runId).cancel(`${sessionId}:${effectId}`, reason);
    if (!result.ok && result.code !== "NOT_FOUND") return isFinal(result) ? { ok: false, terminal: `${result.code}: ${result.message}` } : { ok: false };
  }
  deps.onRunCancelled();
  return { ok: true };
}

/** An answer to a bead that no longer waits changes nothing; the coordinator says FAILED_PRECONDITION. */
async function deliverClarifications(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { runId, ...answer } = payload as EffectPayloads["clarify"];
    const result = await deps.coordinator(org, runId).clarify(`${sessionId}:${effectId}`, answer);
    if (!result.ok && result.code !== "FAILED_PRECONDITION" && result.code !== "NOT_FOUND") return deliveryOf(result);
  }
  return { ok: true };
}

/** A decision on a bead that no longer waits for it changes nothing either. */
async function deliverDecisions(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { runId, ...decision } = payload as EffectPayloads["decide"];
    const result = await deps.coordinator(org, runId).decide(`${sessionId}:${effectId}`, decision);
    if (!result.ok && result.code !== "FAILED_PRECONDITION" && result.code !== "NOT_FOUND") return deliveryOf(result);
  }
  return { ok: true };
}

/** A decision on a run that is over changes nothing; one on an amount the coordinator does not take parks, for a person to see. */
async function deliverFunds(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { runId, ...decision } = payload as EffectPayloads["fund"];
    const result = await deps.coordinator(org, runId).fund(`${sessionId}:${effectId}`, decision);
    if (!result.ok && result.code !== "FAILED_PRECONDITION" && result.code !== "NOT_FOUND") return deliveryOf(result);
  }
  return { ok: true };
}

/** Mediation writes the clearance and gives it to the run; what it refuses for good a person is asked about. */
async function deliverClearances(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { requestId } = payload as EffectPayloads["clear"];
    const result = await deps.mediation(org, sessionId).clear(`${sessionId}:${effectId}`, deps.clearRequest(requestId));
    if (!result.ok && !isFinal(result)) return { ok: false };
    if (!result.ok) deps.onClearRefused(requestId, result);
  }
  return { ok: true };
}

/** A run that is over has no clearance to take. */
async function deliverSuspensions(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { runId, dispositionEventId, reason } = payload as EffectPayloads["suspendRun"];
    const result = await deps.coordinator(org, runId).clear(`${sessionId}:${effectId}`, null, reason);
    if (!result.ok && result.code !== "FAILED_PRECONDITION" && result.code !== "NOT_FOUND") return deliveryOf(result);
    deps.onRunSuspended(dispositionEventId);
  }
  return { ok: true };
}

async function deliverEscalations(deps: DeliverDeps, effects: readonly EffectPayloads["escalate"][], standing: "raised" | "resolved"): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { escalationId } of effects) {
    const bead = await deps.escalationBead(escalationId, standing);
    const result = await deps.beads(org).write(bead, bead.writtenBy, sessionId);
    if (!result.ok) return deliveryOf(result);
  }
  return { ok: true };
}

async function deliverWord(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { escalationId } = payload as EffectPayloads["tell"];
    const result = await deps.signals.tell(org, `${sessionId}:${effectId}`, deps.escalationSignal(escalationId));
    if (!result.ok) return deliveryOf(result);
  }
  return { ok: true };
}

async function deliverClosures(deps: DeliverDeps, effects: readonly Effect[]): Promise<Delivery> {
  const { org, sessionId } = deps.store.request();
  for (const { effectId, payload } of effects) {
    const { dispositionEventId } = payload as EffectPayloads["closure"];
    const result = await deps.signals.tell(org, `${sessionId}:${effectId}`, await deps.recordClosure(dispositionEventId));
    if (!result.ok) return deliveryOf(result);
  }
  return { ok: true };
}
