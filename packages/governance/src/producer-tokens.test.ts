import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { authenticateProducer, issueProducerToken, MAX_PRODUCER_TTL_S, type ProducerPrincipal } from "./producer-tokens.ts";

const SECRET = randomBytes(32).toString("base64");
const NOW = Date.parse("2026-08-04T12:00:00Z");

const aProducer = (change: Partial<ProducerPrincipal> = {}) => ({
  id: "runner-1",
  org: "acme",
  sessionId: "SES-00000000000000000000000001",
  workOrderId: "WO-1",
  assemblyId: "shop",
  streams: ["beadUpdates"] as const,
  ...change,
});

async function aToken(ttlSeconds = 60, change: Partial<ProducerPrincipal> = {}): Promise<string> {
  return (await issueProducerToken(SECRET, aProducer(change), ttlSeconds, NOW)).token;
}

const answerTo = (token: string, { secret = SECRET, now = NOW } = {}) => authenticateProducer(`Bearer ${token}`, secret, now);

/** Claims of a token that passes; a test changes one thing. */
const CLAIMS = { org: "acme", sid: "SES-00000000000000000000000001", won: "WO-1", asm: "shop", str: ["beadUpdates"] };
const JTI = "6f9b8a52-24d3-4f6e-9c0f-5d2f0f3f8f11";
function signer(claims: object = CLAIMS, header: { alg: string; typ: string } = { alg: "HS256", typ: "factory-producer+jwt" }): SignJWT {
  return new SignJWT({ ...claims })
    .setProtectedHeader(header)
    .setIssuer("factory-gateway")
    .setAudience("factory-producer")
    .setSubject("runner-1")
    .setJti(JTI)
    .setIssuedAt(NOW / 1_000)
    .setExpirationTime(NOW / 1_000 + 60);
}
const key = (secret = SECRET): Uint8Array => Buffer.from(secret, "base64");

describe("a producer token", () => {
  it("says whose it is, for which session and streams, until its time", async () => {
    const { token, tokenId, expiresAtMs } = await issueProducerToken(SECRET, aProducer(), 60, NOW);
    expect(await answerTo(token)).toEqual({ ok: true, producer: { kind: "producer", tokenId, ...aProducer() } });
    expect(expiresAtMs).toBe(NOW + 60_000);
    expect(await answerTo(token, { now: NOW + 59_999 })).toMatchObject({ ok: true });
    expect(await answerTo(token, { now: NOW + 60_000 })).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is accepted as this file makes it, which the refusals below rest on", async () => {
    expect(await answerTo(await signer().sign(key()))).toMatchObject({ ok: true, producer: { tokenId: JTI } });
  });

  it("is refused when another key signed it", async () => {
    expect(await answerTo(await aToken(), { secret: randomBytes(32).toString("base64") })).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it.each([
    [
      "no signature",
      async () =>
        new UnsecuredJWT(CLAIMS)
          .setSubject("runner-1")
          .setJti(JTI)
          .setIssuedAt(NOW / 1_000)
          .setExpirationTime(NOW)
          .encode(),
    ],
    ["another type", () => signer(CLAIMS, { alg: "HS256", typ: "JWT" }).sign(key())],
    ["another audience", () => signer().setAudience("factory-disposition").sign(key())],
    ["another issuer", () => signer().setIssuer("elsewhere").sign(key())],
    [
      "a longer life than a day",
      () =>
        signer()
          .setExpirationTime(NOW / 1_000 + MAX_PRODUCER_TTL_S + 1)
          .sign(key()),
    ],
    ["no session", () => signer({ ...CLAIMS, sid: undefined }).sign(key())],
    ["what is no session", () => signer({ ...CLAIMS, sid: "RUN-1" }).sign(key())],
    ["a stream that is none", () => signer({ ...CLAIMS, str: ["everything"] }).sign(key())],
    ["no stream", () => signer({ ...CLAIMS, str: [] }).sign(key())],
  ])("is refused with %s", async (_what, token) => {
    expect(await answerTo(await token())).toEqual({ ok: false, code: "UNAUTHENTICATED", message: expect.any(String) });
  });

  it("is refused with another algorithm, though the key is right", async () => {
    const secret = randomBytes(64).toString("base64");
    const signed = (alg: string): Promise<string> => signer(CLAIMS, { alg, typ: "factory-producer+jwt" }).sign(key(secret));
    expect(await answerTo(await signed("HS256"), { secret })).toMatchObject({ ok: true });
    expect(await answerTo(await signed("HS512"), { secret })).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it.each([null, "", "Bearer", "Bearer a.b.c", "Basic abc", "Bearer fk_acme_00000000000000000000000000000000"])("is not the header %j", async (header) => {
    expect(await authenticateProducer(header, SECRET, NOW)).toMatchObject({ ok: false, code: "UNAUTHENTICATED" });
  });

  it("is never accepted when one character of what it signs differs", async () => {
    const token = await aToken();
    // The last character of a signature carries bits that mean nothing.
    const signed = token.length - 2;
    await fc.assert(
      fc.asyncProperty(fc.nat(signed), fc.constantFrom(..."abcXYZ019-_."), async (index, character) => {
        const changed = token.slice(0, index) + character + token.slice(index + 1);
        fc.pre(changed !== token);
        expect(await answerTo(changed)).toMatchObject({ ok: false });
      }),
    );
  });

  it.each([0, -1, 1.5, MAX_PRODUCER_TTL_S + 1, Number.NaN])("is not made for %d seconds", async (ttl) => {
    await expect(aToken(ttl)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("is neither made nor accepted with a key that is shorter than its hash", async () => {
    const short = randomBytes(31).toString("base64");
    await expect(issueProducerToken(short, aProducer(), 60, NOW)).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(authenticateProducer("Bearer a.b.c", short, NOW)).rejects.toMatchObject({ code: "INTERNAL" });
  });
});
