/**
 * A divergence's way through the session: hypothesis, amendment, adoption, re-opening; or, where that would not help, a
 * person. Each stage is one step that ends in a commit, so a crash resumes at the stage it was in.
 */
import { RetryableError, TerminalError } from "@factory/durable";
import type { Adoption, PersonDecision, ProposedAmendment } from "@factory/loop-closure";
import { claim, claimNodeId, ulidId } from "@factory/schemas";
import type { Claim, EventPayload } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import { consultationText } from "./consultation.ts";
import type { SessionContext } from "./context.ts";
import { openReview } from "./reviews.ts";
import type { AmendmentRow, RunReportRow } from "./session-store.ts";

/** Amendments one bead may go through before a person is asked. */
const MAX_AMENDMENT_DEPTH = 3;

/** No hypothesis could be formed; a person is asked instead. */
export class HypothesisError extends TerminalError {
  override readonly name = "HypothesisError";
}

/** Why the platform does not amend by itself, or null when it may. */
export function reasonToAsk(
  divergence: Pick<DivergenceReport, "beadId" | "claimId" | "cycle" | "failedHoldoutLines" | "hiddenLeft">,
  history: readonly Pick<AmendmentRow, "beadId" | "claimId" | "mode" | "status">[],
  config: { readonly enableAmendments?: boolean | undefined; readonly maxIterations?: number | undefined },
): string | null {
  if (config.enableAmendments === false) return "The order allows no amendments.";
  const ofBead = history.filter(({ beadId, status }) => beadId === divergence.beadId && status === "ADOPTED");
  const allowed = Math.min(MAX_AMENDMENT_DEPTH, config.maxIterations ?? MAX_AMENDMENT_DEPTH);
  const cycles = Math.max(ofBead.length, divergence.cycle);
  if (cycles >= allowed) return `The bead went through ${cycles} amendment${cycles === 1 ? "" : "s"}; ${allowed} are allowed.`;
  const onlyLastHidden = divergence.failedHoldoutLines.length > 0 && divergence.hiddenLeft < 2;
  const toldBefore = ofBead.some(({ claimId, mode }) => claimId === divergence.claimId && mode === "criterion");
  if (onlyLastHidden && toldBefore) {
    return "Only the last hidden example fails, for the second time; it is never revealed, and the criterion alone did not help.";
  }
  return null;
}

/** Takes a divergence one stage further. @throws RetryableError when a graph or the model did not answer. */
export async function handleDivergence(context: SessionContext, row: RunReportRow, divergence: DivergenceReport): Promise<void> {
  const { store } = context;
  const work = { row, divergence, claim: await claimOf(context, divergence) };
  const proposed = store.amendments().find(({ reportSeq, status }) => reportSeq === row.seq && status === "PROPOSED");
  const person = personDecision(context, row);
  if (proposed !== undefined) {
    await adopt(context, work, proposed, person);
    return;
  }
  const ask = person === null ? (row.problem ?? reasonToAsk(divergence, store.amendments(), store.request().config)) : null;
  if (ask === null) await propose(context, work, person);
  else consult(context, work, ask);
}

/** A divergence that is being handled, with the claim it concerns. */
type Work = { readonly row: RunReportRow; readonly divergence: DivergenceReport; readonly claim: Pick<Claim, "text" | "line"> };

async function claimOf(context: SessionContext, divergence: DivergenceReport): Promise<Work["claim"]> {
  const { org, assembly } = context.store.request();
  const id = claimNodeId(currentSpecification(context), divergence.claimId);
  const node = await context.deps.graph(org, assembly).get(id);
  if (node === null) throw new RetryableError(`The artifact graph does not have ${id} yet.`);
  return claim.parse(node.data);
}

/** The answer of a closed review on this report; an approval without a note means: the same again. */
function personDecision({ store }: SessionContext, row: RunReportRow): PersonDecision | null {
  const review = row.reviewId === null ? null : store.review(row.reviewId);
  if (review === null || review.decision === null || review.decidedBy === null) return null;
  return { by: review.decidedBy, note: review.decision === "amended" ? (review.note ?? "") : "" };
}

async function propose(context: SessionContext, work: Work, person: PersonDecision | null): Promise<void> {
  const { row, divergence } = work;
  const { store, ledger, deps } = context;
  const history = store.amendments().filter(({ beadId, status }) => beadId === divergence.beadId && status === "ADOPTED");
  const depth = history.length + 1;
  let proposal: ProposedAmendment;
  try {
    proposal = await deps.loopClosure(context).proposeAmendment({
      divergence,
      specificationId: currentSpecification(context),
      depth,
      occasion: row.reviewId ?? "",
      elucidationIds: history.flatMap(({ elucidationId }) => elucidationId ?? []),
      ...(person === null ? {} : { person }),
    });
  } catch (err) {
    if (!(err instanceof HypothesisError)) throw err;
    consult(context, work, err.message);
    return;
  }
  const { amendment } = proposal;
  if (amendment === null) {
    consult(context, work, proposal.hypothesis.explanation, proposal.hypothesisId);
    return;
  }
  commit(context, () => {
    ledger.reportWritten(proposal.hypothesisId, "Hypothesis");
    ledger.reportWritten(amendment.amendmentId, "Amendment");
    store.addAmendment({
      amendmentId: amendment.amendmentId,
      reportSeq: row.seq,
      proposal,
      beadId: divergence.beadId,
      claimId: divergence.claimId,
      mode: amendment.change.mode,
      depth,
    });
    ledger.event("AMENDMENT_PROPOSED", amendmentPayload("PROPOSED", divergence, proposal, depth));
  });
}

async function adopt(context: SessionContext, work: Work, proposed: AmendmentRow, person: PersonDecision | null): Promise<void> {
  const { row, divergence } = work;
  const { store, ledger, deps } = context;
  const { proposal, amendmentId, depth } = proposed;
  const { amendment } = proposal;
  if (amendment === null) throw new Error(`${amendmentId} was stored without an amendment.`);
  const adoption = await deps.loopClosure(context).adoptAmendment({
    divergence,
    specificationId: currentSpecification(context),
    proposal: { ...proposal, amendment },
    decidedBy: person?.by ?? "policy:verifier",
  });
  commit(context, () => {
    reportAdoption(context, adoption);
    const { successor } = adoption;
    store.decideAmendment(amendmentId, successor === null ? "REJECTED" : "ADOPTED", successor);
    if (successor === null) {
      ledger.event("AMENDMENT_REJECTED", amendmentPayload("REJECTED", divergence, proposal, depth));
      const failed = adoption.checks.filter(({ passed }) => !passed).map(({ check, detail }) => `${check}: ${detail}`);
      consult(context, work, `The verifier rejected the amendment: ${failed.join("; ")}.`, proposal.hypothesisId);
      return;
    }
    store.patch({ specificationId: successor.specificationId }, deps.now());
    ledger.event("AMENDMENT_ADOPTED", { ...amendmentPayload("ADOPTED", divergence, proposal, depth), specificationId: successor.specificationId });
    ledger.amend(amendmentId);
    store.handleReport(row.seq, deps.now());
  });
}

/** Reports what the bridge point wrote; its nodes are in the graph when it answers. */
function reportAdoption({ ledger }: SessionContext, { verdictId, successor }: Adoption): void {
  ledger.reportWritten(verdictId, "Verdict");
  if (successor === null) return;
  ledger.reportWritten(successor.specificationId, "Specification");
  for (const { claimId } of successor.claims) ledger.reportWritten(claimNodeId(successor.specificationId, claimId), "Claim");
  ledger.reportWritten(successor.elucidationId, "ElucidationArtifact");
}

/** Raises a consultation request and asks a person. */
function consult(context: SessionContext, { row, divergence, claim: concerned }: Work, reason: string, hypothesisId?: string): void {
  const { store, ledger, deps } = context;
  commit(context, () => {
    const request = store.request();
    const history = store.amendments().filter(({ beadId }) => beadId === divergence.beadId);
    const promptText = consultationText({ divergence, claim: concerned, reason, history });
    const consultationId = ulidId("CRP", deps.now());
    const parents = [divergence.divergenceId, ...(hypothesisId === undefined ? [] : [hypothesisId])];
    const edges = parents.map((target) => ({ source: consultationId, rel: "source_ref", target }));
    if (hypothesisId !== undefined) ledger.reportWritten(hypothesisId, "Hypothesis");
    const data = {
      org: request.org,
      beadId: divergence.beadId,
      claimId: divergence.claimId,
      question: promptText,
      reason,
      optionsConsidered: ["try the same again", "try again with an added instruction", "end the session"],
      amendments: history.map(({ amendmentId }) => amendmentId),
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
  { amendment, hypothesis, hypothesisId }: ProposedAmendment,
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
    patch: { ...amendment.change, revealedLines: [...amendment.change.revealedLines] },
  };
}
