import { canonicalJson, kvKey, type Envelope } from "@factory/schemas";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { envelopeKeysOf, importSigningKey, type EnvelopeKeyRecord, type SigningKey } from "./envelope-keys.ts";
import { envelopeDigest, signEnvelope, verifyEnvelope, type UnsignedEnvelope } from "./envelopes.ts";
import type { EnvelopeSignature } from "./signed-bytes.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const SECRET = Buffer.alloc(32, 7).toString("base64");
const HMAC_KEY: SigningKey = { keyId: "ek-1", algorithm: "HMAC-SHA256", secret: SECRET };
const HMAC_RECORD: EnvelopeKeyRecord = { keyId: "ek-1", org: "acme", algorithm: "HMAC-SHA256", secret: SECRET, status: "active" };

function anEnvelope(change: Partial<UnsignedEnvelope> = {}): UnsignedEnvelope {
  return {
    schemaVersion: "1.0.0",
    envelopeId: "env_0123456789",
    timestamp: new Date(NOW).toISOString(),
    source: { kernelId: "factory-cli", agentId: "acme" },
    target: { kernelId: "factory-gateway", agentId: "factory" },
    identity: { actorId: "ana", actorType: "human" },
    session: { assemblyId: "shop" },
    // The schema brands ids; a literal stands for a parsed one here.
    governance: { workOrderId: "WO-1" as Envelope["governance"]["workOrderId"] },
    purposeId: "BCO-1" as Envelope["purposeId"],
    payload: { workOrder: "# Prices\n", files: [{ path: "src/ä.ts", content: "export const x = 1;\n" }], config: { reviewMode: "auto" } },
    ...change,
  };
}

const keys = envelopeKeysOf("acme", async (key) => (key === kvKey.envelopeKey("ek-1") ? HMAC_RECORD : null));
const keysWith = (record: unknown) => envelopeKeysOf("acme", async () => record);

let ed25519: { key: SigningKey; record: EnvelopeKeyRecord; raw: EnvelopeKeyRecord };
beforeAll(async () => {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair");
  const text = async (format: "pkcs8" | "spki" | "raw", key: CryptoKey) => Buffer.from(await crypto.subtle.exportKey(format, key)).toString("base64");
  const common = { keyId: "ek-2", org: "acme", algorithm: "Ed25519", status: "active" } as const;
  ed25519 = {
    key: { keyId: "ek-2", algorithm: "Ed25519", privateKey: await text("pkcs8", pair.privateKey) },
    record: { ...common, publicKey: await text("spki", pair.publicKey) },
    raw: { ...common, publicKey: await text("raw", pair.publicKey) },
  };
});

describe("a signed envelope", () => {
  it("verifies with its HMAC key and comes back whole", async () => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    const answer = await verifyEnvelope(signed.payload, signed.signature, keys, NOW);
    expect(answer).toEqual({ ok: true, envelope: { ...anEnvelope(), keyId: "ek-1", signedAt: new Date(NOW).toISOString() } });
  });

  it("is signed as well by a key that nobody can read out", async () => {
    const key = await importSigningKey(HMAC_KEY);
    expect(key.extractable).toBe(false);
    const signed = await signEnvelope(anEnvelope(), { keyId: "ek-1", algorithm: "HMAC-SHA256", key }, NOW);
    expect(signed).toEqual(await signEnvelope(anEnvelope(), HMAC_KEY, NOW));
  });

  it("verifies with its Ed25519 key, stored as SPKI or raw", async () => {
    const signed = await signEnvelope(anEnvelope(), ed25519.key, NOW);
    expect(await verifyEnvelope(signed.payload, signed.signature, keysWith(ed25519.record), NOW)).toMatchObject({ ok: true });
    expect(await verifyEnvelope(signed.payload, signed.signature, keysWith(ed25519.raw), NOW)).toMatchObject({ ok: true });
  });

  it.each([-60_000, 60_000])("is fresh at %d ms", async (distance) => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    expect(await verifyEnvelope(signed.payload, signed.signature, keys, NOW + distance)).toMatchObject({ ok: true });
  });

  it.each([-60_001, 60_001])("is stale at %d ms", async (distance) => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    expect(await verifyEnvelope(signed.payload, signed.signature, keys, NOW + distance)).toMatchObject({ ok: false, code: "ENVELOPE_STALE" });
  });

  it.each([
    ["another org's key", { ...HMAC_RECORD, org: "other" }],
    ["a revoked key", { ...HMAC_RECORD, status: "revoked" }],
    ["another key", { ...HMAC_RECORD, secret: Buffer.alloc(32, 8).toString("base64") }],
    ["a secret that is too short", { ...HMAC_RECORD, secret: Buffer.alloc(31, 7).toString("base64") }],
    ["a public key that is none", { keyId: "ek-1", org: "acme", algorithm: "Ed25519", publicKey: "AAAA", status: "active" }],
    ["no key", null],
  ])("is refused with %s", async (_name, record) => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    expect(await verifyEnvelope(signed.payload, signed.signature, keysWith(record), NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
  });

  it("is refused when the signature names another algorithm than the key's", async () => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    const renamed: EnvelopeSignature = { ...signed.signature, algorithm: "Ed25519" };
    expect(await verifyEnvelope(signed.payload, renamed, keys, NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
  });

  it("is refused when its bytes are not canonical, though they mean the same", async () => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    const spaced = new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(signed.payload)), null, 1));
    expect(await verifyEnvelope(spaced, signed.signature, keys, NOW)).toMatchObject({ ok: false, code: "ENVELOPE_NOT_CANONICAL" });
  });

  it("is refused when a key is written twice", async () => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    const twice = new TextEncoder().encode(new TextDecoder().decode(signed.payload).replace('{"', '{"envelopeId":"env_99999999","'));
    expect(await verifyEnvelope(twice, signed.signature, keys, NOW)).toMatchObject({ ok: false, code: "ENVELOPE_NOT_CANONICAL" });
  });

  it("is refused with the fields that are wrong", async () => {
    const wrong = new TextEncoder().encode(canonicalJson({ ...anEnvelope(), envelopeId: "7", extra: 1, keyId: "ek-1", signedAt: new Date(NOW).toISOString() }));
    const answer = await verifyEnvelope(wrong, { algorithm: "HMAC-SHA256", value: new Uint8Array(32) }, keys, NOW);
    expect(answer).toMatchObject({ ok: false, code: "INVALID_ARGUMENT", message: expect.stringContaining("envelopeId") });
    expect(answer).toMatchObject({ message: expect.stringContaining("extra") });
  });

  it.each(["", "null", "[]", '"x"', "{", "\uFEFF{}", "[".repeat(200_000) + "]".repeat(200_000), '"\\ud800"'])(
    "is refused when the payload is %.12j",
    async (text) => {
      const answer = await verifyEnvelope(new TextEncoder().encode(text), { algorithm: "HMAC-SHA256", value: new Uint8Array(32) }, keys, NOW);
      expect(answer).toMatchObject({ ok: false, code: expect.stringMatching(/^(INVALID_ARGUMENT|ENVELOPE_NOT_CANONICAL)$/) });
    },
  );
});

describe("verification", () => {
  it("never throws and never accepts bytes that nobody signed", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 256 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        fc.uint8Array({ maxLength: 80 }),
        fc.constantFrom("HMAC-SHA256" as const, "Ed25519" as const),
        async (bytes, value, algorithm) => {
          expect(await verifyEnvelope(bytes, { algorithm, value }, keys, NOW)).toMatchObject({ ok: false });
        },
      ),
    );
  });

  it("never accepts a payload with one bit changed", async () => {
    const signed = await signEnvelope(anEnvelope(), HMAC_KEY, NOW);
    await fc.assert(
      fc.asyncProperty(fc.nat(signed.payload.length - 1), fc.nat(7), async (index, bit) => {
        const changed = signed.payload.map((byte, at) => (at === index ? byte ^ (1 << bit) : byte));
        expect(await verifyEnvelope(changed, signed.signature, keys, NOW)).toMatchObject({ ok: false });
      }),
      { numRuns: 500 },
    );
  });

  it("never accepts a signature with one bit changed, cut or grown", async () => {
    for (const [key, lookup] of [
      [HMAC_KEY, keys],
      [ed25519.key, keysWith(ed25519.record)],
    ] as const) {
      const signed = await signEnvelope(anEnvelope(), key, NOW);
      const { value, algorithm } = signed.signature;
      await fc.assert(
        fc.asyncProperty(fc.nat(value.length - 1), fc.nat(7), async (index, bit) => {
          const flipped = value.map((byte, at) => (at === index ? byte ^ (1 << bit) : byte));
          for (const wrong of [flipped, value.slice(0, index), Uint8Array.from([...value, bit])]) {
            expect(await verifyEnvelope(signed.payload, { algorithm, value: wrong }, lookup, NOW)).toMatchObject({ ok: false, code: "SIGNATURE_INVALID" });
          }
        }),
      );
    }
  });

  it("accepts every envelope that was signed, whatever its text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1 }), async (workOrder) => {
        const signed = await signEnvelope(anEnvelope({ payload: { workOrder, files: [], config: {} } }), HMAC_KEY, NOW);
        expect(await verifyEnvelope(signed.payload, signed.signature, keys, NOW)).toMatchObject({ ok: true });
      }),
    );
  });
});

describe("an envelope's digest", () => {
  const signed: Envelope = { ...anEnvelope(), keyId: "ek-1", signedAt: new Date(NOW).toISOString() };

  it("is the same when the submission is signed again later", () => {
    const later = new Date(NOW + 30_000).toISOString();
    expect(envelopeDigest({ ...signed, timestamp: later, signedAt: later })).toBe(envelopeDigest(signed));
  });

  it("differs when anything else does", () => {
    const others: Envelope[] = [
      { ...signed, payload: { ...signed.payload, workOrder: "# Other\n" } },
      { ...signed, payload: { ...signed.payload, config: {} } },
      { ...signed, identity: { actorId: "bo", actorType: "human" } },
    ];
    expect(new Set([signed, ...others].map(envelopeDigest)).size).toBe(4);
  });
});
