/**
 * The directory of one organisation: its members, credentials and keys, with who changed what. It is the authority. Edges read
 * records that are published from here; each change and the order to publish it are one transaction.
 */
import { TerminalError } from "@factory/durable";
import type { NewEffect, Outbox, StoragePort } from "@factory/durable";
import { apiKeyRecord, envelopeKeyRecord, memberRecord, oidcIssuerRecord, orgRecord } from "@factory/governance";
import { FactoryError, kvKey, type Org } from "@factory/schemas";
import type { DirectoryActor, DirectoryChange, IssuedKey, MemberView, NewApiKeyRequest, OrgView } from "@factory/schemas/rpc";
import { z } from "zod";
import { IssuerList } from "./issuer-list.ts";
import { checked, iso, Journal, type PublishedRecord } from "./journal.ts";
import { KeyRing, type AdoptedKey } from "./key-ring.ts";
import { line, MemberBook, type NewMember } from "./member-book.ts";
import { SigningRegistry, type UsableSigningKey } from "./signing-registry.ts";

/** Where records go. */
export const PUBLISH_TARGET = "config";

const publishedRecord = z.strictObject({ kind: z.enum(["org", "api-key", "signing-key", "issuer", "subject"]), id: z.string() });

/** A record to store, or a key under which nothing is stored any more. */
export type Publication = { readonly key: string; readonly org: Org; readonly value: string | null };

/** What an organisation has from the beginning where it was set up by hand: a member with a key, and keys of its registry. */
export type FirstState = {
  readonly name: string;
  readonly member: NewMember;
  readonly key: AdoptedKey;
  readonly signingKeys: readonly UsableSigningKey[];
};

/** What a directory needs. */
export interface OrgDirectoryDeps {
  readonly storage: StoragePort;
  readonly org: Org;
  readonly outbox: Pick<Outbox, "enqueue">;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** One organisation. Every method that changes something is one transaction, and throws what it refuses. */
export class OrgDirectory {
  readonly #deps: OrgDirectoryDeps;
  readonly #journal: Journal;
  readonly members: MemberBook;
  readonly keys: KeyRing;
  readonly signingKeys: SigningRegistry;
  readonly issuers: IssuerList;

  constructor(deps: OrgDirectoryDeps) {
    this.#deps = deps;
    this.#journal = new Journal({ ...deps, publish: (effectId, record) => void deps.outbox.enqueue(effectOf(effectId, record)) });
    const parts = { ...deps, journal: this.#journal };
    this.members = new MemberBook(parts);
    this.keys = new KeyRing({ ...parts, members: this.members });
    this.signingKeys = new SigningRegistry(parts);
    this.issuers = new IssuerList(parts);
  }

  /** Makes the organisation; one that there is keeps its name. @throws FactoryError INVALID_ARGUMENT */
  found(name: string, actor: DirectoryActor): { created: boolean } {
    const text = checked(line(200), name, "The name");
    return this.#transaction(() => {
      if (this.#organisation() !== null) return { created: false };
      this.#deps.storage.sql.exec("INSERT INTO organisation (only, name, created_at) VALUES (1, ?, ?)", text, this.#deps.now());
      this.#journal.changed(actor, `founded the organisation "${text}"`, [{ kind: "org", id: this.#deps.org }]);
      return { created: true };
    });
  }

  /** Null before it was founded. */
  describe(): OrgView | null {
    const organisation = this.#organisation();
    if (organisation === null) return null;
    const { name, created_at: createdAt } = organisation;
    const keys = this.keys.all().filter(({ status }) => status === "active" || status === "rotated").length;
    return { org: this.#deps.org, name, createdAt: iso(createdAt), members: this.members.count(), keys, issuers: this.issuers.all() };
  }

  /** Changes of a founded organisation, in one transaction. @throws FactoryError NOT_FOUND before it was founded; whatever the change refuses */
  change<T>(work: () => T): T {
    return this.#transaction(() => {
      if (this.#organisation() === null) throw new FactoryError("NOT_FOUND", `There is no organisation ${this.#deps.org}.`);
      return work();
    });
  }

  putMember(member: NewMember, actor: DirectoryActor): { member: MemberView; changed: boolean } {
    return this.change(() => this.members.put(member, actor, (memberId) => this.keys.recordsOfMember(memberId)));
  }

  /** Removes a member and ends their keys; one who was removed before has none. */
  removeMember(memberId: string, actor: DirectoryActor): { revokedKeys: number } {
    return this.change(() => {
      const subject = this.members.get(memberId)?.oidcSubject ?? null;
      if (!this.members.remove(memberId)) return { revokedKeys: 0 };
      const revoked = this.keys.revokeAll(memberId);
      const keysText = revoked.length === 0 ? "" : ` and revoked the keys ${revoked.join(", ")}`;
      this.#journal.changed(actor, `removed the member ${memberId}${keysText}`, [
        ...(subject === null ? [] : [{ kind: "subject" as const, id: subject }]),
        ...revoked.map((id) => ({ kind: "api-key" as const, id })),
      ]);
      return { revokedKeys: revoked.length };
    });
  }

  issueKey(request: NewApiKeyRequest, actor: DirectoryActor): IssuedKey {
    return this.change(() => this.keys.issue(request, actor));
  }

  changes(before: number | null, limit: number): DirectoryChange[] {
    return this.#journal.changes(before, limit);
  }

  /**
   * Gives an organisation what it has from the beginning. What there is stays as people have made it since: a member keeps their
   * roles, a key that was revoked stays revoked. Everything is published again, so that edges that lost it have it.
   */
  adopt({ name, member, key, signingKeys }: FirstState, actor: DirectoryActor): void {
    this.#transaction(() => {
      this.found(name, actor);
      if (this.members.get(member.memberId) === null) this.putMember(member, actor);
      // Somebody who was removed gets nothing back by starting again.
      if (this.members.get(member.memberId)?.status === "active") this.keys.adopt(key, actor);
      for (const signingKey of signingKeys) this.signingKeys.put(signingKey, actor);
      this.#publishAll();
    });
  }

  /** What edges are to be told of a record, as it stands now. @throws TerminalError for what no edge could read */
  publicationOf(payload: unknown): Publication {
    const record = publishedRecord.safeParse(payload);
    if (!record.success) throw new TerminalError("What is to be published is no record of a directory.");
    const { key, value } = this.#read(record.data);
    return { key, org: this.#deps.org, value: value === null ? null : JSON.stringify(value) };
  }

  #read({ kind, id }: PublishedRecord): { readonly key: string; readonly value: object | null } {
    const { org } = this.#deps;
    switch (kind) {
      case "org":
        return { key: kvKey.org(org), value: this.#orgRecord() };
      case "api-key":
        return this.#apiKeyRecord(id);
      case "signing-key": {
        const value = this.signingKeys.record(id, org);
        return { key: kvKey.envelopeKey(id), value: value === null ? null : envelopeKeyRecord.parse(value) };
      }
      case "issuer": {
        const value = this.issuers.record(id, org);
        return { key: kvKey.oidcIssuer(id), value: value === null ? null : oidcIssuerRecord.parse(value) };
      }
      case "subject": {
        const member = this.members.bySubject(id);
        const { memberId = "", roles = [], status } = member ?? {};
        return { key: kvKey.memberBySubject(org, id), value: member === null ? null : memberRecord.parse({ memberId, org, roles, status }) };
      }
      default: {
        const unknown: never = kind;
        throw new TerminalError(`Nothing is published of the kind ${String(unknown)}.`);
      }
    }
  }

  #orgRecord(): object | null {
    const row = this.#organisation();
    return row === null ? null : orgRecord.parse({ org: this.#deps.org, name: row.name, createdAt: iso(row.created_at) });
  }

  #apiKeyRecord(keyId: string): { readonly key: string; readonly value: object } {
    const row = this.keys.row(keyId);
    if (row === null) throw new TerminalError(`There is no key ${keyId} to publish.`);
    const member = row.member_id === null ? null : this.members.get(row.member_id);
    const record = apiKeyRecord.parse({
      org: this.#deps.org,
      keyId,
      principalId: row.principal_id,
      scopes: JSON.parse(row.scopes),
      status: row.status,
      createdAt: iso(row.created_at),
      ...(row.expires_at === null ? {} : { expiresAt: iso(row.expires_at) }),
      ...(row.retires_at === null ? {} : { retiresAt: iso(row.retires_at) }),
      ...(member === null ? {} : { memberId: member.memberId, roles: member.roles }),
    });
    return { key: kvKey.apiKey(row.digest), value: record };
  }

  #publishAll(): void {
    const subjects = new Set(this.members.all().flatMap(({ oidcSubject }) => oidcSubject ?? []));
    const records: PublishedRecord[] = [
      { kind: "org", id: this.#deps.org },
      ...this.keys.all().map(({ keyId }) => ({ kind: "api-key" as const, id: keyId })),
      ...this.signingKeys.all().map(({ keyId }) => ({ kind: "signing-key" as const, id: keyId })),
      ...this.issuers.all().map(({ issuer }) => ({ kind: "issuer" as const, id: issuer })),
      ...[...subjects].map((id) => ({ kind: "subject" as const, id })),
    ];
    for (const record of records) this.#deps.outbox.enqueue(effectOf(`again:${record.kind}:${record.id}`, record));
  }

  #organisation(): { name: string; created_at: number } | null {
    return this.#deps.storage.sql.exec<{ name: string; created_at: number }>("SELECT name, created_at FROM organisation").toArray()[0] ?? null;
  }

  #transaction<T>(work: () => T): T {
    return this.#deps.storage.transactionSync(work);
  }
}

/** The order to publish: it names the record and holds nothing of it, so that no secret is kept twice and the latest state wins. */
function effectOf(effectId: string, record: PublishedRecord): NewEffect {
  return { effectId, lane: `${record.kind}:${record.id}`, target: PUBLISH_TARGET, payload: record };
}
