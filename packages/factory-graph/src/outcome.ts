/**
 * BP3 for a bead: its trace, the divergences that the detectors found in it, and what the session is told of each. Pure and
 * synchronous: the coordinator commits the writes through its outbox in the transaction that commits the verdict.
 */
import { clip, planOutcome } from "@factory/loop-closure";
import type { BridgeWrite, RecordedDivergence } from "@factory/loop-closure";
import type { Role, Tree } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import { detectDivergences } from "./detectors.ts";
import type { DetectedFailure, DetectorInput, Outcome } from "./detectors.ts";

/** Everything BP3 is told of one execution of one bead. */
export type BeadOutcomeInput = DetectorInput & {
  readonly org: string;
  readonly specificationId: string;
  readonly beadId: string;
  readonly atomId: string;
  readonly directiveId: string;
  readonly role: Role;
  /** Node of the Execution that BP2 wrote; null when the coordinator ran the checks itself. */
  readonly executionId: string | null;
  /** Knowing-state bead that BP2 wrote; without it there is no outcome bead, since nothing governed an agent. */
  readonly executionBeadId: string | null;
  /** The bead and every bead that depends on it. */
  readonly affectedBeadIds: readonly string[];
  readonly cycle: number;
  /** The amendment that the bead was re-opened by last; none when left out. */
  readonly executedUnder?: string | null;
  readonly epoch: number;
  readonly toolCalls: number;
  readonly durationMs: number;
  /** Digest chain of the consent records of the execution; empty when no tool was called. */
  readonly consentDigest: string;
  /** Hidden examples of each claim now, by claim id. */
  readonly hidden: { readonly [claimId: string]: number };
  /** The tree that was judged, with what was found wanting in it. */
  readonly failedTree: Tree;
  /** Epoch milliseconds; not part of any id. */
  readonly now: number;
};

/** What BP3 found and what it writes, in order. */
export type BeadOutcomePlan = {
  readonly traceId: string;
  readonly outcomeBeadId: string | null;
  readonly divergences: readonly DivergenceReport[];
  readonly writes: readonly BridgeWrite[];
};

/** Decides trace, divergences and outcome bead of one execution of a bead. Same input, same ids. */
export function planBeadOutcome(input: BeadOutcomeInput): BeadOutcomePlan {
  const failures = detectDivergences(input);
  const plan = planOutcome({
    org: input.org,
    specificationId: input.specificationId,
    executionId: input.executionId,
    executionBeadId: input.executionBeadId,
    status: failures.length === 0 && input.outcome === "SUCCESS" ? "SUCCESS" : "FAILURE",
    summary: input.summary === "" ? input.outcome : input.summary,
    metrics: { tool_calls: input.toolCalls, duration_ms: input.durationMs, attempt: input.attempt, checks: input.checks.length },
    trace: { data: traceData(input), parents: [input.directiveId], from: [{ source: input.directiveId, rel: "produced_trace" }] },
    divergences: failures.map((failure) => ({ ...failure, data: { ...failure.data, ...contextOf(input) } })),
    now: input.now,
  });
  return {
    traceId: plan.traceId,
    outcomeBeadId: plan.outcomeBeadId,
    divergences: plan.divergences.map((recorded, index) => report(input, plan, recorded, failures[index])),
    writes: plan.writes,
  };
}

function contextOf({ beadId, atomId, role, cycle }: BeadOutcomeInput): { readonly [key: string]: unknown } {
  return { beadId, atomId, role, cycle };
}

function traceData(input: BeadOutcomeInput): { readonly [key: string]: unknown } {
  const { beadId, atomId, outcome, attempt, cycle, epoch, exhausted, toolCalls, durationMs, consentDigest, rejection, executedUnder = null } = input;
  return {
    beadId,
    atomId,
    outcome,
    attempt,
    cycle,
    epoch,
    exhausted,
    toolCalls,
    durationMs,
    consentDigest,
    claimRefs: [...input.claimRefs],
    blockers: [...input.blockers],
    firings: [...input.firings],
    checks: [...input.checks],
    consentDenials: (input.consentDenials ?? []).map(({ toolName, reason }) => ({ toolName, reason })),
    scopeViolations: [...(input.scopeViolations ?? [])],
    ...(rejection === undefined ? {} : { rejection }),
    ...(executedUnder === null ? {} : { executedUnder }),
    summary: clip(input.summary),
  };
}

function report(
  input: BeadOutcomeInput,
  { traceId, outcomeBeadId }: Pick<BeadOutcomePlan, "traceId" | "outcomeBeadId">,
  recorded: RecordedDivergence,
  failure: DetectedFailure | undefined,
): DivergenceReport {
  if (failure === undefined) throw new Error(`${recorded.divergenceId} was recorded and never detected.`);
  const { specificationId, role, claimRefs, beadId, atomId, affectedBeadIds, blockers, cycle, failedTree, executedUnder = null } = input;
  return {
    divergenceId: recorded.divergenceId,
    divergenceType: failure.type,
    severity: recorded.severity,
    role,
    traceId,
    specificationId,
    claimId: recorded.claimId,
    claimRefs,
    beadId,
    atomId,
    affectedBeadIds,
    status: statusOf(input.outcome),
    observed: recorded.observed,
    expected: recorded.expected,
    blockers,
    failedHoldoutLines: failure.data.failedHoldoutLines,
    hiddenLeft: input.hidden[recorded.claimId] ?? 0,
    cycle,
    executedUnder,
    failedTree,
    ...(outcomeBeadId === null ? {} : { outcomeBeadId }),
  };
}

function statusOf(outcome: Outcome): DivergenceReport["status"] {
  switch (outcome) {
    case "SUCCESS":
    case "FAILURE":
      return "COMPLETE";
    case "BLOCKED":
      return "BLOCKED";
    case "TIMEOUT":
    case "INFRASTRUCTURE":
    case "GOVERNANCE":
      return "ERROR";
    default:
      return outcome satisfies never;
  }
}
