/** What the clinic learns from a patient who was seen too late, and how it makes sure that it learns the right thing. Pure but for its one port. */
import type { AdoptionDomain, AdoptionSubject, Change, FormedHypothesis, Hypothesis, ProposalDomain, VerifierCheck } from "@factory/loop-closure";
import { NO_SCOPE } from "@factory/loop-closure";
import { categoryOf, statementsOf } from "./protocol.ts";
import type { Finding, Presentation, Statement } from "./protocol.ts";

/** What a divergence of the clinic's detector says. */
export type Missed = { readonly presentation: Presentation; readonly finding: Finding };

/** A word that a statement of the protocol is to cover from now on. */
export type ProtocolChange = Change & { readonly claimId: string; readonly complaint: string };

/** How far an agent is trusted that has sent someone away too late: it may propose, and a person decides. */
const TRUST_AFTER_A_MISS = 0.6;

/** The two things that a miss may change: how far the agent is trusted, and what the protocol says. */
export type Occasion = "trust" | "protocol";

/** The clinic's judgement on a miss, by rule. */
export function proposalFor(occasion: Occasion, agentId: string, { presentation, finding }: Missed): ProposalDomain<Hypothesis, ProtocolChange> {
  const about = `"${presentation.complaint}" turned out to be ${finding.diagnosis}`;
  const base = { confidence: 1, severity: "critical" as const, faultAttribution: "SPECIFICATION_GAP" as const };
  const hypothesis: Hypothesis =
    occasion === "trust"
      ? {
          ...base,
          explanation: `${about}: until it is understood why, a nurse confirms what ${agentId} decides.`,
          amendmentScope: NO_SCOPE,
          instruction: "",
          knowingState: { target: "trust", subjectId: agentId, score: TRUST_AFTER_A_MISS },
        }
      : { ...base, explanation: `${about}, and ${finding.claimId} does not cover the words.`, amendmentScope: "modify-claim", instruction: "" };
  return {
    hypothesise: async (): Promise<FormedHypothesis> => ({ hypothesis, author: { kind: "rule", id: `under-triage-${occasion}` } }),
    change: () => ({ claimId: finding.claimId, complaint: presentation.complaint.toLowerCase() }),
  };
}

/** The clinic's judgement on an amendment: the person has to have the standing, and a change of the protocol has to help. */
export function adoptionBy(isTrusted: (personId: string) => Promise<boolean>): AdoptionDomain {
  return {
    verify: async (subject) => [
      check("reviewer-trusted", await isTrusted(subject.reviewer.id), `${subject.reviewer.id} may not decide on amendments`),
      ...(subject.change === null ? [] : [replayed(subject)]),
    ],
    successor: (subject) => {
      const { version } = subject.target.data;
      return { data: { ...subject.target.data, version: Number(version) + 1 }, claims: amended(subject).map((data) => ({ claimId: data.claimId, data })) };
    },
    elucidate: ({ change }) => ({
      selected: change === null ? "confirm what the agent decides until it has been reviewed" : "cover the patient's words by the statement",
      rejected: [{ option: "leave it as it is", reason: "the next patient with these words would wait as long" }],
      assumptions: ["The physician's finding is right."],
      risksAccepted: ["Some patients are seen sooner than they need be."],
    }),
  };
}

/** The patient who was missed, triaged again under the amended protocol. */
function replayed(subject: AdoptionSubject): VerifierCheck {
  const { presentation, finding } = missedOf(subject.divergence.data);
  const { category } = categoryOf(presentation, amended(subject));
  return check("replay", category === finding.category, `the patient would be in category ${category}, not ${finding.category}`);
}

function amended({ claims, change }: AdoptionSubject): Statement[] {
  // The cast holds: the change is what `proposalFor` made, as the graph kept it.
  const { claimId, complaint } = change as ProtocolChange;
  return statementsOf(claims).map((one) => (one.claimId === claimId ? { ...one, complaints: [...one.complaints, complaint] } : one));
}

/** What the clinic's detector put into a divergence. */
export function missedOf(data: { readonly [key: string]: unknown }): Missed {
  // The cast holds: only `underTriage` makes divergences here, with these fields.
  return data as Missed;
}

function check(name: string, holds: boolean, problem: string): VerifierCheck {
  return { check: name, outcome: holds ? "passed" : "failed", detail: holds ? "holds" : problem };
}
