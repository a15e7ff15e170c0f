/**
 * The key sets of OIDC issuers: fetched within bounds, kept in memory and in the record store, so that an issuer that is down
 * locks nobody out while its last key set is younger than a day.
 */
import { kvKey } from "@factory/schemas";
import { createLocalJWKSet, errors, type CompactVerifyGetKey } from "jose";
import { z } from "zod";
import type { OidcIssuerRecord, RecordLookup } from "./api-keys.ts";

/** A key set this old is fetched again before it is used, in milliseconds: a key that the issuer took away works at most this much longer. */
export const JWKS_FRESH_MS = 10 * 60_000;
/** A key set this old is not used at all, in milliseconds. */
export const JWKS_MAX_AGE_MS = 24 * 60 * 60_000;
/** Between two fetches that one isolate makes of one issuer, in milliseconds: key ids that nobody has cost the issuer no more than this. */
export const JWKS_COOL_DOWN_MS = 30_000;
/** Longest a fetch may take, in milliseconds. */
export const JWKS_DEADLINE_MS = 3_000;
/** Largest key set, in bytes: some hundred keys with their certificates. */
export const JWKS_MAX_BYTES = 256 * 1_024;

/** Issuers whose keys one isolate keeps; the one used longest ago goes first. */
const MAX_ISSUERS = 64;

/** A key set as an issuer answers it; what else a key holds is the library's to read. */
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(256) });

/** The stored form of a key set, under `kvKey.jwks(issuer)`. */
const jwksRecord = z.strictObject({
  jwksUri: z.string(),
  /** Epoch milliseconds. */
  fetchedAt: z.number().int(),
  jwks: keySet,
});

/** What key sets need of their surroundings. */
export interface IssuerKeysDeps {
  readonly records: RecordLookup;
  /** Keeps a key set for other isolates. What goes wrong here is reported and stops nothing. */
  store(key: string, value: unknown): Promise<void>;
  /** Asks for a key set. Redirects must not be followed. */
  fetch(url: string, init: { readonly redirect: "manual"; readonly signal: AbortSignal; readonly headers: { readonly accept: string } }): Promise<Response>;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** Told when an issuer's keys cannot be had or kept: what callers hear is UNAUTHENTICATED, so that an operator learns it here. */
  report(issuer: string, err: unknown): void;
}

type KeySet = { readonly fetchedAt: number; readonly resolve: CompactVerifyGetKey };
type Issuer = { readonly jwksUri: string; set: KeySet | null; attemptedAt: number };

/** Where a key set may be: over TLS, or on this machine. */
export function isJwksUri(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname));
}

/** Key sets by issuer. One an isolate. */
export class IssuerKeySets {
  readonly #deps: IssuerKeysDeps;
  /** Not persisted: what was fetched or read from the store, by issuer, used last at the end. */
  readonly #issuers = new Map<string, Issuer>();

  constructor(deps: IssuerKeysDeps) {
    this.#deps = deps;
  }

  /**
   * The key that a token names. A key id that the set does not have leads to one more fetch, unless there was one just now.
   *
   * @throws JOSEError when there is no such key, or no key set that is young enough
   */
  keysOf(record: Pick<OidcIssuerRecord, "issuer" | "jwksUri">): CompactVerifyGetKey {
    return async (header, token) => {
      const issuer = this.#issuerOf(record);
      const set = await this.#usableSet(record.issuer, issuer);
      try {
        return await set.resolve(header, token);
      } catch (err) {
        if (!(err instanceof errors.JWKSNoMatchingKey) || this.#coolsDown(issuer)) throw err;
        const renewed = await this.#fetched(record.issuer, issuer);
        return (renewed ?? set).resolve(header, token);
      }
    };
  }

  #issuerOf({ issuer: name, jwksUri }: Pick<OidcIssuerRecord, "issuer" | "jwksUri">): Issuer {
    const known = this.#issuers.get(name);
    this.#issuers.delete(name);
    // Another address is another set of keys: nothing of the old one counts.
    const issuer = known?.jwksUri === jwksUri ? known : { jwksUri, set: null, attemptedAt: Number.NEGATIVE_INFINITY };
    this.#issuers.set(name, issuer);
    const [eldest] = this.#issuers.keys();
    if (this.#issuers.size > MAX_ISSUERS && eldest !== undefined) this.#issuers.delete(eldest);
    return issuer;
  }

  async #usableSet(name: string, issuer: Issuer): Promise<KeySet> {
    issuer.set ??= await this.#stored(name, issuer.jwksUri);
    if (issuer.set !== null && this.#ageOf(issuer.set) < JWKS_FRESH_MS) return issuer.set;
    const renewed = this.#coolsDown(issuer) ? null : await this.#fetched(name, issuer);
    const set = renewed ?? issuer.set;
    if (set === null || this.#ageOf(set) >= JWKS_MAX_AGE_MS) throw new errors.JWKSNoMatchingKey();
    return set;
  }

  #coolsDown({ attemptedAt }: Issuer): boolean {
    return this.#deps.now() - attemptedAt < JWKS_COOL_DOWN_MS;
  }

  #ageOf({ fetchedAt }: KeySet): number {
    return this.#deps.now() - fetchedAt;
  }

  async #stored(name: string, jwksUri: string): Promise<KeySet | null> {
    const parsed = jwksRecord.safeParse(await this.#deps.records(kvKey.jwks(name)));
    if (!parsed.success || parsed.data.jwksUri !== jwksUri) return null;
    return { fetchedAt: parsed.data.fetchedAt, resolve: createLocalJWKSet(parsed.data.jwks) };
  }

  /** Null when the issuer does not answer with a key set. Whoever is first asks; the others go on with what they have. */
  async #fetched(name: string, issuer: Issuer): Promise<KeySet | null> {
    const hadSet = issuer.set !== null;
    // Callers of a cold isolate, who have no set to go on with, each ask until one was answered.
    if (hadSet) issuer.attemptedAt = this.#deps.now();
    try {
      const jwks = await this.#ask(issuer.jwksUri);
      const fetchedAt = this.#deps.now();
      issuer.attemptedAt = fetchedAt;
      issuer.set = { fetchedAt, resolve: createLocalJWKSet(jwks) };
      await this.#keep(name, { jwksUri: issuer.jwksUri, fetchedAt, jwks });
      return issuer.set;
    } catch (err) {
      issuer.attemptedAt = this.#deps.now();
      this.#deps.report(name, err);
      return null;
    }
  }

  async #ask(jwksUri: string): Promise<z.infer<typeof keySet>> {
    if (!isJwksUri(jwksUri)) throw new Error("The key set is not behind https.");
    const headers = { accept: "application/json, application/jwk-set+json" };
    const answer = await this.#deps.fetch(jwksUri, { redirect: "manual", signal: AbortSignal.timeout(JWKS_DEADLINE_MS), headers });
    if (answer.status !== 200) {
      await answer.body?.cancel();
      throw new Error(`The issuer answered ${answer.status} for its key set.`);
    }
    return keySet.parse(JSON.parse(await boundedText(answer)));
  }

  async #keep(name: string, record: z.infer<typeof jwksRecord>): Promise<void> {
    try {
      await this.#deps.store(kvKey.jwks(name), record);
    } catch (err) {
      this.#deps.report(name, err);
    }
  }
}

/** @throws Error when the body has more than {@link JWKS_MAX_BYTES} */
async function boundedText(answer: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = answer.body?.getReader();
  for (let step = await reader?.read(); step?.done === false; step = await reader?.read()) {
    bytes += step.value.length;
    if (bytes > JWKS_MAX_BYTES) {
      await reader?.cancel();
      throw new Error(`The key set has more than ${JWKS_MAX_BYTES} bytes.`);
    }
    chunks.push(step.value);
  }
  return Buffer.concat(chunks).toString("utf8");
}
