/** The options for the function: how they are told apart, what each is worth, and which one is taken. */
import { canonicalJson, functionCandidate } from "@factory/schemas";
import type { CandidateScores, CandidateSet, FunctionCandidate } from "@factory/schemas";
import { z } from "zod";

/** How much each score counts; they add up to 1. Risk and cost count by how little there is of them. */
export const CANDIDATE_WEIGHTS: CandidateScores = { value: 0.4, feasibility: 0.3, risk: 0.2, cost: 0.1 };
/** A choice needs something to choose from. */
export const LEAST_CANDIDATES = 2;
/** More options than this are a list, not a choice. */
export const MOST_CANDIDATES = 5;
/** Digits of a total after the point. */
const TOTAL_DIGITS = 4;

/** The answer of the pass `propose-function`: at least two options that differ in more than their wording. */
export const candidatesAnswer = z.strictObject({
  candidates: z
    .array(functionCandidate)
    .min(LEAST_CANDIDATES)
    .max(MOST_CANDIDATES)
    .superRefine((candidates, context) => {
      const distinct = distinctCandidates(candidates);
      if (distinct.length >= LEAST_CANDIDATES) return;
      context.addIssue({
        code: "custom",
        message: `${candidates.length} candidates are ${distinct.length} option${distinct.length === 1 ? "" : "s"}: state at least ${LEAST_CANDIDATES} that differ in name and in their inputs, outputs, type or purpose`,
      });
    }),
});
export type CandidatesAnswer = z.infer<typeof candidatesAnswer>;

/** What two options share when they are one: the name, or everything but the name. */
function distinctCandidates(candidates: readonly FunctionCandidate[]): FunctionCandidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ proposal }) => {
    const { name, functionType, expectedInputs, expectedOutputs, purpose } = proposal;
    const shape = canonicalJson([functionType, expectedInputs.map(plain).toSorted(), expectedOutputs.map(plain).toSorted(), plain(purpose)]);
    const known = seen.has(`name ${name}`) || seen.has(shape);
    seen.add(`name ${name}`);
    seen.add(shape);
    return !known;
  });
}

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();

/** What an option is worth, from 0 to 1. */
export function candidateTotal({ value, feasibility, risk, cost }: CandidateScores): number {
  const weights = CANDIDATE_WEIGHTS;
  const total = weights.value * value + weights.feasibility * feasibility + weights.risk * (1 - risk) + weights.cost * (1 - cost);
  return Number(total.toFixed(TOTAL_DIGITS));
}

/**
 * Chooses among the options: the highest total, then the least risk, then the least cost, then the name. The order in
 * which a model lists them, and what it says of their worth in words, decide nothing.
 *
 * @returns the set as it is kept: the winner first, then the losers by their rank, each with why it lost
 */
export function chooseCandidate(pass: string, { candidates }: CandidatesAnswer): CandidateSet {
  const ranked = distinctCandidates(candidates)
    .map((candidate) => ({ ...candidate, total: candidateTotal(candidate.scores) }))
    .toSorted(byRank);
  const [winner] = ranked;
  if (winner === undefined) throw new Error("There is no candidate to choose.");
  return {
    pass,
    weights: CANDIDATE_WEIGHTS,
    selected: winner.proposal.name,
    candidates: ranked.map((candidate) =>
      candidate === winner
        ? { ...candidate, outcome: "selected", reason: `Its total of ${winner.total} is the highest of ${ranked.length}.` }
        : { ...candidate, outcome: "rejected", reason: whyLost(candidate, winner) },
    ),
    explicitness: "inferred",
    rationale: `${ranked.length} options were scored; ${winner.proposal.name} has the highest total, ${winner.total}.`,
  };
}

type Ranked = FunctionCandidate & { readonly total: number };

function byRank(one: Ranked, other: Ranked): number {
  if (one.total !== other.total) return other.total - one.total;
  if (one.scores.risk !== other.scores.risk) return one.scores.risk - other.scores.risk;
  if (one.scores.cost !== other.scores.cost) return one.scores.cost - other.scores.cost;
  return one.proposal.name < other.proposal.name ? -1 : 1;
}

function whyLost(loser: Ranked, winner: Ranked): string {
  const worse = [
    loser.scores.value < winner.scores.value ? `less value (${loser.scores.value} against ${winner.scores.value})` : "",
    loser.scores.feasibility < winner.scores.feasibility ? `less feasible (${loser.scores.feasibility} against ${winner.scores.feasibility})` : "",
    loser.scores.risk > winner.scores.risk ? `more risk (${loser.scores.risk} against ${winner.scores.risk})` : "",
    loser.scores.cost > winner.scores.cost ? `more cost (${loser.scores.cost} against ${winner.scores.cost})` : "",
  ].filter((text) => text !== "");
  const totals = `Its total is ${loser.total} against ${winner.total} of ${winner.proposal.name}`;
  return worse.length === 0 ? `${totals}; every score is as good, and the name comes later.` : `${totals}: ${worse.join(", ")}.`;
}
