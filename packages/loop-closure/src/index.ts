/** Loop closure: the bridge between the artifact graph and the bead graph. */
export { amendClaims } from "./adoption.ts";
export type { Adoption, RejectedOption, VerifierCheck } from "./adoption.ts";
export { AMENDMENT_STATUSES, CHANGE_MODES, revealable } from "./amendment.ts";
export type { AmendmentChange, AmendmentStatus, ChangeMode, ProposedAmendment } from "./amendment.ts";
export { AMENDMENT_SCOPES, FAULT_ATTRIBUTIONS, hypothesis, hypothesisByRule } from "./hypothesis.ts";
export type { Hypothesis, HypothesisAuthor, HypothesisEvidence } from "./hypothesis.ts";
export { BRIDGE_JOURNAL_MIGRATION, sqlJournal } from "./journal.ts";
export type { BridgeJournal } from "./journal.ts";
export { OUTCOMES, detectDivergences, planOutcome } from "./outcome.ts";
export type { DetectorFiring, Outcome, OutcomeCheck, OutcomeInput, OutcomePlan } from "./outcome.ts";
export { LoopClosure } from "./service.ts";
export type { AdoptionRequest, LoopClosurePorts, PersonDecision, ProposalRequest } from "./service.ts";
export type { CoherenceCheck } from "./verifier.ts";
export { LOOP_CLOSURE_ACTOR, knowingStateBead } from "./writes.ts";
export type { BridgeWrite } from "./writes.ts";
