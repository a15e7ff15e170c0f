/**
 * Bytes that are signed as they travel: the payload is RFC 8785 canonical JSON and the signature is over exactly these bytes, so
 * verifying needs no re-serialisation and no field is outside the signature. Envelopes and messages of kernels share it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8785
 * @see https://www.rfc-editor.org/rfc/rfc8032
 */
import { ENVELOPE_FRESHNESS_MS, canonicalJson, refuse, type Refusal, type Result, type SignatureAlgorithm } from "@factory/schemas";
import type { z } from "zod";
import { importSigningKey, importVerifyKey, type EnvelopeKeyRecord, type SigningKey } from "./envelope-keys.ts";

/** A signature over the payload bytes. */
export type EnvelopeSignature = { readonly algorithm: SignatureAlgorithm; readonly value: Uint8Array };

/** An envelope or a message as it travels. */
export type SignedPayload = { readonly payload: Uint8Array; readonly signature: EnvelopeSignature };

/**
 * Serialises a value canonically and signs the bytes.
 *
 * @throws DOMException when the key is not usable.
 */
export async function signCanonical(value: unknown, key: SigningKey): Promise<SignedPayload> {
  const payload = new TextEncoder().encode(canonicalJson(value));
  const signature = await crypto.subtle.sign(webCryptoName(key.algorithm), await importSigningKey(key), payload);
  return { payload, signature: { algorithm: key.algorithm, value: new Uint8Array(signature) } };
}

/**
 * What canonical bytes say. Refusals: INVALID_ARGUMENT (not UTF-8 JSON), ENVELOPE_NOT_CANONICAL.
 *
 * @param what - names the document in a refusal, such as `envelope`
 */
export function readCanonical(bytes: Uint8Array, what: string): Result<{ value: unknown }> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch {
    // What the parser says quotes the payload, which may hold what a log must not.
    return refuse("INVALID_ARGUMENT", `The ${what}'s payload is not UTF-8 JSON.`);
  }
  return isCanonical(value, text) ? { ok: true, value } : refuse("ENVELOPE_NOT_CANONICAL");
}

/** Enough to mend a document in one go, and a bound for the message. */
const MAX_FAULTS_SHOWN = 8;

/** The refusal of a document that its schema does not take, with the fields that are wrong. */
export function faultsOf(error: z.ZodError, what: string): Refusal {
  const faults = error.issues.map((issue) => `${issue.path.join(".") || what}: ${issue.message}`);
  return refuse("INVALID_ARGUMENT", `The ${what} is not valid. ${faults.slice(0, MAX_FAULTS_SHOWN).join("; ")}.`, { fields: error.issues.length });
}

/** Whether something was signed no longer ago, and no further in the future, than a signature counts. */
export function isFresh(signedAt: string, nowMs: number): boolean {
  return Math.abs(nowMs - Date.parse(signedAt)) <= ENVELOPE_FRESHNESS_MS;
}

/** Length of a signature, in bytes; another length is refused here, since runtimes differ in whether it throws. */
const SIGNATURE_BYTES = { "HMAC-SHA256": 32, Ed25519: 64 } as const satisfies Record<SignatureAlgorithm, number>;

/** Whether a key signed the bytes. The algorithm is the key's: a signature that names another one is none. */
export async function isSignedBy(bytes: Uint8Array, signature: EnvelopeSignature, key: EnvelopeKeyRecord): Promise<boolean> {
  if (signature.algorithm !== key.algorithm || signature.value.length !== SIGNATURE_BYTES[key.algorithm]) return false;
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

function isCanonical(value: unknown, text: string): boolean {
  try {
    return canonicalJson(value) === text;
  } catch {
    // Lone surrogates have no canonical form, and nesting deeper than the stack is no document.
    return false;
  }
}

function webCryptoName(algorithm: SignatureAlgorithm): "HMAC" | "Ed25519" {
  return algorithm === "HMAC-SHA256" ? "HMAC" : "Ed25519";
}
