/** What a new session starts from: what earlier sessions on the very same order have learnt. */
import { claimsOfOrder, orderDigest } from "@factory/compiler";
import { RetryableError } from "@factory/durable";
import { claim } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import type { ArtifactGraphRpc, CompileRequest, InheritedSpecification, StoredNode } from "@factory/schemas/rpc";
import { z } from "zod";

/** The part of the assembly's graph that is read. */
export type InheritanceGraph = Pick<ArtifactGraphRpc, "getActiveSpecification" | "edgesOf" | "getMany">;

const notes = z.array(z.strictObject({ claimId: z.string(), note: z.string() }));

/**
 * The active specification of the work order as far as a compilation starts from it; undefined when there is none, or when
 * it was compiled from another text: lines and claim numbers would mean something else.
 *
 * @throws RetryableError when the graph did not answer.
 */
export async function inheritedSpecification(
  graph: InheritanceGraph,
  { workOrderId, order }: Pick<CompileRequest, "workOrderId" | "order">,
): Promise<InheritedSpecification | undefined> {
  const active = await graph.getActiveSpecification(workOrderId);
  const digest = orderDigest(order);
  if (active === null || active.data["orderDigest"] !== digest) return undefined;
  return {
    specificationId: active.id,
    orderDigest: digest,
    revealed: revealedLines(await claimsOf(graph, active), claimsOfOrder(order)),
    notes: notes.safeParse(active.data["notes"]).data ?? [],
  };
}

async function claimsOf(graph: InheritanceGraph, specification: StoredNode): Promise<Claim[]> {
  const { out } = await graph.edgesOf(specification.id);
  const answer = await graph.getMany(out.filter(({ rel }) => rel === "composed_of").map(({ target }) => target));
  if (!answer.ok) throw new RetryableError(`The artifact graph did not answer: ${answer.message}`);
  return answer.nodes.filter(({ type }) => type === "Claim").map(({ data }) => claim.parse(data));
}

/** Lines that are visible now and that the plain split of the order hides: what amendments have revealed. */
function revealedLines(claims: readonly Claim[], split: readonly Claim[]): InheritedSpecification["revealed"] {
  return split.flatMap(({ claimId, holdout }) => {
    const visible = new Set(claims.find((one) => one.claimId === claimId)?.visible.map(({ line }) => line));
    const lines = holdout.map(({ line }) => line).filter((line) => visible.has(line));
    return lines.length === 0 ? [] : [{ claimId, lines }];
  });
}
