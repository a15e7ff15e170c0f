/**
 * Mediation of one session: compiles an approved order, keeps what amendments need, and puts everything that has to
 * leave into the outbox, in the transaction that records the request. No model is asked.
 */
import { compileWorkGraph } from "@factory/compiler";
import type { AmendableRun, CompiledArtifact, CompiledRun } from "@factory/compiler";
import { canonicalJson, FactoryError, refuse, ulidId } from "@factory/schemas";
import type { Clearance, EventWrite, Result } from "@factory/schemas";
import type { Inbox, Outbox, ParkedEffect, StoragePort } from "@factory/durable";
import type {
  AmendRequest,
  ClearRequest,
  CompileReport,
  CompileRequest,
  ReopenRequest,
  RunGraphAmendment,
  SeedRequest,
  SessionReport,
} from "@factory/schemas/rpc";
import { SEED_REQUEST_ID, writeClearance } from "./clearances.ts";
import { artifactPayload, effectsOf, FAULT_LANE, verificationPayload } from "./effects.ts";
import type { EffectPayload } from "./effects.ts";
import type { ArtifactBatch, MediationStore } from "./mediation-store.ts";
import { amendFor } from "./run-verdicts.ts";

/** What mediation needs of its object. */
export interface MediationDeps {
  readonly storage: StoragePort;
  readonly store: MediationStore;
  readonly inbox: Pick<Inbox, "once">;
  readonly outbox: Pick<Outbox, "enqueue">;
  /** Whether the object was made for this session; another session's request is refused. */
  readonly isFor: (org: string, sessionId: string) => boolean;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** The run as it is now. */
export type RunState = {
  readonly phase: "seeded" | "refused";
  readonly reportId: string;
  readonly run: AmendableRun;
  /** The specification that is in force; absent in a state of before it was kept, where it is the seed's. */
  readonly specificationId?: string;
};

/** Keys of the store's documents. */
export const RUN_KEY = "run";
export const SEED_KEY = "seed";
/** The clearance that was written last. */
export const CLEARANCE_KEY = "clearance";

/** UTF-8 bytes of one artifact's data that the artifact graph takes. */
const MAX_ARTIFACT_BYTES = 1_048_576;
/** UTF-16 units of a seed: well under the 32 MiB of one RPC message. */
const MAX_SEED_CHARS = 8_000_000;

/** Compiles and amends the run of one session. */
export class Mediation {
  readonly #deps: MediationDeps;

  constructor(deps: MediationDeps) {
    this.#deps = deps;
  }

  /**
   * Compiles an approved order and enqueues its artifacts, events, clearance, seed and report. A repeat of the effect is
   * answered from the record. Refuses INTEGRITY for another session, FAILED_PRECONDITION once a run was seeded, TOO_LARGE.
   *
   * @param receiptKnown - whether the receipt that the clearance rests on is in the assembly's graph
   */
  compile(effectId: string, request: CompileRequest, receiptKnown = false): Result {
    return this.#deps.inbox.once<Result>(effectId, () => {
      if (!this.#deps.isFor(request.org, request.sessionId)) return refuse("INTEGRITY", "The request is for another session than this object.");
      if (this.state()?.phase === "seeded") return refuse("FAILED_PRECONDITION", "The session has a run already; an amendment changes it.");
      const compiled = compileWorkGraph(request);
      const tooLarge = sizeProblem(compiled);
      if (tooLarge !== undefined) return refuse("TOO_LARGE", tooLarge);
      this.#record(effectId, request, compiled, receiptKnown);
      return { ok: true };
    });
  }

  /**
   * Reads specification and notes again, writes a new clearance in the place of the last and enqueues it for the coordinator.
   * A repeat of the effect, or of the request under another effect, changes nothing. Refuses FAILED_PRECONDITION without a
   * seeded run, INVALID_ARGUMENT for a number of items that is none.
   *
   * @param receiptKnown - whether the receipt that it rests on is in the assembly's graph
   */
  clear(effectId: string, request: ClearRequest, receiptKnown = false): Result {
    return this.#deps.inbox.once<Result>(effectId, () => {
      const state = this.state();
      if (!this.#deps.isFor(request.org, request.sessionId)) return refuse("INTEGRITY", "The request is for another session than this object.");
      if (state?.phase !== "seeded") return refuse("FAILED_PRECONDITION", "The session has no run to clear.");
      const { requestId, basis, askedFor } = request;
      if (askedFor !== null && !(Number.isSafeInteger(askedFor) && askedFor > 0)) return refuse("INVALID_ARGUMENT", `${askedFor} items cannot be asked for.`);
      const { store } = this.#deps;
      const key = clearanceKey(requestId);
      if (store.get(key) !== undefined) return { ok: true };
      const seed = this.seed();
      const before = store.get<Clearance>(CLEARANCE_KEY) ?? null;
      const { clearance, artifact } = writeClearance({
        run: state.run,
        seed,
        specificationId: state.specificationId ?? seed.specificationId,
        basis,
        receiptKnown,
        requestId,
        askedFor: askedFor ?? before?.askedFor ?? seed.beads.length,
        before,
        now: this.#deps.now(),
      });
      store.put(key, clearance);
      store.put(CLEARANCE_KEY, clearance);
      this.#enqueue(effectsOf(effectId, [...this.#artifactEffects([artifact], state.run.runId), { kind: "clear", key }]));
      return { ok: true };
    });
  }

  /**
   * Turns an adopted amendment into successor directives and enqueues them for the coordinator. A repeat of the effect is
   * answered from the record. Refuses FAILED_PRECONDITION without a seeded run, INVALID_ARGUMENT for what does not fit it.
   */
  amend(effectId: string, request: AmendRequest): Result {
    return this.#deps.inbox.once<Result>(effectId, () => {
      const state = this.state();
      if (!this.#deps.isFor(request.org, request.sessionId)) return refuse("INTEGRITY", "The request is for another session than this object.");
      if (state?.phase !== "seeded") return refuse("FAILED_PRECONDITION", "The session has no run to amend.");
      const amended = amendFor(state.run, request, () => this.seed().beads);
      if (!amended.ok) return refuse("INVALID_ARGUMENT", amended.message);
      const tooLarge = artifactProblem(amended.artifacts);
      if (tooLarge !== undefined) return refuse("TOO_LARGE", tooLarge);
      const { store } = this.#deps;
      const key = reopenKey(request.amendmentId);
      store.put(RUN_KEY, { ...state, run: amended.run, specificationId: request.specificationId });
      store.put(key, amended.reopen);
      const graphKey = graphAmendmentKey(request.amendmentId);
      if (amended.graph !== null) store.put(graphKey, amended.graph);
      const commands: EffectPayload[] = [...(amended.graph === null ? [] : [{ kind: "amend-graph" as const, key: graphKey }]), { kind: "reopen", key }];
      // The report follows the re-opening in the lane: once the session has it, nothing more comes of this amendment.
      const report: SessionReport = { kind: "amended", report: { outcome: "reopened", amendmentId: request.amendmentId } };
      this.#enqueue(effectsOf(effectId, [...this.#artifactEffects(amended.artifacts, state.run.runId), ...commands, { kind: "report", report }]));
      return { ok: true };
    });
  }

  /** The run as it is now; undefined before anything was compiled. */
  state(): RunState | undefined {
    return this.#deps.store.get<RunState>(RUN_KEY);
  }

  /** What the coordinator is seeded with. @throws FactoryError INTERNAL when no run was seeded. */
  seed(): SeedRequest {
    const stored = this.#required<Omit<SeedRequest, "priority" | "budgetUsd"> & Partial<Pick<SeedRequest, "priority" | "budgetUsd">>>(SEED_KEY);
    const { priority, budgetUsd } = stored;
    if (priority !== undefined && budgetUsd !== undefined) return { ...stored, priority, budgetUsd };
    // A seed that was compiled before runs had a budget and a priority; its order says both.
    const { order, config } = this.#required<RunState>(RUN_KEY).run.request;
    return { ...stored, priority: priority ?? order.priority, budgetUsd: budgetUsd ?? config.budgetUsd ?? null };
  }

  /** What the coordinator re-opens for an amendment. @throws FactoryError INTERNAL for an unknown key. */
  reopen(key: string): ReopenRequest {
    return this.#required<ReopenRequest>(key);
  }

  /** What changes of the run's graph for an amendment, before beads are re-opened. @throws FactoryError INTERNAL for an unknown key. */
  graphAmendment(key: string): RunGraphAmendment {
    return this.#required<RunGraphAmendment>(key);
  }

  /** The clearance that answers a request. @throws FactoryError INTERNAL for an unknown key. */
  clearance(key: string): Clearance {
    return this.#required<Clearance>(key);
  }

  /**
   * Tells the session that an effect was given up, since the ledger lane no longer moves. A report that itself could not
   * be delivered has no one left to tell; the log has it.
   */
  parked(effect: ParkedEffect): void {
    if (effect.target === "session") return;
    const reportId = this.state()?.reportId ?? "";
    const report: CompileReport = {
      outcome: "refused",
      code: "GATE_REFUSED",
      reportId,
      remediation: [`${effect.target} did not take ${effect.effectId}: ${effect.reason}`],
    };
    this.#enqueue(effectsOf(`parked:${effect.effectId}`, [{ kind: "report", report: { kind: "compiled", report } }], FAULT_LANE));
  }

  #record(effectId: string, request: CompileRequest, compiled: CompiledRun, receiptKnown: boolean): void {
    const { store } = this.#deps;
    const { runId, workGraphId, claims, atoms, notes, seed, reportId, specificationId } = compiled;
    const run: AmendableRun = { request, runId, workGraphId, claims, atoms, notes };
    const state: RunState = { phase: seed === null ? "refused" : "seeded", reportId, run, specificationId };
    store.put(RUN_KEY, state);
    const cleared = seed === null ? null : this.#clearanceOfSeed(run, seed, receiptKnown);
    if (seed !== null) store.put(SEED_KEY, cleared === null ? seed : { ...seed, clearance: cleared.clearance });
    if (cleared !== null) store.put(CLEARANCE_KEY, cleared.clearance);
    const verification = this.#event(runId, "VERIFICATION_PRODUCED", verificationPayload(reportId, compiled.report));
    this.#enqueue(
      effectsOf(effectId, [
        ...this.#artifactEffects([...compiled.artifacts, ...(cleared === null ? [] : [cleared.artifact])], runId),
        { kind: "event", event: verification },
        ...(seed === null ? [] : [{ kind: "seed" as const }]),
        { kind: "report", report: { kind: "compiled", report: reportOf(compiled) } },
      ]),
    );
  }

  /** The clearance of a run that is about to be seeded; null for a request of before there were any, whose run asks for one. */
  #clearanceOfSeed(run: AmendableRun, seed: SeedRequest, receiptKnown: boolean): ReturnType<typeof writeClearance> | null {
    const basis = run.request.clearance;
    if (basis === undefined) return null;
    const { specificationId, beads } = seed;
    const [requestId, now] = [SEED_REQUEST_ID, this.#deps.now()];
    return writeClearance({ run, seed, specificationId, basis, receiptKnown, requestId, askedFor: beads.length, before: null, now });
  }

  /** Each batch of artifacts is appended before the events that report them. */
  #artifactEffects(artifacts: readonly CompiledArtifact[], runId: string): EffectPayload[] {
    return this.#deps.store.addArtifacts(artifacts).flatMap((batch: ArtifactBatch): EffectPayload[] => {
      const { nodes, edges } = this.#deps.store.artifactsOf(batch);
      const byNode = edgesByNode(
        nodes.map(({ id }) => id),
        edges,
      );
      return [
        { kind: "append", batch },
        ...nodes.map((node): EffectPayload => ({
          kind: "event",
          event: this.#event(runId, "ARTIFACT_WRITTEN", artifactPayload(node, byNode.get(node.id) ?? [])),
        })),
      ];
    });
  }

  #event<K extends "VERIFICATION_PRODUCED" | "ARTIFACT_WRITTEN">(runId: string, kind: K, payload: Extract<EventWrite, { kind: K }>["payload"]): EventWrite {
    const occurredAt = this.#deps.now();
    // The union of kinds does not follow the parameter; payload and kind belong together by the signature.
    return { eventId: ulidId("EVT", occurredAt), kind, runId, occurredAt, payload } as EventWrite;
  }

  #enqueue(effects: readonly Parameters<Outbox["enqueue"]>[0][]): void {
    this.#deps.storage.transactionSync(() => {
      for (const effect of effects) this.#deps.outbox.enqueue(effect);
    });
  }

  #required<T>(key: string): T {
    const found = this.#deps.store.get<T>(key);
    if (found === undefined) throw new FactoryError("INTERNAL", `The document ${key} is missing.`);
    return found;
  }
}

function reopenKey(amendmentId: string): string {
  return `reopen:${amendmentId}`;
}

function graphAmendmentKey(amendmentId: string): string {
  return `graph:${amendmentId}`;
}

function clearanceKey(requestId: string): string {
  return `clearance:${requestId}`;
}

/** Edges by the later of their ends: they are reported with the node that made them possible. */
function edgesByNode(
  ids: readonly string[],
  edges: readonly { readonly source: string; readonly rel: string; readonly target: string }[],
): Map<string, { source: string; rel: string; target: string }[]> {
  const place = new Map(ids.map((id, index) => [id, index]));
  const byNode = new Map<string, { source: string; rel: string; target: string }[]>();
  for (const edge of edges) {
    const owner = (place.get(edge.source) ?? -1) >= (place.get(edge.target) ?? -1) ? edge.source : edge.target;
    byNode.set(owner, [...(byNode.get(owner) ?? []), edge]);
  }
  return byNode;
}

function reportOf(compiled: CompiledRun): CompileReport {
  const { seed, report, reportId, claims, runId, specificationId, workGraphId, personClaims } = compiled;
  if (seed === null) return { outcome: "refused", code: "GATE_REFUSED", reportId, remediation: report.remediation };
  const holdouts = claims.reduce((sum, { holdout }) => sum + holdout.length, 0);
  return { outcome: "compiled", runId, specificationId, workGraphId, beads: seed.beads.length, claims: claims.length, holdouts, personClaims };
}

function sizeProblem(compiled: CompiledRun): string | undefined {
  const chars = compiled.seed === null ? 0 : JSON.stringify(compiled.seed).length;
  if (chars > MAX_SEED_CHARS) return `The compiled run has ${chars} characters; a run may have ${MAX_SEED_CHARS}. Split the order, or give it fewer examples.`;
  return artifactProblem(compiled.artifacts);
}

function artifactProblem(artifacts: readonly CompiledArtifact[]): string | undefined {
  for (const { node } of artifacts) {
    const text = canonicalJson(node.data);
    // No UTF-16 unit needs more than three bytes, so most nodes need no encoding to be known small.
    const bytes = text.length * 3 <= MAX_ARTIFACT_BYTES ? 0 : new TextEncoder().encode(text).length;
    if (bytes > MAX_ARTIFACT_BYTES)
      return `${node.type} ${node.id} has ${bytes} bytes; an artifact may have ${MAX_ARTIFACT_BYTES}. Split the function or the section it comes from, or give it fewer examples.`;
  }
  return undefined;
}
