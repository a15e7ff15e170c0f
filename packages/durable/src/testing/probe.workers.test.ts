import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { STORAGE_CONTRACT } from "./storage-contract.ts";
import type { ProbeDO } from "./probe.do.ts";

const aProbe = (name: string): DurableObjectStub<ProbeDO> => env.PROBE.getByName(name);

describe("a Durable Object's own storage", () => {
  test.each(STORAGE_CONTRACT)("$name", async ({ name, run }) => {
    expect.hasAssertions();
    await runInDurableObject(aProbe(`contract ${name}`), (_, state) => run(state.storage));
  });
});

describe("the parts of an object on the real runtime", () => {
  test("calls that arrive together are committed as one group and a bad one is undone alone", async () => {
    const probe = aProbe("group");
    const answers = await Promise.allSettled(["a", "b", "a", "c"].map((note) => probe.keep(note)));
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    expect([...(await probe.notes())]).toEqual(["a", "b", "c"]);
  });

  test("an effect leaves by the alarm, once, and its row goes with the timer", async () => {
    const sender = aProbe("sender");
    await sender.send("receiver", "hello");
    // The alarm is due at once: the platform may have run it already.
    await runDurableObjectAlarm(sender);
    await expect.poll(async () => [...(await aProbe("receiver").notes())]).toEqual(["hello"]);
    await expect.poll(() => runInDurableObject(sender, (_, { storage }) => storage.sql.exec("SELECT count(*) AS n FROM outbox_effects").one()["n"])).toBe(0);
    await expect.poll(() => runInDurableObject(sender, ({ scheduler }) => scheduler.scheduledAt("outbox"))).toBeNull();
  });

  test("an effect whose object was evicted before the alarm is delivered by the next incarnation", async () => {
    const sender = aProbe("evicted sender");
    await runInDurableObject(sender, (instance, { storage }) => {
      storage.transactionSync(() => {
        instance.outbox.enqueue({ effectId: "late", lane: "late receiver", target: "late receiver", payload: "late" });
      });
    });
    // Nobody poked, so there is neither a timer nor an alarm.
    expect(await runInDurableObject(sender, (_, { storage }) => storage.getAlarm())).toBeNull();
    await evictDurableObject(sender);
    await runDurableObjectAlarm(sender);
    await expect.poll(async () => [...(await aProbe("late receiver").notes())]).toEqual(["late"]);
  });

  test("a timer of a rolled back transaction sets no alarm, and a committed one survives an eviction", async () => {
    const probe = aProbe("timer");
    const at = Date.now() + 3_600_000;
    await runInDurableObject(probe, async ({ scheduler }, { storage }) => {
      let armed: Promise<void> | undefined;
      expect(() =>
        storage.transactionSync(() => {
          armed = scheduler.schedule("tick", at);
          throw new Error("undone");
        }),
      ).toThrow("undone");
      await armed;
      expect(await storage.getAlarm()).toBeNull();
      await scheduler.schedule("tick", at);
    });
    await evictDurableObject(probe);
    expect(await runInDurableObject(probe, (_, { storage }) => storage.getAlarm())).toBe(at);
  });

  test("an alarm runs what is due, and a failing timer does not keep another from running", async () => {
    const probe = aProbe("alarm");
    await runInDurableObject(probe, async ({ scheduler }) => {
      scheduler.on("broken", () => Promise.reject(new Error("broken")));
      await Promise.all([scheduler.schedule("broken", 1), scheduler.schedule("tick", 2)]);
    });
    await runDurableObjectAlarm(probe);
    await expect.poll(() => runInDurableObject(probe, (_, { storage }) => storage.sql.exec("SELECT name FROM ticks").toArray().length)).toBe(1);
    expect(await runInDurableObject(probe, ({ scheduler }) => scheduler.scheduledAt("broken"))).toBeGreaterThan(2);
    await runInDurableObject(probe, ({ scheduler }) => scheduler.cancel("broken"));
  });
});
