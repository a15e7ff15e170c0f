/** What the session and mediation ask of a run: seed, reopen, clarify, cancel. Each is idempotent by what it names. */
import { digestOf, refuse } from "@factory/schemas";
import type { Result } from "@factory/schemas";
import type { CoordinatorRpc, ReopenRequest, SeedRequest } from "@factory/schemas/rpc";
import type { RunContext } from "./context.ts";
import { MAX_BEADS, seedProblems } from "./seed-graph.ts";
import { successorDirectives } from "./merging.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { announceBead, moveBead } from "./transitions.ts";

type Answer = Parameters<CoordinatorRpc["clarify"]>[1];

/** Stores a graph that is valid whole. The same seed again changes nothing; another one is ALREADY_EXISTS. */
export function seedRun(context: RunContext, request: SeedRequest): Result<{ ready: number }> {
  const { store } = context;
  const seedDigest = digestOf(request);
  const { budgetUsd, priority: _since, ...unfunded } = request;
  const known = store.run();
  if (known !== null)
    // A run that was seeded before seeds had a budget and a priority is known by the rest.
    return known.seedDigest === seedDigest || known.seedDigest === digestOf(unfunded)
      ? { ok: true, ready: readyNow(context) }
      : refuse("ALREADY_EXISTS", "The run was seeded with another graph.");
  if (store.cancellation() !== null) return refuse("CANCELLED", "The run was cancelled before it was seeded.");
  const problems = seedProblems(request);
  if (problems.length > 0)
    return refuse("INVALID_ARGUMENT", `The seed has ${problems.length} faults; the first: ${problems[0]}`, { problems: problems.slice(0, 50) });
  store.insertSeed(request, seedDigest, context.now());
  if (budgetUsd !== null) context.budget.open(budgetUsd);
  // Stored as it came: the gate reads it like anything that is stored. A clearance that was taken away before stays so.
  if (request.clearance !== undefined && store.clearance.held().serial === 0) store.clearance.put(JSON.stringify(request.clearance), null, context.now());
  const run = store.requireRun();
  for (const bead of store.beads.all()) announceBead(context, run, bead);
  return { ok: true, ready: readyNow(context) };
}

function readyNow({ store, now }: RunContext): number {
  store.beads.releaseDue(now());
  return store.beads.countReady(MAX_BEADS);
}

/**
 * Carries out an adopted amendment: the beads and everything that depends on them start again under the next epoch, with
 * the successor directives and claims. Nothing else is touched.
 */
export function reopenBeads(context: RunContext, request: ReopenRequest): Result {
  const { store } = context;
  const run = store.run();
  if (run === null) return refuse("NOT_FOUND", "The run is not seeded.");
  if (run.status === "cancelled") return refuse("CANCELLED", "The run was cancelled.");
  const problem = reopenProblem(context, request);
  if (problem !== null) return refuse("INVALID_ARGUMENT", problem);
  store.setStatus("open");
  store.setSpecification(request.specificationId);
  store.claims.replace(request.claims);
  // Whoever compiled the amendment knows the beads of the seed; what has taken a bead's place since stands for it.
  const standing = store.graph.standingFor(request.beadIds);
  store.divergences.close([...request.beadIds, ...standing]);
  const affected = store.beads.withDependants(standing);
  const current = store.requireRun();
  const directives = new Map(request.directives.flatMap((directive) => successorDirectives(context, current, directive)));
  // First all of them are blocked, so that each counter is computed over states that already hold.
  const reset = affected.flatMap((beadId) => blockForReopening(context, current, beadId, request.amendmentId, directives));
  for (const { beadId } of reset) store.beads.patch(beadId, { pending: store.beads.countPending(beadId) });
  for (const { beadId } of reset) {
    const bead = store.beads.get(beadId);
    if (bead !== null && bead.pending === 0) moveBead(context, current, bead, "READY", { reason: "Everything it waits for has ended." });
  }
  return { ok: true };
}

function reopenProblem({ store }: RunContext, { beadIds, directives }: ReopenRequest): string | null {
  if (beadIds.length === 0) return "The amendment re-opens no bead.";
  const beads = beadIds.map((beadId) => store.beads.get(beadId));
  const unknown = beadIds.find((_, index) => beads[index] === null);
  if (unknown !== undefined) return `${unknown} is not in the run.`;
  const atoms = new Map(store.beads.all().map(({ atomId, role }) => [atomId, role]));
  const stray = directives.find(({ atomId, role }) => atoms.get(atomId) !== role);
  return stray === undefined ? null : `The directive ${stray.directiveId} is for no bead of the run.`;
}

function blockForReopening(context: RunContext, run: Run, beadId: string, amendmentId: string, directives: ReadonlyMap<string, Bead["directive"]>): Bead[] {
  const bead = context.store.beads.get(beadId);
  if (bead === null || bead.state === "CANCELLED") return [];
  const ended = bead.state === "DONE" || bead.state === "FAILED";
  const directive = directives.get(beadId) ?? bead.directive;
  context.store.molecules.amend(beadId, amendmentId);
  const patch = {
    directive,
    epoch: bead.epoch + 1,
    cycle: bead.cycle + (ended ? 1 : 0),
    attempts: 0,
    faults: 0,
    notBefore: 0,
    feedback: [],
    clarificationId: null,
    question: null,
    answer: null,
  };
  return [moveBead(context, run, bead, "BLOCKED", { reason: `re-opened by ${amendmentId}` }, patch)];
}

/** Answers the question a bead waits with; an answer that was given already changes nothing. */
export function answerClarification(context: RunContext, { beadId, clarificationId, answer, answeredBy }: Answer): Result {
  const run = context.store.run();
  const bead = context.store.beads.get(beadId);
  if (run === null || bead === null) return refuse("NOT_FOUND");
  if (bead.clarificationId !== clarificationId)
    return refuse("FAILED_PRECONDITION", `${beadId} asked nothing under ${clarificationId}, or was re-opened since.`);
  // A bead that has its answer may wait again, for a person's leave; the answer is no leave.
  if (bead.state !== "WAITING" || bead.answer !== null) return { ok: true };
  moveBead(context, run, bead, "READY", { reason: `answered by ${answeredBy}` }, { answer });
  context.ledger.event(run.runId, "CLARIFICATION_ANSWERED", {
    clarificationId,
    beadId,
    answer,
    answeredBy,
    ...(bead.question === null ? {} : { question: bead.question }),
  });
  return { ok: true };
}

/** Closes every epoch and cancels what is not done. */
export function cancelRun(context: RunContext, reason: string): void {
  const { store } = context;
  store.setCancellation(reason);
  const run = store.run();
  if (run === null || run.status === "cancelled") return;
  for (const bead of store.beads.all()) {
    if (bead.state === "DONE" || bead.state === "FAILED" || bead.state === "CANCELLED") continue;
    moveBead(context, run, bead, "CANCELLED", { reason, errorCode: "CANCELLED" }, { epoch: bead.epoch + 1 });
  }
  store.setStatus("cancelled");
}
