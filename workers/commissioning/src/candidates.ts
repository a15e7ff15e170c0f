/** The choice among options for the function, on record: the set with its losers, and why the winner was taken. */
import { artifactNode } from "@factory/schemas";
import type { ArtifactNode, CandidateSet } from "@factory/schemas";
import type { SessionContext } from "./context.ts";

/**
 * Records a choice in the caller's transaction: the set, the elucidation that names the set and what was selected from it,
 * and the event.
 *
 * @param winner - the artifact that was made of the selected option
 * @param parents - what the options were proposed for
 */
export function recordChoice(context: SessionContext, set: CandidateSet, winner: ArtifactNode, parents: readonly string[]): void {
  const { store, ledger } = context;
  const { org, principal } = store.request();
  const setNode = artifactNode("CST", "CandidateSet", org, set, parents);
  ledger.artifact(
    setNode,
    parents.map((target) => ({ source: setNode.id, rel: "source_ref", target })),
  );
  const elucidation = artifactNode("ELC", "ElucidationArtifact", org, elucidationOf(set, principal.id), [setNode.id, winner.id]);
  ledger.artifact(elucidation, [
    { source: elucidation.id, rel: "records_candidate_set", target: setNode.id },
    { source: elucidation.id, rel: "records_selected_option", target: winner.id },
    { source: elucidation.id, rel: "source_ref", target: setNode.id },
  ]);
  ledger.event("CANDIDATE_SET_BUILT", {
    candidateSetId: setNode.id,
    selected: winner.id,
    alternatives: set.candidates.filter(({ outcome }) => outcome === "rejected").map(({ proposal }) => proposal.name),
  });
}

/** The platform chooses by the total; the principal is whose order it chooses for. */
function elucidationOf({ pass, selected, candidates, rationale }: CandidateSet, principal: string) {
  const named = (proposal: CandidateSet["candidates"][number]["proposal"]) => `${proposal.name}: ${proposal.title}`;
  const winner = candidates.find(({ outcome }) => outcome === "selected");
  return {
    disposition: pass,
    selectedOption: winner === undefined ? selected : named(winner.proposal),
    rationale: winner === undefined ? rationale : `${rationale} ${winner.rationale}`,
    considered: candidates.map(({ proposal }) => named(proposal)),
    rejectedOptions: candidates.filter(({ outcome }) => outcome === "rejected").map(({ proposal, reason }) => ({ option: named(proposal), reason })),
    assumptions: [],
    risksAccepted: winner === undefined ? [] : [`risk ${winner.scores.risk}, cost ${winner.scores.cost}, as scored`],
    decidedBy: "policy:score",
    decidedFor: principal,
  };
}
