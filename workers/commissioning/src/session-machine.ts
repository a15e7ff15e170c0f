/** What a session does next, from its rows alone. Nothing here acts. */
import { canMoveSession, isTerminalSession, PASSES } from "@factory/schemas";
import type { PassName, SessionState } from "@factory/schemas";
import type { SessionRow } from "./session-store.ts";

/** One unit of work; each ends in one transaction that moves the session's version on. */
export type Step =
  | { readonly kind: "idle" }
  | { readonly kind: "intake" }
  | { readonly kind: "pass"; readonly pass: PassName }
  | { readonly kind: "semantic-review" }
  | { readonly kind: "ask-approval" }
  | { readonly kind: "compile" }
  | { readonly kind: "clear" }
  | { readonly kind: "run-report" }
  | { readonly kind: "acceptance" }
  | { readonly kind: "delivery" }
  | { readonly kind: "cancel-run" }
  | { readonly kind: "barrier" }
  | { readonly kind: "seal" };

/** The facts a decision rests on. */
export type SessionView = {
  readonly row: Pick<SessionRow, "state" | "ending" | "mediation" | "run" | "sealing">;
  readonly intakeDone: boolean;
  readonly donePasses: ReadonlySet<string>;
  /** The intent specification as it is now has passed its review against the order's text. */
  readonly semanticReviewDone: boolean;
  readonly reviewOpen: boolean;
  readonly reportPending: boolean;
  /** The run needs a new clearance that policy has not been asked for. */
  readonly clearanceDue: boolean;
  /** No clearance may be written: two people ordered that. */
  readonly clearanceHeld: boolean;
  /** Adopted amendments mediation has not answered for. */
  readonly amendsInFlight: number;
};

const IDLE: Step = { kind: "idle" };

/** The next step; `idle` when the session waits for somebody or has ended. */
export function nextStep(view: SessionView): Step {
  const { row } = view;
  if (isTerminalSession(row.state)) return IDLE;
  if (row.ending !== null) return endingStep(view);
  // What a person is asked does not stop the rest of the run, and neither may the age of its clearance.
  if (view.reviewOpen) return clearStep(view);
  switch (row.state) {
    case "COMMISSIONING":
      return commissioningStep(view);
    case "EXECUTING":
      return view.reportPending ? { kind: "run-report" } : clearStep(view);
    case "ACCEPTING":
      return { kind: "acceptance" };
    case "DELIVERING":
      return { kind: "delivery" };
    case "COMPILING":
      return row.mediation === "none" && !view.clearanceHeld ? { kind: "compile" } : IDLE;
    case "SUBMITTED":
    case "AWAITING_APPROVAL":
    case "IN_REVIEW":
    case "COMPLETED":
    case "FAILED":
    case "CANCELLED":
    case "REJECTED":
      return IDLE;
    default:
      return row.state satisfies never;
  }
}

function clearStep({ row, clearanceDue, clearanceHeld }: SessionView): Step {
  return row.run === "running" && clearanceDue && !clearanceHeld ? { kind: "clear" } : IDLE;
}

/**
 * On the way to an end: first everybody else falls silent, then the log holds everything, then it is sealed. Mediation is
 * silent when it has answered for all it was given, the run when its coordinator has acknowledged.
 */
function endingStep({ row, amendsInFlight }: SessionView): Step {
  if (row.mediation === "compiling" || amendsInFlight > 0) return IDLE;
  switch (row.run) {
    case "running":
      return { kind: "cancel-run" };
    case "cancelling":
      return IDLE;
    case "none":
    case "quiet":
      break;
    default:
      return row.run satisfies never;
  }
  switch (row.sealing) {
    case "none":
      return { kind: "barrier" };
    case "ready":
      return { kind: "seal" };
    case "barrier":
    case "sealed":
      return IDLE;
    default:
      return row.sealing satisfies never;
  }
}

function commissioningStep({ intakeDone, donePasses, semanticReviewDone }: SessionView): Step {
  if (!intakeDone) return { kind: "intake" };
  const next = PASSES.find(({ name }) => !donePasses.has(name));
  if (next !== undefined) return { kind: "pass", pass: next.name };
  return semanticReviewDone ? { kind: "ask-approval" } : { kind: "semantic-review" };
}

/** @throws Error for a move the machine does not have: a defect of this object, never of its callers. */
export function requireMove(from: SessionState, to: SessionState): void {
  if (!canMoveSession(from, to)) throw new Error(`A session does not go from ${from} to ${to}.`);
}
