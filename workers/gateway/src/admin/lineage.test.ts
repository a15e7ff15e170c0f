import { Code } from "@connectrpc/connect";
import { artifactNode, objectName } from "@factory/schemas";
import { CausalEnd, LineageDirection, type LineageGraph } from "@factory/schemas/proto";
import { artifactGraphOf } from "@factory/schemas/rpc";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { storeCredentials } from "../testing/builders.ts";
import { clientsOf, detailOf, expectRefusal, put, type Clients } from "../testing/clients.ts";
import { aLineage, register, type Lineage } from "../testing/lineage.ts";

type World = { readonly org: string; readonly admin: Clients["admin"] };

/** An org of its own with a reader's key. */
async function aWorld(org: string, assemblies: readonly string[]): Promise<World> {
  await register(env.BLOBS, org, assemblies);
  return { org, admin: clientsOf((await storeCredentials(put, org, ["session:read"])).apiKey).admin };
}

async function written(org: string, assembly: string, lineage: Lineage = aLineage(org)): Promise<Lineage["ids"]> {
  const answer = await artifactGraphOf(env, org, assembly).append(lineage.nodes, lineage.edges);
  expect(answer).toMatchObject({ ok: true });
  return lineage.ids;
}

const ids = (graph: LineageGraph | undefined): string[] => (graph?.nodes ?? []).map(({ id }) => id);

describe("Why", () => {
  it("walks to the pressure and the signal, nearest first, each node once", async () => {
    const { admin, org } = await aWorld("why", ["main"]);
    const lineage = await written(org, "main");
    const { assembly, causes } = await admin.why({ artifactId: lineage.claim });
    expect(assembly).toBe("main");
    expect(ids(causes)[0]).toBe(lineage.claim);
    expect(ids(causes).at(-1)).toBe(lineage.signal);
    expect(ids(causes).toSorted()).toEqual([lineage.claim, lineage.specification, lineage.intent, lineage.pressure, lineage.signal].toSorted());
    expect(causes?.truncated).toBe(false);
    expect(causes?.nodes[0]).toMatchObject({ type: "Claim", title: "C-1 · C-1 of Slugs holds", data: { claimId: "C-1" } });
    expect(causes?.nodes[0]?.createdAt?.seconds).toBeGreaterThan(0n);
    const ends = new Map(causes?.edges.map(({ source, rel, cause }) => [`${source} ${rel}`, cause]));
    expect(ends.get(`${lineage.specification} composed_of`)).toBe(CausalEnd.SOURCE);
    expect(ends.get(`${lineage.specification} source_ref`)).toBe(CausalEnd.TARGET);
  });

  it("goes no further than the depth", async () => {
    const { admin, org } = await aWorld("deep", ["main"]);
    const lineage = await written(org, "main");
    const { causes } = await admin.why({ artifactId: lineage.claim, depth: 1 });
    expect(ids(causes)).toEqual([lineage.claim, lineage.specification]);
  });
});

describe("Impact", () => {
  it("walks to what depends on an artifact", async () => {
    const { admin, org } = await aWorld("impact", ["main"]);
    const lineage = await written(org, "main");
    const { effects } = await admin.impact({ artifactId: lineage.claim });
    expect(ids(effects)).toEqual([lineage.claim, lineage.divergence]);
    expect(ids((await admin.impact({ artifactId: lineage.signal })).effects)).toHaveLength(7);
  });

  it("is truncated at the limit, in a graph of any size, and says so", async () => {
    const { admin, org } = await aWorld("huge", ["main"]);
    const root = artifactNode("SIG", "Signal", org, { title: "root" }, []);
    const pressures = Array.from({ length: 900 }, (_, index) => artifactNode("PRS", "Pressure", org, { title: `pressure ${index}` }, [root.id]));
    const edges = pressures.map(({ id }) => ({ source: id, rel: "source_ref", target: root.id }));
    expect(await artifactGraphOf(env, org, "main").append([root, ...pressures], edges)).toMatchObject({ ok: true });
    const { effects } = await admin.impact({ artifactId: root.id });
    expect(effects?.nodes).toHaveLength(200);
    expect(effects?.truncated).toBe(true);
    const whole = await admin.impact({ artifactId: root.id, limit: 1_000 });
    expect(whole.effects?.nodes).toHaveLength(901);
    expect(whole.effects?.truncated).toBe(false);
    await expectRefusal("INVALID_ARGUMENT", () => admin.impact({ artifactId: root.id, limit: 1_001 }));
  });

  it("carries content within its bounds and always says how large it is", async () => {
    const { admin, org } = await aWorld("heavy", ["main"]);
    const small = artifactNode("SIG", "Signal", org, { title: "small" }, []);
    const large = artifactNode("PRS", "Pressure", org, { title: "large", text: "x".repeat(20_000) }, [small.id]);
    await artifactGraphOf(env, org, "main").append([small, large], [{ source: large.id, rel: "source_ref", target: small.id }]);
    const { effects } = await admin.impact({ artifactId: small.id });
    expect(effects?.nodes.map(({ title, data, dataBytes }) => [title, data === undefined, dataBytes > 16_384])).toEqual([
      ["small", false, false],
      ["large", true, true],
    ]);
  });
});

describe("Lineage", () => {
  it("gives causes and effects in one call, and only what is asked for", async () => {
    const { admin, org } = await aWorld("both", ["main"]);
    const lineage = await written(org, "main");
    const both = await admin.lineage({ artifactId: lineage.specification });
    expect(ids(both.causes)).toEqual(expect.arrayContaining([lineage.intent, lineage.pressure, lineage.signal]));
    expect(ids(both.effects)).toEqual(expect.arrayContaining([lineage.claim, lineage.second, lineage.divergence]));
    const causes = await admin.lineage({ artifactId: lineage.specification, direction: LineageDirection.CAUSES });
    expect([causes.causes === undefined, causes.effects === undefined]).toEqual([false, true]);
    const effects = await admin.lineage({ artifactId: lineage.specification, direction: LineageDirection.EFFECTS });
    expect([effects.causes === undefined, effects.effects === undefined]).toEqual([true, false]);
    await expectRefusal("INVALID_ARGUMENT", () => admin.lineage({ artifactId: lineage.specification, direction: 9 as never }));
  });

  it("finds an artifact in whichever assembly it is, and in the named one only there", async () => {
    const { admin, org } = await aWorld("many", ["shop", "billing", "pricing"]);
    const inBilling = await written(org, "billing", aLineage(org, "Bills"));
    const inPricing = await written(org, "pricing", aLineage(org, "Prices"));
    expect((await admin.lineage({ artifactId: inBilling.claim })).assembly).toBe("billing");
    expect((await admin.lineage({ artifactId: inPricing.claim })).assembly).toBe("pricing");
    expect((await admin.lineage({ artifactId: inPricing.claim, assembly: "pricing" })).assembly).toBe("pricing");
    const err = await expectRefusal("NOT_FOUND", () => admin.lineage({ artifactId: inPricing.claim, assembly: "billing" }));
    expect(err.rawMessage).toContain("in the assembly billing");
  });

  it("says how many assemblies it looked in when there is no such artifact", async () => {
    const absent = "SPEC-0123456789ABCDEFGHJKMNPQRS.C-1";
    const none = await aWorld("none", []);
    expect((await expectRefusal("NOT_FOUND", () => none.admin.lineage({ artifactId: absent }))).rawMessage).toContain("0 assemblies");
    const one = await aWorld("one", ["main"]);
    expect((await expectRefusal("NOT_FOUND", () => one.admin.lineage({ artifactId: absent }))).rawMessage).toContain("1 assembly");
    const three = await aWorld("three", ["a", "b", "c"]);
    expect((await expectRefusal("NOT_FOUND", () => three.admin.lineage({ artifactId: absent }))).rawMessage).toContain("any of the 3 assemblies");
    const more = await aWorld(
      "more",
      Array.from({ length: 70 }, (_, index) => `assembly-${index}`),
    );
    expect((await expectRefusal("NOT_FOUND", () => more.admin.lineage({ artifactId: absent }))).rawMessage).toContain("64 assemblies that this org used last");
  });

  it("makes no object for an assembly that the org never used", async () => {
    const { admin } = await aWorld("careful", ["main"]);
    const err = await expectRefusal("NOT_FOUND", () => admin.why({ artifactId: "PRS-1", assembly: "typo" }));
    expect(err.rawMessage).toContain("no assembly typo");
  });

  it("finds nothing of another organisation", async () => {
    const ours = await aWorld("ours", ["main"]);
    const theirs = await aWorld("theirs", ["main", "secret"]);
    const lineage = await written(theirs.org, "secret");
    expect((await theirs.admin.why({ artifactId: lineage.claim })).assembly).toBe("secret");
    for (const assembly of ["", "main"]) await expectRefusal("NOT_FOUND", () => ours.admin.why({ artifactId: lineage.claim, assembly }));
    await expectRefusal("NOT_FOUND", () => ours.admin.why({ artifactId: lineage.claim, assembly: "secret" }));
    expect(objectName.artifactGraph("ours", "main")).not.toBe(objectName.artifactGraph("theirs", "main"));
  });

  it("refuses a call without an id, and one with an endless one", async () => {
    const { admin } = await aWorld("wrong", ["main"]);
    await expectRefusal("INVALID_ARGUMENT", () => admin.lineage({}));
    await expectRefusal("INVALID_ARGUMENT", () => admin.lineage({ artifactId: "S".repeat(300) }));
    await expectRefusal("INVALID_ARGUMENT", () => admin.lineage({ artifactId: "SPEC-1", assembly: "a".repeat(300) }));
  });
});

describe("reading lineage", () => {
  it("needs session:read, which admin does not stand for", async () => {
    const administrator = clientsOf((await storeCredentials(put, "scoped", ["admin"])).apiKey).admin;
    for (const run of [() => administrator.why({}), () => administrator.impact({}), () => administrator.lineage({}), () => administrator.getKnowingState({})]) {
      const err = await expectRefusal("PERMISSION_DENIED", run);
      expect([err.code, detailOf(err).code]).toEqual([Code.PermissionDenied, "PERMISSION_DENIED"]);
      expect(err.rawMessage).toContain("session:read");
    }
  });
});
