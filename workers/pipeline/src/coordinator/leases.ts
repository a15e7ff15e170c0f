/** Handing beads to slots under leases, extending them, and taking them back. */
import type { ClaimedBead, WorkState } from "@factory/schemas/rpc";
import { checkKey } from "./context.ts";
import type { RunContext } from "./context.ts";
import { fundBeads } from "./budget.ts";
import type { Bead } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";
import { claimsOfCheck } from "./run-graph.ts";
import { agentOf, attemptOf, moveBead } from "./transitions.ts";
import { scopeOf } from "./store/tree-store.ts";

/** Four missed heartbeats: an operative that is silent for so long is taken as gone. */
export const LEASE_TTL_MS = 2 * 60_000;
/** One try of a check: it may wait for a sandbox that restarts and run a minute. */
export const CHECK_LEASE_MS = 5 * 60_000;
/** An extension that gains less is not written: a row and a commit for each tool call would cost more than the call. */
const MIN_EXTENSION_MS = 10_000;
/** Beads one exchange may hand out. */
export const MAX_WANT = 16;

/**
 * The beads for a slot: first those it holds already, so that a broken call is repeated and loses nothing, then READY ones
 * by rank under new epochs. A slot that holds nothing is given nothing while as many others work as the run may use, and what
 * the dispatch gate holds back is given to nobody.
 */
export function claimBeads(context: RunContext, run: Run, slot: number, want: number): ClaimedBead[] {
  if (run.status !== "open") return [];
  const limit = Math.min(Math.max(0, Math.trunc(want)), MAX_WANT);
  const { store, underCheck } = context;
  const leased = store.beads.heldBy(slot);
  const held = leased.filter(({ beadId, epoch }) => !underCheck.has(checkKey(beadId, epoch))).slice(0, limit);
  const now = context.now();
  for (const { beadId } of held) store.beads.patch(beadId, { leaseUntil: now + LEASE_TTL_MS });
  const free = context.gate.isOpen(run) && (leased.length > 0 || mayBegin(context, run)) ? limit - held.length : 0;
  const funded = free > 0 ? fundBeads(context, run, store.beads.ready(free)) : [];
  const fresh = funded.map(({ bead, reservedUsd }) => leaseBead(context, run, bead, slot, reservedUsd));
  return [...held, ...fresh].map((bead) => claimedBead(context, run, bead, now + LEASE_TTL_MS));
}

/** Whether one more slot may hold beads. */
function mayBegin(context: RunContext, run: Run): boolean {
  const allowed = context.slotsAllowed(run);
  return allowed >= run.slots || context.store.beads.busySlots() < allowed;
}

/** Leases a READY bead to a slot under the next epoch, with what is set aside for it in US dollars. */
export function leaseBead(context: RunContext, run: Run, bead: Bead, slot: number, reservedUsd = 0): Bead {
  const now = context.now();
  context.store.outcomes.begin(bead.beadId, bead.epoch + 1);
  return moveBead(
    context,
    run,
    bead,
    "LEASED",
    { reason: `claimed by ${agentOf(slot) ?? "nobody"}` },
    { epoch: bead.epoch + 1, slot, claimedAt: now, leaseUntil: now + LEASE_TTL_MS, ...(reservedUsd > 0 ? { reservedUsd } : {}) },
  );
}

function claimedBead({ store, approvals }: RunContext, run: Run, bead: Bead, leaseUntil: number): ClaimedBead {
  const shown = store.claims.of([...bead.directive.claimRefs, ...claimsOfCheck(bead.directive.successCheck)]);
  const leave = approvals.live(bead.beadId, "start");
  return {
    beadId: bead.beadId,
    epoch: bead.epoch,
    attempt: attemptOf({ ...bead, state: "LEASED" }),
    cycle: bead.cycle,
    leaseUntil,
    directive: bead.directive,
    specificationId: run.specificationId,
    ...(leave === null || leave.decidedBy === null ? {} : { approval: { requestId: leave.requestId, by: leave.decidedBy } }),
    tree: store.tree.inScope(scopeOf(bead.directive)).tree,
    claims: shown.map(({ holdout: _hidden, ...visible }) => visible),
    invariants: store.claims.invariantsOf(bead.directive.invariantIds),
    typesRequired: run.typesRequired,
    feedback: [...approvals.notes(bead.beadId), ...bead.feedback],
    ...(bead.question === null || bead.answer === null ? {} : { clarification: { question: bead.question, answer: bead.answer } }),
  };
}

/** Extends the lease of an epoch that is current. False for a stale one: its holder must stop. */
export function extendLease(
  { store, now }: RunContext,
  beadId: string,
  epoch: number,
  byMs: number,
): { readonly current: boolean; readonly leaseUntil: number } {
  const bead = store.beads.get(beadId);
  if (bead === null || bead.state !== "LEASED" || bead.epoch !== epoch || bead.leaseUntil === null) return { current: false, leaseUntil: 0 };
  const until = now() + byMs;
  if (until - bead.leaseUntil < MIN_EXTENSION_MS) return { current: true, leaseUntil: bead.leaseUntil };
  store.beads.patch(beadId, { leaseUntil: until });
  return { current: true, leaseUntil: until };
}

/**
 * Goes on with the lease of a bead whose check runs, as long as one try of it may take. It is asked when the lease expires:
 * a check that is quicker writes nothing.
 *
 * @returns whether the bead is still being checked
 */
export function keepForCheck({ store, underCheck, now }: RunContext, { beadId, epoch }: Bead): boolean {
  const until = (underCheck.get(checkKey(beadId, epoch)) ?? Number.NEGATIVE_INFINITY) + CHECK_LEASE_MS;
  if (until <= now()) return false;
  store.beads.patch(beadId, { leaseUntil: until });
  return true;
}

/** What a slot that asks for work is told beside its beads. Beads that the dispatch gate holds back are waited for. */
export function workState({ store, gate }: RunContext, run: Run): WorkState {
  if (run.status !== "open") return "complete";
  if (store.beads.countReady(1) > 0) return gate.isOpen(run) ? "ready" : "waiting";
  const { LEASED = 0, READY = 0, WAITING = 0, BLOCKED = 0, FAILED = 0 } = store.beads.stateCounts();
  if (LEASED + READY + WAITING > 0) return "waiting";
  return BLOCKED + FAILED > 0 ? "blocked" : "complete";
}
