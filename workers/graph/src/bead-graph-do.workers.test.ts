import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { objectName } from "@factory/schemas";
import { beadGraphOf } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aBead, aKnowingState } from "./testing/builders.ts";

/** A graph of its own: the org is the test's. */
function aGraph(org: string) {
  return { org, stub: env.BEAD_GRAPHS.getByName(objectName.beadGraph(org)), graph: beadGraphOf(env, org) };
}

const called = async <T>(call: () => Promise<T>): Promise<T> => await call();

describe("BeadGraphDO", () => {
  test("an org without beads allows nothing, and a bootstrapped one what its beads say", async () => {
    const { graph, org } = aGraph("bootstrapped");
    expect(await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL")).toMatchObject({ autonomy: "SUGGEST", grants: [], policyBeadId: null });
    const { policy, trust, consent } = aKnowingState(org, "coder");
    expect(await exports.Bootstrap.bootstrapOrg(org, [policy, trust, consent])).toEqual({ ok: true, written: 3 });
    expect(await exports.Bootstrap.bootstrapOrg(org, [policy, trust, consent])).toEqual({ ok: true, written: 0 });
    expect(await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL")).toMatchObject({
      autonomy: "EXECUTE_BOUNDED",
      grants: ["read_file"],
      policyBeadId: policy.id,
      trustBeadId: trust.id,
      consentBeadId: consent.id,
    });
    expect(await graph.retrieve("coder", "agent:stranger", "EXECUTE_FULL")).toMatchObject({ autonomy: "SUGGEST" });
    expect(await graph.retrieve("integrator", "agent:coder", "EXECUTE_FULL")).toMatchObject({ autonomy: "SUGGEST" });
  });

  test("a revocation is seen by the next retrieval, before and after an eviction", async () => {
    const { graph, org, stub } = aGraph("revoked");
    const { policy, trust, consent } = aKnowingState(org, "coder");
    await graph.bootstrap([policy, trust, consent]);
    const before = await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL");
    const revoked = aBead(org, "consent", { ...consent.content, status: "REVOKED", revokes: consent.id }, consent.id);
    const written = await graph.write(revoked, "person:bob", "SES-2");
    expect(written).toMatchObject({ ok: true, beadId: revoked.id });
    const after = await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL");
    expect(after).toMatchObject({ autonomy: "SUGGEST", grants: [], consentBeadId: null });
    expect(after.headsDigest).not.toBe(before.headsDigest);
    await evictDurableObject(stub);
    expect(await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL")).toMatchObject({ headsDigest: after.headsDigest, autonomy: "SUGGEST" });
    expect(await graph.get(written.ok ? written.auditBeadId : "")).toMatchObject({
      type: "audit",
      content: { action: "CONSENT_REVOKE", actor_id: "person:bob", session_id: "SES-2" },
    });
  });

  test("of concurrent writes that supersede one head exactly one is taken", async () => {
    const { graph, org } = aGraph("raced");
    const { trust } = aKnowingState(org, "coder");
    await graph.bootstrap([trust]);
    const answers = await Promise.all(
      [0.1, 0.5, 0.9].map((trust_score) => graph.write(aBead(org, "trust", { ...trust.content, trust_score }, trust.id), "person:ada", "SES-1")),
    );
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.code)).sort()).toEqual(["STALE_TARGET", "STALE_TARGET", "ok"]);
  });

  test("a forged id and a bead of another org are refused as results", async () => {
    const { graph } = aGraph("own");
    const { policy } = aKnowingState("other", "coder");
    expect(await graph.write(policy, "person:ada", "SES-1")).toMatchObject({ ok: false, code: "INTEGRITY" });
    expect(await graph.write({ ...policy, content: {} }, "person:ada", "SES-1")).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await graph.get(policy.id)).toBeNull();
  });

  test("the schema is applied once with foreign keys on, and an object whose record was tampered with refuses to run", async () => {
    const { graph, org, stub } = aGraph("migrated");
    await graph.bootstrap(Object.values(aKnowingState(org, "coder")));
    await evictDurableObject(stub);
    await runInDurableObject(stub, (_, { storage }) => {
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray()).toEqual([{ id: "0001-bead-graph" }]);
      expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
      expect(() => storage.sql.exec("INSERT INTO bead_edges (child, parent, rel) VALUES ('a', 'b', 'parent')")).toThrow(/FOREIGN KEY/);
      expect(() => storage.sql.exec("DELETE FROM beads")).toThrow(/append-only/);
      storage.sql.exec("UPDATE durable_migrations SET digest = 'tampered' WHERE component = 'object'");
    });
    await evictDurableObject(stub);
    await expect(called(() => graph.get("x"))).rejects.toThrow(/changed after it was applied/);
  });

  test("an object reached by another class's name refuses", async () => {
    const wrong = env.BEAD_GRAPHS.getByName(objectName.artifactGraph("acme", "pricing"));
    await expect(called(async () => await wrong.get("x"))).rejects.toThrow(/reached by the name of its beads/);
  });
});

describe("the graph Worker", () => {
  test("answers health by RPC and nothing over HTTP", async () => {
    expect(await exports.default.health()).toEqual({ worker: "graph", ok: true });
    expect((await exports.default.fetch("http://graph/anything")).status).toBe(404);
    expect((await exports.Bootstrap.fetch("http://graph/bootstrap")).status).toBe(404);
  });
});
