/** What an exhausted budget says to a person, what their note says of an amount, and what their answer sets. Pure. */
import { refuse } from "@factory/schemas";
import type { Refusal } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";

/** The report of a run whose budget does not cover its next bead. */
export type BudgetReport = Extract<RunReport, { outcome: "budget" }>;

/** An amount is a number by itself or beside a word for dollars; any other number in a note is something else. */
const WHOLE_NOTE = /^\d+(?:\.\d+)?$/;
const AMOUNTS = [/(?:US\$|\$|USD)\s*(\d+(?:\.\d+)?)/gi, /(\d+(?:\.\d+)?)\s*(?:US\$|\$|USD|(?:US )?dollars?)/gi];

/** Plain text: what was spent and is missing, and what each answer leads to. */
export function budgetText(report: BudgetReport): string {
  const { budgetUsd, spentUsd, reservedUsd, neededUsd, waitingBeadIds } = report;
  return [
    `The budget of ${usd(budgetUsd)} does not cover what comes next: ${usd(spentUsd)} are spent, ${usd(reservedUsd)} are reserved for work under way, and the next bead asks for ${usd(neededUsd)}.`,
    `${waitingBeadIds.length === 1 ? "One bead waits" : `${waitingBeadIds.length} beads wait`}: ${waitingBeadIds.join(", ")}. What is spent counts a call of unknown price, and work whose holder was lost, as all that was reserved for it.`,
    `Approve to go on with a budget of ${usd(doubled(report))}. To set another one, say it in the note, such as "50" or "50 USD": it is the whole budget, what is spent included.`,
    "Reject to end the session; what is done stays in its record.",
  ].join("\n");
}

/**
 * The new budget that an approval sets: the amount in the note, else double the old one and at least what is needed.
 *
 * @param required - whether the note has to hold an amount, since it is the answer
 * @returns INVALID_ARGUMENT for a note with several amounts, with none where one is required, or with one that covers nothing more
 */
export function newBudget(report: BudgetReport, note: string, required: boolean): { readonly ok: true; readonly budgetUsd: number } | Refusal {
  const amounts = amountsIn(note);
  if (amounts.length > 1) return refuse("INVALID_ARGUMENT", `The note holds several amounts: ${amounts.map(usd).join(", ")}. Name one: the whole new budget.`);
  const [amount] = amounts;
  if (amount === undefined) {
    return required ? refuse("INVALID_ARGUMENT", 'The note holds no amount, such as "50 USD".') : { ok: true, budgetUsd: doubled(report) };
  }
  const least = report.spentUsd + report.neededUsd;
  if (amount <= report.budgetUsd || amount < least) {
    const above = Math.max(report.budgetUsd, least);
    return refuse("INVALID_ARGUMENT", `${usd(amount)} is no more than what the run has or needs; the whole new budget has to be above ${usd(above)}.`);
  }
  return { ok: true, budgetUsd: amount };
}

function doubled({ budgetUsd, spentUsd, reservedUsd, neededUsd }: BudgetReport): number {
  return Math.max(2 * budgetUsd, spentUsd + reservedUsd + neededUsd);
}

function amountsIn(note: string): number[] {
  const text = note.trim();
  if (WHOLE_NOTE.test(text)) return [Number(text)];
  const found = AMOUNTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, digits]) => Number(digits)));
  return [...new Set(found)];
}

/** At least to the cent, and no more digits than the amount has. */
export function usd(amount: number): string {
  return `${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6, useGrouping: false })} USD`;
}
