/**
 * Signing keys of the factory itself, as its secrets hold them: an Ed25519 private key as a JSON Web Key, whose public part is
 * published.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8037
 */
import { FactoryError } from "@factory/schemas";
import { z } from "zod";
import { MAX_KEY_ID_CHARS, type SigningKey } from "./envelope-keys.ts";

/** 32 bytes in base64url. */
const part = z.string().regex(/^[A-Za-z0-9_-]{43}$/);

const privateJwk = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: part, d: part, kid: z.string().min(1).max(MAX_KEY_ID_CHARS) });

/** The public part of a key, as it is published. */
export type PublicSigningJwk = {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
};

/** A key that signs, with what may be told of it. */
export type SigningJwk = { readonly key: SigningKey; readonly publicJwk: PublicSigningJwk };

/**
 * Reads a private Ed25519 key with its `kid`.
 *
 * @param secret - JSON text
 * @param name - of the secret, for the message; what it holds is never in it
 * @throws FactoryError INTERNAL when it is no such key.
 */
export async function readSigningJwk(secret: string | undefined, name: string): Promise<SigningJwk> {
  const parsed = privateJwk.safeParse(jsonOf(secret ?? ""));
  if (!parsed.success) throw unusable(name);
  const { kty, crv, x, d, kid } = parsed.data;
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("jwk", { kty, crv, x, d }, { name: "Ed25519" }, false, ["sign"]);
  } catch {
    // What the runtime says may quote the key.
    throw unusable(name);
  }
  return { key: { keyId: kid, algorithm: "Ed25519", key }, publicJwk: { kty, crv, x, kid, alg: "EdDSA", use: "sig" } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What the parser says quotes the secret; text that is no JSON is no key, which the schema says.
    return undefined;
  }
}

function unusable(name: string): FactoryError {
  return new FactoryError("INTERNAL", `The secret ${name} must be a private Ed25519 key as a JSON Web Key with a kid.`);
}
