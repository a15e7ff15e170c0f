/**
 * Everything that leaves a run, as rows of its outbox. Nodes, knowing-state beads, events and reports to the session share
 * one lane, so that a node is there before the event that names it, and a report leaves after everything it rests on.
 */
import { JsonText } from "@factory/durable";
import type { NewEffect, Outbox } from "@factory/durable";
import { canonicalJson, sha256Hex, ulidId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, EventKind, EventPayload, EventWrite } from "@factory/schemas";
import type { KnowingStateBead, RunReport, WakeMessage } from "@factory/schemas/rpc";

/** Lanes of the outbox; order is kept within one. A wake-up is a hint and holds nothing back. */
export const LANES = { ledger: "ledger", wake: "wake" } as const;

/** What a row of the ledger lane carries. */
export type LedgerEntry =
  | { readonly kind: "graph"; readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] }
  | { readonly kind: "bead"; readonly bead: KnowingStateBead }
  | { readonly kind: "event"; readonly event: EventWrite }
  /** `effectId` is unique to what is told, so that the session takes a repeat for one; without it, it is the row's own. */
  | { readonly kind: "report"; readonly effectId?: string; readonly report: RunReport };

/** A row of the ledger lane: what the work of one commit entered, in order. Rows of before there were several in one have it bare. */
export type LedgerRow = readonly LedgerEntry[] | LedgerEntry;

/** JSON of one row, in UTF-16 units, before the next is begun: a seed enters thousands of events in one piece of work. */
const MAX_ROW_CHARS = 200_000;

/** Artifact data in an event, in UTF-16 units of its canonical form; of a larger one the event has id and digest only. */
const MAX_EVENT_DATA_CHARS = 64 * 1024;

/** Collects what the work of one commit enters and enqueues it in that commit: a row for all of it, not one for each. */
export class Ledger {
  readonly #outbox: Pick<Outbox, "enqueue">;
  readonly #now: () => number;
  /** Not persisted: what the work under way has entered so far, each as JSON. */
  #entries: string[] = [];
  /** Not persisted: whether something was enqueued since it was last asked. */
  #entered = false;

  constructor(outbox: Pick<Outbox, "enqueue">, now: () => number) {
    this.#outbox = outbox;
    this.#now = now;
  }

  /** Runs a piece of work and answers what it entered, each as JSON. */
  recording(work: () => void): readonly string[] {
    const entries: string[] = [];
    this.#entries = entries;
    work();
    return entries;
  }

  /** Enqueues what the work of a commit has entered. */
  enqueueEntries(entries: readonly string[]): void {
    for (const row of rowsOfEntries(entries))
      this.#enqueue({ effectId: ulidId("EVT", this.#now()), lane: LANES.ledger, target: LANES.ledger, payload: new JsonText(row) });
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
    this.#enter({ kind: "event", event });
  }

  /** Appends nodes and edges to the artifact graph and reports each node. */
  artifacts(runId: string, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): void {
    if (nodes.length === 0) return;
    this.#enter({ kind: "graph", nodes, edges });
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
    this.#enter({ kind: "bead", bead });
  }

  /** Tells the session; it follows everything that was entered before. */
  report(effectId: string, report: RunReport): void {
    this.#enter({ kind: "report", effectId, report });
  }

  /** Puts a wake-up for a slot on the `atoms` queue. */
  wake(message: WakeMessage, hint: number): void {
    this.#enqueue({ effectId: `wake:${message.slot}:${hint}:${ulidId("EVT", this.#now())}`, lane: LANES.wake, target: LANES.wake, payload: message });
  }

  #enter(entry: LedgerEntry): void {
    this.#entries.push(JSON.stringify(entry));
  }

  #enqueue(effect: NewEffect): void {
    this.#entered = true;
    this.#outbox.enqueue(effect);
  }
}

/** Consecutive entries as JSON arrays, together as long as they are small; a large one is alone. */
function rowsOfEntries(entries: readonly string[]): string[] {
  const rows: string[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    if (chars + entry.length > MAX_ROW_CHARS) {
      rows.push([]);
      chars = 0;
    }
    rows.at(-1)?.push(entry);
    chars += entry.length;
  }
  return rows.map((row) => `[${row.join(",")}]`);
}
