/**
 * BP4 and BP5 as a service over ports. Each decides once, journals the decision, then writes artifact graph first,
 * knowing-state second; a crash between any two writes is mended by calling again with the same occasion.
 *
 * @see `domain.md` 5
 */
import { RetryableError, TerminalError } from "@factory/durable";
import { claimNodeId, ERRORS } from "@factory/schemas";
import type { Claim, Refusal } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc, DivergenceReport, StoredNode } from "@factory/schemas/rpc";
import { planAdoption } from "./adoption.ts";
import type { Adoption, RejectedOption } from "./adoption.ts";
import { planAmendment } from "./amendment.ts";
import type { ProposedAmendment } from "./amendment.ts";
import { hypothesisByRule, outcomeOfTrace } from "./hypothesis.ts";
import type { Hypothesis, HypothesisAuthor, HypothesisEvidence } from "./hypothesis.ts";
import type { BridgeJournal } from "./journal.ts";
import { parseClaims, verifyAmendment } from "./verifier.ts";
import type { CoherenceCheck } from "./verifier.ts";
import { LOOP_CLOSURE_ACTOR } from "./writes.ts";
import type { BridgeWrite } from "./writes.ts";

/** What loop closure needs of its surroundings. */
export interface LoopClosurePorts {
  readonly org: string;
  readonly sessionId: string;
  /** Namespace of the session's nodes. */
  readonly namespace: string;
  readonly graph: Pick<ArtifactGraphRpc, "append" | "get" | "edgesOf">;
  readonly beads: Pick<BeadGraphRpc, "write">;
  readonly journal: BridgeJournal;
  /** Asked only where the evidence alone does not decide. @throws what the model call throws; the caller tries again. */
  readonly askHypothesis: (evidence: HypothesisEvidence) => Promise<{ readonly hypothesis: Hypothesis; readonly modelId: string }>;
  readonly coherence: CoherenceCheck;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** A person's answer that takes the place of a rule or a model. An empty note means: the same again. */
export type PersonDecision = { readonly by: string; readonly note: string };

export type ProposalRequest = {
  readonly divergence: DivergenceReport;
  /** The specification that is current for the session. */
  readonly specificationId: string;
  /** Amendments of the bead so far, this one included. */
  readonly depth: number;
  /** Empty for the first proposal of a divergence, the review's id after a person's answer. */
  readonly occasion: string;
  /** Elucidations of earlier adoptions for the bead. */
  readonly elucidationIds: readonly string[];
  readonly person?: PersonDecision;
};

export type AdoptionRequest = {
  readonly divergence: DivergenceReport;
  readonly specificationId: string;
  readonly proposal: ProposedAmendment & { readonly amendment: NonNullable<ProposedAmendment["amendment"]> };
  readonly decidedBy: string;
};

/** The bridge points of commissioning. */
export class LoopClosure {
  readonly #ports: LoopClosurePorts;

  constructor(ports: LoopClosurePorts) {
    this.#ports = ports;
  }

  /**
   * BP4: a hypothesis from the evidence and, unless its scope is `none`, an amendment PROPOSED.
   *
   * @throws RetryableError when a graph did not answer, TerminalError when it refused.
   */
  async proposeAmendment(request: ProposalRequest): Promise<ProposedAmendment> {
    return this.#point(`bp4:${request.divergence.divergenceId}:${request.occasion}`, () => this.#decideProposal(request));
  }

  /**
   * BP5: runs the verifier and adopts or rejects; the verdict says why. An amendment that was decided here is answered
   * from the journal.
   *
   * @throws RetryableError when a graph did not answer, TerminalError when it refused or the amendment is not PROPOSED.
   */
  async adoptAmendment(request: AdoptionRequest): Promise<Adoption> {
    return this.#point(`bp5:${request.proposal.amendment.amendmentId}`, () => this.#decideAdoption(request));
  }

  async #point<T>(key: string, decide: () => Promise<{ readonly result: T; readonly writes: readonly BridgeWrite[] }>): Promise<T> {
    // The cast holds: only this method writes under the key, and always what `decide` of the same bridge point gave.
    const journaled = this.#ports.journal.read(key) as { readonly result: T; readonly writes: readonly BridgeWrite[] } | undefined;
    const plan = journaled ?? (await decide());
    if (journaled === undefined) this.#ports.journal.write(key, plan);
    for (const write of plan.writes) await this.#carryOut(write);
    return plan.result;
  }

  async #carryOut(write: BridgeWrite): Promise<void> {
    const { graph, beads, namespace, sessionId } = this.#ports;
    const answer =
      write.kind === "artifacts" ? await graph.append(namespace, write.nodes, write.edges) : await beads.write(write.bead, LOOP_CLOSURE_ACTOR, sessionId);
    if (!answer.ok) throw failureOfRefusal(answer);
  }

  async #decideProposal(request: ProposalRequest) {
    const { divergence, specificationId, person } = request;
    const claimNode = await this.#node(claimNodeId(specificationId, divergence.claimId));
    const [claim] = parseClaims([claimNode]);
    if (claim === undefined) throw new TerminalError(`${claimNode.id} is no claim.`);
    const { hypothesis, author } = person === undefined ? await this.#hypothesise(request, claim) : personHypothesis(person, divergence);
    return planAmendment({
      org: this.#ports.org,
      divergence,
      specificationId,
      claim,
      hypothesis,
      author,
      informedBy: request.elucidationIds,
      depth: request.depth,
      occasion: request.occasion,
      now: this.#ports.now(),
    });
  }

  async #hypothesise(
    { divergence, specificationId, elucidationIds }: ProposalRequest,
    claim: Claim,
  ): Promise<{ hypothesis: Hypothesis; author: HypothesisAuthor }> {
    const trace = (await this.#node(divergence.traceId)).data;
    const outcome = outcomeOfTrace(trace);
    const { holdout: _hidden, ...visibleClaim } = claim;
    const ruled = hypothesisByRule({ divergence, outcome, claim: visibleClaim });
    if (ruled !== null) return { hypothesis: ruled, author: { kind: "rule", id: "evidence" } };
    const specification = (await this.#node(specificationId)).data;
    const elucidations = await Promise.all(elucidationIds.map(async (id) => (await this.#node(id)).data));
    const asked = await this.#ports.askHypothesis({ divergence, outcome, claim: visibleClaim, trace: visibleTrace(trace), specification, elucidations });
    return { hypothesis: asked.hypothesis, author: { kind: "model", id: asked.modelId } };
  }

  async #decideAdoption({ divergence, specificationId, proposal, decidedBy }: AdoptionRequest) {
    const { amendmentId, beadId, change } = proposal.amendment;
    const target = await this.#node(specificationId);
    const ofTarget = await this.#ports.graph.edgesOf(specificationId);
    const ofAmendment = await this.#ports.graph.edgesOf(amendmentId);
    if (ofAmendment.out.some(({ rel }) => rel === "subject_to")) throw new TerminalError(`${amendmentId} is decided; only a proposed amendment is adopted.`);
    const claimIds = ofTarget.out.filter(({ rel }) => rel === "composed_of").map((edge) => edge.target);
    const claims = parseClaims(await Promise.all(claimIds.map((id) => this.#node(id))));
    const recorded = (await this.#node(divergence.divergenceId)).data["failedHoldoutLines"];
    const checks = verifyAmendment(
      {
        change,
        claims,
        failedHoldoutLines: Array.isArray(recorded) ? recorded.filter((line) => typeof line === "number") : [],
        successors: ofTarget.in.filter(({ rel }) => rel === "version_of").map(({ source }) => source),
      },
      this.#ports.coherence,
    );
    return planAdoption({
      org: this.#ports.org,
      amendmentId,
      amendmentBeadId: beadId,
      hypothesisId: proposal.hypothesisId,
      triggeredBy: divergence.outcomeBeadId ?? divergence.divergenceId,
      rationale: proposal.hypothesis.explanation,
      change,
      target,
      claims,
      checks,
      decidedBy,
      rejectedOptions: rejectedOptions(
        proposal,
        divergence,
        claims.find(({ claimId }) => claimId === change.claimId),
      ),
      now: this.#ports.now(),
    });
  }

  async #node(id: string): Promise<StoredNode> {
    const node = await this.#ports.graph.get(id);
    if (node === null) throw new RetryableError(`The artifact graph does not have ${id} yet.`);
    return node;
  }
}

/** A trace without the results of hidden checks, whose messages may hold hidden values. */
function visibleTrace(trace: { readonly [key: string]: unknown }): { readonly [key: string]: unknown } {
  const isHidden = (check: unknown) => typeof check === "object" && check !== null && "holdout" in check && check.holdout !== false;
  const checks = Array.isArray(trace["checks"]) ? trace["checks"].filter((check) => !isHidden(check)) : [];
  return { ...trace, checks };
}

/** What else could have been done with this divergence, and why it was not. */
function rejectedOptions(
  { amendment, hypothesis }: AdoptionRequest["proposal"],
  { failedHoldoutLines }: DivergenceReport,
  claim: Pick<Claim, "holdout"> | undefined,
): RejectedOption[] {
  const mode = amendment.change.mode;
  const options: RejectedOption[] = [
    { option: "accept the result as it is", reason: "A required check failed; unknown or failed is not pass." },
    {
      option: "ask a person",
      reason: mode === "note" || mode === "retry" ? "A person was asked; this is the answer." : "The evidence decides and the depth allows another cycle.",
    },
  ];
  if (mode !== "retry") options.push({ option: "run the bead again unchanged", reason: `The same facts give the same result: ${hypothesis.explanation}` });
  if (mode === "reveal" && failedHoldoutLines.length > 1) {
    options.push({ option: "reveal every failed hidden example", reason: "One counterexample a cycle keeps the most hidden." });
  }
  if (mode === "criterion") {
    options.push({
      option: "reveal the failed hidden example",
      reason: `It is the last hidden one${claim === undefined ? "" : ` of ${claim.holdout.length}`}; it is never revealed.`,
    });
  }
  return options;
}

function personHypothesis(person: PersonDecision, divergence: DivergenceReport): { hypothesis: Hypothesis; author: HypothesisAuthor } {
  const asked = person.note === "" ? "the same again" : `a further instruction: ${person.note}`;
  return {
    hypothesis: {
      faultAttribution: person.note === "" ? "ENVIRONMENTAL" : "SPECIFICATION_GAP",
      explanation: `A person decided on ${divergence.divergenceId}: ${asked}.`,
      confidence: 1,
      amendmentScope: person.note === "" ? "none" : "modify-atom",
      instruction: person.note,
    },
    author: { kind: "person", id: person.by },
  };
}

function failureOfRefusal(refusal: Refusal): Error {
  const text = `${refusal.code}: ${refusal.message}`;
  // What is asked for is fixed by now: where it does not fit, repeating it does not help.
  const isFinal = ERRORS[refusal.code].retry === "never" || refusal.code === "INTEGRITY" || refusal.code === "STALE_TARGET";
  return isFinal ? new TerminalError(text) : new RetryableError(text);
}
