/**
 * What a session starts from when an earlier one on the same order has learnt something: examples that adopted amendments
 * made visible stay visible, and their notes are told from the first attempt on.
 */
import type { Claim, WorkOrder } from "@factory/schemas";
import type { InheritedSpecification } from "@factory/schemas/rpc";
import type { ClaimNote } from "./notes.ts";
import { orderDigest } from "./split.ts";

/** The inheritance, if it is of this very order: lines and claim numbers of another one mean something else. */
export function inheritanceOf(order: WorkOrder, inherited: InheritedSpecification | undefined): InheritedSpecification | undefined {
  return inherited !== undefined && inherited.orderDigest === orderDigest(order) ? inherited : undefined;
}

/** Claims with what was revealed before. The last hidden example of a claim stays hidden, whatever the inheritance says. */
export function inheritClaims(claims: readonly Claim[], { revealed }: Pick<InheritedSpecification, "revealed">): Claim[] {
  return claims.map((claim) => {
    const lines = new Set(revealed.filter(({ claimId }) => claimId === claim.claimId).flatMap((entry) => entry.lines));
    const moved = claim.holdout.filter(({ line }) => lines.has(line)).slice(0, Math.max(0, claim.holdout.length - 1));
    if (moved.length === 0) return claim;
    return {
      ...claim,
      visible: [...claim.visible, ...moved].sort((a, b) => a.line - b.line),
      holdout: claim.holdout.filter((example) => !moved.includes(example)),
    };
  });
}

/** Notes on claims that the order still has. */
export function inheritNotes(claims: readonly Claim[], { notes }: Pick<InheritedSpecification, "notes">): ClaimNote[] {
  const known = new Set(claims.map(({ claimId }) => claimId));
  return notes.filter(({ claimId }) => known.has(claimId)).map(({ claimId, note }) => ({ claimId, note }));
}
