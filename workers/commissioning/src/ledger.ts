/**
 * Everything that leaves a session, as rows of its outbox. What goes to the graph, to the log and to mediation shares one
 * lane, so that nothing arrives before what it rests on: a node before the event that reports it, all of it before
 * mediation is told to compile, and the barrier after everything.
 */
import type { Outbox } from "@factory/durable";
import { blobKey, canonicalJson, sha256Hex, ulidId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, EventKind, EventPayload, EventWrite } from "@factory/schemas";
import type { BeadDecision, BudgetDecision, ClearanceBasis, CommissionRequest, LogIdentity } from "@factory/schemas/rpc";
import { reasonOf } from "./session-store.ts";
import type { SessionStore } from "./session-store.ts";

/** Lanes of the outbox; order is kept within one. */
const LANES = { ledger: "ledger", coordinator: "coordinator", registry: "registry" } as const;

/** What only adds to the graphs or tells others: on lanes of its own, so that nothing ever waits for it. */
const ASIDE = ["ingest", "surface", "persist", "escalate", "deescalate", "tell", "closure"] as const satisfies readonly (keyof EffectPayloads)[];

/** True for an effect that nothing waits for; a session does not stop for it. */
export function isAside(target: string): boolean {
  return (ASIDE as readonly string[]).includes(target);
}

/** Whom an effect is for, with what its payload says. */
export type EffectPayloads = {
  readonly graph: { readonly artifactId: string; readonly edges: readonly ArtifactEdge[] };
  readonly blob: { readonly artifactId: string };
  readonly log: EventWrite;
  /** What the run's clearance rests on; absent in what was enqueued before there were clearances. */
  readonly compile: { readonly clearance?: ClearanceBasis };
  readonly amend: { readonly amendmentId: string };
  readonly barrier: Record<string, never>;
  readonly cancelRun: { readonly runId: string; readonly reason: string };
  readonly clarify: { readonly runId: string; readonly beadId: string; readonly clarificationId: string; readonly answer: string; readonly answeredBy: string };
  readonly decide: BeadDecision & { readonly runId: string };
  readonly fund: BudgetDecision & { readonly runId: string };
  /** A new clearance for the run. */
  readonly clear: { readonly requestId: string };
  /** The run's clearance is taken. */
  readonly suspendRun: { readonly runId: string; readonly dispositionEventId: string; readonly reason: string };
  readonly registry: RegistryEntry;
  /** A question to a person is raised as an escalation bead, resolved as one, and told to subscribers. */
  readonly escalate: { readonly escalationId: string };
  readonly deescalate: { readonly escalationId: string };
  readonly tell: { readonly escalationId: string };
  /** The verdict on what a disposition had set going. */
  readonly closure: { readonly dispositionEventId: string };
  /** BP6 of an adopted amendment. */
  readonly ingest: { readonly amendmentId: string };
  /** A hypothesis was shown to a person. */
  readonly surface: { readonly hypothesisId: string; readonly surfacedTo: string };
  /** The persistence gate of what an evidence package sealed. */
  readonly persist: { readonly evidenceId: string };
};
export type EffectTarget = keyof EffectPayloads;

/** A row of the session registry as it is to read. */
export type RegistryEntry = {
  readonly sessionId: string;
  readonly org: string;
  readonly workOrderId: string;
  readonly assembly: string;
  readonly title: string;
  readonly state: string;
  readonly reviewMode: string;
  readonly runId: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly endedAt: number | null;
  readonly reason: string | null;
  readonly version: number;
};

/** Artifact data in an event, in UTF-16 units of its canonical form; more than that is a reference. */
const MAX_EVENT_DATA_CHARS = 64 * 1024;

/** Whose log a session's events go to. */
export function logIdentityOf({ org, sessionId, workOrderId, assembly }: CommissionRequest): LogIdentity {
  return { org, sessionId, workOrderId, assemblyId: assembly };
}

/** Where the stored data of a large artifact is. */
export function artifactBlob(node: ArtifactNode): { readonly key: string; readonly text: string } {
  const text = canonicalJson(node.data);
  return { key: blobKey.content(sha256Hex(text)), text };
}

/** Enqueues effects in the caller's transaction. */
export class Ledger {
  readonly #outbox: Pick<Outbox, "enqueue">;
  readonly #store: SessionStore;
  readonly #now: () => number;

  constructor(outbox: Pick<Outbox, "enqueue">, store: SessionStore, now: () => number) {
    this.#outbox = outbox;
    this.#store = store;
    this.#now = now;
  }

  /** Appends an event to the session's log. */
  event<K extends EventKind>(kind: K, payload: EventPayload<K>): void {
    const now = this.#now();
    const { runId } = this.#store.requireSession();
    const eventId = ulidId("EVT", now);
    // The cast names one member of the union that `kind` selects; TypeScript does not correlate the two.
    const write = { eventId, kind, occurredAt: now, payload, ...(runId === null ? {} : { runId }) } as EventWrite;
    this.#send("ledger", "log", eventId, write);
  }

  /** Stores an artifact, appends it with its edges to the graph and reports it; an artifact that is there is left alone. */
  artifact(node: ArtifactNode, edges: readonly ArtifactEdge[], report: "full" | "id" = "full"): void {
    if (!this.#store.addArtifact(node)) return;
    this.#send("ledger", "graph", `graph:${node.id}`, { artifactId: node.id, edges });
    if (report === "id") this.event("ARTIFACT_WRITTEN", { artifactId: node.id });
    else this.#reportArtifact(node, edges);
  }

  /** Reports an artifact that a bridge point has already written to the graph. */
  reportWritten(artifactId: string, artifactType: string): void {
    this.event("ARTIFACT_WRITTEN", { artifactId, artifactType });
  }

  compile(clearance: ClearanceBasis): void {
    this.#send("ledger", "compile", "compile", { clearance });
  }

  /** A new clearance; the receipt that it rests on is in the graph before. */
  clear(requestId: string): void {
    this.#send("ledger", "clear", `clear:${requestId}`, { requestId });
  }

  amend(amendmentId: string): void {
    this.#send("ledger", "amend", `amend:${amendmentId}`, { amendmentId });
  }

  /** The session is told when everything before this has been acknowledged. */
  barrier(): void {
    this.#send("ledger", "barrier", "barrier", {});
  }

  cancelRun(runId: string, reason: string): void {
    this.#send("coordinator", "cancelRun", `cancel:${runId}`, { runId, reason });
  }

  suspendRun(suspension: EffectPayloads["suspendRun"]): void {
    this.#send("coordinator", "suspendRun", `suspend:${suspension.dispositionEventId}`, suspension);
  }

  clarify(answer: EffectPayloads["clarify"]): void {
    this.#send("coordinator", "clarify", `clarify:${answer.clarificationId}`, answer);
  }

  /** A person's decision on a bead that waits for their leave. */
  decide(decision: EffectPayloads["decide"]): void {
    this.#send("coordinator", "decide", `decide:${decision.requestId}`, decision);
  }

  /** A person's decision on an exhausted budget. */
  fund(decision: EffectPayloads["fund"]): void {
    this.#send("coordinator", "fund", `fund:${decision.requestId}`, decision);
  }

  /** The adopted specification of an amendment goes to the organisation's source graph. */
  ingest(amendmentId: string): void {
    this.#aside("ingest", `ingest:${amendmentId}`, { amendmentId });
  }

  /** A hypothesis was shown to a person in this session. */
  surface(hypothesisId: string, surfacedTo: string): void {
    this.#aside("surface", `surface:${hypothesisId}:${surfacedTo}`, { hypothesisId, surfacedTo });
  }

  /** A question waits for a person. */
  escalate(escalationId: string): void {
    this.#aside("escalate", `escalate:${escalationId}`, { escalationId }, escalationId);
    this.#aside("tell", `tell:${escalationId}`, { escalationId });
  }

  /** It waits no longer; the bead that raised it goes first. */
  deescalate(escalationId: string): void {
    this.#aside("deescalate", `deescalate:${escalationId}`, { escalationId }, escalationId);
  }

  /** What a disposition had set going has come to its verdict. */
  closure(dispositionEventId: string): void {
    this.#aside("closure", `closure:${dispositionEventId}`, { dispositionEventId });
  }

  /** The persistence gate looks at what was delivered, when the log is closed. */
  persist(evidenceId: string): void {
    this.#aside("persist", `persist:${evidenceId}`, { evidenceId });
  }

  /** Brings the session registry up to the row as it is now. */
  register(): void {
    const row = this.#store.requireSession();
    const { workOrderId, assembly, order, config } = this.#store.request();
    this.#send("registry", "registry", `registry:${row.version}`, {
      sessionId: row.sessionId,
      org: row.org,
      workOrderId,
      assembly,
      title: order.title,
      state: row.state,
      reviewMode: config.reviewMode,
      runId: row.runId,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      endedAt: row.endedAt,
      reason: reasonOf(row),
      version: row.version,
    });
  }

  #reportArtifact(node: ArtifactNode, edges: readonly ArtifactEdge[]): void {
    const blob = artifactBlob(node);
    const large = blob.text.length > MAX_EVENT_DATA_CHARS;
    if (large) this.#send("ledger", "blob", `blob:${node.id}`, { artifactId: node.id });
    this.event("ARTIFACT_WRITTEN", {
      artifactId: node.id,
      artifactType: node.type,
      contentHash: sha256Hex(blob.text),
      edges: edges.map(({ source, rel, target }) => ({ source, rel, target })),
      ...(large ? { storageRef: blob.key } : { metadata: JSON.parse(blob.text) }),
    });
  }

  #aside<T extends (typeof ASIDE)[number]>(target: T, effectId: string, payload: EffectPayloads[T], lane: string = effectId): void {
    this.#outbox.enqueue({ effectId, lane, target, payload });
  }

  #send<T extends EffectTarget>(lane: keyof typeof LANES, target: T, effectId: string, payload: EffectPayloads[T]): void {
    this.#outbox.enqueue({ effectId, lane: LANES[lane], target, payload });
  }
}
