/** Carries the outbox's rows to the graph, the knowing-state, the log, the session and the queue. */
import { RetryableError, TerminalError, messageOf } from "@factory/durable";
import type { Delivery, Effect, Log } from "@factory/durable";
import { ERRORS, textOfEvents, writtenEvent } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Refusal, Result, WrittenEvent } from "@factory/schemas";
import { LOG_LIMITS } from "@factory/schemas/rpc";
import type {
  ArtifactGraphRpc,
  BeadGraphRpc,
  CapacityRpc,
  KnowingStateBead,
  LogIdentity,
  RunReport,
  SessionLogRpc,
  SessionRpc,
  WakeMessage,
} from "@factory/schemas/rpc";
import { LANES } from "./ledger.ts";
import type { DeliveredEntry, LedgerRow } from "./ledger.ts";
import type { Run } from "./store/run-store.ts";

/** Neighbours of a run; each is asked for when it is needed, so that a broken stub is not kept. */
export interface Neighbours {
  readonly graph: (run: Run) => Pick<ArtifactGraphRpc, "append">;
  readonly knowingState: (run: Run) => Pick<BeadGraphRpc, "write" | "heads">;
  readonly sessionLog: (run: Run) => Pick<SessionLogRpc, "appendText">;
  readonly session: (run: Run) => Pick<SessionRpc, "report">;
  /** The org's slots. */
  readonly capacity: (run: Run) => Pick<CapacityRpc, "request">;
  readonly wake: (messages: readonly WakeMessage[]) => Promise<void>;
}

/** Who the coordinator writes knowing-state beads as. */
const ACTOR = "coordinator";

/** Delivers consecutive effects of one lane. A refusal that no repetition mends parks the row at fault. */
export async function deliver(neighbours: Neighbours, run: Run, log: Log, target: string, effects: readonly Effect[]): Promise<Delivery> {
  if (target === LANES.wake) return wakeSlots(neighbours, run, log, effects);
  if (target !== LANES.ledger) throw new TerminalError(`No one is called "${target}".`);
  // Rows that go the same way are sent together; a report waits until everything before it has arrived.
  let batch = emptyBatch();
  for (const { effectId, entry } of effects.flatMap(entriesOf)) {
    switch (entry.kind) {
      case "graph":
        batch.nodes.push(...entry.nodes);
        batch.edges.push(...entry.edges);
        break;
      case "bead":
        batch.beads.push(entry.bead);
        break;
      case "event":
        batch.events.push(writtenEvent(entry.event));
        break;
      case "written":
        batch.events.push(entry.event);
        break;
      case "report":
        await flush(neighbours, run, batch);
        batch = emptyBatch();
        await report(neighbours, run, entry.effectId ?? effectId, entry.report);
        break;
      default:
        throw new TerminalError(`No way for ${JSON.stringify(entry satisfies never)}.`);
    }
  }
  await flush(neighbours, run, batch);
  return { ok: true };
}

function entriesOf({ effectId, payload }: Effect): { readonly effectId: string; readonly entry: DeliveredEntry }[] {
  // The casts hold: only the ledger enqueues for this target.
  const row = payload as LedgerRow;
  return Array.isArray(row) ? (row as readonly DeliveredEntry[]).map((entry) => ({ effectId, entry })) : [{ effectId, entry: row as DeliveredEntry }];
}

type Batch = { readonly nodes: ArtifactNode[]; readonly edges: ArtifactEdge[]; readonly beads: KnowingStateBead[]; readonly events: WrittenEvent[] };

function emptyBatch(): Batch {
  return { nodes: [], edges: [], beads: [], events: [] };
}

/** Lineage first, then what refers to it, then the events that tell of both. */
async function flush(neighbours: Neighbours, run: Run, { nodes, edges, beads, events }: Batch): Promise<void> {
  if (nodes.length > 0) requireOk("artifact graph", await neighbours.graph(run).append(nodes, edges));
  for (const bead of beads) requireOk("knowing-state", await neighbours.knowingState(run).write(bead, ACTOR, run.sessionId));
  for (let first = 0; first < events.length; first += LOG_LIMITS.pageEvents)
    requireOk("session log", await neighbours.sessionLog(run).appendText(logIdentity(run), textOfEvents(events.slice(first, first + LOG_LIMITS.pageEvents))));
}

async function report(neighbours: Neighbours, run: Run, effectId: string, runReport: RunReport): Promise<void> {
  requireOk("session", await neighbours.session(run).report(effectId, { kind: "run", report: runReport }));
}

/** A wake-up is a hint: one that cannot be sent is logged, and the re-dispatch sends another. */
async function wakeSlots({ wake }: Neighbours, run: Run, log: Log, effects: readonly Effect[]): Promise<Delivery> {
  try {
    // The cast holds: only the ledger enqueues for this target.
    await wake(effects.map(({ payload }) => payload as WakeMessage));
  } catch (err) {
    log.event({ op: "dispatch.wake", outcome: "failed", durationMs: 0, ids: { run: run.runId }, fields: { error: messageOf(err), slots: effects.length } });
  }
  return { ok: true };
}

function logIdentity({ org, sessionId, workOrderId, assembly }: Run): LogIdentity {
  return { org, sessionId, workOrderId, assemblyId: assembly };
}

/** @throws TerminalError for a refusal that stays one, RetryableError for any other. */
function requireOk(who: string, result: Result): void {
  if (result.ok) return;
  const text = `The ${who} refused: ${result.code} ${result.message}`;
  throw isFinal(result) ? new TerminalError(text) : new RetryableError(text);
}

function isFinal({ code }: Refusal): boolean {
  return ERRORS[code].retry === "never";
}
