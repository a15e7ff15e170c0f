/**
 * The factory's judgement at BP4 and BP5 of a session: by rule where the evidence decides, by a person who was asked, or by
 * a model; and the verifier with its surroundings.
 */
import { RetryableError } from "@factory/durable";
import { agentIdOf } from "@factory/gears";
import {
  elucidationOf,
  formChange,
  hypothesisByRule,
  hypothesisOfModel,
  hypothesisOfPerson,
  outcomeOfTrace,
  successorSpecification,
  visibleTrace,
} from "@factory/factory-graph";
import type { AmendmentChange, ConcurrentDivergence, Hypothesis, PersonDecision, RuleEvidence } from "@factory/factory-graph";
import { verifyAmendment } from "@factory/factory-graph/verifier";
import type { AdoptionDomain, Evidence, FormedHypothesis, ProposalDomain } from "@factory/loop-closure";
import { claim } from "@factory/schemas";
import type { Claim, Tree } from "@factory/schemas";
import type { DivergenceReport, StoredNode } from "@factory/schemas/rpc";
import { r2BlobStore, textFiles } from "@factory/workspace";
import type { BlobStore } from "@factory/workspace";
import { judgeConflict } from "./conflict-judge.ts";
import type { SessionContext } from "./context.ts";
import { earlierElucidations } from "./earlier-elucidations.ts";
import { askHypothesis } from "./hypotheses.ts";

/**
 * Tries of the verifier that may go without an answer before an amendment counts as unscored: under the alarm's back-off
 * some minutes, in which a sandbox that was restarted is back.
 */
export const MAX_VERIFIER_TRIES = 6;

/** How a hypothesis on a divergence is formed, and what it changes. */
export function proposalDomain(
  context: SessionContext,
  divergence: DivergenceReport,
  of: { readonly depth: number; readonly person: PersonDecision | null; readonly concurrent: readonly DivergenceReport[] },
): ProposalDomain<Hypothesis, AmendmentChange> {
  const { person, depth, concurrent } = of;
  return {
    hypothesise: async (evidence) =>
      person === null
        ? hypothesise(context, divergence, evidence, concurrent)
        : { hypothesis: hypothesisOfPerson(person, divergence), author: { kind: "person", id: person.by } },
    change: (formed, evidence) => formChange(formed, divergence, claim.parse(evidence.claim.data), evidence.trace.data),
    facts: { beadId: divergence.beadId, depth },
  };
}

async function hypothesise(
  context: SessionContext,
  divergence: DivergenceReport,
  evidence: Evidence,
  concurrent: readonly DivergenceReport[],
): Promise<FormedHypothesis<Hypothesis>> {
  const { holdout: _hidden, ...visible } = claim.parse(evidence.claim.data);
  const trace = visibleTrace(evidence.trace.data);
  const seen = { divergence, outcome: outcomeOfTrace(trace), claim: visible, trace };
  const ruled = hypothesisByRule({ ...seen, agent: await agentOf(context, divergence) });
  if (ruled !== null) return { hypothesis: ruled, author: { kind: "rule", id: "evidence" } };
  const elucidations = [...evidence.elucidations, ...(await elsewhere(context, visible, evidence.elucidations))].map(({ data }) => data);
  const { answer, modelId } = await askHypothesis(context, {
    ...seen,
    specification: evidence.specification.data,
    elucidations,
    concurrent: seenBy(divergence, concurrent),
  });
  return { hypothesis: hypothesisOfModel(answer, divergence), author: { kind: "model", id: modelId } };
}

/** Other divergences as a model is told of them: what happened, and whether the bead in question waits for them. */
function seenBy({ beadId: own }: DivergenceReport, others: readonly DivergenceReport[]): ConcurrentDivergence[] {
  return others.map(({ divergenceId, divergenceType, beadId, atomId, claimId, observed, expected, affectedBeadIds }) => ({
    divergenceId,
    divergenceType,
    beadId,
    atomId,
    claimId,
    observed,
    expected,
    comesBefore: affectedBeadIds.includes(own),
  }));
}

/** The agent of the role with its trust now; null when it has none. */
async function agentOf({ store, deps }: SessionContext, { role }: DivergenceReport): Promise<RuleEvidence["agent"]> {
  const subjectId = agentIdOf(role);
  const tip = await deps.beads(store.request().org).tip({ type: "trust", subject: subjectId });
  const trustScore = tip?.content["trust_score"];
  return typeof trustScore === "number" ? { subjectId, trustScore } : null;
}

/** Decisions on the claim's function in other sessions; those of this one are known already. */
async function elsewhere({ store, deps }: SessionContext, { functionName }: Omit<Claim, "holdout">, known: readonly StoredNode[]): Promise<StoredNode[]> {
  if (functionName === undefined) return [];
  const ids = new Set(known.map(({ id }) => id));
  return (await earlierElucidations(deps.sources(store.request().org), functionName)).filter(({ id }) => !ids.has(id));
}

/** How an amendment for a divergence is verified, and what its adoption makes. */
export function adoptionDomain(context: SessionContext, divergence: DivergenceReport, amendmentId: string): AdoptionDomain {
  const { store, amendments, deps } = context;
  const { org, assembly } = store.request();
  const graph = deps.graph(org, assembly);
  const mayTryAgain = (): boolean => amendments.countVerifierTry(amendmentId) < MAX_VERIFIER_TRIES;
  const ports = {
    graph,
    sandbox: deps.sandbox,
    readTree: (tree: Tree) => textFiles(contentsOf(deps), tree),
    mayTryAgain,
    judge: (question: Parameters<typeof judgeConflict>[1]) => judgeConflict(context, question, mayTryAgain),
  };
  return {
    verify: async (subject) => {
      const trace = await graph.get(divergence.traceId);
      if (trace === null) throw new RetryableError(`The artifact graph does not have ${divergence.traceId} yet.`);
      return verifyAmendment(ports, subject, { divergence, trace });
    },
    successor: successorSpecification,
    elucidate: elucidationOf,
  };
}

/** The session's bucket as a store of contents, which are checked against their digests. */
function contentsOf({ blobs }: SessionContext["deps"]): BlobStore {
  return r2BlobStore({
    async get(key) {
      const bytes = await blobs.get(key);
      return bytes === null ? null : { arrayBuffer: async () => bytes.slice().buffer };
    },
    put: (key, bytes) => blobs.put(key, bytes),
  });
}
