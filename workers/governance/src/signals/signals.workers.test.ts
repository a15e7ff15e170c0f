import { env } from "cloudflare:workers";
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { issueDispositionToken, type EnvelopeKeyRecord, type SigningKey } from "@factory/governance";
import { artifactNode, kvKey, objectName, SIGNAL_SCOPES, type SignalScope } from "@factory/schemas";
import { artifactGraphOf } from "@factory/schemas/rpc";
import { beforeAll, describe, expect, it } from "vitest";
import GovernanceWorker from "../governance.worker.ts";

// The recording registry knows its assemblies for organisations whose name begins so.
const ORG = "acme-signals";
const SECRET = "A".repeat(43) + "=";
const KEY: SigningKey = { keyId: "bridge-1", algorithm: "HMAC-SHA256", secret: SECRET };

const worker = () => new GovernanceWorker(createExecutionContext(), env);

beforeAll(async () => {
  const record: EnvelopeKeyRecord = { keyId: "bridge-1", org: ORG, algorithm: "HMAC-SHA256", secret: SECRET, uses: ["disposition"], status: "active" };
  await env.CONFIG.put(kvKey.envelopeKey("bridge-1"), JSON.stringify(record));
});

/** A resume on record, with a token for it. */
async function aDecision(what: string, scopes: readonly SignalScope[] = [SIGNAL_SCOPES.ResumeSignal]) {
  const event = artifactNode("DSP", "DispositionEvent", ORG, { disposition: what }, []);
  const reason = artifactNode("ELC", "ElucidationArtifact", ORG, { disposition: what, rationale: "The plan is sound." }, []);
  await artifactGraphOf(env, ORG, "shop").append([event, reason], [{ source: reason.id, rel: "produced_at", target: event.id }]);
  const ids = { dispositionEventId: event.id, elucidationArtifactId: reason.id };
  const { token } = await issueDispositionToken(KEY, { org: ORG, subject: "ana", scopes, ...ids }, Date.now());
  const signal = {
    signalType: "ResumeSignal",
    ...ids,
    issuedAt: new Date().toISOString(),
    assemblyId: "shop",
    sessionId: "SES-00000000000000000000000001",
    reviewId: "REV-00000000000000000000000001",
    actionDigest: "ab".repeat(32),
  };
  return { token, signal, body: new TextEncoder().encode(JSON.stringify(signal)), ...ids };
}

describe("the governance Worker", () => {
  it("takes a signal behind a registered key's token, with the policies that are deployed, and carries it to the session", async () => {
    const { token, body, dispositionEventId } = await aDecision("resume");
    expect(await worker().receiveSignal(token, body)).toMatchObject({ ok: true, receipt: { signalType: "ResumeSignal", repeated: false } });
    const desk = env.SIGNAL_DESKS.getByName(objectName.signalDesk(ORG));
    await expect
      .poll(async () => (await runDurableObjectAlarm(desk), (await worker().outcome(ORG, dispositionEventId))?.state), { timeout: 20_000 })
      .toBe("done");
    const session = env.SESSIONS.getByName(objectName.session(ORG, "SES-00000000000000000000000001")) as unknown as { calls(): Promise<{ args: unknown[] }[]> };
    expect(structuredClone(await session.calls())).toMatchObject([{ args: [`dispose:${dispositionEventId}`, { policy: { policies: ["send-resume"] } }] }]);
    expect(await worker().receiveSignal(token, body)).toMatchObject({ ok: true, receipt: { repeated: true } });
  });

  it("refuses what it cannot find on record, and another kind of signal than the token is for", async () => {
    const { token, signal } = await aDecision("elsewhere");
    const bytes = (change: object) => new TextEncoder().encode(JSON.stringify({ ...signal, ...change }));
    expect(await worker().receiveSignal(token, bytes({ sessionId: "SES-00000000000000000000000002" }))).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(await worker().receiveSignal(token, bytes({ assemblyId: "nowhere" }))).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(await worker().receiveSignal(token, bytes({ signalType: "CommissioningSignal" }))).toMatchObject({ ok: false, code: "PERMISSION_DENIED" });
    expect(await worker().receiveSignal("a.b.c", bytes({}))).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("publishes the public part of the key that it signs with, and no more", async () => {
    const { keys } = await worker().signingKeys();
    expect(keys).toEqual([{ kty: "OKP", crv: "Ed25519", x: expect.any(String), kid: "test-outbound", alg: "EdDSA", use: "sig" }]);
  });
});
