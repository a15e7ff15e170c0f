/** Where a session stops until a person decides. */
import { everyCriterionExecuted } from "@factory/compiler";
import type { ReviewMode, WorkOrder } from "@factory/schemas";
import type { PlanEstimate, PlannedClaim, PlannedQuestion } from "./plan.ts";

/** The question before anything is compiled, as the review mode wants it; none when the mode decides it. */
export function approvalQuestion(order: WorkOrder, reviewMode: ReviewMode): PlannedQuestion[] {
  const why = approvalReason(order, reviewMode);
  return why === undefined ? [] : [{ matter: "approval", state: "AWAITING_APPROVAL", certain: true, question: `Is this to be built? ${why}`, claims: [] }];
}

function approvalReason(order: WorkOrder, reviewMode: ReviewMode): string | undefined {
  switch (reviewMode) {
    case "auto":
      return undefined;
    case "human":
      return "The review mode is human.";
    case "hybrid":
      return everyCriterionExecuted(order) ? undefined : "The review mode is hybrid, and not every criterion is decided by an executed check.";
    default:
      return reviewMode satisfies never;
  }
}

/** The question before delivery about what no check and no detector decides. */
export function acceptanceQuestion(claims: readonly PlannedClaim[]): PlannedQuestion[] {
  const open = claims.filter(({ decidedBy }) => decidedBy === "person" || decidedBy === "detectors and a person");
  if (open.length === 0) return [];
  const listed = open.map(({ claimId }) => claimId);
  return [
    {
      matter: "acceptance",
      state: "ACCEPTING",
      certain: true,
      question: `Does the work hold ${listed.join(", ")}? No check and no detector decides ${open.length === 1 ? "it" : "them"}.`,
      claims: listed,
    },
  ];
}

/** The question for more money, when the order's budget may run out. */
export function budgetQuestion(budgetUsd: number | undefined, { costUsd, unpriced }: PlanEstimate): PlannedQuestion[] {
  if (budgetUsd === undefined) return [];
  const ask = (certain: boolean, why: string): PlannedQuestion[] => [
    { matter: "budget", state: "EXECUTING", certain, question: `May the run spend more than the order's $${budgetUsd}? ${why}`, claims: [] },
  ];
  if (costUsd === null) return ask(false, `The price of ${unpriced.join(", ")} is not known: each attempt counts as all that its bead may spend.`);
  if (costUsd.min > budgetUsd) return ask(true, `It takes at least $${costUsd.min.toFixed(4)}.`);
  if (costUsd.max === null || costUsd.max > budgetUsd) return ask(false, "A bead that the rest does not cover waits.");
  return [];
}
