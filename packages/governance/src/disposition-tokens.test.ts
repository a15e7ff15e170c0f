import { SIGNAL_SCOPES, kvKey } from "@factory/schemas";
import * as fc from "fast-check";
import { SignJWT, UnsecuredJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { issueDispositionToken, verifyDispositionToken, type DispositionClaims } from "./disposition-tokens.ts";
import { importSigningKey, signingKeysFor, type EnvelopeKeyRecord, type SigningKey } from "./envelope-keys.ts";
import { aRegisteredEd25519, aRegisteredHmac, type TestKey } from "./testing/signing-keys.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const NOW_S = NOW / 1_000;
const DSP = "DSP-00000000000000000000000001";
const ELC = "ELC-00000000000000000000000001";
const JTI = "6f9b8a52-24d3-4f6e-9c0f-5d2f0f3f8f11";

const HMAC = aRegisteredHmac("hmac-1", "disposition");
let ed25519: TestKey;
beforeAll(async () => {
  ed25519 = await aRegisteredEd25519("ed-1", "disposition");
});

const aDecision = (change: Partial<DispositionClaims> = {}): DispositionClaims => ({
  org: "acme",
  subject: "ana",
  scopes: ["signal:resume"],
  dispositionEventId: DSP,
  elucidationArtifactId: ELC,
  ...change,
});

const registry = (...records: readonly EnvelopeKeyRecord[]) => {
  const byKey = new Map(records.map((record) => [kvKey.envelopeKey(record.keyId), record]));
  return (at: number) =>
    signingKeysFor(
      "disposition",
      async (key) => byKey.get(key) ?? null,
      () => at,
    );
};
const answerTo = (token: string, records: readonly EnvelopeKeyRecord[] = [HMAC.record, ed25519.record], at = NOW) =>
  verifyDispositionToken(token, registry(...records)(at), at);

const CLAIMS = { org: "acme", scope: ["signal:resume"], dispositionEventId: DSP, elucidationArtifactId: ELC };
type Header = { alg: string; typ?: string; kid?: string };
const HEADER: Header = { alg: "HS256", typ: "factory-disposition+jwt", kid: "hmac-1" };

/** A token that passes; a test changes one thing. */
function signer(claims: object = CLAIMS, header: Header = HEADER): SignJWT {
  return new SignJWT({ ...claims })
    .setProtectedHeader(header)
    .setIssuer("factory-linear-bridge")
    .setAudience("factory-signals")
    .setSubject("ana")
    .setJti(JTI)
    .setIssuedAt(NOW_S)
    .setExpirationTime(NOW_S + 300);
}
const sign = async (jwt: SignJWT, { key }: { readonly key: SigningKey } = HMAC): Promise<string> => jwt.sign(await importSigningKey(key));

describe("a disposition token", () => {
  it("says who decided what, with which scope, until its time, whichever algorithm its key has", async () => {
    for (const { key } of [HMAC, ed25519]) {
      const { token, tokenId, expiresAtMs } = await issueDispositionToken(key, aDecision(), NOW);
      expect(await answerTo(token)).toEqual({
        ok: true,
        token: { ...aDecision(), issuer: "factory-linear-bridge", keyId: key.keyId, tokenId, expiresAtMs },
      });
      expect(expiresAtMs).toBe(NOW + 300_000);
      expect(await answerTo(token, undefined, expiresAtMs - 1)).toMatchObject({ ok: true });
      expect(await answerTo(token, undefined, expiresAtMs)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
    }
  });

  it("is accepted as this file makes it, which the refusals below rest on", async () => {
    expect(await answerTo(await sign(signer()))).toMatchObject({ ok: true, token: { tokenId: JTI } });
  });

  it("may name the key as its issuer", async () => {
    expect(await answerTo(await sign(signer().setIssuer("hmac-1")))).toMatchObject({ ok: true, token: { issuer: "hmac-1" } });
  });

  it("is accepted from a clock that is five seconds ahead, and not from one that is six", async () => {
    const ahead = (seconds: number) => sign(signer().setIssuedAt(NOW_S + seconds));
    expect(await answerTo(await ahead(5))).toMatchObject({ ok: true });
    expect(await answerTo(await ahead(6))).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("counts while its key is rotated and not after it retired", async () => {
    const { token } = await issueDispositionToken(HMAC.key, aDecision(), NOW);
    const rotated = (retiresAt: number): EnvelopeKeyRecord => ({ ...HMAC.record, status: "rotated", retiresAt: new Date(retiresAt).toISOString() });
    expect(await answerTo(token, [rotated(NOW + 1)])).toMatchObject({ ok: true });
    expect(await answerTo(token, [rotated(NOW)])).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  const refusals: readonly (readonly [string, () => Promise<string>])[] = [
    [
      "no signature",
      async () =>
        new UnsecuredJWT(CLAIMS)
          .setSubject("ana")
          .setJti(JTI)
          .setIssuedAt(NOW_S)
          .setExpirationTime(NOW_S + 300)
          .encode(),
    ],
    ["no key id", () => sign(signer(CLAIMS, { alg: "HS256", typ: "factory-disposition+jwt" }))],
    ["an unknown key", () => sign(signer(CLAIMS, { ...HEADER, kid: "hmac-2" }))],
    ["the key id of another key", () => sign(signer(CLAIMS, { ...HEADER, kid: "ed-1" }))],
    ["a secret that another key's public part is", () => swapped()],
    ["another type", () => sign(signer(CLAIMS, { ...HEADER, typ: "factory-producer+jwt" }))],
    ["no type", () => sign(signer(CLAIMS, { alg: "HS256", kid: "hmac-1" }))],
    ["another audience", () => sign(signer().setAudience("factory-producer"))],
    ["several audiences", () => sign(signer().setAudience(["factory-signals", "factory-producer"]))],
    ["another issuer", () => sign(signer().setIssuer("elsewhere"))],
    ["another organisation", () => sign(signer({ ...CLAIMS, org: "other" }))],
    ["a longer life than five minutes", () => sign(signer().setExpirationTime(NOW_S + 301))],
    [
      "an end before its beginning",
      () =>
        sign(
          signer()
            .setIssuedAt(NOW_S + 3)
            .setExpirationTime(NOW_S + 2),
        ),
    ],
    ["a time before which it does not count", () => sign(signer().setNotBefore(NOW_S + 60))],
    ["a scope of something else", () => sign(signer({ ...CLAIMS, scope: ["admin"] }))],
    ["no scope", () => sign(signer({ ...CLAIMS, scope: [] }))],
    ["scopes as text", () => sign(signer({ ...CLAIMS, scope: "signal:resume" }))],
    ["what is no decision", () => sign(signer({ ...CLAIMS, dispositionEventId: "E2E-GTM-1" }))],
    ["what is no elucidation", () => sign(signer({ ...CLAIMS, elucidationArtifactId: DSP }))],
    ["no id of its own", () => sign(signer().setJti(""))],
  ];
  it.each(refusals)("is refused with %s, and nothing is said of it", async (_what, token) => {
    expect(await answerTo(await token())).toEqual({ ok: false, code: "UNAUTHENTICATED", message: expect.not.stringMatching(/alg|kid|scope|issuer|expired/i) });
  });

  /** Signed by HMAC with the public part of an Ed25519 key, which everybody may know. */
  async function swapped(): Promise<string> {
    if (ed25519.record.algorithm !== "Ed25519") throw new Error("not an Ed25519 key");
    const secret = Buffer.from(ed25519.record.publicKey, "base64");
    return signer(CLAIMS, { ...HEADER, kid: "ed-1" }).sign(secret);
  }

  it.each([
    ["of another use", { uses: ["submission", "kernel"] }],
    ["of before there were uses", { uses: undefined }],
    ["that was revoked", { status: "revoked" }],
    ["of another organisation", { org: "other" }],
  ] as const)("is refused with a key %s", async (_what, change) => {
    const { token } = await issueDispositionToken(HMAC.key, aDecision(), NOW);
    const record = { ...HMAC.record, ...change } as EnvelopeKeyRecord;
    expect(await answerTo(token, [record])).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("lets a failing registry be known as such, since it says nothing of the token", async () => {
    const { token } = await issueDispositionToken(HMAC.key, aDecision(), NOW);
    const down = signingKeysFor(
      "disposition",
      () => Promise.reject(new Error("no answer")),
      () => NOW,
    );
    await expect(verifyDispositionToken(token, down, NOW)).rejects.toThrow("no answer");
  });

  it("is never accepted when one character of what it signs differs", async () => {
    const { token } = await issueDispositionToken(ed25519.key, aDecision(), NOW);
    // The last character of a signature carries bits that mean nothing.
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 2), fc.constantFrom(..."abcXYZ019-_."), async (index, character) => {
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        fc.pre(changed !== token);
        expect(await answerTo(changed)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
      }),
    );
  });

  it("is nothing that somebody may write: no text is accepted and none throws", async () => {
    const segment = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
      fc.constant(Buffer.from(JSON.stringify(HEADER)).toString("base64url")),
    );
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(".")),
      fc.constant("x".repeat(10_000)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        expect(await answerTo(token)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
      }),
      { numRuns: 300 },
    );
  });

  it("is never accepted for claims that are anything else than a decision's", async () => {
    const names = fc.constantFrom("org", "scope", "dispositionEventId", "elucidationArtifactId", "sub", "jti", "iat", "exp", "aud", "iss");
    await fc.assert(
      fc.asyncProperty(names, fc.jsonValue({ maxDepth: 2 }), async (name, value) => {
        const valid: { readonly [name: string]: unknown } = {
          ...CLAIMS,
          iss: "factory-linear-bridge",
          aud: "factory-signals",
          sub: "ana",
          jti: JTI,
          iat: NOW_S,
          exp: NOW_S + 300,
        };
        fc.pre(name !== "sub" && name !== "jti" && !Object.is(valid[name], value));
        const token = await new SignJWT({ ...valid, [name]: value }).setProtectedHeader(HEADER).sign(await importSigningKey(HMAC.key));
        const answer = await answerTo(token);
        // A number near the right one, and the other scopes, are what a token may say.
        if (answer.ok)
          expect(typeof value === "number" || (Array.isArray(value) && value.every((item) => Object.values<unknown>(SIGNAL_SCOPES).includes(item)))).toBe(true);
        else expect(answer.code).toBe("UNAUTHENTICATED");
      }),
      { numRuns: 200 },
    );
  });

  it.each([0, -1, 1.5, 301, Number.NaN])("is not made for %d seconds", async (ttl) => {
    await expect(issueDispositionToken(HMAC.key, aDecision(), NOW, ttl)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
