/** What a plan says in words that a terminal and a page share. Nothing here computes a plan, so a page loads it without one. */
import type { PlannedAtom, PlannedClaim, PlannedQuestion, Range, SimulatedPlan } from "./plan.ts";

/** Why a plan is not one that passes every gate; empty when it is. */
export function reasonOfPlan({ refusals, failure, questions, outcome }: SimulatedPlan): string {
  if (refusals.length > 0) {
    return refusals.map(({ by, remediation }) => `${by === "configuration" ? "" : `${gateName(by)} refused: `}${remediation.join(" ")}`).join(" ");
  }
  if (failure !== null) return failure.message;
  return outcome === "planned" ? "" : (questions[0]?.question ?? "");
}

/** A gate at the beginning of a sentence. */
export function gateName(gate: string): string {
  return gate === "coherence" ? "Gate 1, coherence," : `The ${gate} gate`;
}

/** `1 bead`, `3 beads`. */
export const countedText = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** What decides a claim. */
export function decisionText({ decidedBy, visibleExamples, hiddenExamples, sharesExamplesOf, tests, detectors }: PlannedClaim): string {
  const examples = sharesExamplesOf === null ? `examples, ${visibleExamples} visible and ${hiddenExamples} hidden` : `examples of ${sharesExamplesOf}`;
  switch (decidedBy) {
    case "examples":
      return examples;
    case "tests":
      return `tests ${tests.join(", ")}`;
    case "examples and tests":
      return `${examples}; tests ${tests.join(", ")}`;
    case "detectors":
      return `detectors ${detectors.join(", ")}`;
    case "detectors and a person":
      return `detectors ${detectors.join(", ")} and a person`;
    case "person":
      return "a person";
    case "nobody":
      return "nobody: not judged";
    case "untestable":
      return "UNTESTABLE";
    default:
      return decidedBy satisfies never;
  }
}

/** Claims by their numbers: `C-1 to C-4, C-7`. */
export function claimsText(claims: readonly string[]): string {
  const numbers = claims.map((claimId) => Number(claimId.slice(2))).sort((a, b) => a - b);
  const runs: { from: number; to: number }[] = [];
  for (const claim of numbers) {
    const last = runs.at(-1);
    if (last !== undefined && last.to === claim - 1) last.to = claim;
    else runs.push({ from: claim, to: claim });
  }
  return runs.map(({ from, to }) => (from === to ? `C-${from}` : `C-${from}${to === from + 1 ? "," : " to"} C-${to}`)).join(", ");
}

const number = new Intl.NumberFormat("en-US");

/** Both bounds of a figure, or the one there is. */
export function rangeText({ min, max }: Range, text: (value: number) => string = (value) => number.format(value)): string {
  if (min === max) return text(min);
  return max === null ? `${text(min)} or more: nothing bounds it but the number of calls` : `${text(min)} to ${text(max)}`;
}

/**
 * What the beads may spend: `8 beads with $1.0000 an attempt and 3 attempts`.
 *
 * @param money - US dollars as text
 */
export function budgetsText(atoms: readonly PlannedAtom[], money: (usd: number) => string): string {
  const counts = new Map<string, number>();
  for (const { model, budgetUsd, maxAttempts } of atoms) {
    if (model === null || budgetUsd === null) continue;
    const bounds = `with ${money(budgetUsd)} an attempt and ${countedText(maxAttempts, "attempt")}`;
    counts.set(bounds, (counts.get(bounds) ?? 0) + 1);
  }
  return [...counts].map(([bounds, count]) => `${countedText(count, "bead")} ${bounds}`).join("; ");
}

/** Where the session then stands, in the words of its states. */
export const PLAN_MOMENTS: { readonly [S in PlannedQuestion["state"]]: string } = {
  COMMISSIONING: "while it is planned",
  AWAITING_APPROVAL: "before it is compiled",
  EXECUTING: "while it is built",
  ACCEPTING: "before it is delivered",
};
