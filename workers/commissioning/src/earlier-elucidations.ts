/** What the organisation has decided on the same function before, whichever assembly it was in. */
import { RetryableError } from "@factory/durable";
import type { ArtifactGraphRpc, StoredNode } from "@factory/schemas/rpc";
import { z } from "zod";

/** Elucidations that one question holds. */
const MAX_EARLIER = 5;
/** Adopted specifications of the organisation that are looked through, the newest of each work order. */
const MAX_LOOKED_AT = 200;

/** The part of the organisation's source graph that is read. */
export type SourceGraph = Pick<ArtifactGraphRpc, "activeSpecifications" | "edgesOf" | "getMany">;

const withFunctions = z.looseObject({ functions: z.array(z.looseObject({ name: z.string() })) });

/**
 * Elucidations of the newest adoptions for a function, the newest first, at most five.
 *
 * @throws RetryableError when the graph did not answer.
 */
export async function earlierElucidations(sources: SourceGraph, functionName: string): Promise<StoredNode[]> {
  const adopted = (await sources.activeSpecifications(MAX_LOOKED_AT)).filter(({ data }) => hasFunction(data, functionName)).slice(0, MAX_EARLIER);
  const ids = await Promise.all(
    adopted.map(async ({ id }) => (await sources.edgesOf(id)).in.filter(({ rel }) => rel === "records_selected_option").map(({ source }) => source)),
  );
  const answer = await sources.getMany(ids.flat());
  if (!answer.ok) throw new RetryableError(`The source graph did not answer: ${answer.message}`);
  return answer.nodes.filter(({ type }) => type === "ElucidationArtifact").slice(0, MAX_EARLIER);
}

function hasFunction(data: StoredNode["data"], functionName: string): boolean {
  const parsed = withFunctions.safeParse(data);
  return parsed.success && parsed.data.functions.some(({ name }) => name === functionName);
}
