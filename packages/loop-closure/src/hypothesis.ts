/**
 * What went wrong, as a hypothesis. Where the evidence alone decides, no model is asked; otherwise a model answers in
 * {@link hypothesis}, from the evidence and never from ids alone.
 */
import { z } from "zod";
import type { Claim } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import { OUTCOMES } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

export const FAULT_ATTRIBUTIONS = ["SPECIFICATION_GAP", "TOOLING_FAILURE", "INVARIANT_MISMATCH", "ENVIRONMENTAL"] as const;
export const AMENDMENT_SCOPES = ["add-atom", "modify-atom", "add-invariant", "modify-invariant", "none"] as const;

/** A hypothesis; an ENVIRONMENTAL fault changes no specification. */
export const hypothesis = z
  .strictObject({
    faultAttribution: z.enum(FAULT_ATTRIBUTIONS),
    explanation: z.string().min(8),
    confidence: z.number().min(0).max(1),
    amendmentScope: z.enum(AMENDMENT_SCOPES),
    /** What the next attempt is told beside its instructions; empty when there is nothing to say. */
    instruction: z.string(),
  })
  .refine(({ faultAttribution, amendmentScope }) => faultAttribution !== "ENVIRONMENTAL" || amendmentScope === "none", {
    message: "ENVIRONMENTAL has the amendment scope none",
    path: ["amendmentScope"],
  });
export type Hypothesis = z.infer<typeof hypothesis>;

/** Who formed a hypothesis: a rule of this file, a model by its id, or a person. */
export type HypothesisAuthor = { readonly kind: "rule" | "model" | "person"; readonly id: string };

/** What a hypothesis is formed from. Hidden examples are left out: what a model says of them could reach an operative. */
export type HypothesisEvidence = {
  readonly divergence: DivergenceReport;
  readonly outcome: Outcome | null;
  readonly claim: Omit<Claim, "holdout">;
  readonly trace: { readonly [key: string]: unknown };
  readonly specification: { readonly [key: string]: unknown };
  /** Elucidations of earlier adoptions for the same bead. */
  readonly elucidations: readonly { readonly [key: string]: unknown }[];
};

/** A hypothesis that follows from the evidence alone, or null when judgement is needed. */
export function hypothesisByRule({ divergence, outcome, claim }: Omit<HypothesisEvidence, "trace" | "specification" | "elucidations">): Hypothesis | null {
  if (divergence.failedHoldoutLines.length > 0) return specificationGap(divergence, claim.text);
  if (divergence.status === "BLOCKED") return withoutMeans(divergence);
  switch (outcome) {
    case "TIMEOUT":
    case "INFRASTRUCTURE":
      return environmental(divergence, outcome);
    case "GOVERNANCE":
      return notPermitted(divergence);
    case "SUCCESS":
    case "FAILURE":
    case "BLOCKED":
      return null;
    case null:
      return divergence.status === "ERROR" ? environmental(divergence, "INFRASTRUCTURE") : null;
    default:
      return outcome satisfies never;
  }
}

/** The normalised outcome a trace records; null when the trace does not say. */
export function outcomeOfTrace(trace: { readonly [key: string]: unknown }): Outcome | null {
  const parsed = z.enum(OUTCOMES).safeParse(trace["outcome"]);
  return parsed.success ? parsed.data : null;
}

function specificationGap(divergence: DivergenceReport, criterion: string): Hypothesis {
  const lines = divergence.failedHoldoutLines;
  return {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: `The result passed every visible example of ${divergence.claimId} and failed ${lines.length} hidden one${lines.length === 1 ? "" : "s"} (line ${lines.join(", ")} of the order): what was visible does not pin the criterion down.`,
    confidence: 1,
    amendmentScope: "modify-atom",
    instruction: `The earlier result passed every visible example and still breaks this criterion: ${criterion}`,
  };
}

function withoutMeans(divergence: DivergenceReport): Hypothesis {
  return {
    faultAttribution: "TOOLING_FAILURE",
    explanation: `The operative stopped for lack of means: ${divergence.blockers.join("; ") || divergence.observed}`,
    confidence: 1,
    amendmentScope: "none",
    instruction: "",
  };
}

function notPermitted(divergence: DivergenceReport): Hypothesis {
  return {
    faultAttribution: "TOOLING_FAILURE",
    explanation: `Consent or policy does not allow what the bead needs: ${divergence.observed}`,
    confidence: 1,
    amendmentScope: "none",
    instruction: "",
  };
}

function environmental(divergence: DivergenceReport, outcome: "TIMEOUT" | "INFRASTRUCTURE"): Hypothesis {
  const cause = outcome === "TIMEOUT" ? "The time ran out" : "The surroundings failed";
  return {
    faultAttribution: "ENVIRONMENTAL",
    explanation: `${cause} before there was a result that could be judged: ${divergence.observed}`,
    confidence: 0.9,
    amendmentScope: "none",
    instruction: "",
  };
}
