/**
 * The factory's signing keys: Ed25519 as JSON Web Keys, named by their thumbprint, so that a key's name cannot be given to
 * another key.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8037 (OKP keys) and https://www.rfc-editor.org/rfc/rfc7638 (thumbprints)
 */
import { canonicalJson, sha256 } from "@factory/schemas";
import { z } from "zod";
import { toBase64Url, utf8, type Bytes } from "./base64.ts";

const base64Url32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url");
const publicKey = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: base64Url32 });
const privateKey = publicKey.extend({ d: base64Url32 });

/** A public key as it is published: nothing of a private key, and its name. */
export type EvidencePublicKey = z.infer<typeof publicKey> & { readonly kid: string; readonly use: "sig"; readonly alg: "EdDSA" };

/** A set of keys in the form of RFC 7517: the one that signs now and those that signed before. */
export type EvidenceKeySet = { readonly keys: readonly EvidencePublicKey[] };

/** Signs with the factory's key. */
export type EvidenceSigner = { readonly keyId: string; readonly sign: (bytes: Bytes) => Promise<Bytes> };

/** A text that should hold keys does not. */
export class EvidenceKeyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "EvidenceKeyError";
  }
}

/** Name of a key: the SHA-256 thumbprint of its public part, base64url. */
export function keyIdOf({ kty, crv, x }: { readonly kty: string; readonly crv: string; readonly x: string }): string {
  // RFC 7638 orders the members of the thumbprint's JSON as RFC 8785 does.
  return toBase64Url(sha256(canonicalJson({ crv, kty, x })));
}

/** The public form of a key, of a private one too. @throws EvidenceKeyError when it is no Ed25519 key. */
export function publicKeyOf(jwk: unknown): EvidencePublicKey {
  const parsed = publicKey.safeParse(jwk);
  if (!parsed.success) throw new EvidenceKeyError(`This is no Ed25519 key as a JSON Web Key. ${z.prettifyError(parsed.error)}`);
  const { kty, crv, x } = parsed.data;
  return { kty, crv, x, kid: keyIdOf(parsed.data), use: "sig", alg: "EdDSA" };
}

/**
 * Public keys of a JSON text: one key, or a set as `/.well-known/factory-evidence-keys.json` answers it.
 *
 * @throws EvidenceKeyError when it is neither.
 */
export function readPublicKeys(text: string): EvidencePublicKey[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (err) {
    throw new EvidenceKeyError(`The keys are not JSON: ${err instanceof Error ? err.message : String(err)}`);
  }
  const set = z.object({ keys: z.array(z.unknown()) }).safeParse(json);
  const keys = (set.success ? set.data.keys : [json]).map(publicKeyOf);
  if (keys.length === 0) throw new EvidenceKeyError("The set holds no key.");
  return keys;
}

/**
 * The signer of a private key.
 *
 * @param text - the key as a JSON Web Key: `kty` OKP, `crv` Ed25519, `x`, `d`
 * @throws EvidenceKeyError when it is none; the message never repeats the key.
 */
export async function evidenceSigner(text: string): Promise<EvidenceSigner> {
  const jwk = readPrivateKey(text);
  const key = await crypto.subtle.importKey("jwk", { ...jwk, ext: false, key_ops: ["sign"] }, "Ed25519", false, ["sign"]);
  const signer: EvidenceSigner = {
    keyId: keyIdOf(jwk),
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign("Ed25519", key, bytes)),
  };
  // A private part that belongs to another public part would seal packages that nobody can verify.
  const probe = utf8(signer.keyId);
  if (!(await verifySignature(publicKeyOf(jwk), await signer.sign(probe), probe))) {
    throw new EvidenceKeyError("The private part of the key does not belong to its public part.");
  }
  return signer;
}

function readPrivateKey(text: string): z.infer<typeof privateKey> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The engine's message would quote the key.
    throw new EvidenceKeyError("The key is not JSON.");
  }
  const parsed = privateKey.safeParse(json);
  if (!parsed.success) throw new EvidenceKeyError(`The key is not a private Ed25519 key as a JSON Web Key. ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** True when the signature over the bytes is the key's. */
export async function verifySignature({ kty, crv, x }: EvidencePublicKey, signature: Bytes, bytes: Bytes): Promise<boolean> {
  const key = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
  return crypto.subtle.verify("Ed25519", key, signature, bytes);
}
