/**
 * Organisation API keys: `fk_<org>_<random>`. Only the SHA-256 digest of a key is stored; the key itself is shown once,
 * when it is made.
 */
import { kvKey, MEMBER_PATTERN, ORG_PATTERN, refuse, sha256Hex, type Org, type Result } from "@factory/schemas";
import { z } from "zod";
import { rolesSchema, scopeSchema, scopesOfRoles, type AuthenticatedPrincipal, type Scope } from "./principals.ts";

/** 32 base64url characters are 192 random bits. */
const KEY_PATTERN = /^fk_([a-z0-9][a-z0-9-]{0,62})_([A-Za-z0-9_-]{32,86})$/;
const KEY_RANDOM_BYTES = 32;

/** Characters of a key's digest that name it: 64 bits, so that no two keys of an organisation share them. */
export const KEY_ID_CHARS = 16;

const moment = z.iso.datetime({ offset: true });
const memberId = z.string().regex(MEMBER_PATTERN);

/**
 * The stored form of an API key, under `kvKey.apiKey(digest)`. The organisation's directory publishes it; the fields that are
 * optional are absent in records of before there was one.
 */
export const apiKeyRecord = z.strictObject({
  org: z.string().regex(ORG_PATTERN),
  principalId: z.string().min(1).max(128),
  scopes: z.array(scopeSchema),
  createdAt: moment,
  expiresAt: moment.optional(),
  /** Names the key, see {@link apiKeyIdOf}. */
  keyId: z.string().min(1).max(64).optional(),
  /** The member it belongs to; absent for a machine's. */
  memberId: memberId.optional(),
  /** The member's roles. What they do not allow the key does not, whatever its scopes: a role that is taken away takes effect on every key. */
  roles: rolesSchema.optional(),
  /** Who acts by it, where that is not the member. */
  person: z.string().min(1).max(128).optional(),
  /** Absent is active. `rotated`: another key has taken its place; it works until `retiresAt`. */
  status: z.enum(["active", "rotated", "revoked"]).optional(),
  /** When a rotated key stops working; a rotated key without it does not work. */
  retiresAt: moment.optional(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecord>;

/** The stored form of an organisation, under `kvKey.org(org)`. */
export const orgRecord = z.strictObject({
  org: z.string().regex(ORG_PATTERN),
  /** Absent in records of before organisations had names. */
  name: z.string().min(1).max(200).optional(),
  createdAt: moment.optional(),
});
export type OrgRecord = z.infer<typeof orgRecord>;

/** The stored form of an OIDC issuer, under `kvKey.oidcIssuer(issuer)`. An issuer opens one organisation. */
export const oidcIssuerRecord = z.strictObject({
  /** As it stands in `iss`, to the letter. */
  issuer: z.url().max(512),
  /** One of the token's audiences. */
  audience: z.string().min(1).max(256),
  jwksUri: z.url().max(1_024),
  org: z.string().regex(ORG_PATTERN),
});
export type OidcIssuerRecord = z.infer<typeof oidcIssuerRecord>;

/** The stored form of a member, under `kvKey.memberBySubject(org, subject)`. */
export const memberRecord = z.strictObject({
  memberId,
  org: z.string().regex(ORG_PATTERN),
  roles: rolesSchema,
  status: z.enum(["active", "removed"]),
});
export type MemberRecord = z.infer<typeof memberRecord>;

/** Reads a stored record by its key; null when there is none. What it returns is parsed here. */
export type RecordLookup = (key: string) => Promise<unknown>;

/** A new key with the record to store for it. */
export type NewApiKey = { readonly apiKey: string; readonly storageKey: string; readonly record: ApiKeyRecord };

/** What names a key and opens nothing. @param digest - SHA-256 of the key, in hexadecimal */
export function apiKeyIdOf(digest: string): string {
  return digest.slice(0, KEY_ID_CHARS);
}

/** The text of a new key. It is shown once and stored nowhere. */
export function newApiKeyText(org: Org): string {
  return `fk_${org}_${Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_RANDOM_BYTES))).toString("base64url")}`;
}

/**
 * Makes an API key that no directory knows: a machine's.
 *
 * @param nowMs - clock in epoch milliseconds
 * @throws ZodError when the org, the principal or a scope is not valid.
 */
export function newApiKey(org: Org, principalId: string, scopes: readonly Scope[], nowMs: number, expiresAtMs?: number): NewApiKey {
  const record = apiKeyRecord.parse({
    org,
    principalId,
    scopes: [...scopes],
    createdAt: new Date(nowMs).toISOString(),
    ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
  });
  const apiKey = newApiKeyText(org);
  return { apiKey, storageKey: kvKey.apiKey(sha256Hex(apiKey)), record };
}

/** True for a credential that has the form of an API key, whether or not there is such a key. */
export function isApiKey(credential: string): boolean {
  return KEY_PATTERN.test(credential);
}

/**
 * The principal of an API key.
 *
 * A malformed key, an unknown one, one that has expired, was revoked or rotated out, and a record that does not parse are all
 * UNAUTHENTICATED, with no word on which it was: a caller without a key learns nothing about keys.
 *
 * @param lookup - reads the record store
 * @param nowMs - clock in epoch milliseconds
 */
export async function authenticateApiKey(apiKey: string, lookup: RecordLookup, nowMs: number): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  const org = KEY_PATTERN.exec(apiKey)?.[1];
  if (org === undefined) return refuse("UNAUTHENTICATED");
  const digest = sha256Hex(apiKey);
  const parsed = apiKeyRecord.safeParse(await lookup(kvKey.apiKey(digest)));
  if (!parsed.success) return refuse("UNAUTHENTICATED");
  const record = parsed.data;
  // The org is read from the record; the one in the key only tells people keys apart and must not contradict it.
  if (record.org !== org || !isInForce(record, nowMs)) return refuse("UNAUTHENTICATED");
  return { ok: true, principal: principalOf(record, digest) };
}

/** Whether a key works now. @param nowMs - clock in epoch milliseconds */
export function isInForce({ status = "active", expiresAt, retiresAt }: Pick<ApiKeyRecord, "status" | "expiresAt" | "retiresAt">, nowMs: number): boolean {
  if (status === "revoked" || (status === "rotated" && retiresAt === undefined)) return false;
  return [expiresAt, retiresAt].every((end) => end === undefined || nowMs < Date.parse(end));
}

function principalOf(record: ApiKeyRecord, digest: string): AuthenticatedPrincipal {
  const { org, principalId, memberId: member, roles = [], keyId } = record;
  const allowed = scopesOfRoles(roles);
  return {
    id: principalId,
    kind: "api-key",
    org,
    person: record.person ?? member ?? principalId,
    roles,
    scopes: member === undefined ? record.scopes : record.scopes.filter((scope) => allowed.includes(scope)),
    credentialId: keyId ?? apiKeyIdOf(digest),
  };
}
