/** What every part of the coordinator works with. All of it is synchronous: a part runs inside one transaction. */
import type { Log, Random } from "@factory/durable";
import type { ApprovalStore } from "./store/approval-store.ts";
import type { BudgetStore } from "./store/budget-store.ts";
import type { DispatchGate } from "./dispatch-gating.ts";
import type { Ledger } from "./ledger.ts";
import type { Run, RunStore } from "./store/run-store.ts";
import type { Vigil } from "./vigil.ts";

/** The coordinator's state and its way out, with the clock of this turn. */
export interface RunContext {
  readonly store: RunStore;
  readonly approvals: ApprovalStore;
  readonly budget: BudgetStore;
  readonly vigil: Pick<Vigil, "graceOf">;
  readonly ledger: Ledger;
  /** Whether anything may be handed out. */
  readonly gate: DispatchGate;
  /** Beads whose checks run now, by {@link checkKey}, with when the try under way began: they are in no slot's hands meanwhile. */
  readonly underCheck: ReadonlyMap<string, number>;
  /** How many slots of the run may hold beads at once now: dispatch and claim go no further. */
  readonly slotsAllowed: (run: Run) => number;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
  readonly log: Log;
}

/** A bead under one epoch. */
export function checkKey(beadId: string, epoch: number): string {
  return `${beadId}:${epoch}`;
}
