/**
 * Signing and verifying envelopes. The payload is the RFC 8785 canonical JSON of the whole envelope and the signature
 * is over exactly these bytes, so verifying needs no re-serialisation and no field is outside the signature.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 * @see https://www.rfc-editor.org/rfc/rfc8032
 */
import {
  ENVELOPE_FRESHNESS_MS,
  canonicalJson,
  digestOf,
  envelope as envelopeSchema,
  refuse,
  type Envelope,
  type Result,
  type SignatureAlgorithm,
} from "@factory/schemas";
import { importSigningKey, importVerifyKey, type EnvelopeKeyLookup, type EnvelopeKeyRecord, type SigningKey } from "./envelope-keys.ts";

/** A signature over the payload bytes. */
export type EnvelopeSignature = { readonly algorithm: SignatureAlgorithm; readonly value: Uint8Array };

/** An envelope as it travels. */
export type SignedPayload = { readonly payload: Uint8Array; readonly signature: EnvelopeSignature };

/** An envelope before it is signed: the key and the time are the signer's. */
export type UnsignedEnvelope = Omit<Envelope, "keyId" | "signedAt">;

/**
 * Signs an envelope.
 *
 * @param key - the key; its id becomes part of the signed bytes
 * @param nowMs - clock in epoch milliseconds; becomes `signedAt`
 * @throws ZodError when the envelope is not valid, DOMException when the key is not usable.
 */
export async function signEnvelope(unsigned: UnsignedEnvelope, key: SigningKey, nowMs: number): Promise<SignedPayload> {
  const envelope = envelopeSchema.parse({ ...unsigned, keyId: key.keyId, signedAt: new Date(nowMs).toISOString() });
  const payload = new TextEncoder().encode(canonicalJson(envelope));
  const value = await crypto.subtle.sign(webCryptoName(key.algorithm), await importSigningKey(key), payload);
  return { payload, signature: { algorithm: key.algorithm, value: new Uint8Array(value) } };
}

/**
 * Verifies an envelope: its form, that its bytes are canonical, its signature and its freshness, in this order.
 *
 * Never throws for what the caller sent. Refusals: INVALID_ARGUMENT (not UTF-8 JSON, or not an envelope),
 * ENVELOPE_NOT_CANONICAL, SIGNATURE_INVALID (unknown key, another algorithm than the key's, or a wrong signature),
 * ENVELOPE_STALE (signed more than 60 seconds ago or in the future).
 *
 * @param bytes - the payload as it arrived
 * @param keyLookup - the keys that may sign for the caller; see `envelopeKeysOf`
 * @param nowMs - clock in epoch milliseconds
 */
export async function verifyEnvelope(
  bytes: Uint8Array,
  signature: EnvelopeSignature,
  keyLookup: EnvelopeKeyLookup,
  nowMs: number,
): Promise<Result<{ envelope: Envelope }>> {
  const read = readCanonical(bytes);
  if (!read.ok) return read;
  const parsed = envelopeSchema.safeParse(read.value);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join(".") || "envelope"}: ${issue.message}`);
    return refuse("INVALID_ARGUMENT", `The envelope is not valid. ${faults.slice(0, MAX_FAULTS_SHOWN).join("; ")}.`, { fields: parsed.error.issues.length });
  }
  const envelope = parsed.data;
  const key = await keyLookup(envelope.keyId);
  if (key === null || key.algorithm !== signature.algorithm || !(await isSigned(bytes, signature, key))) return refuse("SIGNATURE_INVALID");
  if (Math.abs(nowMs - Date.parse(envelope.signedAt)) > ENVELOPE_FRESHNESS_MS) return refuse("ENVELOPE_STALE");
  return { ok: true, envelope };
}

/** What stays the same when the same submission is signed again: the session keeps it to tell a repeat from another body. */
export function envelopeDigest(envelope: Envelope): string {
  const { timestamp: _timestamp, signedAt: _signedAt, ...content } = envelope;
  return digestOf(content);
}

/** Enough to mend an envelope in one go, and a bound for the message. */
const MAX_FAULTS_SHOWN = 8;

function readCanonical(bytes: Uint8Array): Result<{ value: unknown }> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    // What the parser says quotes the payload, which may hold what a log must not.
    return refuse("INVALID_ARGUMENT", "The envelope's payload is not UTF-8 JSON.");
  }
  return isCanonical(value, text) ? { ok: true, value } : refuse("ENVELOPE_NOT_CANONICAL");
}

function isCanonical(value: unknown, text: string): boolean {
  try {
    return canonicalJson(value) === text;
  } catch {
    // Lone surrogates have no canonical form, and nesting deeper than the stack is no envelope.
    return false;
  }
}

/** Length of a signature, in bytes; another length is refused here, since runtimes differ in whether it throws. */
const SIGNATURE_BYTES = { "HMAC-SHA256": 32, Ed25519: 64 } as const satisfies Record<SignatureAlgorithm, number>;

async function isSigned(bytes: Uint8Array, signature: EnvelopeSignature, key: EnvelopeKeyRecord): Promise<boolean> {
  if (signature.value.length !== SIGNATURE_BYTES[key.algorithm]) return false;
  let verifyKey: CryptoKey;
  try {
    verifyKey = await importVerifyKey(key);
  } catch {
    // A stored key that cannot be used verifies nothing.
    return false;
  }
  // Copied: WebCrypto takes no views of shared memory. The comparison inside is constant-time.
  return crypto.subtle.verify(webCryptoName(key.algorithm), verifyKey, Uint8Array.from(signature.value), Uint8Array.from(bytes));
}

function webCryptoName(algorithm: SignatureAlgorithm): "HMAC" | "Ed25519" {
  return algorithm === "HMAC-SHA256" ? "HMAC" : "Ed25519";
}
