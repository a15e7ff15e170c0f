/**
 * What lets a session's run be dispatched, and a new clearance whenever the one it has does not do. A person's approval never
 * replaces policy, nor policy a person where one has to be asked.
 */
import { RetryableError } from "@factory/durable";
import type { Refusal } from "@factory/schemas";
import type { BlockedReport } from "./clearance-answers.ts";
import type { SessionContext } from "./context.ts";
import { approvalBasis } from "./approval-basis.ts";
import { askDispatch, denialText, recordOf } from "./dispatch-policy.ts";
import { followSuspensions } from "./standing-suspensions.ts";
import type { ClearanceCall } from "./governance-store.ts";

/** A call with the number of the run's beads. */
type KnownCall = ClearanceCall & { readonly beads: number };

/** Blocks that a new clearance mends without a person: nothing was asked for beyond what was approved. */
const RENEWED: ReadonlySet<BlockedReport["code"]> = new Set(["DISPATCH_STALE_CLEARANCE", "DISPATCH_NO_CLEARANCE"]);

/** Asks policy for the new clearance that is due. @throws RetryableError while policy does not answer */
export async function renewClearance(context: SessionContext): Promise<void> {
  const { store, ledger, governance, deps } = context;
  if (governance.due() === null) return;
  await followSuspensions(context);
  const due = governance.due();
  if (due === null || governance.holdsClearance()) return;
  const call = { ...due, beads: due.beads ?? (await beadsOfRun(context)) };
  const decision = await askDispatch(context, call);
  store.transaction(() => {
    const { ending, run } = store.requireSession();
    if (ending !== null || run !== "running" || governance.holdsClearance()) return;
    if (decision.allowed) {
      governance.permit(call, recordOf(decision));
      ledger.clear(call.requestId);
    } else {
      governance.deny(call.requestId);
      askAgain(context, call, `Policy denies a new clearance: ${denialText(decision)}`);
    }
    store.patch({ stuck: null }, deps.now());
  });
}

/** Beads of the run as it is now; what was cancelled is none of them. @throws RetryableError while the coordinator does not tell */
async function beadsOfRun({ store, deps }: SessionContext): Promise<number> {
  const { org, runId } = store.requireSession();
  const record = runId === null ? null : await deps.coordinator(org, runId).record();
  if (record === null) throw new RetryableError("The coordinator has no record of the run.");
  return record.beads.filter(({ state }) => state !== "CANCELLED").length;
}

/** Mediation will never write this clearance: a person is asked. */
export function onClearRefused(context: SessionContext, requestId: string, refusal: Refusal): void {
  const { store, governance, deps } = context;
  store.transaction(() => {
    const call = governance.asked(requestId);
    governance.deny(requestId);
    if (store.requireSession().ending !== null) return;
    askAgain(context, call, `A new clearance could not be written (${refusal.code}): ${refusal.message}`);
    store.patch({}, deps.now());
  });
}

/** Takes a report in the caller's transaction: what a new clearance mends is called for, everything else waits for a person. */
export function takeBlocked(context: SessionContext, report: BlockedReport): void {
  const { store, governance, deps } = context;
  if (store.hasBlockedReport(report.requestId)) return;
  const seq = store.addRunReport(report);
  if (!RENEWED.has(report.code)) return;
  store.handleReport(seq, deps.now());
  // While a suspension holds it, having none is what was ordered; lifting it calls for a new one.
  if (governance.holdsClearance()) return;
  governance.call({ ...report, basis: approvalBasis(context), askedFor: null });
}

/** Why nothing new can be written, as a report that a person has to answer. */
function askAgain({ store }: SessionContext, { requestId, code, beads }: KnownCall, problem: string): void {
  const message = "The run has no clearance that does.";
  store.addRunReport({ outcome: "blocked", requestId, code, message, clearanceId: null, beads, ceiling: null }, problem);
}
