import { expect, test } from "vitest";
import { sha256Hex } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";
import { treeDigest } from "@factory/workspace";
import { aRun, aSeed, anOutcome, complete, failure, ORG, unfinished, writing } from "../testing/builders.ts";
import { answerByContent } from "../testing/content-sandbox.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { specificationNode, specifiedLineage } from "../testing/lineage.ts";
import { REDISPATCH_MS } from "./dispatch.ts";
import { LEASE_TTL_MS } from "./leases.ts";
import { MAX_FAULTS } from "./settling.ts";
import { MAX_CHECK_TRIES } from "./verification.ts";

async function aWorld(plan: Parameters<typeof aSeed>[0]): Promise<{ readonly world: CoordinatorWorld; readonly seed: ReturnType<typeof aSeed> }> {
  const world = new CoordinatorWorld();
  const seed = aSeed(plan);
  await world.seed(seed);
  return { world, seed };
}

const beadIdIn = (seed: ReturnType<typeof aSeed>, title: string): string => seed.beads.find((bead) => bead.title === title)?.beadId ?? "";
const accepted = (reports: readonly RunReport[]) => reports.flatMap((report) => (report.outcome === "accepted" ? [report] : []));
const diverged = (reports: readonly RunReport[]) => reports.flatMap((report) => (report.outcome === "diverged" ? [report.divergence] : []));

test("a run goes from its seed to an accepted verdict with its counts, its lineage and its events", async () => {
  const { world, seed } = await aWorld({ name: "happy", beads: [{ key: "base" }, { key: "total", dependsOn: ["base"] }] });
  expect((await world.work()).work).toBe("waiting");
  const [report] = accepted(world.reports);
  expect(report).toMatchObject({
    beads: { done: 4, failed: 0 },
    checks: { passed: 6, failed: 0 },
    holdouts: { passed: 2, failed: 0, absentClaims: [] },
    uncheckedClaims: [],
  });
  expect(Object.keys(report?.tree ?? {}).sort()).toEqual(["src/base.ts", "src/index.ts", "src/total.ts"]);
  expect(world.moves(beadIdIn(seed, "total"))).toEqual([">BLOCKED", "BLOCKED>READY", "READY>LEASED", "LEASED>DONE"]);
  expect(world.eventsOf("VERIFICATION_PRODUCED")).toHaveLength(4);
  expect(world.eventsOf("VERIFICATION_PRODUCED").at(-1)).toMatchObject({ outcome: "PASS", holdoutsPassed: 2, holdoutsFailed: 0 });
  expect(world.eventsOf("MODEL_CALLED")).toHaveLength(3);
  expect(world.eventsOf("ARTIFACT_WRITTEN").filter(({ artifactId }) => world.graphs.node(artifactId) === null)).toEqual([]);
  const told = world.eventsOf("ARTIFACT_WRITTEN").filter(({ artifactType }) => artifactType === "Execution");
  expect(told.map(({ artifactId }) => artifactId).sort()).toEqual(
    world.graphs
      .nodes("Execution")
      .map(({ id }) => id)
      .sort(),
  );
  const written = told.flatMap(({ artifactId }) => world.graphs.edgesFrom(artifactId).map(({ source, rel, target }) => ({ source, rel, target })));
  expect(told.flatMap(({ edges = [] }) => edges).filter((edge) => !written.some((one) => JSON.stringify(one) === JSON.stringify(edge)))).toEqual([]);
  expect(new Set(world.nodes.map(({ type }) => type))).toEqual(new Set(["ExecutionTrace", "VerificationReport", "MoleculeVerdict", "RunVerdict"]));
  expect((await world.exchange(0)).work).toBe("complete");
});

test("the record tells every executed check with its tree and the model use", async () => {
  const { world, seed } = await aWorld({ name: "record", beads: [{ key: "total" }] });
  await world.work();
  const record = await world.coordinator.record();
  expect(record?.beads.map(({ state, attempt }) => [state, attempt])).toEqual([
    ["DONE", 1],
    ["DONE", 1],
    ["DONE", 1],
  ]);
  expect(record?.checks.filter(({ holdout }) => holdout).map(({ claimId, ok }) => [claimId, ok])).toEqual([["C-1", true]]);
  expect(record).toMatchObject({ runId: seed.runId, modelCalls: 2, costUsd: 0 });
  expect(await new CoordinatorWorld().coordinator.record()).toBeNull();
});

test("the same seed again changes nothing, another one is refused, and so is a graph with a fault", async () => {
  const { world, seed } = await aWorld({ name: "seed", beads: [{ key: "total" }] });
  const before = world.events.length;
  const same = { ...seed, clearance: world.aClearance(seed) };
  expect(await world.coordinator.seed("again", same)).toEqual({ ok: true, ready: 1 });
  await world.settle();
  expect(world.events).toHaveLength(before);
  expect(await world.coordinator.seed("other", { ...same, slots: 3 })).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
  const fresh = new CoordinatorWorld();
  expect(await fresh.coordinator.seed("bad", { ...seed, beads: [] })).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  expect(fresh.rows("SELECT * FROM beads")).toEqual([]);
});

test("no operative is ever given a hidden example", async () => {
  const { world } = await aWorld({ name: "hidden", beads: [{ key: "total" }], hidden: 3 });
  const bead = await world.claim();
  expect(JSON.stringify(bead)).not.toContain("holdout");
  expect(JSON.stringify(bead)).not.toContain("total(150)");
  expect(bead.claims[0]?.visible).toHaveLength(2);
});

test("an effect id that another bead has brought is answered from the record, and the bead that brings it again stays with its holder", async () => {
  const world = new CoordinatorWorld();
  await world.seed(aSeed({ name: "borrowed", slots: 1, beads: [{ key: "one" }, { key: "two" }] }));
  const [one, two] = (await world.exchange(0, [], 2)).beads;
  if (one === undefined || two === undefined) throw new Error("There are two beads.");
  const outcome = failure(one, "quality", "GATE_REFUSED");
  const { verdicts } = await world.exchange(0, [outcome], 0);
  const again = await world.exchange(0, [{ ...failure(two, "quality", "GATE_REFUSED"), effectId: outcome.effectId }], 0);
  expect(again.verdicts).toEqual(verdicts);
  expect(world.rows("SELECT state FROM beads WHERE bead_id = ?", two.beadId)).toEqual([{ state: "LEASED" }]);
});

test("a known effect id is answered from the record and changes nothing", async () => {
  const { world } = await aWorld({ name: "repeat", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const outcome = await world.written(bead, "export const total = 1;");
  const first = await world.exchange(0, [outcome]);
  await world.settle();
  const events = world.events.length;
  const again = await world.exchange(0, [outcome], 0);
  await world.settle();
  expect(again.verdicts).toEqual(first.verdicts);
  expect(world.events).toHaveLength(events);
});

test("the same outcome sent twice at once is checked once and merged once", async () => {
  const { world, seed } = await aWorld({ name: "twice", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const outcome = await world.written(bead, "export const total = 1;");
  const [one, other] = await Promise.all([world.exchange(0, [outcome], 0), world.exchange(0, [outcome], 0)]);
  expect(one.verdicts).toEqual(other.verdicts);
  await world.settle();
  expect(world.jobs).toHaveLength(1);
  expect(world.moves(beadIdIn(seed, "total")).filter((move) => move === "LEASED>DONE")).toHaveLength(1);
});

test("a broken claim is repeated: the slot is given the bead it holds under the same epoch", async () => {
  const { world } = await aWorld({ name: "held", beads: [{ key: "a" }, { key: "b" }] });
  const bead = await world.claim();
  const again = await world.claim();
  expect([again.beadId, again.epoch]).toEqual([bead.beadId, bead.epoch]);
});

test("a stale epoch is recorded and changes nothing, and its heartbeat is told to stop", async () => {
  const { world, seed } = await aWorld({ name: "stale", beads: [{ key: "total" }] });
  const old = await world.claim();
  await world.pass(LEASE_TTL_MS + 1);
  const fresh = await world.claim(1);
  expect(fresh.epoch).toBeGreaterThan(old.epoch);
  expect(await world.coordinator.heartbeat(old.beadId, old.epoch)).toEqual({ current: false, leaseUntil: 0 });
  const late = await world.exchange(0, [await world.written(old, "export const total = 'late';", "late")], 0);
  expect(late.verdicts).toMatchObject([{ accepted: false, epoch: old.epoch, state: "LEASED" }]);
  await world.exchange(1, [await world.written(fresh, "export const total = 'fresh';", "fresh")], 0);
  await world.settle();
  expect(world.moves(beadIdIn(seed, "total"))).toEqual([">READY", "READY>LEASED", "LEASED>READY", "READY>LEASED", "LEASED>DONE"]);
  expect(world.rows("SELECT digest FROM tree_files")).toEqual([{ digest: sha256Hex("export const total = 'fresh';") }]);
});

test("an outcome under another slot's lease is stale", async () => {
  const { world } = await aWorld({ name: "slot", beads: [{ key: "total" }] });
  const bead = await world.claim(0);
  expect((await world.exchange(1, [await world.written(bead, "x")], 0)).verdicts).toMatchObject([{ accepted: false }]);
});

test("an expired lease is rescued, told as such, and dispatched again at once", async () => {
  const { world } = await aWorld({ name: "expiry", beads: [{ key: "total" }] });
  await world.claim();
  const woken = world.wakes.length;
  await world.pass(LEASE_TTL_MS + 1);
  expect(world.eventsOf("BEAD_RESCUED")).toMatchObject([{ fromState: "LEASED", toState: "READY", epoch: 2 }]);
  expect(world.wakes.length).toBe(woken + 1);
  expect((await world.claim()).attempt).toBe(1);
});

test("progress extends a lease", async () => {
  const { world } = await aWorld({ name: "heartbeat", beads: [{ key: "total" }] });
  const bead = await world.claim();
  await world.pass(LEASE_TTL_MS - 1_000);
  expect((await world.coordinator.heartbeat(bead.beadId, bead.epoch)).current).toBe(true);
  await world.pass(LEASE_TTL_MS - 1_000);
  expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
});

test("a running check extends the lease of its bead", async () => {
  const { world } = await aWorld({ name: "check-lease", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const { promise, resolve } = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  world.answer = async (job) => {
    started.resolve();
    await promise;
    return answerByContent(job);
  };
  const outcome = world.exchange(0, [await world.written(bead, "x")], 0);
  await started.promise;
  await world.pass(LEASE_TTL_MS + 1);
  expect(world.eventsOf("BEAD_RESCUED")).toEqual([]);
  resolve();
  expect((await outcome).verdicts).toMatchObject([{ state: "DONE" }]);
});

test("a slot is woken for every bead that is ready, up to the free ones", async () => {
  const { world } = await aWorld({ name: "dispatch", beads: [{ key: "a" }, { key: "b" }, { key: "c" }], slots: 2 });
  expect(world.wakes.map(({ slot }) => slot)).toEqual([0, 1]);
  await world.claim(0);
  await world.settle();
  expect(world.wakes).toHaveLength(2);
});

test("a wake-up that the queue lost is sent again, at growing intervals, until the slot answers", async () => {
  const world = new CoordinatorWorld();
  world.queueWorks = false;
  await world.seed(aSeed({ name: "lost", beads: [{ key: "total" }], slots: 1 }));
  world.queueWorks = true;
  await world.pass(REDISPATCH_MS - 1);
  expect(world.wakes).toHaveLength(0);
  await world.pass(1);
  expect(world.wakes).toHaveLength(1);
  await world.pass(REDISPATCH_MS);
  expect(world.wakes).toHaveLength(1);
  await world.pass(REDISPATCH_MS);
  expect(world.wakes).toHaveLength(2);
  await world.claim();
  await world.pass(10 * REDISPATCH_MS);
  expect(world.wakes.length).toBeLessThanOrEqual(3);
});

test("a result that fails its checks goes back with feedback, and after the last attempt it diverges", async () => {
  const { world, seed } = await aWorld({ name: "quality", beads: [{ key: "total" }] });
  const first = await world.claim();
  const answer = await world.exchange(0, [await world.written(first, "WRONG")]);
  expect(answer.verdicts).toMatchObject([{ accepted: true, state: "READY" }]);
  const second = answer.beads[0];
  expect(second).toMatchObject({ attempt: 2, epoch: 2 });
  expect(second?.feedback.join("\n")).toContain("line 101");
  expect(second?.feedback.join("\n")).not.toContain("line 150");
  if (second === undefined) throw new Error("no second attempt");
  const last = await world.exchange(0, [await world.written(second, "WRONG again")]);
  await world.settle();
  expect(last).toMatchObject({ verdicts: [{ state: "FAILED" }], work: "blocked" });
  expect(world.moves(beadIdIn(seed, "total")).at(-1)).toBe("LEASED>FAILED");
  expect(await world.stateOf("integrate")).toBe("BLOCKED");
  expect(diverged(world.reports)).toMatchObject([
    { divergenceType: "atom-failure", claimId: "C-1", beadId: beadIdIn(seed, "total"), status: "COMPLETE", cycle: 0, hiddenLeft: 1 },
  ]);
  // What was judged and found wanting, which is in no run tree.
  expect(diverged(world.reports)).toMatchObject([{ role: "coder", severity: "medium", failedTree: { "src/total.ts": sha256Hex("WRONG again") } }]);
  expect(diverged(world.reports)[0]?.affectedBeadIds).toEqual(["total", "integrate", "outcome"].map((title) => beadIdIn(seed, title)));
  expect(world.eventsOf("DIVERGENCE_DETECTED")).toHaveLength(1);
  expect(world.edges.map(({ rel }) => rel)).toEqual(
    expect.arrayContaining(["produces", "evidences", "diverges_from", "concerns", "gate_result", "produced_trace"]),
  );
  expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
});

test("a blocked operative fails its bead at once, with its blockers as the reason", async () => {
  const { world } = await aWorld({ name: "blocked", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const answer = await world.exchange(0, [unfinished(bead, { status: "BLOCKED", blockers: ["no expression fits"] })]);
  await world.settle();
  expect(answer).toMatchObject({ verdicts: [{ state: "FAILED", reason: "no expression fits" }], work: "blocked" });
  expect(diverged(world.reports)).toMatchObject([{ status: "BLOCKED", blockers: ["no expression fits"] }]);
});

test("provider and infrastructure failures burn no attempt and wait", async () => {
  const { world } = await aWorld({ name: "provider", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const answer = await world.exchange(0, [failure(bead, "provider", "MODEL_UNAVAILABLE", "503")]);
  expect(answer).toMatchObject({ verdicts: [{ state: "READY" }], beads: [], work: "waiting" });
  const woken = world.wakes.length;
  await world.pass(2_000);
  expect(world.wakes.length).toBeGreaterThan(woken);
  expect((await world.claim()).attempt).toBe(1);
  expect(diverged(world.reports)).toEqual([]);
});

test("failures that no waiting mends, and failures without end, go to a person instead of round in a circle", async () => {
  const { world } = await aWorld({ name: "config", beads: [{ key: "total" }] });
  const bead = await world.claim();
  expect((await world.exchange(0, [failure(bead, "provider", "MODEL_CONFIG", "no such alias")], 0)).verdicts).toMatchObject([{ state: "FAILED" }]);
  await world.settle();
  expect(diverged(world.reports)).toMatchObject([{ status: "ERROR", blockers: ["no such alias"] }]);

  const { world: poisoned } = await aWorld({ name: "poison", beads: [{ key: "total" }] });
  for (let faults = 1; faults <= MAX_FAULTS; faults++) {
    await poisoned.claim();
    await poisoned.pass(LEASE_TTL_MS + 1);
  }
  expect(await poisoned.stateOf("total")).toBe("FAILED");
  expect(diverged(poisoned.reports)).toMatchObject([{ status: "ERROR" }]);
});

test("a denied tool call fails the bead without another attempt and is told", async () => {
  const { world } = await aWorld({ name: "governance", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const denial = { beadId: bead.beadId, runId: "r", toolName: "shell", inputHash: "h", permittedTools: [], reason: "not granted", epoch: bead.epoch };
  const answer = await world.exchange(0, [{ ...failure(bead, "governance", "GOVERNANCE_VIOLATION", "shell is not permitted"), consentDenials: [denial] }], 0);
  await world.settle();
  expect(answer.verdicts).toMatchObject([{ state: "FAILED" }]);
  expect(world.eventsOf("CONSENT_BEAD_DENIED")).toEqual([denial]);
  expect(world.eventsOf("BEAD_FAILED")).toMatchObject([{ errorCode: "GOVERNANCE_VIOLATION" }]);
});

test("a change set outside the file scope is a violation, whatever the operative says of itself", async () => {
  const { world } = await aWorld({ name: "scope", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const stray = await writing(world.blobs, bead, "src/other.ts", "x");
  expect((await world.exchange(0, [complete(bead, [stray])], 0)).verdicts).toMatchObject([{ state: "FAILED" }]);
  expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
  expect(world.jobs).toEqual([]);
});

test("a question makes the bead wait without a lease until it is answered, and the answer travels with the next claim", async () => {
  const { world } = await aWorld({ name: "question", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const answer = await world.exchange(0, [unfinished(bead, { status: "NEEDS_CLARIFICATION", clarificationNeeded: "Which currency?" })]);
  await world.settle();
  expect(answer).toMatchObject({ verdicts: [{ state: "WAITING" }], work: "waiting" });
  const [asked] = world.eventsOf("CLARIFICATION_REQUESTED");
  expect(world.reports).toMatchObject([{ outcome: "clarification", question: "Which currency?", clarificationId: asked?.clarificationId }]);
  const reply = { beadId: bead.beadId, clarificationId: asked?.clarificationId ?? "", answer: "Euro", answeredBy: "ann" };
  expect(await world.coordinator.clarify("c1", { ...reply, clarificationId: "CLR-OTHER" })).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
  expect(await world.coordinator.clarify("c1", reply)).toEqual({ ok: true });
  expect(await world.coordinator.clarify("c1", reply)).toEqual({ ok: true });
  await world.settle();
  expect(world.eventsOf("CLARIFICATION_ANSWERED")).toHaveLength(1);
  expect(await world.claim()).toMatchObject({ attempt: 1, clarification: { question: "Which currency?", answer: "Euro" } });
});

test("two units that write the same file in ways that make no one file: another bead merges them, and nothing of the first is lost", async () => {
  const { world, seed } = await aWorld({ name: "conflict", beads: [{ key: "a" }, { key: "b" }] });
  const shared = seed.beads.map((bead) =>
    bead.role === "coder" ? { ...bead, directive: { ...bead.directive, fileScope: { read: ["src/**"], write: ["src/**"] } } } : bead,
  );
  const other = new CoordinatorWorld();
  await other.seed({ ...seed, beads: shared });
  const [a, b] = [await other.claim(0), await other.claim(1)];
  const file = (bead: typeof a, content: string) => writing(other.blobs, bead, "src/shared.ts", content);
  expect((await other.exchange(0, [complete(a, [await file(a, "first")])], 0)).verdicts).toMatchObject([{ state: "DONE" }]);
  const second = await other.exchange(1, [complete(b, [await file(b, "second")])]);
  expect(second.verdicts).toMatchObject([{ state: "CANCELLED", accepted: true }]);
  expect(second.beads[0]?.directive).toMatchObject({ title: "Merge b", role: "integrator" });
  expect(second.beads[0]?.tree["src/shared.ts"]).toBe(sha256Hex("first"));
  expect(other.rows("SELECT digest FROM tree_files WHERE path = 'src/shared.ts'")).toEqual([{ digest: sha256Hex("first") }]);
  expect(world.reports).toEqual([]);
});

test("a check that was made on a tree that has moved is made again on the new one before anything is merged", async () => {
  const { world } = await aWorld({ name: "moved", beads: [{ key: "a" }, { key: "b" }] });
  const [a, b] = [await world.claim(0), await world.claim(1)];
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  world.answer = async (job) => {
    if (Object.keys(job.files).includes("src/a.ts")) {
      started.resolve();
      await gate.promise;
    }
    return answerByContent(job);
  };
  const slow = world.exchange(0, [await world.written(a, "slow")], 0);
  await started.promise;
  expect((await world.exchange(1, [await world.written(b, "quick")], 0)).verdicts).toMatchObject([{ state: "DONE" }]);
  gate.resolve();
  expect((await slow).verdicts).toMatchObject([{ state: "DONE" }]);
  const both = treeDigest({ "src/a.ts": sha256Hex("slow"), "src/b.ts": sha256Hex("quick") });
  expect((await world.coordinator.record())?.checks.map((check) => check.treeDigest).at(-1)).toBe(both);
  // Both trees hold the same files for a's own check, so the sandbox is not asked twice.
  expect(world.jobs).toHaveLength(2);
});

test("a sandbox that does not answer burns no attempt: the check is tried again, then the bead waits", async () => {
  const { world } = await aWorld({ name: "sandbox", beads: [{ key: "total" }] });
  const bead = await world.claim();
  let tries = 0;
  world.answer = (job) => {
    tries += 1;
    return tries < 3 ? { ...answerByContent(job), ok: false, tests: [], fault: { code: "INFRASTRUCTURE", message: "restarting" } } : answerByContent(job);
  };
  expect((await world.exchange(0, [await world.written(bead, "x")], 0)).verdicts).toMatchObject([{ state: "DONE" }]);

  const { world: dead } = await aWorld({ name: "dead-sandbox", beads: [{ key: "total" }] });
  dead.answer = (job) => ({ ...answerByContent(job), ok: false, tests: [], fault: { code: "INFRASTRUCTURE", message: "gone" } });
  const claimed = await dead.claim();
  expect((await dead.exchange(0, [await dead.written(claimed, "x")], 0)).verdicts).toMatchObject([{ state: "READY" }]);
  expect(dead.jobs).toHaveLength(MAX_CHECK_TRIES);
  await dead.pass(10_000);
  expect((await dead.claim()).attempt).toBe(1);
});

test("an outcome whose files were never stored is nobody's fault but the store's", async () => {
  const { world } = await aWorld({ name: "blobs", beads: [{ key: "total" }] });
  const bead = await world.claim();
  const lost = { path: "src/total.ts", baseDigest: null, digest: sha256Hex("lost"), bytes: 4 };
  expect((await world.exchange(0, [complete(bead, [lost])], 0)).verdicts).toMatchObject([{ state: "READY" }]);
});

test("what is required of the whole tree and fails there goes to the bead that wrote it", async () => {
  const { world, seed } = await aWorld({ name: "whole", beads: [{ key: "a" }, { key: "b" }], typesRequired: true });
  // The unit's own type check passes; on the merged tree the same file does not.
  world.answer = (job) =>
    job.task.kind === "typecheck" && Object.keys(job.files).length < 3 ? { ...answerByContent(job), ok: true, diagnostics: [] } : answerByContent(job);
  await world.work(({ directive }) => (directive.title === "b" ? "export const b = 'UNTYPED';" : "export {};"));
  expect(await world.stateOf("outcome")).toBe("FAILED");
  expect(diverged(world.reports)).toMatchObject([{ divergenceType: "molecule-outcome-failure", beadId: beadIdIn(seed, "b") }]);
});

test("a detector that fires fails the bead with the place", async () => {
  const invariants = [
    {
      invariantId: "INV-1",
      claimId: "C-1",
      statement: "no clock",
      detector: "no-ambient-access" as const,
      matched: ["clock"],
      violationImpact: "high" as const,
      evidenceSource: "source",
      regressionPolicy: "regressed" as const,
    },
  ];
  const { world } = await aWorld({ name: "detector", beads: [{ key: "total" }], invariants });
  const bead = await world.claim();
  expect(bead.invariants).toEqual(invariants);
  const answer = await world.exchange(0, [await world.written(bead, "export const total = Date.now();")]);
  expect(answer.verdicts).toMatchObject([{ state: "READY" }]);
  expect(answer.beads[0]?.feedback.join("\n")).toContain("src/total.ts:1 reads the clock");
});

test("a failed hidden example diverges with its line and its values are in no event, feedback or report", async () => {
  const { world, seed } = await aWorld({ name: "overfit", beads: [{ key: "total" }], hidden: 2 });
  await world.work(() => "OVERFIT");
  expect(accepted(world.reports)).toEqual([]);
  expect(diverged(world.reports)).toMatchObject([
    { divergenceType: "run-verdict-failure", claimId: "C-1", beadId: beadIdIn(seed, "total"), failedHoldoutLines: [150, 151], hiddenLeft: 2, cycle: 0 },
  ]);
  expect(Object.keys(diverged(world.reports)[0]?.failedTree ?? {}).sort()).toEqual(["src/index.ts", "src/total.ts"]);
  const told = JSON.stringify([world.events, world.reports, world.nodes]);
  expect(told).toContain("line 150");
  expect(told).not.toContain("total(150)");
  expect(told).not.toContain("expected 1 to be 2");
  expect((await world.exchange(0)).work).toBe("complete");
});

test("an adopted amendment re-opens the bead and its dependants only, and the run is accepted on the next cycle", async () => {
  const { world, seed } = await aWorld({ name: "amend", beads: [{ key: "total" }, { key: "other" }], hidden: 2 });
  await world.work(({ directive }) =>
    directive.title === "total" ? "OVERFIT" : directive.role === "integrator" ? `export * from "./total.ts"; export * from "./other.ts";` : "fine",
  );
  const [divergence] = diverged(world.reports);
  const total = seed.beads.find(({ title }) => title === "total");
  if (divergence === undefined || total === undefined) throw new Error("no divergence");
  const [claim] = seed.claims;
  const moved = claim === undefined ? [] : [{ ...claim, visible: [...claim.visible, ...claim.holdout.slice(0, 1)], holdout: claim.holdout.slice(1) }];
  const successor = specificationNode(ORG, aRun("successor").sessionId);
  world.graphs.written(specifiedLineage(successor, moved));
  const request = {
    amendmentId: "AMD-1",
    specificationId: successor.id,
    directives: [{ ...total.directive, instructions: "Mind line 150." }],
    claims: moved,
    beadIds: divergence.affectedBeadIds,
  };
  expect(await world.coordinator.reopen("r1", request)).toEqual({ ok: true });
  expect(await world.coordinator.reopen("r1", request)).toEqual({ ok: true });
  await world.settle();
  const states = (await world.coordinator.record())?.beads.map(({ title, state, cycle }) => [title, state, cycle]);
  expect(states).toEqual([
    ["total", "READY", 1],
    ["other", "DONE", 0],
    ["integrate", "BLOCKED", 1],
    ["outcome", "BLOCKED", 1],
  ]);
  const bead = await world.claim();
  expect(bead).toMatchObject({ attempt: 1, cycle: 1, directive: { instructions: "Mind line 150." }, feedback: [] });
  expect(bead.claims[0]?.visible).toHaveLength(3);
  const next = await world.exchange(0, [await world.written(bead, "fits")]);
  const integrate = next.beads[0];
  if (integrate === undefined) throw new Error("the integrator was not released");
  await world.exchange(0, [complete(integrate, [])]);
  await world.settle();
  const firstVerdict = {
    cycle: 0,
    holdouts: { passed: 2, failed: 2 },
    holdoutsByClaim: [
      { claimId: "C-1", passed: 0, failed: 2 },
      { claimId: "C-2", passed: 2, failed: 0 },
    ],
  };
  expect(accepted(world.reports)).toMatchObject([{ holdouts: { passed: 3, failed: 0 }, firstVerdict }]);
  expect(world.moves(total.beadId)).toEqual([">READY", "READY>LEASED", "LEASED>DONE", "DONE>BLOCKED", "BLOCKED>READY", "READY>LEASED", "LEASED>DONE"]);
});

test("re-opening a bead that is being worked on closes its epoch", async () => {
  const { world, seed } = await aWorld({ name: "reopen-leased", beads: [{ key: "total" }] });
  const bead = await world.claim();
  await world.coordinator.reopen("r", { amendmentId: "AMD-1", specificationId: seed.specificationId, directives: [], claims: [], beadIds: [bead.beadId] });
  expect((await world.exchange(0, [await world.written(bead, "x")], 0)).verdicts).toMatchObject([{ accepted: false }]);
  expect((await world.coordinator.record())?.beads[0]).toMatchObject({ state: "READY", epoch: bead.epoch + 1, cycle: 0 });
  expect(
    await world.coordinator.reopen("r2", {
      amendmentId: "AMD-2",
      specificationId: seed.specificationId,
      directives: [],
      claims: [],
      beadIds: ["BEAD-UNKNOWN"],
    }),
  ).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
});

test("no run verdict is taken while a divergence waits for its amendment", async () => {
  const { world, seed } = await aWorld({ name: "two-divergences", beads: [{ key: "a" }, { key: "b" }], hidden: 2 });
  await world.work(() => "OVERFIT");
  const reports = diverged(world.reports);
  expect(reports.map(({ beadId }) => beadId).sort()).toEqual([beadIdIn(seed, "a"), beadIdIn(seed, "b")].sort());
  const [first, second] = reports;
  const reopen = (divergence: typeof first, amendmentId: string) =>
    world.coordinator.reopen(amendmentId, {
      amendmentId,
      specificationId: seed.specificationId,
      directives: [],
      claims: [],
      beadIds: divergence === undefined ? [] : [divergence.beadId],
    });
  await reopen(first, "AMD-1");
  await world.work(({ directive }) => (directive.role === "integrator" ? "index" : "fits"));
  expect(await world.stateOf("outcome")).toBe("READY");
  expect(world.reports).toHaveLength(2);
  await reopen(second, "AMD-2");
  await world.work(({ directive }) => (directive.role === "integrator" ? "index" : "fits"));
  expect(accepted(world.reports)).toHaveLength(1);
});

test("a failed optional parent releases its children, a failed required one does not", async () => {
  const { world } = await aWorld({
    name: "optional",
    beads: [{ key: "risky" }, { key: "child", optional: ["risky"] }, { key: "strict", dependsOn: ["risky"] }],
  });
  const bead = await world.claim();
  expect(bead.directive.title).toBe("risky");
  await world.exchange(0, [unfinished(bead, { status: "BLOCKED", blockers: ["no"] })], 0);
  expect([await world.stateOf("child"), await world.stateOf("strict")]).toEqual(["READY", "BLOCKED"]);
});

test("cancelling closes every epoch, stops dispatch, and says when the last event has arrived", async () => {
  const { world } = await aWorld({ name: "cancel", beads: [{ key: "a" }, { key: "b" }] });
  const bead = await world.claim();
  world.logAnswer = { ok: false, code: "UNAVAILABLE", message: "down" };
  expect(await world.coordinator.cancel("c", "changed my mind")).toMatchObject({ ok: false, code: "UNAVAILABLE" });
  world.logAnswer = { ok: true };
  await world.pass(60_000);
  expect(await world.coordinator.cancel("c", "changed my mind")).toEqual({ ok: true });
  expect(await world.coordinator.heartbeat(bead.beadId, bead.epoch)).toMatchObject({ current: false });
  const events = world.events.length;
  const answer = await world.exchange(0, [await world.written(bead, "x")]);
  expect(answer).toMatchObject({ verdicts: [{ accepted: false, state: "CANCELLED" }], beads: [], work: "complete" });
  const woken = world.wakes.length;
  await world.pass(LEASE_TTL_MS * 10);
  expect([world.events.length, world.wakes.length]).toEqual([events, woken]);
});

test("a run that was cancelled before it was seeded is not seeded", async () => {
  const world = new CoordinatorWorld();
  expect(await world.coordinator.cancel("c", "early")).toEqual({ ok: true });
  expect(await world.coordinator.seed("s", aSeed({ name: "early", beads: [{ key: "a" }] }))).toMatchObject({ ok: false, code: "CANCELLED" });
});

test("a coordinator that is new over the same database goes on where it was", async () => {
  const { world } = await aWorld({ name: "restart", beads: [{ key: "total" }] });
  const bead = await world.claim();
  await world.restart();
  const next = await world.exchange(0, [await world.written(bead, "fine")]);
  await world.restart();
  const integrate = next.beads[0];
  if (integrate === undefined) throw new Error("nothing was released");
  await world.exchange(0, [await world.written(integrate, "index")]);
  await world.restart();
  await world.settle();
  expect(accepted(world.reports)).toHaveLength(1);
});

test("an outcome bead whose checks were interrupted is taken up by the next instance", async () => {
  const { world } = await aWorld({ name: "interrupted", beads: [{ key: "total" }] });
  const asked = Promise.withResolvers<void>();
  let first = true;
  world.answer = (job) => {
    if (!first || job.task.kind !== "tests" || !Object.keys(job.files).includes("src/index.ts")) return answerByContent(job);
    first = false;
    asked.resolve();
    return new Promise(() => undefined);
  };
  let answer = await world.exchange(0);
  while (answer.beads[0] !== undefined) answer = await world.exchange(0, [await world.written(answer.beads[0], "fine")]);
  void world.settle();
  await asked.promise;
  await world.restart();
  await world.settle();
  expect(accepted(world.reports)).toHaveLength(1);
});

test("an exchange of a slot the run does not have, of a foreign bead or before the seed is refused", async () => {
  const { world } = await aWorld({ name: "refusals", beads: [{ key: "total" }], slots: 1 });
  expect(await world.coordinator.exchange(1, [], 1)).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  expect(
    await world.coordinator.exchange(
      0,
      [anOutcome({ beadId: "BEAD-X", epoch: 1 }, { kind: "failure", failureClass: "quality", code: "INTERNAL", message: "x" })],
      1,
    ),
  ).toMatchObject({ ok: false, code: "INVALID_ARGUMENT" });
  expect(await new CoordinatorWorld().coordinator.exchange(0, [], 1)).toMatchObject({ ok: false, code: "NOT_FOUND" });
});
