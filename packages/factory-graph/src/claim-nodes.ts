/** Claims of a specification as the graph gives them back. */
import { claim } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import { z } from "zod";

/** Claims by their number. @throws ZodError when a node is no claim. */
export function parseClaims(nodes: readonly { readonly data: unknown }[]): Claim[] {
  return z
    .array(claim)
    .parse(nodes.map(({ data }) => data))
    .sort((a, b) => Number(a.claimId.slice(2)) - Number(b.claimId.slice(2)));
}
