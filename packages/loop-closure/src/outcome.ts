/**
 * BP3: what an execution did, as evidence. The trace holds what detectors need; every divergence they find is stored
 * with a `concerns` edge to its claim, and the outcome bead carries the same into the knowing-state.
 *
 * The function is pure and synchronous: its caller (the coordinator) commits the plan's writes through its outbox in the
 * transaction that commits the verdict, which is the journal of this bridge point.
 *
 * @see `domain.md` 5
 */
import { artifactNode, claimNodeId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode } from "@factory/schemas";
import type { DivergenceReport, KnowingStateBead } from "@factory/schemas/rpc";
import { knowingStateBead } from "./writes.ts";
import type { BridgeWrite } from "./writes.ts";

/** How an execution ended, whatever its agent said: `SUCCESS` only when every required check ran and passed. */
export const OUTCOMES = ["SUCCESS", "FAILURE", "BLOCKED", "TIMEOUT", "INFRASTRUCTURE", "GOVERNANCE"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** One executed check, with the claim it is evidence for. */
export type OutcomeCheck = {
  readonly checkId: string;
  /** The kind of the success check, for example `examples`. */
  readonly kind: string;
  readonly ok: boolean;
  readonly holdout: boolean;
  readonly reportDigest: string;
  readonly summary: string;
  /** The claim it decides; absent for a check of the whole tree. */
  readonly claimId?: string;
  /** Lines of the order whose examples failed; for checks made of examples. */
  readonly failedLines?: readonly number[];
};

/** A detector that fired on the result of an execution. */
export type DetectorFiring = {
  readonly invariantId: string;
  readonly claimId: string;
  readonly message: string;
};

/** Everything BP3 is told of one execution of one bead. */
export type OutcomeInput = {
  readonly org: string;
  readonly specificationId: string;
  readonly beadId: string;
  readonly atomId: string;
  readonly directiveId: string;
  /** Node of the Execution that BP2 wrote; null when the coordinator ran the checks itself. */
  readonly executionId: string | null;
  /** Knowing-state bead that BP2 wrote; without it there is no outcome bead, since nothing governed an agent. */
  readonly executionBeadId: string | null;
  readonly claimRefs: readonly string[];
  /** The bead and every bead that depends on it. */
  readonly affectedBeadIds: readonly string[];
  readonly outcome: Outcome;
  /** True for a molecule's outcome bead. */
  readonly outcomeBead: boolean;
  readonly attempt: number;
  readonly cycle: number;
  readonly epoch: number;
  /** True when no attempt is left: only then does a failure diverge. Holdout failures diverge at once. */
  readonly exhausted: boolean;
  readonly toolCalls: number;
  readonly durationMs: number;
  /** Digest chain of the consent records of the execution; empty when no tool was called. */
  readonly consentDigest: string;
  /** What the operative said of itself; input, never state. */
  readonly summary: string;
  readonly blockers: readonly string[];
  readonly checks: readonly OutcomeCheck[];
  readonly firings: readonly DetectorFiring[];
  /** Hidden examples of each claim now, by claim id. */
  readonly hidden: { readonly [claimId: string]: number };
  /** Epoch milliseconds; not part of any id. */
  readonly now: number;
};

/** What BP3 found and what it writes, in order. */
export type OutcomePlan = {
  readonly traceId: string;
  readonly outcomeBeadId: string | null;
  readonly divergences: readonly DivergenceReport[];
  readonly writes: readonly BridgeWrite[];
};

/** A finding before it has an id. */
type Finding = {
  readonly type: DivergenceReport["divergenceType"];
  readonly claimId: string;
  readonly observed: string;
  readonly expected: string;
  readonly failedHoldoutLines: readonly number[];
};

/** Longest text kept of what an operative or a check said, in UTF-16 units. */
const MAX_SUMMARY_CHARS = 4_000;

/** Decides trace, divergences and outcome bead of one execution. Same input, same ids. */
export function planOutcome(input: OutcomeInput): OutcomePlan {
  const trace = traceNode(input);
  const findings = detectDivergences(input);
  const nodes: ArtifactNode[] = [trace];
  const edges: ArtifactEdge[] = [{ source: input.directiveId, rel: "produced_trace", target: trace.id }];
  if (input.executionId !== null) edges.push({ source: input.executionId, rel: "produces", target: trace.id });
  if (findings.length > 0) edges.push({ source: trace.id, rel: "diverges_from", target: input.specificationId });
  const found = findings.map((finding) => {
    const node = divergenceNode(input, trace.id, finding);
    nodes.push(node);
    edges.push(
      { source: trace.id, rel: "evidences", target: node.id },
      { source: node.id, rel: "concerns", target: claimNodeId(input.specificationId, finding.claimId) },
    );
    return { finding, node };
  });
  const bead = outcomeBead(
    input,
    trace.id,
    found.map(({ node }) => node.id),
  );
  const writes: BridgeWrite[] = [{ kind: "artifacts", nodes, edges }];
  if (bead !== null) writes.push({ kind: "bead", bead });
  return {
    traceId: trace.id,
    outcomeBeadId: bead?.id ?? null,
    divergences: found.map(({ finding, node }) => divergenceReport(input, trace.id, node.id, finding, bead)),
    writes,
  };
}

/**
 * The divergences of an execution, one a claim and type. A failed holdout diverges at once: no further attempt sees it.
 * Any other failure diverges when no attempt is left. Infrastructure failures say nothing about the claims until then.
 */
export function detectDivergences(input: OutcomeInput): Finding[] {
  const failed = input.checks.filter(({ ok }) => !ok);
  const findings = holdoutFindings(failed);
  if (input.outcome === "SUCCESS" || !input.exhausted) return findings;
  const type = input.outcomeBead ? "molecule-outcome-failure" : "atom-failure";
  const visible = failed.filter(({ holdout }) => !holdout);
  for (const claimId of concernedClaims(input, visible)) {
    if (findings.some((finding) => finding.claimId === claimId)) continue;
    findings.push({ type, claimId, observed: observedFailure(input, visible, claimId), expected: expectedOf(visible, claimId), failedHoldoutLines: [] });
  }
  return findings;
}

function holdoutFindings(failed: readonly OutcomeCheck[]): Finding[] {
  const byClaim = new Map<string, OutcomeCheck[]>();
  for (const check of failed) {
    if (!check.holdout || check.claimId === undefined) continue;
    byClaim.set(check.claimId, [...(byClaim.get(check.claimId) ?? []), check]);
  }
  return [...byClaim].map(([claimId, checks]) => ({
    type: "run-verdict-failure",
    claimId,
    observed: clip(checks.map(({ summary }) => summary).join("; ")),
    expected: `Every hidden example of ${claimId} holds on the merged tree.`,
    failedHoldoutLines: [...new Set(checks.flatMap(({ failedLines }) => failedLines ?? []))].sort((a, b) => a - b),
  }));
}

/** Claims whose own checks failed or whose detector fired; when none says so, the first claim the bead is for. */
function concernedClaims(input: OutcomeInput, failed: readonly OutcomeCheck[]): string[] {
  const named = [...failed.flatMap(({ claimId }) => claimId ?? []), ...input.firings.map(({ claimId }) => claimId)];
  return [...new Set(named.length > 0 ? named : input.claimRefs.slice(0, 1))];
}

function observedFailure(input: OutcomeInput, failed: readonly OutcomeCheck[], claimId: string): string {
  const own = failed.filter((check) => check.claimId === undefined || check.claimId === claimId).map(({ summary }) => summary);
  const fired = input.firings.filter((firing) => firing.claimId === claimId).map(({ message }) => message);
  const said = input.blockers.length > 0 ? input.blockers : [input.summary];
  return clip([`${input.outcome} after ${input.attempt} attempts`, ...own, ...fired, ...(own.length + fired.length > 0 ? [] : said)].join("; "));
}

function expectedOf(failed: readonly OutcomeCheck[], claimId: string): string {
  const kinds = [...new Set(failed.filter((check) => check.claimId === undefined || check.claimId === claimId).map(({ kind }) => kind))];
  return kinds.length > 0 ? `The ${kinds.join(", ")} check of ${claimId} passes.` : `The bead for ${claimId} is done and its required checks pass.`;
}

function traceNode(input: OutcomeInput): ArtifactNode {
  const { beadId, atomId, outcome, attempt, cycle, epoch, exhausted, toolCalls, durationMs, consentDigest, blockers, firings, checks, claimRefs } = input;
  const parents = [input.directiveId, ...(input.executionId === null ? [] : [input.executionId])];
  const data = {
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
    claimRefs: [...claimRefs],
    blockers: [...blockers],
    firings: [...firings],
    checks: [...checks],
    summary: clip(input.summary),
  };
  return artifactNode("ET", "ExecutionTrace", input.org, data, parents);
}

function divergenceNode(input: OutcomeInput, traceId: string, finding: Finding): ArtifactNode {
  const { type, claimId, observed, expected, failedHoldoutLines } = finding;
  const data = {
    divergenceType: type,
    claimId,
    beadId: input.beadId,
    atomId: input.atomId,
    observed,
    expected,
    failedHoldoutLines: [...failedHoldoutLines],
    cycle: input.cycle,
  };
  return artifactNode("DIV", "Divergence", input.org, data, [traceId, input.specificationId]);
}

function outcomeBead(input: OutcomeInput, traceId: string, divergenceIds: readonly string[]): KnowingStateBead | null {
  if (input.executionBeadId === null) return null;
  const content = {
    execution_bead_id: input.executionBeadId,
    status: divergenceIds.length === 0 && input.outcome === "SUCCESS" ? "SUCCESS" : "FAILURE",
    summary: clip(input.summary === "" ? input.outcome : input.summary),
    metrics: { tool_calls: input.toolCalls, duration_ms: input.durationMs, attempt: input.attempt, checks: input.checks.length },
    triggers_amendment: divergenceIds.length > 0,
    artifact_graph_trace_id: traceId,
    ...(divergenceIds[0] === undefined ? {} : { artifact_graph_divergence_id: divergenceIds[0] }),
  };
  return knowingStateBead({ type: "outcome", content, parents: [input.executionBeadId], writtenAt: input.now }, input.org);
}

function divergenceReport(input: OutcomeInput, traceId: string, divergenceId: string, finding: Finding, bead: KnowingStateBead | null): DivergenceReport {
  return {
    divergenceId,
    divergenceType: finding.type,
    traceId,
    specificationId: input.specificationId,
    claimId: finding.claimId,
    claimRefs: input.claimRefs,
    beadId: input.beadId,
    atomId: input.atomId,
    affectedBeadIds: input.affectedBeadIds,
    status: statusOf(input.outcome),
    observed: finding.observed,
    expected: finding.expected,
    blockers: input.blockers,
    failedHoldoutLines: finding.failedHoldoutLines,
    hiddenLeft: input.hidden[finding.claimId] ?? 0,
    cycle: input.cycle,
    ...(bead === null ? {} : { outcomeBeadId: bead.id }),
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

function clip(text: string): string {
  return text.length <= MAX_SUMMARY_CHARS ? text : `${text.slice(0, MAX_SUMMARY_CHARS)} [${text.length - MAX_SUMMARY_CHARS} more characters]`;
}
