/** Invariants of an order: what its constraints demand, each with the detector that watches it. */
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

/** At least one invariant for each constraint claim, in document order. */
export function invariantsOf(claims: readonly Claim[]): Invariant[] {
  return claims
    .filter(({ kind }) => kind === "constraint")
    .flatMap(({ claimId, text }) =>
      detectorsFor(text).map(({ detector, matched }) => ({ claimId, statement: text, detector, matched: [...matched], ...DETECTOR_FACTS[detector] })),
    );
}
