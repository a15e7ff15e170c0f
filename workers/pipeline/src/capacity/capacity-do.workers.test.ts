import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { objectName } from "@factory/schemas";
import { capacityOf } from "@factory/schemas/rpc";
import type { ObjectHealthRpc } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { CAPACITY_MIGRATIONS } from "./capacity-store.ts";

const request = (org: string, runId: string, want: number, held = 0) => ({ org, runId, want, held, priority: "normal" }) as const;

describe("CapacityDO", () => {
  test("shares the slots of its org, and keeps what it granted over an eviction", async () => {
    const capacity = capacityOf(env, "shared");
    expect((await capacity.request(request("shared", "RUN-a", 12))).slots).toBe(12);
    await evictDurableObject(env.CAPACITIES.getByName(objectName.capacity("shared")));
    const second = await capacity.request(request("shared", "RUN-b", 12));
    expect(second.slots).toBe(4);
    expect(second.until).toBeGreaterThan(Date.now());
    expect((await capacity.request(request("shared", "RUN-a", 12, 8))).slots).toBe(8);
    expect((await capacity.request(request("shared", "RUN-b", 12))).slots).toBe(8);
  });

  test("is of one org only: a request for another is refused and changes nothing", async () => {
    const stub = env.CAPACITIES.getByName(objectName.capacity("mine"));
    const asked = async () => await capacityOf(env, "mine").request(request("theirs", "RUN-a", 4));
    await expect(asked()).rejects.toThrow("holds no slots of theirs");
    await runInDurableObject(stub, (_, { storage }) => expect(storage.sql.exec("SELECT * FROM demands").toArray()).toEqual([]));
  });

  test("its health tells its storage and its schema", async () => {
    await capacityOf(env, "health").request(request("health", "RUN-a", 1));
    // The generated binding does not name the class that this Worker exports.
    const stub = env.CAPACITIES.getByName(objectName.capacity("health")) as unknown as ObjectHealthRpc;
    const health = await stub.objectHealth();
    expect(health).toMatchObject({ state: null, outbox: null, schemaVersion: CAPACITY_MIGRATIONS.at(-1)?.id });
    expect(health.storageBytes).toBeGreaterThan(0);
  });

  test("keeps the order of its migrations, with foreign keys on", async () => {
    await capacityOf(env, "schema").request(request("schema", "RUN-a", 1));
    await runInDurableObject(env.CAPACITIES.getByName(objectName.capacity("schema")), (_, { storage }) => {
      expect(storage.sql.exec("SELECT id FROM durable_migrations WHERE component = 'object' ORDER BY position").toArray()).toEqual(
        CAPACITY_MIGRATIONS.map(({ id }) => ({ id })),
      );
      expect(storage.sql.exec("PRAGMA foreign_keys").one()).toEqual({ foreign_keys: 1 });
    });
  });
});
