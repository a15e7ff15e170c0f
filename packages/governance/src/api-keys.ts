/**
 * Organisation API keys: `fk_<org>_<random>`. Only the SHA-256 digest of a key is stored; the key itself is shown once,
 * when it is made.
 */
import { kvKey, refuse, sha256Hex, type Org, type Refusal, type Result } from "@factory/schemas";
import { z } from "zod";

/** Scopes that are not families. */
export const SCOPES = ["session:submit", "session:read", "session:control", "review:decide", "admin"] as const;

/** What a credential may do; `signal:<kind>` is a family, one scope a signal type. */
export type Scope = (typeof SCOPES)[number] | `signal:${string}`;

const scope = z.union([z.enum(SCOPES), z.templateLiteral(["signal:", z.string().regex(/^[a-z][a-z-]{0,63}$/)])]);

/** An organisation's slug: no underscore, so that it can be told from the rest of a key. */
const ORG_PATTERN = /^[a-z0-9][a-z0-9-]{0,62}$/;

/** 32 base64url characters are 192 random bits. */
const KEY_PATTERN = /^fk_([a-z0-9][a-z0-9-]{0,62})_([A-Za-z0-9_-]{32,86})$/;
const KEY_RANDOM_BYTES = 32;

/** The stored form of an API key, under `kvKey.apiKey(digest)`. */
export const apiKeyRecord = z.strictObject({
  org: z.string().regex(ORG_PATTERN),
  principalId: z.string().min(1).max(128),
  scopes: z.array(scope),
  createdAt: z.iso.datetime({ offset: true }),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});
export type ApiKeyRecord = z.infer<typeof apiKeyRecord>;

/** A caller that has proved who it is. */
export type AuthenticatedPrincipal = {
  readonly id: string;
  readonly kind: "api-key";
  readonly org: Org;
  readonly scopes: readonly Scope[];
};

/** Reads a stored record by its key; null when there is none. What it returns is parsed here. */
export type RecordLookup = (key: string) => Promise<unknown>;

/** A new key with the record to store for it. */
export type NewApiKey = { readonly apiKey: string; readonly storageKey: string; readonly record: ApiKeyRecord };

/**
 * Makes an API key.
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
  const random = Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_RANDOM_BYTES))).toString("base64url");
  const apiKey = `fk_${org}_${random}`;
  return { apiKey, storageKey: kvKey.apiKey(sha256Hex(apiKey)), record };
}

/**
 * The principal of an `Authorization` header.
 *
 * A malformed header, an unknown key, an expired one and a record that does not parse are all UNAUTHENTICATED, with no
 * word on which it was: a caller without a key learns nothing about keys.
 *
 * @param header - value of the header, or null when it is absent
 * @param lookup - reads the record store
 * @param nowMs - clock in epoch milliseconds
 */
export async function authenticate(header: string | null, lookup: RecordLookup, nowMs: number): Promise<Result<{ principal: AuthenticatedPrincipal }>> {
  if (header === null) return refuse("UNAUTHENTICATED");
  const apiKey = /^bearer +(\S+) *$/i.exec(header)?.[1];
  const org = apiKey === undefined ? undefined : KEY_PATTERN.exec(apiKey)?.[1];
  if (apiKey === undefined || org === undefined) return refuse("UNAUTHENTICATED");

  const parsed = apiKeyRecord.safeParse(await lookup(kvKey.apiKey(sha256Hex(apiKey))));
  if (!parsed.success) return refuse("UNAUTHENTICATED");
  const record = parsed.data;
  // The org is read from the record; the one in the key only tells people keys apart and must not contradict it.
  if (record.org !== org) return refuse("UNAUTHENTICATED");
  if (record.expiresAt !== undefined && Date.parse(record.expiresAt) <= nowMs) return refuse("UNAUTHENTICATED");
  return { ok: true, principal: { id: record.principalId, kind: "api-key", org: record.org, scopes: record.scopes } };
}

/**
 * Refuses a principal without a scope. `admin` stands for itself only: it opens administration, not the sessions.
 *
 * @returns null when the principal has the scope.
 */
export function requireScope(principal: AuthenticatedPrincipal, needed: Scope): Refusal | null {
  if (principal.scopes.includes(needed)) return null;
  return refuse("PERMISSION_DENIED", `The credential lacks the scope ${needed}.`, { scope: needed });
}
