/** Signals at the platform's own door: another kernel's message comes in, a subscriber on this machine is told, and what proves nothing is refused. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { issueDispositionToken, readSigningJwk, signingKeysFor, signMessage, verifyMessage, type SigningKey } from "@factory/governance";
import { kvKey, outboundSignal } from "@factory/schemas";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureDevKey } from "../lib/dev-key.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const SECRET = Buffer.alloc(32, 9).toString("base64");
const KERNEL_KEY: SigningKey = { keyId: `kernel-${crypto.randomUUID()}`, algorithm: "HMAC-SHA256", secret: SECRET };
const ESCALATION = outboundSignal.parse({
  type: "EscalationEvent",
  escalationId: "ESC-00000000000000000000000001",
  assemblyId: "shop",
  divergenceIds: [],
  hypothesisChain: [],
  suspensionState: "waiting",
  openDivergenceCount: 0,
  requestedAction: "Decide on the plan.",
  producedAt: "2026-08-04T12:00:00.000Z",
  producedBy: "mediation:shop",
});

let platform: TestPlatform;
let told: Promise<string>;
let subscriberUrl: string;
const server = createServer();

beforeAll(async () => {
  const first = Promise.withResolvers<string>();
  told = first.promise;
  let calls = 0;
  server.on("request", (request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      calls += 1;
      // The first attempt fails, so that what arrives was tried again.
      response.writeHead(calls === 1 ? 503 : 204).end();
      if (calls > 1) first.resolve(Buffer.concat(chunks).toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  subscriberUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`;
  platform = await startTestPlatform();
});
afterAll(async () => {
  await platform?.dispose();
  server.closeAllConnections();
  server.close();
});

const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const response = await fetch(`${platform.url}${path}`, { method: "POST", body: JSON.stringify(body), headers });
  return { status: response.status, body: (await response.json()) as { code?: string; [field: string]: unknown } };
};

/** A message of another kernel as it travels. */
async function signed() {
  const unsigned = {
    envelopeId: "env_11111111",
    producedAtMs: Date.now(),
    kernelId: "other-kernel",
    agentId: "mediation",
    org: platform.credentials.org,
    message: ESCALATION,
  };
  const { payload, signature } = await signMessage(unsigned, KERNEL_KEY, Date.now());
  return {
    payload: Buffer.from(payload).toString("base64"),
    signature: { algorithm: signature.algorithm, value: Buffer.from(signature.value).toString("base64") },
  };
}

describe("the platform's signals", () => {
  it("takes an escalation of a registered kernel once and tells a subscriber, who verifies it with the published key", async () => {
    const { admin } = platform.client;
    expect(await post("/escalations", await signed())).toMatchObject({ status: 401, body: { code: "SIGNATURE_INVALID" } });
    await admin.putSigningKey({ key: { keyId: KERNEL_KEY.keyId, uses: ["kernel"], material: { case: "secret", value: SECRET } } });
    expect((await admin.putSubscriber({ url: subscriberUrl })).added).toBe(true);
    // The directory publishes a key through its outbox, and an edge may have remembered that there was none.
    await expect.poll(async () => (await post("/escalations", await signed())).status, { timeout: 90_000, interval: 500 }).toBe(202);
    expect(await post("/escalations", await signed())).toMatchObject({ status: 202, body: { ok: true, repeated: true } });
    expect((await admin.listReceivedMessages({})).messages).toMatchObject([{ id: "ESC-00000000000000000000000001", from: "other-kernel", state: "done" }]);

    const { payload, signature } = JSON.parse(await told) as { payload: string; signature: { value: string } };
    const keys = (await (await fetch(`${platform.url}/.well-known/factory-signing-keys.json`)).json()) as { keys: { kid: string; x: string; d?: string }[] };
    expect(keys.keys.every((key) => key.d === undefined)).toBe(true);
    const published = signingKeysFor(
      "kernel",
      async (key) => {
        const jwk = keys.keys.find(({ kid }) => kvKey.envelopeKey(kid) === key);
        if (jwk === undefined) return null;
        const publicKey = Buffer.from(jwk.x, "base64url").toString("base64");
        return { keyId: jwk.kid, org: platform.credentials.org, algorithm: "Ed25519", publicKey, uses: ["kernel"], status: "active" };
      },
      Date.now,
    );
    const read = await verifyMessage(
      Buffer.from(payload, "base64"),
      { algorithm: "Ed25519", value: Buffer.from(signature.value, "base64") },
      published,
      Date.now(),
    );
    expect(read).toMatchObject({ ok: true, message: { source: { kernel_id: "factory" }, message: ESCALATION } });
    await expect.poll(async () => (await admin.listSubscribers({})).subscribers[0]?.pending, { timeout: 20_000 }).toBe(0);
  });

  it("refuses a signal without a token, with a token of a key that signs something else, and of an assembly that is not there", async () => {
    const ids = { dispositionEventId: "DSP-00000000000000000000000001", elucidationArtifactId: "ELC-00000000000000000000000001" };
    const signal = {
      signalType: "OverrideSignal",
      ...ids,
      issuedAt: new Date().toISOString(),
      assemblyId: "nowhere",
      directive: "force-suspend",
      note: "Costs run away.",
      approvers: ["ana", "bo"],
    };
    const bearer = async (key: SigningKey) => {
      const claims = { org: platform.credentials.org, subject: "ana", scopes: ["signal:override"] as const, ...ids };
      return { authorization: `Bearer ${(await issueDispositionToken(key, claims, Date.now())).token}` };
    };
    const bridge = await readSigningJwk(JSON.stringify(ensureDevKey().dispositionKey), "dispositionKey");
    expect(await post("/signals", signal)).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    expect(await post("/signals", signal, { authorization: `Bearer ${platform.credentials.apiKey}` })).toMatchObject({ status: 401 });
    expect(await post("/signals", signal, await bearer(KERNEL_KEY))).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
    expect(await post("/signals", signal, await bearer(bridge.key))).toMatchObject({
      status: 412,
      body: { code: "ELUCIDATION_UNKNOWN", retry: "never", request_id: expect.any(String) },
    });
    expect(await post("/signals", { ...signal, extra: 1 }, await bearer(bridge.key))).toMatchObject({ status: 400, body: { code: "INVALID_ARGUMENT" } });
    expect((await platform.client.admin.getOrg({})).org?.suspensions).toEqual([]);
  });
});
