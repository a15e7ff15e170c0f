import { authenticateApiKey, envelopeKeysOf, memberRecord } from "@factory/governance";
import { kvKey, sha256Hex } from "@factory/schemas";
import type { NewSigningKeyRequest } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { ACTOR, aDirectory, aFoundedDirectory, aKeyRequest, aMember, RecordShelf } from "../testing/directory-builders.ts";
import { usableSigningKey } from "./signing-registry.ts";

const DAY_S = 24 * 60 * 60;
const SECRET = Buffer.alloc(32, 7).toString("base64");
const anHmacKey = (keyId: string, uses: NewSigningKeyRequest["uses"] = ["submission"], secret = SECRET): NewSigningKeyRequest => ({
  keyId,
  uses,
  algorithm: "HMAC-SHA256",
  secret,
});

/** What an edge says of a key, from nothing but the published records. */
const edge = async ({ shelf, clock }: ReturnType<typeof aDirectory>, apiKey: string) => {
  const answer = await authenticateApiKey(apiKey, async (key) => shelf.read(key), clock.now());
  return answer.ok ? answer.principal : answer.code;
};

describe("an organisation", () => {
  it("is founded once and keeps its name", () => {
    const { directory } = aDirectory();
    expect(directory.describe()).toBeNull();
    expect(directory.found("Acme", ACTOR)).toEqual({ created: true });
    expect(directory.found("Other", ACTOR)).toEqual({ created: false });
    expect(directory.describe()).toMatchObject({ org: "acme", name: "Acme", members: 0, keys: 0, issuers: [] });
    expect(directory.changes(null, 10)).toHaveLength(1);
  });

  it("that nobody has founded has no members and takes none", () => {
    const { directory } = aDirectory();
    expect(() => directory.putMember(aMember(), ACTOR)).toThrow("There is no organisation acme.");
    expect(() => directory.issueKey(aKeyRequest(), ACTOR)).toThrow("There is no organisation acme.");
    expect(directory.members.all()).toEqual([]);
  });

  it("notes every change with who and when, newest first, and no secret", async () => {
    const { directory, clock } = aFoundedDirectory();
    directory.putMember(aMember(), ACTOR);
    clock.advance(1_000);
    const { apiKey, key } = directory.issueKey(aKeyRequest(), { principalId: "carol", person: "carol", requestId: "req-2" });
    const usable = await usableSigningKey(anHmacKey("ek-1"), "acme");
    directory.change(() => directory.signingKeys.put(usable, ACTOR));
    const changes = directory.changes(null, 10);
    expect(changes.map(({ what }) => what)).toEqual([
      "registered the signing key ek-1 (HMAC-SHA256) for submission",
      `issued the key ${key.keyId} "laptop" to bob for session:read`,
      "added the member bob (operator)",
      "added the member alice (admin)",
      'founded the organisation "Acme"',
    ]);
    expect(changes[1]).toMatchObject({ at: new Date(clock.now()).toISOString(), actor: { principalId: "carol", person: "carol", requestId: "req-2" } });
    expect(JSON.stringify(changes)).not.toContain(apiKey);
    expect(JSON.stringify(changes)).not.toContain(SECRET);
    expect(directory.changes(changes[1]?.seq ?? 0, 2).map(({ seq }) => seq)).toEqual([3, 2]);
  });
});

describe("members", () => {
  it("are added and changed, and the same again changes nothing", () => {
    const { directory } = aFoundedDirectory();
    expect(directory.putMember(aMember(), ACTOR)).toMatchObject({ changed: true, member: { memberId: "bob", roles: ["operator"], status: "active" } });
    expect(directory.putMember(aMember(), ACTOR)).toMatchObject({ changed: false });
    expect(directory.putMember(aMember({ roles: ["approver", "viewer"] }), ACTOR)).toMatchObject({ changed: true, member: { roles: ["viewer", "approver"] } });
    expect(directory.changes(null, 1)[0]?.what).toBe("changed the member bob: roles from operator to viewer, approver");
  });

  it("always have an admin among them", () => {
    const { directory } = aFoundedDirectory();
    const refused = "alice is the last admin of the organisation";
    expect(() => directory.removeMember("alice", ACTOR)).toThrow(refused);
    expect(() => directory.putMember(aMember({ memberId: "alice", roles: ["operator"] }), ACTOR)).toThrow(refused);
    directory.putMember(aMember({ roles: ["admin"] }), ACTOR);
    expect(directory.removeMember("alice", ACTOR)).toEqual({ revokedKeys: 0 });
    expect(() => directory.removeMember("bob", ACTOR)).toThrow("bob is the last admin");
  });

  it("are one person each: a subject and a Linear user are nobody else's while their member is active", () => {
    const { directory } = aFoundedDirectory();
    directory.putMember(aMember({ oidcSubject: "sub-1", linearUserId: "lin-1" }), ACTOR);
    expect(() => directory.putMember(aMember({ memberId: "carol", oidcSubject: "sub-1" }), ACTOR)).toThrow("The OIDC subject is that of bob");
    expect(() => directory.putMember(aMember({ memberId: "carol", linearUserId: "lin-1" }), ACTOR)).toThrow("The Linear user is that of bob");
    directory.removeMember("bob", ACTOR);
    expect(directory.putMember(aMember({ memberId: "carol", oidcSubject: "sub-1" }), ACTOR)).toMatchObject({ changed: true });
    expect(() => directory.putMember(aMember({ oidcSubject: "sub-1" }), ACTOR)).toThrow("The OIDC subject is that of carol");
  });

  it("are refused with every problem by its field", () => {
    const { directory } = aFoundedDirectory();
    const broken = aMember({ memberId: "Bob", name: " ", roles: [], oidcSubject: "a\u0000b" });
    expect(() => directory.putMember(broken, ACTOR)).toThrow(/memberId: .*name: .*roles: .*oidcSubject: /);
    expect(() => directory.putMember(aMember({ oidcSubject: "\ud800" }), ACTOR)).toThrow(/oidcSubject/);
    expect(directory.members.get("Bob")).toBeNull();
  });

  it("that are removed lose their keys, and come back without them", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox, shelf } = world;
    directory.putMember(aMember({ oidcSubject: "sub-1" }), ACTOR);
    const { apiKey } = directory.issueKey(aKeyRequest(), ACTOR);
    const { apiKey: second } = directory.issueKey(aKeyRequest(), ACTOR);
    await outbox.drain();
    expect(await edge(world, apiKey)).toMatchObject({ id: "bob", scopes: ["session:read"] });
    expect(directory.removeMember("bob", ACTOR)).toEqual({ revokedKeys: 2 });
    expect(directory.removeMember("bob", ACTOR)).toEqual({ revokedKeys: 0 });
    await outbox.drain();
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
    expect(await edge(world, second)).toBe("UNAUTHENTICATED");
    expect(memberRecord.parse(shelf.read(kvKey.memberBySubject("acme", "sub-1")))).toMatchObject({ status: "removed", roles: [] });
    directory.putMember(aMember({ oidcSubject: "sub-1" }), ACTOR);
    await outbox.drain();
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
    expect(memberRecord.parse(shelf.read(kvKey.memberBySubject("acme", "sub-1")))).toMatchObject({ status: "active", memberId: "bob" });
    expect(() => directory.removeMember("nobody", ACTOR)).toThrow("There is no member nobody.");
  });

  it("whose subject moves are no longer found by the old one", async () => {
    const { directory, outbox, shelf } = aFoundedDirectory();
    directory.putMember(aMember({ oidcSubject: "old" }), ACTOR);
    await outbox.drain();
    directory.putMember(aMember({ oidcSubject: "new" }), ACTOR);
    await outbox.drain();
    expect(shelf.read(kvKey.memberBySubject("acme", "old"))).toBeNull();
    expect(shelf.read(kvKey.memberBySubject("acme", "new"))).toMatchObject({ memberId: "bob" });
  });
});

describe("API keys", () => {
  it("are kept by their digest alone, everywhere", async () => {
    const { directory, outbox, shelf, storage, log } = aFoundedDirectory();
    directory.putMember(aMember(), ACTOR);
    const { apiKey, key } = directory.issueKey(aKeyRequest(), ACTOR);
    expect(apiKey).toMatch(/^fk_acme_/);
    await outbox.drain();
    const random = apiKey.slice("fk_acme_".length);
    const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
    for (const { name } of tables) expect(JSON.stringify(storage.sql.exec(`SELECT * FROM "${name}"`).toArray())).not.toContain(random);
    expect(JSON.stringify([...shelf.records])).not.toContain(random);
    expect(JSON.stringify(log)).not.toContain(random);
    expect(key.keyId).toBe(sha256Hex(apiKey).slice(0, 16));
    expect(directory.keys.all()).toEqual([key]);
  });

  it("hold no more than the member's roles allow, also when a role is taken away", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox } = world;
    directory.putMember(aMember(), ACTOR);
    expect(() => directory.issueKey(aKeyRequest({ scopes: ["session:submit", "admin"] }), ACTOR)).toThrow("The roles of bob do not allow admin.");
    const { apiKey } = directory.issueKey(aKeyRequest({ scopes: ["session:submit", "session:read"] }), ACTOR);
    await outbox.drain();
    expect(await edge(world, apiKey)).toMatchObject({ scopes: ["session:submit", "session:read"], roles: ["operator"] });
    directory.putMember(aMember({ roles: ["viewer"] }), ACTOR);
    await outbox.drain();
    expect(await edge(world, apiKey)).toMatchObject({ scopes: ["session:read"], roles: ["viewer"] });
  });

  it("of a machine have its own name, and no member", async () => {
    const world = aFoundedDirectory();
    const { apiKey } = world.directory.issueKey(aKeyRequest({ principalId: "machine:ci", memberId: null, scopes: ["session:submit", "signal:resume"] }), ACTOR);
    await world.outbox.drain();
    expect(await edge(world, apiKey)).toMatchObject({ id: "machine:ci", person: "machine:ci", roles: [], scopes: ["session:submit", "signal:resume"] });
  });

  it("are refused to nobody, for nothing, and for the past", () => {
    const { directory } = aFoundedDirectory();
    expect(() => directory.issueKey(aKeyRequest(), ACTOR)).toThrow("There is no member bob.");
    directory.putMember(aMember(), ACTOR);
    expect(() => directory.issueKey(aKeyRequest({ scopes: [] }), ACTOR)).toThrow(/scopes: must name one scope at least/);
    expect(() => directory.issueKey(aKeyRequest({ scopes: ["everything"] }), ACTOR)).toThrow(/scopes\.0/);
    expect(() => directory.issueKey(aKeyRequest({ principalId: "carol" }), ACTOR)).toThrow("principal and member are the same");
    expect(() => directory.issueKey(aKeyRequest({ expiresAt: "2020-01-01T00:00:00Z" }), ACTOR)).toThrow("would have expired");
    expect(directory.keys.all()).toEqual([]);
  });

  it("that expire say so, and stop without anybody being told", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox, clock } = world;
    const expiresAt = new Date(clock.now() + 60_000).toISOString();
    const { apiKey, key } = directory.issueKey(aKeyRequest({ principalId: "alice", memberId: "alice", expiresAt }), ACTOR);
    await outbox.drain();
    expect(key).toMatchObject({ status: "active", expiresAt });
    clock.advance(60_000);
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
    expect(directory.keys.all()[0]).toMatchObject({ status: "expired" });
  });

  it("are rotated to a successor with the same powers; the old one ends by itself, also where nobody is told", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox, clock } = world;
    directory.putMember(aMember(), ACTOR);
    const { apiKey, key } = directory.issueKey(aKeyRequest(), ACTOR);
    const { apiKey: successor, key: next } = directory.change(() => directory.keys.rotate(key.keyId, DAY_S, ACTOR));
    await outbox.drain();
    expect(next).toMatchObject({ label: "laptop", scopes: ["session:read"], memberId: "bob", status: "active" });
    expect(directory.keys.all().find(({ keyId }) => keyId === key.keyId)).toMatchObject({ status: "rotated", successorId: next.keyId });
    expect(await edge(world, apiKey)).toMatchObject({ id: "bob" });
    expect(await edge(world, successor)).toMatchObject({ id: "bob" });
    clock.advance(DAY_S * 1_000);
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
    expect(await edge(world, successor)).toMatchObject({ id: "bob" });
  });

  it("are rotated once, by a week's overlap at most, and only while they work", () => {
    const { directory } = aFoundedDirectory();
    const rotate = (keyId: string, seconds: number) => directory.change(() => directory.keys.rotate(keyId, seconds, ACTOR));
    const issue = () => directory.issueKey(aKeyRequest({ principalId: "alice", memberId: "alice" }), ACTOR).key.keyId;
    const [rotated, revoked] = [issue(), issue()];
    for (const seconds of [-1, 0.5, 7 * DAY_S + 1, Number.NaN]) expect(() => rotate(rotated, seconds)).toThrow("The overlap in seconds is not valid");
    const successor = rotate(rotated, 7 * DAY_S).key.keyId;
    expect(() => rotate(rotated, 0)).toThrow(`The key ${rotated} is rotated; its successor is ${successor}.`);
    directory.change(() => directory.keys.revoke(revoked, ACTOR));
    expect(() => rotate(revoked, 0)).toThrow(`The key ${revoked} is revoked.`);
    expect(() => rotate("nothing", 0)).toThrow("There is no key nothing.");
    expect(directory.keys.all()).toHaveLength(3);
  });

  it("keep their length of life through a rotation", () => {
    const { directory, clock } = aFoundedDirectory();
    const lifeMs = 30 * DAY_S * 1_000;
    const { key } = directory.issueKey(
      aKeyRequest({ principalId: "alice", memberId: "alice", expiresAt: new Date(clock.now() + lifeMs).toISOString() }),
      ACTOR,
    );
    clock.advance(lifeMs / 2);
    const { key: next } = directory.change(() => directory.keys.rotate(key.keyId, 0, ACTOR));
    expect(next.expiresAt).toBe(new Date(clock.now() + lifeMs).toISOString());
  });

  it("are revoked once, and stay so", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox } = world;
    const { apiKey, key } = directory.issueKey(aKeyRequest({ principalId: "alice", memberId: "alice" }), ACTOR);
    const revoke = () => directory.change(() => directory.keys.revoke(key.keyId, ACTOR));
    expect(revoke()).toMatchObject({ status: "revoked" });
    const changes = directory.changes(null, 100).length;
    expect(revoke()).toMatchObject({ status: "revoked" });
    expect(directory.changes(null, 100)).toHaveLength(changes);
    await outbox.drain();
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
  });

  it("say when they were used last, to the minute, and never in the future", () => {
    const { directory, clock } = aFoundedDirectory();
    const { apiKey } = directory.issueKey(aKeyRequest({ principalId: "alice", memberId: "alice" }), ACTOR);
    const digest = sha256Hex(apiKey);
    const lastUsed = () => directory.keys.all()[0]?.lastUsedAt;
    expect(lastUsed()).toBeNull();
    clock.advance(3_600_000);
    const minute = new Date(Math.floor(clock.now() / 60_000) * 60_000).toISOString();
    directory.keys.used([
      { digest, at: clock.now() },
      { digest: "unknown", at: clock.now() },
    ]);
    expect(lastUsed()).toBe(minute);
    directory.keys.used([{ digest, at: clock.now() - 600_000 }]);
    expect(lastUsed()).toBe(minute);
    directory.keys.used([{ digest, at: clock.now() + 600_000 }]);
    expect(lastUsed()).toBe(minute);
    expect(directory.changes(null, 100)[0]?.what).toMatch(/^issued the key/);
  });
});

describe("signing keys", () => {
  const put = async ({ directory }: ReturnType<typeof aDirectory>, request: NewSigningKeyRequest, org = "acme") => {
    const usable = await usableSigningKey(request, org);
    return directory.change(() => directory.signingKeys.put(usable, ACTOR));
  };
  const lookup = ({ shelf, clock }: ReturnType<typeof aDirectory>, keyId: string) => envelopeKeysOf("acme", async (key) => shelf.read(key), clock.now)(keyId);

  it("are registered once for their uses and found by edges", async () => {
    const world = aFoundedDirectory();
    expect(await put(world, anHmacKey("ek-1"))).toMatchObject({ keyId: "ek-1", uses: ["submission"], status: "active", retiresAt: null });
    expect(await put(world, anHmacKey("ek-1"))).toMatchObject({ status: "active" });
    await expect(put(world, anHmacKey("ek-1", ["kernel"]))).rejects.toThrow("There is another signing key ek-1");
    await expect(put(world, anHmacKey("ek-1", ["submission"], Buffer.alloc(32, 8).toString("base64")))).rejects.toThrow("There is another signing key ek-1");
    await put(world, anHmacKey("kernel-1", ["kernel"]));
    await world.outbox.drain();
    expect(await lookup(world, "ek-1")).toMatchObject({ secret: SECRET });
    expect(await lookup(world, "kernel-1")).toBeNull();
  });

  it("verify for their overlap after a rotation, then by themselves no more", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox, clock } = world;
    await put(world, anHmacKey("ek-1"));
    const successor = await usableSigningKey(anHmacKey("ek-2"), "acme");
    expect(directory.change(() => directory.signingKeys.rotate("ek-1", successor, 60, ACTOR))).toMatchObject({ keyId: "ek-2", status: "active" });
    await outbox.drain();
    expect(await lookup(world, "ek-1")).not.toBeNull();
    expect(await lookup(world, "ek-2")).not.toBeNull();
    clock.advance(60_000);
    expect(await lookup(world, "ek-1")).toBeNull();
    expect(() => directory.change(() => directory.signingKeys.rotate("ek-1", successor, 60, ACTOR))).toThrow("The signing key ek-1 is rotated.");
    expect(() => directory.change(() => directory.signingKeys.rotate("ek-2", successor, 60, ACTOR))).toThrow("There is a signing key ek-2 already");
  });

  it("that are revoked verify nothing", async () => {
    const world = aFoundedDirectory();
    await put(world, anHmacKey("ek-1"));
    await world.outbox.drain();
    expect(await lookup(world, "ek-1")).not.toBeNull();
    const { directory, outbox } = world;
    expect(directory.change(() => directory.signingKeys.revoke("ek-1", ACTOR))).toMatchObject({ status: "revoked" });
    await outbox.drain();
    expect(await lookup(world, "ek-1")).toBeNull();
  });

  it("are tried before they are taken, and what is said of a wrong one holds nothing of it", async () => {
    const short = Buffer.alloc(31, 9).toString("base64");
    await expect(usableSigningKey(anHmacKey("ek-1", ["submission"], short), "acme")).rejects.toThrow("secret must be base64 of at least 32 bytes");
    await expect(usableSigningKey(anHmacKey("ek-1", ["submission"], short), "acme")).rejects.not.toThrow(short);
    await expect(
      usableSigningKey({ keyId: "ek-1", uses: ["kernel"], algorithm: "Ed25519", publicKey: Buffer.alloc(31).toString("base64") }, "acme"),
    ).rejects.toThrow("publicKey must be");
    await expect(usableSigningKey(anHmacKey("a b"), "acme")).rejects.toThrow(/keyId/);
    await expect(usableSigningKey(anHmacKey("ek-1", []), "acme")).rejects.toThrow(/uses/);
  });

  it("under an id that another organisation has are not published over it", async () => {
    const shelf = new RecordShelf();
    const first = aFoundedDirectory("acme", shelf);
    await put(first, anHmacKey("shared"));
    await first.outbox.drain();
    const second = aFoundedDirectory("other", shelf);
    await put(second, anHmacKey("shared", ["submission"], Buffer.alloc(32, 8).toString("base64")), "other");
    await second.outbox.drain();
    expect(second.parked).toEqual(["signing-key:shared"]);
    expect(shelf.read(kvKey.envelopeKey("shared"))).toMatchObject({ org: "acme", secret: SECRET });
  });
});

describe("issuers", () => {
  const issuer = { issuer: "https://id.example.com", audience: "factory", jwksUri: "https://id.example.com/keys" };

  it("are let in, changed and removed, and edges are told", async () => {
    const { directory, outbox, shelf } = aFoundedDirectory();
    const put = (audience: string) => directory.change(() => directory.issuers.put({ ...issuer, audience }, ACTOR));
    put("factory");
    put("factory");
    await outbox.drain();
    expect(shelf.read(kvKey.oidcIssuer(issuer.issuer))).toEqual({ ...issuer, org: "acme" });
    put("other");
    await outbox.drain();
    expect(shelf.read(kvKey.oidcIssuer(issuer.issuer))).toMatchObject({ audience: "other" });
    directory.change(() => directory.issuers.remove(issuer.issuer, ACTOR));
    directory.change(() => directory.issuers.remove(issuer.issuer, ACTOR));
    await outbox.drain();
    expect(shelf.read(kvKey.oidcIssuer(issuer.issuer))).toBeNull();
    expect(directory.changes(null, 3).map(({ what }) => what)).toEqual([
      "removed the issuer https://id.example.com",
      "changed the issuer https://id.example.com for other",
      "let in the issuer https://id.example.com for factory",
    ]);
  });

  it("are addresses", () => {
    const { directory } = aFoundedDirectory();
    expect(() => directory.change(() => directory.issuers.put({ ...issuer, jwksUri: "keys" }, ACTOR))).toThrow(/jwksUri/);
    expect(directory.issuers.all()).toEqual([]);
  });
});

describe("publishing", () => {
  it("goes on until the store takes it, and publishes what is true then", async () => {
    const world = aFoundedDirectory();
    const { directory, outbox, shelf, clock } = world;
    directory.putMember(aMember(), ACTOR);
    shelf.failure = new Error("KV is down");
    const { apiKey, key } = directory.issueKey(aKeyRequest(), ACTOR);
    await outbox.drain();
    directory.change(() => directory.keys.revoke(key.keyId, ACTOR));
    // More failures than the outbox takes by itself.
    for (let attempt = 0; attempt < 25; attempt += 1) {
      clock.advance(300_000);
      await outbox.drain();
    }
    expect(world.parked).toEqual([]);
    expect(outbox.pending()).toBeGreaterThan(0);
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
    shelf.failure = undefined;
    clock.advance(300_000);
    await outbox.drain();
    expect(outbox.pending()).toBe(0);
    expect(shelf.read(kvKey.apiKey(sha256Hex(apiKey)))).toMatchObject({ status: "revoked" });
  });

  it("names records in its orders and holds nothing of them", async () => {
    const { directory, storage } = aFoundedDirectory();
    const usable = await usableSigningKey(anHmacKey("ek-1"), "acme");
    directory.change(() => directory.signingKeys.put(usable, ACTOR));
    const tables = storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
    const holding = tables.filter(({ name }) => JSON.stringify(storage.sql.exec(`SELECT * FROM "${name}"`).toArray()).includes(SECRET));
    expect(holding).toEqual([{ name: "signing_keys" }]);
  });
});

describe("what an organisation has from the beginning", () => {
  const apiKey = `fk_acme_${"a".repeat(43)}`;
  const first = async () => ({
    name: "Acme",
    member: aMember({ memberId: "dev", roles: ["viewer", "operator", "approver", "admin"] }),
    key: { ...aKeyRequest({ principalId: "dev", memberId: "dev", scopes: ["session:read", "admin"], label: "local" }), digest: sha256Hex(apiKey) },
    signingKeys: [await usableSigningKey(anHmacKey("ek-1"), "acme")],
  });

  it("is taken over once, and works", async () => {
    const world = aDirectory();
    const { directory, outbox } = world;
    directory.adopt(await first(), ACTOR);
    await outbox.drain();
    expect(await edge(world, apiKey)).toMatchObject({ id: "dev", person: "dev", scopes: ["session:read", "admin"] });
    const changes = directory.changes(null, 100);
    directory.adopt(await first(), ACTOR);
    expect(directory.changes(null, 100)).toEqual(changes);
    expect(directory.keys.all()).toHaveLength(1);
  });

  it("replaces a record of before there was a directory, and one that was lost", async () => {
    const world = aDirectory();
    const key = kvKey.apiKey(sha256Hex(apiKey));
    world.shelf.records.set(key, JSON.stringify({ org: "acme", principalId: "dev", scopes: ["admin"], createdAt: new Date(0).toISOString() }));
    world.directory.adopt(await first(), ACTOR);
    await world.outbox.drain();
    expect(world.shelf.read(key)).toMatchObject({ memberId: "dev", roles: ["viewer", "operator", "approver", "admin"] });
    world.shelf.records.clear();
    world.directory.adopt(await first(), ACTOR);
    await world.outbox.drain();
    expect(world.shelf.read(key)).toMatchObject({ memberId: "dev" });
    expect(world.shelf.read(kvKey.org("acme"))).toMatchObject({ name: "Acme" });
    expect(world.shelf.read(kvKey.envelopeKey("ek-1"))).toMatchObject({ secret: SECRET });
  });

  it("undoes nothing that people have changed", async () => {
    const world = aDirectory();
    const { directory, outbox } = world;
    directory.adopt(await first(), ACTOR);
    directory.putMember(aMember({ memberId: "alice", roles: ["admin"] }), ACTOR);
    directory.putMember(aMember({ memberId: "dev", roles: ["viewer"] }), ACTOR);
    directory.change(() => directory.signingKeys.revoke("ek-1", ACTOR));
    directory.adopt(await first(), ACTOR);
    expect(directory.members.get("dev")).toMatchObject({ roles: ["viewer"] });
    expect(directory.signingKeys.all()).toMatchObject([{ status: "revoked" }]);
    directory.removeMember("dev", ACTOR);
    directory.adopt({ ...(await first()), key: { ...(await first()).key, digest: sha256Hex("another") } }, ACTOR);
    await outbox.drain();
    expect(await edge(world, apiKey)).toBe("UNAUTHENTICATED");
    expect(directory.keys.all()).toHaveLength(1);
  });
});
