/** A day at the clinic, on the real runtime: one Worker, real SQLite with foreign keys on, objects that are evicted. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { roleScope } from "@factory/bead-graph";
import { contentId, objectName } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf } from "@factory/schemas/rpc";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { triageAgentName } from "./src/clinic-env.ts";
import { clinicNode } from "./src/clinic-registry.ts";
import { protocolRecords } from "./src/protocol.ts";
import type { Statement } from "./src/protocol.ts";
import { AGENT, ROLE } from "./src/triage-visit.ts";

const WARD = "emergency";
const PAST = "2020-01-01T00:00:00Z";
const STATEMENTS: readonly Statement[] = [
  { claimId: "C-1", text: "A suspected heart attack is seen at once.", category: 1, complaints: ["chest pain"] },
  { claimId: "C-2", text: "A patient in shock is seen at once.", category: 1, complaints: [], systolicBelow: 90 },
  { claimId: "C-3", text: "A sprain may wait.", category: 4, complaints: ["ankle", "wrist"] },
];
const PRESSURE = { patient: "P-17", complaint: "an elephant on my chest" };
const HEART_ATTACK = { physician: "person:dr-osei", diagnosis: "a heart attack", category: 1, claimId: "C-1" };

/** A bead with the id that its content has; what it supersedes is among its parents. */
function aBead(clinic: string, type: KnowingStateBead["type"], content: KnowingStateBead["content"], supersedes?: KnowingStateBead): KnowingStateBead {
  const parents = supersedes === undefined ? [] : [supersedes.id];
  const link = supersedes === undefined ? {} : { supersedes: supersedes.id };
  return { id: contentId("KSB", { kind: type, org: clinic, content, parents }), type, content, parents, ...link, writtenBy: "person:director", writtenAt: 1 };
}

/** A clinic of its own, with a protocol and what governs its triage. */
async function aClinic(clinic: string) {
  const beads = beadGraphOf(env, clinic);
  const lineage = artifactGraphOf(env, clinic, WARD);
  const trusted = (subject_id: string, subject_type: string, trust_score: number) =>
    aBead(clinic, "trust", { subject_id, subject_type, status: "APPROVED", trust_score, rationale: "as employed", evidence_refs: [] });
  const trust = trusted(AGENT, "agent", 0.8);
  const consentContent = { role_id: ROLE, grants: ["read_vitals", "refer"], status: "ACTIVE", granted_by: "person:director", granted_at: PAST };
  const consent = aBead(clinic, "consent", consentContent);
  const policy = aBead(clinic, "policy", { scope: roleScope(ROLE), rules: {}, autonomy: "EXECUTE_BOUNDED", effective_at: PAST });
  await beads.bootstrap([policy, trust, consent, trusted("person:chief-nurse", "person", 0.95), trusted("person:student", "person", 0.6)]);
  const protocol = protocolRecords(clinic, "Emergency triage", STATEMENTS);
  expect(await lineage.append(protocol.nodes, protocol.edges)).toMatchObject({ ok: true });
  const revoke = async (): Promise<void> => {
    const revoked = aBead(clinic, "consent", { ...consentContent, status: "REVOKED", revokes: consent.id }, consent);
    expect(await beads.write(revoked, "person:director", "office")).toMatchObject({ ok: true });
  };
  return { clinic, beads, lineage, trust, protocolId: protocol.specificationId, revoke };
}

/** A visit with a monitor at the bed. */
async function aVisit(clinic: string, visitId: string, vitals = { systolic: 128, temperature: 36.8 }) {
  const monitor = env.MONITORS.getByName(visitId);
  await monitor.measure(vitals);
  return { agent: env.TRIAGE_AGENTS.getByName(triageAgentName({ clinic, ward: WARD, visitId })), monitor };
}

type Agent = Awaited<ReturnType<typeof aVisit>>["agent"];

/** The patient who was missed: the protocol's words are not the patient's. */
async function aMiss(agent: Agent) {
  expect(await agent.receive(PRESSURE)).toMatchObject({ ok: true, level: "EXECUTE_BOUNDED" });
  expect(await agent.observe()).toMatchObject({ ok: true });
  expect(await agent.assess()).toMatchObject({ ok: true, category: 5, claimId: null });
  expect(await agent.refer()).toMatchObject({ ok: true });
  const concluded = await agent.conclude(HEART_ATTACK);
  const proposed = concluded.ok ? concluded.proposed : [];
  const [trust, protocol] = proposed;
  if (trust === undefined || protocol === undefined) throw new Error(`Not both amendments were proposed: ${JSON.stringify(concluded)}`);
  return { concluded, trust, protocol };
}

describe("a clinic's triage agent", () => {
  test("a miss becomes a divergence, amendments that the chief nurse adopts, and another behaviour in the next visit", async () => {
    const { clinic, lineage, beads, trust, protocolId } = await aClinic("st-mary");
    const { agent } = await aVisit(clinic, "V-1");
    const miss = await aMiss(agent);
    expect(miss.trust.target).toBe("trust");
    expect(await agent.waiting()).toMatchObject({ ok: true, amendments: [{ beadId: miss.trust.beadId, targetId: trust.id }] });

    expect(await agent.decide(miss.trust, "person:chief-nurse")).toMatchObject({ ok: true, outcome: "adopted" });
    expect(await agent.decide(miss.protocol, "person:chief-nurse")).toMatchObject({
      ok: true,
      outcome: "adopted",
      checks: expect.arrayContaining([{ check: "replay", outcome: "passed", detail: "holds" }]),
    });
    expect(await agent.waiting()).toMatchObject({ ok: true, amendments: [] });
    expect(await beads.tip({ type: "trust", subject: AGENT })).toMatchObject({ content: { trust_score: 0.6, subject_id: AGENT } });
    const successor = await lineage.getActiveSpecification("triage");
    expect(successor).toMatchObject({ data: { version: 2 } });
    expect(successor?.id).not.toBe(protocolId);

    const next = (await aVisit(clinic, "V-2")).agent;
    expect(await next.receive({ patient: "P-18", complaint: "It feels like an elephant on my chest!" })).toEqual({
      ok: true,
      level: "PROPOSE",
      protocolId: successor?.id,
    });
    await next.observe();
    expect(await next.assess()).toMatchObject({ ok: true, category: 1, claimId: "C-1" });
    expect(await next.refer()).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(await next.refer("person:student")).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    const referred = await next.refer("person:chief-nurse");
    const why = await lineage.why(referred.ok ? referred.referralId : "");
    const causes = why.ok ? why.nodes.map(({ type }) => type) : [];
    // Why is this patient seen at once? Down to the one who was not.
    expect(causes).toEqual(expect.arrayContaining(["Assessment", "Observation", "PatientIntake", "Amendment", "Hypothesis", "Divergence", "ExecutionTrace"]));
    expect(
      why.ok
        ? why.nodes
            .filter(({ type }) => type === "PatientIntake")
            .map(({ id }) => id)
            .sort()
        : [],
    ).toEqual(["intake/V-1", "intake/V-2"]);
  });

  test("a patient who was seen in time changes nothing", async () => {
    const { clinic, beads, trust } = await aClinic("st-anne");
    const { agent } = await aVisit(clinic, "V-10");
    await agent.receive({ patient: "P-20", complaint: "My ankle is swollen" });
    await agent.observe();
    expect(await agent.assess()).toMatchObject({ ok: true, category: 4, claimId: "C-3" });
    expect(await agent.conclude({ ...HEART_ATTACK, diagnosis: "a sprain", category: 4, claimId: "C-3" })).toEqual({ ok: true, divergences: [], proposed: [] });
    expect(await beads.tip({ type: "trust", subject: AGENT })).toMatchObject({ id: trust.id });
  });

  test("a consent that is revoked stops the agent at its next action, and the next visit does not even begin", async () => {
    const { clinic, revoke } = await aClinic("st-luke");
    const { agent, monitor } = await aVisit(clinic, "V-20");
    await agent.receive(PRESSURE);
    await revoke();
    expect(await agent.observe()).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(await monitor.reads()).toBe(0);
    // What governs it now is nothing that would let it look, in this visit or in another.
    expect(await agent.reconsider()).toMatchObject({ ok: true, level: "SUGGEST" });
    expect(await agent.observe()).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    const later = await aVisit(clinic, "V-21");
    expect(await later.agent.receive(PRESSURE)).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(await later.agent.observe()).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect([await monitor.reads(), await later.monitor.reads()]).toEqual([0, 0]);
  });

  test("between two actions as well: what was read stays, and nobody is referred", async () => {
    const { clinic, revoke } = await aClinic("st-john");
    const { agent, monitor } = await aVisit(clinic, "V-30", { systolic: 80, temperature: 36 });
    await agent.receive({ patient: "P-30", complaint: "dizzy" });
    await agent.observe();
    expect(await agent.assess()).toMatchObject({ ok: true, category: 1, claimId: "C-2" });
    await revoke();
    expect(await agent.refer()).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(await monitor.reads()).toBe(1);
  });

  test("who has no standing adopts nothing, and the refusal is on record", async () => {
    const { clinic, lineage, beads, trust, protocolId } = await aClinic("st-paul");
    const { agent } = await aVisit(clinic, "V-40");
    const miss = await aMiss(agent);
    const rejected = await agent.decide(miss.trust, "person:student");
    expect(rejected).toMatchObject({
      ok: true,
      outcome: "rejected",
      checks: expect.arrayContaining([expect.objectContaining({ check: "reviewer-trusted", outcome: "failed" })]),
    });
    expect(await agent.decide(miss.trust, "person:chief-nurse")).toEqual(rejected);
    expect(await agent.decide(miss.protocol, "person:student")).toMatchObject({ ok: true, outcome: "rejected" });
    expect(await beads.tip({ type: "trust", subject: AGENT })).toMatchObject({ id: trust.id });
    expect(await lineage.getActiveSpecification("triage")).toMatchObject({ id: protocolId });
    expect(await lineage.get(rejected.ok ? rejected.verdictId : "")).toMatchObject({
      type: "Verdict",
      data: { outcome: "unfavorable", decidedBy: "person:student" },
    });
  });

  test("an agent whose object is evicted after every step goes on where it was, and does nothing twice", async () => {
    const { clinic, beads } = await aClinic("st-mark");
    const { agent, monitor } = await aVisit(clinic, "V-50");
    const steps = [() => agent.receive(PRESSURE), () => agent.observe(), () => agent.assess(), () => agent.refer(), () => agent.conclude(HEART_ATTACK)];
    const first: unknown[] = [];
    for (const step of steps) {
      first.push(await step());
      await evictDurableObject(agent);
    }
    expect(first).toEqual(steps.map(() => expect.objectContaining({ ok: true })));
    const again: unknown[] = [];
    for (const step of steps) again.push(await step());
    expect(again).toEqual(first);
    expect(await monitor.reads()).toBe(1);
    const executions = await beads.history({ type: "execution", subject: AGENT });
    expect(executions).toHaveLength(1);
    expect(await beads.history({ type: "outcome", subject: executions[0]?.id ?? "" })).toHaveLength(1);
  });

  test("a lowered ceiling survives an eviction: trust that comes back is for the next visit", async () => {
    const { clinic, beads, trust } = await aClinic("st-jude");
    const { agent } = await aVisit(clinic, "V-60");
    const suspended = aBead(clinic, "trust", { ...trust.content, status: "SUSPENDED" }, trust);
    await beads.write(suspended, "person:director", "office");
    expect(await agent.receive(PRESSURE)).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    await beads.write(aBead(clinic, "trust", trust.content, suspended), "person:director", "office");
    await evictDurableObject(agent);
    expect(await agent.receive(PRESSURE)).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(await (await aVisit(clinic, "V-61")).agent.receive(PRESSURE)).toMatchObject({ ok: true, level: "EXECUTE_BOUNDED" });
  });

  test("a patient who has left is done with: the session is closed", async () => {
    const { clinic } = await aClinic("st-rita");
    const { agent, monitor } = await aVisit(clinic, "V-70");
    await agent.receive(PRESSURE);
    expect(await agent.leave()).toEqual({ ok: true });
    expect(await agent.leave()).toEqual({ ok: true });
    await evictDurableObject(agent);
    expect(await agent.observe()).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(await monitor.reads()).toBe(0);
  });
});

describe("the clinic's lineage", () => {
  test("takes the clinic's types under the clinic's ids, and knows no word of software", async () => {
    const { lineage } = await aClinic("st-clare");
    const intake = clinicNode("st-clare", "PatientIntake", { visitId: "V-80", ...PRESSURE }, []);
    expect(intake.id).toBe("intake/V-80");
    expect(await lineage.append([intake], [])).toMatchObject({ ok: true });
    expect(await lineage.append([{ ...intake, id: "intake/V-81" }], [])).toMatchObject({ ok: false, code: "INTEGRITY" });
    const observation = clinicNode("st-clare", "Observation", { systolic: 120, temperature: 37 }, [intake.id]);
    expect(await lineage.append([{ ...observation, data: { systolic: 60, temperature: 37 } }], [])).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await lineage.append([observation], [{ source: intake.id, rel: "observed_at", target: observation.id }])).toMatchObject({
      ok: false,
      code: "INVALID_ARGUMENT",
    });
    for (const type of ["WorkGraph", "AtomDirective", "Signal"]) {
      expect(await lineage.append([{ ...observation, type }], [])).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    }
  });

  test("foreign keys are on in every object that hosts a graph or a session", async () => {
    const { clinic } = await aClinic("st-zita");
    const { agent } = await aVisit(clinic, "V-90");
    await agent.receive(PRESSURE);
    const isOn = (_: object, { storage }: DurableObjectState): void => expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
    await runInDurableObject(env.ARTIFACT_GRAPHS.getByName(objectName.artifactGraph(clinic, WARD)), isOn);
    await runInDurableObject(env.BEAD_GRAPHS.getByName(objectName.beadGraph(clinic)), isOn);
    await runInDurableObject(agent, isOn);
    await runInDurableObject(agent, (_, { storage }) => {
      expect(() => storage.sql.exec("UPDATE ksp_sessions SET ceiling = 3")).toThrow(/never rises/);
    });
  });
});
