import { blobKey, GENESIS_HASH, isTerminalKind, sha256Hex } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { aCompileReport, anAcceptedRun, ANN, anOrder, aRequest, RUN_ID } from "./testing/builders.ts";
import { commissioned, Surroundings } from "./testing/surroundings.ts";

const REQUEST = aRequest();
const ORG = REQUEST.org;

/** A session whose run is under way. */
async function executing(request = REQUEST): Promise<Surroundings> {
  const world = await commissioned(new Surroundings(), request);
  await world.compiled();
  return world;
}

describe("commissioning", () => {
  test("a signal is journaled and answered before any model is asked", async () => {
    const world = new Surroundings();
    expect(await world.session.commission(REQUEST)).toEqual({ ok: true, created: true });
    expect(world.questions).toEqual([]);
    expect(await world.session.status()).toMatchObject({ sessionId: REQUEST.sessionId, state: "COMMISSIONING", openReview: null, reason: null });
  });

  test("the same envelope again finds the session and another one under its ids is refused", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    const before = world.kinds.length;
    expect(await world.session.commission(REQUEST)).toEqual({ ok: true, created: false });
    expect(await world.session.commission({ ...REQUEST, envelopeDigest: "e".repeat(64) })).toMatchObject({ ok: false, code: "ALREADY_EXISTS" });
    await world.settle();
    expect(world.kinds).toHaveLength(before);
  });

  test("another session sent to this object is refused", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    expect(await world.session.commission(aRequest({ workOrderId: "WO-2" }))).toMatchObject({ ok: false, code: "INTEGRITY" });
  });

  test("the passes run in order, each on the artifacts before it, and the first event is the submission", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    expect(world.questions.map(({ purpose }) => purpose)).toEqual(["synthesize-pressure", "map-capability", "propose-function", "write-intent-specification"]);
    expect(world.kinds[0]).toBe("SESSION_SUBMITTED");
    expect(world.of("PASS_COMPLETED").map(({ artifactType }) => artifactType)).toEqual(["Pressure", "Capability", "FunctionProposal", "IntentSpecification"]);
    expect(world.of("MODEL_CALLED")).toHaveLength(4);
    expect(world.questions[1]?.prompt).toContain("Small numbers");
  });

  test("lineage leads from the intent specification back to the signal, node by node in the real graph", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    const intentId = world.of("PASS_COMPLETED").at(-1)?.artifactId ?? "";
    const types = world.graph.why(intentId).nodes.map(({ type }) => type);
    expect(types.filter((type) => type !== "ElucidationArtifact")).toEqual(["IntentSpecification", "FunctionProposal", "Capability", "Pressure", "Signal"]);
    expect(types).toContain("ElucidationArtifact");
  });

  test("a node is in the graph before the event that reports it", async () => {
    const world = new Surroundings();
    world.moods.graph = "down";
    await commissioned(world, REQUEST);
    expect(world.kinds).toEqual(["SESSION_SUBMITTED"]);
    world.moods.graph = "up";
    await world.later(600_000);
    for (const { artifactId } of world.of("ARTIFACT_WRITTEN")) expect(world.graph.get(artifactId)).not.toBeNull();
    expect(world.kinds).toContain("APPROVAL_GRANTED");
  });

  test("what the order says is not the model's to change", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    expect(world.compiles[0]?.request.intent).toMatchObject({
      constraints: ["No imports."],
      outOfScope: ["halving"],
      acceptanceCriteria: [{ text: "`double` doubles its argument", functionName: "double", threshold: "every example holds" }],
    });
  });

  test("an artifact over 64 KB is reported by reference, and what it refers to is stored", async () => {
    const constraints = Array.from({ length: 700 }, (_, index) => ({ text: `${"no imports of anything ".repeat(5)}${index}`, line: 100 + index }));
    const world = await commissioned(new Surroundings(), aRequest({ order: anOrder({ constraints }) }));
    const intent = world.of("ARTIFACT_WRITTEN").find(({ artifactType }) => artifactType === "IntentSpecification");
    expect(intent).not.toHaveProperty("metadata");
    expect(sha256Hex(world.blobs.get(intent?.storageRef ?? "") ?? "")).toBe(intent?.contentHash);
  });

  test("no prompt holds a hidden example, and only the last pass sees the visible ones", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    const shown = world.questions.map(({ prompt }) => anOrder().examples.filter(({ text }) => prompt.includes(text)).length);
    expect(shown).toEqual([0, 0, 0, 4]);
  });
});

describe("the intake gate", () => {
  test("a criterion whose test is not attached ends the session before a model is asked", async () => {
    const order = anOrder({ acceptanceCriteria: [{ text: "it works", tests: ["tests/a.test.ts"], line: 7 }] });
    const world = await commissioned(new Surroundings(), aRequest({ order }));
    expect(world.questions).toEqual([]);
    expect(world.of("VERIFICATION_PRODUCED")).toMatchObject([{ verificationType: "INTAKE", outcome: "FAIL" }]);
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "GATE_REFUSED", reason: expect.stringContaining("Line 7: attach tests/a.test.ts") }]);
    expect(await world.session.status()).toMatchObject({ state: "FAILED" });
  });

  test("a criterion that a named person decides is marked for that person and does not stop the order", async () => {
    const text = "A person confirms that the page names every total.";
    const order = anOrder({ acceptanceCriteria: [{ text, tests: [], line: 7 }], functions: [], examples: [] });
    const world = await commissioned(new Surroundings(), aRequest({ order }));
    const report = world.graph.get(world.of("VERIFICATION_PRODUCED")[0]?.verificationId ?? "");
    expect(report?.data).toMatchObject({ outcome: "PASS", notChecked: [{ check: `testable: ${text}` }] });
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test("a criterion that nobody can decide ends the session before a model is asked, and the answer proposes a wording", async () => {
    const order = anOrder({ acceptanceCriteria: [...anOrder().acceptanceCriteria, { text: "The page names every total.", tests: [], line: 7 }] });
    const world = await commissioned(new Surroundings(), aRequest({ order }));
    expect(world.questions).toEqual([]);
    expect(world.of("VERIFICATION_PRODUCED")).toMatchObject([{ outcome: "FAIL", failedCriteria: ["testable: The page names every total."] }]);
    const reason = expect.stringContaining('Line 7: "The page names every total." cannot be decided');
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "GATE_REFUSED", reason }]);
    expect(world.of("SESSION_FAILED")[0]?.reason).toContain("A person confirms that the page names every total.");
    expect(world.compiles).toEqual([]);
  });
});

describe("the end of a session", () => {
  test("an accepted run is delivered, sealed and ended, each state once", async () => {
    const world = await executing();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(world.kinds.filter((kind) => !["ARTIFACT_WRITTEN", "MODEL_CALLED", "PASS_COMPLETED"].includes(kind))).toEqual([
      "SESSION_SUBMITTED",
      "VERIFICATION_PRODUCED",
      "CANDIDATE_SET_BUILT",
      "VERIFICATION_PRODUCED",
      "REVIEW_REQUIRED",
      "REVIEW_RESOLVED",
      "APPROVAL_GRANTED",
      "COMPILATION_STARTED",
      "COMPILATION_COMPLETE",
      "EXECUTION_COMPLETE",
      "VERIFICATION_PRODUCED",
      "DEPLOYING",
      "SESSION_COMPLETED",
    ]);
    expect(await world.session.status()).toMatchObject({ state: "COMPLETED", runId: RUN_ID });
    expect(world.cancels).toEqual([]);
    expect(world.registry.get(REQUEST.sessionId)).toMatchObject({ state: "COMPLETED", runId: RUN_ID, endedAt: world.clock.now() });
  });

  test("the deliverable holds the tree, the examples as tests and a README with what proves each claim", async () => {
    const world = await executing();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    const { files } = world.json(blobKey.deliverable(ORG, REQUEST.sessionId)) as { files: { path: string; digest: string; bytes: number; mode: number }[] };
    expect(files.map(({ path }) => path)).toEqual(["README.md", "src/double.ts", "tests/double.test.ts"]);
    const text = (path: string) => new TextDecoder().decode(world.blobs.get(blobKey.content(files.find((file) => file.path === path)?.digest ?? "")));
    for (const { path, digest, bytes, mode } of files) {
      expect(sha256Hex(text(path))).toBe(digest);
      expect(new TextEncoder().encode(text(path)).length).toBe(bytes);
      expect(mode).toBe(0o644);
    }
    expect(text("tests/double.test.ts")).toContain("double(16) => 32");
    expect(text("README.md")).toContain("| C-1 | \\`double\\` doubles its argument | passed | examples: passed | 2 passed |");
  });

  test("the package covers the chain up to the event before it, and the terminal event carries its digest", async () => {
    const world = await executing();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    const bytes = world.blobs.get(blobKey.evidence(ORG, REQUEST.sessionId)) ?? new Uint8Array();
    const { subject, predicate } = await world.sealed(REQUEST.sessionId);
    const { events } = world.sessionLog;
    expect(predicate.chain).toEqual({
      count: events.length - 2,
      genesis: GENESIS_HASH,
      root: events.at(-3)?.hash,
      events: events.slice(0, -2).map(({ seq, kind, eventId, hash }) => [seq, kind, eventId, hash]),
    });
    expect(subject.map(({ name }) => name)).toEqual(["README.md", "src/double.ts", "tests/double.test.ts"]);
    const [written, terminal] = events.slice(-2);
    expect(written).toMatchObject({ kind: "ARTIFACT_WRITTEN", payload: { artifactId: expect.stringMatching(/^EVD-/) } });
    expect(Object.keys(written?.payload ?? {})).toEqual(["artifactId"]);
    expect(terminal).toMatchObject({ kind: "SESSION_COMPLETED", payload: { evidenceDigest: sha256Hex(bytes), outcome: "COMPLETED", fromState: "DELIVERING" } });
    expect(predicate.lineage.nodes.map(({ id }) => id)).toEqual(
      world
        .of("ARTIFACT_WRITTEN")
        .slice(0, -1)
        .map(({ artifactId }) => artifactId),
    );
    expect(predicate).toMatchObject({
      run: { holdouts: { passed: 2, failed: 0 }, claimsWithoutHoldouts: [] },
      claims: [{ claimId: "C-1", verdict: "passed", proofs: ["CHK-1", "CHK-2"], holdouts: { outcome: "passed", examples: 2 } }],
      checks: [
        { checkId: "CHK-1", exit: "passed", command: "examples:C-1", outputDigest: "r", tree: "t" },
        { checkId: "CHK-2", command: { absent: "it was recorded before commands were" } },
      ],
      deliverable: { files: 3 },
      approvals: [{ approver: "policy:auto" }],
    });
    expect(terminal?.payload).toMatchObject({ summary: { beads: { done: 3, failed: 0 }, divergences: 0, amendments: 0 } });
  });

  test("a claim without hidden examples says absent, in the package as in the README", async () => {
    const world = await executing();
    if (world.record !== null) world.record = { ...world.record, checks: world.record.checks.filter(({ holdout }) => !holdout) };
    await world.report("accepted", { kind: "run", report: anAcceptedRun({ holdouts: { passed: 0, failed: 0, absentClaims: ["C-1"] } }) });
    expect((await world.sealed(REQUEST.sessionId)).predicate).toMatchObject({
      claims: [{ holdouts: { absent: "no hidden example of it was run" } }],
      run: { holdouts: { absent: "no hidden example was run" }, claimsWithoutHoldouts: ["C-1"] },
    });
    expect(world.of("SESSION_COMPLETED")).toMatchObject([{ summary: { holdouts: null, checks: { passed: 4 } } }]);
  });

  test("a failed run ends the session with its reason", async () => {
    const world = await executing();
    await world.report("failed", { kind: "run", report: anAcceptedRun({ outcome: "failed", reason: "The outcome bead failed." }) });
    expect(world.kinds.slice(-3)).toEqual(["EXECUTION_FAILED", "ARTIFACT_WRITTEN", "SESSION_FAILED"]);
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reason: "The outcome bead failed.", evidenceDigest: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(world.blobs.has(blobKey.deliverable(ORG, REQUEST.sessionId))).toBe(false);
  });

  test("a refused compilation ends the session with the gate's remediation", async () => {
    const world = await commissioned(new Surroundings(), REQUEST);
    await world.report("refused", {
      kind: "compiled",
      report: { outcome: "refused", code: "GATE_REFUSED", reportId: "VR-1", remediation: ["C-2 has no atom."] },
    });
    expect(world.kinds.slice(-3)).toEqual(["COMPILATION_FAILED", "ARTIFACT_WRITTEN", "SESSION_FAILED"]);
    expect(await world.session.status()).toMatchObject({ state: "FAILED", reason: expect.stringContaining("C-2 has no atom.") });
  });

  test("mediation that refuses the call ends the session too", async () => {
    const world = new Surroundings();
    world.moods.mediation = { ok: false, code: "ALREADY_EXISTS", message: "another compilation" };
    await commissioned(world, REQUEST);
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "ALREADY_EXISTS" }]);
  });

  test("a run whose record contradicts its report is not accepted", async () => {
    const world = await executing();
    if (world.record !== null) world.record = { ...world.record, beads: world.record.beads.map((bead) => ({ ...bead, state: "FAILED" as const })) };
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(world.of("VERIFICATION_PRODUCED").at(-1)).toMatchObject({ verificationType: "ACCEPTANCE", outcome: "FAIL" });
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "GATE_REFUSED" }]);
  });

  test("reports after the end change nothing, and the log has one terminal event", async () => {
    const world = await executing();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    const before = [...world.sessionLog.events];
    await world.report("late", { kind: "run", report: anAcceptedRun({ outcome: "failed" }) });
    await world.report("late compile", { kind: "compiled", report: aCompileReport("SPEC-late") });
    expect(await world.session.cancel("late", ANN)).toEqual({ ok: true, state: "COMPLETED" });
    await world.settle();
    expect(world.sessionLog.events).toEqual(before);
    expect(world.kinds.filter(isTerminalKind)).toEqual(["SESSION_COMPLETED"]);
  });

  test("a repeated report is answered from the record", async () => {
    const world = await executing();
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    const before = world.kinds.length;
    await world.report("accepted", { kind: "run", report: anAcceptedRun() });
    expect(world.kinds).toHaveLength(before);
  });
});
