/** The directory of one organisation as a Durable Object: its storage, its alarm and the store it publishes to. */
import { DurableObject } from "cloudflare:workers";
import { answered, consoleLog, migrate, objectHealth, Outbox, Scheduler } from "@factory/durable";
import type { Log } from "@factory/durable";
import type { Result } from "@factory/schemas";
import type {
  ApiKeyView,
  DirectoryActor,
  DirectoryChange,
  IssuedKey,
  MemberView,
  NewApiKeyRequest,
  NewSigningKeyRequest,
  ObjectHealth,
  ObjectHealthRpc,
  OidcIssuerView,
  OrgDirectoryRpc,
  OrgView,
  SigningKeyView,
} from "@factory/schemas/rpc";
import { ownOrg } from "../own-org.ts";
import { ORG_DIRECTORY_MIGRATIONS } from "./directory-schema.ts";
import { OrgDirectory } from "./directory.ts";
import type { AdoptedKey } from "./key-ring.ts";
import type { NewMember } from "./member-book.ts";
import { publish } from "./publishing.ts";
import { usableSigningKey } from "./signing-registry.ts";

/** What an organisation has from the beginning; see {@link OrgDirectory.adopt}. */
export type AdoptRequest = {
  readonly name: string;
  readonly member: NewMember;
  readonly key: AdoptedKey;
  readonly signingKeys: readonly NewSigningKeyRequest[];
};

/** What only the Worker's own bootstrap calls. */
export interface DirectoryBootstrapRpc {
  /** @returns how many records edges have not been told of yet */
  adopt(request: AdoptRequest, actor: DirectoryActor): Promise<Result<{ pending: number }>>;
}

/** Directory of one organisation; named by `objectName.directory`. */
export class OrgDirectoryDO extends DurableObject<Env> implements OrgDirectoryRpc, ObjectHealthRpc, DirectoryBootstrapRpc {
  readonly #log: Log = consoleLog();
  readonly #org: string;
  readonly #scheduler: Scheduler;
  readonly #outbox: Outbox;
  readonly #directory: OrgDirectory;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#org = ownOrg(ctx.id.name, "directory");
    const shared = { storage: ctx.storage, log: this.#log, now: Date.now, random: Math.random };
    migrate(ctx.storage, ORG_DIRECTORY_MIGRATIONS);
    this.#scheduler = new Scheduler({ ...shared, timer: ctx.storage });
    this.#outbox = new Outbox({
      ...shared,
      scheduler: this.#scheduler,
      deliver: (_target, effects) => publish(this.#directory, env.CONFIG, effects),
      onParked: ({ lane, reason }) =>
        this.#log.event({ op: "directory.publish", outcome: "failed", durationMs: 0, ids: { org: this.#org, record: lane }, fields: { reason } }),
      // A revocation is told for as long as it takes; only what no edge could read is given up.
      limits: { maxAttempts: Number.MAX_SAFE_INTEGER },
      whenParked: "skip",
      background: (work) => ctx.waitUntil(work),
    });
    this.#directory = new OrgDirectory({ storage: ctx.storage, org: this.#org, outbox: this.#outbox, now: Date.now });
    void ctx.blockConcurrencyWhile(() => this.#scheduler.rearm());
  }

  override async alarm(): Promise<void> {
    await this.#scheduler.onAlarm(Date.now());
  }

  async found(name: string, actor: DirectoryActor): Promise<Result<{ created: boolean }>> {
    return this.#change("found", {}, () => this.#directory.found(name, actor));
  }

  async describe(): Promise<OrgView | null> {
    return this.#directory.describe();
  }

  async putMember(member: NewMember, actor: DirectoryActor): Promise<Result<{ member: MemberView; changed: boolean }>> {
    return this.#change("put-member", { member: member.memberId }, () => this.#directory.putMember(member, actor));
  }

  async removeMember(memberId: string, actor: DirectoryActor): Promise<Result<{ revokedKeys: number }>> {
    return this.#change("remove-member", { member: memberId }, () => this.#directory.removeMember(memberId, actor));
  }

  async members(): Promise<readonly MemberView[]> {
    return this.#directory.members.all();
  }

  async issueKey(request: NewApiKeyRequest, actor: DirectoryActor): Promise<Result<{ issued: IssuedKey }>> {
    return this.#change("issue-key", { principal: request.principalId }, () => ({ issued: this.#directory.issueKey(request, actor) }));
  }

  async rotateKey(keyId: string, overlapSeconds: number, actor: DirectoryActor): Promise<Result<{ issued: IssuedKey }>> {
    return this.#change("rotate-key", { key: keyId }, () => ({
      issued: this.#directory.change(() => this.#directory.keys.rotate(keyId, overlapSeconds, actor)),
    }));
  }

  async revokeKey(keyId: string, actor: DirectoryActor): Promise<Result<{ key: ApiKeyView }>> {
    return this.#change("revoke-key", { key: keyId }, () => ({ key: this.#directory.change(() => this.#directory.keys.revoke(keyId, actor)) }));
  }

  async keys(): Promise<readonly ApiKeyView[]> {
    return this.#directory.keys.all();
  }

  async used(uses: readonly { readonly digest: string; readonly at: number }[]): Promise<void> {
    this.ctx.storage.transactionSync(() => this.#directory.keys.used(uses));
  }

  async putSigningKey(request: NewSigningKeyRequest, actor: DirectoryActor): Promise<Result<{ key: SigningKeyView }>> {
    return this.#change("put-signing-key", { key: request.keyId }, async () => {
      const usable = await usableSigningKey(request, this.#org);
      return { key: this.#directory.change(() => this.#directory.signingKeys.put(usable, actor)) };
    });
  }

  async rotateSigningKey(
    keyId: string,
    successor: NewSigningKeyRequest,
    overlapSeconds: number,
    actor: DirectoryActor,
  ): Promise<Result<{ key: SigningKeyView }>> {
    return this.#change("rotate-signing-key", { key: keyId }, async () => {
      const usable = await usableSigningKey(successor, this.#org);
      return { key: this.#directory.change(() => this.#directory.signingKeys.rotate(keyId, usable, overlapSeconds, actor)) };
    });
  }

  async revokeSigningKey(keyId: string, actor: DirectoryActor): Promise<Result<{ key: SigningKeyView }>> {
    return this.#change("revoke-signing-key", { key: keyId }, () => ({ key: this.#directory.change(() => this.#directory.signingKeys.revoke(keyId, actor)) }));
  }

  async signingKeys(): Promise<readonly SigningKeyView[]> {
    return this.#directory.signingKeys.all();
  }

  async putIssuer(issuer: OidcIssuerView, actor: DirectoryActor): Promise<Result> {
    return this.#change("put-issuer", { issuer: issuer.issuer }, () => {
      this.#directory.change(() => this.#directory.issuers.put(issuer, actor));
      return {};
    });
  }

  async removeIssuer(issuer: string, actor: DirectoryActor): Promise<Result> {
    return this.#change("remove-issuer", { issuer }, () => {
      this.#directory.change(() => this.#directory.issuers.remove(issuer, actor));
      return {};
    });
  }

  async changes(before: number | null, limit: number): Promise<readonly DirectoryChange[]> {
    return this.#directory.changes(before, limit);
  }

  async adopt({ signingKeys, ...first }: AdoptRequest, actor: DirectoryActor): Promise<Result<{ pending: number }>> {
    return this.#change("adopt", { key: first.key.digest.slice(0, 16) }, async () => {
      const usable = await Promise.all(signingKeys.map((request) => usableSigningKey(request, this.#org)));
      this.#directory.adopt({ ...first, signingKeys: usable }, actor);
      await this.#outbox.drain();
      return { pending: this.#outbox.pending() };
    });
  }

  async poke(): Promise<void> {
    await this.#scheduler.rearm();
  }

  async objectHealth(): Promise<ObjectHealth> {
    return objectHealth(this.ctx.storage, { outbox: this.#outbox });
  }

  /** A change, after which edges are told. The caller waits for the change and not for them. */
  #change<T extends object>(verb: string, ids: Readonly<Record<string, string>>, work: () => T | Promise<T>): Promise<Result<T>> {
    return answered(this.#log, Date.now, { op: `directory.${verb}`, ids: { org: this.#org, ...ids } }, async () => {
      const answer = await work();
      await this.#outbox.poke();
      return answer;
    });
  }
}
