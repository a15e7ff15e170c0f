/** The sealed evidence package: an in-toto statement in a signed envelope, and its verification offline. */
export { checkIdentity } from "./consistency.ts";
export { EVIDENCE_CHECKS } from "./fault.ts";
export type { EvidenceCheckName, EvidenceFault } from "./fault.ts";
export { countsOrAbsent, firstVerdictFacts, overfitOf, overfitText, wilsonInterval } from "./holdout-rates.ts";
export type { FirstVerdictFacts, Overfit, PassCounts, VerdictCounts } from "./holdout-rates.ts";
export { EvidenceKeyError, evidenceSigner, keyIdOf, publicKeyOf, readPublicKeys } from "./keys.ts";
export type { EvidenceKeySet, EvidencePublicKey, EvidenceSigner } from "./keys.ts";
export { EVIDENCE_PREDICATE_TYPE, evidenceStatement, sealStatement } from "./statement.ts";
export type { EvidencePredicate, EvidenceStatement, SubjectFile } from "./statement.ts";
export { totalsOf } from "./totals.ts";
export { absent, isAbsent, known, shown } from "./tri-state.ts";
export type { Absent, OrAbsent } from "./tri-state.ts";
export { verifyEvidence } from "./verify.ts";
export type { EvidenceInput, EvidenceReport } from "./verify.ts";
