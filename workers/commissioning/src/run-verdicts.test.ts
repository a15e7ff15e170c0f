import type { OutcomeCheck } from "@factory/factory-graph";
import { blobKey, sha256Hex } from "@factory/schemas";
import type { ReviewDecision } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { AgentHost } from "./testing/agents.ts";
import { aClaim, anAcceptedRun, ANN, anExample, aRequest } from "./testing/builders.ts";
import { aCall, commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const OUTCOME_BEAD = "BEAD-00000000000000000000000009";
/** Wrong at a visible example, so that a replay of the case still fails. */
const WRONG = "export const double = (n: number): number => (n === 11 ? 0 : 2 * n);\n";

type Cause = "criterion" | "integration" | "specification";

const check = (overrides: Partial<OutcomeCheck>): OutcomeCheck => ({
  checkId: "CHK-1",
  kind: "examples",
  ok: true,
  holdout: false,
  reportDigest: "a",
  summary: "4 passed",
  ...overrides,
});
const LEGACY = check({ kind: "file-exists", ok: false, command: "file-exists:src/legacy.ts", summary: "src/legacy.ts exists: there is no file src/legacy.ts" });
const EXAMPLES = check({ claimId: "C-1", command: "examples:C-1" });
const EXAMPLES_FAIL = check({ claimId: "C-1", command: "examples:C-1", ok: false, summary: "examples of C-1: 1 failed, 3 passed" });

/** A session that executes, whose planner finds one cause for every run verdict that failed. */
async function executing(
  cause: Cause,
): Promise<{ readonly world: Surroundings; readonly failed: (name: string, checks: readonly OutcomeCheck[], cycle?: number) => Promise<void> }> {
  const world = new Surroundings();
  world.blobs.set(blobKey.content(sha256Hex(WRONG)), new TextEncoder().encode(WRONG));
  world.plan = async (question) => {
    if (question.purpose !== "form-hypothesis") return goodAnswer(question);
    const answer = { faultAttribution: "SPECIFICATION_GAP", explanation: "the parts do not fit", confidence: 0.6, amendmentScope: "modify-atom" };
    const value = question.schema.parse({ ...answer, instruction: cause === "integration" ? "Export double." : "", runVerdict: cause });
    return { ok: true, value, modelId: "m", repaired: false, calls: [aCall("form-hypothesis")] };
  };
  await commissioned(world, aRequest());
  await world.compiled();
  const host = new AgentHost(world);
  const failed = async (name: string, checks: readonly OutcomeCheck[], cycle = 0): Promise<void> => {
    await host.fail(name, {
      beadId: OUTCOME_BEAD,
      affectedBeadIds: [OUTCOME_BEAD],
      outcomeBead: true,
      runVerdict: true,
      checks,
      cycle,
      summary: name,
      failedTree: { "src/double.ts": sha256Hex(WRONG) },
    });
  };
  return { world, failed };
}

async function answer(world: Surroundings, decision: ReviewDecision, note = ""): Promise<void> {
  const review = (await world.session.status())?.openReview;
  await world.session.acknowledge({ reviewId: review?.reviewId ?? "", decision, note, actionDigest: review?.actionDigest ?? "", principal: ANN });
  await world.settle();
}

const question = (world: Surroundings): string => world.of("REVIEW_REQUIRED").at(-1)?.promptText ?? "";

describe("a run verdict that failed although every molecule had passed", () => {
  test("is put to the model with its three causes, in a schema of its own, and without hidden values", async () => {
    const { world, failed } = await executing("criterion");
    await failed("d1", [LEGACY, EXAMPLES]);
    const asked = world.questions.find(({ purpose }) => purpose === "form-hypothesis");
    expect(asked?.system).toContain("Choose one cause");
    expect(asked?.prompt).toContain('"file-exists:src/legacy.ts"');
    for (const line of [15, 16]) expect(asked?.prompt).not.toContain(anExample(line).text);
  });

  test("by a criterion that is too strict is judged again without it: mediation is told what to drop, and no atom is re-opened", async () => {
    const { world, failed } = await executing("criterion");
    await failed("d1", [LEGACY, EXAMPLES]);
    expect(world.of("AMENDMENT_ADOPTED")).toMatchObject([{ scope: "modify-atom", patch: { mode: "rejudge", checks: ["file-exists:src/legacy.ts"] } }]);
    expect(world.amends).toMatchObject([
      { request: { beadIds: [OUTCOME_BEAD], note: "", revealedLines: [], verdictChange: { kind: "rejudge", checks: ["file-exists:src/legacy.ts"] } } },
    ]);
    const successor = world.graph.get(world.amends[0]?.request.specificationId ?? "");
    expect(successor?.data).toMatchObject({ version: 2, droppedChecks: ["file-exists:src/legacy.ts"] });
    await world.reopened();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
  });

  test("by a criterion that the order states is a person's to relax, whatever the model calls it", async () => {
    const { world, failed } = await executing("criterion");
    await failed("d1", [EXAMPLES_FAIL]);
    expect(world.amends).toEqual([]);
    expect(world.kinds).not.toContain("AMENDMENT_PROPOSED");
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
  });

  test("by a criterion that is not all that failed is rejected by the verifier, and a person is asked", async () => {
    const { world, failed } = await executing("criterion");
    await failed("d1", [LEGACY, EXAMPLES_FAIL]);
    expect(world.of("AMENDMENT_REJECTED")).toHaveLength(1);
    expect(world.amends).toEqual([]);
    expect(question(world)).toContain("rest-holds failed: examples:C-1 fails too");
  });

  test("by a gap between the parts has one integration bead inserted, with what failed and what to do about it", async () => {
    const { world, failed } = await executing("integration");
    await failed("d1", [LEGACY, EXAMPLES_FAIL]);
    expect(world.of("AMENDMENT_ADOPTED")).toMatchObject([{ scope: "add-atom", patch: { mode: "integrate" } }]);
    expect(world.amends).toMatchObject([
      {
        request: {
          beadIds: [OUTCOME_BEAD],
          note: "Export double.",
          verdictChange: { kind: "integrate", checks: ["file-exists:src/legacy.ts", "examples:C-1"] },
        },
      },
    ]);
  });

  test("by a wrong specification goes to a person at once; their words make the successor, and the beads of the claim begin anew", async () => {
    const { world, failed } = await executing("specification");
    await failed("d1", [EXAMPLES_FAIL]);
    expect(world.kinds).not.toContain("AMENDMENT_PROPOSED");
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(question(world)).toContain("Each part passed its own checks");
    await answer(world, "amended", "Double means times two, also of eleven.");
    expect(world.amends).toMatchObject([{ request: { note: "Double means times two, also of eleven.", verdictChange: { kind: "respecify" } } }]);
    const successor = world.graph.get(world.amends[0]?.request.specificationId ?? "");
    expect(successor?.data).toMatchObject({ version: 2, notes: [{ claimId: "C-1", note: "Double means times two, also of eleven." }] });
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
  });

  test("by a wrong specification that a person approves is judged again as it is, and one they reject ends the session", async () => {
    const { world, failed } = await executing("specification");
    await failed("d1", [EXAMPLES_FAIL]);
    await answer(world, "approved");
    expect(world.amends).toMatchObject([{ request: { note: "", beadIds: [OUTCOME_BEAD], verdictChange: { kind: "none" } } }]);
    const other = await executing("specification");
    await other.failed("d1", [EXAMPLES_FAIL]);
    await answer(other.world, "rejected", "it cannot be built");
    expect(other.world.of("SESSION_FAILED")).toMatchObject([{ reason: expect.stringContaining("it cannot be built") }]);
  });

  test("is amended twice at most; the third failure goes to a person", async () => {
    const { world, failed } = await executing("integration");
    for (const cycle of [0, 1]) {
      await failed(`d${cycle}`, [EXAMPLES_FAIL], cycle);
      await world.reopened();
    }
    expect(world.amends).toHaveLength(2);
    await failed("d2", [EXAMPLES_FAIL], 2);
    expect(world.amends).toHaveLength(2);
    expect(question(world)).toContain("after 2 amendments although every molecule had passed; 2 are allowed");
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
  });

  test("of hidden examples alone is still met by revealing one: its cause is known", async () => {
    const { world } = await executing("integration");
    await world.diverged("d1");
    expect(world.amends).toMatchObject([{ request: { revealedLines: [15], verdictChange: { kind: "none" } } }]);
  });
});

describe("amendment cases of the session", () => {
  const judged = { faultAttribution: "SPECIFICATION_GAP", explanation: "rounding is not stated", confidence: 0.5, amendmentScope: "modify-atom" };
  const VISIBLE = { outcome: "FAILURE", exhausted: true, checks: [EXAMPLES_FAIL], failedTree: { "src/double.ts": sha256Hex(WRONG) } } as const;

  async function withPlanner(claims = [aClaim(), aClaim({ claimId: "C-2", line: 4 })]): Promise<Surroundings> {
    const world = new Surroundings(claims);
    world.blobs.set(blobKey.content(sha256Hex(WRONG)), new TextEncoder().encode(WRONG));
    let asked = 0;
    world.plan = async (one) => {
      if (one.purpose !== "form-hypothesis") return goodAnswer(one);
      asked += 1;
      return { ok: true, value: one.schema.parse({ ...judged, instruction: `Attempt ${asked}: round half up.` }), modelId: "m", repaired: false, calls: [] };
    };
    await commissioned(world, aRequest());
    await world.compiled();
    return world;
  }

  test("case A: one failure is one divergence, one hypothesis, one adopted amendment and one re-opening", async () => {
    const world = await withPlanner();
    const divergence = await new AgentHost(world).fail("d1", VISIBLE);
    expect(divergence.divergenceType).toBe("atom-failure");
    expect(world.kinds.filter((kind) => kind.startsWith("AMENDMENT_"))).toEqual(["AMENDMENT_PROPOSED", "AMENDMENT_ADOPTED"]);
    expect(world.amends).toMatchObject([
      { request: { beadIds: divergence.affectedBeadIds, note: "Attempt 1: round half up.", verdictChange: { kind: "none" } } },
    ]);
    const [proposed] = world.of("AMENDMENT_PROPOSED");
    expect(world.graph.edgesOf(proposed?.hypothesisId ?? "").in.filter(({ rel }) => rel === "evidence_for")).toMatchObject([
      { source: divergence.divergenceId },
    ]);
  });

  test("case C: of two failures under one specification the second hypothesis sees both divergences and whether one comes before the other", async () => {
    const world = await withPlanner();
    const seen = { failedHoldoutLines: [], divergenceType: "atom-failure", failedTree: VISIBLE.failedTree } as const;
    const first = await world.diverged("d1", { ...seen, affectedBeadIds: ["BEAD-1", "BEAD-2"], beadId: "BEAD-1" }, "FAILURE");
    const second = await world.diverged(
      "d2",
      { ...seen, claimId: "C-2", beadId: "BEAD-2", affectedBeadIds: ["BEAD-2"], specificationId: first.specificationId },
      "FAILURE",
    );
    const [one, two] = world.of("AMENDMENT_PROPOSED");
    expect(one?.hypothesisId).not.toBe(two?.hypothesisId);
    const evidence = (hypothesisId: string | undefined) =>
      world.graph.edgesOf(hypothesisId ?? "").in.flatMap(({ rel, source }) => (rel === "evidence_for" ? [source] : []));
    expect(evidence(one?.hypothesisId)).toEqual([first.divergenceId]);
    expect(evidence(two?.hypothesisId).sort()).toEqual([first.divergenceId, second.divergenceId].sort());
    expect(world.graph.get(two?.hypothesisId ?? "")?.data).toMatchObject({ concurrent: [first.divergenceId] });
    const prompts = world.questions.filter(({ purpose }) => purpose === "form-hypothesis").map(({ prompt }) => prompt);
    expect(prompts[0]).toContain('"concurrent": []');
    expect(prompts[1]).toContain(first.divergenceId);
    expect(prompts[1]).toContain('"comesBefore": true');
  });

  test("a failure under the successor specification is not taken for one that happened at the same time", async () => {
    const world = await withPlanner();
    await world.diverged("d1", { failedHoldoutLines: [], divergenceType: "atom-failure", failedTree: VISIBLE.failedTree }, "FAILURE");
    await world.reopened();
    await world.diverged(
      "d2",
      { failedHoldoutLines: [], divergenceType: "atom-failure", claimId: "C-2", beadId: "BEAD-2", failedTree: VISIBLE.failedTree },
      "FAILURE",
    );
    expect(world.questions.findLast(({ purpose }) => purpose === "form-hypothesis")?.prompt).toContain('"concurrent": []');
  });

  test("exhaustion: cycles one to three are amended like any other, and the failure after them is a consultation with all that was tried", async () => {
    const world = await withPlanner();
    const host = new AgentHost(world);
    const divergences: string[] = [];
    for (let cycle = 0; cycle < 3; cycle++) {
      divergences.push((await host.fail(`d${cycle}`, { ...VISIBLE, cycle, summary: `cycle ${cycle}` })).divergenceId);
      expect(world.amends).toHaveLength(cycle + 1);
      await world.reopened();
      expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
    }
    const last = await host.fail("d3", { ...VISIBLE, cycle: 3, summary: "cycle 3" });
    expect(world.amends).toHaveLength(3);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(question(world)).toContain("The bead went through 3 amendments; 3 are allowed.");
    const consultation = world.of("ARTIFACT_WRITTEN").find(({ artifactType }) => artifactType === "ConsultationRequest");
    const data = world.graph.get(consultation?.artifactId ?? "")?.data;
    expect(data).toMatchObject({ amendmentCycles: 3, divergences: [...divergences, last.divergenceId] });
    expect(data?.["hypotheses"]).toHaveLength(3);
    expect(data?.["amendments"]).toEqual(world.of("AMENDMENT_ADOPTED").map(({ amendmentId }) => amendmentId));
    await answer(world, "amended", "Eleven doubles to twenty-two.");
    expect(world.amends.at(-1)).toMatchObject({ request: { note: "Eleven doubles to twenty-two." } });
  });
});
