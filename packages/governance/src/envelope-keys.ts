/** Envelope keys: what signs submissions. They are not API keys; each belongs to one organisation. */
import { kvKey, type Org } from "@factory/schemas";
import { z } from "zod";
import type { RecordLookup } from "./api-keys.ts";

/** Shortest HMAC secret, in bytes: as long as the hash, RFC 2104 section 3. */
export const MIN_HMAC_SECRET_BYTES = 32;

const base64 = z.base64().min(1).max(4_096);
const common = { keyId: z.string().min(1).max(128), org: z.string().min(1).max(63), status: z.enum(["active", "revoked"]) };

/** The stored form of an envelope key, under `kvKey.envelopeKey(keyId)`. */
export const envelopeKeyRecord = z.discriminatedUnion("algorithm", [
  z.strictObject({
    ...common,
    algorithm: z.literal("HMAC-SHA256"),
    /** Base64 of at least 32 bytes. */
    secret: base64.refine((text) => bytesOf(text).length >= MIN_HMAC_SECRET_BYTES, `must be at least ${MIN_HMAC_SECRET_BYTES} bytes`),
  }),
  z.strictObject({
    ...common,
    algorithm: z.literal("Ed25519"),
    /** Base64 of the 32 raw bytes or of the SPKI structure. */
    publicKey: base64,
  }),
]);
export type EnvelopeKeyRecord = z.infer<typeof envelopeKeyRecord>;

/** Finds a verification key by its id; null when there is none that may be used. */
export type EnvelopeKeyLookup = (keyId: string) => Promise<EnvelopeKeyRecord | null>;

/**
 * Looks keys up in a record store for one org: a key of another org, a revoked one and a record that does not parse
 * are all as if they were not there.
 */
export function envelopeKeysOf(org: Org, lookup: RecordLookup): EnvelopeKeyLookup {
  return async (keyId) => {
    const parsed = envelopeKeyRecord.safeParse(await lookup(kvKey.envelopeKey(keyId)));
    if (!parsed.success) return null;
    const record = parsed.data;
    return record.keyId === keyId && record.org === org && record.status === "active" ? record : null;
  };
}

/** Length of a raw Ed25519 public key, in bytes. */
const ED25519_RAW_BYTES = 32;

/** The WebCrypto key that verifies with a record. @throws DOMException when the key material is not usable. */
export async function importVerifyKey(record: EnvelopeKeyRecord): Promise<CryptoKey> {
  if (record.algorithm === "HMAC-SHA256") {
    return crypto.subtle.importKey("raw", bytesOf(record.secret), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
  }
  const bytes = bytesOf(record.publicKey);
  return crypto.subtle.importKey(bytes.length === ED25519_RAW_BYTES ? "raw" : "spki", bytes, { name: "Ed25519" }, false, ["verify"]);
}

/**
 * What signs: an HMAC secret, or an Ed25519 private key as PKCS #8, both in base64; or either as a key of WebCrypto, which need not
 * be extractable.
 */
export type SigningKey =
  | { readonly keyId: string; readonly algorithm: "HMAC-SHA256"; readonly secret: string }
  | { readonly keyId: string; readonly algorithm: "Ed25519"; readonly privateKey: string }
  | { readonly keyId: string; readonly algorithm: "HMAC-SHA256" | "Ed25519"; readonly key: CryptoKey };

/** The WebCrypto key that signs. @throws DOMException when the key material is not usable. */
export async function importSigningKey(key: SigningKey): Promise<CryptoKey> {
  if ("key" in key) return key.key;
  if (key.algorithm === "HMAC-SHA256") {
    return crypto.subtle.importKey("raw", bytesOf(key.secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  }
  return crypto.subtle.importKey("pkcs8", bytesOf(key.privateKey), { name: "Ed25519" }, false, ["sign"]);
}

/** Bytes of base64 text. */
function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
