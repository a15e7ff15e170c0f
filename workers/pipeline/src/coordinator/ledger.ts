/**
 * Everything that leaves a run, as rows of its outbox. Nodes, knowing-state beads, events and reports to the session share
 * one lane, so that a node is there before the event that names it, and a report leaves after everything it rests on.
 */
import type { NewEffect, Outbox } from "@factory/durable";
import { canonicalJson, sha256Hex, ulidId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, EventKind, EventPayload, EventWrite } from "@factory/schemas";
import type { KnowingStateBead, RunReport, WakeMessage } from "@factory/schemas/rpc";

/** Lanes of the outbox; order is kept within one. A wake-up is a hint and holds nothing back. */
export const LANES = { ledger: "ledger", wake: "wake" } as const;

/** A row of the ledger lane. */
export type LedgerEntry =
  | { readonly kind: "graph"; readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] }
  | { readonly kind: "bead"; readonly bead: KnowingStateBead }
  | { readonly kind: "event"; readonly event: EventWrite }
  | { readonly kind: "report"; readonly report: RunReport };

/** Artifact data in an event, in UTF-16 units of its canonical form; of a larger one the event has id and digest only. */
const MAX_EVENT_DATA_CHARS = 64 * 1024;

/** Enqueues effects in the caller's transaction. */
export class Ledger {
  readonly #outbox: Pick<Outbox, "enqueue">;
  readonly #now: () => number;
  /** Not persisted: whether something was enqueued since it was last asked. */
  #entered = false;

  constructor(outbox: Pick<Outbox, "enqueue">, now: () => number) {
    this.#outbox = outbox;
    this.#now = now;
  }

  /** Whether something was enqueued since the last call: then the outbox has to be poked. */
  takeEntered(): boolean {
    const entered = this.#entered;
    this.#entered = false;
    return entered;
  }

  /** Appends an event of the run to the session's log. */
  event<K extends EventKind>(runId: string, kind: K, payload: EventPayload<K>): void {
    const now = this.#now();
    const eventId = ulidId("EVT", now);
    // The cast names one member of the union that `kind` selects; TypeScript does not correlate the two.
    const event = { eventId, kind, runId, occurredAt: now, payload } as EventWrite;
    this.#enter(eventId, { kind: "event", event });
  }

  /** Appends nodes and edges to the artifact graph and reports each node. */
  artifacts(runId: string, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): void {
    const [first] = nodes;
    if (first === undefined) return;
    this.#enter(`graph:${first.id}`, { kind: "graph", nodes, edges });
    const ids = new Set(nodes.map(({ id }) => id));
    for (const node of nodes) {
      const text = canonicalJson(node.data);
      // Each edge is told once: with its source, or with its target where the source is older.
      const own = edges.filter(({ source, target }) => source === node.id || (target === node.id && !ids.has(source)));
      this.event(runId, "ARTIFACT_WRITTEN", {
        artifactId: node.id,
        artifactType: node.type,
        contentHash: sha256Hex(text),
        edges: own.map(({ source, rel, target }) => ({ source, rel, target })),
        ...(text.length > MAX_EVENT_DATA_CHARS ? {} : { metadata: JSON.parse(text) }),
      });
    }
  }

  /** Reports a node that another has written to the artifact graph. */
  reportWritten(runId: string, written: Pick<EventPayload<"ARTIFACT_WRITTEN">, "artifactId" | "artifactType" | "metadata" | "edges">): void {
    this.event(runId, "ARTIFACT_WRITTEN", written);
  }

  /** Writes a bead of the knowing-state. */
  knowingState(bead: KnowingStateBead): void {
    this.#enter(`bead:${bead.id}`, { kind: "bead", bead });
  }

  /** Tells the session; it follows everything that was entered before. */
  report(effectId: string, report: RunReport): void {
    this.#enter(effectId, { kind: "report", report });
  }

  /** Puts a wake-up for a slot on the `atoms` queue. */
  wake(message: WakeMessage, hint: number): void {
    this.#enqueue({ effectId: `wake:${message.slot}:${hint}:${ulidId("EVT", this.#now())}`, lane: LANES.wake, target: LANES.wake, payload: message });
  }

  #enter(effectId: string, entry: LedgerEntry): void {
    this.#enqueue({ effectId, lane: LANES.ledger, target: LANES.ledger, payload: entry });
  }

  #enqueue(effect: NewEffect): void {
    this.#entered = true;
    this.#outbox.enqueue(effect);
  }
}
