import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { newApiKey, type ApiKeyRecord, type Scope } from "@factory/governance";
import { kvKey, objectName } from "@factory/schemas";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { clientsOf, detailOf, expectRefusal, put, type Clients } from "../testing/clients.ts";

type DirectoryDouble = { usesNoted(): Promise<{ digest: string; at: number }[]>; found(name: string, actor: object): Promise<object> };
// The object is the double of `testing/neighbours.mjs`.
const directoryDouble = (org: string): DirectoryDouble => env.DIRECTORIES.getByName(objectName.directory(org)) as unknown as DirectoryDouble;

const EVERY: readonly Scope[] = ["session:submit", "session:read", "session:control", "review:decide", "admin"];
let made = 0;

/** An organisation of its own with the key of an admin, or of whom a test says. */
async function anOrg(scopes: readonly Scope[] = EVERY, change: Partial<ApiKeyRecord> = {}, org = `org-${(made += 1)}`) {
  const key = newApiKey(org, "ana", scopes, Date.now());
  await put(key.storageKey, JSON.stringify({ ...key.record, ...change }));
  await directoryDouble(org).found("An organisation", { principalId: "ana", person: "ana", requestId: "r" });
  return { org, key, admin: clientsOf(key.apiKey).admin };
}

type Admin = Clients["admin"];
const member = (memberId: string, roles: string[], more: object = {}) => ({ memberId, name: memberId, roles, ...more });
const problems = async (run: () => Promise<unknown>): Promise<string[]> =>
  detailOf(await expectRefusal("INVALID_ARGUMENT", run)).problems.map(({ field }) => field);

describe("an organisation", () => {
  it("is shown to whoever may read in it, with what two people have suspended", async () => {
    const { org, admin } = await anOrg(["session:read"]);
    const inForce = { assembly: "shop", reason: "prices", by: ["ana", "bob"], since: "2026-08-04T12:00:00Z", dispositionEventId: "DSP-1" };
    await env.BLOBS.put(`test-suspensions/${org}`, JSON.stringify([inForce]));
    const { org: shown } = await admin.getOrg({});
    expect(shown).toMatchObject({
      org,
      name: "An organisation",
      members: 0,
      keys: 0,
      suspensions: [{ assembly: "shop", by: ["ana", "bob"], reason: "prices" }],
    });
  });

  it("is made by an admin of the platform's own organisation only", async () => {
    const { admin } = await anOrg();
    const wanted = { org: `new-${(made += 1)}`, name: "New", adminMemberId: "bea", adminName: "Bea" };
    await expectRefusal("PERMISSION_DENIED", () => admin.createOrg(wanted));
    const root = await anOrg([...EVERY, "signal:resume"], {}, env.FACTORY_ROOT_ORG);
    const first = await root.admin.createOrg(wanted);
    expect(first).toMatchObject({
      created: true,
      org: { org: wanted.org, name: "New", members: 1, keys: 1 },
      issued: { key: { memberId: "bea", principalId: "bea" } },
    });
    expect(first.issued?.apiKey).toMatch(new RegExp(`^fk_${wanted.org}_`));
    expect(first.issued?.key?.scopes.toSorted()).toEqual([...EVERY, "signal:resume"].toSorted());
    const again = await root.admin.createOrg(wanted);
    expect([again.created, again.issued]).toEqual([false, undefined]);
  });

  it("that was founded by a call that broke off is finished by the next", async () => {
    const root = await anOrg(EVERY, {}, env.FACTORY_ROOT_ORG);
    const org = `broken-${(made += 1)}`;
    await directoryDouble(org).found("Broken", { principalId: "x", person: "x", requestId: "x" });
    const answer = await root.admin.createOrg({ org, name: "Broken", adminMemberId: "bea", adminName: "Bea" });
    expect([answer.created, answer.issued?.key?.memberId]).toEqual([false, "bea"]);
  });

  it("is refused with every field that is wrong", async () => {
    const root = await anOrg(EVERY, {}, env.FACTORY_ROOT_ORG);
    const wrong = { org: "Not_A_Slug", name: " ", adminMemberId: "Bea Miller", adminName: "a\nb" };
    expect(await problems(() => root.admin.createOrg(wrong))).toEqual(["org", "name", "admin_member_id", "admin_name"]);
  });

  it("tells what was changed in it, by whom, newest first and in pages", async () => {
    const { admin } = await anOrg();
    for (const name of ["bea", "carl", "dora"]) await admin.putMember(member(name, ["viewer"]));
    const { changes } = await admin.listOrgChanges({ limit: 2 });
    expect(changes.map(({ what, person }) => [what, person])).toEqual([
      ["put dora", "ana"],
      ["put carl", "ana"],
    ]);
    const { changes: older } = await admin.listOrgChanges({ before: changes.at(-1)?.seq ?? 0 });
    expect(older.map(({ what }) => what)).toEqual(["put bea", "founded An organisation"]);
    expect(changes[0]?.requestId).not.toBe("");
    expect(await problems(() => admin.listOrgChanges({ limit: 101 }))).toEqual(["limit"]);
  });
});

describe("a member", () => {
  it("is added, changed and removed by an admin", async () => {
    const { admin } = await anOrg();
    const wanted = member("bea@acme.test", ["approver", "viewer"], { oidcSubject: "sub|1", linearUserId: "2f1c" });
    const { member: added, changed } = await admin.putMember(wanted);
    expect([added, changed]).toMatchObject([
      { memberId: "bea@acme.test", roles: ["viewer", "approver"], oidcSubject: "sub|1", linearUserId: "2f1c", status: "active" },
      true,
    ]);
    expect((await admin.putMember(wanted)).changed).toBe(false);
    expect((await admin.removeMember({ memberId: "bea@acme.test" })).revokedKeys).toBe(1);
    expect((await admin.listMembers({})).members.map(({ memberId, status }) => [memberId, status])).toEqual([["bea@acme.test", "removed"]]);
    await expectRefusal("NOT_FOUND", () => admin.removeMember({ memberId: "nobody" }));
  });

  it("is refused with every field that is wrong", async () => {
    const { admin } = await anOrg();
    const wrong = { memberId: "Bea", name: "", roles: ["king", "viewer", "viewer"], oidcSubject: "ü".repeat(200), linearUserId: "a b" };
    expect(await problems(() => admin.putMember(wrong))).toEqual(["member_id", "name", "roles.0", "roles.2", "oidc_subject", "linear_user_id"]);
    expect(await problems(() => admin.putMember(member("bea", [])))).toEqual(["roles"]);
  });

  it.each<[string, (admin: Admin) => Promise<unknown>]>([
    ["putMember", (admin) => admin.putMember(member("bea", ["admin"]))],
    ["removeMember", (admin) => admin.removeMember({ memberId: "bea" })],
    ["listMembers", (admin) => admin.listMembers({})],
    ["issueKey", (admin) => admin.issueKey({ label: "mine" })],
    ["rotateKey", (admin) => admin.rotateKey({ keyId: "key-1" })],
    ["revokeKey", (admin) => admin.revokeKey({ keyId: "key-1" })],
    ["listKeys", (admin) => admin.listKeys({})],
    ["putSigningKey", (admin) => admin.putSigningKey({})],
    ["putIssuer", (admin) => admin.putIssuer({})],
    ["createOrg", (admin) => admin.createOrg({})],
    ["listOrgChanges", (admin) => admin.listOrgChanges({})],
  ])("without the scope admin is refused %s", async (_name, run) => {
    const { admin } = await anOrg(["session:submit", "session:read", "session:control", "review:decide"]);
    await expectRefusal("PERMISSION_DENIED", () => run(admin));
  });
});

describe("an API key", () => {
  let org: Awaited<ReturnType<typeof anOrg>>;
  beforeEach(async () => {
    org = await anOrg();
    await org.admin.putMember(member("bea", ["operator"]));
  });

  it("of a member has what the member's roles allow, unless less is asked for", async () => {
    const { issued } = await org.admin.issueKey({ label: "laptop", memberId: "bea" });
    expect(issued?.key).toMatchObject({ label: "laptop", memberId: "bea", principalId: "bea", status: "active" });
    expect(issued?.key?.scopes.toSorted()).toEqual(["session:control", "session:read", "session:submit"]);
    const less = await org.admin.issueKey({
      label: "ci",
      memberId: "bea",
      scopes: ["session:read", "session:read"],
      expiresAt: timestampFromMs(Date.now() + 60_000),
    });
    expect(less.issued?.key?.scopes).toEqual(["session:read"]);
    expect(less.issued?.key?.expiresAt).toBeDefined();
  });

  it("never has more than the member's roles allow", async () => {
    const err = await expectRefusal("PERMISSION_DENIED", () =>
      org.admin.issueKey({ label: "x", memberId: "bea", scopes: ["session:read", "review:decide", "admin"] }),
    );
    expect(err.rawMessage).toContain("review:decide, admin");
    expect((await org.admin.listKeys({})).keys).toEqual([]);
  });

  it("never has more than the caller's own credential", async () => {
    const narrow = newApiKey(org.org, "ana", ["admin", "session:read"], Date.now());
    await put(narrow.storageKey, JSON.stringify(narrow.record));
    const { admin } = clientsOf(narrow.apiKey);
    await expectRefusal("PERMISSION_DENIED", () => admin.issueKey({ label: "x", memberId: "bea", scopes: ["session:submit"] }));
    await expectRefusal("PERMISSION_DENIED", () => admin.issueKey({ label: "x", machine: "bot", scopes: ["session:control"] }));
    expect((await admin.issueKey({ label: "x", memberId: "bea" })).issued?.key?.scopes).toEqual(["session:read"]);
  });

  it("of a member that is none, or was removed, is NOT_FOUND", async () => {
    await expectRefusal("NOT_FOUND", () => org.admin.issueKey({ label: "x", memberId: "nobody" }));
    await org.admin.removeMember({ memberId: "bea" });
    await expectRefusal("NOT_FOUND", () => org.admin.issueKey({ label: "x", memberId: "bea" }));
  });

  it("of a machine has what is asked for, a name that no member can have, and never decides a review", async () => {
    const { issued } = await org.admin.issueKey({ label: "nightly", machine: "ci-bot", scopes: ["session:submit"] });
    expect(issued?.key).toMatchObject({ principalId: "machine:ci-bot", memberId: "", scopes: ["session:submit"] });
    expect(await problems(() => org.admin.issueKey({ label: "x", machine: "ci-bot" }))).toEqual(["scopes"]);
    await expectRefusal("PERMISSION_DENIED", () => org.admin.issueKey({ label: "x", machine: "ci-bot", scopes: ["review:decide"] }));
  });

  it("is refused with every field that is wrong", async () => {
    const wrong = { label: "", memberId: "Bea", machine: "A B", scopes: ["root", "session:read"], expiresAt: timestampFromMs(1_000) };
    expect(await problems(() => org.admin.issueKey(wrong))).toEqual(["label", "member_id", "machine", "machine", "scopes.0", "expires_at"]);
    expect(await problems(() => org.admin.rotateKey({ keyId: "", overlapSeconds: 7 * 86_400 + 1 }))).toEqual(["key_id", "overlap_seconds"]);
  });

  it("is rotated into one with the same powers, by whoever has these powers", async () => {
    await org.admin.issueKey({ label: "laptop", memberId: "bea" });
    const narrow = newApiKey(org.org, "ana", ["admin"], Date.now());
    await put(narrow.storageKey, JSON.stringify(narrow.record));
    const err = await expectRefusal("PERMISSION_DENIED", () => clientsOf(narrow.apiKey).admin.rotateKey({ keyId: "key-1" }));
    expect(err.rawMessage).toContain("session:submit");
    const { issued } = await org.admin.rotateKey({ keyId: "key-1", overlapSeconds: 3_600 });
    expect(issued?.key).toMatchObject({ keyId: "key-2", label: "laptop, 3600 s" });
    expect((await org.admin.listKeys({})).keys.map(({ keyId, status, successorId }) => [keyId, status, successorId])).toEqual([
      ["key-1", "rotated", "key-2"],
      ["key-2", "active", ""],
    ]);
    await expectRefusal("NOT_FOUND", () => org.admin.rotateKey({ keyId: "key-9" }));
  });

  it("is revoked, and one that is not there is NOT_FOUND", async () => {
    await org.admin.issueKey({ label: "laptop", memberId: "bea" });
    expect((await org.admin.revokeKey({ keyId: "key-1" })).key?.status).toBe("revoked");
    await expectRefusal("NOT_FOUND", () => org.admin.revokeKey({ keyId: "key-9" }));
  });

  it("is noted as used, by its digest", async () => {
    const digest = org.key.storageKey.slice("api-key/".length);
    await expect.poll(async () => (await directoryDouble(org.org).usesNoted()).map((use) => use.digest)).toEqual([digest]);
  });

  it("that was revoked opens nothing", async () => {
    const { admin } = await anOrg(EVERY, { status: "revoked" });
    await expectRefusal("UNAUTHENTICATED", () => admin.whoAmI({}));
  });
});

describe("a signing key", () => {
  const secret = Buffer.alloc(32, 7).toString("base64");
  const hmac = (keyId: string, uses = ["submission"]) => ({ key: { keyId, uses, material: { case: "secret" as const, value: secret } } });

  it("is registered, rotated, listed without its material and revoked", async () => {
    const { admin, org } = await anOrg();
    const keyId = `ek_${org}`;
    expect((await admin.putSigningKey(hmac(keyId, ["kernel", "disposition"]))).key).toMatchObject({
      keyId,
      algorithm: "HMAC-SHA256",
      uses: ["kernel", "disposition"],
      status: "active",
    });
    const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
    const raw = Buffer.from(await crypto.subtle.exportKey("raw", pair.publicKey)).toString("base64");
    const successor = { keyId: `${keyId}-2`, uses: ["kernel"], material: { case: "publicKey" as const, value: raw } };
    expect((await admin.rotateSigningKey({ keyId, successor, overlapSeconds: 60 })).key).toMatchObject({ keyId: `${keyId}-2`, algorithm: "Ed25519" });
    const { keys } = await admin.listSigningKeys({});
    expect(keys.map(({ keyId: id, status }) => [id, status])).toEqual([
      [keyId, "rotated"],
      [`${keyId}-2`, "active"],
    ]);
    expect(JSON.stringify(keys.map(({ $typeName: _type, ...rest }) => ({ ...rest, createdAt: "", retiresAt: "" })))).not.toContain(secret.slice(0, 20));
    expect((await admin.revokeSigningKey({ keyId })).key?.status).toBe("revoked");
  });

  it("is refused for what cannot verify, and for what nobody would sign with it", async () => {
    const { admin } = await anOrg();
    const short = { key: { keyId: "ek_short", uses: ["submission"], material: { case: "secret" as const, value: Buffer.alloc(31).toString("base64") } } };
    expect(await problems(() => admin.putSigningKey(short))).toEqual(["key.secret"]);
    const none = { key: { keyId: "ek_none", uses: ["submission"], material: { case: "publicKey" as const, value: "bm90IGEga2V5" } } };
    expect(await problems(() => admin.putSigningKey(none))).toEqual(["key.public_key"]);
    expect(await problems(() => admin.putSigningKey(hmac("a b", ["love-letters"])))).toEqual(["key.key_id", "key.uses.0"]);
    await expectRefusal("INVALID_ARGUMENT", () => admin.putSigningKey({}));
    await expectRefusal("INVALID_ARGUMENT", () => admin.putSigningKey({ key: { keyId: "ek_bare", uses: ["submission"] } }));
  });

  it("whose id is another organisation's is ALREADY_EXISTS: ids are one namespace, and nobody is locked out", async () => {
    const { admin } = await anOrg();
    await put(kvKey.envelopeKey("ek_theirs"), JSON.stringify({ keyId: "ek_theirs", org: "theirs", algorithm: "HMAC-SHA256", secret, status: "active" }));
    await expectRefusal("ALREADY_EXISTS", () => admin.putSigningKey(hmac("ek_theirs")));
    const successor = hmac("ek_theirs").key;
    await expectRefusal("ALREADY_EXISTS", () => admin.rotateSigningKey({ keyId: "ek_own", successor }));
  });
});

describe("an OIDC issuer", () => {
  const issuer = (change: object = {}) => ({
    issuer: { issuer: "https://login.acme.test/", audience: "factory", jwksUri: "https://login.acme.test/keys", ...change },
  });

  it("is put and removed", async () => {
    const { admin } = await anOrg();
    await admin.putIssuer(issuer());
    expect((await admin.getOrg({})).org?.issuers).toMatchObject([issuer().issuer]);
    await admin.removeIssuer({ issuer: "https://login.acme.test/" });
    expect((await admin.getOrg({})).org?.issuers).toEqual([]);
  });

  it("is refused with every field that is wrong", async () => {
    const { admin } = await anOrg();
    expect(await problems(() => admin.putIssuer(issuer({ issuer: "login", audience: "", jwksUri: "http://login.acme.test/keys" })))).toEqual([
      "issuer.issuer",
      "issuer.audience",
      "issuer.jwks_uri",
    ]);
    expect(await problems(() => admin.putIssuer(issuer({ issuer: `https://login.acme.test/${"x".repeat(600)}` })))).toEqual(["issuer.issuer"]);
    await expectRefusal("INVALID_ARGUMENT", () => admin.putIssuer({}));
  });

  it("of another organisation is ALREADY_EXISTS: nobody can take it away", async () => {
    const { admin } = await anOrg();
    const theirs = "https://login.theirs.test/";
    await put(kvKey.oidcIssuer(theirs), JSON.stringify({ issuer: theirs, audience: "factory", jwksUri: `${theirs}keys`, org: "theirs" }));
    await expectRefusal("ALREADY_EXISTS", () => admin.putIssuer(issuer({ issuer: theirs })));
  });
});
