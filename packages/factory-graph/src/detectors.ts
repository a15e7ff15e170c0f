/**
 * What is wrong with the result of a bead: each detector looks at one kind of evidence, and what several of them see of one
 * claim is one divergence. A detector never guesses: it says what was observed, how badly, and of which claim.
 */
import type { EventPayload } from "@factory/schemas";
import type { DetectedDivergence } from "@factory/loop-closure";
import { SEVERITIES } from "@factory/schemas/rpc";
import type { DivergenceType, Severity } from "@factory/schemas/rpc";

/** How an execution ended, whatever its agent said: `SUCCESS` only when every required check ran and passed. */
export const OUTCOMES = ["SUCCESS", "FAILURE", "BLOCKED", "TIMEOUT", "INFRASTRUCTURE", "GOVERNANCE"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One executed check, with the claim it is evidence for. */
export type OutcomeCheck = {
  readonly checkId: string;
  /** The kind of the success check, for example `examples`; `detector` for one that watches an invariant. */
  readonly kind: string;
  readonly ok: boolean;
  readonly holdout: boolean;
  readonly reportDigest: string;
  readonly summary: string;
  /** The claim it decides; absent for a check of the whole tree. */
  readonly claimId?: string;
  /** Lines of the order whose examples failed; for checks made of examples. */
  readonly failedLines?: readonly number[];
  /** What was run, as the plan names it: `examples:C-1`, `file-exists:src/index.ts`. */
  readonly command?: string;
};

/** A detector that fired on the result of an execution. */
export type DetectorFiring = {
  readonly invariantId: string;
  readonly claimId: string;
  readonly message: string;
};

/** What the detectors look at. */
export type DetectorInput = {
  readonly claimRefs: readonly string[];
  readonly outcome: Outcome;
  /** True for what a molecule's outcome bead found, wherever the fault is. */
  readonly outcomeBead: boolean;
  /** True when every molecule has passed and the whole has not: no single bead is at fault. False when left out. */
  readonly runVerdict?: boolean;
  readonly attempt: number;
  /** True when no attempt is left: only then does a failure diverge. Holdout failures and rejections diverge at once. */
  readonly exhausted: boolean;
  readonly summary: string;
  readonly blockers: readonly string[];
  readonly checks: readonly OutcomeCheck[];
  readonly firings: readonly DetectorFiring[];
  /** Calls that the consent gate denied; none when left out. */
  readonly consentDenials?: readonly Pick<EventPayload<"CONSENT_BEAD_DENIED">, "toolName" | "reason">[];
  /** Paths of the change set outside of the directive's scope; none when left out. */
  readonly scopeViolations?: readonly string[];
  /** Why a person said no to what the bead wanted to do or had done. */
  readonly rejection?: string;
};

/** A divergence with the factory's own facts of it. */
export type DetectedFailure = DetectedDivergence & {
  readonly type: DivergenceType;
  readonly data: {
    /** The detectors that saw it. */
    readonly detectors: readonly string[];
    readonly failedHoldoutLines: readonly number[];
  };
};

/** What one detector sees. Without a claim it is of the whole result. */
type Observation = { readonly detector: string; readonly claimId?: string; readonly severity: Severity; readonly text: string };
type Detector = (input: DetectorInput) => readonly Observation[];

/** The detectors of a result that was not accepted, in the order in which their words appear. */
const DETECTORS: readonly Detector[] = [failedChecks, firedInvariants, consentDenials, scopeViolations, timeout, lostSurroundings];

/**
 * The divergences of an execution, one a claim. A failed holdout diverges at once: no further attempt sees it. So does a
 * person's rejection. Any other failure diverges when no attempt is left.
 */
export function detectDivergences(input: DetectorInput): DetectedFailure[] {
  const { rejection } = input;
  if (rejection !== undefined) return rejected(input, rejection);
  const hidden = failedHoldouts(input);
  if (input.outcome === "SUCCESS" || !input.exhausted) return hidden;
  const observations = DETECTORS.flatMap((detect) => detect(input));
  const failures = concernedClaims(input, observations)
    .filter((claimId) => !hidden.some((found) => found.claimId === claimId))
    .map((claimId) => exhaustedAttempts(input, observations, claimId));
  return [...hidden, ...failures];
}

/** A person's no concerns the first claim the bead is for: it was the bead that was refused, not one check of it. */
function rejected({ claimRefs }: DetectorInput, reason: string): DetectedFailure[] {
  return claimRefs.slice(0, 1).map((claimId) => ({
    type: "approval-rejected",
    claimId,
    severity: "medium",
    observed: reason,
    expected: `A person gives leave for what the bead does for ${claimId}.`,
    data: { detectors: ["approval-rejected"], failedHoldoutLines: [] },
  }));
}

function failedHoldouts({ checks }: DetectorInput): DetectedFailure[] {
  const byClaim = new Map<string, OutcomeCheck[]>();
  for (const check of checks) {
    if (check.ok || !check.holdout || check.claimId === undefined) continue;
    byClaim.set(check.claimId, [...(byClaim.get(check.claimId) ?? []), check]);
  }
  return [...byClaim].map(([claimId, failed]) => ({
    type: "run-verdict-failure",
    claimId,
    severity: "high",
    observed: failed.map(({ summary }) => summary).join("; "),
    expected: `Every hidden example of ${claimId} holds on the merged tree.`,
    data: { detectors: ["failed-holdouts"], failedHoldoutLines: [...new Set(failed.flatMap(({ failedLines }) => failedLines ?? []))].sort((a, b) => a - b) },
  }));
}

/** Claims that an observation names; when none does, the first claim the bead is for. */
function concernedClaims({ claimRefs }: DetectorInput, observations: readonly Observation[]): string[] {
  const named = observations.flatMap(({ claimId }) => claimId ?? []);
  return [...new Set(named.length > 0 ? named : claimRefs.slice(0, 1))];
}

/** No attempt is left: what was seen of the claim and of the whole, and where nothing was, what the operative says. */
function exhaustedAttempts(input: DetectorInput, observations: readonly Observation[], claimId: string): DetectedFailure {
  const seen = observations.filter((one) => one.claimId === undefined || one.claimId === claimId);
  const said = input.blockers.length > 0 ? input.blockers : [input.summary];
  const words = seen.length > 0 ? seen.map(({ text }) => text) : said;
  const least: Severity = input.outcomeBead ? "high" : "low";
  return {
    type: typeOf(input),
    claimId,
    severity: gravest([least, ...(seen.length > 0 ? seen.map(({ severity }) => severity) : ["medium" as const])]),
    observed: [`${input.outcome} after ${input.attempt} attempts`, ...words].join("; "),
    expected: expectedOf(input, claimId),
    data: { detectors: [...new Set(["exhausted-attempts", ...seen.map(({ detector }) => detector)])], failedHoldoutLines: [] },
  };
}

function typeOf({ outcomeBead, runVerdict = false }: DetectorInput): DivergenceType {
  if (runVerdict) return "run-verdict-failure";
  return outcomeBead ? "molecule-outcome-failure" : "atom-failure";
}

function expectedOf({ checks }: DetectorInput, claimId: string): string {
  const failed = checks.filter((check) => !check.ok && !check.holdout && (check.claimId ?? claimId) === claimId);
  const kinds = [...new Set(failed.map(({ kind }) => kind))];
  return kinds.length > 0 ? `The ${kinds.join(", ")} check of ${claimId} passes.` : `The bead for ${claimId} is done and its required checks pass.`;
}

function failedChecks({ checks }: DetectorInput): Observation[] {
  return checks
    .filter(({ ok, holdout }) => !ok && !holdout)
    .map(({ claimId, summary }) => ({ detector: "failed-checks", severity: "medium", text: summary, ...(claimId === undefined ? {} : { claimId }) }));
}

function firedInvariants({ firings }: DetectorInput): Observation[] {
  return firings.map(({ claimId, message }) => ({ detector: "fired-invariants", claimId, severity: "medium", text: message }));
}

function consentDenials({ consentDenials: denials = [] }: DetectorInput): Observation[] {
  return denials.map(({ toolName, reason }) => ({ detector: "consent-denials", severity: "high", text: `${toolName} was denied: ${reason}` }));
}

function scopeViolations({ scopeViolations: paths = [] }: DetectorInput): Observation[] {
  return paths.map((path) => ({ detector: "scope-violations", severity: "high", text: `${path} is outside of the directive's scope` }));
}

function timeout({ outcome, summary }: DetectorInput): Observation[] {
  return outcome === "TIMEOUT" ? [{ detector: "timeouts", severity: "low", text: summary === "" ? "The time ran out." : summary }] : [];
}

function lostSurroundings({ outcome, summary }: DetectorInput): Observation[] {
  return outcome === "INFRASTRUCTURE" ? [{ detector: "lost-surroundings", severity: "low", text: summary === "" ? "The surroundings failed." : summary }] : [];
}

function gravest(severities: readonly Severity[]): Severity {
  return SEVERITIES[Math.max(0, ...severities.map((severity) => SEVERITIES.indexOf(severity)))] ?? "low";
}
