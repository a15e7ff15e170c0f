/**
 * What went wrong, as a hypothesis. A domain forms it, by rule, by model or by a person, from the evidence that loop
 * closure reads for it; here is only what every domain's hypotheses have in common.
 */
import { TerminalError } from "@factory/durable";
import type { Severity } from "@factory/schemas/rpc";

/** Where the fault lies. */
export const FAULT_ATTRIBUTIONS = ["SPECIFICATION_GAP", "TOOLING_FAILURE", "INVARIANT_MISMATCH", "ENVIRONMENTAL"] as const;
export type FaultAttribution = (typeof FAULT_ATTRIBUTIONS)[number];

/** The amendment scope of a hypothesis that changes no specification. */
export const NO_SCOPE = "none";

/**
 * What an amendment changes of the knowing-state. `policy`: a sentence for later agents of the scope. `trust`: the score of
 * a subject, which is a ceiling: what is adopted is never above it.
 */
export type KnowingStateChange =
  | { readonly target: "policy"; readonly scope: string; readonly guidance: string }
  | { readonly target: "trust"; readonly subjectId: string; readonly score: number };

/** A hypothesis. */
export type Hypothesis = {
  readonly faultAttribution: FaultAttribution;
  readonly explanation: string;
  /** 0 to 1. */
  readonly confidence: number;
  readonly severity: Severity;
  /** The domain's word for how much of a specification is touched; {@link NO_SCOPE} when no change of it would help. */
  readonly amendmentScope: string;
  /** What the next attempt is told; empty when there is nothing to say. */
  readonly instruction: string;
  readonly knowingState?: KnowingStateChange;
};

/** Who formed a hypothesis: a rule or a model by its id, or a person. */
export type HypothesisAuthor = { readonly kind: "rule" | "model" | "person"; readonly id: string };

/** A hypothesis with its author. */
export type FormedHypothesis<H extends Hypothesis = Hypothesis> = { readonly hypothesis: H; readonly author: HypothesisAuthor };

/**
 * What holds for the hypotheses of every domain.
 *
 * @throws TerminalError for an environmental fault with a scope, a trust score that is none, and a model that proposes a change of the knowing-state:
 *   what a model says may become an instruction, never authority.
 */
export function checkHypothesis({ hypothesis, author }: FormedHypothesis): void {
  if (hypothesis.faultAttribution === "ENVIRONMENTAL" && hypothesis.amendmentScope !== NO_SCOPE) {
    throw new TerminalError("An environmental fault changes no specification.");
  }
  if (author.kind === "model" && hypothesis.knowingState !== undefined) {
    throw new TerminalError(`The model ${author.id} proposes a change of the knowing-state; no model does.`);
  }
  const change = hypothesis.knowingState;
  if (change?.target === "trust" && !(change.score >= 0 && change.score <= 1))
    throw new TerminalError(`${change.score} is no trust score: it goes from 0 to 1.`);
}
