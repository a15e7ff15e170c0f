/**
 * A divergence's way through the session: hypothesis, amendment, adoption, re-opening; or, where that would not help, a
 * person. Each stage is one step that ends in a commit, so a crash resumes at the stage it was in.
 */
import { RetryableError, TerminalError } from "@factory/durable";
import { isRunVerdictGap, MAX_RUN_VERDICT_RETRIES } from "@factory/factory-graph";
import type { AmendmentChange, PersonDecision } from "@factory/factory-graph";
import type { Adoption } from "@factory/loop-closure";
import { claim, claimNodeId, ulidId } from "@factory/schemas";
import type { Claim, EventPayload } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import { adoptionDomain, proposalDomain } from "./amending.ts";
import type { AmendmentRow, Proposal } from "./amendment-store.ts";
import { consultationText } from "./consultation.ts";
import type { SessionContext } from "./context.ts";
import { openReview } from "./reviews.ts";
import type { RunReportRow } from "./session-store.ts";

/** Amendments one bead may go through before a person is asked. */
const MAX_AMENDMENT_DEPTH = 3;
/** How often an amendment is formed again because its target has moved, before a person is asked: each time somebody else was first. */
const MAX_REFORMED = 3;
/** Other divergences that one hypothesis looks at: a question to a model has an end. */
const MAX_CONCURRENT = 8;
/** Who decides where no person was asked. */
const VERIFIER = { id: "policy:verifier", authority: "verifier" } as const;

/** Why the platform does not amend by itself, or null when it may. */
export function reasonToAsk(
  divergence: Pick<DivergenceReport, "divergenceType" | "beadId" | "claimId" | "cycle" | "failedHoldoutLines" | "hiddenLeft">,
  history: readonly Pick<AmendmentRow, "beadId" | "claimId" | "mode" | "status">[],
  config: { readonly enableAmendments?: boolean | undefined; readonly maxIterations?: number | undefined },
): string | null {
  if (config.enableAmendments === false) return "The order allows no amendments.";
  const ofBead = cyclesOf(history, divergence.beadId);
  const most = isRunVerdictGap(divergence) ? MAX_RUN_VERDICT_RETRIES : MAX_AMENDMENT_DEPTH;
  const allowed = Math.min(most, config.maxIterations ?? most);
  const cycles = Math.max(ofBead.length, divergence.cycle);
  if (isRunVerdictGap(divergence) && cycles >= allowed)
    return `The run verdict failed after ${cycles} amendment${cycles === 1 ? "" : "s"} although every molecule had passed; ${allowed} are allowed.`;
  if (cycles >= allowed) return `The bead went through ${cycles} amendment${cycles === 1 ? "" : "s"}; ${allowed} are allowed.`;
  const onlyLastHidden = divergence.failedHoldoutLines.length > 0 && divergence.hiddenLeft < 2;
  const toldBefore = ofBead.some(({ claimId, mode }) => claimId === divergence.claimId && mode === "criterion");
  if (onlyLastHidden && toldBefore) {
    return "Only the last hidden example fails, for the second time; it is never revealed, and the criterion alone did not help.";
  }
  return null;
}

/** Amendments that have re-opened a bead; what changed only the knowing-state has not. */
function cyclesOf<A extends Pick<AmendmentRow, "beadId" | "mode" | "status">>(history: readonly A[], beadId: string): A[] {
  return history.filter((row) => row.beadId === beadId && row.status === "ADOPTED" && row.mode !== "knowing-state");
}

/** Takes a divergence one stage further. @throws RetryableError when a graph, the sandbox or a model did not answer. */
export async function handleDivergence(context: SessionContext, row: RunReportRow, divergence: DivergenceReport): Promise<void> {
  const { store, amendments } = context;
  const work: Work = { row, divergence, claim: await claimOf(context, divergence), person: personDecision(context, row) };
  const proposed = amendments.all().find(({ reportSeq, status }) => reportSeq === row.seq && status === "PROPOSED");
  if (proposed !== undefined) {
    await decide(context, work, proposed);
    return;
  }
  const ask = work.person === null ? (row.problem ?? reasonToAsk(divergence, amendments.all(), store.request().config)) : null;
  if (ask === null) await propose(context, work);
  else commit(context, () => consult(context, work, ask));
}

/** A divergence that is being handled, with the claim it concerns and what a person has answered on it. */
type Work = {
  readonly row: RunReportRow;
  readonly divergence: DivergenceReport;
  readonly claim: Claim;
  readonly person: PersonDecision | null;
};

async function claimOf(context: SessionContext, divergence: DivergenceReport): Promise<Claim> {
  return readClaim(context, claimNodeId(currentSpecification(context), divergence.claimId));
}

async function readClaim({ store, deps }: SessionContext, id: string): Promise<Claim> {
  const { org, assembly } = store.request();
  const node = await deps.graph(org, assembly).get(id);
  if (node === null) throw new RetryableError(`The artifact graph does not have ${id} yet.`);
  return claim.parse(node.data);
}

/** The answer of a closed review on this report; an approval without a note means: the same again. */
function personDecision({ store }: SessionContext, row: RunReportRow): PersonDecision | null {
  const review = row.reviewId === null ? null : store.review(row.reviewId);
  if (review === null || review.decision === null || review.decidedBy === null) return null;
  return { by: review.decidedBy, note: review.decision === "amended" ? (review.note ?? "") : "" };
}

async function propose(context: SessionContext, work: Work): Promise<void> {
  const { row, divergence, person } = work;
  const { store, amendments, ledger, deps } = context;
  const history = cyclesOf(amendments.all(), divergence.beadId);
  const depth = history.length + 1;
  const concurrent = concurrentWith(context, divergence);
  const proposal = await orRefusal(() =>
    deps.loopClosure(context).proposeAmendment(
      {
        sessionId: store.request().sessionId,
        divergenceId: divergence.divergenceId,
        traceId: divergence.traceId,
        specificationId: currentSpecification(context),
        claimId: divergence.claimId,
        ...(divergence.outcomeBeadId === undefined ? {} : { outcomeBeadId: divergence.outcomeBeadId }),
        occasion: row.occasion,
        elucidationIds: history.flatMap(({ elucidationId }) => elucidationId ?? []),
        concurrentIds: concurrent.map(({ divergenceId }) => divergenceId),
      },
      proposalDomain(context, divergence, { depth, person, concurrent }),
    ),
  );
  commit(context, () => {
    if (proposal instanceof TerminalError) {
      consult(context, work, proposal.message);
      return;
    }
    ledger.reportWritten(proposal.hypothesisId, "Hypothesis");
    const { amendment } = proposal;
    if (amendment === null) {
      consult(context, work, proposal.hypothesis.explanation, proposal.hypothesisId);
      return;
    }
    ledger.reportWritten(amendment.amendmentId, "Amendment");
    const mode = amendment.change?.mode ?? "knowing-state";
    amendments.add({
      amendmentId: amendment.amendmentId,
      reportSeq: row.seq,
      proposal,
      beadId: divergence.beadId,
      claimId: divergence.claimId,
      mode,
      depth,
    });
    ledger.event("AMENDMENT_PROPOSED", amendmentPayload("PROPOSED", divergence, proposal, depth));
  });
}

/**
 * Divergences of other beads under the same specification, the newest last: none of them had been amended for when this one
 * was found, so one may be the cause of another.
 */
function concurrentWith({ store }: SessionContext, { beadId, specificationId }: DivergenceReport): DivergenceReport[] {
  const others = store.runReports().flatMap(({ report }) => (report.outcome === "diverged" ? [report.divergence] : []));
  return others.filter((other) => other.specificationId === specificationId && other.beadId !== beadId).slice(-MAX_CONCURRENT);
}

/** What a bridge point says, or why it never will: a graph refused for good, or no hypothesis can be formed. */
async function orRefusal<T>(bridgePoint: () => Promise<T>): Promise<T | TerminalError> {
  try {
    return await bridgePoint();
  } catch (err) {
    if (err instanceof TerminalError) return err;
    throw err;
  }
}

/** What is known when an amendment was decided on, before it is committed. */
type Decided = {
  readonly adoption: Adoption;
  /** Lines mediation has to be told of; empty without a successor. */
  readonly toldLines: readonly number[];
  /** What succeeds the target already; only for an amendment that came too late. */
  readonly current: string | null;
};

async function decide(context: SessionContext, work: Work, proposed: AmendmentRow): Promise<void> {
  const { amendment } = proposed.proposal;
  if (amendment === null) throw new Error(`${proposed.amendmentId} was stored without an amendment.`);
  const { amendments, ledger } = context;
  const decided = await orRefusal(() => decideOn(context, work, { amendmentId: proposed.amendmentId, amendmentBeadId: amendment.beadId }));
  commit(context, () => {
    if (decided instanceof TerminalError) {
      amendments.decide(proposed.amendmentId, "REJECTED");
      ledger.event("AMENDMENT_REJECTED", amendmentPayload("REJECTED", work.divergence, proposed.proposal, proposed.depth));
      consult(context, work, decided.message, proposed.proposal.hypothesisId);
      return;
    }
    for (const { id, type } of decided.adoption.nodes) ledger.reportWritten(id, type);
    reportVerification(context, proposed.amendmentId, decided.adoption);
    settle(context, work, proposed, decided);
  });
}

async function decideOn(context: SessionContext, work: Work, amendment: { readonly amendmentId: string; readonly amendmentBeadId: string }): Promise<Decided> {
  const { deps, store } = context;
  const { person, divergence } = work;
  const reviewer = person === null ? VERIFIER : { id: person.by, authority: "person" as const };
  const request = { ...amendment, sessionId: store.request().sessionId, reviewer };
  const adoption = await deps.loopClosure(context).adoptAmendment(request, adoptionDomain(context, divergence, amendment.amendmentId));
  return {
    adoption,
    toldLines: adoption.successor === null ? [] : await linesToTell(context, divergence, adoption.successor),
    current: adoption.outcome === "stale" ? await successorOf(context, currentSpecification(context)) : null,
  };
}

/**
 * Lines of the claim that are visible in the successor and hidden in what mediation knows. That is more than the amendment
 * reveals where it was formed again on a specification that somebody else had amended.
 */
async function linesToTell(context: SessionContext, divergence: DivergenceReport, successor: NonNullable<Adoption["successor"]>): Promise<number[]> {
  const known = context.amendments.all().findLast(({ successorId }) => successorId !== null)?.successorId ?? divergence.specificationId;
  const { visible: before } = await readClaim(context, claimNodeId(known, divergence.claimId));
  const amended = successor.claims.find(({ claimId }) => claimId === divergence.claimId);
  if (amended === undefined) throw new Error(`${successor.specificationId} has no claim ${divergence.claimId}.`);
  const shown = new Set(before.map(({ line }) => line));
  return claim
    .parse(amended.data)
    .visible.map(({ line }) => line)
    .filter((line) => !shown.has(line));
}

/** The end of the line of succession that begins at a specification; itself when nothing succeeds it. */
async function successorOf({ store, deps }: SessionContext, specificationId: string): Promise<string> {
  const { org, assembly } = store.request();
  const graph = deps.graph(org, assembly);
  const seen = new Set<string>();
  let current = specificationId;
  while (!seen.has(current)) {
    seen.add(current);
    current = (await graph.edgesOf(current)).in.find(({ rel }) => rel === "version_of")?.source ?? current;
  }
  return current;
}

function settle(context: SessionContext, work: Work, proposed: AmendmentRow, { adoption, toldLines, current }: Decided): void {
  const { store, amendments, deps, ledger } = context;
  const { row, divergence } = work;
  const { amendmentId, proposal, depth } = proposed;
  const { hypothesisId } = proposal;
  switch (adoption.outcome) {
    case "adopted": {
      const { successor, elucidationId } = adoption;
      amendments.decide(amendmentId, "ADOPTED", { successorId: successor?.specificationId ?? null, elucidationId, toldLines });
      ledger.event("AMENDMENT_ADOPTED", {
        ...amendmentPayload("ADOPTED", divergence, proposal, depth),
        ...(successor === null ? {} : { specificationId: successor.specificationId }),
      });
      if (successor === null) {
        // Nothing is re-opened by it, so nobody answers for that.
        amendments.settle(amendmentId, deps.now());
        consult(context, work, proposal.hypothesis.explanation, hypothesisId);
        return;
      }
      store.patch({ specificationId: successor.specificationId }, deps.now());
      ledger.amend(amendmentId);
      ledger.ingest(amendmentId);
      store.handleReport(row.seq, deps.now());
      return;
    }
    case "rejected":
      amendments.decide(amendmentId, "REJECTED");
      ledger.event("AMENDMENT_REJECTED", amendmentPayload("REJECTED", divergence, proposal, depth));
      consult(context, work, `The verifier rejected the amendment: ${objections(adoption).join("; ")}.`, hypothesisId);
      return;
    case "stale":
      amendments.decide(amendmentId, "REJECTED");
      ledger.event("AMENDMENT_REJECTED", amendmentPayload("REJECTED", divergence, proposal, depth));
      if (current === null || row.reformed >= MAX_REFORMED) {
        consult(
          context,
          work,
          `The amendment was formed ${row.reformed + 1} times, and each time its specification had been amended by somebody else.`,
          hypothesisId,
        );
        return;
      }
      store.patch({ specificationId: current }, deps.now());
      store.reformReport(row.seq, `stale:${current}`);
      return;
    default:
      adoption.outcome satisfies never;
  }
}

function objections({ checks }: Adoption): string[] {
  return checks.filter(({ outcome }) => outcome !== "passed").map(({ check, outcome, detail }) => `${check} ${outcome}: ${detail}`);
}

/** The gate on an amendment, for both outcomes; what nobody could tell is neither passed nor failed. */
function reportVerification({ ledger }: SessionContext, amendmentId: string, adoption: Adoption): void {
  const { checks, nodes, verdictId, knowingStateRefusal } = adoption;
  const count = (wanted: (typeof checks)[number]["outcome"]): number => checks.filter(({ outcome }) => outcome === wanted).length;
  const objected = objections(adoption);
  ledger.event("VERIFICATION_PRODUCED", {
    verificationId: nodes.find(({ type }) => type === "VerificationProcess")?.id ?? verdictId,
    verificationType: "FIDELITY",
    outcome: objected.length === 0 ? "PASS" : count("failed") > 0 ? "FAIL" : "INCONCLUSIVE",
    subjectId: amendmentId,
    summary: objected.length === 0 ? `${checks.length} checks of the amendment passed` : objected.join("; "),
    failedCriteria: checks.filter(({ outcome }) => outcome !== "passed").map(({ check }) => check),
    checksPassed: count("passed"),
    checksFailed: count("failed"),
    details: { verdictId, unscored: count("unscored"), ...(knowingStateRefusal === null ? {} : { knowingStateRefusal }) },
  });
}

/** Raises a consultation request and asks a person, in the caller's transaction. */
function consult(context: SessionContext, { row, divergence, claim: concerned }: Work, reason: string, hypothesisId?: string): void {
  const { store, amendments, ledger, deps } = context;
  const request = store.request();
  const history = amendments.all().filter(({ beadId }) => beadId === divergence.beadId);
  const promptText = consultationText({ divergence, claim: concerned, reason, history });
  const consultationId = ulidId("CRP", deps.now());
  const parents = [divergence.divergenceId, ...(hypothesisId === undefined ? [] : [hypothesisId])];
  const edges = parents.map((target) => ({ source: consultationId, rel: "source_ref", target }));
  if (hypothesisId !== undefined) ledger.surface(hypothesisId, request.principal.id);
  const data = {
    org: request.org,
    beadId: divergence.beadId,
    claimId: divergence.claimId,
    question: promptText,
    reason,
    optionsConsidered: ["try the same again", "try again with an added instruction", "end the session"],
    divergences: [...divergencesBehind(context, history), divergence.divergenceId],
    hypotheses: history.map(({ proposal }) => proposal.hypothesisId),
    amendments: history.map(({ amendmentId }) => amendmentId),
    amendmentCycles: cyclesOf(history, divergence.beadId).length,
  };
  ledger.artifact({ id: consultationId, type: "ConsultationRequest", data, parents }, edges);
  const reviewId = openReview(context, {
    subject: { matter: "divergence", reportSeq: row.seq },
    reviewType: "AMENDMENT_REQUIRED",
    toState: "IN_REVIEW",
    action: `Re-open ${divergence.beadId} for ${divergence.claimId} after ${divergence.divergenceId}`,
    promptText,
    context: { consultationId, divergenceId: divergence.divergenceId, beadId: divergence.beadId, claimId: divergence.claimId, reason },
  });
  store.askAboutReport(row.seq, reviewId);
}

/** The divergences that amendments answered. */
function divergencesBehind({ store }: SessionContext, history: readonly AmendmentRow[]): string[] {
  return history.flatMap(({ reportSeq }) => {
    const { report } = store.runReport(reportSeq);
    return report.outcome === "diverged" ? [report.divergence.divergenceId] : [];
  });
}

/** Commits unless the session is on its way to an end, which wins over whatever was under way. */
function commit({ store, deps }: SessionContext, work: () => void): void {
  store.transaction(() => {
    if (store.requireSession().ending !== null) return;
    work();
    store.patch({ stuck: null }, deps.now());
  });
}

function currentSpecification({ store }: SessionContext): string {
  const { specificationId } = store.requireSession();
  if (specificationId === null) throw new Error("A divergence before there was a specification.");
  return specificationId;
}

function amendmentPayload(
  amendmentState: "PROPOSED" | "ADOPTED" | "REJECTED",
  divergence: DivergenceReport,
  { amendment, hypothesis, hypothesisId }: Proposal,
  depth: number,
): EventPayload<"AMENDMENT_PROPOSED"> {
  if (amendment === null) throw new Error(`The hypothesis ${hypothesisId} proposes nothing.`);
  return {
    amendmentId: amendment.amendmentId,
    amendmentState,
    divergenceId: divergence.divergenceId,
    hypothesisId,
    divergenceReason: divergence.observed,
    faultAttribution: hypothesis.faultAttribution,
    scope: hypothesis.amendmentScope,
    beadIds: [...divergence.affectedBeadIds],
    depth,
    patch: {
      ...(amendment.change === null ? {} : patchOf(amendment.change)),
      ...(amendment.knowingState === null ? {} : { knowingState: { ...amendment.knowingState } }),
    },
  };
}

function patchOf({ checks, ...change }: AmendmentChange): EventPayload<"AMENDMENT_PROPOSED">["patch"] {
  return { ...change, revealedLines: [...change.revealedLines], ...(checks === undefined ? {} : { checks: [...checks] }) };
}
