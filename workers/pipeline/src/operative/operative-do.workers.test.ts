import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { knowingStateBeadId } from "@factory/bead-graph";
import { agentIdOf, defaultKnowingState } from "@factory/gears";
import { blobKey, objectName, runIdOf } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf } from "@factory/schemas/rpc";
import type { BeadOutcome, ClaimedBead } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aBead, aDirective, ASSEMBLY, lineageOf } from "./testing/builders.ts";
import { SANDBOX_GATE } from "./testing/operative-probe.worker.ts";
import type { ProbeCoordinatorDO } from "./testing/operative-probe.worker.ts";

const EXECUTION = "EXE-01ARZ3NDEKTSV4RRFFQ69G5FAV";

/** The generated bindings do not know the classes of the test's Worker. */
const coordinatorNamed = (name: string) => env.COORDINATORS.getByName(name) as unknown as DurableObjectStub<ProbeCoordinatorDO>;

/** A run of an org of its own, with both graphs as a session leaves them, its operative in slot 0 and its coordinator. */
async function aRun(org: string) {
  const runId = runIdOf(org, "SES-1", "SPEC-1");
  const { specification, directive } = lineageOf(org);
  const graph = artifactGraphOf(env, org, ASSEMBLY);
  const beads = beadGraphOf(env, org);
  await graph.append([specification, directive], []);
  await beads.bootstrap(defaultKnowingState(org, Date.now()));
  const toolPolicy = { permitted: ["read_file", "write_file", "run_checks"] };
  const bead = aBead({ specificationId: specification.id, directive: aDirective({ runId, directiveId: directive.id, toolPolicy }) });
  const operative = env.OPERATIVES.getByName(objectName.operative(org, runId, 0));
  const coordinator = coordinatorNamed(objectName.coordinator(org, runId));
  const applied = async (): Promise<BeadOutcome[]> => JSON.parse(await coordinator.applied()) as BeadOutcome[];
  const recorded = async () => {
    const executions = await graph.byType("Execution", 10);
    const written = await beads.history({ type: "execution", subject: agentIdOf("coder") });
    return { executions: executions.map(({ id }) => id), executionBeads: written.map(({ id }) => id) };
  };
  /** Puts a lease into the operative's storage as a run before this one left it. */
  const hold = (epoch: number, ranAt: number | null) =>
    runInDurableObject(operative, (_, { storage }) => {
      storage.transactionSync(() => {
        storage.sql.exec("INSERT INTO operative_identity (one, org, run_id, slot) VALUES (1, ?, ?, 0)", org, runId);
        storage.sql.exec(
          "INSERT INTO operative_beads (bead_id, epoch, execution_id, started_at, ran_at) VALUES (?, ?, ?, ?, ?)",
          bead.beadId,
          epoch,
          EXECUTION,
          Date.now(),
          ranAt,
        );
        const claim: ClaimedBead = { ...bead, epoch };
        storage.sql.exec("INSERT INTO operative_claim_parts (bead_seq, part, text) VALUES (1, 0, ?)", JSON.stringify(claim));
      });
    });
  return { org, runId, operative, coordinator, beads, bead, applied, recorded, hold };
}

/** Takes away the trust in the coder. */
async function revokeTrust({ org, beads }: Awaited<ReturnType<typeof aRun>>): Promise<void> {
  const head = await beads.tip({ type: "trust", subject: agentIdOf("coder") });
  if (head === null) throw new Error("There is no trust to revoke.");
  const content = { ...head.content, status: "REVOKED" };
  const id = knowingStateBeadId(org, "trust", content, [head.id]);
  const bead = { id, type: "trust", content, parents: [head.id], supersedes: head.id, writtenBy: "person:ada", writtenAt: Date.now() } as const;
  expect(await beads.write(bead, "person:ada", "test")).toMatchObject({ ok: true });
}

describe("OperativeDO", () => {
  test("answers a wake at once, then works by its alarm with the offline model, recorded in both graphs, and leaves the file in the blob store", async () => {
    const { org, runId, operative, coordinator, bead, applied, recorded } = await aRun("work");
    await coordinator.offer(bead);
    await operative.wake(org, runId, 0);
    // The alarm is due at once: the platform may have run it already.
    await runDurableObjectAlarm(operative);
    await expect
      .poll(applied, { timeout: 30_000 })
      .toMatchObject([
        { epoch: 1, autonomy: "EXECUTE_BOUNDED", result: { kind: "task", task: { status: "COMPLETE" }, changeSet: [{ path: "src/double.ts" }] } },
      ]);
    const [outcome] = await applied();
    const [change] = outcome?.result.kind === "task" ? outcome.result.changeSet : [];
    const blob = await env.BLOBS.get(blobKey.content(change?.digest ?? ""));
    expect(await blob?.text()).toContain("export function double");
    expect(await recorded()).toEqual({ executions: [outcome?.executionId], executionBeads: [outcome?.executionBeadId] });
    await expect.poll(() => runInDurableObject(operative, (_, { storage }) => storage.getAlarm())).toBeNull();
  });

  test("keeps what it retrieved in KV, and a revocation is seen by the next attempt at once", async () => {
    const run = await aRun("snapshot");
    const { org, runId, operative, coordinator, bead, applied, recorded } = run;
    await coordinator.offer(bead);
    await operative.wake(org, runId, 0);
    await expect.poll(applied, { timeout: 30_000 }).toMatchObject([{ result: { kind: "task" } }]);
    expect((await env.KNOWING_STATE.list({ prefix: `knowing-state/${org}/` })).keys).toHaveLength(1);
    await revokeTrust(run);
    await coordinator.offer({ ...bead, epoch: 2 });
    await operative.wake(org, runId, 0);
    await expect
      .poll(async () => (await applied())[1], { timeout: 30_000 })
      .toMatchObject({ autonomy: "SUGGEST", result: { kind: "suggest" }, modelCalls: [] });
    expect((await recorded()).executions).toHaveLength(1);
  });

  test("that is ended in the midst of a tool call reports the bead as interrupted when it is back, without being woken", async () => {
    const { org, runId, operative, coordinator, bead, applied, recorded } = await aRun("ended");
    const gate = coordinatorNamed(SANDBOX_GATE);
    await gate.shut();
    try {
      await coordinator.offer(bead);
      await operative.wake(org, runId, 0);
      await expect.poll(() => gate.waiting(), { timeout: 30_000 }).toBeGreaterThan(0);
      // The platform evicts no object that is at work, so this one is ended as a failing machine ends it.
      await expect(runInDurableObject(operative, (_, ctx) => ctx.abort("the machine failed"))).rejects.toThrow("the machine failed");
    } finally {
      await gate.open();
    }
    await runDurableObjectAlarm(env.OPERATIVES.getByName(objectName.operative(org, runId, 0)));
    await expect
      .poll(applied, { timeout: 30_000 })
      .toMatchObject([{ epoch: 1, result: { kind: "failure", failureClass: "infrastructure", code: "UNAVAILABLE" } }]);
    const [outcome] = await applied();
    expect(outcome?.modelCalls.length).toBeGreaterThan(0);
    expect(await recorded()).toEqual({ executions: [outcome?.executionId], executionBeads: [outcome?.executionBeadId] });
  });

  test("hazard: marker written after a side effect - that is evicted once its agent may have acted reports that, under the lease it held", async () => {
    const { operative, applied, hold } = await aRun("acted");
    await hold(3, Date.now());
    await evictDurableObject(operative);
    await runDurableObjectAlarm(operative);
    await expect.poll(applied).toMatchObject([{ epoch: 3, executionId: EXECUTION, result: { kind: "failure", failureClass: "infrastructure" } }]);
  });

  test("that is evicted before its agent acted goes on with the same execution, and records it once", async () => {
    const { operative, applied, hold, recorded } = await aRun("resumed");
    await hold(2, null);
    await evictDurableObject(operative);
    await runDurableObjectAlarm(operative);
    await expect
      .poll(applied, { timeout: 30_000 })
      .toMatchObject([{ epoch: 2, executionId: EXECUTION, result: { kind: "task", task: { status: "COMPLETE" } } }]);
    expect(await recorded()).toMatchObject({ executions: [EXECUTION], executionBeads: [expect.any(String)] });
  });

  test("keeps its schema and what it holds over an eviction, with foreign keys on", async () => {
    const { org, runId, operative } = await aRun("migration");
    await operative.wake(org, runId, 0);
    await expect.poll(() => runInDurableObject(operative, (_, { storage }) => storage.getAlarm())).toBeNull();
    await evictDurableObject(operative);
    await runInDurableObject(operative, (_, { storage }) => {
      const applied = storage.sql.exec("SELECT component, id FROM durable_migrations ORDER BY component, position").toArray();
      expect(applied).toEqual([
        { component: "bridge-journal", id: "0001-bridge-journal" },
        { component: "ksp-sessions", id: "0001-ksp-sessions" },
        { component: "object", id: "0001-operative" },
        { component: "object", id: "0002-governance" },
        { component: "scheduler", id: "0001-timers" },
        { component: "workspace", id: "0001-workspace" },
      ]);
      expect(storage.sql.exec("SELECT run_id FROM operative_identity").toArray()).toEqual([{ run_id: runId }]);
      expect(() => storage.sql.exec("INSERT INTO operative_claim_parts (bead_seq, part, text) VALUES (99, 0, '')")).toThrow(/FOREIGN KEY/);
    });
  });

  test("refuses to be woken as another slot or for another run", async () => {
    const { org, runId, operative } = await aRun("identity");
    await runInDurableObject(operative, async (instance) => {
      await expect(instance.wake(org, runId, 1)).rejects.toThrow(/is not slot 1/);
      await expect(instance.wake("other", runId, 0)).rejects.toThrow(/is not slot 0/);
    });
  });
});
