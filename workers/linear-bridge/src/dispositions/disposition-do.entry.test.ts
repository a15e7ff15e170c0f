import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { artifactNode, kvKey, objectName } from "@factory/schemas";
import { artifactGraphOf, dispositionOf } from "@factory/schemas/rpc";
import type { EscalationBinding } from "@factory/schemas/rpc";
import { beforeEach, describe, expect, test } from "vitest";
import type { RecordedCall, Recorder } from "../testing/bridge-neighbours.ts";
import { aBinding, aBlock, aComment, aRegistry, SUSPEND } from "../testing/escalations.ts";
import { aRequest, aWebhook } from "../testing/webhooks.ts";
import { DispositionDO } from "./disposition-do.ts";

const RESUME = aBlock("resume", "note: use cents");

const objectOf = ({ org, escalationId }: EscalationBinding): DurableObjectStub<DispositionDO> =>
  env.DISPOSITIONS.getByName(objectName.disposition(org, escalationId));
/** A comment's answer, as the shared interface types it. */
const take = (binding: EscalationBinding, author: string, body: string) =>
  dispositionOf(env, binding.org, binding.escalationId).comment(aComment(author, body, { issueId: binding.issueId }));
// Everything but the graph is a recording Worker under the real name.
const recorderOf = (namespace: DurableObjectNamespace, name: string): Recorder => namespace.getByName(name) as unknown as Recorder;
const desk = recorderOf(env.DESKS, "desk");
const issues = recorderOf(env.LINEAR_PROJECTIONS, objectName.linearProjection("acme"));

/** Calls of a neighbour that carry the text; structured clones, whatever the runtime's proxies look like. */
async function callsWith(recorder: Recorder, method: string, text: string): Promise<RecordedCall[]> {
  return structuredClone(await recorder.calls()).filter((call) => call.method === method && JSON.stringify(call.args).includes(text));
}

/** What was said on the issue: the writer of issues knows an effect id that it has seen, a recorder keeps each delivery. */
async function said({ escalationId }: EscalationBinding): Promise<RecordedCall[]> {
  return [...new Map((await callsWith(issues, "say", escalationId)).map((call) => [call.args[0], call])).values()];
}

/** An escalation about a node that is in the lineage, bound to its object. */
async function aBoundEscalation(issueId: string, changes: Partial<EscalationBinding> = {}): Promise<EscalationBinding> {
  const signal = artifactNode("SIG", "Signal", "acme", { title: issueId }, []);
  expect(await artifactGraphOf(env, "acme", "shop").append([signal], [])).toMatchObject({ ok: true });
  const binding = aBinding({ issueId, action: `Go on with ${signal.id}`, ...changes });
  expect(await objectOf(binding).bind(binding)).toEqual({ ok: true });
  return binding;
}

async function nodesOf(type: string, { escalationId }: EscalationBinding): Promise<string[]> {
  const nodes = await artifactGraphOf(env, "acme", "shop").byType(type, 1_000);
  return nodes.filter(({ data }) => data["escalationId"] === escalationId).map(({ id }) => id);
}

/** Fires the object's alarm until the condition holds. */
async function until(binding: EscalationBinding, met: () => Promise<boolean>): Promise<void> {
  await expect.poll(async () => (await met()) || (await runDurableObjectAlarm(objectOf(binding)), met()), { timeout: 20_000 }).toBe(true);
}

const answeredOnce = (binding: EscalationBinding) => until(binding, async () => (await said(binding)).length === 1);

beforeEach(async () => {
  await env.CONFIG.put(kvKey.linearAuthority(), JSON.stringify(aRegistry()));
});

describe("an escalation's object", () => {
  test("takes a signed webhook to its end: on record, signal with a token, one result comment", async () => {
    const binding = await aBoundEscalation("issue-whole");
    await issues.answerWith("bindingOf", [binding, binding]);
    const body = JSON.stringify(aWebhook("ada", RESUME, { data: { id: "comment-whole", issue: { id: binding.issueId, team: { id: "team-acme" } } } }));
    const first = await exports.default.fetch(aRequest(body));
    const again = await exports.default.fetch(aRequest(body));
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(await first.json()).toEqual(await again.json());
    await answeredOnce(binding);
    const [elucidation] = await nodesOf("ElucidationArtifact", binding);
    const [event] = await nodesOf("DispositionEvent", binding);
    const signals = await callsWith(desk, "receiveSignal", binding.reviewId);
    expect(signals).toHaveLength(1);
    expect(signals[0]?.args[0]).toMatch(/^eyJ/);
    expect(JSON.parse(String(signals[0]?.args[1]))).toMatchObject({
      signalType: "ResumeSignal",
      dispositionEventId: event,
      elucidationArtifactId: elucidation,
      note: "use cents",
    });
    expect(JSON.stringify(await said(binding))).toContain("Done: resume, decided by ada. The session goes on.");
  });

  test("refuses a webhook that Linear has not signed", async () => {
    expect((await exports.default.fetch(aRequest("{}", { "linear-signature": "00" }))).status).toBe(401);
  });

  test("tells its health: idle, then done, with nothing left in its outbox", async () => {
    const binding = await aBoundEscalation("issue-health");
    expect(await objectOf(binding).objectHealth()).toMatchObject({ state: "idle", outbox: { pending: 0 }, schemaVersion: "0001-disposition" });
    await take(binding, "ada", RESUME);
    await answeredOnce(binding);
    await expect.poll(async () => (await objectOf(binding).objectHealth()).outbox).toMatchObject({ pending: 0, parked: 0 });
    expect(await objectOf(binding).objectHealth()).toMatchObject({ state: "done", lastError: null, failingTimers: [] });
  });

  test("is evicted between the comment and its delivery, and the next incarnation delivers once", async () => {
    const binding = await aBoundEscalation("issue-evicted");
    await desk.answerWith("receiveSignal", ["throw"]);
    const comment = aComment("ada", RESUME, { issueId: binding.issueId });
    await runInDurableObject(objectOf(binding), async (instance, { storage }) => {
      await instance.comment(comment);
      // As if the object had died before the alarm was set: only the outbox rows are left.
      await storage.deleteAlarm();
    });
    await evictDurableObject(objectOf(binding));
    expect(await objectOf(binding).comment({ ...comment, deliveryId: "again" })).toMatchObject({ ok: true, taken: { outcome: "taken" } });
    await answeredOnce(binding);
    expect(await nodesOf("DispositionEvent", binding)).toHaveLength(1);
    expect(await nodesOf("ElucidationArtifact", binding)).toHaveLength(1);
  });

  test("is evicted while the desk is still at it, and asks again until it has ended", async () => {
    const binding = await aBoundEscalation("issue-waiting");
    await desk.answerWith("outcome", [
      { state: "delivering", detail: "" },
      { state: "delivering", detail: "" },
    ]);
    await take(binding, "ada", RESUME);
    await until(binding, async () => (await callsWith(desk, "receiveSignal", binding.reviewId)).length === 1);
    await evictDurableObject(objectOf(binding));
    await answeredOnce(binding);
  });

  test("carries a rejection to the session, on record first", async () => {
    const binding = await aBoundEscalation("issue-reject");
    await take(binding, "ada", aBlock("reject", "reason: out of scope"));
    await answeredOnce(binding);
    const [record] = await nodesOf("RejectionRecord", binding);
    const calls = await recorderOf(env.SESSIONS, objectName.session("acme", binding.sessionId)).calls();
    expect(structuredClone(calls).map(({ args }) => args[1])).toEqual([
      expect.objectContaining({ decision: "rejected", elucidationArtifactId: record, note: "out of scope" }),
    ]);
  });

  test("D-57: of parallel first votes one is the first, and both people are in the signal", async () => {
    const binding = await aBoundEscalation("issue-votes");
    const votes = ["ada", "grace"].map((name) => aComment(name, SUSPEND, { issueId: binding.issueId }));
    const answers = await Promise.all([...votes, ...votes].map((vote) => dispositionOf(env, binding.org, binding.escalationId).comment(vote)));
    expect(answers.map((answer) => (answer.ok ? answer.taken.outcome : answer.code)).toSorted()).toEqual(["taken", "taken", "waiting", "waiting"]);
    await until(binding, async () => (await said(binding)).length === 2);
    const signals = await callsWith(desk, "receiveSignal", (await nodesOf("DispositionEvent", binding))[0] ?? "none");
    expect(signals.map(({ args }) => JSON.parse(String(args[1])).approvers)).toEqual([["ada", "grace"]]);
  });

  test("lapses a vote by its alarm after an eviction, with a notice", async () => {
    const binding = await aBoundEscalation("issue-expiry");
    await take(binding, "ada", SUSPEND);
    await until(binding, async () => (await said(binding)).length === 1);
    await runInDurableObject(objectOf(binding), (_, { storage }) => {
      // An hour later, as the object's rows see it.
      storage.sql.exec("UPDATE proposals SET expires_at = ?", Date.now() - 1);
      storage.sql.exec("UPDATE scheduler_timers SET due_at = ? WHERE name = 'expiry'", Date.now() - 1);
    });
    await evictDurableObject(objectOf(binding));
    await until(binding, async () => (await said(binding)).length === 2);
    expect(JSON.stringify(await said(binding))).toContain("The override that ada proposed lapsed");
  });

  test("permits nothing while no registry is published", async () => {
    const binding = await aBoundEscalation("issue-nobody");
    await env.CONFIG.delete(kvKey.linearAuthority());
    expect(await take(binding, "ada", RESUME)).toMatchObject({ ok: true, taken: { code: "PERMISSION_DENIED" } });
    expect(await nodesOf("DispositionEvent", binding)).toEqual([]);
  });

  test("refuses the escalation of another object", async () => {
    const binding = aBinding();
    expect(await objectOf(binding).bind({ ...binding, org: "other" })).toMatchObject({ ok: false, code: "INTEGRITY" });
  });

  test("refuses to open a database of newer code", async () => {
    const binding = aBinding();
    await runInDurableObject(objectOf(binding), (_, state) => {
      state.storage.sql.exec("UPDATE durable_migrations SET id = '9999-from-the-future' WHERE id = '0001-disposition'");
      expect(() => new DispositionDO(state, env)).toThrow(/newer code/);
    });
  });

  test("applies its migrations once", async () => {
    const binding = aBinding();
    const applied = () =>
      runInDurableObject(objectOf(binding), (_, { storage }) =>
        storage.sql.exec("SELECT component, id FROM durable_migrations ORDER BY component, position").toArray(),
      );
    const first = await applied();
    expect(first.map(({ id }) => id)).toContain("0001-disposition");
    await evictDurableObject(objectOf(binding));
    expect(await applied()).toEqual(first);
  });
});
