import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { AUTONOMY } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS } from "./session-schema.ts";
import { sqlSessions } from "./session-store.ts";
import { SNAPSHOT_TTL_SECONDS } from "./snapshot-cache.ts";
import { aConsent, AGENT, anExecution, aPolicy, aSession, aTrust, aWorld, beadsOf, damage, governed, PAST, ROLE } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const anOutcome = (overrides: Partial<Parameters<World["sdk"]["writeOutcome"]>[2]> = {}) =>
  ({ status: "SUCCESS", summary: "seen within ten minutes", triggersAmendment: false, ...overrides }) as const;
const lessTrust = (change: { readonly [field: string]: number | string } = { trust_score: 0.6 }) =>
  ({ target: "trust", change, rationale: "a chest pain was taken for a cough" }) as const;

async function anExecuted(world: World): Promise<{ session: string; execution: string }> {
  const session = await aSession(world);
  const answer = await world.sdk.writeExecution(session, anExecution());
  return { session, execution: answer.ok ? answer.executionBeadId : answer.message };
}

describe("opening a session", () => {
  test("the same again is the same session, with what it has retrieved and lowered", async () => {
    const world = aWorld();
    governed(world);
    const open = () => world.sdk.openSession({ sessionId: "EXE-A", role: ROLE, agentId: AGENT, ceiling: "PROPOSE" });
    expect(await open()).toMatchObject({ ok: true, session: { ceiling: "PROPOSE", knowingState: null, openedAt: world.clock.now() } });
    await world.sdk.retrieveKnowingState("EXE-A");
    world.clock.advance(5);
    const again = await open();
    expect(again).toMatchObject({ ok: true, session: { openedAt: world.clock.now() - 5, knowingState: { autonomy: "PROPOSE" } } });
    expect(await world.sdk.session("EXE-A")).toEqual(again);
  });

  test.each([{ role: "surgery" }, { agentId: "agent:other" }, { ceiling: "EXECUTE_FULL" as const }])(
    "another %j under the id is ALREADY_EXISTS",
    async (other) => {
      const { sdk } = aWorld();
      const session = { sessionId: "EXE-B", role: ROLE, agentId: AGENT, ceiling: "PROPOSE" as const };
      await sdk.openSession(session);
      expect(await sdk.openSession({ ...session, ...other })).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
      expect(await sdk.session("EXE-B")).toMatchObject({ session: { role: ROLE, agentId: AGENT, ceiling: "PROPOSE" } });
    },
  );

  test("full autonomy is asked for by name, and no level but the four is one", async () => {
    const { sdk } = aWorld();
    expect(await sdk.openSession({ sessionId: "EXE-C", role: ROLE, agentId: AGENT })).toMatchObject({ session: { ceiling: "EXECUTE_BOUNDED" } });
    // The cast stands for a caller without types.
    const wrong = { sessionId: "EXE-D", role: ROLE, agentId: AGENT, ceiling: "EXECUTE_ALL" as Autonomy };
    expect(await sdk.openSession(wrong)).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await sdk.openSession({ sessionId: "EXE-E", role: "", agentId: AGENT })).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await sdk.session("EXE-D")).toMatchObject({ ok: false, code: "NOT_FOUND" });
  });

  test("a session survives its host: retrieval, ceiling, executions and the reason of a degradation", async () => {
    const world = aWorld();
    governed(world);
    const { session, execution } = await anExecuted(world);
    const before = await world.sdk.session(session);
    const reborn = world.reborn();
    expect(await reborn.session(session)).toEqual(before);
    expect(await reborn.checkConsent(session, "refer")).toMatchObject({ ok: true });
    expect(await reborn.writeOutcome(session, execution, anOutcome())).toMatchObject({ ok: true });
    world.link.fault("heads", "fail");
    await reborn.checkConsent(session, "refer");
    expect(await world.reborn().session(session)).toMatchObject({ session: { ceiling: "SUGGEST", degraded: expect.stringContaining("connection lost") } });
  });
});

describe("retrieving the knowing-state", () => {
  test("gives what governs the agent, stamps the session and becomes its ceiling", async () => {
    const world = aWorld();
    const { policy, trust, consent } = governed(world);
    const id = await aSession(world, "EXECUTE_BOUNDED", false);
    const answer = await world.sdk.retrieveKnowingState(id);
    expect(answer).toMatchObject({
      ok: true,
      cached: false,
      knowingState: {
        policy: { beadId: policy.id },
        trust: { beadId: trust.id, score: 0.95 },
        consent: { beadId: consent.id },
        grants: ["read_vitals", "refer"],
        autonomy: "EXECUTE_BOUNDED",
        headsDigest: world.graph.heads(ROLE, AGENT),
        retrievedAt: world.clock.now(),
      },
    });
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "EXECUTE_BOUNDED", knowingState: answer.ok ? answer.knowingState : null } });
    expect(answer.ok ? answer.knowingState : null).toEqual(world.graph.retrieve(ROLE, AGENT, "EXECUTE_BOUNDED"));
  });

  test("a cached snapshot costs one question to the bead graph and none of its lines", async () => {
    const world = aWorld();
    governed(world);
    await aSession(world);
    expect(world.link.calls).toEqual(["heads", "snapshot"]);
    expect(world.kv.ttls).toEqual([SNAPSHOT_TTL_SECONDS]);
    world.link.calls.length = 0;
    const id = await aSession(world, "EXECUTE_FULL", false);
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, cached: true, knowingState: { autonomy: "EXECUTE_FULL" } });
    expect(world.link.calls).toEqual(["heads"]);
  });

  test("without a cache the bead graph is asked once", async () => {
    const world = aWorld({ cache: false });
    governed(world);
    await aSession(world);
    expect(world.link.calls).toEqual(["snapshot"]);
  });

  test("a ceiling that was lowered stays low when trust has risen again", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    const suspended = world.write(aTrust({ status: "SUSPENDED" }, trust));
    const id = await aSession(world);
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "SUGGEST", degraded: null } });
    world.write(aTrust({}, suspended));
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, knowingState: { autonomy: "SUGGEST", trust: { autonomy: "EXECUTE_FULL" } } });
    expect(await world.sdk.writeExecution(id, anExecution({ level: "PROPOSE" }))).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(await world.sdk.retrieveKnowingState(await aSession(world))).toMatchObject({ knowingState: { autonomy: "EXECUTE_FULL" } });
  });

  test("a failed retrieval is refused, leaves no more than SUGGEST for good, and says why", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    world.link.fault("heads", "fail");
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    world.link.fault("heads", null);
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, knowingState: { autonomy: "SUGGEST" } });
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "SUGGEST", degraded: expect.stringContaining("connection lost") } });
    expect(await world.sdk.checkConsent(id, "read_vitals", "REV-1")).toMatchObject({
      ok: false,
      code: "GOVERNANCE_VIOLATION",
      message: expect.stringContaining("connection lost"),
    });
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(world.log.of("knowing-state.retrieve")).toMatchObject([{ outcome: "refused", fields: { code: "UNAVAILABLE" } }]);
  });

  test("what moved between the heads and the snapshot is stamped as it is in the snapshot", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    world.link.before = (method) =>
      method === "snapshot" && world.graph.tip({ type: "trust", subject: AGENT })?.id === trust.id && world.write(aTrust({ trust_score: 0.6 }, trust));
    const id = await aSession(world);
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "PROPOSE", knowingState: { headsDigest: world.graph.heads(ROLE, AGENT) } } });
    // It is kept under the heads it was computed from, so the next session is not shown what no longer holds.
    expect(await world.sdk.retrieveKnowingState(await aSession(world, "EXECUTE_FULL", false))).toMatchObject({
      cached: true,
      knowingState: { autonomy: "PROPOSE" },
    });
  });

  test("a session that is closed while its retrieval is under way gets nothing", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world, "EXECUTE_FULL", false);
    world.link.before = async (method) => method === "snapshot" && (await world.sdk.closeSession(id));
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(await world.sdk.session(id)).toMatchObject({ session: { knowingState: null } });
  });

  test("a retrieval that fails while another succeeds leaves SUGGEST, whichever ends first", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world, "EXECUTE_FULL", false);
    world.link.before = async (method) => {
      if (method !== "snapshot") return;
      world.link.before = () => undefined;
      world.link.fault("heads", "fail");
      await world.sdk.retrieveKnowingState(id);
    };
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, knowingState: { autonomy: "SUGGEST" } });
  });
});

describe("a cache that fails", () => {
  test.each(["get", "put", "hang", "lose"] as const)("costs time and never safety: %s", async (fault) => {
    const world = aWorld();
    governed(world);
    world.kv.fault = fault;
    const id = await aSession(world, "EXECUTE_FULL", false);
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, cached: false, knowingState: { autonomy: "EXECUTE_FULL" } });
    expect(await world.sdk.session(id)).toMatchObject({ session: { degraded: null } });
    const logged = [...world.log.of("knowing-state.cache-get"), ...world.log.of("knowing-state.cache-put")];
    expect(logged).toMatchObject(fault === "lose" ? [] : [{ outcome: "failed", fields: { bestEffort: true } }]);
  });

  test.each([
    ["no JSON", () => "{"],
    ["another shape", () => JSON.stringify({ autonomy: "EXECUTE_FULL" })],
    ["other heads", (text: string) => text.replace(/"headsDigest":"[^"]*"/, '"headsDigest":"0000"')],
    ["another agent", (text: string) => text.replaceAll(AGENT, "agent:other")],
    ["trust above its score", (text: string) => text.replace(/"score":0.95/, '"score":0.1')],
    ["grants of no consent", (text: string) => text.replace(/("consent":\{[^}]*"standing":)"active"/, '$1"missing"')],
    ["a level that is none", (text: string) => text.replace("EXECUTE_FULL", "EXECUTE_ALL")],
  ])("a value with %s is not believed, and is replaced", async (_, spoil) => {
    const world = aWorld();
    governed(world);
    await aSession(world);
    const [[key = "", text = ""] = []] = world.kv.kept;
    expect(spoil(text)).not.toBe(text);
    world.kv.kept.set(key, spoil(text));
    const id = await aSession(world, "EXECUTE_FULL", false);
    expect(await world.sdk.retrieveKnowingState(id)).toMatchObject({ ok: true, cached: false, knowingState: { autonomy: "EXECUTE_FULL" } });
    expect(world.log.of("knowing-state.cache-get")).toMatchObject([{ outcome: "failed" }]);
    expect(world.kv.kept.get(key)).toBe(text);
  });

  test("what could not be read is not kept", async () => {
    const world = aWorld();
    governed(world);
    damage(world, "trust");
    expect(await world.sdk.retrieveKnowingState(await aSession(world))).toMatchObject({
      ok: true,
      cached: false,
      knowingState: { trust: { standing: "unreadable" } },
    });
    expect(world.kv.kept.size).toBe(0);
  });
});

describe("the trust of a subject", () => {
  test.each([
    ["approved", {}, { trusted: true, autonomy: "EXECUTE_FULL", score: 0.95, standing: "active" }],
    ["approved with no score", { trust_score: 0 }, { trusted: false, autonomy: "SUGGEST", standing: "active" }],
    ["revoked", { status: "REVOKED" }, { trusted: false, autonomy: "SUGGEST", score: null, beadId: null, standing: "inactive" }],
    ["expired", { expiry: PAST }, { trusted: false, autonomy: "SUGGEST", standing: "inactive" }],
  ])("%s", async (_, overrides, expected) => {
    const world = aWorld();
    world.write(aTrust({ subject_id: "person:nurse", ...overrides }));
    const id = await aSession(world);
    expect(await world.sdk.evaluateTrust(id, "person:nurse")).toMatchObject({ ok: true, trust: { subjectId: "person:nurse", ...expected } });
    expect(await world.sdk.evaluateTrust(id, "person:stranger")).toMatchObject({
      ok: true,
      trust: { trusted: false, autonomy: "SUGGEST", standing: "missing" },
    });
  });

  test("nobody is trusted on a bead graph that does not answer", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    world.link.fault("snapshot", "fail");
    expect(await world.sdk.evaluateTrust(id, AGENT)).toMatchObject({ ok: false, code: "UNAVAILABLE" });
  });
});

describe("consent to an action", () => {
  test("is given for what is granted, and refused with the reason for what is not", async () => {
    const world = aWorld();
    const { consent } = governed(world);
    const id = await aSession(world);
    expect(await world.sdk.checkConsent(id, "read_vitals")).toEqual({
      ok: true,
      action: "read_vitals",
      consentBeadId: consent.id,
      headsDigest: world.graph.heads(ROLE, AGENT),
      checkedAt: world.clock.now(),
    });
    expect(await world.sdk.checkConsent(id, "prescribe")).toMatchObject({
      ok: false,
      code: "GOVERNANCE_VIOLATION",
      message: expect.stringContaining('"prescribe"'),
    });
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "EXECUTE_FULL", degraded: null } });
  });

  test("nothing is consented to before a retrieval", async () => {
    const world = aWorld();
    governed(world);
    expect(await world.sdk.checkConsent(await aSession(world, "EXECUTE_FULL", false), "refer")).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(world.link.calls).toEqual([]);
  });

  test.each([
    ["a revoked consent", (world: World, { consent }: ReturnType<typeof governed>) => world.write(aConsent({ status: "REVOKED" }, consent))],
    ["a suspended trust", (world: World, { trust }: ReturnType<typeof governed>) => world.write(aTrust({ status: "SUSPENDED" }, trust))],
    ["another policy", (world: World, { policy }: ReturnType<typeof governed>) => world.write(aPolicy({ rules: { night: true } }, policy))],
    ["a consent that cannot be read any more", (world: World) => damage(world, "consent")],
  ])("%s stops the very next action as stale, and the retrieval after it says what holds", async (_, change) => {
    const world = aWorld();
    const beads = governed(world);
    const id = await aSession(world);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: true });
    change(world, beads);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: false, code: "STALE_TARGET" });
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: false, code: "STALE_TARGET" });
    const now = await world.sdk.retrieveKnowingState(id);
    const allowed = now.ok && now.knowingState.autonomy !== "SUGGEST";
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject(allowed ? { ok: true } : { ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(allowed).toBe(_ === "another policy");
  });

  test("an expiry counts from its moment on, without any write", async () => {
    const world = aWorld();
    world.write(aPolicy());
    world.write(aTrust());
    world.write(aConsent({ expires_at: new Date(world.clock.now() + 1_000).toISOString() }));
    const id = await aSession(world);
    world.clock.advance(999);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: true });
    world.clock.advance(1);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: false, code: "STALE_TARGET" });
    await world.sdk.retrieveKnowingState(id);
    expect(await world.sdk.checkConsent(id, "refer", "REV-1")).toMatchObject({ ok: false, message: expect.stringContaining("inactive") });
  });

  test.each(["fail", "hang", { answer: undefined }] as const)("a check that gets no answer (%s) is refused and leaves SUGGEST for good", async (fault) => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    world.link.fault("heads", fault);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    world.link.fault("heads", null);
    expect(await world.sdk.checkConsent(id, "refer", "REV-1")).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(await world.sdk.session(id)).toMatchObject({ session: { ceiling: "SUGGEST" } });
  });

  test("a session that may only suggest acts with a person's leave, and within the consent even then", async () => {
    const world = aWorld();
    world.write(aPolicy({ autonomy: "SUGGEST" }));
    world.write(aTrust());
    world.write(aConsent());
    const id = await aSession(world);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({
      ok: false,
      code: "GOVERNANCE_VIOLATION",
      message: expect.stringContaining("waits for a person"),
    });
    expect(await world.sdk.checkConsent(id, "refer", "REV-1")).toMatchObject({ ok: true });
    expect(await world.sdk.checkConsent(id, "prescribe", "REV-1")).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(await world.sdk.writeExecution(id, anExecution({ level: "SUGGEST", approvalId: "REV-1" }))).toMatchObject({ ok: true });
    expect(beadsOf(world, "execution")).toMatchObject([{ content: { autonomy_level: "SUGGEST", approval_id: "REV-1" } }]);
  });

  test("a session that is closed while its check is under way is refused", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    world.link.before = async () => world.sdk.closeSession(id);
    expect(await world.sdk.checkConsent(id, "refer")).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  });
});

describe("writing an execution", () => {
  test("names the policy and trust that were retrieved, whatever the caller brings", async () => {
    const world = aWorld();
    const { policy, trust, consent } = governed(world);
    const other = world.write(aPolicy({ scope: "org" }));
    const id = await aSession(world);
    const details = {
      policy_bead_id: other.id,
      trust_bead_id: "KSB-00000000000000000000000000",
      autonomy_level: "EXECUTE_FULL",
      subject_id: "agent:other",
      patient: "P-7",
    };
    const answer = await world.sdk.writeExecution(id, anExecution({ level: "PROPOSE", artifactGraphExecutionId: "EXE-NODE", details }));
    expect(answer).toMatchObject({ ok: true });
    expect(beadsOf(world, "execution")).toMatchObject([
      {
        id: answer.ok ? answer.executionBeadId : "",
        parents: [policy.id, trust.id, consent.id].sort(),
        writtenBy: AGENT,
        content: {
          policy_bead_id: policy.id,
          trust_bead_id: trust.id,
          subject_id: AGENT,
          autonomy_level: "PROPOSE",
          session_id: id,
          patient: "P-7",
          artifact_graph_execution_id: "EXE-NODE",
        },
      },
    ]);
    expect(beadsOf(world, "audit").at(-1)).toMatchObject({ content: { audited_type: "execution", actor_id: AGENT, session_id: id } });
  });

  test("is refused before a retrieval, whatever the level", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world, "EXECUTE_FULL", false);
    for (const level of AUTONOMY) expect(await world.sdk.writeExecution(id, anExecution({ level }))).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(world.link.calls).toEqual([]);
  });

  test("a lost answer is repeated with the same bead, also after an eviction and after the heads have moved", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    const id = await aSession(world);
    world.link.fault("write", "lost");
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    world.link.fault("write", null);
    world.write(aTrust({ trust_score: 0.92 }, trust));
    const reborn = world.reborn();
    await reborn.retrieveKnowingState(id);
    const [written] = beadsOf(world, "execution");
    expect(await reborn.writeExecution(id, anExecution())).toEqual({ ok: true, executionBeadId: written?.id });
    expect(await reborn.writeExecution(id, anExecution())).toEqual({ ok: true, executionBeadId: written?.id });
    expect(beadsOf(world, "execution")).toHaveLength(1);
  });

  test("a write that never arrived is formed again on what was retrieved since", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    const id = await aSession(world);
    world.link.fault("write", "fail");
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    world.link.fault("write", null);
    const successor = world.write(aTrust({ trust_score: 0.92 }, trust));
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: false, code: "STALE_TARGET" });
    await world.sdk.retrieveKnowingState(id);
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: true });
    expect(beadsOf(world, "execution")).toMatchObject([{ content: { trust_bead_id: successor.id } }]);
  });

  test("a write that never arrived is not sent when the ceiling has fallen below it", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    world.link.fault("write", "fail");
    await world.sdk.writeExecution(id, anExecution());
    world.link.fault("write", null);
    world.link.fault("heads", "fail");
    await world.sdk.checkConsent(id, "refer");
    expect(await world.sdk.writeExecution(id, anExecution())).toMatchObject({ ok: false, code: "GOVERNANCE_VIOLATION" });
    expect(beadsOf(world, "execution")).toEqual([]);
  });

  test("another request under a nonce is ALREADY_EXISTS, one without a nonce INVALID_ARGUMENT", async () => {
    const world = aWorld();
    governed(world);
    const { session } = await anExecuted(world);
    expect(await world.sdk.writeExecution(session, anExecution({ action: "refer" }))).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    expect(await world.sdk.writeExecution(session, anExecution({ nonce: "" }))).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
    expect(await world.sdk.writeExecution(session, anExecution({ nonce: "n-2", details: { pain: Number.NaN } }))).toMatchObject({
      ok: false,
      code: "INVALID_ARGUMENT",
    });
    expect(beadsOf(world, "execution")).toHaveLength(1);
  });

  test("the same call twice at once is one execution", async () => {
    const world = aWorld();
    governed(world);
    const id = await aSession(world);
    const answers = await Promise.all([world.sdk.writeExecution(id, anExecution()), world.sdk.writeExecution(id, anExecution())]);
    expect(answers[0]).toEqual(answers[1]);
    expect(beadsOf(world, "execution")).toHaveLength(1);
  });
});

describe("writing an outcome", () => {
  test("is recorded under its execution, also when the agent may do nothing any more", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    const { session, execution } = await anExecuted(world);
    world.write(aTrust({ status: "REVOKED" }, trust));
    const outcome = anOutcome({ status: "PARTIAL", metrics: { minutes: 12 }, artifactGraphDivergenceId: "DIV-NODE" });
    const answer = await world.sdk.writeOutcome(session, execution, outcome);
    expect(answer).toMatchObject({ ok: true, amendmentBeadId: null });
    expect(beadsOf(world, "outcome")).toMatchObject([
      {
        id: answer.ok ? answer.outcomeBeadId : "",
        parents: [execution],
        content: {
          execution_bead_id: execution,
          status: "PARTIAL",
          metrics: { minutes: 12 },
          triggers_amendment: false,
          artifact_graph_divergence_id: "DIV-NODE",
        },
      },
    ]);
    expect(await world.sdk.writeOutcome(session, execution, outcome)).toEqual(answer);
    expect(await world.sdk.writeOutcome(session, execution, anOutcome({ status: "FAILURE" }))).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    expect(beadsOf(world, "outcome")).toHaveLength(1);
  });

  test("of an execution that does not exist, of another session, or that never arrived is NOT_FOUND", async () => {
    const world = aWorld();
    const { policy } = governed(world);
    const { execution } = await anExecuted(world);
    const other = await aSession(world);
    for (const id of [execution, policy.id, "KSB-00000000000000000000000000", ""]) {
      expect(await world.sdk.writeOutcome(other, id, anOutcome())).toMatchObject({ ok: false, code: "NOT_FOUND" });
    }
    world.link.fault("write", "fail");
    await world.sdk.writeExecution(other, anExecution());
    const [{ bead_id: pending } = { bead_id: "" }] = world.hostStorage.sql
      .exec<{ bead_id: string }>("SELECT bead_id FROM ksp_writes WHERE session_id = ?", other)
      .toArray();
    world.link.fault("write", null);
    expect(await world.sdk.writeOutcome(other, pending, anOutcome())).toMatchObject({ ok: false, code: "NOT_FOUND" });
    expect(beadsOf(world, "outcome")).toEqual([]);
  });

  test("one that triggers an amendment proposes it, of the head as it is, both or none and once", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    const { session, execution } = await anExecuted(world);
    const head = world.write(aTrust({ trust_score: 0.93 }, trust));
    const outcome = anOutcome({ status: "FAILURE", triggersAmendment: true, proposal: lessTrust() });
    world.link.fault("writeAll", "lost");
    expect(await world.sdk.writeOutcome(session, execution, outcome)).toMatchObject({ ok: false, code: "UNAVAILABLE" });
    world.link.fault("writeAll", null);
    const answer = await world.reborn().writeOutcome(session, execution, outcome);
    const [outcomeBead] = beadsOf(world, "outcome");
    expect(beadsOf(world, "amendment")).toMatchObject([
      {
        id: answer.ok ? answer.amendmentBeadId : "",
        content: {
          target_id: head.id,
          target_type: "trust",
          proposed_change: { trust_score: 0.6 },
          rationale: "a chest pain was taken for a cough",
          triggered_by: outcomeBead?.id,
          status: "PROPOSED",
        },
      },
    ]);
    expect(beadsOf(world, "outcome")).toHaveLength(1);
  });

  test("what was written counts as written, though the same could not be formed any more", async () => {
    const world = aWorld();
    const { trust } = governed(world);
    const { session, execution } = await anExecuted(world);
    const outcome = anOutcome({ status: "FAILURE", triggersAmendment: true, proposal: lessTrust() });
    world.link.fault("writeAll", "lost");
    await world.sdk.writeOutcome(session, execution, outcome);
    world.link.fault("writeAll", null);
    world.write(aTrust({ trust_score: 0.6 }, trust));
    const answer = await world.sdk.writeOutcome(session, execution, outcome);
    expect(answer).toMatchObject({ ok: true, amendmentBeadId: beadsOf(world, "amendment")[0]?.id });
    world.link.calls.length = 0;
    expect(await world.sdk.writeOutcome(session, execution, outcome)).toEqual(answer);
    expect(world.link.calls).toEqual([]);
  });

  test.each([
    ["an empty change", lessTrust({})],
    ["a change to what is", lessTrust({ trust_score: 0.95 })],
    ["another subject", lessTrust({ subject_id: "agent:other" })],
    ["a field that trust does not have", lessTrust({ mood: "bad" })],
    ["a score that is none", lessTrust({ trust_score: 7 })],
  ])("a proposal with %s is INVALID_ARGUMENT, and no outcome is written either", async (_, proposal) => {
    const world = aWorld();
    governed(world);
    const { session, execution } = await anExecuted(world);
    expect(await world.sdk.writeOutcome(session, execution, anOutcome({ triggersAmendment: true, proposal }))).toMatchObject({
      ok: false,
      code: "INVALID_ARGUMENT",
    });
    expect(beadsOf(world, "outcome")).toEqual([]);
    expect(await world.sdk.writeOutcome(session, execution, anOutcome({ triggersAmendment: true }))).toMatchObject({ ok: true, amendmentBeadId: null });
  });

  test("a proposal without the trigger is INVALID_ARGUMENT", async () => {
    const world = aWorld();
    governed(world);
    const { session, execution } = await anExecuted(world);
    expect(await world.sdk.writeOutcome(session, execution, anOutcome({ proposal: lessTrust() }))).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  });

  test("a policy is amended where it was found: the organisation's when the role has none", async () => {
    const world = aWorld();
    const policy = world.write(aPolicy({ scope: "org" }));
    world.write(aTrust());
    world.write(aConsent());
    const { session, execution } = await anExecuted(world);
    const proposal = { target: "policy", change: { rules: { guidance: ["ask about chest pain"] } }, rationale: "it was not asked" } as const;
    expect(await world.sdk.writeOutcome(session, execution, anOutcome({ triggersAmendment: true, proposal }))).toMatchObject({ ok: true });
    expect(beadsOf(world, "amendment")).toMatchObject([{ content: { target_id: policy.id, target_type: "policy" } }]);
  });
});

describe("open amendments", () => {
  test("are those of the whole organisation, or of what the session retrieved", async () => {
    const world = aWorld();
    governed(world);
    const { session, execution } = await anExecuted(world);
    const written = await world.sdk.writeOutcome(session, execution, anOutcome({ triggersAmendment: true, proposal: lessTrust() }));
    const id = written.ok ? written.amendmentBeadId : null;
    for (const target of [undefined, "trust"] as const)
      expect(await world.sdk.openAmendments(session, target)).toMatchObject({ ok: true, amendments: [{ id }] });
    expect(await world.sdk.openAmendments(session, "policy")).toEqual({ ok: true, amendments: [] });
    world.link.fault("openAmendments", "fail");
    expect(await world.sdk.openAmendments(session)).toMatchObject({ ok: false, code: "UNAVAILABLE" });
  });
});

describe("closing a session", () => {
  test("is idempotent, and afterwards everything else is refused", async () => {
    const world = aWorld();
    governed(world);
    const { session, execution } = await anExecuted(world);
    const closedAt = world.clock.now();
    expect(await world.sdk.closeSession(session)).toEqual({ ok: true });
    world.clock.advance(10);
    expect(await world.sdk.closeSession(session)).toEqual({ ok: true });
    expect(await world.sdk.session(session)).toMatchObject({ session: { closedAt } });
    const { sdk } = world;
    const answers = await Promise.all([
      sdk.openSession({ sessionId: session, role: ROLE, agentId: AGENT, ceiling: "EXECUTE_FULL" }),
      sdk.retrieveKnowingState(session),
      sdk.evaluateTrust(session, AGENT),
      sdk.checkConsent(session, "refer"),
      sdk.writeExecution(session, anExecution()),
      sdk.writeOutcome(session, execution, anOutcome()),
      sdk.openAmendments(session),
    ]);
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.code))).toEqual(answers.map(() => "FAILED_PRECONDITION"));
  });

  test("of an unknown session is NOT_FOUND, as is everything else of it", async () => {
    const { sdk } = aWorld();
    const answers = await Promise.all([
      sdk.session("EXE-?"),
      sdk.retrieveKnowingState("EXE-?"),
      sdk.evaluateTrust("EXE-?", AGENT),
      sdk.checkConsent("EXE-?", "refer"),
      sdk.writeExecution("EXE-?", anExecution()),
      sdk.writeOutcome("EXE-?", "KSB", anOutcome()),
      sdk.openAmendments("EXE-?"),
      sdk.closeSession("EXE-?"),
    ]);
    expect(answers.map((answer) => (answer.ok ? "ok" : answer.code))).toEqual(answers.map(() => "NOT_FOUND"));
  });
});

describe("the session store", () => {
  test("raises no ceiling and forgets no degradation, whatever asks it to", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
    sqlSessions(storage).open({ sessionId: "S", role: ROLE, agentId: AGENT, ceiling: "PROPOSE", openedAt: 1 });
    expect(() => storage.sql.exec("UPDATE ksp_sessions SET ceiling = 3")).toThrow(/never rises/);
    const world = aWorld();
    governed(world);
    sqlSessions(storage).stamp("S", world.graph.retrieve(ROLE, AGENT, "EXECUTE_FULL"));
    expect(sqlSessions(storage).get("S")).toMatchObject({ ceiling: "PROPOSE", knowingState: { autonomy: "EXECUTE_FULL" } });
    sqlSessions(storage).degrade("S", "no answer");
    sqlSessions(storage).degrade("S", "a later one");
    expect(sqlSessions(storage).get("S")).toMatchObject({ ceiling: "SUGGEST", degraded: "no answer" });
    expect(() => storage.sql.exec("UPDATE ksp_sessions SET degraded = NULL")).toThrow(/stays degraded/);
    expect(() =>
      storage.sql.exec("INSERT INTO ksp_writes (session_id, write_key, request_digest, bead_id, beads) VALUES ('none', 'k', 'd', 'b', '[]')"),
    ).toThrow(/FOREIGN KEY/);
  });
});

/** One thing that may happen to a session or to what governs it. */
const event = fc.oneof(
  fc.record({ kind: fc.constant("trust" as const), score: fc.constantFrom(0, 0.5, 0.7, 0.9), status: fc.constantFrom("APPROVED", "SUSPENDED", "REVOKED") }),
  fc.record({ kind: fc.constant("policy" as const), autonomy: fc.constantFrom(...AUTONOMY) }),
  fc.record({
    kind: fc.constantFrom("retrieve" as const, "check" as const, "execute" as const, "evict" as const),
    level: fc.constantFrom(...AUTONOMY),
    fails: fc.boolean(),
  }),
);

describe("any course of events", () => {
  test("never raises the ceiling of a session, and lets no execution through above what governs at that moment", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
        const world = aWorld();
        let { policy, trust } = governed(world);
        const id = await aSession(world);
        let { sdk } = world;
        let ceiling = AUTONOMY.length - 1;
        for (const [index, one] of events.entries()) {
          if (one.kind === "trust") trust = world.write(aTrust({ status: one.status, trust_score: one.score, rationale: `${index}` }, trust));
          else if (one.kind === "policy") policy = world.write(aPolicy({ autonomy: one.autonomy, rules: { index } }, policy));
          else if (one.kind === "evict") sdk = world.reborn();
          else if (one.kind === "execute") {
            const allowed = world.graph.retrieve(ROLE, AGENT, "EXECUTE_FULL").autonomy;
            const answer = await sdk.writeExecution(id, anExecution({ nonce: `${index}`, level: one.level }));
            if (answer.ok) expect(AUTONOMY.indexOf(one.level)).toBeLessThanOrEqual(Math.min(AUTONOMY.indexOf(allowed), ceiling));
          } else {
            world.link.fault("heads", one.fails ? "fail" : null);
            await (one.kind === "retrieve" ? sdk.retrieveKnowingState(id) : sdk.checkConsent(id, "refer"));
            world.link.fault("heads", null);
          }
          const now = await sdk.session(id);
          const level = AUTONOMY.indexOf(now.ok ? now.session.ceiling : "EXECUTE_FULL");
          expect(level).toBeLessThanOrEqual(ceiling);
          ceiling = level;
        }
      }),
      { numRuns: 60 },
    );
  });
});
