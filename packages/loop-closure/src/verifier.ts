/** The stage 1 verifier of an amendment: facts of the graphs and the claims, no opinion. */
import { z } from "zod";
import { claim } from "@factory/schemas";
import type { Claim } from "@factory/schemas";
import type { AmendmentChange } from "./amendment.ts";
import { amendClaims } from "./adoption.ts";
import type { VerifierCheck } from "./adoption.ts";

/** What the verifier is told; read from the graph by the service. */
export type VerifierInput = {
  readonly change: AmendmentChange;
  readonly claims: readonly Claim[];
  /** Lines the divergence recorded as failed hidden examples. */
  readonly failedHoldoutLines: readonly number[];
  /** Specifications that already succeed the target, by id. */
  readonly successors: readonly string[];
};

/** Whether a claim set still gives a compilable work graph; problems in words. */
export type CoherenceCheck = (claims: readonly Claim[]) => readonly string[];

/** Looks at everything, whatever fails first: the verdict names all of it. */
export function verifyAmendment(input: VerifierInput, coherence: CoherenceCheck): VerifierCheck[] {
  const { change } = input;
  const target = input.claims.find(({ claimId }) => claimId === change.claimId);
  const amended = amendClaims(input.claims, change);
  const problems = coherence(amended);
  return [
    fact("target-current", input.successors.length === 0, `the specification is superseded by ${input.successors.join(", ")}`),
    fact("claim-exists", target !== undefined, `${change.claimId} is no claim of the specification`),
    ...(change.revealedLines.length > 0 ? revealChecks(input, target) : []),
    fact("coherence", problems.length === 0, problems.join("; ")),
  ];
}

function revealChecks({ change, failedHoldoutLines, claims }: VerifierInput, target: Claim | undefined): VerifierCheck[] {
  const hidden = new Set(target?.holdout.map(({ line }) => line));
  const strange = change.revealedLines.filter((line) => !hidden.has(line) || !failedHoldoutLines.includes(line));
  const left = amendClaims(claims, change).find(({ claimId }) => claimId === change.claimId)?.holdout.length ?? 0;
  return [
    fact("revealed-example-failed", strange.length === 0, `line ${strange.join(", ")} is no failed hidden example of ${change.claimId}`),
    fact("holdout-remains", left > 0, `no hidden example of ${change.claimId} would be left`),
  ];
}

function fact(check: string, passed: boolean, problem: string): VerifierCheck {
  return { check, passed, detail: passed ? "holds" : problem };
}

/** Claims as the graph gives them back. @throws ZodError when a node is no claim. */
export function parseClaims(nodes: readonly { readonly data: unknown }[]): Claim[] {
  return z
    .array(claim)
    .parse(nodes.map(({ data }) => data))
    .sort((a, b) => Number(a.claimId.slice(2)) - Number(b.claimId.slice(2)));
}
