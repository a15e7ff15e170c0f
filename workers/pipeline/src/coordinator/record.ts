/** What the evidence package says of a run. */
import type { RunRecord } from "@factory/schemas/rpc";
import type { RunStore } from "./store/run-store.ts";
import { attemptOf } from "./transitions.ts";

/** Beads, executed checks and model use; null before the run is seeded. */
export function runRecord(store: RunStore): RunRecord | null {
  const run = store.run();
  if (run === null) return null;
  const parents = store.beads.dependencies();
  const beads = store.beads.all().map((bead) => ({
    beadId: bead.beadId,
    atomId: bead.atomId,
    title: bead.title,
    role: bead.role,
    state: bead.state,
    epoch: bead.epoch,
    attempt: attemptOf(bead),
    cycle: bead.cycle,
    dependsOn: parents.get(bead.beadId) ?? [],
    claimRefs: bead.directive.claimRefs,
  }));
  return { runId: run.runId, beads, checks: store.outcomes.checks(), ...store.modelUse() };
}
