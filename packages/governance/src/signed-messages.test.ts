import { canonicalJson, kvKey, type EscalationEvent } from "@factory/schemas";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { signingKeysFor, type EnvelopeKeyRecord } from "./envelope-keys.ts";
import { signCanonical, type EnvelopeSignature } from "./signed-bytes.ts";
import { messageDigest, signMessage, verifyMessage, type UnsignedMessage } from "./signed-messages.ts";
import { aRegisteredEd25519, aRegisteredHmac, type TestKey } from "./testing/signing-keys.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const HMAC = aRegisteredHmac("kernel-1", "kernel");
let ed25519: TestKey;
beforeAll(async () => {
  ed25519 = await aRegisteredEd25519("kernel-2", "kernel");
});

const ESCALATION: EscalationEvent = {
  type: "EscalationEvent",
  // The schema brands ids; a literal stands for a parsed one here.
  escalationId: "ESC-00000000000000000000000001" as EscalationEvent["escalationId"],
  assemblyId: "shop",
  divergenceIds: [],
  hypothesisChain: [],
  suspensionState: "waiting",
  openDivergenceCount: 0,
  requestedAction: "Decide on the plan.",
  producedAt: new Date(NOW).toISOString(),
  producedBy: "mediation:shop",
};

const aMessage = (change: Partial<UnsignedMessage> = {}): UnsignedMessage => ({
  envelopeId: "env_0123456789",
  producedAtMs: NOW - 5_000,
  kernelId: "other-kernel",
  agentId: "mediation",
  org: "acme",
  message: ESCALATION,
  ...change,
});

const keysOf = (...records: readonly EnvelopeKeyRecord[]) => {
  const byKey = new Map(records.map((record) => [kvKey.envelopeKey(record.keyId), record]));
  return signingKeysFor(
    "kernel",
    async (key) => byKey.get(key) ?? null,
    () => NOW,
  );
};
const allKeys = () => keysOf(HMAC.record, ed25519.record);

describe("a signed message", () => {
  it("comes back whole, whichever algorithm its key has", async () => {
    for (const { key } of [HMAC, ed25519]) {
      const signed = await signMessage(aMessage(), key, NOW);
      expect(await verifyMessage(signed.payload, signed.signature, allKeys(), NOW)).toEqual({
        ok: true,
        message: {
          schema_version: "1.0.0",
          envelope_id: "env_0123456789",
          timestamp: new Date(NOW - 5_000).toISOString(),
          source: { kernel_id: "other-kernel", agent_id: "mediation" },
          org: "acme",
          signed_at: new Date(NOW).toISOString(),
          key_id: key.keyId,
          message: ESCALATION,
        },
      });
    }
  });

  it.each([
    [-60_000, true],
    [60_000, true],
    [-60_001, false],
    [60_001, false],
  ])("that is verified %d ms after its signing is fresh: %s", async (distance, fresh) => {
    const signed = await signMessage(aMessage(), HMAC.key, NOW);
    expect(await verifyMessage(signed.payload, signed.signature, keysOf(HMAC.record), NOW + distance)).toMatchObject(
      fresh ? { ok: true } : { ok: false, code: "ENVELOPE_STALE" },
    );
  });

  it("does not become fresh again by another time of signing, which is inside the signature", async () => {
    const signed = await signMessage(aMessage(), HMAC.key, NOW - 120_000);
    const text = new TextDecoder().decode(signed.payload).replace(new Date(NOW - 120_000).toISOString(), new Date(NOW).toISOString());
    expect(await verifyMessage(new TextEncoder().encode(text), signed.signature, allKeys(), NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
  });

  it("with a field that nobody knows is refused, though it is signed", async () => {
    const document = { ...JSON.parse(new TextDecoder().decode((await signMessage(aMessage(), HMAC.key, NOW)).payload)) };
    for (const wrong of [
      { ...document, extra: 1 },
      { ...document, message: { ...ESCALATION, extra: 1 } },
      { ...document, source: { ...document.source, extra: 1 } },
    ]) {
      const signed = await signCanonical(wrong, HMAC.key);
      expect(await verifyMessage(signed.payload, signed.signature, allKeys(), NOW)).toMatchObject({
        ok: false,
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("extra"),
      });
    }
  });

  it.each([
    ["another organisation's key", { org: "other" }],
    ["a key of submissions", { uses: ["submission"] }],
    ["a key of before there were uses", { uses: undefined }],
    ["a revoked key", { status: "revoked" }],
    ["a retired key", { status: "rotated", retiresAt: new Date(NOW).toISOString() }],
  ] as const)("is refused with %s", async (_what, change) => {
    const signed = await signMessage(aMessage(), HMAC.key, NOW);
    const record = { ...HMAC.record, ...change } as EnvelopeKeyRecord;
    expect(await verifyMessage(signed.payload, signed.signature, keysOf(record), NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
  });

  it("is refused when its algorithm is swapped, even when the secret is the public part of the right key", async () => {
    if (ed25519.record.algorithm !== "Ed25519") throw new Error("not an Ed25519 key");
    const forged = await signMessage(aMessage(), { keyId: "kernel-2", algorithm: "HMAC-SHA256", secret: ed25519.record.publicKey }, NOW);
    expect(await verifyMessage(forged.payload, forged.signature, allKeys(), NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
    const right = await signMessage(aMessage(), HMAC.key, NOW);
    const misnamed: EnvelopeSignature = { ...right.signature, algorithm: "Ed25519" };
    expect(await verifyMessage(right.payload, misnamed, allKeys(), NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
    const renamed: EnvelopeSignature = { ...forged.signature, algorithm: "Ed25519" };
    expect(await verifyMessage(forged.payload, renamed, allKeys(), NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
  });

  it("is refused when it is too large, before anything is read of it", async () => {
    const signature: EnvelopeSignature = { algorithm: "HMAC-SHA256", value: new Uint8Array(32) };
    expect(await verifyMessage(new Uint8Array(65_537), signature, allKeys(), NOW)).toMatchObject({ ok: false, code: "TOO_LARGE" });
  });

  it("is known again when it is signed again, also with the successor of its key, and not when anything else differs", async () => {
    const digestAt = async (message: UnsignedMessage, { key }: TestKey, at: number): Promise<string> => {
      const signed = await signMessage(message, key, at);
      const answer = await verifyMessage(signed.payload, signed.signature, allKeys(), at);
      if (!answer.ok) throw new Error(answer.message);
      return messageDigest(answer.message);
    };
    const first = await digestAt(aMessage(), HMAC, NOW);
    expect(await digestAt(aMessage({ producedAtMs: NOW }), ed25519, NOW + 30_000)).toBe(first);
    expect(await digestAt(aMessage({ agentId: "other" }), HMAC, NOW)).not.toBe(first);
    expect(await digestAt(aMessage({ message: { ...ESCALATION, openDivergenceCount: 1 } }), HMAC, NOW)).not.toBe(first);
  });

  it("is never made of bytes that nobody signed, and nothing throws", async () => {
    const valid = await signMessage(aMessage(), ed25519.key, NOW);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 256 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.jsonValue().map((message) => new TextEncoder().encode(canonicalJson({ ...aMessage(), message }))),
      fc.tuple(fc.nat(valid.payload.length - 1), fc.nat(7)).map(([at, bit]) => valid.payload.map((byte, index) => (index === at ? byte ^ (1 << bit) : byte))),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constant(valid.signature.value)), async (payload, value) => {
        const answer = await verifyMessage(payload, { algorithm: "Ed25519", value }, allKeys(), NOW);
        expect(answer).toMatchObject({ ok: false, code: expect.stringMatching(/^(INVALID_ARGUMENT|ENVELOPE_NOT_CANONICAL|SIGNATURE_INVALID)$/) });
      }),
      { numRuns: 400 },
    );
  });
});
