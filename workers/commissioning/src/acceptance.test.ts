import { describe, expect, test } from "vitest";
import { acceptanceReport } from "./acceptance.ts";
import type { PlanAnswer, PlanQuestion } from "./context.ts";
import { MAX_FRUITLESS_ATTEMPTS } from "./pass-attempts.ts";
import { ANN, anAcceptedRun, aRecord, aRequest, BEAD_ID, RUN_ID } from "./testing/builders.ts";
import { aCall, commissioned, decide, Surroundings } from "./testing/surroundings.ts";

const A_FIRST_VERDICT = {
  cycle: 0,
  checks: { passed: 4, failed: 0 },
  holdouts: { passed: 1, failed: 1 },
  holdoutsByClaim: [{ claimId: "C-1", passed: 1, failed: 1 }],
};
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

  test("states the holdout rate at the first verdict and in the end, each with its interval and the overfit gap", () => {
    const hidden = (holdouts: typeof run.holdouts) =>
      acceptanceReport({ ...facts, run: { ...run, holdouts, firstVerdict: A_FIRST_VERDICT } }, "SPEC-1").checked.find(
        (one) => one.check === "hidden examples hold",
      )?.detail;
    const atFirst = "At the first verdict: 1 of 2 hidden examples, holdout rate 50 % (95 % interval 9.5 % to 90.6 %), visible rate 100 %, overfit gap 50 %;";
    expect(hidden({ ...run.holdouts, passed: 2, failed: 0 })).toContain(
      `${atFirst} in the end: 2 of 2 hidden examples, holdout rate 100 % (95 % interval 34.2 % to 100 %), visible rate 100 %, overfit gap 0 %.`,
    );
    expect(hidden({ ...run.holdouts, passed: 1, failed: 1 })).toContain("in the end: 1 of 2 hidden examples, holdout rate 50 %");
    expect(hidden({ ...run.holdouts, passed: 0, failed: 0 })).toContain("in the end: absent (no hidden example was run).");
  });

  test("says of a run whose first verdict was not kept that it is absent, never that nothing failed", () => {
    const detail = acceptanceReport(facts, "SPEC-1").checked.find((one) => one.check === "hidden examples hold")?.detail;
    expect(detail).toContain("At the first verdict: absent (it was not kept);");
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
    ["without an answer", { kind: "unanswered", family: "llama", reason: "the judge did not answer" } as const, "INCONCLUSIVE"],
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
    expect(acceptances(world)).toMatchObject([
      { outcome: "PASS", details: { overfit: { gap: 0, holdoutRate: 1 }, firstVerdict: { absent: "it was not kept" } } },
    ]);
  });

  test("leaves what the first verdict found on record: in the event, the README and the sealed evidence, which holds", async () => {
    const world = new Surroundings();
    const [, hidden] = aRecord().checks;
    if (hidden === undefined) throw new Error("The record has a hidden check.");
    world.record = aRecord({ checks: [{ ...hidden, checkId: "CHK-0", treeDigest: "before", ok: false, summary: "1 failed" }, ...aRecord().checks] });
    await commissioned(world, aRequest());
    await world.compiled();
    await world.report(`accepted:${RUN_ID}`, { kind: "run", report: anAcceptedRun({ firstVerdict: A_FIRST_VERDICT }) });
    const kept = { ...A_FIRST_VERDICT, overfit: { visibleRate: 1, holdoutRate: 0.5, gap: 0.5, interval: { low: 0.0945, high: 0.9055 } } };
    expect(acceptances(world)).toMatchObject([{ details: { overfit: { gap: 0 }, firstVerdict: kept } }]);
    expect(acceptances(world)[0]?.summary).toContain("At the first verdict: 1 of 2 hidden examples");
    const { predicate } = await world.sealed(aRequest().sessionId);
    expect(predicate.run).toMatchObject({ overfit: { gap: 0 }, firstVerdict: kept });
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

  test("by a judge that never answers is put before a person after a bounded number of attempts, and is not passed over", async () => {
    const world = lookedAt(null);
    const judge = world.judge;
    world.judge = async (question) =>
      question.purpose === "review-run" ? { ok: false, code: "MODEL_UNAVAILABLE", message: "the server is down", calls: [] } : judge(question);
    await accepted(world);
    expect(world.kinds).not.toContain("SESSION_COMPLETED");
    for (let pause = 0; pause < 2 * MAX_FRUITLESS_ATTEMPTS; pause++) await world.later(600_000);
    expect(looks(world)).toHaveLength(MAX_FRUITLESS_ATTEMPTS);
    expect(acceptances(world)).toMatchObject([{ outcome: "INCONCLUSIVE", failedCriteria: ["semantic look: llama"] }]);
    expect(world.of("REVIEW_REQUIRED").at(-1)).toMatchObject({ context: { matter: "acceptance" } });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("not judged: the judge did not answer in 10 attempts: the server is down");
    await decide(world, "approved");
    expect(world.kinds.at(-1)).toBe("SESSION_COMPLETED");
    expect(looks(world)).toHaveLength(MAX_FRUITLESS_ATTEMPTS);
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
