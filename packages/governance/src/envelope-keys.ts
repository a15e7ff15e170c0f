/**
 * Signing keys of organisations, as edges read them: what signs submissions, messages of other kernels and disposition tokens. They
 * are not API keys; each belongs to one organisation and signs only what it is registered for.
 */
import { kvKey, type Org } from "@factory/schemas";
import { SIGNING_USES, type SigningUse } from "@factory/schemas/rpc";
import { z } from "zod";
import type { RecordLookup } from "./api-keys.ts";

/** Shortest HMAC secret, in bytes: as long as the hash, RFC 2104 section 3. */
export const MIN_HMAC_SECRET_BYTES = 32;

/** Longest id of a key, in characters. */
export const MAX_KEY_ID_CHARS = 128;

const base64 = z.base64().min(1).max(4_096);
const common = {
  keyId: z.string().min(1).max(MAX_KEY_ID_CHARS),
  org: z.string().min(1).max(63),
  /** `rotated`: another key has taken its place; it verifies until `retiresAt`. */
  status: z.enum(["active", "rotated", "revoked"]),
  /** What it may sign; absent in records of before there were uses, whose keys sign submissions. */
  uses: z.array(z.enum(SIGNING_USES)).min(1).optional(),
  /** When a rotated key stops verifying; a rotated key without it verifies nothing. */
  retiresAt: z.iso.datetime({ offset: true }).optional(),
};

/** The stored form of a signing key, under `kvKey.envelopeKey(keyId)`. */
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

/** What a key may sign. */
export function usesOf(record: Pick<EnvelopeKeyRecord, "uses">): readonly SigningUse[] {
  return record.uses ?? ["submission"];
}

/** Whether a key still verifies: it is active, or was rotated and its overlap is not over. */
export function stillVerifies({ status, retiresAt }: Pick<EnvelopeKeyRecord, "status" | "retiresAt">, nowMs: number): boolean {
  switch (status) {
    case "active":
      return true;
    case "rotated":
      return retiresAt !== undefined && nowMs < Date.parse(retiresAt);
    case "revoked":
      return false;
    default: {
      const unknown: never = status;
      return unknown;
    }
  }
}

/**
 * Looks keys of one use up in a record store, whichever organisation they are of: what they verify then counts for the
 * organisation of the record and no other. A revoked key, one that has retired, one of another use and a record that does not
 * parse are all as if they were not there.
 *
 * @param now - clock in epoch milliseconds
 */
export function signingKeysFor(use: SigningUse, lookup: RecordLookup, now: () => number): EnvelopeKeyLookup {
  return async (keyId) => {
    // An id that no key can have is not asked for: the store bounds the length of its keys.
    if (keyId === "" || keyId.length > MAX_KEY_ID_CHARS || !keyId.isWellFormed()) return null;
    const parsed = envelopeKeyRecord.safeParse(await lookup(kvKey.envelopeKey(keyId)));
    if (!parsed.success) return null;
    const record = parsed.data;
    return record.keyId === keyId && usesOf(record).includes(use) && stillVerifies(record, now()) ? record : null;
  };
}

/** The keys that sign submissions of one organisation; a key of another one is as if it were not there. */
export function envelopeKeysOf(org: Org, lookup: RecordLookup, now: () => number = Date.now): EnvelopeKeyLookup {
  const keys = signingKeysFor("submission", lookup, now);
  return async (keyId) => {
    const record = await keys(keyId);
    return record?.org === org ? record : null;
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
