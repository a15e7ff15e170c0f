import { claimNodeId } from "@factory/schemas";
import type { ReviewDecision } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { reasonToAsk } from "./divergences.ts";
import { aClaim, anAcceptedRun, anExample, ANN, aRequest, BEAD_ID } from "./testing/builders.ts";
import { aCall, commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

async function executing(world = new Surroundings(), request = aRequest()): Promise<Surroundings> {
  await commissioned(world, request);
  await world.compiled();
  return world;
}

async function answer(world: Surroundings, decision: ReviewDecision, note = ""): Promise<void> {
  const review = (await world.session.status())?.openReview;
  await world.session.acknowledge({ reviewId: review?.reviewId ?? "", decision, note, actionDigest: review?.actionDigest ?? "", principal: ANN });
  await world.settle();
}

const BLOCKED = {
  status: "BLOCKED",
  failedHoldoutLines: [],
  blockers: ["No expression of at most 40000 candidates fits."],
  divergenceType: "atom-failure",
} as const;

describe("a failed hidden example", () => {
  test("becomes visible by an amendment that is proposed, adopted and handed to mediation while the session executes", async () => {
    const world = await executing();
    const divergence = await world.diverged("d1");
    expect(world.of("AMENDMENT_PROPOSED")).toMatchObject([
      { amendmentState: "PROPOSED", divergenceId: divergence.divergenceId, faultAttribution: "SPECIFICATION_GAP", scope: "modify-atom", depth: 1 },
    ]);
    expect(world.of("AMENDMENT_ADOPTED")).toMatchObject([{ amendmentState: "ADOPTED", beadIds: [BEAD_ID] }]);
    const specificationId = world.of("AMENDMENT_ADOPTED")[0]?.specificationId ?? "";
    expect(world.amends).toMatchObject([{ request: { specificationId, claimId: "C-1", revealedLines: [15], beadIds: [BEAD_ID] } }]);
    expect(world.graph.edgesOf(specificationId).out).toContainEqual(expect.objectContaining({ rel: "version_of", target: divergence.specificationId }));
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
  });

  test("leads to acceptance on the successor once the bead passes, with the loop in the record", async () => {
    const world = await executing();
    await world.diverged("d1");
    await world.reopened();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    const { predicate } = await world.sealed(aRequest().sessionId);
    expect(predicate).toMatchObject({ divergences: [{ amended: true }], amendments: [{ status: "ADOPTED", mode: "reveal", depth: 1 }] });
    expect(world.of("SESSION_COMPLETED")).toMatchObject([{ summary: { divergences: 1, amendments: 1 } }]);
  });

  test("that is the last hidden one is not revealed, and a repeat goes to a person without its value", async () => {
    const world = await executing(new Surroundings([aClaim({ holdout: [anExample(15)] })]));
    const last = { failedHoldoutLines: [15], hiddenLeft: 1 };
    await world.diverged("d1", last);
    expect(world.amends).toMatchObject([{ request: { revealedLines: [], note: expect.stringContaining("`double` doubles its argument") } }]);
    await world.reopened();
    await world.diverged("d2", { ...last, cycle: 1 });
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt).toMatchObject({
      reviewType: "AMENDMENT_REQUIRED",
      promptText: expect.stringContaining("Only the last hidden example fails, for the second time"),
    });
    expect(prompt?.promptText).not.toContain("30");
    expect(world.amends).toHaveLength(1);
  });

  test("after three amendments of one bead raises a consultation request", async () => {
    const world = await executing(new Surroundings([aClaim({ visible: [11].map(anExample), holdout: [12, 13, 14, 15, 16].map(anExample) })]));
    // The split is none a compiler makes; the verifier would refuse it, so each cycle here is a person's.
    await world.diverged("d1", { cycle: 3 });
    expect(world.amends).toEqual([]);
    const consultation = world.of("ARTIFACT_WRITTEN").find(({ artifactType }) => artifactType === "ConsultationRequest");
    expect(world.graph.get(consultation?.artifactId ?? "")?.data).toMatchObject({ reason: "The bead went through 3 amendments; 3 are allowed." });
  });
});

describe("what decides that a person is asked", () => {
  const divergence = { divergenceType: "atom-failure" as const, beadId: "B", claimId: "C-1", cycle: 0, failedHoldoutLines: [15], hiddenLeft: 2 };
  const adopted = (mode: "reveal" | "criterion" | "rejudge" | "integrate", claimId = "C-1", beadId = "B", status: "ADOPTED" | "REJECTED" = "ADOPTED") => ({
    beadId,
    claimId,
    mode,
    status,
  });
  test.each([
    ["nothing happened before", divergence, [], {}, null],
    ["amendments are switched off", divergence, [], { enableAmendments: false }, /allows no amendments/],
    ["three amendments were adopted", divergence, [adopted("reveal"), adopted("reveal"), adopted("reveal")], {}, /3 are allowed/],
    ["two were adopted", divergence, [adopted("reveal"), adopted("reveal")], {}, null],
    ["the order allows one iteration", divergence, [adopted("reveal")], { maxIterations: 1 }, /1 are allowed/],
    ["the order asks for more than the factory allows", { ...divergence, cycle: 3 }, [], { maxIterations: 3 }, /3 are allowed/],
    ["other beads were amended", divergence, [1, 2, 3].map(() => adopted("reveal", "C-1", "other")), {}, null],
    ["a run verdict was amended once", { ...divergence, divergenceType: "run-verdict-failure", failedHoldoutLines: [] }, [adopted("rejudge")], {}, null],
    [
      "a run verdict was amended twice",
      { ...divergence, divergenceType: "run-verdict-failure", failedHoldoutLines: [] },
      [adopted("rejudge"), adopted("integrate")],
      {},
      /after 2 amendments although every molecule had passed; 2 are allowed/,
    ],
    ["rejected amendments do not count", divergence, [1, 2, 3].map(() => adopted("reveal", "C-1", "B", "REJECTED")), {}, null],
    ["the last hidden example fails again", { ...divergence, hiddenLeft: 1 }, [adopted("criterion")], {}, /second time/],
    ["the last hidden example of another claim fails", { ...divergence, hiddenLeft: 1 }, [adopted("criterion", "C-2")], {}, null],
  ] as const)("%s", (_, report, history, config, expected) => {
    const reason = reasonToAsk(report, history, config);
    if (expected === null) expect(reason).toBeNull();
    else expect(reason).toMatch(expected);
  });
});

describe("a bead without means", () => {
  async function blocked(): Promise<Surroundings> {
    const world = await executing();
    await world.diverged("d1", BLOCKED, "BLOCKED");
    return world;
  }

  test("stops for a person, who reads what was asked, what was tried, why it stopped and what to do", async () => {
    const world = await blocked();
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    for (const part of [
      "Asked (C-1, line 3): `double` doubles its argument",
      "Tried:",
      "Why it stopped: The operative stopped for lack of means",
      "MODEL_BASE_URL",
      "Amend to run it again with your note",
    ]) {
      expect(prompt?.promptText).toContain(part);
    }
    expect(world.kinds).not.toContain("AMENDMENT_PROPOSED");
  });

  test("approved runs the same again: the bead is re-opened without a note", async () => {
    const world = await blocked();
    world.restart();
    await answer(world, "approved");
    expect(world.amends).toMatchObject([{ request: { note: "", revealedLines: [], beadIds: [BEAD_ID] } }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
    expect(world.of("AMENDMENT_ADOPTED")).toHaveLength(1);
  });

  test("amended hands the note to the next attempt as an instruction", async () => {
    const world = await blocked();
    await answer(world, "amended", "multiply by two");
    expect(world.amends).toMatchObject([{ request: { note: "multiply by two" } }]);
  });

  test("rejected ends the run and the session", async () => {
    const world = await blocked();
    await answer(world, "rejected", "give up");
    expect(world.cancels).toHaveLength(1);
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reason: expect.stringContaining("give up") }]);
  });

  test("is asked about again when it blocks again after a person's answer", async () => {
    const world = await blocked();
    await answer(world, "approved");
    await world.reopened();
    await world.diverged("d2", { ...BLOCKED, cycle: 1 }, "BLOCKED");
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("amendment 1 (AMD-");
  });
});

describe("a failure that needs judgement", () => {
  const visible = { failedHoldoutLines: [], divergenceType: "atom-failure", observed: "line 11 failed" } as const;
  const judged = {
    faultAttribution: "SPECIFICATION_GAP",
    explanation: "rounding is not stated",
    confidence: 0.5,
    amendmentScope: "modify-atom",
    instruction: "Round half up.",
  };

  test("is put to the model, and its instruction reaches the next attempt", async () => {
    const world = new Surroundings();
    world.plan = async (question) =>
      question.purpose === "form-hypothesis"
        ? { ok: true, value: question.schema.parse(judged), modelId: "m", repaired: false, calls: [aCall("form-hypothesis")] }
        : goodAnswer(question);
    await executing(world);
    await world.diverged("d1", visible, "FAILURE");
    expect(world.amends).toMatchObject([{ request: { note: "Round half up." } }]);
    expect(world.of("MODEL_CALLED").map(({ purpose }) => purpose)).toContain("form-hypothesis");
    const prompt = world.questions.at(-1)?.prompt ?? "";
    expect(prompt).toContain('"task": "form-hypothesis"');
    for (const line of [15, 16]) expect(prompt).not.toContain(anExample(line).text);
  });

  test("goes to a person when the model's answer is of no use, and waits when the model is not there", async () => {
    const world = new Surroundings();
    world.plan = async (question) =>
      question.purpose === "form-hypothesis"
        ? { ok: false, code: "MODEL_OUTPUT_INVALID", message: "the answer is empty", calls: [aCall("form-hypothesis")] }
        : goodAnswer(question);
    await executing(world);
    await world.diverged("d1", visible, "FAILURE");
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("No hypothesis could be formed: the answer is empty");

    const other = new Surroundings();
    let up = false;
    other.plan = async (question) => {
      if (question.purpose !== "form-hypothesis") return goodAnswer(question);
      return up
        ? { ok: true, value: question.schema.parse(judged), modelId: "m", repaired: false, calls: [] }
        : { ok: false, code: "MODEL_UNAVAILABLE", message: "no connection", calls: [] };
    };
    await executing(other);
    await other.diverged("d1", visible, "FAILURE");
    expect(await other.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
    up = true;
    await other.later(600_000);
    expect(other.amends).toHaveLength(1);
  });
});

describe("an amendment that cannot be carried out", () => {
  test("is put to a person with the refusal", async () => {
    const world = await executing();
    await world.diverged("d1");
    const amendmentId = world.amends[0]?.request.amendmentId ?? "";
    await world.report("refused", {
      kind: "amended",
      report: { outcome: "refused", amendmentId, code: "GATE_REFUSED", remediation: ["C-1 would keep no hidden example."] },
    });
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("C-1 would keep no hidden example.");
  });

  test("is put to a person when mediation refuses the call itself", async () => {
    const world = await executing();
    world.moods.mediation = { ok: false, code: "INVALID_ARGUMENT", message: "no such bead" };
    await world.diverged("d1");
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("no such bead");
  });
});

test("two divergences are amended one after the other, each on the specification of the one before", async () => {
  const world = await executing(new Surroundings([aClaim(), aClaim({ claimId: "C-2", line: 4 })]));
  const first = await world.diverged("d1");
  await world.diverged("d2", { claimId: "C-2", beadId: "BEAD-2", affectedBeadIds: ["BEAD-2"] });
  const [one, two] = world.of("AMENDMENT_ADOPTED");
  expect(world.graph.edgesOf(one?.specificationId ?? "").out).toContainEqual(expect.objectContaining({ rel: "version_of", target: first.specificationId }));
  expect(world.graph.edgesOf(two?.specificationId ?? "").out).toContainEqual(expect.objectContaining({ rel: "version_of", target: one?.specificationId }));
  expect(world.graph.get(claimNodeId(two?.specificationId ?? "", "C-1"))?.data).toMatchObject({ holdout: [{ line: 16 }] });
});
