import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { describe, expect, test } from "vitest";
import { migrateOperative, OPERATIVE_MIGRATIONS } from "./operative-schema.ts";
import { OperativeStore } from "./operative-store.ts";
import { aBead, anotherBeadId } from "./testing/builders.ts";

describe("the operative's tables", () => {
  test("keep what an object from before governance held: what had begun counts as begun, what had not can still begin", () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, OPERATIVE_MIGRATIONS.slice(0, 1));
    const begun = aBead();
    const waiting = aBead({ beadId: anotherBeadId("waiting") });
    for (const [index, bead] of [begun, waiting].entries()) {
      storage.sql.exec("INSERT INTO operative_beads (bead_id, epoch) VALUES (?, ?)", bead.beadId, bead.epoch);
      storage.sql.exec("INSERT INTO operative_claim_parts (bead_seq, part, text) VALUES (?, 0, ?)", index + 1, JSON.stringify(bead));
    }
    storage.sql.exec("UPDATE operative_beads SET execution_id = 'EXE-1', started_at = 7 WHERE seq = 1");
    migrateOperative(storage);
    const store = new OperativeStore(storage);
    expect(store.held()).toEqual({ claim: begun, executionId: "EXE-1", startedAt: 7, ranAt: 7 });
    store.discard(begun);
    expect(store.held()).toEqual({ claim: waiting, executionId: null, startedAt: null, ranAt: null });
  });

  test("take the migrations of every part once, whatever was applied before", () => {
    const storage = new NodeSqliteStorage();
    migrateOperative(storage);
    const applied = () => storage.sql.exec("SELECT component, id FROM durable_migrations ORDER BY component, position").toArray();
    const first = applied();
    migrateOperative(storage);
    expect(applied()).toEqual(first);
    expect(new Set(first.map(({ component }) => component))).toEqual(new Set(["bridge-journal", "ksp-sessions", "object", "workspace"]));
  });

  test("give a lease one execution id, renew it only before the agent acted, and keep the outcome under it", () => {
    const storage = new NodeSqliteStorage();
    migrateOperative(storage);
    const store = new OperativeStore(storage);
    const bead = aBead();
    store.settle([], [bead]);
    store.begin(bead, "EXE-1", 1);
    store.begin(bead, "EXE-2", 2);
    expect(store.held()).toMatchObject({ executionId: "EXE-1", startedAt: 1, ranAt: null });
    store.renew("EXE-1", "EXE-3");
    store.govern("EXE-3", { knowingStateId: "KST-1", headsDigest: "h", autonomy: "PROPOSE" });
    store.run("EXE-3", { executionBeadId: "KSB-1", knowingStateId: "KST-1" }, 5);
    store.renew("EXE-3", "EXE-4");
    expect(store.held()).toMatchObject({ executionId: "EXE-3", ranAt: 5 });
    const result = { kind: "suggest", reason: "none" } as const;
    expect(store.conclude("EXE-4", { result, denials: [], durationMs: 1, checkMs: 0 })).toBeNull();
    expect(store.conclude("EXE-3", { result, denials: [], durationMs: 1, checkMs: 0 })).toMatchObject({
      executionId: "EXE-3",
      executionBeadId: "KSB-1",
      knowingStateId: "KST-1",
      autonomy: "PROPOSE",
    });
  });
});
