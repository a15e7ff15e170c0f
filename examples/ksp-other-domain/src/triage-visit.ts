/**
 * One patient's triage, step by step. The agent acts on what it retrieved, asks before it touches anything, and writes down
 * what it sets out to do before it does it. Every step may be called again; what was done stays done.
 */
import type { KnowingStateSdk } from "@factory/ksp-sdk";
import type { Adoption, LineagePort, LoopClosure, VerifierCheck } from "@factory/loop-closure";
import { FactoryError, ulidId } from "@factory/schemas";
import type { ArtifactEdge, ArtifactNode, Autonomy, Result } from "@factory/schemas";
import { clinicNode } from "./clinic-registry.ts";
import { adoptionBy, missedOf, proposalFor } from "./closing-the-loop.ts";
import { categoryOf, statementsOf, TRIAGE, underTriage } from "./protocol.ts";
import type { Category, Finding, Vitals } from "./protocol.ts";
import type { Intake, Visit, VisitStore } from "./visit-store.ts";

/** The role whose policy and consent count, and the agent whose trust does. */
export const ROLE = "triage";
export const AGENT = "agent:triage";

/** What a visit needs. */
export interface TriagePorts {
  readonly clinic: string;
  readonly visitId: string;
  readonly sdk: KnowingStateSdk;
  readonly loop: LoopClosure;
  readonly lineage: LineagePort;
  readonly monitor: { read(): Promise<Vitals> };
  readonly visits: VisitStore;
}

/** An amendment that waits for a person. */
export type Proposed = { readonly amendmentId: string; readonly beadId: string; readonly target: string };

/** What a person reads of an amendment that waits. */
export type Waiting = { readonly beadId: string; readonly targetId: string; readonly rationale: string };

/** What became of an amendment, and why. */
export type Decided = Pick<Adoption, "outcome" | "verdictId"> & { readonly checks: VerifierCheck[] };

/** A visit that got as far as an assessment. */
type Assessed = Visit & Required<Pick<Visit, "level" | "protocolId" | "executionBeadId" | "observation" | "assessment">>;

/** The triage of one visit. @throws FactoryError for every refusal, with the refusal's code */
export class TriageVisit {
  readonly #ports: TriagePorts;

  constructor(ports: TriagePorts) {
    this.#ports = ports;
  }

  /** The patient arrives: the agent retrieves what governs it and writes that it sets out, under the protocol in force. */
  async receive(intake: Intake): Promise<{ level: Autonomy; protocolId: string }> {
    const { loop, visits } = this.#ports;
    const visit = visits.get() ?? visits.put(this.#newVisit(intake));
    if (visit.level !== undefined && visit.protocolId !== undefined) return { level: visit.level, protocolId: visit.protocolId };
    const { executionId, intakeId } = visit;
    const session = await loop.openSession({ sessionId: executionId, role: ROLE, agentId: AGENT, ceiling: "EXECUTE_BOUNDED", domain: TRIAGE });
    const { autonomy: level, specificationId: protocolId } = session;
    if (protocolId === null) throw new FactoryError("FAILED_PRECONDITION", "No triage protocol is in force.");
    const recorded = await loop.recordExecution({
      session,
      executionId,
      action: TRIAGE,
      level,
      rationale: `${intake.patient} complains of: ${intake.complaint}`,
      data: {},
      parents: [intakeId],
      nodes: [this.#intakeNode(intake)],
      edges: [edge(executionId, "treats", intakeId)],
    });
    // What governs the agent moved in between: the next attempt is another execution, under what governs it then.
    if (!recorded.ok && recorded.code === "STALE_TARGET") visits.put(this.#newVisit(intake));
    const { executionBeadId } = must(recorded);
    visits.put({ ...visit, level, protocolId, executionBeadId });
    return { level, protocolId };
  }

  /** Retrieves again what governs the agent, after it has moved. The level may fall; it never rises in a visit. */
  async reconsider(): Promise<{ level: Autonomy }> {
    const visit = this.#visit();
    const { knowingState } = must(await this.#ports.sdk.retrieveKnowingState(visit.executionId));
    this.#ports.visits.put({ ...visit, level: knowingState.autonomy });
    return { level: knowingState.autonomy };
  }

  /** Reads the vitals, if the clinic still consents to it. */
  async observe(): Promise<Vitals> {
    const { sdk, monitor, clinic, visits } = this.#ports;
    const visit = this.#visit();
    if (visit.observation !== undefined) return visit.observation.vitals;
    must(await sdk.checkConsent(visit.executionId, "read_vitals"));
    const vitals = await monitor.read();
    const node = clinicNode(clinic, "Observation", vitals, [visit.intakeId]);
    await this.#append([node], [edge(node.id, "observed_at", visit.intakeId)]);
    visits.put({ ...visit, observation: { id: node.id, vitals } });
    return vitals;
  }

  /** Puts the patient into a category by the protocol of this visit. */
  async assess(): Promise<Category> {
    const { clinic, visits } = this.#ports;
    const visit = this.#visit();
    const { intake, protocolId, observation } = visit;
    if (protocolId === undefined || observation === undefined) throw new FactoryError("FAILED_PRECONDITION", "Nobody is assessed unseen.");
    const category = categoryOf({ complaint: intake.complaint, vitals: observation.vitals }, statementsOf(await this.#claims(protocolId)));
    const node = clinicNode(clinic, "Assessment", category, [observation.id, protocolId]);
    await this.#append([node], [edge(node.id, "rests_on", observation.id), edge(node.id, "assessed_under", protocolId)]);
    visits.put({ ...visit, assessment: { ...category, id: node.id } });
    return category;
  }

  /**
   * Refers the patient, if the clinic still consents to it.
   *
   * @param confirmedBy - the nurse who confirms; needed where the agent may only propose
   */
  async refer(confirmedBy?: string): Promise<{ referralId: string }> {
    const { sdk, clinic, visits } = this.#ports;
    const visit = this.#assessed();
    must(await sdk.checkConsent(visit.executionId, "refer"));
    if (visit.level === "PROPOSE" && !(confirmedBy !== undefined && (await this.#isTrusted(confirmedBy)))) {
      throw new FactoryError("GOVERNANCE_VIOLATION", "The agent may only propose; a nurse confirms the category first.");
    }
    const data = { category: visit.assessment.category, confirmedBy: confirmedBy ?? null };
    const node = clinicNode(clinic, "Referral", data, [visit.assessment.id]);
    await this.#append([node], [edge(node.id, "acts_on", visit.assessment.id)]);
    visits.put({ ...visit, referralId: node.id });
    return { referralId: node.id };
  }

  /** A physician has seen the patient: the outcome is recorded, and what was missed becomes amendments, PROPOSED. */
  async conclude(finding: Finding): Promise<{ divergences: readonly string[]; proposed: Proposed[] }> {
    const { loop, clinic } = this.#ports;
    const visit = this.#assessed();
    const { executionId, executionBeadId, protocolId, assessment } = visit;
    const presentation = { complaint: visit.intake.complaint, vitals: visit.observation.vitals };
    const found = clinicNode(clinic, "PhysicianFinding", finding, [assessment.id]);
    await this.#append([found], [edge(found.id, "judges", assessment.id)]);
    const divergences = underTriage(presentation, assessment, finding);
    const recorded = await loop.recordOutcome({
      sessionId: executionId,
      executionId,
      executionBeadId,
      specificationId: protocolId,
      status: divergences.length === 0 ? "SUCCESS" : "FAILURE",
      summary: `category ${assessment.category}, found to be ${finding.category}`,
      metrics: { assessed: assessment.category, found: finding.category },
      trace: { data: { presentation, assessed: assessment, finding }, parents: [assessment.id, found.id], from: [] },
      divergences,
    });
    const proposed: Proposed[] = [];
    for (const { divergenceId, claimId, data } of recorded.divergences) {
      for (const occasion of ["trust", "protocol"] as const) {
        const request = { sessionId: executionId, divergenceId, traceId: recorded.traceId, specificationId: protocolId, claimId, occasion, elucidationIds: [] };
        const outcome = recorded.outcomeBeadId === null ? {} : { outcomeBeadId: recorded.outcomeBeadId };
        const { amendment } = await loop.proposeAmendment({ ...request, ...outcome }, proposalFor(occasion, AGENT, missedOf(data)));
        if (amendment !== null) proposed.push({ amendmentId: amendment.amendmentId, beadId: amendment.beadId, target: occasion });
      }
    }
    return { divergences: recorded.divergences.map(({ divergenceId }) => divergenceId), proposed };
  }

  /** What waits for a decision, of what governs this agent. */
  async waiting(): Promise<Waiting[]> {
    const { amendments } = must(await this.#ports.sdk.openAmendments(this.#visit().executionId, "trust"));
    return amendments.map(({ id, content }) => ({ beadId: id, targetId: String(content["target_id"]), rationale: String(content["rationale"]) }));
  }

  /** A person decides on an amendment: it is verified here, and adopted or rejected. */
  async decide({ amendmentId, beadId }: Proposed, personId: string): Promise<Decided> {
    const reviewer = { id: personId, authority: "person" as const };
    const request = { sessionId: this.#visit().executionId, amendmentId, amendmentBeadId: beadId, reviewer };
    const byPerson = adoptionBy((person) => this.#isTrusted(person));
    const { outcome, checks, verdictId } = await this.#ports.loop.adoptAmendment(request, byPerson);
    return { outcome, checks: [...checks], verdictId };
  }

  /** The patient leaves; the agent may do nothing more in this visit. */
  async leave(): Promise<void> {
    must(await this.#ports.sdk.closeSession(this.#visit().executionId));
  }

  async #isTrusted(personId: string): Promise<boolean> {
    const { trust } = must(await this.#ports.sdk.evaluateTrust(this.#visit().executionId, personId));
    return trust.trusted && trust.autonomy === "EXECUTE_FULL";
  }

  async #claims(protocolId: string): Promise<readonly ArtifactNode[]> {
    const { out } = await this.#ports.lineage.edgesOf(protocolId);
    const parts = out.filter(({ rel }) => rel === "composed_of").map(({ target }) => target);
    return must(await this.#ports.lineage.getMany(parts)).nodes;
  }

  async #append(nodes: readonly ArtifactNode[], edges: readonly ArtifactEdge[]): Promise<void> {
    must(await this.#ports.lineage.append(nodes, edges));
  }

  #newVisit(intake: Intake): Visit {
    return { executionId: ulidId("EXE"), intake, intakeId: this.#intakeNode(intake).id };
  }

  #intakeNode(intake: Intake): ArtifactNode {
    return clinicNode(this.#ports.clinic, "PatientIntake", { visitId: this.#ports.visitId, ...intake }, []);
  }

  #visit(): Visit {
    const visit = this.#ports.visits.get();
    if (visit === null) throw new FactoryError("FAILED_PRECONDITION", "No patient has come yet.");
    return visit;
  }

  #assessed(): Assessed {
    const visit = this.#visit();
    if (!isAssessed(visit)) throw new FactoryError("FAILED_PRECONDITION", "The patient has not been assessed.");
    return visit;
  }
}

function isAssessed(visit: Visit): visit is Assessed {
  return visit.assessment !== undefined && visit.observation !== undefined && visit.executionBeadId !== undefined;
}

function edge(source: string, rel: string, target: string): ArtifactEdge {
  return { source, rel, target };
}

/** What was answered. @throws FactoryError with the code of a refusal: a step that is refused ends there */
function must<T extends object>(answer: Result<T>): T {
  if (answer.ok) return answer;
  throw new FactoryError(answer.code, answer.message, answer.details);
}
