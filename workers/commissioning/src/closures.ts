/**
 * The verdict that closed what a decision of the We-layer had set going: a record in the artifact graph, and the word to whoever
 * subscribes. The log is closed by then, so it goes to the graph only, as the persistence gate does.
 */
import { RetryableError, TerminalError } from "@factory/durable";
import { artifactNode, verdictClosureRecord } from "@factory/schemas";
import type { ArtifactNode, VerdictClosureRecord } from "@factory/schemas";
import type { SessionContext } from "./context.ts";

/** Calls for a record for each disposition that decided something here, in the transaction that ends the session. */
export function closeDispositions({ store, ledger }: SessionContext): void {
  const ids = store.approvals().flatMap(({ dispositionEventId }) => dispositionEventId ?? []);
  for (const dispositionEventId of new Set(ids)) ledger.closure(dispositionEventId);
}

/**
 * Writes the record of a disposition. The same again writes the same.
 *
 * @returns what subscribers are told
 * @throws RetryableError while the graph does not take it, TerminalError where the session's own data does not fit the message
 */
export async function recordClosure(context: SessionContext, dispositionEventId: string): Promise<VerdictClosureRecord> {
  const { store, deps } = context;
  const { org, assembly } = store.request();
  const { node, subject } = closureNode(context, dispositionEventId);
  const graph = deps.graph(org, assembly);
  // The disposition is in the graph where its desk has put it there.
  const disposition = await graph.get(dispositionEventId);
  const written = await graph.append(
    [node],
    [
      ...(subject === null ? [] : [{ source: node.id, rel: "source_ref", target: subject }]),
      ...(disposition === null ? [] : [{ source: node.id, rel: "derived_from", target: dispositionEventId }]),
    ],
  );
  if (!written.ok) throw new RetryableError(`The artifact graph does not take ${node.id}: ${written.code}: ${written.message}`);
  const told = verdictClosureRecord.safeParse({ type: "VerdictClosureRecord", vcrId: node.id, ...node.data });
  if (!told.success) throw new TerminalError(`${node.id} cannot be told: ${told.error.issues[0]?.message ?? ""}`);
  return told.data;
}

/** Before there is a run the verdict is on the specification, from then on on the work. */
function closureNode({ store }: SessionContext, dispositionEventId: string): { readonly node: ArtifactNode; readonly subject: string | null } {
  const { org, sessionId, state, runId, specificationId, endedAt } = store.requireSession();
  if (endedAt === null) throw new TerminalError("The session has not ended.");
  const subject = specificationId ?? store.artifactOfType("Signal")?.id ?? null;
  const data = {
    dispositionEventId,
    verdictType: runId === null ? "coherence" : "fidelity",
    verdict: state === "COMPLETED" ? "favorable" : "unfavorable",
    assemblyId: store.request().assembly,
    sessionId,
    producedAt: new Date(endedAt).toISOString(),
  };
  return { node: artifactNode("VCR", "VerdictClosureRecord", org, data, subject === null ? [] : [subject]), subject };
}
