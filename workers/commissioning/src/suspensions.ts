/** Suspension by order of two people: the run's clearance is taken, and none is written until the order is lifted. */
import type { Result } from "@factory/schemas";
import { isTerminalSession, refuse } from "@factory/schemas";
import { approvalBasis } from "./approval-basis.ts";
import type { SessionContext } from "./context.ts";

/** Suspends in the caller's transaction; an order that is known, and one on a session that has ended, changes nothing. */
export function suspend(context: SessionContext, reason: string, dispositionEventId: string): Result {
  const { store, governance, deps } = context;
  const session = store.session();
  if (session === null) return refuse("NOT_FOUND");
  if (isTerminalSession(session.state) || governance.suspension(dispositionEventId) !== null) return { ok: true };
  governance.suspend(dispositionEventId, reason, deps.now());
  tellRun(context);
  showSuspension(context);
  return { ok: true };
}

/** Lifts every order in the caller's transaction, and calls for a new clearance where a run waits. */
export function unsuspend(context: SessionContext, dispositionEventId: string): Result {
  const { store, governance, deps } = context;
  const session = store.session();
  if (session === null) return refuse("NOT_FOUND");
  if (isTerminalSession(session.state) || governance.suspensions().length === 0) return { ok: true };
  governance.lift(deps.now());
  if (session.run === "running") {
    governance.call({ requestId: dispositionEventId, code: "DISPATCH_NO_CLEARANCE", beads: null, basis: approvalBasis(context), askedFor: null });
  }
  showSuspension(context);
  return { ok: true };
}

/** Has the run's clearance taken for every order it does not know of; without a run there is nothing to take yet. */
export function tellRun({ store, governance, ledger }: SessionContext): void {
  const { runId, run, ending } = store.requireSession();
  if (runId === null || run !== "running" || ending !== null) return;
  for (const { dispositionEventId, reason } of governance.untold()) {
    governance.telling(dispositionEventId);
    ledger.suspendRun({ runId, dispositionEventId, reason: suspensionText(reason) });
  }
}

/** The session says why it stands still, and where it is listed too. */
function showSuspension({ store, governance, ledger, deps }: SessionContext): void {
  const [first] = governance.suspensions();
  store.patch({ suspended: first === undefined ? null : suspensionText(first.reason) }, deps.now());
  ledger.register();
}

/** Why a session stands still, for people. */
function suspensionText(reason: string): string {
  return `Suspended by order of two people: ${reason}`;
}
