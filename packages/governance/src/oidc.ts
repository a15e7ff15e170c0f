/**
 * OIDC tokens: a JWT of an issuer that an organisation has registered. The subject is looked up among its members; what the member
 * may do follows from the roles there and from nothing in the token.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725 for the checks that are made here
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 */
import { kvKey, refuse, type Result } from "@factory/schemas";
import { decodeJwt, errors, jwtVerify, type JWTPayload } from "jose";
import { z } from "zod";
import { memberRecord, oidcIssuerRecord, type OidcIssuerRecord, type RecordLookup } from "./api-keys.ts";
import type { IssuerKeySets } from "./issuer-keys.ts";
import { scopesOfRoles, type AuthenticatedPrincipal } from "./principals.ts";

/** Signatures that are taken: asymmetric ones only, so that no public key is ever a secret. */
export const OIDC_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

/** How far an issuer's clock may be off, in seconds. */
export const OIDC_CLOCK_SKEW_S = 60;

/** Longest token, in characters: a proxy in front takes no longer header. */
const MAX_TOKEN_CHARS = 16_384;
/** Longest key of the record store, in bytes. */
const MAX_RECORD_KEY_BYTES = 512;
/** Media types of a token, RFC 7519 5.1 and RFC 9068 2.1; a token of another kind is not for signing in. */
const TYPES: readonly string[] = ["jwt", "at+jwt", "application/at+jwt"];

const claims = z.object({ iss: z.string().min(1), sub: z.string().min(1).max(255), iat: z.number(), exp: z.number() });

/** What verifying a token needs. */
export interface OidcDeps {
  readonly records: RecordLookup;
  readonly issuerKeys: IssuerKeySets;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Whether the record store can hold something under a key: what it cannot is as if it were not there. */
export function isRecordKey(key: string): boolean {
  return Buffer.byteLength(key, "utf8") <= MAX_RECORD_KEY_BYTES;
}

/**
 * The member behind a token. A subject that is no member is PERMISSION_DENIED with a word on what to do; everything else that
 * is wrong is UNAUTHENTICATED with no word on which it was.
 *
 * @throws what the record store throws
 */
export async function authenticateOidc(token: string, { records, issuerKeys, now }: OidcDeps): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const issuer = token.length > MAX_TOKEN_CHARS ? null : await issuerOf(token, records);
  if (issuer === null) return refuse("UNAUTHENTICATED");
  const subject = await verifiedSubject(token, issuer, issuerKeys, now());
  if (subject === null) return refuse("UNAUTHENTICATED");
  const { org } = issuer;
  const key = kvKey.memberBySubject(org, subject);
  const member = memberRecord.safeParse(isRecordKey(key) ? await records(key) : null);
  if (!member.success || member.data.org !== org || member.data.status !== "active") {
    return refuse("PERMISSION_DENIED", `The token is good, but its subject is no member of ${org}: an admin adds it with \`factory member add\`.`);
  }
  const { memberId: id, roles } = member.data;
  return { ok: true, principal: { id, kind: "oidc", org, person: id, roles, scopes: scopesOfRoles(roles), credentialId: issuer.issuer } };
}

/** The registered issuer that a token claims to be of; nothing of the token is believed here. */
async function issuerOf(token: string, records: RecordLookup): Promise<OidcIssuerRecord | null> {
  const claimed = unverified(token)?.iss;
  if (typeof claimed !== "string" || !claimed.isWellFormed() || !isRecordKey(kvKey.oidcIssuer(claimed))) return null;
  const parsed = oidcIssuerRecord.safeParse(await records(kvKey.oidcIssuer(claimed)));
  return parsed.success && parsed.data.issuer === claimed ? parsed.data : null;
}

function unverified(token: string): JWTPayload | null {
  try {
    return decodeJwt(token);
  } catch {
    // Not a token at all, which is answered like a wrong one.
    return null;
  }
}

async function verifiedSubject(token: string, issuer: OidcIssuerRecord, issuerKeys: IssuerKeySets, nowMs: number): Promise<string | null> {
  const verified = await verify(token, issuer, issuerKeys, nowMs);
  const parsed = claims.safeParse(verified?.payload);
  if (verified === null || !parsed.success || !parsed.data.sub.isWellFormed()) return null;
  const { typ } = verified.protectedHeader;
  if (typ !== undefined && !TYPES.includes(typ.toLowerCase())) return null;
  const { sub, iat, exp } = parsed.data;
  // The library looks at `iat` only where a greatest age is asked for.
  return iat <= nowMs / 1_000 + OIDC_CLOCK_SKEW_S && iat < exp ? sub : null;
}

type Verified = { readonly payload: JWTPayload; readonly protectedHeader: { readonly typ?: string } };

/** Null for a token that the library refuses. @throws what reading keys throws besides */
async function verify(token: string, { issuer, audience, jwksUri }: OidcIssuerRecord, issuerKeys: IssuerKeySets, nowMs: number): Promise<Verified | null> {
  try {
    return await jwtVerify(token, issuerKeys.keysOf({ issuer, jwksUri }), {
      algorithms: OIDC_ALGORITHMS,
      issuer,
      audience,
      currentDate: new Date(nowMs),
      clockTolerance: OIDC_CLOCK_SKEW_S,
      requiredClaims: ["sub", "iat", "exp"],
    });
  } catch (err) {
    // A key of the set that cannot be imported is the issuer's fault and the token's misfortune: the runtime says so in errors of its own.
    if (err instanceof errors.JOSEError || err instanceof TypeError || err instanceof DOMException) return null;
    throw err;
  }
}
