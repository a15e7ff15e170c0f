import { generateKeyPairSync } from "node:crypto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { FactoryAdmin } from "@factory/schemas/proto";
import { afterEach, describe, expect, it } from "vitest";
import { main } from "./run.ts";
import { startFakeGateway, type FakeGateway } from "./testing/fake-gateway.ts";
import { capturedOutput, testFolder } from "./testing/terminal.ts";

const output = capturedOutput();
const folder = testFolder("factory-org");
const AT = timestampFromMs(Date.parse("2026-08-04T12:00:00Z"));

let gateway: FakeGateway | undefined;
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
});

/** Runs a command line against a platform that answers as told. */
async function factory(admin: Partial<ServiceImpl<typeof FactoryAdmin>>, ...args: string[]): Promise<number> {
  gateway = await startFakeGateway([], { admin });
  return main(args, { FACTORY_URL: gateway.url, FACTORY_API_KEY: "fk_test" });
}

const lines = (): string[] => output.out.trimEnd().split("\n");
/** Cells of each line: columns are as wide as their widest cell. */
const cells = (): string[][] => lines().map((line) => line.split(/ {2,}/));
const json = (): unknown => JSON.parse(lines().at(-1) ?? "null");
const notCalled = (): never => {
  throw new ConnectError("not called for", Code.Internal);
};

describe("factory whoami", () => {
  const answer = { org: "acme", principalId: "ana", person: "ana", kind: "oidc", roles: ["viewer", "approver"], scopes: ["session:read", "review:decide"] };

  it("tells the member, the credential, and what it allows", async () => {
    expect(await factory({ whoAmI: () => answer }, "whoami")).toBe(0);
    expect(lines()).toEqual([
      "ana of acme",
      "  person      ana",
      "  credential  OIDC token",
      "  roles       viewer, approver",
      "  scopes      session:read, review:decide",
    ]);
  });

  it("shows nothing as nothing, and is one line with --json", async () => {
    expect(await factory({ whoAmI: () => ({ ...answer, kind: "api-key", roles: [] }) }, "whoami", "--json")).toBe(0);
    expect(json()).toEqual({ outcome: "COMPLETED", ...answer, kind: "api-key", roles: [] });
  });

  it("exits 1 with what the platform says of a credential that is not good", async () => {
    expect(
      await factory(
        {
          whoAmI: () => {
            throw new ConnectError("The call carries no valid credential.", Code.Unauthenticated);
          },
        },
        "whoami",
      ),
    ).toBe(1);
    expect(output.err).toContain("no valid credential");
  });
});

describe("factory org", () => {
  it("shows the organisation, its issuers, and what is suspended", async () => {
    const issuers = [{ issuer: "https://login.acme.test/", audience: "factory", jwksUri: "https://login.acme.test/keys" }];
    const suspensions = [{ assembly: "shop", reason: "prices\u001b[2J", by: ["ana", "bob"], since: AT }];
    await factory({ getOrg: () => ({ org: { org: "acme", name: "Acme", createdAt: AT, members: 2, keys: 3, issuers, suspensions } }) }, "org", "show");
    expect(cells()).toEqual([
      ["acme", "Acme"],
      ["", "made", "2026-08-04T12:00:00Z"],
      ["", "members", "2"],
      ["", "keys", "3"],
      [""],
      ["ISSUER", "AUDIENCE", "KEYS AT"],
      ["https://login.acme.test/", "factory", "https://login.acme.test/keys"],
      [""],
      [expect.stringMatching(/^SUSPENDED shop by ana and bob since 2026-08-04T12:00:00Z: prices/)],
    ]);
    expect(output.out).not.toContain("\u001b");
  });

  it("makes one and shows the first admin's key once, with a word on it; a repeat changes nothing", async () => {
    let created = true;
    const createOrg: ServiceImpl<typeof FactoryAdmin>["createOrg"] = ({ org, adminMemberId, adminName }) => {
      const issued = created
        ? { issued: { apiKey: "fk_new_secret", key: { keyId: "k", principalId: `${adminMemberId}/${adminName}`, scopes: ["admin"] } } }
        : {};
      return { org: { org }, created, ...issued };
    };
    const args = ["org", "create", "new", "--name", "New", "--admin", "bea@new.test"];
    expect(await factory({ createOrg }, ...args)).toBe(0);
    expect(lines()).toEqual(["new is made.", "", "fk_new_secret", "", expect.stringContaining("shown once and stored nowhere")]);
    created = false;
    output.forget();
    await gateway?.stop();
    await factory({ createOrg }, ...args);
    expect(lines()).toEqual(["new is there already; nothing changes."]);
  });

  it("lists what was changed, by whom", async () => {
    const asked: unknown[] = [];
    const listOrgChanges: ServiceImpl<typeof FactoryAdmin>["listOrgChanges"] = ({ limit, before }) => {
      asked.push([limit, before]);
      return {
        changes: [
          { seq: 2, at: AT, principalId: "ana", person: "ana", what: "put bea" },
          { seq: 1, at: AT, principalId: "k-1", person: "ana", what: "founded" },
        ],
      };
    };
    await factory({ listOrgChanges }, "org", "changes", "--limit", "2", "--before", "3");
    expect(asked).toEqual([[2, 3]]);
    expect(cells()).toEqual([
      ["SEQ", "WHEN", "WHO", "WHAT"],
      ["2", "2026-08-04T12:00:00Z", "ana", "put bea"],
      ["1", "2026-08-04T12:00:00Z", "ana (k-1)", "founded"],
    ]);
  });

  it("puts an issuer and takes it away", async () => {
    const asked: unknown[] = [];
    const admin: Partial<ServiceImpl<typeof FactoryAdmin>> = {
      putIssuer: ({ issuer }) => (asked.push([issuer?.issuer, issuer?.audience, issuer?.jwksUri]), {}),
      removeIssuer: ({ issuer }) => (asked.push([issuer]), {}),
    };
    expect(await factory(admin, "org", "issuer", "put", "https://l.test/", "--audience", "factory", "--jwks", "https://l.test/keys")).toBe(0);
    await gateway?.stop();
    expect(await factory(admin, "org", "issuer", "remove", "https://l.test/")).toBe(0);
    expect(asked).toEqual([["https://l.test/", "factory", "https://l.test/keys"], ["https://l.test/"]]);
  });
});

describe("factory member", () => {
  const bea = { memberId: "bea", name: "Bea", roles: ["viewer"], oidcSubject: "sub-1", linearUserId: "", status: "active", createdAt: AT };

  it("lists the members", async () => {
    await factory({ listMembers: () => ({ members: [bea] }) }, "member", "list");
    expect(cells()).toEqual([
      ["MEMBER", "NAME", "ROLES", "OIDC SUBJECT", "LINEAR USER", "STATUS", "SINCE"],
      ["bea", "Bea", "viewer", "sub-1", "-", "active", "2026-08-04T12:00:00Z"],
    ]);
  });

  it("changes what is named of a member and leaves the rest", async () => {
    const put: object[] = [];
    const putMember: ServiceImpl<typeof FactoryAdmin>["putMember"] = ({ memberId, name, roles, oidcSubject, linearUserId }) => {
      put.push({ memberId, name, roles, oidcSubject, linearUserId });
      return { member: { memberId, roles }, changed: true };
    };
    await factory({ listMembers: () => ({ members: [bea] }), putMember }, "member", "add", "bea", "--role", "operator,approver", "--linear-user", "lin-1");
    expect(put).toEqual([{ memberId: "bea", name: "Bea", roles: ["operator", "approver"], oidcSubject: "sub-1", linearUserId: "lin-1" }]);
    expect(lines()).toEqual(["bea: viewer -> operator, approver"]);
  });

  it("takes nothing up again of a member who was removed, and needs the roles of a new one", async () => {
    const gone = { ...bea, status: "removed" };
    expect(await factory({ listMembers: () => ({ members: [gone] }), putMember: notCalled }, "member", "add", "bea")).toBe(2);
    expect(output.err).toContain("--role is needed");
  });

  it("says when nothing changes, and how many keys went with a member", async () => {
    const admin: Partial<ServiceImpl<typeof FactoryAdmin>> = {
      listMembers: () => ({ members: [bea] }),
      putMember: () => ({ member: bea, changed: false }),
      removeMember: () => ({ revokedKeys: 1 }),
    };
    await factory(admin, "member", "add", "bea");
    expect(lines()).toEqual(["bea: viewer already; nothing changes."]);
    output.forget();
    await gateway?.stop();
    await factory(admin, "member", "remove", "bea");
    expect(lines()).toEqual(["bea is removed; 1 key is revoked."]);
  });
});

describe("factory key", () => {
  const issued = { apiKey: "fk_acme_secret", key: { keyId: "k-2", label: "ci", principalId: "machine:ci", scopes: ["session:submit"], status: "active" } };

  it("lists keys without a secret: what names them, who holds them, when they were used", async () => {
    const keys = [
      {
        keyId: "k-1",
        label: "laptop",
        principalId: "ana",
        memberId: "ana",
        scopes: ["admin", "session:read"],
        status: "rotated",
        successorId: "k-2",
        lastUsedAt: AT,
      },
      { keyId: "k-2", label: "laptop", principalId: "ana", memberId: "ana", scopes: [], status: "active", expiresAt: AT },
    ];
    await factory({ listKeys: () => ({ keys }) }, "key", "list");
    expect(cells()).toEqual([
      ["KEY", "LABEL", "HOLDER", "STATUS", "SCOPES", "USED", "EXPIRES"],
      ["k-1", "laptop", "ana", "rotated, now k-2", "admin, session:read", "2026-08-04T12:00:00Z", "-"],
      ["k-2", "laptop", "ana", "active", "-", "never", "2026-08-04T12:00:00Z"],
    ]);
  });

  it("makes one for whom it is told to, and shows it once with a word on it", async () => {
    const asked: object[] = [];
    const issueKey: ServiceImpl<typeof FactoryAdmin>["issueKey"] = ({ label, memberId, machine, scopes, expiresAt }) => {
      asked.push({ label, memberId, machine, scopes, expiresAt: expiresAt === undefined ? null : Number(expiresAt.seconds) });
      return { issued };
    };
    const args = [
      "key",
      "create",
      "--label",
      "ci",
      "--machine",
      "ci",
      "--scope",
      "session:submit",
      "--scope",
      "session:read",
      "--expires",
      "2027-01-01T00:00:00Z",
    ];
    expect(await factory({ issueKey }, ...args)).toBe(0);
    expect(asked).toEqual([
      { label: "ci", memberId: "", machine: "ci", scopes: ["session:submit", "session:read"], expiresAt: Date.parse("2027-01-01T00:00:00Z") / 1_000 },
    ]);
    expect(lines()).toEqual([
      "fk_acme_secret",
      "",
      expect.stringMatching(/^k-2 of machine:ci, which may session:submit\. It is shown once and stored nowhere/),
    ]);
  });

  it("rotates one with an overlap of an hour unless told, and revokes one", async () => {
    const overlaps: number[] = [];
    const admin: Partial<ServiceImpl<typeof FactoryAdmin>> = {
      rotateKey: ({ overlapSeconds }) => (overlaps.push(overlapSeconds), { issued }),
      revokeKey: ({ keyId }) => ({ key: { keyId, status: "revoked" } }),
    };
    await factory(admin, "key", "rotate", "k-1");
    expect(lines().at(-1)).toBe("k-1 works for 1h more.");
    await gateway?.stop();
    await factory(admin, "key", "rotate", "k-1", "--overlap", "0s");
    expect(lines().at(-1)).toBe("k-1 no longer works.");
    await gateway?.stop();
    await factory(admin, "key", "rotate", "k-1", "--overlap", "7d", "--json");
    expect(json()).toMatchObject({ outcome: "COMPLETED", issued: { apiKey: "fk_acme_secret", key: { keyId: "k-2" } } });
    expect(overlaps).toEqual([3_600, 0, 604_800]);
    await gateway?.stop();
    await factory(admin, "key", "revoke", "k-1");
    expect(lines().at(-1)).toBe("k-1 is revoked; no edge takes it in a minute.");
  });
});

describe("factory key signing", () => {
  type Put = { keyId: string; uses: string[]; material: { case: string | undefined; value?: string | undefined } };
  function recording(): { admin: Partial<ServiceImpl<typeof FactoryAdmin>>; put: Put[] } {
    const put: Put[] = [];
    const registered = (key: { keyId: string; uses: string[]; material: { case?: string | undefined; value?: string | undefined } } | undefined) => {
      if (key === undefined) throw new ConnectError("no key", Code.InvalidArgument);
      put.push({ keyId: key.keyId, uses: key.uses, material: { case: key.material.case, value: key.material.value } });
      return { key: { keyId: key.keyId, uses: key.uses, algorithm: key.material.case === "secret" ? "HMAC-SHA256" : "Ed25519", status: "active" } };
    };
    const admin: Partial<ServiceImpl<typeof FactoryAdmin>> = {
      putSigningKey: ({ key }) => registered(key),
      rotateSigningKey: ({ successor }) => registered(successor),
      listSigningKeys: () => ({ keys: [{ keyId: "ek_1", algorithm: "HMAC-SHA256", uses: ["kernel"], status: "active", createdAt: AT }] }),
    };
    return { admin, put };
  }

  it("makes a secret where no public key is given, registers it and shows it once", async () => {
    const { admin, put } = recording();
    expect(await factory(admin, "key", "signing", "add", "ek_1", "--use", "kernel,submission")).toBe(0);
    const [secret = ""] = lines();
    expect(put).toEqual([{ keyId: "ek_1", uses: ["kernel", "submission"], material: { case: "secret", value: secret } }]);
    expect(Buffer.from(secret, "base64")).toHaveLength(32);
    expect(lines().at(-1)).toContain("shown once and stored nowhere");
    output.forget();
    await gateway?.stop();
    await factory(admin, "key", "signing", "add", "ek_1", "--use", "kernel", "--json");
    expect(lines()).toHaveLength(1);
    expect(json()).toMatchObject({ outcome: "COMPLETED", key: { keyId: "ek_1" }, secret: put[1]?.material.value });
  });

  it("registers a public key of a file, and refuses a private one", async () => {
    const { admin, put } = recording();
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const pem = folder.put("key.pem", publicKey.export({ format: "pem", type: "spki" }));
    expect(await factory(admin, "key", "signing", "add", "ek_1", "--use", "disposition", "--public-key", pem)).toBe(0);
    expect(put).toEqual([
      { keyId: "ek_1", uses: ["disposition"], material: { case: "publicKey", value: publicKey.export({ format: "der", type: "spki" }).toString("base64") } },
    ]);
    expect(lines()).toEqual(["ek_1 (Ed25519), for disposition, is registered."]);
    for (const content of [
      privateKey.export({ format: "pem", type: "pkcs8" }),
      generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "pem", type: "spki" }),
      "no key",
    ]) {
      await gateway?.stop();
      const wrong = folder.put("wrong.pem", content);
      expect(await factory({ putSigningKey: notCalled }, "key", "signing", "add", "ek_1", "--use", "kernel", "--public-key", wrong)).toBe(2);
    }
    expect(output.err).toContain("holds a private key");
  });

  it("rotates one for the same uses unless told, and knows none that is not listed", async () => {
    const { admin, put } = recording();
    expect(await factory(admin, "key", "signing", "rotate", "ek_1", "ek_2")).toBe(0);
    expect(put).toMatchObject([{ keyId: "ek_2", uses: ["kernel"] }]);
    await gateway?.stop();
    expect(await factory(admin, "key", "signing", "rotate", "ek_9", "ek_2")).toBe(2);
    expect(put).toHaveLength(1);
  });

  it("lists them without their material", async () => {
    const { admin } = recording();
    await factory(admin, "key", "signing", "list");
    expect(cells()).toEqual([
      ["KEY", "ALGORITHM", "USES", "STATUS", "SINCE", "UNTIL"],
      ["ek_1", "HMAC-SHA256", "kernel", "active", "2026-08-04T12:00:00Z", "-"],
    ]);
  });
});
