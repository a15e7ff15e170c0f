import { describe, expect, test } from "vitest";
import { acceptanceReport } from "./acceptance.ts";
import type { PlanAnswer, PlanQuestion } from "./context.ts";
import { ANN, anAcceptedRun, aRecord, aRequest, BEAD_ID, RUN_ID } from "./testing/builders.ts";
import { aCall, commissioned, Surroundings } from "./testing/surroundings.ts";

const NOT_JUDGED = { kind: "not-judged", reason: "not judged: no second model family" } as const;
const judgedAs = (verdict: "approved" | "concerns" | "uncertain", findings: readonly object[] = []) =>
  ({ kind: "judged", family: "llama", value: { verdict, reason: "As read.", findings } }) as Parameters<typeof acceptanceReport>[0]["look"];
const CONCERN = { claimId: "C-1", path: "src/double.ts", quote: "2 * n", detail: "The claim is about three times." };

describe("the acceptance gate", () => {
  // The cast names the one member of the union that the builder makes.
  const run = anAcceptedRun() as Parameters<typeof acceptanceReport>[0]["run"];
  const facts = { run, record: aRecord(), divergences: [{ divergenceId: "DIV-1", amended: true }], amendments: [], personClaims: [], look: NOT_JUDGED };
  const [check] = aRecord().checks;
  if (check === undefined) throw new Error("The record has a check.");

  test("passes a run that went well and lists what nobody judged", () => {
    const report = acceptanceReport({ ...facts, run: { ...run, uncheckedClaims: ["C-3"], holdouts: { ...run.holdouts, absentClaims: ["C-2"] } } }, "SPEC-1");
    expect(report).toMatchObject({
      outcome: "PASS",
      remediation: [],
      notChecked: [{ check: "holdouts of C-2" }, { check: "C-3" }, { check: "semantic look", reason: NOT_JUDGED.reason }],
    });
  });

  test("states the holdout rate with its interval and the overfit gap", () => {
    const hidden = (holdouts: typeof run.holdouts) =>
      acceptanceReport({ ...facts, run: { ...run, holdouts } }, "SPEC-1").checked.find((one) => one.check === "hidden examples hold")?.detail;
    expect(hidden({ ...run.holdouts, passed: 2, failed: 0 })).toContain(
      "Holdout rate 100 % (95 % interval 34.2 % to 100 %), visible rate 100 %, overfit gap 0 %.",
    );
    expect(hidden({ ...run.holdouts, passed: 1, failed: 1 })).toContain("overfit gap 50 %");
    expect(hidden({ ...run.holdouts, passed: 0, failed: 0 })).toContain("Holdout rate: absent");
  });

  test("passes over a bead in whose place others were done, and not over what it was to do", () => {
    const [first, ...more] = aRecord().beads;
    if (first === undefined) throw new Error("The record has a bead.");
    const superseded = { ...first, beadId: "BEAD-OLD", state: "CANCELLED" as const };
    expect(acceptanceReport({ ...facts, record: aRecord({ beads: [superseded, first, ...more] }) }, "SPEC-1")).toMatchObject({ outcome: "PASS" });
    const alone = { ...superseded, claimRefs: ["C-77"] };
    const report = acceptanceReport({ ...facts, record: aRecord({ beads: [alone, first, ...more] }) }, "SPEC-1");
    expect(report.outcome).toBe("FAIL");
    expect(report.remediation.join("\n")).toContain("DC-1");
  });

  const underAmendment = { ...run, amendedExecutions: [{ beadId: "BEAD-7", traceId: "ET-7", amendmentId: "AMD-7" }] };
  const verdict = { moleculeId: "MOL-2", beadId: "BEAD-3", verdictId: "MV-2", outcome: "failed", cycle: 0 } as const;
  test.each([
    ["no bead at all", { record: aRecord({ beads: [] }) }, "DC-1", ""],
    [
      "a trace that ran under an amendment rejected since",
      { run: underAmendment, amendments: [{ amendmentId: "AMD-7", status: "REJECTED" as const }] },
      "DC-2",
      "ET-7",
    ],
    ["a trace that ran under an amendment nobody knows", { run: underAmendment }, "DC-2", "unknown"],
    ["no outcome bead", { record: aRecord({ beads: aRecord().beads.slice(0, 1) }) }, "DC-3", "no outcome bead"],
    ["a molecule whose verdict is failed", { run: { ...run, moleculeVerdicts: [verdict] } }, "DC-3", "MOL-2 (MV-2)"],
    ["a divergence without an adopted amendment", { divergences: [{ divergenceId: "DIV-1", amended: false }] }, "DC-4", "DIV-1"],
    [
      "a bead that failed",
      { record: aRecord({ beads: aRecord().beads.map((bead, index) => (index === 0 ? { ...bead, state: "FAILED" as const } : bead)) }) },
      "DC-5",
      "FAILED",
    ],
    ["a bead that is done without a check", { record: aRecord({ checks: [] }) }, "DC-5", "no check was executed"],
    ["a bead whose last check failed", { record: aRecord({ checks: [check, { ...check, ok: false, summary: "C-1: 1 failed" }] }) }, "DC-5", "C-1: 1 failed"],
    ["no check that passed", { run: { ...run, checks: { passed: 0, failed: 0 } } }, "required checks", ""],
    ["a hidden example that fails", { run: { ...run, holdouts: { ...run.holdouts, failed: 1 } } }, "hidden examples", "1 failed"],
  ])("refuses %s and names it", (_, change, name, named) => {
    const report = acceptanceReport({ ...facts, ...change }, "SPEC-1");
    expect(report.outcome).toBe("FAIL");
    expect(report.remediation.find((line) => line.startsWith(name))).toContain(named);
  });

  test("passes what was done under an adopted amendment, and a check that failed on a tree before", () => {
    const record = aRecord({ checks: [{ ...check, ok: false, treeDigest: "before", summary: "failed" }, ...aRecord().checks] });
    const amendments = [{ amendmentId: "AMD-7", status: "ADOPTED" as const }];
    expect(acceptanceReport({ ...facts, run: underAmendment, record, amendments }, "SPEC-1").outcome).toBe("PASS");
    expect(record.checks.every(({ beadId }) => beadId === BEAD_ID)).toBe(true);
  });

  test.each([
    ["approved", judgedAs("approved"), "PASS"],
    ["concerned", judgedAs("concerns", [CONCERN]), "INCONCLUSIVE"],
    ["uncertain", judgedAs("uncertain"), "INCONCLUSIVE"],
    ["without a usable answer", { kind: "unusable", family: "llama", reason: "prose" } as const, "INCONCLUSIVE"],
  ])("with a judge that is %s is what the judge leaves open", (_, look, outcome) => {
    const report = acceptanceReport({ ...facts, look }, "SPEC-1");
    expect(report.outcome).toBe(outcome);
    expect(report.checked.some((one) => one.check.startsWith("semantic look"))).toBe(true);
    expect(report.notChecked).toEqual([]);
  });
});

describe("the semantic look at a run", () => {
  /** Surroundings whose critic judges runs, and lets every intent specification pass. */
  function lookedAt(answer: unknown): Surroundings {
    const world = new Surroundings();
    world.judgeChoice = { ok: true, family: "llama" };
    const approved = { verdict: "approved", reason: "Both say the same.", findings: [] };
    world.judge = async (question) => answerOf(question, question.purpose === "review-run" ? answer : approved);
    return world;
  }
  function answerOf(question: PlanQuestion<unknown>, value: unknown): PlanAnswer<unknown> {
    const calls = [{ ...aCall(question.purpose), alias: "factory/critic" }];
    const parsed = question.schema.safeParse(value);
    if (parsed.success) return { ok: true, value: parsed.data, modelId: "llama-4", repaired: false, calls };
    return { ok: false, code: "MODEL_OUTPUT_INVALID", message: "it did not fit", calls };
  }
  async function accepted(world: Surroundings): Promise<Surroundings> {
    await commissioned(world, aRequest());
    await world.compiled();
    await world.report(`accepted:${RUN_ID}`, { kind: "run", report: anAcceptedRun() });
    return world;
  }
  const acceptances = (world: Surroundings) => world.of("VERIFICATION_PRODUCED").filter(({ verificationType }) => verificationType === "ACCEPTANCE");
  const looks = (world: Surroundings) => world.questions.filter(({ purpose }) => purpose === "review-run");

  test("is taken once on a clean run, sees the claims and the code, and no example that was hidden", async () => {
    const world = await accepted(lookedAt({ verdict: "approved", reason: "It doubles.", findings: [] }));
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    expect(looks(world)).toHaveLength(1);
    const prompt = looks(world)[0]?.prompt ?? "";
    expect(prompt).toContain("2 * n");
    expect(prompt).toContain("`double` doubles its argument");
    expect(prompt).not.toContain("double(15)");
    expect(acceptances(world)).toMatchObject([{ outcome: "PASS", details: { overfit: { gap: 0, holdoutRate: 1 } } }]);
  });

  test.each([
    ["a concern", { verdict: "concerns", reason: "It is about three times.", findings: [CONCERN] }, "The claim is about three times."],
    ["a concern with a quote that is not in the code", { verdict: "concerns", reason: "r", findings: [{ ...CONCERN, quote: "3 * n" }] }, "no usable answer"],
    ["prose", "Fine, I think.", "no usable answer"],
    ["doubt", { verdict: "uncertain", reason: "I cannot tell.", findings: [] }, "I cannot tell."],
  ])("that comes to %s is put before a person, who decides", async (_, answer, shown) => {
    const world = await accepted(lookedAt(answer));
    expect(acceptances(world)).toMatchObject([{ outcome: "INCONCLUSIVE" }]);
    const open = (await world.session.status())?.openReview;
    if (open === null || open === undefined) throw new Error("Nobody is asked.");
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain(shown);
    await world.session.acknowledge({ reviewId: open.reviewId, decision: "approved", note: "as meant", actionDigest: open.actionDigest, principal: ANN });
    await world.settle();
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    expect(looks(world)).toHaveLength(1);
  });

  test("without a second model family is recorded as not judged, and stops nothing", async () => {
    const world = await accepted(new Surroundings());
    expect(looks(world)).toEqual([]);
    const report = world.graph.get(acceptances(world)[0]?.verificationId ?? "");
    expect(report?.data).toMatchObject({ outcome: "PASS", notChecked: [{ check: "semantic look", reason: "not judged: no second model family" }] });
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    const { sessionId } = aRequest();
    const { predicate } = await world.sealed(sessionId);
    expect(predicate.run).toMatchObject({ overfit: { visibleRate: 1, holdoutRate: 1, gap: 0, interval: { low: 0.3424, high: 1 } } });
    expect(predicate.gates.map(({ gate }) => gate)).toEqual(expect.arrayContaining(["INTAKE", "SEMANTIC_REVIEW", "ACCEPTANCE"]));
  });
});
