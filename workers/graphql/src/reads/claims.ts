/**
 * What was made of an order: the claims of a session's current specification, each with who answers for it and how it is
 * proven. Claims are read from the artifact graph, and their hidden examples leave it as a number only.
 */
import { claim as claimSchema } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import type { ClaimChecks, RunProofView, StoredNode } from "@factory/schemas/rpc";
import { z } from "zod";
import type { RunGraph } from "./run-reads.ts";
import type { ClaimMaterial, NamedReport } from "./claim-material.ts";

/**
 * How a claim stands. PROVEN: the run was accepted, and checks of its verdict that decide the claim were executed and all
 * passed. REFUTED: a check that decides it failed of a bead that has ended. OPEN: everything else, also what nobody knows.
 */
export const PROOF_STATUSES = ["PROVEN", "REFUTED", "OPEN"] as const;
export type ProofStatus = (typeof PROOF_STATUSES)[number];

/** How a claim is proven. */
export type ClaimProof = {
  readonly status: ProofStatus;
  /** Executed checks that decide the claim, of each bead's last execution. */
  readonly checksPassed: number;
  readonly checksFailed: number;
  /** Hidden examples that the last run verdict ran; null where none were run. */
  readonly holdoutsPassed: number | null;
  readonly holdoutsFailed: number | null;
  readonly verificationReportIds: readonly string[];
};

/** A claim of a session's current specification. */
export type SessionClaim = {
  readonly artifactId: string;
  readonly specificationId: string;
  readonly claim: Omit<Claim, "holdout">;
  readonly holdoutCount: number;
  /** The order's criterion in the claim's line; null where the claim was made from something else. */
  readonly criterion: string | null;
  readonly ownerAtomIds: readonly string[];
  readonly ownerBeadIds: readonly string[];
  readonly proof: ClaimProof;
};

const specification = z.object({ criteria: z.array(z.object({ text: z.string(), line: z.int() })) });
const workGraph = z.object({ nodes: z.array(z.object({ atomId: z.string(), owns: z.array(z.string()).default([]) })) });
const runVerdict = z.object({ holdoutsByClaim: z.array(z.object({ claimId: z.string(), passed: z.int(), failed: z.int() })) });

/** What the claims of one session are made from; a node is null while its write is on its way. */
export type ClaimSources = {
  readonly material: ClaimMaterial;
  readonly specification: StoredNode | null;
  readonly claims: readonly StoredNode[];
  readonly workGraph: StoredNode | null;
  readonly runVerdict: StoredNode | null;
  readonly graph: RunGraph | null;
  readonly proof: RunProofView | null;
};

/** The claims of a session, in the order of their numbers. */
export function claimsFrom(sources: ClaimSources): SessionClaim[] {
  const criteria = new Map(specification.safeParse(sources.specification?.data).data?.criteria.map(({ line, text }) => [line, text]));
  const owners = ownersOf(sources);
  const hidden = new Map(runVerdict.safeParse(sources.runVerdict?.data).data?.holdoutsByClaim.map((counts) => [counts.claimId, counts]));
  const checks = new Map(sources.proof?.claims.map((each) => [each.claimId, each]));
  return sources.claims
    .flatMap((node) => {
      const read = claimSchema.safeParse(node.data).data;
      if (read === undefined) return [];
      const { holdout, ...claim } = read;
      const { claimId } = claim;
      const { atomIds, beadIds } = owners.get(claimId) ?? { atomIds: [], beadIds: [] };
      const found = checks.get(claimId);
      const counts = hidden.get(claimId);
      return [
        {
          artifactId: node.id,
          specificationId: sources.material.specificationId,
          claim,
          holdoutCount: holdout.length,
          criterion: claim.kind === "criterion" ? (criteria.get(claim.line) ?? null) : null,
          ownerAtomIds: atomIds,
          ownerBeadIds: beadIds,
          proof: {
            status: statusOfProof(found),
            checksPassed: found?.passed ?? 0,
            checksFailed: found?.failed ?? 0,
            holdoutsPassed: counts?.passed ?? null,
            holdoutsFailed: counts?.failed ?? null,
            verificationReportIds: reportsOf(sources.material.reports, claimId, beadIds),
          },
        },
      ];
    })
    .sort((a, b) => numberOf(a.claim) - numberOf(b.claim));
}

function numberOf({ claimId }: Pick<Claim, "claimId">): number {
  return Number(claimId.slice(2));
}

function statusOfProof(checks: ClaimChecks | undefined): ProofStatus {
  if (checks === undefined) return "OPEN";
  if (checks.refuted) return "REFUTED";
  return checks.proven ? "PROVEN" : "OPEN";
}

/** Atoms that own each claim, and the beads that carry them out now: where an amendment took a bead's place, what it put there. */
function ownersOf({ workGraph: node, graph }: ClaimSources): ReadonlyMap<string, { readonly atomIds: string[]; readonly beadIds: string[] }> {
  const beadOf = new Map(graph?.view.beads.map(({ atomId, beadId }) => [atomId, beadId]));
  const owners = new Map<string, { readonly atomIds: string[]; readonly beadIds: string[] }>();
  for (const { atomId, owns } of workGraph.safeParse(node?.data).data?.nodes ?? []) {
    const beadId = beadOf.get(atomId);
    const beads = beadId === undefined ? [] : (graph?.standingFor(beadId) ?? [beadId]);
    for (const claimId of owns) {
      const known = owners.get(claimId) ?? { atomIds: [], beadIds: [] };
      owners.set(claimId, known);
      known.atomIds.push(atomId);
      known.beadIds.push(...beads);
    }
  }
  return owners;
}

/** Reports on the beads that answer for a claim, and those that name it among what failed. */
function reportsOf(reports: readonly NamedReport[], claimId: string, beadIds: readonly string[]): string[] {
  return reports.filter(({ subjectId, failedCriteria }) => beadIds.includes(subjectId) || failedCriteria.includes(claimId)).map(({ reportId }) => reportId);
}
