/** What a person wants to know of a session, folded from its events. Pure: the same events give the same view. */
import {
  SessionEventKind,
  type ReviewPromptPayload,
  type ReviewVotePayload,
  type SessionEvent,
  type TerminalPayload,
  type VerificationPayload,
} from "@factory/schemas/proto";
import { absent, countsOrAbsent as hiddenOrAbsent, overfitOf, shown, type OrAbsent, type VerdictCounts } from "@factory/verification/evidence";

export type BeadView = {
  readonly beadId: string;
  readonly title: string;
  readonly role: string;
  readonly state: string;
  readonly attempt: number;
  readonly cycle: number;
  readonly durationMs: number | undefined;
  readonly reason: string | undefined;
};

/** An open review; one that policy decides is resolved without a person. */
export type ReviewView = {
  readonly reviewId: string;
  readonly action: string;
  readonly actionDigest: string;
  readonly prompt: string;
  readonly type: string;
  /** What it is about, such as `approval`, `clarification` or `autonomy`. */
  readonly matter: string;
  /** Of a matter that comes up more than once, at which point: `start` or `apply` for `autonomy`. */
  readonly stage: string;
  /** Decisions it takes; empty when it does not say. */
  readonly alternatives: readonly string[];
  readonly decidedByPolicy: boolean;
  /** Distinct people who have to approve; undefined where the review does not say. */
  readonly approvalsNeeded: number | undefined;
  /** Votes that decided nothing by themselves. */
  readonly votes: readonly VoteView[];
};

/** One person's vote; it counts until it expires, in epoch milliseconds. */
export type VoteView = { readonly approver: string; readonly decision: string; readonly expiresAt: number };

/** The last report of a gate on the session as a whole. */
export type GateView = { readonly gate: string; readonly outcome: string; readonly summary: string };

export type SessionView = {
  readonly sessionId: string;
  readonly state: string;
  readonly lastSeq: bigint;
  /** Planning passes that have an artifact, each with the attempt that made it. */
  readonly passes: ReadonlyMap<string, number>;
  /** The function that was chosen, and what it was chosen from besides. */
  readonly option: { readonly selected: string; readonly alternatives: readonly string[] } | undefined;
  /** By gate, such as `SEMANTIC_REVIEW`, in the order in which they first reported. Reports on single beads are counted in `checks`. */
  readonly gates: ReadonlyMap<string, GateView>;
  readonly beads: ReadonlyMap<string, BeadView>;
  /** Executed checks by what they judged; a later verdict of the same subject takes the earlier one's place. */
  readonly checks: ReadonlyMap<string, Counts>;
  readonly holdouts: ReadonlyMap<string, Counts>;
  /** The run verdict as it was when hidden examples were first run, before an amendment could show any of them. */
  readonly firstVerdict: VerdictCounts | undefined;
  /** The last verdict on the whole run. */
  readonly lastVerdict: VerdictCounts | undefined;
  readonly divergences: number;
  readonly amendments: number;
  readonly modelCalls: number;
  /** US dollars; undefined once a call's price is not known. */
  readonly costUsd: number | undefined;
  readonly openReview: ReviewView | undefined;
  readonly terminal: { readonly outcome: string; readonly reason: string; readonly reasonCode: string; readonly evidenceDigest: string } | undefined;
};

export type Counts = { readonly passed: number; readonly failed: number };

/** A session of which nothing is known yet. */
export const EMPTY_VIEW: SessionView = {
  sessionId: "",
  state: "",
  lastSeq: 0n,
  passes: new Map(),
  option: undefined,
  gates: new Map(),
  beads: new Map(),
  checks: new Map(),
  holdouts: new Map(),
  firstVerdict: undefined,
  lastVerdict: undefined,
  divergences: 0,
  amendments: 0,
  modelCalls: 0,
  costUsd: 0,
  openReview: undefined,
  terminal: undefined,
};

/** The view after one more event. An event that was seen changes nothing. */
export function foldEvent(view: SessionView, event: SessionEvent): SessionView {
  if (event.seq <= view.lastSeq) return view;
  return { ...view, sessionId: event.sessionId, lastSeq: event.seq, ...changeOf(view, event) };
}

function changeOf(view: SessionView, event: SessionEvent): Partial<SessionView> {
  const { payload } = event;
  switch (payload.case) {
    case "stateTransition":
      return { state: payload.value.toState };
    case "reviewPrompt": {
      const { toState } = payload.value;
      return { state: toState, openReview: reviewOf(payload.value) };
    }
    case "reviewVote": {
      const { openReview } = view;
      if (openReview?.reviewId !== payload.value.reviewId) return {};
      return { openReview: { ...openReview, votes: [...openReview.votes, voteOf(payload.value)] } };
    }
    case "reviewResolved":
      return { state: payload.value.toState, openReview: undefined };
    case "bead": {
      const { beadId, title, role, toState, attempt, cycle, durationMs, reason } = payload.value;
      const bead: BeadView = { beadId, title, role, state: toState, attempt, cycle, durationMs, reason };
      return { beads: new Map(view.beads).set(beadId, bead) };
    }
    case "pass": {
      const { pass, attempt } = payload.value;
      return { passes: new Map(view.passes).set(pass, attempt ?? 1) };
    }
    case "candidateSet": {
      const { selected, alternatives } = payload.value;
      return { option: { selected, alternatives } };
    }
    case "verification": {
      const { subjectId, checksPassed, checksFailed, holdoutsPassed, holdoutsFailed } = payload.value;
      const gate = gateOf(payload.value);
      return {
        ...(gate === undefined ? {} : { gates: new Map(view.gates).set(gate.gate, gate) }),
        checks: withCounts(view.checks, subjectId, checksPassed, checksFailed),
        holdouts: withCounts(view.holdouts, subjectId, holdoutsPassed, holdoutsFailed),
        ...verdictsOf(view, payload.value),
      };
    }
    case "divergence":
      return { divergences: view.divergences + 1 };
    case "amendment":
      return event.kind === SessionEventKind.AMENDMENT_ADOPTED ? { amendments: view.amendments + 1 } : {};
    case "modelCall": {
      const { costUsd } = payload.value;
      return { modelCalls: view.modelCalls + 1, costUsd: view.costUsd === undefined || costUsd === undefined ? undefined : view.costUsd + costUsd };
    }
    case "terminal":
      return { ...endOf(payload.value), openReview: undefined, state: payload.value.outcome };
    default:
      return {};
  }
}

/** Gates that report on one bead each; what they find shows at the bead. */
const BEAD_GATES: ReadonlySet<string> = new Set(["FIDELITY", "DISPATCH"]);

/** A gate's report on the session; undefined for one on a bead. */
export function gateOf({ verificationType, outcome, summary }: Pick<VerificationPayload, "verificationType" | "outcome" | "summary">): GateView | undefined {
  return verificationType === "" || BEAD_GATES.has(verificationType) ? undefined : { gate: verificationType, outcome, summary };
}

/** Acceptance states what the run's first verdict counted; until then the log says it: hidden examples are run for the run verdict alone. */
function verdictsOf({ firstVerdict }: SessionView, report: VerificationPayload): Partial<SessionView> {
  const { verificationType, checksPassed, checksFailed, holdoutsPassed, holdoutsFailed, details } = report;
  const isAcceptance = verificationType === "ACCEPTANCE";
  if (!isAcceptance && (holdoutsPassed ?? 0) + (holdoutsFailed ?? 0) === 0) return {};
  const counted: VerdictCounts = {
    checks: { passed: checksPassed ?? 0, failed: checksFailed ?? 0 },
    holdouts: { passed: holdoutsPassed ?? 0, failed: holdoutsFailed ?? 0 },
  };
  const first = isAcceptance ? (statedVerdict(details?.["firstVerdict"]) ?? firstVerdict) : (firstVerdict ?? counted);
  return { firstVerdict: first, lastVerdict: counted };
}

/** Undefined where none is stated. Hidden counts that are absent are of a verdict without hidden examples. */
function statedVerdict(value: unknown): VerdictCounts | undefined {
  if (typeof value !== "object" || value === null || !("checks" in value) || !("holdouts" in value)) return undefined;
  const checks = countsOf(value.checks);
  return checks === undefined ? undefined : { checks, holdouts: countsOf(value.holdouts) ?? { passed: 0, failed: 0 } };
}

function reviewOf({ reviewId, action, actionDigest, promptText, reviewType, alternatives, context }: ReviewPromptPayload): ReviewView {
  const text = (key: string): string => (typeof context?.[key] === "string" ? context[key] : "");
  return {
    reviewId,
    action,
    actionDigest,
    prompt: promptText,
    type: reviewType,
    matter: text("matter"),
    stage: text("stage"),
    alternatives,
    decidedByPolicy: context?.["decidedBy"] !== undefined,
    approvalsNeeded: typeof context?.["approvalsNeeded"] === "number" ? context["approvalsNeeded"] : undefined,
    votes: [],
  };
}

const MS_PER_SECOND = 1_000;

function voteOf({ approver, decision, expiresAtUnixSec }: ReviewVotePayload): VoteView {
  return { approver, decision, expiresAt: Number(expiresAtUnixSec) * MS_PER_SECOND };
}

/** The session's own figures at its end take the place of what was counted on the way. */
function endOf({ outcome, reason, reasonCode, evidenceDigest, summary }: TerminalPayload): Partial<SessionView> {
  const terminal = { outcome, reason, reasonCode: reasonCode ?? "", evidenceDigest: evidenceDigest ?? "" };
  const checks = countsOf(summary?.["checks"]);
  const holdouts = countsOf(summary?.["holdouts"]);
  return {
    terminal,
    ...(checks === undefined ? {} : { checks: new Map([["", checks]]) }),
    ...(holdouts === undefined ? {} : { holdouts: new Map([["", holdouts]]) }),
  };
}

function countsOf(value: unknown): Counts | undefined {
  if (typeof value !== "object" || value === null || !("passed" in value) || !("failed" in value)) return undefined;
  return { passed: Number(value.passed), failed: Number(value.failed) };
}

function withCounts(counts: ReadonlyMap<string, Counts>, subject: string, passed: number | undefined, failed: number | undefined): ReadonlyMap<string, Counts> {
  if (passed === undefined && failed === undefined) return counts;
  return new Map(counts).set(subject, { passed: passed ?? 0, failed: failed ?? 0 });
}

/** All subjects' counts together. */
export function totalOf(counts: ReadonlyMap<string, Counts>): Counts {
  let passed = 0;
  let failed = 0;
  for (const one of counts.values()) {
    passed += one.passed;
    failed += one.failed;
  }
  return { passed, failed };
}

/** All subjects' counts together, or that nothing was counted: what was not done is no zero. */
export function countsOrAbsent(counts: ReadonlyMap<string, Counts>): OrAbsent<Counts> {
  return counts.size === 0 ? absent("none was executed") : totalOf(counts);
}

/** Beads by how they ended, or that there are none. */
export function beadsOrAbsent(view: SessionView): OrAbsent<{ readonly done: number; readonly failed: number; readonly total: number }> {
  return view.beads.size === 0 ? absent("no bead was made") : beadCounts(view);
}

/** `3 passed, 0 failed`, or that there is nothing to count. */
export function countsText(counts: ReadonlyMap<string, Counts>): string {
  return shown(countsOrAbsent(counts), ({ passed, failed }) => `${passed} passed, ${failed} failed`);
}

/** Role of the beads that end a molecule. */
const OUTCOME_ROLE = "verifier:outcome";

/** Molecules by the verdict of their outcome bead, or that there are none. */
export function moleculesOrAbsent({ beads }: SessionView): OrAbsent<{ readonly passed: number; readonly failed: number; readonly total: number }> {
  const states = [...beads.values()].filter(({ role, state }) => role === OUTCOME_ROLE && state !== "CANCELLED").map(({ state }) => state);
  if (states.length === 0) return absent("no molecule was made");
  const count = (wanted: string): number => states.filter((state) => state === wanted).length;
  return { passed: count("DONE"), failed: count("FAILED"), total: states.length };
}

/** How much better what is visible holds than what is hidden, of one verdict; or that nothing is known of it. */
export function overfitOrAbsent(verdict: VerdictCounts | undefined): ReturnType<typeof overfitOf> {
  return verdict === undefined ? absent(NO_VERDICT) : overfitOf(verdict.checks, verdict.holdouts);
}

const NO_VERDICT = "no such verdict on the run is known";

/** What a verdict counted with its rates, or that there was none. */
export function verdictOrAbsent(verdict: VerdictCounts | undefined) {
  if (verdict === undefined) return absent(NO_VERDICT);
  return { checks: verdict.checks, holdouts: hiddenOrAbsent(verdict.holdouts), overfit: overfitOrAbsent(verdict) };
}

/** Beads by how they ended. */
export function beadCounts(view: SessionView): { readonly done: number; readonly failed: number; readonly total: number } {
  const states = [...view.beads.values()].map((bead) => bead.state);
  return { done: states.filter((state) => state === "DONE").length, failed: states.filter((state) => state === "FAILED").length, total: states.length };
}
