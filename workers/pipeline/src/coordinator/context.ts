/** What every part of the coordinator works with. All of it is synchronous: a part runs inside one transaction. */
import type { Random } from "@factory/durable";
import type { ApprovalStore } from "./approval-store.ts";
import type { Ledger } from "./ledger.ts";
import type { RunStore } from "./run-store.ts";

/** The coordinator's state and its way out, with the clock of this turn. */
export interface RunContext {
  readonly store: RunStore;
  readonly approvals: ApprovalStore;
  readonly ledger: Ledger;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly random: Random;
}
