/** Signing and verifying the envelopes that work orders travel in. */
import { digestOf, envelope as envelopeSchema, refuse, type Envelope, type Result } from "@factory/schemas";
import type { EnvelopeKeyLookup, SigningKey } from "./envelope-keys.ts";
import { faultsOf, isFresh, isSignedBy, readCanonical, signCanonical, type EnvelopeSignature, type SignedPayload } from "./signed-bytes.ts";

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
  return signCanonical(envelopeSchema.parse({ ...unsigned, keyId: key.keyId, signedAt: new Date(nowMs).toISOString() }), key);
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
  const read = readCanonical(bytes, "envelope");
  if (!read.ok) return read;
  const parsed = envelopeSchema.safeParse(read.value);
  if (!parsed.success) return faultsOf(parsed.error, "envelope");
  const envelope = parsed.data;
  const key = await keyLookup(envelope.keyId);
  if (key === null || !(await isSignedBy(bytes, signature, key))) return refuse("SIGNATURE_INVALID");
  return isFresh(envelope.signedAt, nowMs) ? { ok: true, envelope } : refuse("ENVELOPE_STALE");
}

/** What stays the same when the same submission is signed again: the session keeps it to tell a repeat from another body. */
export function envelopeDigest(envelope: Envelope): string {
  const { timestamp: _timestamp, signedAt: _signedAt, ...content } = envelope;
  return digestOf(content);
}
