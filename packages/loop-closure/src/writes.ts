/**
 * What a bridge point writes, as data. A bridge point first decides everything, then its writes are carried out in
 * order, at least once; every id follows from content, so a write that is repeated after a crash changes nothing.
 */
import { RetryableError, TerminalError } from "@factory/durable";
import { knowingStateBeadId } from "@factory/bead-graph";
import { ERRORS } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Refusal, Result } from "@factory/schemas";
import type { KnowingStateBead, RetrievalFence, StoredNode } from "@factory/schemas/rpc";
import type { BeadPort, LineagePort, LoopClosurePorts } from "./ports.ts";

/** Nodes and edges of one append. */
export type ArtifactWrite = { readonly kind: "artifacts"; readonly nodes: readonly ArtifactNode[]; readonly edges: readonly ArtifactEdge[] };

/** One knowing-state bead. */
export type BeadWrite = { readonly kind: "bead"; readonly bead: KnowingStateBead };

/** One write to one of the two graphs. The artifact graph comes first: a knowing-state bead refers to what is there. */
export type BridgeWrite = ArtifactWrite | BeadWrite;

/** Who loop closure writes as. */
export const LOOP_CLOSURE_ACTOR = "loop-closure";

/** A knowing-state bead whose id follows from its content; `writtenAt` (epoch milliseconds) is not part of it. */
export function knowingStateBead(bead: Omit<KnowingStateBead, "id" | "writtenBy">, org: string): KnowingStateBead {
  const id = knowingStateBeadId(org, bead.type, bead.content, bead.parents);
  return { id, ...bead, writtenBy: LOOP_CLOSURE_ACTOR };
}

/** Appends to the artifact graph. @throws RetryableError when the graph did not answer. */
export function appendTo(graph: Pick<LineagePort, "append">, { nodes, edges }: Omit<ArtifactWrite, "kind">): Promise<Result<{ written: number }>> {
  return answerOf("The artifact graph", () => graph.append(nodes, edges));
}

/** Writes a bead. @throws RetryableError when the graph did not answer. */
export function writeBead(
  beads: Pick<BeadPort, "write">,
  {
    bead,
    actorId,
    sessionId,
    fence,
  }: { readonly bead: KnowingStateBead; readonly actorId: string; readonly sessionId: string; readonly fence?: RetrievalFence },
): Promise<Result<{ beadId: string; auditBeadId: string }>> {
  return answerOf("The bead graph", () => (fence === undefined ? beads.write(bead, actorId, sessionId) : beads.write(bead, actorId, sessionId, fence)));
}

/** Carries writes out in order. @throws RetryableError when a graph did not answer, TerminalError when it refused for good. */
export async function carryOut({ graph, beads }: Pick<LoopClosurePorts, "graph" | "beads">, sessionId: string, writes: readonly BridgeWrite[]): Promise<void> {
  for (const write of writes) {
    const answer =
      write.kind === "artifacts" ? await appendTo(graph, write) : await writeBead(beads, { bead: write.bead, actorId: LOOP_CLOSURE_ACTOR, sessionId });
    if (!answer.ok) throw failureOfRefusal(answer);
  }
}

/** What a neighbour answers. @throws RetryableError when it did not: whether the call took effect is unknown, and repeating it is safe. */
export async function answerOf<T>(neighbour: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (err) {
    throw new RetryableError(`${neighbour} did not answer: ${err instanceof Error ? err.message : String(err)}`, { cause: err });
  }
}

/** Nodes asked for in one call. */
const READ_CHUNK = 500;

/** The nodes of the ids, in their order. @throws RetryableError when the graph did not answer or does not have all of them yet. */
export async function nodesOf(graph: Pick<LineagePort, "getMany">, ids: readonly string[]): Promise<StoredNode[]> {
  const found = new Map<string, StoredNode>();
  for (let from = 0; from < ids.length; from += READ_CHUNK) {
    const answer = await answerOf("The artifact graph", () => graph.getMany(ids.slice(from, from + READ_CHUNK)));
    if (!answer.ok) throw failureOfRefusal(answer);
    for (const node of answer.nodes) found.set(node.id, node);
  }
  return ids.map((id) => {
    const node = found.get(id);
    if (node === undefined) throw new RetryableError(`The artifact graph does not have ${id} yet.`);
    return node;
  });
}

/** A refusal as the error a loop inspects. */
export function failureOfRefusal(refusal: Refusal): Error {
  const text = `${refusal.code}: ${refusal.message}`;
  // What another object writes through its outbox may arrive later than what refers to it.
  const isEarly = refusal.code === "INTEGRITY" && refusal.details?.["missing"] !== undefined;
  // What is asked for is fixed by now: where it does not fit, repeating it does not help.
  const isFinal = ERRORS[refusal.code].retry === "never" || refusal.code === "INTEGRITY" || refusal.code === "STALE_TARGET";
  return isFinal && !isEarly ? new TerminalError(text) : new RetryableError(text);
}
