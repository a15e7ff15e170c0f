import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { artifactNode, digestOf, objectName, outboundSignal, type InboundSignal, type OutboundSignal } from "@factory/schemas";
import { artifactGraphOf, type CheckedSignal } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import type { SignalDeskDO } from "./signal-desk-do.ts";

const SESSION = "SES-00000000000000000000000001";

// The generated binding does not name the class that this Worker exports.
const deskOf = (org: string): DurableObjectStub<SignalDeskDO> => env.SIGNAL_DESKS.getByName(objectName.signalDesk(org));

/** Calls that a session took, as the recording Worker under its real name tells them. */
async function callsOf(org: string, sessionId = SESSION): Promise<{ readonly method: string; readonly args: readonly unknown[] }[]> {
  const recorder = env.SESSIONS.getByName(objectName.session(org, sessionId)) as unknown as { calls(): Promise<{ method: string; args: unknown[] }[]> };
  return structuredClone(await recorder.calls());
}

function aSignal(org: string, change: object = {}): CheckedSignal {
  const signal = {
    signalType: "ResumeSignal",
    dispositionEventId: "DSP-00000000000000000000000001",
    elucidationArtifactId: "ELC-00000000000000000000000001",
    issuedAt: "2026-08-04T12:00:00.000Z",
    assemblyId: "shop",
    sessionId: SESSION,
    reviewId: "REV-00000000000000000000000001",
    actionDigest: "ab".repeat(32),
    ...change,
  } as InboundSignal;
  const policy = { decisionId: "d-1", policies: ["send-resume"], policySet: "set" };
  return {
    jti: `jti-${org}`,
    tokenExpiresAt: Date.now() + 300_000,
    signal,
    digest: digestOf(signal),
    issuer: "factory-linear-bridge",
    subject: "ana",
    keyId: "k-1",
    policy,
  };
}

function anEscalation(escalationId = "ESC-00000000000000000000000001"): OutboundSignal {
  return outboundSignal.parse({
    type: "EscalationEvent",
    escalationId,
    assemblyId: "shop",
    divergenceIds: [],
    hypothesisChain: [],
    suspensionState: "waiting",
    openDivergenceCount: 0,
    requestedAction: "Decide.",
    producedAt: "2026-08-04T12:00:00.000Z",
    producedBy: "mediation:shop",
  });
}

describe("a signal desk", () => {
  it("takes a signal over RPC and its alarm carries it to the session", async () => {
    const desk = deskOf("acme-whole");
    expect(await desk.receive(aSignal("acme-whole"))).toMatchObject({ ok: true, receipt: { repeated: false } });
    // The alarm is due at once: the platform may have run it already.
    await runDurableObjectAlarm(desk);
    await expect.poll(() => desk.outcome("DSP-00000000000000000000000001")).toMatchObject({ state: "done" });
    expect(await callsOf("acme-whole")).toMatchObject([
      { method: "dispose", args: ["dispose:DSP-00000000000000000000000001", { org: "acme-whole", decision: "approved" }] },
    ]);
  });

  it("is evicted between the commit and the delivery, and the next incarnation delivers once and still knows the token", async () => {
    const desk = deskOf("acme-evicted");
    await runInDurableObject(desk, async (instance: SignalDeskDO, { storage }) => {
      await instance.receive(aSignal("acme-evicted"));
      // As if the object had died before the alarm was set: only the outbox rows are left.
      await storage.deleteAlarm();
    });
    await evictDurableObject(desk);
    await runDurableObjectAlarm(deskOf("acme-evicted"));
    await expect.poll(() => deskOf("acme-evicted").outcome("DSP-00000000000000000000000001")).toMatchObject({ state: "done" });
    expect(await callsOf("acme-evicted")).toHaveLength(1);
    expect(await deskOf("acme-evicted").receive(aSignal("acme-evicted", { note: "other" }))).toMatchObject({ ok: false, code: "TOKEN_REPLAYED" });
    expect(await deskOf("acme-evicted").receive(aSignal("acme-evicted"))).toMatchObject({ ok: true, receipt: { repeated: true } });
  });

  it("keeps a suspension through an eviction and lets each open session know", async () => {
    const org = "acme-suspended";
    const override = aSignal(org, {});
    const signal = {
      signalType: "OverrideSignal",
      dispositionEventId: "DSP-00000000000000000000000002",
      elucidationArtifactId: "ELC-00000000000000000000000001",
      issuedAt: "2026-08-04T12:00:00.000Z",
      assemblyId: "shop",
      directive: "force-suspend",
      note: "Costs run away.",
      approvers: ["ana", "bo"],
    } as InboundSignal;
    expect(await deskOf(org).receive({ ...override, signal, digest: digestOf(signal) })).toMatchObject({ ok: true });
    await evictDurableObject(deskOf(org));
    expect(await deskOf(org).suspensions()).toMatchObject([{ assembly: null, by: ["ana", "bo"], reason: "Costs run away." }]);
    await expect
      .poll(async () => (await runDurableObjectAlarm(deskOf(org)), [...(await callsOf(org)), ...(await callsOf(org, "SES-00000000000000000000000002"))]), {
        timeout: 20_000,
      })
      .toMatchObject([{ method: "suspend" }, { method: "suspend" }]);
  });

  it("writes a verdict closure record into the lineage that is deployed", async () => {
    const org = "acme-closure";
    const event = artifactNode("DSP", "DispositionEvent", org, { disposition: "resume" }, []);
    const graph = artifactGraphOf(env, org, "shop");
    expect(await graph.append([event], [])).toMatchObject({ ok: true });
    const signal = outboundSignal.parse({
      type: "VerdictClosureRecord",
      vcrId: "VCR-00000000000000000000000001",
      dispositionEventId: event.id,
      verdictType: "fidelity",
      verdict: "favorable",
      assemblyId: "shop",
      producedAt: "2026-08-04T12:00:00.000Z",
    });
    expect(await deskOf(org).take({ envelopeId: "env_00000001", digest: digestOf(signal), signal, from: "other-kernel" })).toMatchObject({
      ok: true,
      repeated: false,
    });
    await runDurableObjectAlarm(deskOf(org));
    await expect.poll(async () => (await deskOf(org).messages(null, 1))[0]?.state).toBe("done");
    const [message] = await deskOf(org).messages(null, 1);
    expect(await graph.get(message?.nodeId ?? "")).toMatchObject({ type: "VerdictClosureRecord", parents: [event.id] });
  });

  it("tells its health and where its schema is", async () => {
    const desk = deskOf("acme-health");
    await desk.tell("e-1", anEscalation());
    expect(await desk.objectHealth()).toMatchObject({ schemaVersion: "0001-signals", outbox: { pending: 0, parked: 0 }, failingTimers: [] });
  });

  it("says nothing of an organisation that it knows nothing of, and being asked and poked makes no table", async () => {
    const desk = deskOf("acme-unused");
    expect([await desk.suspensions(), await desk.subscribers(), await desk.messages(null, 10), await desk.outcome("DSP-none")]).toEqual([[], [], [], null]);
    await desk.poke();
    expect(await desk.objectHealth()).toMatchObject({ schemaVersion: null, outbox: null, nextAlarmAt: null, lastError: null });
    await runInDurableObject(desk, (_instance, { storage }) => {
      expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE type = 'table'").toArray()).toEqual([]);
    });
    expect(await desk.putSubscriber("https://we.example.com/told", { principalId: "dev", person: "dev", requestId: "r" })).toMatchObject({ ok: true });
    expect(await desk.subscribers()).toHaveLength(1);
  });

  it("sets an alarm that was lost when it is poked", async () => {
    const desk = deskOf("acme-poked");
    await runInDurableObject(desk, async (instance: SignalDeskDO, { storage }) => {
      await instance.receive(aSignal("acme-poked"));
      await storage.deleteAlarm();
      await instance.poke();
      expect(await storage.getAlarm()).not.toBeNull();
    });
  });

  it("opens again over what an earlier incarnation stored", async () => {
    const desk = deskOf("acme-migrated");
    await desk.putSubscriber("https://we.example.com/told", { principalId: "dev", person: "dev", requestId: "r" });
    await evictDurableObject(desk);
    expect(await deskOf("acme-migrated").subscribers()).toMatchObject([{ url: "https://we.example.com/told", pending: 0 }]);
    await runInDurableObject(deskOf("acme-migrated"), (_instance, { storage }) => {
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray()).toEqual([{ id: "0001-signals" }]);
      // A token names a signal that is there: foreign keys are on.
      expect(() => storage.sql.exec("INSERT INTO tokens (key_id, jti, disposition_event_id, expires_at) VALUES ('k', 'j', 'DSP-none', 1)")).toThrow(
        /FOREIGN KEY/,
      );
    });
  });
});
