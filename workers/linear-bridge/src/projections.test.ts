import { FactoryError } from "@factory/schemas";
import type { ObjectHealth } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import type { AuthorityRegistry } from "./authority/authority-registry.ts";
import { Projections } from "./projections.ts";
import { aRegistry } from "./testing/escalations.ts";

const HEALTH: ObjectHealth = {
  state: null,
  storageBytes: 4_096,
  nextAlarmAt: null,
  outbox: { pending: 3, oldestAt: 1, worstAttempts: 9, parked: 1, parkedReason: "Linear refused it." },
  leases: [],
  lastError: "Linear refused it.",
  schemaVersion: "0001-projection",
  failingTimers: [],
};

/** Projections under this registry, and which of them were addressed: addressing one makes it. */
function someProjections(authority: () => Promise<AuthorityRegistry | null>) {
  const addressed: string[] = [];
  const poked: string[] = [];
  const projections = new Projections({
    authority,
    projection: (org) => {
      addressed.push(org);
      return { poke: async () => void poked.push(org), objectHealth: async () => HEALTH };
    },
  });
  return { projections, addressed, poked };
}

describe("the projections of organisations", () => {
  test("are poked and asked where the registry shows the organisation", async () => {
    const { projections, poked } = someProjections(async () => aRegistry());
    await projections.poke("acme");
    expect(poked).toEqual(["acme"]);
    expect(await projections.health("acme")).toEqual(HEALTH);
  });

  test.each([
    ["the registry does not name it", async () => aRegistry()],
    ["there is no registry", async () => null],
  ])("are not made where %s", async (_, authority) => {
    const { projections, addressed } = someProjections(authority);
    await projections.poke("nowhere");
    expect(await projections.health("nowhere")).toBeNull();
    expect(addressed).toEqual([]);
  });

  test("are not known while the registry does not answer", async () => {
    const { projections, addressed } = someProjections(async () => Promise.reject(new FactoryError("UNAVAILABLE", "The store is down.")));
    await expect(projections.poke("acme")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    await expect(projections.health("acme")).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(addressed).toEqual([]);
  });
});
