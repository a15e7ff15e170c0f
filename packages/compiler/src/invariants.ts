/** Invariants of an order: what its constraints demand, each with the detector that watches it. */
import { FRESH_FOR_MS } from "@factory/schemas";
import type { Claim, DetectorName, Invariant } from "@factory/schemas";
import { detectorsFor } from "./detectors.ts";

/** Where the evidence of a detector comes from, and how bad a breach is. */
const DETECTOR_FACTS: { readonly [D in DetectorName]: Pick<Invariant, "violationImpact" | "evidenceSource" | "regressionPolicy"> } = {
  "no-ambient-access": { violationImpact: "high", evidenceSource: "source analysis of every delivered module", regressionPolicy: "regressed" },
  "no-imports": { violationImpact: "high", evidenceSource: "source analysis of every delivered module", regressionPolicy: "regressed" },
  "no-argument-mutation": { violationImpact: "high", evidenceSource: "executed examples with frozen or compared arguments", regressionPolicy: "regressed" },
  types: { violationImpact: "medium", evidenceSource: "the TypeScript compiler's diagnostics", regressionPolicy: "degraded" },
  "declared-limits": { violationImpact: "low", evidenceSource: "source analysis of every delivered module", regressionPolicy: "watch" },
  person: { violationImpact: "medium", evidenceSource: "a person's decision in a review", regressionPolicy: "watch" },
};

/** What a detector gives every invariant that it watches: where its evidence comes from, how bad a breach is, and how long a report counts. */
export function detectorFacts(detector: DetectorName): Required<Pick<Invariant, "violationImpact" | "evidenceSource" | "regressionPolicy" | "freshForMs">> {
  const facts = DETECTOR_FACTS[detector];
  return { ...facts, freshForMs: FRESH_FOR_MS[facts.violationImpact] };
}

/** At least one invariant for each constraint claim, in document order: only what the text states is watched. */
export function invariantsOf(claims: readonly Claim[]): Invariant[] {
  return claims
    .filter(({ kind }) => kind === "constraint")
    .flatMap(({ claimId, text }) =>
      detectorsFor(text).map(({ detector, matched }) => ({ claimId, statement: text, detector, matched: [...matched], ...detectorFacts(detector) })),
    );
}
