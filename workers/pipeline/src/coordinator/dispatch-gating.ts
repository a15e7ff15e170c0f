/**
 * The dispatch gate of one run, over its rows: it holds what it has read of the clearance, compares numbers that are in memory, and
 * tells the session once of each block.
 */
import { refuse, ulidId } from "@factory/schemas";
import type { Clearance, DispatchBlock, Result } from "@factory/schemas";
import type { RunContext } from "./context.ts";
import { CLEARANCE_SKEW_MS, dispatchBlock, readStanding, staleFrom } from "./dispatch-gate.ts";
import type { Blocked, Standing, StoredClearance } from "./dispatch-gate.ts";
import type { HeldClearance } from "./store/clearance-store.ts";
import type { Run, RunStore } from "./store/run-store.ts";

/** A block that lasts is told again by a poke after this, in case what was told came to nothing: ten minutes. */
export const RETELL_MS = 10 * 60_000;

/** Blocks that end without a person's decision are told when something is held back by them, and not before. */
const NEEDS_NOBODY: ReadonlySet<DispatchBlock> = new Set(["DISPATCH_NO_CLEARANCE", "DISPATCH_STALE_CLEARANCE"]);

/** The gate of one run. */
export class DispatchGate {
  readonly #store: RunStore;
  readonly #now: () => number;
  readonly #isOwn: (org: string, runId: string) => boolean;
  /** Not persisted: what the clearance in place says, read once. */
  #read: { readonly of: HeldClearance; readonly standing: Standing } | undefined;

  /** @param isOwn - whether the object that holds the run was made for it */
  constructor(store: RunStore, now: () => number, isOwn: (org: string, runId: string) => boolean) {
    this.#store = store;
    this.#now = now;
    this.#isOwn = isOwn;
  }

  /** Whether anything of the run may be handed out now. */
  isOpen(run: Run): boolean {
    return this.block(run) === null;
  }

  /** Why nothing of the run may be handed out now; null when everything may. */
  block(run: Run): Blocked | null {
    const { beads } = this.#store;
    return dispatchBlock(this.#standing(run), { beads: beads.countLive(), teams: beads.watched.teams(), research: beads.watched.research() }, this.#now());
  }

  /** What a clearance would say, by itself, in the place of the run's. */
  reads({ org, sessionId, runId, assembly }: Run, stored: StoredClearance): Standing {
    const isOwn = this.#isOwn(org, runId);
    return readStanding({ sessionId, runId, assembly, isOwn, firstStranger: (ids) => this.#store.beads.firstStranger(ids) }, stored);
  }

  /** When the gate closes because the clearance goes stale, in epoch milliseconds; null when it is closed, or nothing would be held back by that. */
  closesAt(run: Run): number | null {
    if (run.status !== "open" || this.#store.beads.countReady(1) === 0 || !this.isOpen(run)) return null;
    const standing = this.#standing(run);
    return standing.kind === "cleared" ? staleFrom(standing.writtenAt) : null;
  }

  #standing(run: Run): Standing {
    const held = this.#store.clearance.held();
    if (this.#read?.of !== held) this.#read = { of: held, standing: this.reads(run, held) };
    return this.#read.standing;
  }
}

/**
 * Puts a clearance in the place of the run's, or takes it away. What was given already, or was written before the clearance was
 * taken away, changes nothing. Refuses NOT_FOUND for a clearance of a run that is not seeded, DISPATCH_NO_SESSION,
 * DISPATCH_MISSING_FIELD and DISPATCH_MALFORMED for one that no run like this could be cleared by.
 */
export function clearRun({ store, gate, now, log }: RunContext, clearance: Clearance | null, reason: string): Result {
  if (clearance === null) {
    // It may arrive before the seed does; the seed's own clearance does not lift it.
    store.clearance.put(null, reason, now());
    return { ok: true };
  }
  const run = store.run();
  if (run === null) return refuse("NOT_FOUND", "The run is not seeded.");
  const body = JSON.stringify(clearance);
  const standing = gate.reads(run, { body, reason: null });
  if (standing.kind === "blocked") return refuse(standing.blocked.code, standing.blocked.message);
  if (standing.writtenAt - now() > CLEARANCE_SKEW_MS)
    return refuse("DISPATCH_MALFORMED", `The clearance is dated ${standing.clearance.timestamp}, which has not come yet.`);
  const held = store.clearance.held();
  if (held.body === body) return { ok: true };
  if (held.serial > 0 && held.body === null && standing.writtenAt < held.setAt) {
    // It was on its way when the run's clearance was taken away; whoever gives it back writes a new one.
    const ids = { run: run.runId, clearance: standing.clearance.clearanceId };
    log.event({ op: "run.clear", outcome: "refused", durationMs: 0, ids, fields: { reason: "It is older than the withdrawal of the run's clearance." } });
    return { ok: true };
  }
  store.clearance.put(body, null, now());
  return { ok: true };
}

/** Tells the session and its log that nothing is handed out: once for each clearance and code. It follows every commit. */
export function tellBlock(context: RunContext, run: Run): void {
  const { store, gate, ledger, now, log } = context;
  if (run.status !== "open") return;
  const blocked = gate.block(run);
  if (blocked === null || store.clearance.told(blocked.code) !== null) return;
  if (NEEDS_NOBODY.has(blocked.code) && !isHeldBack(context)) return;
  const { code, message, clearanceId, ceiling } = blocked;
  const beads = store.beads.countLive();
  const report = { outcome: "blocked", requestId: ulidId("APR", now()), code, message, clearanceId, beads, ceiling } as const;
  store.clearance.keepTold(report, now());
  const payload = { runId: run.runId, code, message, beads };
  ledger.event(run.runId, "DISPATCH_BLOCKED", { ...payload, ...(clearanceId === null ? {} : { clearanceId }), ...(ceiling === null ? {} : { ceiling }) });
  ledger.report(effectOf(report), report);
  log.event({
    op: "dispatch.gate",
    outcome: "refused",
    durationMs: 0,
    ids: { run: run.runId, clearance: clearanceId ?? "" },
    fields: { code, message, beads },
  });
}

/** Tells a block again that has lasted; the session knows the report by its request. */
export function tellBlockAgain({ store, gate, ledger, now }: RunContext): void {
  const run = store.run();
  const blocked = run === null || run.status !== "open" ? null : gate.block(run);
  const told = blocked === null ? null : store.clearance.told(blocked.code);
  if (told === null || now() - told.toldAt < RETELL_MS) return;
  store.clearance.keepTold(told.report, now());
  ledger.report(effectOf(told.report), told.report);
}

function effectOf({ requestId }: { readonly requestId: string }): string {
  return `run:${requestId}`;
}

/** Whether something could begin if the gate were open. */
function isHeldBack({ store, approvals, now }: RunContext): boolean {
  if (store.beads.countReady(1) > 0 || approvals.nextToApply(now()) !== null) return true;
  return store.molecules.dueOutcomes(now()).some((beadId) => store.beads.get(beadId)?.state === "READY");
}
