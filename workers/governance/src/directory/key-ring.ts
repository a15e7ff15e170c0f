/** API keys of an organisation. Only digests are kept; the text of a key is made here, answered once and forgotten. */
import type { StoragePort } from "@factory/durable";
import { apiKeyIdOf, newApiKeyText, scopeSchema, scopesOfRoles } from "@factory/governance";
import { FactoryError, sha256Hex, type Org } from "@factory/schemas";
import type { ApiKeyView, DirectoryActor, IssuedKey, NewApiKeyRequest } from "@factory/schemas/rpc";
import { z } from "zod";
import { checked, iso, isoOrNull, type Journal, type PublishedRecord } from "./journal.ts";
import { line, type MemberBook } from "./member-book.ts";

/** Longest time that a rotated key works beside its successor, in seconds: a week. */
export const MAX_OVERLAP_S = 7 * 24 * 60 * 60;
/** Latest time that RFC 3339 can write, in epoch milliseconds. */
const LAST_MOMENT_MS = Date.parse("9999-12-31T23:59:59Z");
/** What is kept of a use is as exact as this, in milliseconds: a busy key costs one write a minute. */
export const USE_RESOLUTION_MS = 60_000;

const newKey = z.strictObject({
  label: line(200),
  principalId: line(128),
  memberId: z.string().nullable(),
  scopes: z
    .array(scopeSchema)
    .min(1, "must name one scope at least")
    .refine((scopes) => new Set(scopes).size === scopes.length, "must not repeat a scope"),
  expiresAt: z.iso.datetime({ offset: true }).nullable(),
});

const overlap = z.int().min(0).max(MAX_OVERLAP_S);

/** A key of before there was a directory, or one that was made elsewhere: known by its digest. */
export type AdoptedKey = NewApiKeyRequest & { readonly digest: string };

/** A key as it is stored. */
export type KeyRow = {
  key_id: string;
  digest: string;
  label: string;
  principal_id: string;
  member_id: string | null;
  scopes: string;
  status: "active" | "rotated" | "revoked";
  created_at: number;
  expires_at: number | null;
  retires_at: number | null;
  last_used_at: number | null;
  successor_id: string | null;
};

const recordOf = (keyId: string): PublishedRecord => ({ kind: "api-key", id: keyId });

/** The keys in the object's SQLite. */
export class KeyRing {
  readonly #storage: StoragePort;
  readonly #journal: Journal;
  readonly #members: MemberBook;
  readonly #org: Org;
  readonly #now: () => number;

  constructor(deps: { readonly storage: StoragePort; readonly journal: Journal; readonly members: MemberBook; readonly org: Org; readonly now: () => number }) {
    this.#storage = deps.storage;
    this.#journal = deps.journal;
    this.#members = deps.members;
    this.#org = deps.org;
    this.#now = deps.now;
  }

  /** Every key there was, oldest first. */
  all(): ApiKeyView[] {
    const rows = this.#storage.sql.exec<KeyRow>("SELECT * FROM api_keys ORDER BY created_at, key_id").toArray();
    return rows.map((row) => this.#view(row));
  }

  /** Null for a key that there is not. */
  row(keyId: string): KeyRow | null {
    return this.#storage.sql.exec<KeyRow>("SELECT * FROM api_keys WHERE key_id = ?", keyId).toArray()[0] ?? null;
  }

  /** Records of every key of a member: they hold the member's roles. */
  recordsOfMember(memberId: string): PublishedRecord[] {
    return this.#storage.sql
      .exec<{ key_id: string }>("SELECT key_id FROM api_keys WHERE member_id = ? ORDER BY key_id", memberId)
      .toArray()
      .map(({ key_id: keyId }) => recordOf(keyId));
  }

  /** @throws FactoryError INVALID_ARGUMENT; NOT_FOUND for a member that is none; PERMISSION_DENIED for more than the member's roles allow */
  issue(request: NewApiKeyRequest, actor: DirectoryActor): IssuedKey {
    const wanted = this.#checked(request);
    const apiKey = newApiKeyText(this.#org);
    const keyId = this.#insert({ ...wanted, digest: sha256Hex(apiKey) });
    this.#journal.changed(actor, `issued the key ${keyId} "${wanted.label}" to ${wanted.principalId} for ${wanted.scopes.join(", ")}`, [recordOf(keyId)]);
    return { apiKey, key: this.#known(keyId) };
  }

  /** Takes a key over by its digest; one that is known stays as it is, whatever became of it. @throws as {@link issue} */
  adopt({ digest, ...request }: AdoptedKey, actor: DirectoryActor): void {
    if (this.row(apiKeyIdOf(digest)) !== null) return;
    const keyId = this.#insert({ ...this.#checked(request), digest });
    this.#journal.changed(actor, `took the key ${keyId} "${request.label}" of ${request.principalId} over`, [recordOf(keyId)]);
  }

  /**
   * Makes a key with the same powers, and one as long a life, in the place of one.
   *
   * @throws FactoryError INVALID_ARGUMENT for an overlap that is none; NOT_FOUND; FAILED_PRECONDITION for a key that no longer works
   *   or was rotated before
   */
  rotate(keyId: string, overlapSeconds: number, actor: DirectoryActor): IssuedKey {
    const seconds = checked(overlap, overlapSeconds, "The overlap in seconds");
    const row = this.#require(keyId);
    const { status, successorId } = this.#view(row);
    if (status !== "active")
      throw new FactoryError("FAILED_PRECONDITION", `The key ${keyId} is ${status}${successorId === null ? "" : `; its successor is ${successorId}`}.`);
    const apiKey = newApiKeyText(this.#org);
    const now = this.#now();
    const expiresAt = row.expires_at === null ? null : iso(Math.min(now + (row.expires_at - row.created_at), LAST_MOMENT_MS));
    const scopes = checked(z.array(scopeSchema), JSON.parse(row.scopes), "The scopes of the key");
    const { label, principal_id: principalId, member_id: memberId } = row;
    const successor = this.#insert({ label, principalId, memberId, scopes, expiresAt, digest: sha256Hex(apiKey) });
    this.#storage.sql.exec(
      "UPDATE api_keys SET status = 'rotated', retires_at = ?, successor_id = ? WHERE key_id = ?",
      now + seconds * 1_000,
      successor,
      keyId,
    );
    this.#journal.changed(actor, `rotated the key ${keyId} "${label}" to ${successor}; it works for ${seconds} seconds more`, [
      recordOf(keyId),
      recordOf(successor),
    ]);
    return { apiKey, key: this.#known(successor) };
  }

  /** Ends a key now; one that was revoked before stays so. @throws FactoryError NOT_FOUND */
  revoke(keyId: string, actor: DirectoryActor): ApiKeyView {
    const row = this.#require(keyId);
    if (row.status === "revoked") return this.#view(row);
    this.#storage.sql.exec("UPDATE api_keys SET status = 'revoked' WHERE key_id = ?", keyId);
    this.#journal.changed(actor, `revoked the key ${keyId} "${row.label}" of ${row.principal_id}`, [recordOf(keyId)]);
    return this.#known(keyId);
  }

  /** Ends every key of a member, in the caller's change. @returns ids of the keys that worked until now */
  revokeAll(memberId: string): string[] {
    return this.#storage.sql
      .exec<{ key_id: string }>("UPDATE api_keys SET status = 'revoked' WHERE member_id = ? AND status <> 'revoked' RETURNING key_id", memberId)
      .toArray()
      .map(({ key_id: keyId }) => keyId)
      .toSorted();
  }

  /** Notes when keys were used; a use of a key that is not here, and one that is no newer, changes nothing. */
  used(uses: readonly { readonly digest: string; readonly at: number }[]): void {
    // A caller's clock may be ahead: nothing was used in the future.
    const now = this.#now();
    for (const { digest, at } of uses) {
      const minute = Math.floor(Math.min(at, now) / USE_RESOLUTION_MS) * USE_RESOLUTION_MS;
      this.#storage.sql.exec("UPDATE api_keys SET last_used_at = ? WHERE digest = ? AND coalesce(last_used_at, -1) < ?", minute, digest, minute);
    }
  }

  #checked(request: NewApiKeyRequest): z.infer<typeof newKey> {
    const wanted = checked(newKey, request, "The key");
    if (wanted.expiresAt !== null && Date.parse(wanted.expiresAt) <= this.#now())
      throw new FactoryError("INVALID_ARGUMENT", "The key would have expired before it is issued.");
    if (wanted.memberId === null) return wanted;
    const member = this.#members.get(wanted.memberId);
    if (member?.status !== "active") throw new FactoryError("NOT_FOUND", `There is no member ${wanted.memberId.slice(0, 127)}.`);
    if (wanted.principalId !== wanted.memberId)
      throw new FactoryError("INVALID_ARGUMENT", "A member's key is the member's: principal and member are the same.");
    const allowed = scopesOfRoles(member.roles);
    const more = wanted.scopes.filter((scope) => !allowed.includes(scope));
    if (more.length > 0) throw new FactoryError("PERMISSION_DENIED", `The roles of ${wanted.memberId} do not allow ${more.join(", ")}.`, { scopes: more });
    return wanted;
  }

  #insert({ label, principalId, memberId, scopes, expiresAt, digest }: AdoptedKey): string {
    const keyId = apiKeyIdOf(digest);
    this.#storage.sql.exec(
      "INSERT INTO api_keys (key_id, digest, label, principal_id, member_id, scopes, status, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, 'active', ?, ?)",
      keyId,
      digest,
      label,
      principalId,
      memberId,
      JSON.stringify(scopes),
      this.#now(),
      expiresAt === null ? null : Date.parse(expiresAt),
    );
    return keyId;
  }

  #require(keyId: string): KeyRow {
    const row = this.row(keyId);
    if (row === null) throw new FactoryError("NOT_FOUND", `There is no key ${keyId.slice(0, 64)}.`);
    return row;
  }

  #known(keyId: string): ApiKeyView {
    return this.#view(this.#require(keyId));
  }

  #view(row: KeyRow): ApiKeyView {
    const ends = [row.expires_at, row.retires_at].filter((end) => end !== null);
    const end = ends.length === 0 ? null : Math.min(...ends);
    const expired = end !== null && end <= this.#now();
    return {
      keyId: row.key_id,
      label: row.label,
      principalId: row.principal_id,
      memberId: row.member_id,
      // Written by this class, from scopes that were checked.
      scopes: JSON.parse(row.scopes) as string[],
      createdAt: iso(row.created_at),
      expiresAt: isoOrNull(end),
      lastUsedAt: isoOrNull(row.last_used_at),
      status: row.status !== "revoked" && expired ? "expired" : row.status,
      successorId: row.successor_id,
    };
  }
}
