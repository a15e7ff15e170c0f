/**
 * Everything that leaves a run, as rows of its outbox. Nodes, knowing-state beads, events and reports to the session share
 * one lane, so that a node is there before the event that names it, and a report leaves after everything it rests on.
 */
import { JsonText } from "@factory/durable";
import type { NewEffect, Outbox } from "@factory/durable";
import { canonicalJson, nodeText, sha256Hex, ulidId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, EventKind, EventPayload, EventWrite, WrittenEvent } from "@factory/schemas";
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

/** An entry as it is delivered: of an event that this incarnation has entered the payload is text already. */
export type DeliveredEntry = LedgerEntry | { readonly kind: "written"; readonly event: WrittenEvent };

/** An entry of the work under way: as JSON for its row, and as it is delivered from memory. */
export type Entered = { readonly text: string; readonly entry: DeliveredEntry };

/** A row of the ledger lane: what the work of one commit entered, in order. Rows of before there were several in one have it bare. */
export type LedgerRow = readonly DeliveredEntry[] | DeliveredEntry;

/** JSON of one row, in UTF-16 units, before the next is begun: a seed enters thousands of events in one piece of work. */
const MAX_ROW_CHARS = 200_000;

/** Artifact data in an event, in UTF-16 units of its canonical form; of a larger one the event has id and digest only. */
const MAX_EVENT_DATA_CHARS = 64 * 1024;

/** Collects what the work of one commit enters and enqueues it in that commit: a row for all of it, not one for each. */
export class Ledger {
  readonly #outbox: Pick<Outbox, "enqueue">;
  readonly #now: () => number;
  /** Not persisted: what the work under way has entered so far. */
  #entries: Entered[] = [];
  /** Not persisted: whether something was enqueued since it was last asked. */
  #entered = false;

  constructor(outbox: Pick<Outbox, "enqueue">, now: () => number) {
    this.#outbox = outbox;
    this.#now = now;
  }

  /** Runs a piece of work and answers what it entered. */
  recording(work: () => void): readonly Entered[] {
    const entries: Entered[] = [];
    this.#entries = entries;
    work();
    return entries;
  }

  /** Enqueues what the work of a commit has entered. */
  enqueueEntries(entries: readonly Entered[]): void {
    for (const row of rowsOfEntries(entries)) {
      const text = `[${row.map((entered) => entered.text).join(",")}]`;
      const value = row.map(({ entry }) => entry);
      this.#enqueue({ effectId: ulidId("EVT", this.#now()), lane: LANES.ledger, target: LANES.ledger, payload: new JsonText(text, value) });
    }
  }

  /** Whether something was enqueued since the last call: then the outbox has to be poked. */
  takeEntered(): boolean {
    const entered = this.#entered;
    this.#entered = false;
    return entered;
  }

  /** Appends an event of the run to the session's log. */
  event<K extends EventKind>(runId: string, kind: K, payload: EventPayload<K>): void {
    this.#eventOf(runId, kind, payloadText(payload));
  }

  /** Appends nodes and edges to the artifact graph and reports each node. */
  artifacts(runId: string, nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): void {
    if (nodes.length === 0) return;
    this.#entries.push({ text: graphText(nodes, edges), entry: { kind: "graph", nodes, edges } });
    const ids = new Set(nodes.map(({ id }) => id));
    for (const node of nodes) {
      const data = nodeText(node);
      // Each edge is told once: with its source, or with its target where the source is older.
      const own = edges.filter(({ source, target }) => source === node.id || (target === node.id && !ids.has(source)));
      const told: EventPayload<"ARTIFACT_WRITTEN"> = {
        artifactId: node.id,
        artifactType: node.type,
        contentHash: sha256Hex(data),
        edges: own.map(({ source, rel, target }) => ({ source, rel, target })),
      };
      const text = canonicalJson(told);
      // `metadata` is the last field in canonical order, and the data is in its canonical form already.
      this.#eventOf(runId, "ARTIFACT_WRITTEN", data.length > MAX_EVENT_DATA_CHARS ? text : `${text.slice(0, -1)},"metadata":${data}}`);
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
    this.#entries.push({ text: JSON.stringify(entry), entry });
  }

  /** @param payload - canonical JSON of what the kind says */
  #eventOf(runId: string, kind: EventKind, payload: string): void {
    const occurredAt = this.#now();
    const eventId = ulidId("EVT", occurredAt);
    // As `EventWrite` in JSON: what the row is read as after a crash.
    const text = `{"kind":"event","event":{"eventId":"${eventId}","kind":"${kind}","runId":${JSON.stringify(runId)},"occurredAt":${occurredAt},"payload":${payload}}}`;
    this.#entries.push({ text, entry: { kind: "written", event: { eventId, kind, runId, occurredAt, payload } } });
  }

  #enqueue(effect: NewEffect): void {
    this.#entered = true;
    this.#outbox.enqueue(effect);
  }
}

/** JSON of an entry of nodes and edges, with the text that their data has already. */
function graphText(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): string {
  const texts = nodes.map((node) => {
    const { data: _text, ...head } = node;
    return `${JSON.stringify(head).slice(0, -1)},"data":${nodeText(node)}}`;
  });
  return `{"kind":"graph","nodes":[${texts.join(",")}],"edges":${JSON.stringify(edges)}}`;
}

/** Canonical JSON of a payload. What an agent wrote may hold half a character, which no JSON can say: it is replaced. */
function payloadText(payload: EventPayload): string {
  try {
    return canonicalJson(payload);
  } catch {
    return canonicalJson(JSON.parse(JSON.stringify(payload), (_, value: unknown) => (typeof value === "string" ? value.toWellFormed() : value)));
  }
}

/** Consecutive entries by rows, together as long as they are small; a large one is alone. */
function rowsOfEntries(entries: readonly Entered[]): Entered[][] {
  const rows: Entered[][] = [];
  let chars = Number.POSITIVE_INFINITY;
  for (const entered of entries) {
    if (chars + entered.text.length > MAX_ROW_CHARS) {
      rows.push([]);
      chars = 0;
    }
    rows.at(-1)?.push(entered);
    chars += entered.text.length;
  }
  return rows;
}
