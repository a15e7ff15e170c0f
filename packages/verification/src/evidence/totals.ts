/** Sums of an evidence package, computed the same way where it is sealed and where it is verified. */
import type { EvidencePredicate } from "./statement.ts";
import { absent, isAbsent, type OrAbsent } from "./tri-state.ts";

/** The lists that are summed up. */
export type Listed = Pick<EvidencePredicate, "chain" | "beads" | "claims" | "checks" | "divergences" | "amendments" | "modelCalls">;

/** The sums; one with an unknown part is absent. */
export function totalsOf(lists: Listed): EvidencePredicate["totals"] {
  const { chain, beads, claims, checks, divergences, amendments, modelCalls } = lists;
  return {
    events: chain.events.length,
    beads: isAbsent(beads) ? beads : beadTotals(beads),
    checks: isAbsent(checks)
      ? checks
      : { passed: checks.filter(({ exit }) => exit === "passed").length, failed: checks.filter(({ exit }) => exit === "failed").length },
    claims: isAbsent(claims) ? claims : claims.length,
    divergences: divergences.length,
    amendments: amendments.length,
    modelCalls: modelCalls.length,
    inputTokens: sumOf(
      modelCalls.map(({ inputTokens }) => inputTokens),
      "the input tokens",
    ),
    outputTokens: sumOf(
      modelCalls.map(({ outputTokens }) => outputTokens),
      "the output tokens",
    ),
    costUsd: sumOf(
      modelCalls.map(({ costUsd }) => costUsd),
      "the price",
    ),
  };
}

function beadTotals(beads: Exclude<EvidencePredicate["beads"], { absent: string }>): { done: number; failed: number; other: number } {
  const done = beads.filter(({ state }) => state === "DONE").length;
  const failed = beads.filter(({ state }) => state === "FAILED").length;
  return { done, failed, other: beads.length - done - failed };
}

function sumOf(values: readonly OrAbsent<number>[], what: string): OrAbsent<number> {
  const unknown = values.filter(isAbsent).length;
  if (unknown > 0) return absent(`${what} of ${unknown} of ${values.length} model calls is not known`);
  return values.reduce<number>((sum, value) => sum + Number(value), 0);
}
