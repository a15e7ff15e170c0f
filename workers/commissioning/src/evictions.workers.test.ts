/** The real object, evicted between any two steps of commissioning and inside of each pass: the same artifacts in the end. */
import { applyD1Migrations, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { PASSES } from "@factory/schemas";
import { beforeAll, describe, expect, test } from "vitest";
import { aRequest } from "./testing/builders.ts";

beforeAll(async () => {
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});

/** One request for all: objects of different names come to the same ids, or to others. */
const REQUEST = aRequest({ workOrderId: "WO-evictions", config: { reviewMode: "human" } });
const PATIENT = { timeout: 20_000 };

/** An object of its own on the shared request. */
function anObject(name: string) {
  const stub = env.SESSIONS.getByName(name);
  const sql = (query: string) => runInDurableObject(stub, (_, { storage }) => storage.sql.exec(query).toArray());
  return {
    stub,
    sql,
    state: async () => (await stub.status())?.state,
    reason: async () => (await stub.status())?.reason ?? "",
    artifacts: async () => (await sql("SELECT id FROM artifacts ORDER BY seq")).map(({ id }) => id),
    attempts: async () =>
      (await sql("SELECT pass, attempt, outcome FROM pass_attempts ORDER BY rowid")).map(({ pass, attempt, outcome }) => [pass, attempt, outcome]),
  };
}

/** What an object comes to that nothing disturbs. */
async function undisturbed() {
  const object = anObject("undisturbed");
  await object.stub.commission(REQUEST);
  await expect.poll(object.state, PATIENT).toBe("AWAITING_APPROVAL");
  return object.artifacts();
}

/** The statement at which the object's storage fails, and which it gets to no further than. */
const BOUNDARIES = [
  ...PASSES.map(({ name }) => [`before ${name}`, `BEFORE INSERT ON pass_attempts WHEN NEW.pass = '${name}'`] as const),
  ...PASSES.map(({ name }) => [`inside of ${name}, its answer lost`, `BEFORE INSERT ON passes WHEN NEW.name = '${name}'`] as const),
  ["before the semantic review is on record", "BEFORE INSERT ON semantic_reviews"] as const,
  ["before approval is asked for", "BEFORE INSERT ON reviews WHEN NEW.matter = 'approval'"] as const,
];

describe("an object that is evicted", () => {
  test.each(BOUNDARIES)("%s comes to the same artifacts as one that nothing disturbs", async (where, statement) => {
    const object = anObject(`evicted ${where}`);
    await object.sql(`CREATE TRIGGER broken ${statement} BEGIN SELECT RAISE(ABORT, 'the storage fails here'); END`);
    await object.stub.commission(REQUEST);
    await expect.poll(object.reason, PATIENT).toContain("the storage fails here");
    await evictDurableObject(object.stub);
    await object.sql("DROP TRIGGER broken");
    await runDurableObjectAlarm(object.stub);
    await expect.poll(object.state, PATIENT).toBe("AWAITING_APPROVAL");
    expect(await object.artifacts()).toEqual(await undisturbed());
    const answered = (await object.attempts()).filter(([, , outcome]) => outcome === "answered").map(([pass]) => pass);
    expect(answered).toEqual(PASSES.map(({ name }) => name));
  });

  test("inside of a pass leaves the lost attempt on record and takes the pass up as the next", async () => {
    const object = anObject("lost attempt");
    await object.sql("CREATE TRIGGER broken BEFORE INSERT ON passes WHEN NEW.name = 'map-capability' BEGIN SELECT RAISE(ABORT, 'the storage fails here'); END");
    await object.stub.commission(REQUEST);
    await expect.poll(object.reason, PATIENT).toContain("the storage fails here");
    expect((await object.attempts()).at(-1)).toEqual(["map-capability", expect.any(Number), null]);
    await evictDurableObject(object.stub);
    await object.sql("DROP TRIGGER broken");
    await runDurableObjectAlarm(object.stub);
    await expect.poll(object.state, PATIENT).toBe("AWAITING_APPROVAL");
    const attempts = (await object.attempts()).filter(([pass]) => pass === "map-capability");
    expect(attempts.at(0)).toEqual(["map-capability", 1, "lost"]);
    expect(attempts.at(-1)).toEqual(["map-capability", attempts.length, "answered"]);
    expect(attempts.length).toBeGreaterThan(1);
  });
});
