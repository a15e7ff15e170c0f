/**
 * Disposition tokens: what carries a person's decision from the We-layer to the factory. A token is a signed JWT that names the
 * decision, the record that says why, and what kind of signal it is good for; it lives for five minutes and counts once.
 *
 * The algorithm is the registered key's, never the token's; the organisation is the key's, and the token has to name the same.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725 for the checks that are made here
 */
import { FactoryError, idSchema, refuse, SIGNAL_SCOPES, type Org, type Result, type SignalScope, type SignatureAlgorithm } from "@factory/schemas";
import { decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { importSigningKey, importVerifyKey, type EnvelopeKeyLookup, type EnvelopeKeyRecord, type SigningKey } from "./envelope-keys.ts";

/** Longest life of a token, in seconds. */
export const MAX_DISPOSITION_TTL_S = 300;
/** How far ahead of this clock an issuer's may be, in seconds. */
export const DISPOSITION_CLOCK_SKEW_S = 5;
/** Largest token, in characters: what fits a header line. */
export const MAX_DISPOSITION_TOKEN_CHARS = 8_192;

/** Kept apart from every other token that the same key might sign. */
const TYPE = "factory-disposition+jwt";
const AUDIENCE = "factory-signals";
/** Who issues, when people decide in Linear. A key of another issuer may be named by its own id instead. */
export const LINEAR_BRIDGE_ISSUER = "factory-linear-bridge";

/** JOSE's names of the registry's algorithms. */
const JOSE_ALGORITHMS = { "HMAC-SHA256": "HS256", Ed25519: "EdDSA" } as const satisfies Record<SignatureAlgorithm, string>;

const SCOPES = Object.values(SIGNAL_SCOPES);

/** What a token says that verified. */
export type DispositionToken = {
  readonly org: Org;
  /** The person who decided, as the issuer knows them. */
  readonly subject: string;
  readonly issuer: string;
  /** The registered key that signed it. */
  readonly keyId: string;
  readonly scopes: readonly SignalScope[];
  readonly dispositionEventId: string;
  readonly elucidationArtifactId: string;
  /** The token's `jti`. */
  readonly tokenId: string;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
};

const claims = z.object({
  iss: z.string().min(1).max(128),
  // One audience, as text: a token for several is for none.
  aud: z.literal(AUDIENCE),
  sub: z.string().min(1).max(128),
  org: z.string().min(1).max(63),
  jti: z.string().min(16).max(128),
  iat: z.number().int().positive(),
  exp: z.number().int().positive(),
  scope: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  dispositionEventId: idSchema("DSP"),
  elucidationArtifactId: idSchema("ELC"),
});

/** A token with what it says. */
export type NewDispositionToken = { readonly token: string; readonly tokenId: string; readonly expiresAtMs: number };

/** What a new token is to say. */
export type DispositionClaims = Pick<DispositionToken, "org" | "subject" | "scopes" | "dispositionEventId" | "elucidationArtifactId"> & {
  /** {@link LINEAR_BRIDGE_ISSUER} unless it is given. */
  readonly issuer?: string;
};

/**
 * Makes a token.
 *
 * @param key - a key whose public part, or secret, is in the organisation's registry for `disposition`
 * @param nowMs - clock in epoch milliseconds
 * @param ttlSeconds - 1 to {@link MAX_DISPOSITION_TTL_S}
 * @throws FactoryError INVALID_ARGUMENT for a life that is none, DOMException when the key is not usable.
 */
export async function issueDispositionToken(
  key: SigningKey,
  { org, subject, scopes, dispositionEventId, elucidationArtifactId, issuer = LINEAR_BRIDGE_ISSUER }: DispositionClaims,
  nowMs: number,
  ttlSeconds: number = MAX_DISPOSITION_TTL_S,
): Promise<NewDispositionToken> {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > MAX_DISPOSITION_TTL_S) {
    throw new FactoryError("INVALID_ARGUMENT", `A token lives for 1 to ${MAX_DISPOSITION_TTL_S} seconds.`);
  }
  const tokenId = crypto.randomUUID();
  const issuedAt = Math.floor(nowMs / 1_000);
  const token = await new SignJWT({ org, scope: [...scopes], dispositionEventId, elucidationArtifactId })
    .setProtectedHeader({ alg: JOSE_ALGORITHMS[key.algorithm], typ: TYPE, kid: key.keyId })
    .setIssuer(issuer)
    .setAudience(AUDIENCE)
    .setSubject(subject)
    .setJti(tokenId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ttlSeconds)
    .sign(await importSigningKey(key));
  return { token, tokenId, expiresAtMs: (issuedAt + ttlSeconds) * 1_000 };
}

/**
 * Verifies a token: its key is registered for dispositions, signed it with its own algorithm, and everything it says holds now.
 * What is wrong with a token is not told: who holds none learns nothing of them. Never throws for what the caller sent.
 *
 * @param keys - keys of dispositions: `signingKeysFor("disposition", ...)`
 * @param nowMs - clock in epoch milliseconds
 */
export async function verifyDispositionToken(token: string, keys: EnvelopeKeyLookup, nowMs: number): Promise<Result<{ token: DispositionToken }>> {
  const keyId = token.length > MAX_DISPOSITION_TOKEN_CHARS ? undefined : keyIdOf(token);
  const record = keyId === undefined ? null : await keys(keyId);
  if (record === null) return refuse("UNAUTHENTICATED");
  const parsed = claims.safeParse(await verifiedClaims(token, record, nowMs));
  if (!parsed.success || !holds(parsed.data, record, nowMs)) return refuse("UNAUTHENTICATED");
  const { iss, sub, org, jti, exp, scope, dispositionEventId, elucidationArtifactId } = parsed.data;
  return {
    ok: true,
    token: {
      org,
      subject: sub,
      issuer: iss,
      keyId: record.keyId,
      scopes: scope,
      dispositionEventId,
      elucidationArtifactId,
      tokenId: jti,
      expiresAtMs: exp * 1_000,
    },
  };
}

/** The `kid` of a token that nobody has verified; undefined when it has none. */
function keyIdOf(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    return typeof kid === "string" ? kid : undefined;
  } catch {
    // Text that is no token has no key.
    return undefined;
  }
}

async function verifiedClaims(token: string, record: EnvelopeKeyRecord, nowMs: number): Promise<unknown> {
  try {
    const { payload } = await jwtVerify(token, await importVerifyKey(record), {
      algorithms: [JOSE_ALGORITHMS[record.algorithm]],
      typ: TYPE,
      audience: AUDIENCE,
      issuer: [LINEAR_BRIDGE_ISSUER, record.keyId],
      currentDate: new Date(nowMs),
      requiredClaims: ["sub", "jti", "iat", "exp"],
    });
    return payload;
  } catch {
    // Whatever the library finds, and a stored key that cannot be used, the answer is the same.
    return undefined;
  }
}

function holds({ org, iat, exp }: z.infer<typeof claims>, record: EnvelopeKeyRecord, nowMs: number): boolean {
  return org === record.org && iat <= nowMs / 1_000 + DISPOSITION_CLOCK_SKEW_S && exp > iat && exp - iat <= MAX_DISPOSITION_TTL_S;
}
