/** What policy, trust and consent come to, and what a change of them would. Pure. */
import { trustAutonomy } from "@factory/bead-graph";
import { AUTONOMY, leastAutonomy, type Autonomy } from "@factory/schemas";
import type { GetKnowingStateResponse } from "@factory/schemas/proto";

/** The three that govern, in the order in which they are told. */
export const PARTS = ["policy", "trust", "consent"] as const;
export type PartName = (typeof PARTS)[number];

/** What one of the three says. */
export type Part = {
  readonly name: PartName;
  readonly autonomy: Autonomy;
  readonly standing: string;
  readonly reason: string;
  readonly beadId: string;
  /** True when it allows no more than what is effective: less of the others would change nothing. */
  readonly isLeast: boolean;
};

/** Autonomy in words. */
export const AUTONOMY_TEXTS: { readonly [A in Autonomy]: { readonly name: string; readonly means: string } } = {
  SUGGEST: { name: "Suggest", means: "No model call and no tool: the directive waits for a person." },
  PROPOSE: { name: "Propose", means: "It runs in its workspace; a person lets each change set be applied." },
  EXECUTE_BOUNDED: { name: "Execute, bounded", means: "Its change sets are applied when checks pass and the file scope holds." },
  EXECUTE_FULL: { name: "Execute, full", means: "As bounded, and it may insert beads." },
};

/** A level that is not known here allows the least. */
export const levelOf = (text: string): Autonomy => AUTONOMY.find((level) => level === text) ?? "SUGGEST";

/** The three with what they allow; one that the answer does not have allows the least. */
export function partsOf(state: Pick<GetKnowingStateResponse, PartName | "autonomy">): readonly Part[] {
  const effective = levelOf(state.autonomy);
  return PARTS.map((name) => {
    const { autonomy = "", standing = "missing", reason = "The platform says nothing of it.", beadId = "" } = state[name] ?? {};
    const level = levelOf(autonomy);
    return { name, autonomy: level, standing, reason, beadId, isLeast: level === effective };
  });
}

/** What is effective when one of the three allows something else. */
export function effectiveWith(parts: readonly Part[], name: PartName, autonomy: Autonomy): Autonomy {
  return leastAutonomy(parts.map((part) => (part.name === name ? autonomy : part.autonomy)));
}

/** A score as a person writes it; null when it is none from 0 to 1. */
export function scoreOf(text: string): number | null {
  const score = Number(text);
  return text.trim() !== "" && score >= 0 && score <= 1 ? score : null;
}

/** What setting a trust changes, in sentences. */
export function trustSentences(parts: readonly Part[], subject: string, before: number | undefined, score: number, isSuspended: boolean): readonly string[] {
  const given = isSuspended ? "SUGGEST" : trustAutonomy(score);
  const stays = before === score && !isSuspended;
  const now = before === undefined ? "no trust in force" : `trusted ${before}`;
  return [
    `${subject}: ${stays ? "stays" : `${now} becomes`} ${isSuspended ? `suspended at ${score}` : `trusted ${score}`}, which allows ${given}.`,
    effectSentence(parts, "trust", given),
  ];
}

/** What is effective after a change, and what holds it there. */
export function effectSentence(parts: readonly Part[], name: PartName, autonomy: Autonomy): string {
  const now = leastAutonomy(parts.map((part) => part.autonomy));
  const next = effectiveWith(parts, name, autonomy);
  const holds = parts.filter((part) => part.name !== name && part.autonomy === next).map((part) => part.name);
  const why = autonomy === next ? "" : `, since ${holds.join(" and ")} ${holds.length === 1 ? "allows" : "allow"} no more`;
  return next === now ? `Effective stays ${now}${why}.` : `Effective becomes ${next} instead of ${now}${why}.`;
}

/** What comes and what goes when a list of tools takes the place of another. */
export function toolChanges(before: readonly string[], after: readonly string[]): { readonly added: readonly string[]; readonly removed: readonly string[] } {
  return { added: after.filter((name) => !before.includes(name)), removed: before.filter((name) => !after.includes(name)) };
}

/** When a change ends. */
export const TERMS = ["never", "day", "week", "month", "quarter", "year"] as const;
export type Term = (typeof TERMS)[number];

const DAY_MS = 86_400_000;
const TERM_DAYS: { readonly [T in Exclude<Term, "never">]: number } = { day: 1, week: 7, month: 30, quarter: 90, year: 365 };
export const TERM_TEXTS: { readonly [T in Term]: string } = {
  never: "Does not end",
  day: "Ends in a day",
  week: "Ends in a week",
  month: "Ends in 30 days",
  quarter: "Ends in 90 days",
  year: "Ends in a year",
};

/** The end of a term as the API has it: RFC 3339, empty for none. */
export const endOf = (term: Term, nowMs: number): string => (term === "never" ? "" : new Date(nowMs + TERM_DAYS[term] * DAY_MS).toISOString());
