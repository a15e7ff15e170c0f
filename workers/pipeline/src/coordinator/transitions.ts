/** The one way a bead changes its state: the row, the event, and what the change releases. */
import { BEAD_TRANSITIONS } from "@factory/schemas";
import type { BeadState, EventPayload } from "@factory/schemas";
import type { RunContext } from "./context.ts";
import { rankOf } from "../rank.ts";
import { COORDINATOR_SLOT } from "./store/bead-store.ts";
import type { Bead, BeadPatch } from "./store/bead-store.ts";
import type { Run } from "./store/run-store.ts";

/** States in which no person's leave is waited for or holds: the bead has ended, or a re-opening has set it back. */
const LEAVES_NO_REQUEST: ReadonlySet<BeadState> = new Set(["BLOCKED", "DONE", "FAILED", "CANCELLED"]);

/** Why a bead moves, for its event. */
export type MoveReason = {
  readonly reason: string;
  readonly errorCode?: string;
  /** True when the lease was taken away because it expired. */
  readonly rescued?: boolean;
};

type BeadEvent = EventPayload<"BEAD_CLAIMED">;

/** Who holds a slot, for events. */
export function agentOf(slot: number | null): string | undefined {
  if (slot === null) return undefined;
  return slot === COORDINATOR_SLOT ? "coordinator" : `operative:${slot}`;
}

/** The attempt a bead is in or was in last, from 1; 0 before the first. */
export function attemptOf(bead: Bead): number {
  return bead.state === "LEASED" || bead.state === "DONE" || bead.state === "WAITING" ? bead.attempts + 1 : bead.attempts;
}

/**
 * Moves a bead and tells of it. Whoever leaves LEASED gives the lease back; a bead that is DONE or FAILED releases the
 * children that wait for nothing else. Whatever a person was asked of a bead that ends or begins anew is asked no more.
 *
 * @throws Error for a step the state machine does not have: the caller decided on something stale.
 */
export function moveBead(context: RunContext, run: Run, bead: Bead, to: BeadState, why: MoveReason, patch: BeadPatch = {}): Bead {
  if (bead.state !== to && !BEAD_TRANSITIONS[bead.state].includes(to)) throw new Error(`${bead.beadId} cannot go from ${bead.state} to ${to}.`);
  const { store, approvals, budget, ledger, now } = context;
  const lease: BeadPatch = to === "LEASED" ? {} : { slot: null, leaseUntil: null, claimedAt: null, ...(bead.reservedUsd > 0 ? { reservedUsd: 0 } : {}) };
  if (to !== "LEASED" && bead.reservedUsd > 0) budget.forfeit(bead.reservedUsd);
  if (bead.state === "WAITING") budget.endWait(bead.beadId);
  const { notBefore = bead.notBefore, priority = bead.priority, delayed = bead.delayed } = patch;
  const change: BeadPatch = { state: to, ...lease, ...patch, ...orderOf({ notBefore, priority, delayed }, to, now()) };
  const moved = store.beads.patch(bead.beadId, change);
  if (bead.state !== to) {
    const payload = eventOf(run, bead, moved, why, now());
    ledger.event(run.runId, eventKind(bead.state, to, why), payload);
  }
  if (LEAVES_NO_REQUEST.has(to)) approvals.forget(bead.beadId);
  if (to === "DONE") release(context, run, bead.beadId, "all");
  if (to === "FAILED") release(context, run, bead.beadId, "optional");
  return moved;
}

/** Where a bead that becomes READY stands among those that may be claimed, and whether it has to wait for its time first. */
function orderOf({ notBefore, priority, delayed }: Pick<Bead, "notBefore" | "priority" | "delayed">, to: BeadState, now: number): BeadPatch {
  if (to === "READY") return { rank: rankOf(Math.max(now, notBefore), priority), delayed: notBefore > now };
  return delayed ? { delayed: false } : {};
}

/** Lowers the counter of the children of a parent that ended; who waits for nothing more is READY. */
function release(context: RunContext, run: Run, parentId: string, edges: "all" | "optional"): void {
  const { beads } = context.store;
  const at = context.now();
  // Beads that are released together have waited equally long: their order is the seed's.
  const together: RunContext = { ...context, now: () => at };
  for (const child of beads.childrenOf(parentId, edges)) {
    if (child.pending === 0) continue;
    const pending = child.pending - 1;
    if (pending > 0 || child.state !== "BLOCKED") beads.patch(child.beadId, { pending });
    else moveBead(together, run, child, "READY", { reason: "Everything it waits for has ended." }, { pending });
  }
}

function eventKind(
  from: BeadState,
  to: BeadState,
  { rescued }: MoveReason,
): "BEAD_CLAIMED" | "BEAD_RELEASED" | "BEAD_FAILED" | "BEAD_RESCUED" | "BEAD_STATE_CHANGED" {
  if (to === "LEASED") return "BEAD_CLAIMED";
  if (to === "FAILED") return "BEAD_FAILED";
  if (from === "LEASED" && to === "DONE") return "BEAD_RELEASED";
  return from === "LEASED" && to === "READY" && rescued === true ? "BEAD_RESCUED" : "BEAD_STATE_CHANGED";
}

function eventOf(run: Run, before: Bead, after: Bead, { reason, errorCode }: MoveReason, now: number): BeadEvent {
  const agentId = agentOf(after.slot ?? before.slot);
  const { beadId, atomId, title, role, epoch, cycle } = after;
  // In canonical order, in which no key has to be moved for the log.
  return {
    ...(agentId === undefined ? {} : { agentId }),
    atomId,
    attempt: after.state === "FAILED" ? after.attempts : Math.max(attemptOf(before), attemptOf(after)),
    beadId,
    cycle,
    ...(before.claimedAt === null ? {} : { durationMs: Math.max(0, now - before.claimedAt) }),
    epoch,
    ...(errorCode === undefined ? {} : { errorCode }),
    fromState: before.state,
    reason,
    role,
    runId: run.runId,
    team: after.directive.team,
    title,
    toState: after.state,
  };
}

/** Tells of a bead that a seed or an amendment has just made. */
export function announceBead({ ledger }: RunContext, run: Run, bead: Bead, reason = "seeded"): void {
  const { beadId, atomId, title, role, epoch, cycle, state, directive } = bead;
  const identity = { beadId, runId: run.runId, atomId, title, team: directive.team, role, epoch, cycle };
  ledger.event(run.runId, "BEAD_STATE_CHANGED", { ...identity, fromState: "", toState: state, attempt: 0, reason });
}
