/**
 * Producer tokens: what lets a runner outside append to the log of one session, to some of its streams, until a time. A
 * token is a signed JWT and kept nowhere, so it cannot be taken back; a short life is its bound.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725 for the checks that are made here
 */
import { FactoryError, idSchema, refuse, STREAMS, type Org, type Result, type Stream } from "@factory/schemas";
import { jwtVerify, SignJWT } from "jose";
import { z } from "zod";

/** Longest life of a token, in seconds: a day. */
export const MAX_PRODUCER_TTL_S = 24 * 60 * 60;

/** What a producer is called. */
export const PRODUCER_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const ALGORITHM = "HS256";
/** Kept apart from every other token that the same key might sign. */
const TYPE = "factory-producer+jwt";
const ISSUER = "factory-gateway";
const AUDIENCE = "factory-producer";
/** RFC 7518 3.2: a key is at least as long as the hash. */
const MIN_KEY_BYTES = 32;

/** A runner outside that has proved who it is. */
export type ProducerPrincipal = {
  readonly kind: "producer";
  /** Its name, as it was given at the issue. */
  readonly id: string;
  readonly org: Org;
  readonly sessionId: string;
  readonly workOrderId: string;
  readonly assemblyId: string;
  readonly streams: readonly Stream[];
  /** The token's `jti`. */
  readonly tokenId: string;
};

const claims = z.object({
  sub: z.string().regex(PRODUCER_NAME),
  jti: z.uuid(),
  iat: z.number().int(),
  exp: z.number().int(),
  org: z.string().min(1).max(128),
  sid: idSchema("SES"),
  won: z.string().min(1).max(128),
  asm: z.string().min(1).max(128),
  str: z.array(z.enum(STREAMS)).min(1).max(STREAMS.length),
});

/** A token with what it says. */
export type NewProducerToken = { readonly token: string; readonly tokenId: string; readonly expiresAtMs: number };

/**
 * Makes a token.
 *
 * @param secret - the gateway's PRODUCER_TOKEN_KEY: base64 of at least 32 bytes
 * @param ttlSeconds - 1 to {@link MAX_PRODUCER_TTL_S}
 * @param nowMs - clock in epoch milliseconds
 * @throws FactoryError INVALID_ARGUMENT for a life that is none, INTERNAL for a key that cannot sign
 */
export async function issueProducerToken(
  secret: string,
  producer: Omit<ProducerPrincipal, "kind" | "tokenId">,
  ttlSeconds: number,
  nowMs: number,
): Promise<NewProducerToken> {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_PRODUCER_TTL_S) {
    throw new FactoryError("INVALID_ARGUMENT", `A token lives for 1 to ${MAX_PRODUCER_TTL_S} seconds.`);
  }
  const tokenId = crypto.randomUUID();
  const issuedAt = Math.floor(nowMs / 1_000);
  const { id, org, sessionId, workOrderId, assemblyId, streams } = producer;
  const token = await new SignJWT({ org, sid: sessionId, won: workOrderId, asm: assemblyId, str: [...streams] })
    .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(id)
    .setJti(tokenId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .sign(keyOf(secret));
  return { token, tokenId, expiresAtMs: (issuedAt + ttlSeconds) * 1_000 };
}

/**
 * The producer of an `Authorization` header. What is wrong with a token is not told: who holds none learns nothing of them.
 *
 * @param header - value of the header, or null when it is absent
 * @throws FactoryError INTERNAL for a key that cannot verify
 */
export async function authenticateProducer(header: string | null, secret: string, nowMs: number): Promise<Result<{ producer: ProducerPrincipal }>> {
  const key = keyOf(secret);
  const token = header === null ? undefined : /^bearer +(\S+) *$/i.exec(header)?.[1];
  if (token === undefined) return refuse("UNAUTHENTICATED");
  const payload = await verified(token, key, nowMs);
  const parsed = claims.safeParse(payload);
  if (!parsed.success || parsed.data.exp - parsed.data.iat > MAX_PRODUCER_TTL_S) return refuse("UNAUTHENTICATED");
  const { sub, jti, org, sid, won, asm, str } = parsed.data;
  return {
    ok: true,
    producer: { kind: "producer", id: sub, org, sessionId: sid, workOrderId: won, assemblyId: asm, streams: str, tokenId: jti },
  };
}

async function verified(token: string, key: Uint8Array, nowMs: number): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      typ: TYPE,
      issuer: ISSUER,
      audience: AUDIENCE,
      currentDate: new Date(nowMs),
      requiredClaims: ["sub", "jti", "iat", "exp"],
    });
    return payload;
  } catch {
    // Whatever the library finds, the answer is the same.
    return undefined;
  }
}

function keyOf(secret: string): Uint8Array {
  const key = Buffer.from(secret, "base64");
  if (key.length < MIN_KEY_BYTES) throw new FactoryError("INTERNAL", `The secret PRODUCER_TOKEN_KEY must be base64 of at least ${MIN_KEY_BYTES} bytes.`);
  return key;
}
