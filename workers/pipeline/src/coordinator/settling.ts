/** How a bead's outcome is settled: DONE, another attempt, FAILED, or WAITING for a person. Each is one transaction's work. */
import { ERRORS, ulidId } from "@factory/schemas";
import type { BeadState, ErrorCode, Tree } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict, FailureClass } from "@factory/schemas/rpc";
import { allPassed } from "@factory/verification";
import { digestAt, treeDigest } from "@factory/workspace";
import { askToApply } from "./approvals.ts";
import { mayApply } from "./autonomy.ts";
import type { ScopeViolation } from "./check-plans.ts";
import type { RunContext } from "./context.ts";
import { endingOf, firingsOf, recordChecks, recordEnding, reportFidelity } from "./evidence.ts";
import { boundedFeedback, failureText, feedbackOf } from "./feedback.ts";
import { noteAttempt } from "./progress.ts";
import type { Bead } from "./store/bead-store.ts";
import { keepForCheck } from "./leases.ts";
import type { Run } from "./store/run-store.ts";
import { retryWaitMs } from "./retry.ts";
import { agentOf, moveBead } from "./transitions.ts";
import type { Verification } from "./verification.ts";

/** Failures in a row that say nothing of the code, after which a person has to look: about an hour under the back-off. */
export const MAX_FAULTS = 20;

/** What checking a candidate found. */
export type Checked = Extract<Verification, { kind: "checked" }>;

/** A fault of the surroundings. */
type Fault = {
  /** Whose fault it is: how long to wait depends on it. */
  readonly failureClass?: "infrastructure" | "provider";
  readonly code: ErrorCode;
  readonly message: string;
  /** Why the epoch is closed and the bead handed out again at once; absent when its holder gave it back and a wait may help. */
  readonly closed?: "expired" | "moved";
};

/** Takes an end that says nothing of the work as a fault of the surroundings, up to the bound. No attempt is burnt. */
export function faultBead(
  context: RunContext,
  run: Run,
  bead: Bead,
  { failureClass = "infrastructure", code, message, closed }: Fault,
  reported: BeadOutcome | null,
): BeadState {
  const faults = bead.faults + 1;
  const exhausted = faults >= MAX_FAULTS || ERRORS[code].retry === "never";
  recordEnding(context, run, bead, { ...endingOf("INFRASTRUCTURE", exhausted, message, reported), blockers: exhausted ? [message] : [] });
  const why = { reason: message, errorCode: code, ...(closed === "expired" ? { rescued: true } : {}) };
  const patch = { faults, epoch: closed === undefined ? bead.epoch : bead.epoch + 1 };
  if (exhausted) return moveBead(context, run, bead, "FAILED", why, patch).state;
  // A closed epoch is dispatched at once: nobody holds it any longer, and what ended it is over.
  const waitMs = closed === undefined ? retryWaitMs(failureClass, faults, bead.directive, context.random) : 0;
  return moveBead(context, run, bead, "READY", why, { ...patch, notBefore: context.now() + waitMs }).state;
}

/** Whether nobody holds the bead any more; a holder that could not have been heard of is given time. */
function isOrphaned({ store, vigil, now }: RunContext, bead: Bead): boolean {
  const until = vigil.graceOf(bead, now());
  if (until !== null) store.beads.patch(bead.beadId, { leaseUntil: until });
  return until === null;
}

/** Takes expired leases back: the beads are READY again under the next epoch, and nothing their holders still send counts. */
export function rescueExpired(context: RunContext, run: Run): number {
  const expired = context.store.beads.expired(context.now()).filter((bead) => !keepForCheck(context, bead) && isOrphaned(context, bead));
  for (const bead of expired) {
    faultBead(context, run, bead, { code: "UNAVAILABLE", message: `The lease of ${agentOf(bead.slot) ?? "nobody"} expired.`, closed: "expired" }, null);
  }
  return expired.length;
}

/** A checked change set: merged when it passed and its agent may, put to a person when it may not, else not good enough. */
export function settleChecked(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, checked: Checked): BeadVerdict {
  if (!allPassed(checked.results)) return settleFailedChecks(context, run, bead, outcome, checked);
  if (mayApply(outcome.autonomy) && !waitsForLeave(context, bead)) return mergeChecked(context, bead, outcome, checked);
  const checks = recordChecks(context, run, bead, treeDigest(checked.tree), checked.results);
  return verdictOf(askToApply(context, run, bead, outcome, checks), outcome.epoch, "The required checks passed; its change set waits for a person.");
}

/** Whether a person has to agree whatever the agent may do: a merge bead brings in what another agent may not apply alone. */
function waitsForLeave({ store }: RunContext, { role, beadId }: Bead): boolean {
  return role === "integrator" && store.graph.merge(beadId)?.leaveRequired === true;
}

/** Writes a change set that passed into the run tree: the bead is DONE. */
export function mergeChecked(context: RunContext, bead: Bead, outcome: BeadOutcome, { tree, written, results, unexercised, checkMs }: Checked): BeadVerdict {
  const run = context.store.requireRun();
  context.store.tree.write(tree, written, bead.beadId);
  const checks = recordChecks(context, run, bead, treeDigest(tree), results);
  const summary = outcome.result.kind === "task" ? outcome.result.task.reasoning : "";
  const { traceId } = recordEnding(context, run, bead, { ...endingOf("SUCCESS", false, summary, outcome), checks });
  reportFidelity(context, run, bead, traceId, { results, unexercised, checkMs: checkMs + outcome.checkMs });
  const done = moveBead(context, run, bead, "DONE", { reason: `${results.length} required checks passed on the merged tree.` }, { faults: 0, feedback: [] });
  return verdictOf(done, outcome.epoch, "The required checks passed.");
}

/** Checks that failed are an ordinary failure of quality, whatever the autonomy. */
export function settleFailedChecks(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, checked: Checked): BeadVerdict {
  return settleQuality(context, run, bead, outcome, { kind: "FAILURE", reason: failureText(checked.results), feedback: feedbackOf(checked.results), checked });
}

/** What is wrong with a result. */
type Shortfall = {
  readonly kind: "FAILURE" | "TIMEOUT";
  readonly reason: string;
  readonly feedback: readonly string[];
  readonly checked?: Checked;
  /** True when it is what peers have done meanwhile: that says nothing of whether the work goes on. */
  readonly peers?: true;
};

/** A result that is not good enough: another attempt with feedback, or FAILED when none is left. */
export function settleQuality(
  context: RunContext,
  run: Run,
  bead: Bead,
  outcome: BeadOutcome,
  { kind, reason, feedback, checked, peers }: Shortfall,
): BeadVerdict {
  const { maxAttempts } = bead.directive.retryPolicy;
  const attempts = bead.attempts + 1;
  const stopped = peers === true ? null : noteAttempt(context, bead, outcome, checked?.results ?? []);
  const exhausted = attempts >= maxAttempts || stopped !== null;
  const why = stopped === null ? reason : `${reason} ${stopped}`;
  const checks = checked === undefined ? [] : recordChecks(context, run, bead, treeDigest(checked.tree), checked.results);
  const { traceId } = recordEnding(context, run, bead, {
    ...endingOf(kind, exhausted, why, outcome),
    checks,
    firings: firingsOf(checked?.results ?? []),
    blockers: checked === undefined ? feedback : [],
    ...(checked === undefined ? {} : { judgedTree: () => withWritten(context.store.tree.all(), checked) }),
  });
  if (checked !== undefined) reportFidelity(context, run, bead, traceId, { ...checked, checkMs: checked.checkMs + outcome.checkMs });
  const patch = { attempts, faults: 0, feedback: boundedFeedback([reason, ...feedback]) };
  const next = exhausted
    ? moveBead(context, run, bead, "FAILED", { reason: why, errorCode: endCode(kind, attempts < maxAttempts) }, patch)
    : moveBead(
        context,
        run,
        bead,
        "READY",
        { reason },
        { ...patch, notBefore: context.now() + retryWaitMs("quality", attempts, bead.directive, context.random) },
      );
  return verdictOf(next, outcome.epoch, why);
}

/** With attempts left it is the lack of progress that ended it. */
function endCode(kind: Shortfall["kind"], attemptsLeft: boolean): ErrorCode {
  if (attemptsLeft) return "NO_PROGRESS";
  return kind === "TIMEOUT" ? "DEADLINE_EXCEEDED" : "GATE_REFUSED";
}

/** The whole run tree as the checks would have left it. */
function withWritten(runTree: Tree, { tree, written }: Checked): Tree {
  const judged = new Map(Object.entries(runTree));
  for (const path of written) {
    const digest = digestAt(tree, path);
    if (digest === null) judged.delete(path);
    else judged.set(path, digest);
  }
  return Object.fromEntries(judged);
}

/** A failure outside the work, by its class. */
export function settleFailure(
  context: RunContext,
  run: Run,
  bead: Bead,
  outcome: BeadOutcome,
  { failureClass, code, message }: { readonly failureClass: FailureClass; readonly code: ErrorCode; readonly message: string },
): BeadVerdict {
  const faulted = (fault: Fault): BeadVerdict => ({
    beadId: bead.beadId,
    epoch: outcome.epoch,
    accepted: true,
    state: faultBead(context, run, bead, fault, outcome),
    reason: message,
  });
  switch (failureClass) {
    case "infrastructure":
    case "provider":
      return faulted({ failureClass, code, message });
    case "stale":
      // Whatever code it came with: a person's change of the knowing-state is no end of the bead.
      return faulted({ code: "STALE_TARGET", message, closed: "moved" });
    case "quality":
      return settleQuality(context, run, bead, outcome, { kind: "FAILURE", reason: message, feedback: [] });
    case "timeout":
      return settleQuality(context, run, bead, outcome, { kind: "TIMEOUT", reason: message, feedback: [] });
    case "governance":
      return settleBreach(context, run, bead, outcome, { code, reason: message, paths: [] });
    default:
      return failureClass satisfies never;
  }
}

/** A breach of consent, autonomy or scope: the bead fails without another attempt. */
export function settleBreach(
  context: RunContext,
  run: Run,
  bead: Bead,
  outcome: BeadOutcome,
  { code, reason, paths }: ScopeViolation & { readonly code: ErrorCode },
): BeadVerdict {
  recordEnding(context, run, bead, { ...endingOf("GOVERNANCE", true, reason, outcome), blockers: [reason], scopeViolations: paths });
  return verdictOf(moveBead(context, run, bead, "FAILED", { reason, errorCode: code }), outcome.epoch, reason);
}

/** The operative has no way: the same directive gives the same answer again, so no further attempt is spent on it. */
export function settleBlocked(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, blockers: readonly string[], reasoning: string): BeadVerdict {
  const reason = blockers.join("; ") || reasoning || "The operative is blocked and gave no reason.";
  recordEnding(context, run, bead, { ...endingOf("BLOCKED", true, reasoning, outcome), blockers: blockers.length > 0 ? blockers : [reason] });
  return verdictOf(
    moveBead(context, run, bead, "FAILED", { reason, errorCode: "CANDIDATES_EXHAUSTED" }, { attempts: bead.attempts + 1 }),
    outcome.epoch,
    reason,
  );
}

/** The operative asks: the bead waits for the answer, without a lease. */
export function settleQuestion(context: RunContext, run: Run, bead: Bead, outcome: BeadOutcome, question: string): BeadVerdict {
  const clarificationId = ulidId("CLR", context.now());
  const waiting = moveBead(context, run, bead, "WAITING", { reason: `It asks: ${question}` }, { clarificationId, question, answer: null });
  context.ledger.event(run.runId, "CLARIFICATION_REQUESTED", { clarificationId, beadId: bead.beadId, question });
  context.ledger.report(`run:${clarificationId}`, { outcome: "clarification", clarificationId, beadId: bead.beadId, title: bead.title, question });
  return verdictOf(waiting, outcome.epoch, "It waits for an answer.");
}

/** The verdict of an outcome that counted. */
export function verdictOf(bead: Bead, epoch: number, reason: string): BeadVerdict {
  return { beadId: bead.beadId, epoch, accepted: true, state: bead.state, reason };
}
