/** Carries an amendment of the run's graph out: rows, counters, states and events in one transaction, all of it or nothing. */
import { digestOf, refuse } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { RunGraphAmendment } from "@factory/schemas/rpc";
import type { RunContext } from "./context.ts";
import { planAmendment } from "./graph-amendments.ts";
import type { GraphPlan } from "./graph-amendments.ts";
import type { Run } from "./store/run-store.ts";
import { announceBead, moveBead } from "./transitions.ts";

/** Problems a refusal lists; the first is in its message. */
const MAX_LISTED = 50;

/**
 * Changes the graph of a run. The same amendment again changes nothing; another one under its id is ALREADY_EXISTS. A run
 * that is over takes none.
 */
export function amendRunGraph(context: RunContext, amendment: RunGraphAmendment): Result {
  const { store } = context;
  const run = store.run();
  if (run === null) return refuse("NOT_FOUND", "The run is not seeded.");
  const digest = digestOf(amendment);
  const known = store.graph.amendmentDigest(amendment.amendmentId);
  if (known !== null) return known === digest ? { ok: true } : refuse("ALREADY_EXISTS", `${amendment.amendmentId} was carried out with another body.`);
  if (run.status === "cancelled") return refuse("CANCELLED", "The run was cancelled.");
  if (run.status === "accepted") return refuse("FAILED_PRECONDITION", "The run is accepted; nothing of its graph is left to change.");
  const { org, runId } = run;
  const invariantIds = store.claims.invariants().map(({ invariantId }) => invariantId);
  const planned = planAmendment({ org, runId, claims: store.claims.all(), invariantIds, beads: store.graph.amendable() }, amendment);
  if (!planned.ok) {
    const { code, problems } = planned;
    return refuse(code, `The amendment has ${problems.length} faults; the first: ${problems[0]}`, { problems: problems.slice(0, MAX_LISTED) });
  }
  carryOutPlan(context, run, planned.plan, amendment);
  store.graph.keepAmendment(amendment.amendmentId, digest);
  return { ok: true };
}

/** Carries a plan out that was judged, in the caller's transaction. */
export function carryOutPlan(
  context: RunContext,
  run: Run,
  plan: GraphPlan,
  { amendmentId, reason, decidedBy }: Pick<RunGraphAmendment, "amendmentId" | "reason" | "decidedBy">,
): void {
  const { store, ledger, now } = context;
  const { graph } = store;
  ledger.event(run.runId, "RUN_GRAPH_AMENDED", { amendmentId, runId: run.runId, reason, decidedBy, changes: [...plan.summary] });
  cancelSuperseded(context, run, plan, reason);
  store.beads.insert(plan.added, graph.nextPosition(), graph.priority(), now());
  for (const { beadId, by } of plan.superseded) graph.supersede(beadId, by);
  for (const edge of plan.removedEdges) graph.removeEdge(edge);
  for (const edge of plan.addedEdges) graph.addEdge(edge);
  for (const { beadId, priority } of plan.reordered) store.beads.reorder(beadId, priority);
  for (const { beadId } of plan.added) admit(context, run, beadId, reason);
  const waiting = new Set([...plan.removedEdges, ...plan.addedEdges].map(({ childId }) => childId));
  for (const beadId of waiting) recount(context, run, beadId, reason);
}

/** Closes the epochs of the beads whose place others take; what was found of them is answered by that. */
function cancelSuperseded(context: RunContext, run: Run, { superseded }: GraphPlan, reason: string): void {
  const { store } = context;
  for (const { beadId, by } of superseded) {
    const bead = store.beads.get(beadId);
    if (bead === null) throw new Error(`${beadId} was planned for and is not in the run.`);
    moveBead(context, run, bead, "CANCELLED", { reason: `superseded by ${by.join(", ")}: ${reason}` }, { epoch: bead.epoch + 1 });
    store.divergences.close([beadId]);
  }
}

/** Tells of a new bead and gives it the state its parents leave it: some of them may have ended. */
function admit(context: RunContext, run: Run, beadId: string, reason: string): void {
  const { beads } = context.store;
  beads.patch(beadId, { pending: beads.countPending(beadId) });
  const bead = beads.get(beadId);
  if (bead === null) throw new Error(`${beadId} was inserted and is not in the run.`);
  announceBead(context, run, bead, reason);
  if (bead.state === "BLOCKED" && bead.pending === 0) moveBead(context, run, bead, "READY", { reason: "Everything it waits for has ended." });
}

/**
 * Counts again what a bead waits for. One that is at work, waits for a person or has ended keeps its state: nothing comes
 * before it any more, and its counter is taken anew when it is re-opened.
 */
function recount(context: RunContext, run: Run, beadId: string, reason: string): void {
  const { beads } = context.store;
  const bead = beads.get(beadId);
  if (bead === null || (bead.state !== "BLOCKED" && bead.state !== "READY")) return;
  const pending = beads.countPending(beadId);
  if (bead.state === "READY") {
    if (pending > 0) moveBead(context, run, bead, "BLOCKED", { reason }, { pending });
    return;
  }
  beads.patch(beadId, { pending });
  if (pending === 0) moveBead(context, run, { ...bead, pending }, "READY", { reason: "Everything it waits for has ended." });
}
