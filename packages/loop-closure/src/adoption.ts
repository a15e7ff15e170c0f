/**
 * BP5: an amendment is verified here, then adopted or rejected. What is adopted is what the graph has under the amendment's
 * id, not what a caller says it is. Everything is decided and journaled before the first write; two things may still move
 * under it, and each has its own answer:
 *
 * - the specification: another amendment of it was adopted meanwhile. The append is refused whole, and the amendment is
 *   rejected as `stale`; the caller forms it again on what is in force now;
 * - the head of the policy or trust: the change is formed again on the new head, and that is journaled too.
 *
 * @see `domain.md` 5
 */
import { RetryableError, TerminalError } from "@factory/durable";
import type { KnowingStateBead, StoredEdge, StoredNode } from "@factory/schemas/rpc";
import { amendmentStep } from "./amendment-bead.ts";
import { adoptionNodes, verificationNodes } from "./adoption-nodes.ts";
import type { Elucidation, Successor } from "./adoption-nodes.ts";
import type { KnowingStateChange } from "./hypothesis.ts";
import { decidedOnce, keepOnce, recall } from "./journal.ts";
import { headOf, successorOf } from "./knowing-change.ts";
import type { Formation, Reviewer } from "./knowing-change.ts";
import type { LoopClosurePorts } from "./ports.ts";
import type { Change } from "./proposal.ts";
import { answerOf, appendTo, carryOut, failureOfRefusal, LOOP_CLOSURE_ACTOR, nodesOf, writeBead } from "./writes.ts";
import type { ArtifactWrite } from "./writes.ts";

/** One thing that was looked at; `unscored`: nobody could tell, which is never read as passed. */
export type VerifierCheck = { readonly check: string; readonly outcome: "passed" | "failed" | "unscored"; readonly detail: string };

/** An amendment to decide on. */
export type AdoptionRequest = {
  /** Session of the audit beads. */
  readonly sessionId: string;
  readonly amendmentId: string;
  /** Its bead, PROPOSED. */
  readonly amendmentBeadId: string;
  readonly reviewer: Reviewer;
};

/** What an amendment is, with everything it touches, as the graphs have it. */
export type AdoptionSubject = {
  readonly amendment: StoredNode;
  readonly hypothesis: StoredNode;
  readonly divergence: StoredNode;
  /** The specification it proposes to modify. */
  readonly target: StoredNode;
  /** The claims of the target. */
  readonly claims: readonly StoredNode[];
  /** Null when only the knowing-state would be changed. */
  readonly change: Change | null;
  readonly knowingState: KnowingStateChange | null;
  readonly reviewer: Reviewer;
};

/** The domain's judgement on an amendment. */
export interface AdoptionDomain {
  /** Adopted only when there is at least one check and every one passed. @throws RetryableError to be asked again later. */
  verify(subject: AdoptionSubject): Promise<readonly VerifierCheck[]>;
  /** The successor of the target; asked only when there is a change and it was verified. */
  successor(subject: AdoptionSubject): Successor;
  /** Why this option and not another; asked only when it was verified. */
  elucidate(subject: AdoptionSubject): Elucidation;
}

/** What became of an amendment. */
export type Adoption = {
  /** `stale`: rejected because another amendment of the same specification was adopted before; form it again. */
  readonly outcome: "adopted" | "rejected" | "stale";
  readonly checks: readonly VerifierCheck[];
  readonly verdictId: string;
  /** The amendment's bead that says so. */
  readonly amendmentBeadId: string;
  /** Null unless a specification was adopted. */
  readonly successor: { readonly specificationId: string; readonly claims: Successor["claims"] } | null;
  /** Null unless the amendment was adopted. */
  readonly elucidationId: string | null;
  /** The new head of the policy or trust; null where it was not changed. */
  readonly knowingStateBeadId: string | null;
  /** Why the bead graph refused for good what was to become of the policy or trust; null where it did not. */
  readonly knowingStateRefusal: string | null;
  /** What the artifact graph was given. */
  readonly nodes: readonly { readonly id: string; readonly type: string }[];
};

type Decision = {
  readonly outcome: Adoption["outcome"];
  readonly checks: readonly VerifierCheck[];
  readonly verdictId: string;
  readonly artifacts: ArtifactWrite;
  readonly specificationId: string | null;
  readonly elucidationId: string | null;
  /** The amendment's bead as it was proposed. */
  readonly proposed: KnowingStateBead;
  readonly reviewer: Reviewer;
  readonly knowing: { readonly change: KnowingStateChange; readonly formation: Formation; readonly bead: KnowingStateBead | null } | null;
  /** The bead of the amendment that had produced the target, now SUPERSEDED. */
  readonly superseded: KnowingStateBead | null;
  readonly decidedAt: number;
};

type Ports = Pick<LoopClosurePorts, "org" | "graph" | "beads" | "journal" | "now">;

/** Heads that may move under one call before the caller is told to come again. */
const MAX_REBASES = 8;
/** Beads of one page of a line. */
const HISTORY_PAGE = 100;

/**
 * Verifies and decides, once. An amendment that was decided here is answered from the journal.
 *
 * @throws RetryableError when a graph did not answer; TerminalError when it refused, or when the amendment is not PROPOSED;
 *   whatever the verifier throws
 */
export async function adoptAmendment(ports: Ports, request: AdoptionRequest, domain: AdoptionDomain): Promise<Adoption> {
  const { journal } = ports;
  const key = `bp5:${request.amendmentId}`;
  const ended = recall<Adoption>(journal, `${key}:end`);
  if (ended !== undefined) return ended;
  const decision = await decidedOnce(journal, key, () => decideAdoption(ports, request, domain));
  const adoption = await carryOutDecision(ports, request, decision);
  keepOnce(journal, `${key}:end`, adoption);
  return adoption;
}

async function carryOutDecision(ports: Ports, request: AdoptionRequest, decision: Decision): Promise<Adoption> {
  const staleKey = `bp5:${request.amendmentId}:stale`;
  if (recall(ports.journal, staleKey) === undefined) {
    const appended = await appendTo(ports.graph, decision.artifacts);
    if (appended.ok) return finish(ports, request, decision);
    if (appended.code !== "STALE_TARGET") throw failureOfRefusal(appended);
    keepOnce(ports.journal, staleKey, asStale(ports, request, decision, appended.message));
  }
  const stale = recall<Decision>(ports.journal, staleKey);
  if (stale === undefined) throw new Error(`The journal does not keep ${staleKey}.`);
  await carryOut(ports, request.sessionId, [stale.artifacts]);
  return finish(ports, request, stale);
}

/** The writes after the one that settles which specification is in force. */
async function finish(ports: Ports, request: AdoptionRequest, decision: Decision): Promise<Adoption> {
  const { outcome, checks, verdictId, specificationId, elucidationId, artifacts } = decision;
  const { bead: knowingBead, refusal } = decision.knowing === null ? UNCHANGED : await writeKnowing(ports, request, decision.knowing);
  const decided = amendmentStep(ports.org, decision.proposed, {
    status: outcome === "adopted" ? "ADOPTED" : "REJECTED",
    reviewedBy: decision.reviewer.id,
    produces: outcome === "adopted" ? (specificationId ?? knowingBead?.id ?? null) : null,
    writtenAt: decision.decidedAt,
  });
  const beads = [decided, ...(decision.superseded === null ? [] : [decision.superseded])];
  await carryOut(
    ports,
    request.sessionId,
    beads.map((bead) => ({ kind: "bead", bead })),
  );
  return {
    outcome,
    checks,
    verdictId,
    amendmentBeadId: decided.id,
    successor: specificationId === null ? null : { specificationId, claims: claimsOf(artifacts, specificationId) },
    elucidationId,
    knowingStateBeadId: knowingBead?.id ?? null,
    knowingStateRefusal: refusal,
    nodes: artifacts.nodes.map(({ id, type }) => ({ id, type })),
  };
}

function claimsOf({ nodes }: ArtifactWrite, specificationId: string): Successor["claims"] {
  return nodes.filter(({ type }) => type === "Claim").map(({ id, data }) => ({ claimId: id.slice(specificationId.length + 1), data }));
}

type KnowingWritten = { readonly bead: KnowingStateBead | null; readonly refusal: string | null };
const UNCHANGED: KnowingWritten = { bead: null, refusal: null };

/**
 * The bead that changes the policy or trust, formed again on each new head until one is taken. A final refusal, such as of a
 * policy whose schedule is full, leaves the head as it is: the specification is in force by now, and the amendment with it.
 */
async function writeKnowing(ports: Ports, { amendmentId, sessionId }: AdoptionRequest, knowing: NonNullable<Decision["knowing"]>): Promise<KnowingWritten> {
  type Formed = { readonly bead: KnowingStateBead | null };
  const { journal, beads } = ports;
  let { bead } = knowing;
  let rebases = 0;
  for (;;) {
    const key = `bp5:${amendmentId}:rebase:${rebases + 1}`;
    const formed = recall<Formed>(journal, key);
    if (formed !== undefined) {
      ({ bead } = formed);
      rebases += 1;
      continue;
    }
    if (bead === null) return UNCHANGED;
    const answer = await writeBead(beads, { bead, actorId: LOOP_CLOSURE_ACTOR, sessionId });
    if (answer.ok) return { bead, refusal: null };
    if (answer.code !== "STALE_TARGET") {
      const failure = failureOfRefusal(answer);
      if (failure instanceof RetryableError) throw failure;
      return { bead: null, refusal: failure.message };
    }
    if (rebases === MAX_REBASES) throw new RetryableError(`The ${knowing.change.target} moved ${rebases} times while ${amendmentId} was adopted.`);
    const head = await headOf(beads, knowing.change);
    if (head === null) throw new TerminalError(`There is no ${knowing.change.target} any more that the change could be of.`);
    keepOnce(journal, key, { bead: successorOf(head, knowing.change, knowing.formation) } satisfies Formed);
  }
}

async function decideAdoption(ports: Ports, request: AdoptionRequest, domain: AdoptionDomain): Promise<Decision> {
  const { subject, proposed, successors, producedBy } = await readSubject(ports, request);
  const own: VerifierCheck[] = [];
  if (subject.change !== null) own.push(fact("target-current", successors.length === 0, `the specification is superseded by ${successors.join(", ")}`));
  const base = { proposed, reviewer: request.reviewer, decidedAt: ports.now() };
  if (own.some(({ outcome }) => outcome === "failed")) return rejection(ports, request.amendmentId, { ...base, outcome: "stale", checks: own });
  const head = subject.knowingState === null ? null : await headOf(ports.beads, subject.knowingState);
  if (subject.knowingState !== null) own.push(fact("knowing-state-head", head !== null, `there is no ${subject.knowingState.target} to change`));
  const found = await domain.verify(subject);
  const checks = [...own, ...found, ...(found.length === 0 ? [NOTHING_CHECKED] : [])];
  if (!checks.every(({ outcome }) => outcome === "passed")) return rejection(ports, request.amendmentId, { ...base, outcome: "rejected", checks });
  return adoptionDecision(ports, subject, domain, { ...base, checks, head, producedBy });
}

const NOTHING_CHECKED: VerifierCheck = { check: "verified", outcome: "unscored", detail: "the verifier looked at nothing" };

function fact(check: string, holds: boolean, problem: string): VerifierCheck {
  return { check, outcome: holds ? "passed" : "failed", detail: holds ? "holds" : problem };
}

type Base = Pick<Decision, "proposed" | "reviewer" | "decidedAt" | "checks">;

function rejection({ org }: Ports, amendmentId: string, of: Base & { readonly outcome: "rejected" | "stale" }): Decision {
  const { verdictId, nodes, edges } = verificationNodes(org, { amendmentId, checks: of.checks, favourable: false, reviewer: of.reviewer });
  return { ...of, verdictId, artifacts: { kind: "artifacts", nodes, edges }, specificationId: null, elucidationId: null, knowing: null, superseded: null };
}

function asStale(ports: Ports, { amendmentId }: AdoptionRequest, decision: Decision, reason: string): Decision {
  const checks = [fact("target-current", false, reason), ...decision.checks.filter(({ check }) => check !== "target-current")];
  const { proposed, reviewer, decidedAt } = decision;
  return rejection(ports, amendmentId, { outcome: "stale", checks, proposed, reviewer, decidedAt });
}

async function adoptionDecision(
  ports: Ports,
  subject: AdoptionSubject,
  domain: AdoptionDomain,
  of: Base & { readonly head: KnowingStateBead | null; readonly producedBy: string | null },
): Promise<Decision> {
  const { org } = ports;
  const { head, producedBy, ...base } = of;
  const { amendment, knowingState, reviewer } = subject;
  const verification = verificationNodes(org, { amendmentId: amendment.id, checks: of.checks, favourable: true, reviewer });
  const adopted = adoptionNodes(org, {
    subject,
    verdictId: verification.verdictId,
    successor: subject.change === null ? null : domain.successor(subject),
    elucidation: domain.elucidate(subject),
  });
  const formation = { org, amendmentId: amendment.id, rationale: String(subject.hypothesis.data["explanation"]), reviewer, writtenAt: of.decidedAt };
  return {
    ...base,
    outcome: "adopted",
    verdictId: verification.verdictId,
    artifacts: { kind: "artifacts", nodes: [...verification.nodes, ...adopted.nodes], edges: [...verification.edges, ...adopted.edges] },
    specificationId: adopted.specificationId,
    elucidationId: adopted.elucidationId,
    knowing: knowingState === null || head === null ? null : { change: knowingState, formation, bead: successorOf(head, knowingState, formation) },
    superseded: producedBy === null || adopted.specificationId === null ? null : await supersededBead(ports, producedBy, of.decidedAt),
  };
}

type Read = {
  readonly subject: AdoptionSubject;
  readonly proposed: KnowingStateBead;
  /** Specifications that already succeed the target. */
  readonly successors: readonly string[];
  /** The amendment that had produced the target; null for a first specification. */
  readonly producedBy: string | null;
};

async function readSubject({ graph, beads }: Ports, { amendmentId, amendmentBeadId, reviewer }: AdoptionRequest): Promise<Read> {
  const [ofAmendment, proposed] = await Promise.all([
    answerOf("The artifact graph", () => graph.edgesOf(amendmentId)),
    proposedBead(beads, amendmentId, amendmentBeadId),
  ]);
  if (ofAmendment.out.some(({ rel }) => rel === "subject_to")) throw new TerminalError(`${amendmentId} is decided; only a proposed amendment is adopted.`);
  const targetId = targetOf(ofAmendment.out, "proposes_modification_of");
  const hypothesisId = ofAmendment.in.find(({ rel }) => rel === "motivates")?.source;
  if (targetId === undefined || hypothesisId === undefined) throw new TerminalError(`${amendmentId} is no amendment of a specification.`);
  const [ofTarget, [amendment, hypothesis, target]] = await Promise.all([
    answerOf("The artifact graph", () => graph.edgesOf(targetId)),
    nodesOf(graph, [amendmentId, hypothesisId, targetId]),
  ]);
  if (amendment === undefined || hypothesis === undefined || target === undefined)
    throw new Error("The graph answered with fewer nodes than it was asked for.");
  const parts = ofTarget.out.filter(({ rel }) => rel === "composed_of").map((edge) => edge.target);
  const [divergence, ...composed] = await nodesOf(graph, [String(amendment.data["divergenceId"]), ...parts]);
  if (divergence === undefined) throw new Error("The graph answered with fewer nodes than it was asked for.");
  // The casts hold: only BP4 writes an Amendment node, and it writes these fields.
  const { change, knowingState } = amendment.data as { readonly change: Change | null; readonly knowingState: KnowingStateChange | null };
  return {
    subject: { amendment, hypothesis, divergence, target, claims: composed.filter(({ type }) => type === "Claim"), change, knowingState, reviewer },
    proposed,
    successors: ofTarget.in.filter(({ rel }) => rel === "version_of").map(({ source }) => source),
    producedBy: ofTarget.in.find(({ rel }) => rel === "if_adopted_produces")?.source ?? null,
  };
}

function targetOf(edges: readonly StoredEdge[], rel: string): string | undefined {
  return edges.find((edge) => edge.rel === rel)?.target;
}

/** The amendment's bead. @throws TerminalError unless it is PROPOSED and no later bead of its line decides on it. */
async function proposedBead(beads: Ports["beads"], amendmentId: string, beadId: string): Promise<KnowingStateBead> {
  const bead = await answerOf("The bead graph", () => beads.get(beadId));
  if (bead?.type !== "amendment" || bead.content["artifact_graph_amendment_id"] !== amendmentId) {
    throw new TerminalError(`${beadId} is no bead of the amendment ${amendmentId}.`);
  }
  if (bead.content["status"] !== "PROPOSED") throw new TerminalError(`${beadId} is ${String(bead.content["status"])}; only a proposed amendment is adopted.`);
  const later = await findInLine(beads, bead, (other) => other.supersedes === bead.id || other.id === bead.id);
  if (later !== null && later.id !== bead.id)
    throw new TerminalError(`${amendmentId} is ${String(later.content["status"])}; only a proposed amendment is adopted.`);
  return bead;
}

/** The newest bead of an amendment's line that fits, or null. */
async function findInLine(
  beads: Ports["beads"],
  { content }: Pick<KnowingStateBead, "content">,
  fits: (bead: KnowingStateBead) => boolean,
): Promise<KnowingStateBead | null> {
  const line = { type: "amendment" as const, subject: `${String(content["target_type"])}:${String(content["target_id"])}` };
  let before: string | undefined;
  for (;;) {
    const page = await answerOf("The bead graph", () => beads.history(line, HISTORY_PAGE, before));
    const found = page.find(fits);
    if (found !== undefined) return found;
    // A page may be short because its beads are large; only an empty one is the end.
    before = page.at(-1)?.id;
    if (before === undefined) return null;
  }
}

/** What takes the adopted bead of an amendment to SUPERSEDED, now that what it produced is succeeded; null when there is none. */
async function supersededBead({ org, graph, beads }: Ports, amendmentId: string, writtenAt: number): Promise<KnowingStateBead | null> {
  const { out } = await answerOf("The artifact graph", () => graph.edgesOf(amendmentId));
  const targetId = targetOf(out, "proposes_modification_of");
  if (targetId === undefined) return null;
  const line = { content: { target_type: "specification", target_id: targetId } };
  const last = await findInLine(beads, line, ({ content }) => content["artifact_graph_amendment_id"] === amendmentId);
  return last?.content["status"] === "ADOPTED" ? amendmentStep(org, last, { status: "SUPERSEDED", writtenAt }) : null;
}
