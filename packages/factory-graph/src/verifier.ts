/**
 * The verifier of an amendment: facts of the claims first, then the failed case once more, then the rest of the assembly.
 * Everything is looked at, whatever fails first, so that the verdict names all of it; an amendment is adopted only when
 * every check passed.
 *
 * @see `domain.md` 5
 */
import { claimSetProblems } from "@factory/compiler";
import type { AdoptionSubject, VerifierCheck } from "@factory/loop-closure";
import type { Claim } from "@factory/schemas";
import type { ArtifactGraphRpc, DivergenceReport, StoredNode } from "@factory/schemas/rpc";
import { amendClaims, changeOf } from "./changes.ts";
import type { AmendmentChange } from "./changes.ts";
import { parseClaims } from "./claim-nodes.ts";
import { findConflicts } from "./conflicts.ts";
import type { ConflictPorts } from "./conflicts.ts";
import { failed, passed } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { replay } from "./replay.ts";
import type { ReplayPorts } from "./replay.ts";
import { rejudgeFindings } from "./run-verdicts.ts";

export type { ConflictAnswer, ConflictQuestion } from "./conflicts.ts";

/** What verifying needs: the assembly's graph, the judged tree, the sandbox, and a judge for prose. */
export interface VerifierPorts extends Omit<ReplayPorts, "graph">, Omit<ConflictPorts, "graph"> {
  readonly graph: Pick<ArtifactGraphRpc, "activeSpecifications" | "edgesOf" | "getMany">;
}

/** What is verified beside the amendment itself: how the result failed. */
export type FailedCase = {
  readonly divergence: DivergenceReport;
  /** Its execution trace. */
  readonly trace: StoredNode;
};

/**
 * Verifies an amendment.
 *
 * @throws RetryableError when the graph, the sandbox or the judge did not answer and asking again may help.
 */
export async function verifyAmendment(ports: VerifierPorts, subject: AdoptionSubject, failedCase: FailedCase): Promise<VerifierCheck[]> {
  const claims = parseClaims(subject.claims);
  const claim = claims.find(({ claimId }) => claimId === failedCase.divergence.claimId);
  if (claim === undefined) return [named("claim-exists", failed(`${failedCase.divergence.claimId} is no claim of the specification`))];
  const facts = [named("claim-exists", passed("holds")), named("nothing-hidden-told", hiddenTold(subject, claims))];
  const change = changeOf(subject.amendment);
  if (change === null) return [...facts, named("evidence", knowingStateEvidence(subject, failedCase))];
  // The judgement alone is changed, and no unit runs again: there is no failed case that would have to fail once more.
  if (change.mode === "rejudge")
    return [...facts, ...rejudgeFindings(failedCase.trace, change.checks ?? []).map(({ check, finding }) => named(check, finding))];
  const amended = amendClaims(claims, change);
  const problems = claimSetProblems(amended);
  return [
    ...facts,
    ...(change.revealedLines.length > 0 ? revealChecks(subject.divergence, claim, change) : []),
    named("coherence", problems.length === 0 ? passed("The amended claims can be compiled.") : failed(problems.join("; "))),
    ...(await replayed(ports, failedCase, amended, change)),
    named("conflicts", await conflicting(ports, subject, amended, change)),
  ];
}

function named(check: string, { outcome, detail }: Finding): VerifierCheck {
  return { check, outcome, detail };
}

/** What is revealed did fail, by the record of the divergence, and something of the claim stays hidden. */
function revealChecks(divergence: Pick<StoredNode, "data">, claim: Claim, { revealedLines }: AmendmentChange): VerifierCheck[] {
  const recorded: readonly unknown[] = Array.isArray(divergence.data["failedHoldoutLines"]) ? divergence.data["failedHoldoutLines"] : [];
  const hidden = new Set(claim.holdout.map(({ line }) => line));
  const strange = revealedLines.filter((line) => !hidden.has(line) || !recorded.includes(line));
  const left = claim.holdout.filter(({ line }) => !revealedLines.includes(line)).length;
  return [
    named(
      "revealed-example-failed",
      strange.length === 0 ? passed("holds") : failed(`line ${strange.join(", ")} is no failed hidden example of ${claim.claimId}`),
    ),
    named(
      "holdout-remains",
      left > 0 ? passed(`${left} of ${claim.holdout.length} stay hidden`) : failed(`no hidden example of ${claim.claimId} would be left`),
    ),
  ];
}

/** Neither a note nor a sentence of guidance quotes an example that stays hidden; what a person says is theirs to say. */
function hiddenTold({ change, knowingState, reviewer, amendment }: AdoptionSubject, claims: readonly Claim[]): Finding {
  if (reviewer.authority === "person") return passed(`${reviewer.id} decided on the words`);
  const stated = change === null ? null : changeOf(amendment);
  const told = [stated?.note ?? "", knowingState?.target === "policy" ? knowingState.guidance : ""].join("\n");
  const quoted = claims
    .flatMap(({ holdout }) => holdout)
    .filter(({ text, line }) => told.includes(text.trim()) && stated?.revealedLines.includes(line) !== true);
  return quoted.length === 0 ? passed("holds") : failed(`the hidden example of line ${quoted.map(({ line }) => line).join(", ")} would be told`);
}

/** Without a change of the specification, a trust falls only where an agent did what it may not. */
function knowingStateEvidence({ knowingState, reviewer }: AdoptionSubject, { trace }: FailedCase): Finding {
  if (knowingState?.target !== "trust" || reviewer.authority === "person") return passed("holds");
  const outcome = trace.data["outcome"];
  return outcome === "GOVERNANCE"
    ? passed("The trace records a breach of consent or policy.")
    : failed(`The trace records ${String(outcome)}, which is no breach of consent or policy.`);
}

async function replayed(ports: VerifierPorts, { divergence, trace }: FailedCase, claims: readonly Claim[], change: AmendmentChange): Promise<VerifierCheck[]> {
  const finding = await replay(ports, { divergence, trace, claims, reveals: change.mode === "reveal" });
  return finding === null ? [] : [named("replay", finding)];
}

/** Words that repeat the criterion add nothing that could contradict; a note says something of its own. */
async function conflicting(ports: VerifierPorts, subject: AdoptionSubject, claims: readonly Claim[], change: AmendmentChange): Promise<Finding> {
  const { target, reviewer } = subject;
  return findConflicts(ports, {
    target,
    claims,
    claimId: change.claimId,
    note: change.mode === "note" || change.mode === "integrate" ? change.note : "",
    decidedBy: reviewer.authority === "person" ? reviewer.id : null,
  });
}
