/** Handing beads to slots under leases, extending them, and taking them back. */
import type { ClaimedBead, WorkState } from "@factory/schemas/rpc";
import type { RunContext } from "./context.ts";
import type { Bead, Run } from "./run-store.ts";
import { claimsOfCheck } from "./seed-graph.ts";
import { agentOf, attemptOf, moveBead } from "./transitions.ts";

/** Four missed heartbeats: an operative that is silent for so long is taken as gone. */
export const LEASE_TTL_MS = 2 * 60_000;
/** A check may wait for a sandbox that restarts and run a minute; it extends the lease by this at each try. */
export const CHECK_LEASE_MS = 5 * 60_000;
/** An extension that gains less is not written: a row and a commit for each tool call would cost more than the call. */
const MIN_EXTENSION_MS = 10_000;
/** Beads one exchange may hand out. */
export const MAX_WANT = 16;

/**
 * The beads for a slot: first those it holds already, so that a broken call is repeated and loses nothing, then READY ones
 * in seed order under new epochs.
 */
export function claimBeads(context: RunContext, run: Run, slot: number, want: number): ClaimedBead[] {
  if (run.status !== "open") return [];
  const limit = Math.min(Math.max(0, Math.trunc(want)), MAX_WANT);
  const held = context.store.heldBeads(slot).slice(0, limit);
  const now = context.now();
  for (const { beadId } of held) context.store.patchBead(beadId, { leaseUntil: now + LEASE_TTL_MS });
  const fresh = held.length < limit ? context.store.readyBeads(now, limit - held.length).map((bead) => leaseBead(context, run, bead, slot)) : [];
  const beads = [...held, ...fresh];
  if (beads.length === 0) return [];
  const tree = context.store.tree();
  return beads.map((bead) => claimedBead(context, run, bead, now + LEASE_TTL_MS, tree));
}

/** Leases a READY bead to a slot under the next epoch. */
export function leaseBead(context: RunContext, run: Run, bead: Bead, slot: number): Bead {
  const now = context.now();
  return moveBead(
    context,
    run,
    bead,
    "LEASED",
    { reason: `claimed by ${agentOf(slot) ?? "nobody"}` },
    { epoch: bead.epoch + 1, slot, claimedAt: now, leaseUntil: now + LEASE_TTL_MS },
  );
}

function claimedBead({ store, approvals }: RunContext, run: Run, bead: Bead, leaseUntil: number, tree: ClaimedBead["tree"]): ClaimedBead {
  const needed = new Set([...bead.directive.claimRefs, ...claimsOfCheck(bead.directive.successCheck)]);
  // A second criterion on a function shares the examples of the first, so the first travels along.
  const claims = store.claims();
  const functions = new Set(claims.filter(({ claimId }) => needed.has(claimId)).flatMap(({ functionName }) => functionName ?? []));
  const leave = approvals.live(bead.beadId, "start");
  const shown = claims.filter(({ claimId, functionName }) => needed.has(claimId) || (functionName !== undefined && functions.has(functionName)));
  return {
    beadId: bead.beadId,
    epoch: bead.epoch,
    attempt: attemptOf({ ...bead, state: "LEASED" }),
    cycle: bead.cycle,
    leaseUntil,
    directive: bead.directive,
    specificationId: run.specificationId,
    ...(leave === null || leave.decidedBy === null ? {} : { approval: { requestId: leave.requestId, by: leave.decidedBy } }),
    tree,
    claims: shown.map(({ holdout: _hidden, ...visible }) => visible),
    invariants: store.invariants().filter(({ invariantId }) => bead.directive.invariantIds.includes(invariantId)),
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
  const bead = store.bead(beadId);
  if (bead === null || bead.state !== "LEASED" || bead.epoch !== epoch || bead.leaseUntil === null) return { current: false, leaseUntil: 0 };
  const until = now() + byMs;
  if (until - bead.leaseUntil < MIN_EXTENSION_MS) return { current: true, leaseUntil: bead.leaseUntil };
  store.patchBead(beadId, { leaseUntil: until });
  return { current: true, leaseUntil: until };
}

/** What a slot that asks for work is told beside its beads. */
export function workState({ store, now }: RunContext, run: Run): WorkState {
  if (run.status !== "open") return "complete";
  if (store.readyCount(now()) > 0) return "ready";
  const { LEASED = 0, READY = 0, WAITING = 0, BLOCKED = 0, FAILED = 0 } = store.stateCounts();
  if (LEASED + READY + WAITING > 0) return "waiting";
  return BLOCKED + FAILED > 0 ? "blocked" : "complete";
}
