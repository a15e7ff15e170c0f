import { describe, expect, it } from "vitest";
import { readSigningJwk } from "./signing-jwk.ts";
import { anEd25519Key } from "./testing/signing-keys.ts";

describe("a signing key of the factory", () => {
  it("signs, and tells its public part and nothing else", async () => {
    const { jwk, publicKey } = await anEd25519Key("out-1");
    const { key, publicJwk } = await readSigningJwk(JSON.stringify({ ...jwk, use: "sig" }), "OUTBOUND_SIGNING_KEY");
    expect(key).toMatchObject({ keyId: "out-1", algorithm: "Ed25519" });
    expect(publicJwk).toEqual({ kty: "OKP", crv: "Ed25519", x: jwk.x, kid: "out-1", alg: "EdDSA", use: "sig" });
    expect(Buffer.from(publicJwk.x, "base64url").toString("base64")).toBe(publicKey);
  });

  it.each([
    ["nothing", undefined],
    ["what is no JSON", "s3cr3t-value"],
    ["no key id", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "A".repeat(43), d: "s3cr3t-value".padEnd(43, "A") })],
    ["another curve", JSON.stringify({ kty: "OKP", crv: "X25519", x: "A".repeat(43), d: "s3cr3t-value".padEnd(43, "A"), kid: "k" })],
    ["a public part of another key", JSON.stringify({ kty: "OKP", crv: "Ed25519", x: "A".repeat(42), d: "s3cr3t-value".padEnd(43, "A"), kid: "k" })],
  ])("is refused when it is %s, and the message does not quote it", async (_what, secret) => {
    const reading = readSigningJwk(secret, "OUTBOUND_SIGNING_KEY");
    await expect(reading).rejects.toMatchObject({ code: "INTERNAL", message: expect.stringContaining("OUTBOUND_SIGNING_KEY") });
    await expect(reading).rejects.not.toThrow(/s3cr3t/);
  });
});
