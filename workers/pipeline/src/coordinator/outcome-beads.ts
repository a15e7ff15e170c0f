/**
 * Outcome beads: which one is to be judged now. A molecule's is judged on the tree as it is, and what passes releases the
 * beads that wait for it; the one that no bead waits for judges the run.
 */
import type { RunContext } from "./context.ts";
import { leaseBead } from "./leases.ts";
import { COORDINATOR_SLOT } from "./store/bead-store.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";

/** The outcome bead that is to be judged now, leased to the coordinator; null when there is none. */
export function takeOutcomeBead(context: RunContext, run: Run): Bead | null {
  const bead = nextOutcomeBead(context, run);
  return bead === null || bead.state === "LEASED" ? bead : leaseBead(context, run, bead, COORDINATOR_SLOT);
}

/**
 * The next outcome bead to judge, in seed order. What the dispatch gate holds back is not begun; what is begun goes on. While a divergence waits for its amendment, what rests on the beads in
 * question is known not to be the last word: neither the run is judged then nor a molecule behind them.
 */
export function nextOutcomeBead({ store, gate, now }: Pick<RunContext, "store" | "gate" | "now">, run: Run): Bead | null {
  if (run.status !== "open") return null;
  const all = store.molecules.dueOutcomes(now());
  const due = all.length === 0 || gate.isOpen(run) ? all : all.filter((beadId) => store.beads.get(beadId)?.state === "LEASED");
  if (due.length === 0) return null;
  const diverged = store.divergences.openBeads();
  const behind = new Set(diverged.length === 0 ? [] : store.beads.withDependants(diverged));
  const beadId = due.find((one) => diverged.length === 0 || !(behind.has(one) || store.molecules.isTerminal(one)));
  return beadId === undefined ? null : store.beads.get(beadId);
}
