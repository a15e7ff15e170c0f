/** Keys of the bridge for tests. */
import type { EnvelopeKeyRecord } from "@factory/governance";

/** A key of the bridge: the secret, and its public part as the registry of keys has it. */
export type BridgeKey = { readonly secret: string; readonly record: EnvelopeKeyRecord };

/** Makes a key of the organisation acme; a test file needs one. */
export async function aBridgeKey(): Promise<BridgeKey> {
  const pair = await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new Error("Ed25519 gives a pair.");
  const jwk = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const raw = await crypto.subtle.exportKey("spki", pair.publicKey);
  if (!(raw instanceof ArrayBuffer)) throw new Error("A public key is exported as bytes.");
  const publicKey = Buffer.from(raw).toString("base64");
  return {
    secret: JSON.stringify({ ...jwk, kid: "bridge-1" }),
    record: { keyId: "bridge-1", org: "acme", status: "active", uses: ["disposition"], algorithm: "Ed25519", publicKey },
  };
}
