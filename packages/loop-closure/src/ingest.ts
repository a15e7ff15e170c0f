/** BP6: an adopted specification and the elucidation of its adoption enter another graph, where others may learn from them. */
import type { ArtifactNode } from "@factory/schemas";
import type { StoredNode } from "@factory/schemas/rpc";
import type { LineagePort } from "./ports.ts";
import { appendTo, failureOfRefusal, nodesOf } from "./writes.ts";

/** What is taken over. */
export type IngestRequest = { readonly specificationId: string; readonly elucidationId: string };

/**
 * Appends both nodes and the edge between them to the target graph. Repeating it changes nothing.
 *
 * @throws RetryableError when a graph did not answer, TerminalError when the target refused for good
 */
export async function ingest(
  graph: Pick<LineagePort, "getMany">,
  { specificationId, elucidationId }: IngestRequest,
  target: Pick<LineagePort, "append">,
): Promise<void> {
  const nodes = await nodesOf(graph, [specificationId, elucidationId]);
  const edges = [{ source: elucidationId, rel: "records_selected_option", target: specificationId }];
  const answer = await appendTo(target, { nodes: nodes.map(asWritten), edges });
  if (!answer.ok) throw failureOfRefusal(answer);
}

/** A node without what its store added. */
function asWritten({ id, type, data, parents }: StoredNode): ArtifactNode {
  return { id, type, data, parents };
}
