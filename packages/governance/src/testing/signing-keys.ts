/** Keys of tests: what signs, with the records that a registry holds of it. */
import { randomBytes } from "node:crypto";
import type { SigningUse } from "@factory/schemas/rpc";
import type { EnvelopeKeyRecord, SigningKey } from "../envelope-keys.ts";

/** A key with what verifies it. */
export type TestKey = { readonly key: SigningKey; readonly record: EnvelopeKeyRecord };

/** A new Ed25519 key in every form that something here takes. */
export async function anEd25519Key(keyId: string) {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("no key pair");
  const text = async (format: "pkcs8" | "spki" | "raw", key: CryptoKey) => Buffer.from(await crypto.subtle.exportKey(format, key)).toString("base64");
  const exported = await crypto.subtle.exportKey("jwk", pair.privateKey);
  if (exported instanceof ArrayBuffer) throw new Error("no JSON Web Key");
  const { kty, crv = "", x = "", d = "" } = exported;
  return {
    privateKey: await text("pkcs8", pair.privateKey),
    publicKey: await text("raw", pair.publicKey),
    spki: await text("spki", pair.publicKey),
    jwk: { kty, crv, x, d, kid: keyId },
  };
}

/** An Ed25519 key of an organisation's registry. */
export async function aRegisteredEd25519(keyId: string, use: SigningUse, org = "acme"): Promise<TestKey> {
  const { privateKey, publicKey } = await anEd25519Key(keyId);
  return {
    key: { keyId, algorithm: "Ed25519", privateKey },
    record: { keyId, org, algorithm: "Ed25519", publicKey, uses: [use], status: "active" },
  };
}

/** An HMAC key of an organisation's registry. */
export function aRegisteredHmac(keyId: string, use: SigningUse, org = "acme"): TestKey {
  const secret = randomBytes(32).toString("base64");
  return {
    key: { keyId, algorithm: "HMAC-SHA256", secret },
    record: { keyId, org, algorithm: "HMAC-SHA256", secret, uses: [use], status: "active" },
  };
}
