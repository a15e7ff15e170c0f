import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { kvKey, objectName } from "@factory/schemas";
import type { SessionEvent } from "@factory/schemas";
import type { EscalationBinding, LinearProjectionRpc, ObjectHealthRpc } from "@factory/schemas/rpc";
import { beforeEach, describe, expect, test } from "vitest";
import { aRegistry } from "../testing/escalations.ts";
import { SessionStory } from "../testing/session-story.ts";
import { LinearProjectionDO } from "./linear-projection-do.ts";
import { PROJECTION_MIGRATIONS } from "./schema.ts";

type Asked = {
  readonly name: string;
  readonly variables: { readonly input?: { readonly id?: string; readonly title?: string } };
  readonly authorization: string;
};

// The generated binding does not name the class that this Worker exports.
const objectOf = (org: string): DurableObjectStub<LinearProjectionDO> => env.LINEAR_PROJECTIONS.getByName(objectName.linearProjection(org));
const projectionOf = (org: string): LinearProjectionRpc & ObjectHealthRpc => objectOf(org);

/** What Linear was asked so far; a structured clone, whatever the runtime's proxies look like. */
async function asked(): Promise<Asked[]> {
  const recorder = env.LINEAR_REQUESTS.getByName("linear") as unknown as { all(): Promise<Asked[]> };
  return structuredClone(await recorder.all());
}

const titles = async (): Promise<string[]> =>
  (await asked()).flatMap(({ name, variables }) => (name === "FactoryIssueCreate" ? [variables.input?.title ?? ""] : []));

async function logged(org: string, story: SessionStory, events: readonly SessionEvent[]): Promise<number> {
  const log = env.SESSION_LOGS.getByName(objectName.sessionLog(org, story.sessionId)) as unknown as { put(events: readonly SessionEvent[]): Promise<void> };
  await log.put(events.map((event, index) => ({ ...event, seq: index + 1 })));
  return events.length;
}

/** An organisation of its own, shown in a team of its own. */
async function shown(org: string): Promise<void> {
  const [entry] = aRegistry().orgs;
  if (entry === undefined) throw new Error("The registry names no organisation.");
  await env.CONFIG.put(kvKey.linearAuthority(), JSON.stringify({ ...aRegistry(), orgs: [{ ...entry, org }] }));
}

describe("a projection object", () => {
  beforeEach(() => env.CONFIG.delete(kvKey.linearAuthority()));

  test("follows a log, asks Linear with the key as it is, and answers for what it has bound", async () => {
    await shown("whole");
    const story = new SessionStory("whole", Date.now());
    const toSeq = await logged("whole", story, [story.submitted(), story.asked("approval").event]);
    await projectionOf("whole").follow(story.sessionId, toSeq);
    await expect.poll(async () => (await titles()).filter((title) => title.includes("Carts whole") || title.startsWith("Decision"))).toHaveLength(2);
    const [first] = await asked();
    expect(first?.authorization).toBe("lin_api_test");
    const escalation = (await asked()).find(({ variables }) => variables.input?.title?.startsWith("Decision"));
    using bound = (await projectionOf("whole").bindingOf(escalation?.variables.input?.id ?? "")) as EscalationBinding & Disposable;
    expect({ org: bound.org, matter: bound.matter, sessionId: bound.sessionId }).toEqual({ org: "whole", matter: "approval", sessionId: story.sessionId });
    expect(await projectionOf("whole").bindingOf("another")).toBeNull();
    expect([await projectionOf("whole").isOwn("user-factory"), await projectionOf("whole").isOwn("user-ada")]).toEqual([true, false]);
  });

  test("an evicted object goes on where it was and makes nothing twice", async () => {
    await shown("evicted");
    const story = new SessionStory("evicted", Date.now());
    const bead = story.bead("sum evicted");
    const begun = story.begun(bead);
    await projectionOf("evicted").follow(story.sessionId, await logged("evicted", story, begun));
    await expect.poll(async () => (await titles()).filter((title) => title.includes("evicted"))).toHaveLength(2);
    await evictDurableObject(objectOf("evicted"));
    const toSeq = await logged("evicted", story, [...begun, story.moved(bead, "READY", "DONE")]);
    await projectionOf("evicted").follow(story.sessionId, toSeq);
    await expect.poll(async () => (await asked()).some(({ name }) => name === "FactoryIssueUpdate")).toBe(true);
    expect((await titles()).filter((title) => title.includes("evicted"))).toHaveLength(2);
  });

  test("the alarm carries out what an incarnation left, without a further hint", async () => {
    await shown("alarmed");
    const story = new SessionStory("alarmed", Date.now());
    const toSeq = await logged("alarmed", story, [story.submitted()]);
    await projectionOf("alarmed").follow(story.sessionId, toSeq);
    await evictDurableObject(objectOf("alarmed"));
    await runInDurableObject(objectOf("alarmed"), (_, ctx) => {
      // As if the delivery had not begun: due at once, unacknowledged.
      ctx.storage.sql.exec("UPDATE scheduler_timers SET due_at = 1");
    });
    await runDurableObjectAlarm(objectOf("alarmed"));
    const made = async () => (await asked()).filter(({ variables }) => variables.input?.title?.includes("alarmed"));
    await expect.poll(async () => (await made()).length).toBeGreaterThan(0);
    // However often it was sent: Linear takes an id once.
    expect(new Set((await made()).map(({ variables }) => variables.input?.id)).size).toBe(1);
  });

  test("D-77: without a key, and for an organisation that the registry does not name, nothing is read and nothing sent", async () => {
    const before = (await asked()).length;
    const story = new SessionStory("unknown", Date.now());
    await projectionOf("unknown").follow(story.sessionId, await logged("unknown", story, [story.submitted()]));
    await shown("keyless");
    await runInDurableObject(objectOf("keyless"), async (_, ctx) => {
      await new LinearProjectionDO(ctx, { ...env, LINEAR_API_KEY: "" }).follow(story.sessionId, 1);
      expect(ctx.storage.sql.exec("SELECT count(*) AS sessions FROM sessions").toArray()).toEqual([{ sessions: 0 }]);
    });
    expect(await asked()).toHaveLength(before);
  });

  test("D-66: nothing reaches it over HTTP", () => {
    expect(Object.hasOwn(LinearProjectionDO.prototype, "fetch")).toBe(false);
  });

  test("says of itself how it stands and which schema it has", async () => {
    const health = await projectionOf("healthy").objectHealth();
    expect(structuredClone(health)).toMatchObject({
      state: "in order",
      lastError: null,
      schemaVersion: PROJECTION_MIGRATIONS.at(-1)?.id,
      outbox: { pending: 0, parked: 0 },
    });
  });

  test("a database of newer code is refused, not written to", async () => {
    await projectionOf("newer").objectHealth();
    await runInDurableObject(objectOf("newer"), async (_, ctx) => {
      ctx.storage.sql.exec("INSERT INTO durable_migrations (component, position, id, digest) VALUES ('object', 99, '9999-later', '')");
      expect(() => new LinearProjectionDO(ctx, env)).toThrow(/does not know/);
    });
  });
});
