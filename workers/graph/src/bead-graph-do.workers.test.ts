import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { MemoryLog } from "@factory/durable/testing";
import { objectName } from "@factory/schemas";
import { beadGraphOf } from "@factory/schemas/rpc";
import type { ObjectHealthRpc } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aBead, aKnowingState, anAmendment, anEscalation, anExecution } from "./testing/builders.ts";
import { CountingStorage } from "./testing/counting-storage.ts";

/** A graph of its own: the org is the test's. */
function aGraph(org: string) {
  return { org, stub: env.BEAD_GRAPHS.getByName(objectName.beadGraph(org)), graph: beadGraphOf(env, org) };
}

const called = async <T>(call: () => Promise<T>): Promise<T> => await call();

describe("BeadGraphDO", () => {
  test("an org without beads allows nothing, and a bootstrapped one what its beads say", async () => {
    const { graph, org } = aGraph("bootstrapped");
    expect(await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL")).toMatchObject({
      autonomy: "SUGGEST",
      grants: [],
      policy: { beadId: null, standing: "missing" },
    });
    const { policy, trust, consent } = aKnowingState(org, "coder");
    expect(await exports.Bootstrap.bootstrapOrg(org, [policy, trust, consent])).toEqual({ ok: true, written: 3 });
    expect(await exports.Bootstrap.bootstrapOrg(org, [policy, trust, consent])).toEqual({ ok: true, written: 0 });
    expect(await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL")).toMatchObject({
      autonomy: "EXECUTE_BOUNDED",
      grants: ["read_file"],
      policy: { beadId: policy.id, standing: "active", scope: "role:coder" },
      trust: { beadId: trust.id, score: 0.8, subjectType: "agent" },
      consent: { beadId: consent.id, grants: ["read_file"] },
    });
    expect(await graph.retrieve("coder", "agent:stranger", "EXECUTE_FULL")).toMatchObject({ autonomy: "SUGGEST" });
    expect(await graph.retrieve("integrator", "agent:coder", "EXECUTE_FULL")).toMatchObject({ autonomy: "SUGGEST" });
  });

  test("its health tells its storage and its schema", async () => {
    const { graph, org, stub } = aGraph("health");
    const { policy } = aKnowingState(org, "coder");
    await graph.bootstrap([policy]);
    // The generated binding does not name the class that this Worker exports.
    const health = await (stub as unknown as ObjectHealthRpc).objectHealth();
    expect(health).toMatchObject({ state: null, outbox: null, leases: [], schemaVersion: BEAD_GRAPH_MIGRATIONS.at(-1)?.id });
    expect(health.storageBytes).toBeGreaterThan(0);
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
    expect(after).toMatchObject({ autonomy: "SUGGEST", grants: [], consent: { beadId: null, standing: "inactive" } });
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

  test("a write under a retrieval whose heads have moved is refused with the digest of the heads now, and its repeat is not", async () => {
    const { graph, org } = aGraph("fenced");
    const first = aKnowingState(org, "coder");
    await graph.bootstrap(Object.values(first));
    const fence = { role: "coder", subjectId: "agent:coder", headsDigest: await graph.heads("coder", "agent:coder") };
    const written = await graph.write(anExecution(org, first, "1"), "agent:coder", "SES-1", fence);
    expect(written).toMatchObject({ ok: true });
    await graph.write(aBead(org, "trust", { ...first.trust.content, status: "REVOKED" }, first.trust.id), "person:bob", "SES-2");
    expect(await graph.write(anExecution(org, first, "2"), "agent:coder", "SES-1", fence)).toMatchObject({
      ok: false,
      code: "STALE_TARGET",
      details: { headsDigest: await graph.heads("coder", "agent:coder") },
    });
    expect(await graph.get(anExecution(org, first, "2").id)).toBeNull();
    expect(await graph.write(anExecution(org, first, "1"), "agent:coder", "SES-1", fence)).toEqual(written);
  });

  test("heads, snapshot and retrieval agree before and after an eviction", async () => {
    const { graph, org, stub } = aGraph("evicted");
    await graph.bootstrap(Object.values(aKnowingState(org, "coder")));
    const snapshot = await graph.snapshot("coder", "agent:coder");
    const state = await graph.retrieve("coder", "agent:coder", "PROPOSE");
    expect(state).toMatchObject({ ...snapshot, autonomy: "PROPOSE", sessionAutonomy: "PROPOSE" });
    expect(snapshot.headsDigest).toBe(await graph.heads("coder", "agent:coder"));
    await evictDurableObject(stub);
    expect(await graph.snapshot("coder", "agent:coder")).toEqual(snapshot);
    expect(await graph.retrieve("coder", "agent:coder", "PROPOSE")).toEqual({ ...state, retrievedAt: expect.any(Number) });
    expect(await graph.heads("coder", "agent:coder")).toBe(snapshot.headsDigest);
  });

  test("of writes that are committed together a bad one is refused and the others are kept", async () => {
    const { graph, org } = aGraph("grouped");
    const { policy, trust, consent } = aKnowingState(org, "coder");
    const stale = aBead(org, "trust", { ...trust.content, trust_score: 0.1 });
    const answers = await Promise.all([
      graph.write(policy, "person:ada", "SES-1"),
      graph.write({ ...trust, content: { ...trust.content, trust_score: 1 } }, "person:ada", "SES-1"),
      graph.writeAll([trust, consent], "person:ada", "SES-1"),
      graph.writeAll([anAmendment(org, "SPEC-1"), stale], "person:ada", "SES-1"),
      graph.write(anAmendment(org, "SPEC-2"), "person:ada", "SES-1"),
    ]);
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.code))).toEqual(["ok", "INTEGRITY", "ok", "STALE_TARGET", "ok"]);
    expect(answers[2]).toEqual({ ok: true, beadIds: [trust.id, consent.id] });
    expect((await graph.openAmendments()).map(({ content }) => content["target_id"])).toEqual(["SPEC-2"]);
    expect(await graph.retrieve("coder", "agent:coder", "EXECUTE_FULL")).toMatchObject({ autonomy: "EXECUTE_BOUNDED" });
  });

  test("what is open, the tip and the history of a line are answered before and after an eviction", async () => {
    const { graph, org, stub } = aGraph("open");
    const { policy, trust } = aKnowingState(org, "coder");
    const lower = aBead(org, "trust", { ...trust.content, trust_score: 0.5 }, trust.id);
    const [proposed, decided] = [anAmendment(org, "SPEC-1"), anAmendment(org, "SPEC-2")];
    const [asked, answered] = [anEscalation(org, policy), anEscalation(org, trust)];
    const beads = [policy, trust, lower, proposed, decided, asked, answered];
    expect(await graph.writeAll(beads, "person:ada", "SES-1")).toMatchObject({ ok: true });
    await graph.write(anAmendment(org, "SPEC-2", "ADOPTED", decided.id), "person:ada", "SES-1");
    await graph.write(anEscalation(org, trust, answered.id), "person:ada", "SES-1");
    for (const when of ["before", "after"]) {
      expect([when, await graph.openAmendments()]).toEqual([when, [proposed]]);
      expect(await graph.openAmendments("SPEC-2")).toEqual([]);
      expect(await graph.openEscalations()).toEqual([asked]);
      expect(await graph.tip({ type: "trust", subject: "agent:coder" })).toEqual(lower);
      expect(await graph.history({ type: "trust", subject: "agent:coder" }, 10)).toEqual([lower, trust]);
      expect(await graph.history({ type: "trust", subject: "agent:coder" }, 10, lower.id)).toEqual([trust]);
      await evictDurableObject(stub);
    }
    await expect(called(() => graph.openEscalations(0))).rejects.toThrow(/1 to 1000/);
  });

  test("an object of the first schema with beads in it comes to the present one when it is next reached", async () => {
    const { graph, org, stub } = aGraph("first-schema");
    const { policy, trust, consent } = aKnowingState(org, "coder");
    const [proposed, decided] = [anAmendment(org, "SPEC-1"), anAmendment(org, "SPEC-2")];
    const asked = anEscalation(org, policy);
    await graph.writeAll([policy, trust, consent, proposed, decided, asked], "person:ada", "SES-1");
    await graph.write(anAmendment(org, "SPEC-2", "REJECTED", decided.id), "person:ada", "SES-1");
    const before = await graph.snapshot("coder", "agent:coder");
    await runInDurableObject(stub, (_, { storage }) => {
      // What the later entries made is taken away: the beads were written with the statements of the first.
      storage.sql.exec("DROP TABLE open_beads");
      storage.sql.exec("DELETE FROM durable_migrations WHERE component = 'object' AND position > 0");
    });
    await evictDurableObject(stub);
    expect(await graph.openAmendments()).toEqual([proposed]);
    expect(await graph.openEscalations()).toEqual([asked]);
    expect(await graph.snapshot("coder", "agent:coder")).toEqual(before);
    await graph.write(anAmendment(org, "SPEC-1", "ADOPTED", proposed.id), "person:ada", "SES-1");
    expect(await graph.openAmendments()).toEqual([]);
  });

  test("no call reads more rows after a long history than after a short one", async () => {
    const { graph, org, stub } = aGraph("long");
    const governing = aKnowingState(org, "coder");
    await graph.bootstrap(Object.values(governing));
    const rows = await runInDurableObject(stub, (_, { storage }) => {
      const counting = new CountingStorage(storage);
      const kernel = new BeadGraph({ storage: counting, org, now: Date.now, log: new MemoryLog() });
      let trust = governing.trust;
      /** A trust change, an execution, a proposal that is decided, and an escalation that is resolved. */
      const live = (round: number) => {
        trust = aBead(org, "trust", { ...governing.trust.content, rationale: String(round) }, trust.id);
        const proposed = anAmendment(org, `SPEC-${round}`);
        const asked = anEscalation(org, trust);
        const beads = [trust, anExecution(org, { ...governing, trust }, String(round)), proposed, anAmendment(org, `SPEC-${round}`, "REJECTED", proposed.id)];
        kernel.writeAll([...beads, asked, anEscalation(org, trust, asked.id)], "person:ada", "SES-1");
      };
      const cost = (call: () => unknown) => {
        counting.take();
        call();
        return counting.take();
      };
      const costs = (round: number) => ({
        heads: cost(() => kernel.heads("coder", "agent:coder")),
        snapshot: cost(() => kernel.snapshot("coder", "agent:coder")),
        tip: cost(() => kernel.tip({ type: "trust", subject: "agent:coder" })),
        openAmendments: cost(() => kernel.openAmendments()),
        openEscalations: cost(() => kernel.openEscalations()),
        live: cost(() => live(round)),
      });
      for (let round = 0; round < 5; round++) live(round);
      const short = costs(5);
      for (let round = 6; round < 200; round++) live(round);
      return { short, long: costs(200) };
    });
    expect(rows.long).toEqual(rows.short);
    expect(rows.long.heads.read).toBe(3);
    expect(rows.long.openAmendments.read).toBeLessThanOrEqual(1);
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
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object'").toArray()).toEqual(
        BEAD_GRAPH_MIGRATIONS.map(({ id }) => ({ id })),
      );
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
