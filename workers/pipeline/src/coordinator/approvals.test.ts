import { describe, expect, test } from "vitest";
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { claimNodeId, digestOf, sha256Hex } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { ClaimedBead, RunReport } from "@factory/schemas/rpc";
import { aSeed, complete, failure, suggestion, unfinished, writing } from "../testing/builders.ts";
import type { SeedPlan } from "../testing/builders.ts";
import { answerByContent } from "../testing/content-sandbox.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { treeDigest } from "@factory/workspace";
import { LEASE_TTL_MS } from "./leases.ts";
import { COORDINATOR_MIGRATIONS } from "./store/schema.ts";

/** A run whose coder may do no more than `autonomy`. */
async function aWorld(autonomy: Autonomy, plan: Partial<SeedPlan> = {}) {
  const world = new CoordinatorWorld();
  world.graphs.trust(autonomy);
  const seed = aSeed({ name: "approvals", beads: [{ key: "total" }], ...plan });
  await world.seed(seed);
  return { world, seed };
}

/** A change set that passed its checks and waits for a person. */
async function proposed(plan: Partial<SeedPlan> = {}, content = "fine") {
  const made = await aWorld("PROPOSE", plan);
  const bead = await made.world.claim();
  const answer = await made.world.exchange(0, [await made.world.written(bead, content)], 0);
  await made.world.settle();
  return { ...made, bead, answer };
}

/** A bead of which nothing has run and that waits for a person. */
async function suggested(plan: Partial<SeedPlan> = {}) {
  const made = await aWorld("SUGGEST", plan);
  const bead = await made.world.claim();
  const answer = await made.world.exchange(0, [suggestion(bead)]);
  await made.world.settle();
  return { ...made, bead, answer };
}

const diverged = (reports: readonly RunReport[]) => reports.flatMap((report) => (report.outcome === "diverged" ? [report.divergence] : []));
const accepted = (reports: readonly RunReport[]) => reports.filter(({ outcome }) => outcome === "accepted");

describe("a bead whose agent may only suggest", () => {
  test("waits before anything has run, without a lease, and says what it wants and why it may not", async () => {
    const { world, bead, answer } = await suggested();
    expect(answer).toMatchObject({ verdicts: [{ accepted: true, state: "WAITING" }], beads: [], work: "waiting" });
    expect(world.asked()).toMatchObject([
      { stage: "start", beadId: bead.beadId, title: "total", role: "coder", autonomy: "SUGGEST", reason: "trust allows SUGGEST", changes: [], checks: [] },
    ]);
    expect(world.asked()[0]?.subjectDigest).toBe(digestOf(bead.directive));
    expect(world.asked()[0]?.requestId).toMatch(/^APR-[0-9A-Z]{26}$/);
    expect(world.jobs).toEqual([]);
    expect(world.graphs.headsAsked).toBe(0);
    expect(world.nodes).toEqual([]);
  });

  test("begins with the leave that was given, still as its first attempt, and what it makes waits again", async () => {
    const { world, bead } = await suggested();
    const requestId = world.asked()[0]?.requestId;
    expect(await world.decide("approved")).toEqual({ ok: true });
    const begun = await world.claim();
    expect(begun).toMatchObject({ beadId: bead.beadId, attempt: 1, approval: { requestId, by: "ann" } });
    const answer = await world.exchange(0, [await world.written(begun, "fine")]);
    await world.settle();
    expect(answer.verdicts).toMatchObject([{ state: "WAITING" }]);
    expect(world.asked().map(({ stage }) => stage)).toEqual(["start", "apply"]);
    await world.decide("approved");
    expect(await world.stateOf("total")).toBe("DONE");
    expect(world.graphs.beads("execution")).toMatchObject([{ content: { autonomy_level: "SUGGEST", approval_id: requestId } }]);
  });

  test("keeps the leave for its further attempts, and asks anew when the leave did not suffice", async () => {
    const { world } = await suggested();
    await world.decide("approved");
    const first = await world.claim();
    const again = (await world.exchange(0, [await world.written(first, "WRONG")])).beads[0];
    expect(again).toMatchObject({ attempt: 2, approval: first.approval });
    if (again === undefined) throw new Error("no second attempt");
    await world.exchange(0, [suggestion(again, "there is no policy")]);
    await world.settle();
    expect(world.asked().map(({ stage, reason }) => [stage, reason])).toEqual([
      ["start", "trust allows SUGGEST"],
      ["start", "there is no policy"],
    ]);
    expect(await world.stateOf("total")).toBe("WAITING");
  });

  test("begins with the note of an amended decision, which every further attempt reads too", async () => {
    const { world } = await suggested();
    await world.decide("amended", "Round half up.");
    const begun = await world.claim();
    expect(begun).toMatchObject({ approval: { by: "ann" }, feedback: ["Round half up."] });
    const again = (await world.exchange(0, [await world.written(begun, "WRONG")])).beads[0];
    expect(again?.feedback[0]).toBe("Round half up.");
    expect(again?.feedback.length).toBeGreaterThan(1);
  });

  test("fails when it is rejected, and its divergence concerns its first claim and says why", async () => {
    const { world, seed, bead } = await suggested();
    await world.decide("rejected", "Not before the audit.");
    expect(await world.stateOf("total")).toBe("FAILED");
    expect(world.moves(bead.beadId).slice(-4)).toEqual(["LEASED>WAITING", "WAITING>READY", "READY>LEASED", "LEASED>FAILED"]);
    const [divergence] = diverged(world.reports);
    expect(divergence).toMatchObject({
      divergenceType: "approval-rejected",
      claimId: "C-1",
      beadId: bead.beadId,
      role: "coder",
      observed: "Not before the audit.",
      failedTree: {},
    });
    expect(divergence?.outcomeBeadId).toBeUndefined();
    expect(world.graphs.edgesFrom(divergence?.divergenceId ?? "")).toMatchObject([{ rel: "concerns", target: claimNodeId(seed.specificationId, "C-1") }]);
    expect(await world.stateOf("integrate")).toBe("BLOCKED");
  });
});

describe("a change set whose agent may only propose", () => {
  test("waits when its checks have passed, with its files, what was found, and the digest of exactly this change set", async () => {
    const { world, bead, answer } = await proposed();
    expect(answer).toMatchObject({ verdicts: [{ accepted: true, state: "WAITING" }], work: "waiting" });
    const [asked] = world.asked();
    const changeSet = [{ path: "src/total.ts", baseDigest: null, digest: sha256Hex("fine"), bytes: 4 }];
    expect(asked).toMatchObject({ stage: "apply", beadId: bead.beadId, autonomy: "PROPOSE", changes: changeSet, subjectDigest: digestOf(changeSet) });
    expect(asked?.checks.length).toBeGreaterThan(0);
    expect(asked?.reason).toContain("agent:coder allows PROPOSE");
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
    expect((await world.coordinator.record())?.checks).toMatchObject([{ beadId: bead.beadId, ok: true }]);
  });

  test("is an ordinary failure when its checks fail: nobody is asked, and the attempt is burnt", async () => {
    const { world, answer } = await proposed({}, "WRONG");
    expect(answer).toMatchObject({ verdicts: [{ state: "READY" }] });
    expect(await world.claim()).toMatchObject({ attempt: 2 });
    expect(world.asked()).toEqual([]);
  });

  test("is merged by the coordinator itself once it is approved, though the trust is revoked meanwhile, and the run is accepted", async () => {
    const { world, bead } = await proposed();
    const asked = world.graphs.headsAsked;
    world.graphs.trust("REVOKED");
    expect(await world.decide("approved")).toEqual({ ok: true });
    expect(world.graphs.headsAsked).toBe(asked);
    expect(world.rows("SELECT path, digest, bead_id FROM tree_files")).toEqual([{ path: "src/total.ts", digest: sha256Hex("fine"), bead_id: bead.beadId }]);
    expect(world.moves(bead.beadId).slice(-4)).toEqual(["LEASED>WAITING", "WAITING>READY", "READY>LEASED", "LEASED>DONE"]);
    expect(world.eventsOf("BEAD_RELEASED")).toMatchObject([{ agentId: "coordinator", attempt: 1 }]);
    await world.work(() => "index");
    expect(accepted(world.reports)).toHaveLength(1);
    expect(world.graphs.beads("outcome").map(({ content }) => content["status"])).toEqual(["SUCCESS", "SUCCESS"]);
  });

  test("is never claimed by an operative while it is approved and not applied", async () => {
    const { world, bead } = await proposed();
    const gate = Promise.withResolvers<void>();
    world.answer = async (job) => {
      await gate.promise;
      return answerByContent(job);
    };
    await world.restart();
    const [asked] = world.asked();
    await world.coordinator.decide("d", { beadId: bead.beadId, requestId: asked?.requestId ?? "", decision: "approved", note: "", decidedBy: "ann" });
    expect(await world.stateOf("total")).toBe("READY");
    const woken = world.wakes.length;
    expect(await world.exchange(0)).toMatchObject({ beads: [], work: "waiting" });
    expect(world.wakes).toHaveLength(woken);
    gate.resolve();
    await world.settle();
    expect(await world.stateOf("total")).toBe("DONE");
  });

  test("is made again with the note when it is amended: no attempt is burnt and nothing is merged", async () => {
    const { world, bead } = await proposed();
    await world.decide("amended", "Use integers.");
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
    const again = await world.claim();
    expect(again).toMatchObject({ beadId: bead.beadId, attempt: 1, cycle: 0, feedback: ["Use integers."] });
    expect(again.approval).toBeUndefined();
    expect(world.graphs.beads("outcome")).toMatchObject([{ content: { status: "FAILURE", triggers_amendment: false } }]);
    expect(diverged(world.reports)).toEqual([]);
  });

  test("fails its bead when it is rejected, with the tree that was refused and an outcome under its execution", async () => {
    const { world, bead } = await proposed();
    const { executionBeadId } = world.begunOf(bead);
    await world.decide("rejected", "It hard-codes the rate.");
    const [divergence] = diverged(world.reports);
    expect(divergence).toMatchObject({
      divergenceType: "approval-rejected",
      claimId: "C-1",
      observed: "It hard-codes the rate.",
      failedTree: { "src/total.ts": sha256Hex("fine") },
    });
    expect(world.graphs.beads("outcome")).toMatchObject([
      { id: divergence?.outcomeBeadId, content: { execution_bead_id: executionBeadId, triggers_amendment: true } },
    ]);
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);
    expect(await world.stateOf("total")).toBe("FAILED");
  });

  test("that a peer's change has broken meanwhile is an ordinary failure with feedback", async () => {
    const { world } = await proposed({ beads: [{ key: "total" }, { key: "other" }] });
    world.graphs.trust("EXECUTE_BOUNDED");
    const peer = await world.claim(1);
    await world.exchange(1, [await world.written(peer, "peer")], 0);
    // What was found when it was proposed is remembered by the object that checked it, and by no other.
    await world.restart();
    world.answer = (job) => answerByContent({ ...job, files: { ...job.files, "src/total.ts": "WRONG" } });
    await world.decide("approved");
    expect(await world.stateOf("total")).toBe("READY");
    const again = await world.claim();
    expect(again).toMatchObject({ attempt: 2 });
    expect(again.feedback.join("\n")).toContain("failed");
  });

  /** Approves a proposal and stops its checks until they are let go. */
  async function heldInChecks({ world, bead }: Awaited<ReturnType<typeof proposed>>) {
    const gate = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    // What was found when it was proposed is remembered by the object that checked it, and by no other.
    await world.restart();
    world.answer = async (job) => {
      if (Object.keys(job.files).includes("src/total.ts")) {
        started.resolve();
        await gate.promise;
      }
      return answerByContent(job);
    };
    const requestId = world.asked()[0]?.requestId ?? "";
    await world.coordinator.decide("d", { beadId: bead.beadId, requestId, decision: "approved", note: "", decidedBy: "ann" });
    const settled = world.settle();
    await started.promise;
    return async () => {
      gate.resolve();
      await settled;
      await world.settle();
    };
  }

  test("is checked again on the tree with a peer's change that was merged while its checks ran", async () => {
    const made = await proposed({ beads: [{ key: "total" }, { key: "other" }] });
    const { world } = made;
    const letGo = await heldInChecks(made);
    world.graphs.trust("EXECUTE_BOUNDED");
    const peer = await world.claim(1);
    expect((await world.exchange(1, [await world.written(peer, "peer")], 0)).verdicts).toMatchObject([{ state: "DONE" }]);
    await letGo();
    const both = treeDigest({ "src/other.ts": sha256Hex("peer"), "src/total.ts": sha256Hex("fine") });
    expect((await world.coordinator.record())?.checks.at(-1)?.treeDigest).toBe(both);
  });

  test("is not merged when the bead is re-opened or the run is cancelled while its checks run", async () => {
    const made = await proposed();
    const letGo = await heldInChecks(made);
    const { world, seed, bead } = made;
    await world.coordinator.reopen("r", { amendmentId: "AMD-1", specificationId: seed.specificationId, directives: [], claims: [], beadIds: [bead.beadId] });
    const again = await world.claim();
    await letGo();
    expect(await world.stateOf("total")).toBe("LEASED");
    expect(await world.coordinator.heartbeat(again.beadId, again.epoch)).toMatchObject({ current: true });
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);

    const other = await proposed({ name: "cancelled" });
    const letOtherGo = await heldInChecks(other);
    await other.world.coordinator.cancel("c", "enough");
    await letOtherGo();
    expect(await other.world.stateOf("total")).toBe("CANCELLED");
    expect(other.world.rows("SELECT * FROM tree_files")).toEqual([]);
  });

  test("that conflicts with what peers did meanwhile is merged by another bead, whose result waits for a person too", async () => {
    const { world, seed } = await aWorld("PROPOSE", { beads: [{ key: "total" }, { key: "other" }] });
    const shared = new CoordinatorWorld();
    shared.graphs.trust("PROPOSE");
    const wide = seed.beads.map((bead) =>
      bead.role === "coder" ? { ...bead, directive: { ...bead.directive, fileScope: { read: ["src/**"], write: ["src/**"] } } } : bead,
    );
    await shared.seed({ ...seed, beads: wide });
    const [one, two] = [await shared.claim(0), await shared.claim(1)];
    const file = (bead: ClaimedBead, content: string) => writing(shared.blobs, bead, "src/shared.ts", content);
    await shared.exchange(0, [complete(one, [await file(one, "first")])], 0);
    await shared.exchange(1, [complete(two, [await file(two, "second")])], 0);
    await shared.settle();
    const [first, second] = shared.asked();
    for (const asked of [first, second]) await shared.decide("approved", "", { beadId: asked?.beadId ?? "", requestId: asked?.requestId ?? "" });
    expect([await shared.stateOf("total"), await shared.stateOf("other")]).toEqual(["DONE", "CANCELLED"]);
    const merge = await shared.claim();
    expect(merge).toMatchObject({ attempt: 1, directive: { title: "Merge other", role: "integrator" } });
    expect(merge.directive.specFiles).toContainEqual({ path: "spec/merge/incoming/src/shared.ts", content: "second" });
    await shared.exchange(0, [complete(merge, [await file(merge, "first and second")])], 0);
    await shared.settle();
    expect(shared.asked()).toHaveLength(3);
    expect(shared.asked().at(-1)).toMatchObject({ beadId: merge.beadId, reason: expect.stringContaining("may not apply one without a person") });
    expect(world.reports).toEqual([]);
  });

  test("whose checks cannot be run now stays approved and is applied later", async () => {
    const { world } = await proposed();
    let down = true;
    world.answer = (job) =>
      down ? { ...answerByContent(job), ok: false, tests: [], fault: { code: "INFRASTRUCTURE", message: "gone" } } : answerByContent(job);
    // What was found when it was proposed is remembered by the object that checked it, and by no other.
    await world.restart();
    await world.decide("approved");
    expect(await world.stateOf("total")).toBe("READY");
    expect((await world.exchange(0)).beads).toEqual([]);
    down = false;
    await world.pass(60_000);
    expect(await world.stateOf("total")).toBe("DONE");
    expect(world.asked()).toHaveLength(1);
  });
});

describe("a decision", () => {
  test("counts once: the same again changes nothing, another one is refused", async () => {
    const { world } = await proposed();
    expect(await world.decide("approved")).toEqual({ ok: true });
    const events = world.events.length;
    expect(await world.decide("approved")).toEqual({ ok: true });
    expect(await world.decide("rejected")).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(world.events).toHaveLength(events);
    expect(await world.stateOf("total")).toBe("DONE");
  });

  test("on a request or a bead that does not exist, or on another bead's request, is not found", async () => {
    const { world, bead } = await proposed({ beads: [{ key: "total" }, { key: "other" }] });
    const other = (await world.claim(1)).beadId;
    expect(await world.decide("approved", "", { requestId: "APR-UNKNOWN" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await world.decide("approved", "", { beadId: "BEAD-UNKNOWN" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await world.decide("approved", "", { beadId: other })).toMatchObject({ code: "NOT_FOUND" });
    const decision = { beadId: bead.beadId, requestId: "APR-1", decision: "approved", note: "", decidedBy: "ann" } as const;
    expect(await new CoordinatorWorld().coordinator.decide("d", decision)).toMatchObject({ code: "NOT_FOUND" });
  });

  test("changes nothing on a bead that was re-opened since, nor on one of a run that was cancelled", async () => {
    const { world, seed, bead } = await proposed();
    const reopen = { amendmentId: "AMD-1", specificationId: seed.specificationId, directives: [], claims: [], beadIds: [bead.beadId] };
    expect(await world.coordinator.reopen("r", reopen)).toEqual({ ok: true });
    expect(await world.decide("approved")).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(await world.stateOf("total")).toBe("READY");
    expect(await world.claim()).toMatchObject({ beadId: bead.beadId, attempt: 1 });
    expect(world.rows("SELECT * FROM tree_files")).toEqual([]);

    const { world: ended } = await suggested({ name: "cancelled" });
    await ended.coordinator.cancel("c", "enough");
    expect(await ended.decide("approved")).toMatchObject({ ok: false, code: "FAILED_PRECONDITION" });
    expect(await ended.stateOf("total")).toBe("CANCELLED");
  });

  test("of an earlier opening gives no leave after a re-opening, and its note is forgotten", async () => {
    const { world, seed, bead } = await suggested();
    await world.decide("amended", "Round half up.");
    const reopen = { amendmentId: "AMD-1", specificationId: seed.specificationId, directives: [], claims: [], beadIds: [bead.beadId] };
    await world.coordinator.reopen("r", reopen);
    const again = await world.claim();
    expect(again.approval).toBeUndefined();
    expect(again.feedback).toEqual([]);
  });

  test("is not taken from an answer to an earlier question that is delivered again", async () => {
    const { world } = await aWorld("PROPOSE");
    const bead = await world.claim();
    await world.exchange(0, [unfinished(bead, { status: "NEEDS_CLARIFICATION", clarificationNeeded: "Which currency?" })], 0);
    await world.settle();
    const [question] = world.eventsOf("CLARIFICATION_REQUESTED");
    const answer = { beadId: bead.beadId, clarificationId: question?.clarificationId ?? "", answer: "Euro", answeredBy: "ann" };
    expect(await world.coordinator.clarify("c", answer)).toEqual({ ok: true });
    await world.exchange(0, [await world.written(await world.claim(), "fine")], 0);
    expect(await world.stateOf("total")).toBe("WAITING");
    expect(await world.coordinator.clarify("c", answer)).toEqual({ ok: true });
    await world.settle();
    expect(await world.stateOf("total")).toBe("WAITING");
    expect(world.eventsOf("CLARIFICATION_ANSWERED")).toHaveLength(1);
  });

  test("on one of two beads that wait leaves the other waiting", async () => {
    const { world } = await aWorld("PROPOSE", { beads: [{ key: "a" }, { key: "b" }] });
    const [a, b] = [await world.claim(0), await world.claim(1)];
    await world.exchange(0, [await world.written(a, "a")], 0);
    await world.exchange(1, [await world.written(b, "b")], 0);
    await world.settle();
    const [forA, forB] = world.asked();
    expect(new Set([forA?.requestId, forB?.requestId]).size).toBe(2);
    await world.decide("approved", "", { beadId: b.beadId, requestId: forB?.requestId ?? "" });
    expect([await world.stateOf("a"), await world.stateOf("b")]).toEqual(["WAITING", "DONE"]);
    await world.decide("approved", "", { beadId: a.beadId, requestId: forA?.requestId ?? "" });
    expect([await world.stateOf("a"), await world.stateOf("b")]).toEqual(["DONE", "DONE"]);
  });
});

describe("a run from before there were approvals", () => {
  test("is taken over as it is", async () => {
    const storage = new NodeSqliteStorage();
    migrate(storage, COORDINATOR_MIGRATIONS.slice(0, 1));
    const world = new CoordinatorWorld(storage);
    await world.seed(aSeed({ name: "old", beads: [{ key: "total" }] }));
    await world.work();
    expect(accepted(world.reports)).toHaveLength(1);
    expect(COORDINATOR_MIGRATIONS.map(({ id }) => id).slice(0, 3)).toEqual(["0001-run", "0002-approvals", "0003-hot-path"]);
  });
});

describe("an object that dies between any two steps", () => {
  test("asks once, applies once and loses nothing", async () => {
    const { world } = await aWorld("PROPOSE");
    const bead = await world.claim();
    const outcome = await world.written(bead, "fine");
    await world.restart();
    await world.exchange(0, [outcome], 0);
    await world.restart();
    expect((await world.exchange(0, [outcome], 0)).verdicts).toMatchObject([{ state: "WAITING" }]);
    await world.settle();
    expect(world.asked()).toHaveLength(1);
    const [asked] = world.asked();
    const decision = { beadId: bead.beadId, requestId: asked?.requestId ?? "", decision: "approved", note: "", decidedBy: "ann" } as const;
    const checking = Promise.withResolvers<void>();
    let first = true;
    world.answer = (job) => {
      if (!first) return answerByContent(job);
      first = false;
      checking.resolve();
      return new Promise(() => undefined);
    };
    await world.restart();
    await world.coordinator.decide("d", decision);
    await world.restart();
    void world.settle();
    await checking.promise;
    expect(await world.stateOf("total")).toBe("LEASED");
    await world.restart();
    await world.settle();
    expect(await world.coordinator.decide("d", decision)).toEqual({ ok: true });
    expect(await world.stateOf("total")).toBe("DONE");
    expect(world.moves(bead.beadId).filter((move) => move === "LEASED>DONE")).toHaveLength(1);
    expect(world.asked()).toHaveLength(1);
  });

  test("and whose lease on an approved change set expires takes it up again", async () => {
    const { world, bead } = await proposed();
    const checking = Promise.withResolvers<void>();
    let first = true;
    world.answer = (job) => {
      if (!first) return answerByContent(job);
      first = false;
      checking.resolve();
      return new Promise(() => undefined);
    };
    await world.restart();
    const [asked] = world.asked();
    await world.coordinator.decide("d", { beadId: bead.beadId, requestId: asked?.requestId ?? "", decision: "approved", note: "", decidedBy: "ann" });
    void world.settle();
    await checking.promise;
    await world.restart();
    world.clock.advance(10 * LEASE_TTL_MS);
    await world.settle();
    expect(await world.stateOf("total")).toBe("DONE");
    expect(world.asked()).toHaveLength(1);
  });
});

describe("what an outcome may do by the autonomy it was made under", () => {
  const made = {
    "a change set that passes": (world: CoordinatorWorld, bead: ClaimedBead) => world.written(bead, "fine"),
    "a change set that fails": (world: CoordinatorWorld, bead: ClaimedBead) => world.written(bead, "WRONG"),
    "a question": async (_: CoordinatorWorld, bead: ClaimedBead) => unfinished(bead, { status: "NEEDS_CLARIFICATION", clarificationNeeded: "Which?" }),
    "no way": async (_: CoordinatorWorld, bead: ClaimedBead) => unfinished(bead, { status: "BLOCKED", blockers: ["none"] }),
    "a fault of the provider": async (_: CoordinatorWorld, bead: ClaimedBead) => failure(bead, "provider", "MODEL_UNAVAILABLE"),
    "a knowing-state that moved": async (_: CoordinatorWorld, bead: ClaimedBead) => failure(bead, "stale", "STALE_TARGET"),
    "a suggestion": async (_: CoordinatorWorld, bead: ClaimedBead) => suggestion(bead),
  } as const;
  type Made = keyof typeof made;
  type Row = { readonly autonomy: Autonomy | null; readonly leave: boolean; readonly kind: Made; readonly state: string; readonly errorCode?: string };
  type Ends = { readonly [K in Made]: readonly [state: string, errorCode?: string] };
  const BREACH = ["FAILED", "GOVERNANCE_VIOLATION"] as const;
  const ALONE: Ends = {
    "a change set that passes": ["DONE"],
    "a change set that fails": ["READY"],
    "a question": ["WAITING"],
    "no way": ["FAILED", "CANDIDATES_EXHAUSTED"],
    "a fault of the provider": ["READY", "MODEL_UNAVAILABLE"],
    "a knowing-state that moved": ["READY", "STALE_TARGET"],
    "a suggestion": ["WAITING"],
  };
  const WITH_A_PERSON: Ends = { ...ALONE, "a change set that passes": ["WAITING"] };
  const NOT_AT_ALL: Ends = { ...ALONE, "a change set that passes": BREACH, "a change set that fails": BREACH, "a question": BREACH, "no way": BREACH };
  const rows = (autonomy: Autonomy | null, leave: boolean, ends: Ends): Row[] =>
    (Object.keys(made) as Made[]).map((kind) => {
      const [state, errorCode] = ends[kind];
      return { autonomy, leave, kind, state, ...(errorCode === undefined ? {} : { errorCode }) };
    });
  const table = [
    ...rows("EXECUTE_FULL", false, ALONE),
    ...rows("EXECUTE_BOUNDED", false, ALONE),
    ...rows("PROPOSE", false, WITH_A_PERSON),
    ...rows("SUGGEST", true, WITH_A_PERSON),
    ...rows("SUGGEST", false, NOT_AT_ALL),
    ...rows(null, false, NOT_AT_ALL),
  ];

  test.each(table)("$autonomy, leave to begin $leave: $kind leads to $state", async ({ autonomy, leave, kind, state, errorCode }) => {
    const { world } = await (leave ? suggested() : aWorld("EXECUTE_BOUNDED"));
    if (leave) await world.decide("approved");
    const bead = await world.claim();
    await world.settle();
    const before = world.moves(bead.beadId).length;
    const outcome = { ...(await made[kind](world, bead)), ...world.begunOf(bead), autonomy };
    const answer = await world.exchange(0, [kind === "a suggestion" ? { ...outcome, executionBeadId: null } : outcome], 0);
    await world.settle();
    expect(answer.verdicts).toMatchObject([{ accepted: true, state }]);
    expect(world.moves(bead.beadId).slice(before)).toEqual([`LEASED>${state}`]);
    const told = [...world.eventsOf("BEAD_FAILED"), ...world.eventsOf("BEAD_STATE_CHANGED"), ...world.eventsOf("BEAD_RELEASED")];
    const ends = told.filter(({ beadId, epoch, fromState }) => beadId === bead.beadId && epoch >= bead.epoch && fromState === "LEASED");
    expect(ends.map((end) => end.errorCode)).toEqual([errorCode]);
    expect(world.rows("SELECT path FROM tree_files")).toHaveLength(state === "DONE" ? 1 : 0);
  });

  test("work without an execution bead is a breach, and so is a suggestion after something ran", async () => {
    const { world } = await aWorld("EXECUTE_BOUNDED", { beads: [{ key: "a" }, { key: "b" }] });
    const [a, b] = [await world.claim(0), await world.claim(1)];
    const unrecorded = { ...(await world.written(a, "fine")), ...world.begunOf(a), executionBeadId: null };
    const ran = { ...suggestion(b), ...world.begunOf(b), executionBeadId: null, toolCalls: 1 };
    expect((await world.exchange(0, [unrecorded], 0)).verdicts).toMatchObject([{ state: "FAILED", reason: expect.stringContaining("no execution bead") }]);
    expect((await world.exchange(1, [ran], 0)).verdicts).toMatchObject([{ state: "FAILED", reason: expect.stringContaining("1 tool calls") }]);
    await world.settle();
    expect(diverged(world.reports)).toHaveLength(2);
    // The refusal is recorded, under no execution of the coordinator's own making.
    expect(world.graphs.beads("outcome")).toEqual([]);
  });
});
