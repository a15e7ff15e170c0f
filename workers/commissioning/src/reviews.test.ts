import { describe, expect, test } from "vitest";
import { sha256Hex } from "@factory/schemas";
import type { RunReport } from "@factory/schemas/rpc";
import { anAcceptedRun, ANN, anOrder, ANSWERS, aRequest, BEAD_ID, CODE, RUN_ID } from "./testing/builders.ts";
import { commissioned, decide, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const HUMAN = aRequest({ config: { reviewMode: "human" } });

describe("the approval of an intent specification", () => {
  test("waits for a person in human mode, also over a restart, and compiles when it is approved", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    expect(await world.session.status()).toMatchObject({ state: "AWAITING_APPROVAL", openReview: { action: expect.stringContaining("Approve IS-") } });
    expect(world.compiles).toEqual([]);
    world.restart();
    expect(await decide(world, "approved", "looks right")).toEqual({ ok: true, state: "COMPILING" });
    expect(world.of("APPROVAL_GRANTED")).toMatchObject([{ approver: "key:ann", fromState: "AWAITING_APPROVAL", toState: "COMPILING" }]);
    expect(world.compiles).toMatchObject([{ request: { intentSpecificationId: expect.stringMatching(/^IS-/), sessionId: HUMAN.sessionId } }]);
  });

  test("what is asked names everything that has to hold and how it is decided", async () => {
    const order = anOrder({
      acceptanceCriteria: [...anOrder().acceptanceCriteria, { text: "A person confirms that the page names every total.", tests: [], line: 4 }],
    });
    const world = new Surroundings();
    world.plan = async (question) => {
      if (question.purpose !== "write-intent-specification") return goodAnswer(question);
      const answer = ANSWERS["write-intent-specification"];
      const [criterion] = answer["acceptanceCriteria"] as object[];
      return { ok: true, value: { ...answer, acceptanceCriteria: [criterion, criterion] }, modelId: "scripted", repaired: false, calls: [] };
    };
    await commissioned(world, aRequest({ order, config: { reviewMode: "human" } }));
    const [prompt] = world.of("REVIEW_REQUIRED");
    expect(prompt).toMatchObject({ reviewType: "APPROVAL_REQUIRED", fromState: "COMMISSIONING", toState: "AWAITING_APPROVAL" });
    expect(prompt?.promptText).toContain("executed: 6 examples of `double`");
    expect(prompt?.promptText).toContain("every total. (a person decides it before delivery");
  });

  test.each([
    ["auto", anOrder(), "COMPILING"],
    ["hybrid", anOrder(), "COMPILING"],
    ["human", anOrder(), "AWAITING_APPROVAL"],
    [
      "hybrid",
      anOrder({ acceptanceCriteria: [...anOrder().acceptanceCriteria, { text: "The page names every total; a person decides.", tests: [], line: 3 }] }),
      "AWAITING_APPROVAL",
    ],
  ] as const)("in mode %s leads to the state of its rule", async (reviewMode, order, state) => {
    const world = await commissioned(new Surroundings(), aRequest({ order, config: { reviewMode } }));
    expect(await world.session.status()).toMatchObject({ state });
    expect(world.of("REVIEW_REQUIRED")).toHaveLength(1);
  });

  test("rejected ends the session REJECTED, with the reason and no compilation", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    await decide(world, "rejected", "not now");
    expect(world.compiles).toEqual([]);
    expect(world.kinds.slice(-4)).toEqual(["REVIEW_RESOLVED", "ARTIFACT_WRITTEN", "ARTIFACT_WRITTEN", "SESSION_REJECTED"]);
    expect(await world.session.status()).toMatchObject({ state: "REJECTED", reason: "key:ann rejected the intent specification: not now" });
    expect(world.of("APPROVAL_GRANTED")).toEqual([]);
  });

  test("amended approves a successor that carries the note as one more constraint", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    const [original] = world.of("PASS_COMPLETED").slice(-1);
    await decide(world, "amended", "No globals.");
    const request = world.compiles[0]?.request;
    expect(request?.intent).toMatchObject({ constraints: ["No imports.", "No globals."] });
    expect(request?.order.constraints).toEqual([
      { text: "No imports.", line: 20 },
      { text: "No globals.", line: 5 },
    ]);
    expect(world.graph.edgesOf(request?.intentSpecificationId ?? "").out).toContainEqual(
      expect.objectContaining({ rel: "corrects", target: original?.artifactId }),
    );
  });
});

describe("a decision", () => {
  test("on another digest, an unknown or a closed review, by another org or by the platform's own name is refused", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    expect(await decide(world, "approved", "", { actionDigest: "0".repeat(64) })).toMatchObject({ code: "ACTION_DIGEST_MISMATCH" });
    expect(await decide(world, "approved", "", { reviewId: "REV-00000000000000000000000000" })).toMatchObject({ code: "NOT_FOUND" });
    expect(await decide(world, "approved", "", { principal: { ...ANN, org: "other" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await decide(world, "approved", "", { principal: { ...ANN, id: "policy:auto" } })).toMatchObject({ code: "NOT_FOUND" });
    expect(await decide(world, "amended", "  ")).toMatchObject({ code: "INVALID_ARGUMENT" });
    const review = (await world.session.status())?.openReview;
    const given = { reviewId: review?.reviewId ?? "", decision: "approved", note: "", actionDigest: review?.actionDigest ?? "", principal: ANN } as const;
    expect(await world.session.acknowledge(given)).toMatchObject({ ok: true });
    expect(await world.session.acknowledge(given)).toMatchObject({ code: "REVIEW_CLOSED" });
    await world.settle();
    expect(world.of("APPROVAL_GRANTED")).toHaveLength(1);
    expect(world.compiles).toHaveLength(1);
  });

  test("is a receipt in the graph that names approver, action and digest", async () => {
    const world = await commissioned(new Surroundings(), HUMAN);
    await decide(world, "approved");
    const [granted] = world.of("APPROVAL_GRANTED");
    expect(world.graph.get(granted?.approvalId ?? "")).toMatchObject({
      type: "ApprovalReceipt",
      data: { approver: "key:ann", actionDigest: granted?.actionDigest },
    });
  });
});

describe("acceptance by a person", () => {
  const personClaims = [{ claimId: "C-2", text: "No imports." }];

  async function built(): Promise<Surroundings> {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.compiled({ personClaims });
    await world.report("accepted", { kind: "run", report: anAcceptedRun({ uncheckedClaims: ["C-3"] }) });
    return world;
  }

  test("in auto mode too, what no executed check decides stops before delivery and is named", async () => {
    const world = await built();
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt).toMatchObject({ reviewType: "HUMAN_REVIEW", fromState: "ACCEPTING", toState: "IN_REVIEW", alternatives: ["approved", "rejected"] });
    expect(prompt?.promptText).toContain("C-2: No imports.");
    expect(prompt?.promptText).toContain("C-3: no executed check covers it");
  });

  test("approved delivers, and the claim says that a person decided it", async () => {
    const world = await built();
    world.restart();
    await decide(world, "approved");
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
    expect(world.of("REVIEW_RESOLVED").at(-1)).toMatchObject({ fromState: "IN_REVIEW", toState: "ACCEPTING" });
    expect(world.of("VERIFICATION_PRODUCED").filter(({ verificationType }) => verificationType === "ACCEPTANCE")).toHaveLength(1);
  });

  test("rejected fails the session, and amended is refused since the work is done", async () => {
    const world = await built();
    expect(await decide(world, "amended", "make it blue")).toMatchObject({ code: "FAILED_PRECONDITION" });
    await decide(world, "rejected", "ugly");
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reason: expect.stringContaining("ugly"), reasonCode: "REVIEW_REJECTED" }]);
  });
});

describe("a clarification", () => {
  async function asked(): Promise<Surroundings> {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.compiled();
    const clarificationId = "CLR-01ARZ3NDEKTSV4RRFFQ69G5FAV";
    await world.report("clarification", {
      kind: "run",
      report: { outcome: "clarification", clarificationId, beadId: BEAD_ID, title: "Write double", question: "Round how?" },
    });
    return world;
  }

  test("is put to a person, and the note goes to the bead as the answer", async () => {
    const world = await asked();
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("Round how?");
    await decide(world, "amended", "half up");
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
    expect(world.clarifications).toMatchObject([{ beadId: BEAD_ID, answer: "half up", answeredBy: "key:ann" }]);
    expect(world.graph.get("CLR-01ARZ3NDEKTSV4RRFFQ69G5FAV")?.data).toMatchObject({ question: "Round how?", answer: "half up" });
  });

  test("approved without a note lets the bead go on, rejected ends the session and the run", async () => {
    const world = await asked();
    await decide(world, "approved");
    expect(world.clarifications).toMatchObject([{ answer: expect.stringContaining("as you judge best") }]);
    const other = await asked();
    await decide(other, "rejected", "enough");
    expect(other.cancels).toEqual([expect.stringContaining(`cancel:${RUN_ID}`)]);
    expect(other.kinds.at(-1)).toBe("SESSION_FAILED");
  });

  test("a report that arrives meanwhile waits until the question is answered", async () => {
    const world = await asked();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    await decide(world, "approved");
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED" });
  });
});

describe("a bead that waits for a person's leave", () => {
  type Asked = Extract<RunReport, { outcome: "approval" }>;
  const REQUEST_ID = "APR-01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const OTHER_ID = "APR-01ARZ3NDEKTSV4RRFFQ69G5FAW";

  function aRequestForLeave(overrides: Partial<Asked> = {}): Asked {
    return {
      outcome: "approval",
      requestId: REQUEST_ID,
      beadId: BEAD_ID,
      title: "Write double",
      stage: "apply",
      role: "coder",
      autonomy: "PROPOSE",
      reason: "Its trust is 0.6.",
      subjectDigest: "c".repeat(64),
      changes: [{ path: "src/double.ts", baseDigest: null, digest: sha256Hex(CODE), bytes: CODE.length }],
      checks: ["examples of C-1: 4 passed"],
      ...overrides,
    };
  }

  async function asked(...reports: readonly Asked[]): Promise<Surroundings> {
    const world = await commissioned(new Surroundings(), aRequest());
    await world.compiled();
    for (const report of reports) await world.report(`run:${report.requestId}`, { kind: "run", report });
    return world;
  }

  test("is put to a person in plain words: who wants what, why not alone, what was made and found, and how to give more", async () => {
    const world = await asked(aRequestForLeave());
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt).toMatchObject({
      reviewType: "APPROVAL_REQUIRED",
      fromState: "EXECUTING",
      toState: "IN_REVIEW",
      alternatives: ["approved", "amended", "rejected"],
    });
    for (const words of [
      'agent:coder has finished the bead "Write double"',
      "What it may do alone: PROPOSE. Its trust is 0.6.",
      "+++ src/double.ts",
      `+${CODE.split("\n")[0] ?? ""}`,
      "- examples of C-1: 4 passed",
      "factory trust set agent:coder",
      "factory policy apply",
    ])
      expect(prompt?.promptText).toContain(words);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", openReview: { action: `Apply the change set of ${BEAD_ID}` } });

    const start = await asked(aRequestForLeave({ stage: "start", autonomy: "SUGGEST", changes: [], checks: [] }));
    const text = start.of("REVIEW_REQUIRED").at(-1)?.promptText ?? "";
    expect(text).toContain("Nothing has run yet.");
    expect(text).not.toContain("What the checks found");
  });

  test("lists a bounded part of many checks and says how many there are", async () => {
    const world = await asked(aRequestForLeave({ checks: Array.from({ length: 45 }, (_, at) => `check ${at}`) }));
    const text = world.of("REVIEW_REQUIRED").at(-1)?.promptText ?? "";
    expect(text).toContain("- check 39");
    expect(text).not.toContain("- check 40");
    expect(text).toContain("- and 5 more");
  });

  test("is decided by the digest of exactly what was shown: another change set is another action", async () => {
    const [one, other] = await Promise.all([asked(aRequestForLeave()), asked(aRequestForLeave({ subjectDigest: "d".repeat(64) }))]);
    const digestOf = async (world: Surroundings) => (await world.session.status())?.openReview?.actionDigest ?? "";
    expect(await digestOf(one)).not.toBe(await digestOf(other));
    expect(await decide(one, "approved", "", { actionDigest: await digestOf(other) })).toMatchObject({ code: "ACTION_DIGEST_MISMATCH" });
    expect(one.decisions).toEqual([]);
  });

  test("approved goes to the coordinator under the id of the receipt, and the session goes on", async () => {
    const world = await asked(aRequestForLeave());
    world.restart();
    await decide(world, "approved", "fine");
    expect(world.decisions).toEqual([{ beadId: BEAD_ID, requestId: REQUEST_ID, decision: "approved", note: "fine", decidedBy: "key:ann" }]);
    expect(world.of("APPROVAL_GRANTED").at(-1)).toMatchObject({ approvalId: REQUEST_ID, approver: "key:ann", toState: "EXECUTING" });
    expect(world.graph.get(REQUEST_ID)).toMatchObject({ type: "ApprovalReceipt", data: { approver: "key:ann", decision: "approved" } });
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
  });

  test("amended goes there with the note", async () => {
    const world = await asked(aRequestForLeave());
    await decide(world, "amended", "use a shift");
    expect(world.decisions).toMatchObject([{ decision: "amended", note: "use a shift" }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
  });

  test("rejected goes there with the reason and ends nothing: the session waits for the divergence", async () => {
    const world = await asked(aRequestForLeave());
    await decide(world, "rejected", "it hard-codes the rate");
    expect(world.decisions).toMatchObject([{ decision: "rejected", note: "it hard-codes the rate", requestId: REQUEST_ID }]);
    expect(world.of("REVIEW_RESOLVED").at(-1)).toMatchObject({ decision: "rejected", fromState: "IN_REVIEW", toState: "EXECUTING" });
    expect(world.of("APPROVAL_GRANTED").map(({ approvalId }) => approvalId)).not.toContain(REQUEST_ID);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING" });
    expect(world.cancels).toEqual([]);
  });

  test("waits until the question before it is answered when several wait at once, also over a restart", async () => {
    const world = await asked(aRequestForLeave(), aRequestForLeave({ requestId: OTHER_ID, beadId: "BEAD-OTHER", title: "Write triple" }));
    expect(world.of("REVIEW_REQUIRED").filter(({ toState }) => toState === "IN_REVIEW")).toHaveLength(1);
    await decide(world, "rejected", "no");
    world.restart();
    await world.settle();
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("Write triple");
    await decide(world, "approved");
    expect(world.decisions).toMatchObject([
      { requestId: REQUEST_ID, decision: "rejected" },
      { requestId: OTHER_ID, decision: "approved" },
    ]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
  });

  test("is asked about once when the report is delivered twice, and with its later question only when it asked again meanwhile", async () => {
    const world = await asked(aRequestForLeave({ beadId: "BEAD-OTHER", requestId: OTHER_ID }), aRequestForLeave({ reason: "first" }));
    await world.report(`run:${REQUEST_ID}`, { kind: "run", report: aRequestForLeave({ reason: "first" }) });
    await world.report("run:later", { kind: "run", report: aRequestForLeave({ requestId: "APR-01ARZ3NDEKTSV4RRFFQ69G5FAX", reason: "second" }) });
    await decide(world, "approved");
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("second");
    await decide(world, "approved");
    expect(world.decisions).toMatchObject([{ requestId: OTHER_ID }, { requestId: "APR-01ARZ3NDEKTSV4RRFFQ69G5FAX" }]);
    expect(await world.session.status()).toMatchObject({ state: "EXECUTING", openReview: null });
  });

  test("whose decision the coordinator does not take any more holds nothing up, and one that is not there is told later", async () => {
    const world = await asked(aRequestForLeave());
    world.moods.coordinator = { ok: false, code: "FAILED_PRECONDITION", message: "It was re-opened since." };
    await decide(world, "approved");
    expect(world.decisions).toEqual([]);
    world.moods.coordinator = "down";
    await world.report("run:next", { kind: "run", report: aRequestForLeave({ requestId: OTHER_ID }) });
    await decide(world, "approved");
    expect(world.decisions).toEqual([]);
    world.moods.coordinator = "up";
    await world.later(60_000);
    expect(world.decisions).toMatchObject([{ requestId: OTHER_ID, decision: "approved" }]);
  });

  test("is closed undecided when the session is cancelled over it", async () => {
    const world = await asked(aRequestForLeave());
    const review = (await world.session.status())?.openReview;
    await world.session.cancel("enough", ANN);
    await world.settle();
    expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
    const given = { reviewId: review?.reviewId ?? "", decision: "approved", note: "", actionDigest: review?.actionDigest ?? "", principal: ANN } as const;
    expect(await world.session.acknowledge(given)).toMatchObject({ code: "REVIEW_CLOSED" });
    expect(world.decisions).toEqual([]);
  });
});
