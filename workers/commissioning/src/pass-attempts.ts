/**
 * Attempts of planning passes. One attempt is under way at most, as a row with a lease: what an object was doing when it
 * went away is taken up by its next life as the next attempt, and an answer that comes after its attempt has ended is not
 * taken. After a bounded number of attempts in a row without an answer a person is asked.
 */
import type { PassName } from "@factory/schemas";
import type { SessionContext } from "./context.ts";
import type { AttemptOutcome, PassAttemptRow, PlanningStore } from "./planning-store.ts";

/** Attempts in a row that may end without an answer; with the scheduler's back-off that is about ten minutes. */
export const MAX_FRUITLESS_ATTEMPTS = 10;
/** How long an attempt is its object's, in milliseconds: two turns of a model and what is around them. */
export const PASS_LEASE_MS = 9 * 60_000;

/** Which attempt. */
export type Attempt = Pick<PassAttemptRow, "pass" | "attempt">;

/** What one life of the object is working on. Not persisted: the next life works on nothing yet. */
export type PassLife = { attempt: Attempt | null };

/** Outcomes by which no model has said anything. */
const FRUITLESS: ReadonlySet<AttemptOutcome> = new Set(["unavailable", "lost"]);

/**
 * Begins the next attempt of a pass in the caller's transaction.
 *
 * @returns `busy` while this life's own attempt holds its lease; `exhausted` when a person has to be asked first
 */
export function beginAttempt(context: Pick<SessionContext, "store" | "planning" | "deps">, pass: PassName, life: PassLife): Attempt | "busy" | "exhausted" {
  const { planning, deps } = context;
  const now = deps.now();
  if (heldUntil(planning, life, now) !== null) return "busy";
  const open = planning.openAttempt();
  if (open !== null) planning.endAttempt(open, "lost", now);
  if (isExhausted(context, pass)) return "exhausted";
  life.attempt = { pass, attempt: planning.beginAttempt(pass, now, now + PASS_LEASE_MS) };
  return life.attempt;
}

/** Until when this life's own attempt holds its lease, in epoch milliseconds; null when it works on nothing. */
export function heldUntil(planning: PlanningStore, life: PassLife, now: number): number | null {
  const open = planning.openAttempt();
  return open !== null && isSame(open, life.attempt) && now < open.leaseUntil ? open.leaseUntil : null;
}

/** True when so many attempts in a row brought no answer that a person has to be asked, and has not been since. */
export function isExhausted({ store, planning }: Pick<SessionContext, "store" | "planning">, pass: PassName): boolean {
  const asked = Math.max(
    0,
    ...store.closedReviews("pass").map(({ subject }) => (subject.matter === "pass" && subject.pass === pass ? (subject.attempt ?? 0) : 0)),
  );
  const attempts = planning.attempts(pass);
  const lastAnswered = attempts.findLastIndex(({ outcome }) => outcome !== null && !FRUITLESS.has(outcome));
  const inARow = attempts.slice(lastAnswered + 1).filter(({ attempt, outcome }) => attempt > asked && outcome !== null);
  return inARow.length >= MAX_FRUITLESS_ATTEMPTS;
}

/** Number of the last attempt of a pass; 0 before the first. */
export function lastAttempt(planning: PlanningStore, pass: PassName): number {
  return planning.attempts(pass).at(-1)?.attempt ?? 0;
}

function isSame(row: Attempt, mine: Attempt | null): boolean {
  return mine !== null && row.pass === mine.pass && row.attempt === mine.attempt;
}

/** True when the intent specification as it is now has passed its semantic review, or a person let it pass. */
export function semanticReviewDone({ planning }: Pick<SessionContext, "planning">): boolean {
  const artifactId = planning.passes().get("write-intent-specification");
  return artifactId !== undefined && planning.semanticReview(artifactId)?.passed === true;
}

/**
 * Takes a pass back in the caller's transaction: it is run again, and its prompt carries the findings. What it had made
 * stays in the graph, and what it makes next corrects it.
 *
 * @param findings - what has to be mended, one sentence each
 * @returns how often the pass has now been taken back
 */
export function rerunPass({ store, planning, deps }: Pick<SessionContext, "store" | "planning" | "deps">, pass: PassName, findings: readonly string[]): number {
  planning.reopenPass(pass, findings, deps.now());
  store.patch({}, deps.now());
  return planning.passReruns(pass).length;
}
