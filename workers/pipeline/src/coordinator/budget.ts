/**
 * The run's money. A bead reserves what its directive may spend when it is claimed, and settles what its calls cost when its
 * outcome arrives; what is not known settles as what was reserved, never as nothing. A bead that the budget does not cover
 * waits without a lease, and a person is asked once nothing that is under way can cover it any more.
 */
import { refuse, ulidId } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { BeadOutcome, BudgetDecision } from "@factory/schemas/rpc";
import type { Account } from "./store/budget-store.ts";
import type { Bead } from "./store/bead-store.ts";
import { cancelRun } from "./commands.ts";
import type { RunContext } from "./context.ts";
import type { Run } from "./store/run-store.ts";
import { moveBead } from "./transitions.ts";

/** Shares of a budget do not add up to it to the last bit. */
const ROUNDING_USD = 1e-9;
/**
 * What an attempt counts as whose cost is not known and for which nothing was reserved: what a bead may spend when the
 * order says nothing. A budget of zero is kept by models that are known to cost nothing, and by no others.
 */
export const UNKNOWN_COST_USD = 1;

/** A bead that may be claimed, with what is set aside for it. */
export type FundedBead = { readonly bead: Bead; readonly reservedUsd: number };

/** Reserves for READY beads in order; those that the budget does not cover wait, without a lease. */
export function fundBeads(context: RunContext, run: Run, beads: readonly Bead[]): FundedBead[] {
  const { budget } = context;
  const account = beads.length === 0 ? null : budget.account();
  if (account === null || account.budgetUsd === null) return beads.map((bead) => ({ bead, reservedUsd: 0 }));
  let reservedUsd = 0;
  const funded: FundedBead[] = [];
  for (const bead of beads) {
    const needed = bead.directive.budgetUsd;
    if (covers(account, reservedUsd + needed)) {
      reservedUsd += needed;
      funded.push({ bead, reservedUsd: needed });
      continue;
    }
    budget.wait(bead.beadId);
    moveBead(context, run, bead, "WAITING", { reason: "It waits for budget.", errorCode: "BUDGET_EXHAUSTED" });
  }
  if (reservedUsd > 0) budget.move({ reservedUsd, spentUsd: 0 });
  return funded;
}

function covers({ budgetUsd, spentUsd, reservedUsd }: Account, furtherUsd: number): boolean {
  return budgetUsd === null || spentUsd + reservedUsd + furtherUsd <= budgetUsd + ROUNDING_USD;
}

/** Settles the current epoch's outcome: what its calls cost takes the place of what was reserved for them. */
export function settleOutcome(context: RunContext, bead: Bead, { modelCalls }: Pick<BeadOutcome, "modelCalls">): Bead {
  const { budget, store } = context;
  const { reservedUsd } = bead;
  if (reservedUsd === 0 && (modelCalls.length === 0 || budget.account() === null)) return bead;
  const spentUsd = costOf(modelCalls, reservedUsd);
  if (reservedUsd > 0 || spentUsd > 0) budget.move({ reservedUsd: -reservedUsd, spentUsd });
  if (reservedUsd === 0) return bead;
  store.beads.patch(bead.beadId, { reservedUsd: 0 });
  return { ...bead, reservedUsd: 0 };
}

/** What calls cost. One of unknown cost makes the attempt cost all that was reserved for it, or what is known if that is more. */
function costOf(modelCalls: BeadOutcome["modelCalls"], reservedUsd: number): number {
  const known = modelCalls.reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0);
  if (modelCalls.every(({ costUsd }) => costUsd !== undefined)) return known;
  return Math.max(known, reservedUsd === 0 ? UNKNOWN_COST_USD : reservedUsd);
}

/**
 * Takes up the beads that wait for money and are covered now, and asks a person where nothing that is under way can cover
 * them any more. It follows every commit.
 */
export function fundWaiting(context: RunContext, run: Run): void {
  const { budget } = context;
  if (run.status !== "open" || !budget.anyWaits()) return;
  const account = budget.account();
  if (account === null) throw new Error(`${run.runId} has beads that wait for money and no account.`);
  let taken = 0;
  let released = 0;
  const waiting = budget.waiting();
  for (const beadId of waiting) {
    const bead = context.store.beads.get(beadId);
    if (bead === null || !covers(account, taken + bead.directive.budgetUsd)) continue;
    taken += bead.directive.budgetUsd;
    released += 1;
    moveBead(context, run, bead, "READY", { reason: "The budget covers it." });
  }
  const [first] = waiting;
  if (released === 0 && first !== undefined) askForMoney(context, run, account, first, waiting);
}

/** Once for each exhaustion, and not while what is reserved may yet turn out to be enough. */
function askForMoney(context: RunContext, run: Run, account: Account, beadId: string, waiting: readonly string[]): void {
  const { budget, ledger, now, store } = context;
  const { budgetUsd, spentUsd, reservedUsd } = account;
  const neededUsd = store.beads.get(beadId)?.directive.budgetUsd ?? 0;
  if (budgetUsd === null || budget.anyAsked()) return;
  if (reservedUsd > 0 && covers({ budgetUsd, spentUsd, reservedUsd: 0 }, neededUsd)) return;
  const requestId = ulidId("APR", now());
  budget.ask(requestId, beadId, budgetUsd, now());
  ledger.event(run.runId, "BUDGET_EXHAUSTED", { beadId, budgetUsd, spentUsd, reservedUsd });
  ledger.report(`run:${requestId}`, { outcome: "budget", requestId, budgetUsd, spentUsd, reservedUsd, neededUsd, waitingBeadIds: waiting });
}

/**
 * Carries out a person's decision on an exhausted budget. The same again changes nothing. Refuses NOT_FOUND for what was
 * not asked, FAILED_PRECONDITION for what was decided otherwise or for a run that is over, INVALID_ARGUMENT for a bound that
 * is not above the old one.
 */
export function fundRun(context: RunContext, decision: BudgetDecision): Result {
  const { budget, store } = context;
  const run = store.run();
  const asked = budget.request(decision.requestId);
  if (run === null || asked === null) return refuse("NOT_FOUND");
  if (asked.decision !== null) return asked.decision === decision.decision ? { ok: true } : refuse("FAILED_PRECONDITION", `It was ${asked.decision} already.`);
  if (run.status !== "open") return refuse("FAILED_PRECONDITION", "The run is over.");
  switch (decision.decision) {
    case "approved": {
      const { budgetUsd } = decision;
      if (budgetUsd !== null && !(Number.isFinite(budgetUsd) && budgetUsd > asked.budgetUsd))
        return refuse("INVALID_ARGUMENT", `The new budget has to be above ${asked.budgetUsd} US dollars, not ${budgetUsd}.`);
      budget.decide(decision);
      budget.setBound(budgetUsd);
      fundWaiting(context, run);
      return { ok: true };
    }
    case "rejected":
      budget.decide(decision);
      cancelRun(context, `${decision.decidedBy} gave it no further budget${decision.note === "" ? "." : `: ${decision.note}`}`);
      return { ok: true };
    default:
      return decision.decision satisfies never;
  }
}
