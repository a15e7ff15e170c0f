import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { blobKey, objectName, runIdOf } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aBead, aDirective, ORG } from "./testing/builders.ts";
import type { ProbeCoordinatorDO } from "./testing/operative-probe.worker.ts";

/** A run of its own, with its operative in slot 0 and its coordinator. */
function aRun(name: string) {
  const runId = runIdOf(ORG, name, "SPEC-1");
  // The generated bindings do not know the classes of the test's Worker.
  const operative = env.OPERATIVES.getByName(objectName.operative(ORG, runId, 0));
  const coordinator = env.COORDINATORS.getByName(objectName.coordinator(ORG, runId)) as unknown as DurableObjectStub<ProbeCoordinatorDO>;
  const bead = aBead({ directive: aDirective({ runId, toolPolicy: { permitted: ["read_file", "write_file", "run_checks"] } }) });
  const applied = async (): Promise<BeadOutcome[]> => JSON.parse(await coordinator.applied()) as BeadOutcome[];
  return { runId, operative, coordinator, bead, applied };
}

describe("OperativeDO", () => {
  test("answers a wake at once, then works by its alarm with the offline model and leaves the file in the blob store", async () => {
    const { runId, operative, coordinator, bead, applied } = aRun("work");
    await coordinator.offer(bead);
    await operative.wake(ORG, runId, 0);
    // The alarm is due at once: the platform may have run it already.
    await runDurableObjectAlarm(operative);
    await expect
      .poll(applied, { timeout: 30_000 })
      .toMatchObject([{ epoch: 1, result: { kind: "task", task: { status: "COMPLETE" }, changeSet: [{ path: "src/double.ts" }] } }]);
    const [outcome] = await applied();
    const [change] = outcome?.result.kind === "task" ? outcome.result.changeSet : [];
    const blob = await env.BLOBS.get(blobKey.content(change?.digest ?? ""));
    expect(await blob?.text()).toContain("export function double");
    await expect.poll(() => runInDurableObject(operative, (_, { storage }) => storage.getAlarm())).toBeNull();
  });

  test("that is evicted in the midst of a bead reports it as interrupted when it is back, without being woken", async () => {
    const { runId, operative, bead, applied } = aRun("eviction");
    await runInDurableObject(operative, (_, { storage }) => {
      storage.transactionSync(() => {
        storage.sql.exec("INSERT INTO operative_identity (one, org, run_id, slot) VALUES (1, ?, ?, 0)", ORG, runId);
        storage.sql.exec(
          "INSERT INTO operative_beads (bead_id, epoch, execution_id, started_at) VALUES (?, 3, 'EXE-01ARZ3NDEKTSV4RRFFQ69G5FAV', ?)",
          bead.beadId,
          Date.now(),
        );
        storage.sql.exec("INSERT INTO operative_claim_parts (bead_seq, part, text) VALUES (1, 0, ?)", JSON.stringify({ ...bead, epoch: 3 }));
      });
    });
    await evictDurableObject(operative);
    await runDurableObjectAlarm(operative);
    await expect.poll(applied).toMatchObject([{ epoch: 3, executionBeadId: null, result: { kind: "failure", failureClass: "infrastructure" } }]);
  });

  test("keeps its schema and what it holds over an eviction, with foreign keys on", async () => {
    const { runId, operative } = aRun("migration");
    await operative.wake(ORG, runId, 0);
    await expect.poll(() => runInDurableObject(operative, (_, { storage }) => storage.getAlarm())).toBeNull();
    await evictDurableObject(operative);
    await runInDurableObject(operative, (_, { storage }) => {
      const applied = storage.sql.exec("SELECT component, id FROM durable_migrations ORDER BY component").toArray();
      expect(applied).toEqual([
        { component: "object", id: "0001-operative" },
        { component: "scheduler", id: "0001-timers" },
        { component: "workspace", id: "0001-workspace" },
      ]);
      expect(storage.sql.exec("SELECT run_id FROM operative_identity").toArray()).toEqual([{ run_id: runId }]);
      expect(() => storage.sql.exec("INSERT INTO operative_claim_parts (bead_seq, part, text) VALUES (99, 0, '')")).toThrow(/FOREIGN KEY/);
    });
  });

  test("refuses to be woken as another slot or for another run", async () => {
    const { runId, operative } = aRun("identity");
    await runInDurableObject(operative, async (instance) => {
      await expect(instance.wake(ORG, runId, 1)).rejects.toThrow(/is not slot 1/);
      await expect(instance.wake("other", runId, 0)).rejects.toThrow(/is not slot 0/);
    });
  });
});
