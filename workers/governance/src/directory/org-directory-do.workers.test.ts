import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { authenticateApiKey } from "@factory/governance";
import { kvKey, objectName, sha256Hex } from "@factory/schemas";
import { directoryOf } from "@factory/schemas/rpc";
import type { ObjectHealthRpc } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { ACTOR, aKeyRequest, aMember } from "../testing/directory-builders.ts";
import { ORG_DIRECTORY_MIGRATIONS } from "./directory-schema.ts";

const stubOf = (org: string) => env.DIRECTORIES.getByName(objectName.directory(org));

/** A founded organisation with an admin. */
async function aFounded(org: string) {
  const directory = directoryOf(env, org);
  expect(await directory.found("Acme", ACTOR)).toEqual({ ok: true, created: true });
  expect(await directory.putMember(aMember({ memberId: "alice", roles: ["admin"] }), ACTOR)).toMatchObject({ ok: true, changed: true });
  return directory;
}

const record = (key: string): Promise<unknown> => env.CONFIG.get(key, "json");
const edge = async (apiKey: string) => {
  const answer = await authenticateApiKey(apiKey, record, Date.now());
  return answer.ok ? answer.principal : answer.code;
};

/** Lets what is on its way arrive: the alarm does it when the delivery in the background has not. */
const settled = async (org: string, key: string, holds: (value: unknown) => boolean): Promise<void> => {
  await expect
    .poll(
      async () => {
        await runDurableObjectAlarm(stubOf(org));
        return holds(await record(key));
      },
      { timeout: 10_000, interval: 50 },
    )
    .toBe(true);
};

describe("OrgDirectoryDO", () => {
  it("issues a key that an edge takes from the published record alone, and after its revocation no more", async () => {
    const directory = await aFounded("issued");
    const answer = await directory.issueKey(aKeyRequest({ principalId: "alice", memberId: "alice", scopes: ["admin"] }), ACTOR);
    if (!answer.ok) throw new Error(answer.message);
    const { apiKey, key } = answer.issued;
    const recordKey = kvKey.apiKey(sha256Hex(apiKey));
    await settled("issued", recordKey, (value) => value !== null);
    expect(await edge(apiKey)).toMatchObject({ id: "alice", org: "issued", roles: ["admin"], scopes: ["admin"] });
    expect(await directory.revokeKey(key.keyId, ACTOR)).toMatchObject({ ok: true, key: { status: "revoked" } });
    await settled("issued", recordKey, (value) => JSON.stringify(value).includes("revoked"));
    expect(await edge(apiKey)).toBe("UNAUTHENTICATED");
  });

  it("refuses as data, with a message that says what to do", async () => {
    const directory = await aFounded("refusing");
    expect(await directory.removeMember("alice", ACTOR)).toMatchObject({ ok: false, code: "FAILED_PRECONDITION", message: /last admin/ });
    expect(await directory.issueKey(aKeyRequest(), ACTOR)).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(await directory.rotateKey("nothing", 0, ACTOR)).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(await directoryOf(env, "unfounded").putMember(aMember(), ACTOR)).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  it("keeps everything through an eviction, what was not published included", async () => {
    const directory = await aFounded("evicted");
    const answer = await directory.issueKey(aKeyRequest({ principalId: "machine:ci", memberId: null }), ACTOR);
    if (!answer.ok) throw new Error(answer.message);
    await directory.used([{ digest: sha256Hex(answer.issued.apiKey), at: Date.now() }]);
    const before = [await directory.members(), await directory.keys(), await directory.changes(null, 100)];
    await evictDurableObject(stubOf("evicted"));
    expect([await directory.members(), await directory.keys(), await directory.changes(null, 100)]).toEqual(before);
    expect((await directory.keys())[0]?.lastUsedAt).not.toBeNull();
    await settled("evicted", kvKey.apiKey(sha256Hex(answer.issued.apiKey)), (value) => value !== null);
    expect(await edge(answer.issued.apiKey)).toMatchObject({ id: "machine:ci" });
  });

  it("publishes by its alarm what an object that ended could not", async () => {
    const org = "alarmed";
    await aFounded(org);
    await settled(org, kvKey.org(org), (value) => value !== null);
    await env.CONFIG.delete(kvKey.org(org));
    // As a crash leaves it: the order is stored, and nobody is on the way.
    await runInDurableObject(stubOf(org), async (_instance, state) => {
      state.storage.transactionSync(() => {
        state.storage.sql.exec(
          "INSERT INTO outbox_effects (effect_id, lane, target, payload, not_before, enqueued_at) VALUES ('again', 'org:alarmed', 'config', ?, 1, 1)",
          JSON.stringify({ kind: "org", id: org }),
        );
      });
    });
    await evictDurableObject(stubOf(org));
    await directoryOf(env, org).poke();
    await settled(org, kvKey.org(org), (value) => JSON.stringify(value).includes('"name":"Acme"'));
  });

  it("has a schema of its own and says so", async () => {
    await aFounded("healthy");
    // The generated binding does not name the class that this Worker exports.
    const health = await (stubOf("healthy") as unknown as ObjectHealthRpc).objectHealth();
    expect(health).toMatchObject({ schemaVersion: ORG_DIRECTORY_MIGRATIONS.at(-1)?.id, lastError: null });
    const applied = await runInDurableObject(stubOf("healthy"), (_instance, state) =>
      state.storage.sql.exec<{ id: string }>("SELECT id FROM durable_migrations WHERE component = 'object' ORDER BY position").toArray(),
    );
    expect(applied).toEqual(ORG_DIRECTORY_MIGRATIONS.map(({ id }) => ({ id })));
  });

  it("refuses to be reached by a name that is no directory's", async () => {
    const named = env.DIRECTORIES.getByName("members:acme") as unknown as { describe(): Promise<unknown> };
    await expect((async () => await named.describe())()).rejects.toThrow("is reached by the name of its directory");
  });
});

describe("the bootstrap", () => {
  const apiKey = `fk_boot_${"b".repeat(43)}`;
  const request = {
    name: "Boot",
    member: aMember({ memberId: "dev", roles: ["viewer", "operator", "approver", "admin"] }),
    key: { ...aKeyRequest({ principalId: "dev", memberId: "dev", scopes: ["session:read", "review:decide"] }), digest: sha256Hex(apiKey) },
    signingKeys: [{ keyId: "ek-boot", uses: ["submission"], algorithm: "HMAC-SHA256", secret: Buffer.alloc(32, 1).toString("base64") }],
  } as const;

  it("answers when edges know the first member, and a repeat changes nothing", async () => {
    expect(await exports.Bootstrap.adoptOrg("boot", request)).toEqual({ ok: true, pending: 0 });
    expect(await edge(apiKey)).toMatchObject({ id: "dev", person: "dev", scopes: ["session:read", "review:decide"] });
    expect(await record(kvKey.envelopeKey("ek-boot"))).toMatchObject({ org: "boot", status: "active" });
    const changes = await directoryOf(env, "boot").changes(null, 100);
    expect(await exports.Bootstrap.adoptOrg("boot", request)).toEqual({ ok: true, pending: 0 });
    expect(await directoryOf(env, "boot").changes(null, 100)).toEqual(changes);
  });
});
