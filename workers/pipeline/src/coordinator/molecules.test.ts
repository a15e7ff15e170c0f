import { expect, test } from "vitest";
import { sha256Hex } from "@factory/schemas";
import type { CheckJob, CheckReport } from "@factory/schemas";
import type { ClaimedBead, DivergenceReport, ReopenRequest, RunReport, SeedRequest } from "@factory/schemas/rpc";
import { addedBead, aRun, aSeed, complete, ORG } from "../testing/builders.ts";
import { answerByContent } from "../testing/content-sandbox.ts";
import { CoordinatorWorld } from "../testing/coordinator-world.ts";
import { specificationNode, specifiedLineage } from "../testing/lineage.ts";
import { inMolecules } from "../testing/molecules.ts";

/** Units of {@link aThreeMoleculeSeed}: one plans, two are done side by side, one brings them together, and the last molecule integrates. */
const MOLECULES = { "M-1": ["plan"], "M-2": ["left", "right", "join"] };
const SUITE = "tests/left.test.ts";

/** The run of `upstream-compile.md` 9.5: M-1 (plan), M-2 (left, right, join), M-3 (integrate). */
function aThreeMoleculeSeed(
  name: string,
  change: (seed: SeedRequest) => SeedRequest = (seed) => seed,
  judge: (seed: SeedRequest) => SeedRequest = (seed) => seed,
): SeedRequest {
  const beads = [{ key: "plan" }, { key: "left", dependsOn: ["plan"] }, { key: "right", dependsOn: ["plan"] }, { key: "join", dependsOn: ["left", "right"] }];
  return judge(inMolecules(change(aSeed({ name, beads, hidden: 2 })), MOLECULES));
}

async function aWorld(seed: SeedRequest): Promise<CoordinatorWorld> {
  const world = new CoordinatorWorld();
  await world.blobs.put(new TextEncoder().encode(SUITE));
  await world.seed(seed);
  return world;
}

const idOf = (seed: SeedRequest, title: string): string => seed.beads.find((bead) => bead.title === title)?.beadId ?? "";
const accepted = (reports: readonly RunReport[]) => reports.flatMap((report) => (report.outcome === "accepted" ? [report] : []));
const diverged = (reports: readonly RunReport[]) => reports.flatMap((report) => (report.outcome === "diverged" ? [report.divergence] : []));
const verdicts = (world: CoordinatorWorld, type = "MoleculeVerdict") => world.nodes.filter((node) => node.type === type).map(({ data }) => data);

async function statesOf(world: CoordinatorWorld): Promise<{ readonly [title: string]: string }> {
  const beads = (await world.coordinator.record())?.beads ?? [];
  return Object.fromEntries(beads.map(({ title, state, cycle }) => [title, cycle === 0 ? state : `${state} ${cycle}`]));
}

/** Hands out what is READY, one bead, and does it. */
async function workOne(world: CoordinatorWorld, content: (bead: ClaimedBead) => string = fine): Promise<string | null> {
  const [bead] = (await world.exchange(0)).beads;
  if (bead === undefined) return null;
  await world.exchange(0, [await world.written(bead, content(bead))], 0);
  await world.settle();
  return bead.directive.title;
}

/** Works until nothing is READY; titles in the order in which they were done. */
async function workAll(world: CoordinatorWorld, content: (bead: ClaimedBead) => string = fine): Promise<string[]> {
  const done: string[] = [];
  for (let title = await workOne(world, content); title !== null; title = await workOne(world, content)) done.push(title);
  return done;
}

function fine({ directive, epoch }: ClaimedBead): string {
  return `export const ${directive.title} = ${epoch};`;
}

/** The session's part: the amendment was adopted, and mediation made successor directives with its note. */
async function adopted(world: CoordinatorWorld, seed: SeedRequest, divergence: DivergenceReport, amendmentId: string): Promise<ReopenRequest> {
  const successor = specificationNode(ORG, aRun(amendmentId).sessionId);
  world.graphs.written(specifiedLineage(successor, seed.claims));
  const request: ReopenRequest = {
    amendmentId,
    specificationId: successor.id,
    directives: seed.beads
      .filter(({ beadId }) => divergence.affectedBeadIds.includes(beadId))
      .map(({ directive }) => ({ ...directive, instructions: `Mind ${amendmentId}.` })),
    claims: seed.claims,
    beadIds: divergence.affectedBeadIds,
  };
  expect(await world.coordinator.reopen(amendmentId, request)).toEqual({ ok: true });
  await world.settle();
  return request;
}

/** A claim of `left` that a test file of the order shows, too. */
function withSuite(seed: SeedRequest): SeedRequest {
  const claims = seed.claims.map((claim) => (claim.functionName === "left" ? { ...claim, testFiles: [SUITE] } : claim));
  return { ...seed, claims, baseTree: { [SUITE]: sha256Hex(SUITE) } };
}

/** The verdict on M-2 runs the tests, too; `left` alone does not. */
function judgedBySuite(seed: SeedRequest): SeedRequest {
  const beads = seed.beads.map((bead) =>
    bead.title === "outcome:M-2"
      ? {
          ...bead,
          directive: {
            ...bead.directive,
            successCheck: { kind: "all" as const, checks: [bead.directive.successCheck, { kind: "tests" as const, files: [SUITE] }] },
          },
        }
      : bead,
  );
  return { ...seed, beads };
}

/** Of the suite's eight tests one fails as long as the code of `left` says so. */
function suiteAnswer(job: CheckJob): CheckReport {
  const report = answerByContent(job);
  if (job.task.kind !== "tests" || !job.task.files.includes(SUITE)) return report;
  const failing = (job.files["src/left.ts"] ?? "").includes("SEVEN");
  const suite = Array.from({ length: 8 }, (_, at) => ({
    file: SUITE,
    name: `case ${at + 1}`,
    state: failing && at === 7 ? ("failed" as const) : ("passed" as const),
    message: "expected 7 to be 8",
    durationMs: 1,
  }));
  const others = report.tests.filter(({ file }) => file !== SUITE);
  return { ...report, ok: report.ok && !failing, tests: [...others, ...suite] };
}

test("clean run: three molecules are done one after the other, each begins when the verdict on the one before has passed, and the run verdict rests on all three", async () => {
  const seed = aThreeMoleculeSeed("clean");
  const world = await aWorld(seed);
  expect((await world.exchange(0, [], 4)).beads.map(({ directive }) => directive.title)).toEqual(["plan"]);
  expect(await workOne(world)).toBe("plan");
  expect(verdicts(world)).toMatchObject([{ outcome: "passed", terminal: false, claimRefs: ["C-1"], cycle: 0, runId: seed.runId }]);
  expect(await statesOf(world)).toMatchObject({
    "outcome:M-1": "DONE",
    left: "READY",
    right: "READY",
    join: "BLOCKED",
    "outcome:M-2": "BLOCKED",
    integrate: "BLOCKED",
  });
  expect(await workAll(world)).toEqual(["left", "right", "join", "integrate"]);
  expect(verdicts(world).map(({ terminal, outcome }) => [terminal, outcome])).toEqual([
    [false, "passed"],
    [false, "passed"],
    [true, "passed"],
  ]);
  const [report] = accepted(world.reports);
  expect(report).toMatchObject({
    holdouts: { passed: 8, failed: 0 },
    holdoutsByClaim: [1, 2, 3, 4].map((number) => ({ claimId: `C-${number}`, passed: 2, failed: 0 })),
    moleculeVerdicts: [
      { beadId: idOf(seed, "outcome:M-1"), outcome: "passed", cycle: 0 },
      { beadId: idOf(seed, "outcome:M-2"), outcome: "passed", cycle: 0 },
      { beadId: idOf(seed, "outcome"), outcome: "passed", cycle: 0 },
    ],
    amendedExecutions: [],
  });
  const refs = world.graphs.edgesFrom(report?.runVerdictId ?? "").map(({ target }) => target);
  expect(refs.filter((id) => id.startsWith("MV-")).sort()).toEqual(report?.moleculeVerdicts.map(({ verdictId }) => verdictId).sort());
  expect(world.graphs.nodes("RunVerdict")).toMatchObject([{ data: { outcome: "accepted" } }]);
});

test("a molecule is judged in the order of its beads: M-2 has its outcome bead READY only behind all three of its beads", async () => {
  const seed = aThreeMoleculeSeed("barrier");
  const world = await aWorld(seed);
  for (const _ of ["plan", "left", "right"]) await workOne(world);
  expect(await statesOf(world)).toMatchObject({ join: "READY", "outcome:M-2": "BLOCKED" });
  expect(verdicts(world)).toHaveLength(1);
  await workOne(world);
  expect(verdicts(world)).toHaveLength(2);
});

test("hidden examples are run for the run verdict alone", async () => {
  const world = await aWorld(aThreeMoleculeSeed("hidden"));
  const hidden = () => world.jobs.filter(({ files }) => Object.keys(files).some((path) => path.includes("holdout")));
  for (const _ of ["plan", "left", "right", "join"]) await workOne(world);
  expect(verdicts(world)).toHaveLength(2);
  expect(hidden()).toEqual([]);
  await workOne(world);
  expect(hidden().length).toBeGreaterThan(0);
});

test("a molecule that answers for a claim none of its beads carries does not pass, and neither does one without a claim", async () => {
  const strange = (claimRefs: readonly string[]) => (seed: SeedRequest) => ({
    ...seed,
    beads: seed.beads.map((bead) => (bead.title === "outcome:M-1" ? { ...bead, directive: { ...bead.directive, claimRefs: [...claimRefs] } } : bead)),
  });
  for (const [name, claimRefs, problem] of [
    ["foreign", ["C-1", "C-2"], "C-2 is referred to by no bead of the molecule"],
    ["none", [], "the molecule refers to no claim"],
  ] as const) {
    const world = await aWorld(strange(claimRefs)(aThreeMoleculeSeed(name)));
    await workOne(world);
    expect(await statesOf(world)).toMatchObject({ "outcome:M-1": "FAILED", left: "BLOCKED" });
    expect(verdicts(world)).toMatchObject([{ outcome: "failed" }]);
    expect(JSON.stringify(await world.coordinator.record())).toContain(problem);
  }
});

test("case A: an atom that fails is amended, READY again itself with the amended directive, and its new trace says under which amendment it ran", async () => {
  const seed = aThreeMoleculeSeed("case-a");
  const world = await aWorld(seed);
  for (const _ of ["first attempt", "second attempt"]) await workOne(world, () => "WRONG");
  const [divergence] = diverged(world.reports);
  expect(divergence).toMatchObject({ divergenceType: "atom-failure", beadId: idOf(seed, "plan"), cycle: 0, executedUnder: null });
  expect(await statesOf(world)).toMatchObject({ plan: "FAILED", "outcome:M-1": "BLOCKED" });
  if (divergence === undefined) throw new Error("no divergence");
  await adopted(world, seed, divergence, "AMD-A");
  const again = await world.claim();
  expect(again).toMatchObject({ beadId: divergence.beadId, cycle: 1, attempt: 1, directive: { instructions: "Mind AMD-A." } });
  await world.exchange(0, [await world.written(again, "right")], 0);
  await world.settle();
  const traces = world.nodes.filter(({ type, data }) => type === "ExecutionTrace" && data["beadId"] === divergence.beadId);
  expect(traces.map(({ data }) => [data["outcome"], data["executedUnder"]])).toEqual([
    ["FAILURE", undefined],
    ["FAILURE", undefined],
    ["SUCCESS", "AMD-A"],
  ]);
  await workAll(world);
  const [report] = accepted(world.reports);
  expect(report?.amendedExecutions.find(({ beadId }) => beadId === divergence.beadId)).toEqual({
    beadId: divergence.beadId,
    amendmentId: "AMD-A",
    traceId: traces.at(-1)?.id,
  });
});

test("case B: structurally done and seven tests of eight pass: only the faulty atom and what depends on it run again, the other stays DONE, and the outcome bead is reset", async () => {
  const seed = aThreeMoleculeSeed("case-b", withSuite, judgedBySuite);
  const world = await aWorld(seed);
  world.answer = suiteAnswer;
  await workAll(world, (bead) => (bead.directive.title === "left" ? "SEVEN" : fine(bead)));
  expect(await statesOf(world)).toMatchObject({ left: "DONE", right: "DONE", join: "DONE", "outcome:M-2": "FAILED", integrate: "BLOCKED" });
  expect(verdicts(world)).toMatchObject([{ outcome: "passed" }, { outcome: "failed", reasoning: `Failed: ${SUITE}.` }]);
  const [divergence, ...more] = diverged(world.reports);
  expect(more).toEqual([]);
  expect(divergence).toMatchObject({
    divergenceType: "molecule-outcome-failure",
    beadId: idOf(seed, "left"),
    claimId: "C-2",
    observed: expect.stringContaining("1 failed, 7 passed"),
  });
  if (divergence === undefined) throw new Error("no divergence");
  await adopted(world, seed, divergence, "AMD-B");
  expect(await statesOf(world)).toEqual({
    plan: "DONE",
    "outcome:M-1": "DONE",
    left: "READY 1",
    right: "DONE",
    join: "BLOCKED 1",
    "outcome:M-2": "BLOCKED 1",
    integrate: "BLOCKED",
    outcome: "BLOCKED",
  });
  expect(await workAll(world)).toEqual(["left", "join", "integrate"]);
  expect(verdicts(world).map(({ outcome, cycle }) => [outcome, cycle])).toEqual([
    ["passed", 0],
    ["failed", 0],
    ["passed", 1],
    ["passed", 0],
  ]);
  expect(accepted(world.reports)).toMatchObject([{ moleculeVerdicts: [{ cycle: 0 }, { cycle: 1, outcome: "passed" }, { cycle: 0 }] }]);
});

test("case C: two atoms that fail at once are two divergences under one specification, and each is re-opened by its own amendment", async () => {
  const seed = aThreeMoleculeSeed("case-c");
  const world = await aWorld(seed);
  await workOne(world);
  const fails = ({ directive }: ClaimedBead): string => (["left", "right"].includes(directive.title) ? "WRONG" : "right");
  await workAll(world, fails);
  const [left, right, ...more] = diverged(world.reports);
  expect(more).toEqual([]);
  expect([left?.beadId, right?.beadId]).toEqual([idOf(seed, "left"), idOf(seed, "right")]);
  expect(left?.specificationId).toBe(right?.specificationId);
  if (left === undefined || right === undefined) throw new Error("two divergences are missing");
  await adopted(world, seed, left, "AMD-LEFT");
  expect(await statesOf(world)).toMatchObject({ left: "READY 1", right: "FAILED", join: "BLOCKED" });
  await adopted(world, seed, right, "AMD-RIGHT");
  expect(await workAll(world)).toEqual(["left", "right", "join", "integrate"]);
  const under = accepted(world.reports)[0]?.amendedExecutions.map(({ beadId, amendmentId }) => [beadId, amendmentId]);
  expect(under).toEqual(
    expect.arrayContaining([
      [left.beadId, "AMD-LEFT"],
      [right.beadId, "AMD-RIGHT"],
    ]),
  );
});

test("exhaustion: an atom that fails in every cycle diverges with the count of the cycles before, until nobody amends it any more", async () => {
  const seed = aThreeMoleculeSeed("exhaustion");
  const world = await aWorld(seed);
  for (let cycle = 0; cycle <= 3; cycle++) {
    await workAll(world, () => "WRONG");
    const divergence = diverged(world.reports).at(-1);
    expect(divergence).toMatchObject({ cycle, executedUnder: cycle === 0 ? null : `AMD-${cycle}` });
    if (divergence === undefined) throw new Error("no divergence");
    if (cycle < 3) await adopted(world, seed, divergence, `AMD-${cycle + 1}`);
  }
  expect(diverged(world.reports)).toHaveLength(4);
  expect(await statesOf(world)).toMatchObject({ plan: "FAILED 3", "outcome:M-1": "BLOCKED" });
});

test("a divergence of one molecule holds up the verdict on what is behind it, and no other", async () => {
  const seed = inMolecules(aSeed({ name: "apart", beads: [{ key: "a" }, { key: "b" }] }), { A: ["a"], B: ["b"] });
  const world = await aWorld(seed);
  await workAll(world, ({ directive }) => (directive.title === "a" ? "WRONG" : "right"));
  expect(await statesOf(world)).toMatchObject({ a: "FAILED", "outcome:A": "BLOCKED", "outcome:B": "DONE", integrate: "BLOCKED" });
  expect(verdicts(world)).toMatchObject([{ outcome: "passed", claimRefs: ["C-2"] }]);
});

test("while a unit that is done waits for its amendment, no molecule behind it is judged, and neither is the run; others are", async () => {
  const seed = inMolecules(aSeed({ name: "waiting", beads: [{ key: "a" }, { key: "b" }, { key: "c", dependsOn: ["b"] }], hidden: 2 }), {
    A: ["a"],
    B: ["b", "c"],
  });
  const world = await aWorld(seed);
  const index = ["a", "b", "c"].map((name) => `export * from "./${name}.ts";`).join("\n");
  await workAll(world, ({ directive }) => (directive.role === "integrator" ? index : "OVERFIT"));
  const found = diverged(world.reports);
  expect(found.map(({ beadId }) => beadId)).toEqual(["a", "b", "c"].map((title) => idOf(seed, title)));
  const [ofA, , ofC] = found;
  if (ofA === undefined || ofC === undefined) throw new Error("divergences are missing");
  // Of `b` nobody has said anything yet, and the molecule of `c` is behind it.
  await adopted(world, seed, ofC, "AMD-C");
  await adopted(world, seed, ofA, "AMD-A");
  expect(await workAll(world)).toEqual(expect.arrayContaining(["a", "c"]));
  expect(await statesOf(world)).toMatchObject({ "outcome:A": "DONE 1", b: "DONE", c: "DONE 1", "outcome:B": "READY 1", integrate: "BLOCKED 1" });
  const ofB = found.find(({ beadId }) => beadId === idOf(seed, "b"));
  if (ofB === undefined) throw new Error("no divergence of b");
  await adopted(world, seed, ofB, "AMD-B");
  expect(await workAll(world)).toEqual(["b", "c", "integrate"]);
  expect(accepted(world.reports)).toHaveLength(1);
});

test("a unit whose files another one has deleted is not what the molecule was to bring: it does not pass", async () => {
  const own = (seed: SeedRequest): SeedRequest => ({
    ...seed,
    beads: seed.beads.map((bead) => {
      const wide = { ...bead.directive, fileScope: { read: ["src/**"], write: ["src/**"] } };
      const check = { ...bead.directive, successCheck: { kind: "file-exists" as const, path: "src/join.ts" } };
      return bead.title === "join" ? { ...bead, directive: wide } : bead.title === "outcome:M-2" ? { ...bead, directive: check } : bead;
    }),
  });
  const seed = aThreeMoleculeSeed("deleted", undefined, own);
  const world = await aWorld(seed);
  for (const _ of ["plan", "left", "right"]) await workOne(world);
  const join = await world.claim();
  const { result } = await world.written(join, "right");
  const gone = { path: "src/left.ts", baseDigest: join.tree["src/left.ts"] ?? null, digest: null, bytes: 0 };
  await world.exchange(0, [complete(join, [...(result.kind === "task" ? result.changeSet : []), gone])], 0);
  await world.settle();
  expect(await statesOf(world)).toMatchObject({ join: "DONE", "outcome:M-2": "FAILED" });
  expect(JSON.stringify(await world.coordinator.record())).toContain("left left nothing in src/left.ts");
});

test("a molecule whose bead was re-opened before its verdict was committed is judged once, on what came of it", async () => {
  const seed = aThreeMoleculeSeed("overtaken");
  const world = await aWorld(seed);
  const bead = await world.claim();
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  await world.exchange(0, [await world.written(bead, "right")], 0);
  let blobs = 0;
  const read = world.blobs.get.bind(world.blobs);
  world.blobs.get = async (digest) => {
    blobs += 1;
    started.resolve();
    await gate.promise;
    return read(digest);
  };
  const settled = world.settle();
  await started.promise;
  expect((await statesOf(world))["outcome:M-1"]).toBe("LEASED");
  const reopened = await world.coordinator.reopen("r", {
    amendmentId: "AMD-X",
    specificationId: seed.specificationId,
    directives: [],
    claims: [],
    beadIds: [bead.beadId],
  });
  expect(reopened).toEqual({ ok: true });
  gate.resolve();
  await settled;
  await world.settle();
  expect(blobs).toBeGreaterThan(0);
  expect(verdicts(world)).toEqual([]);
  expect(await workOne(world)).toBe("plan");
  expect(verdicts(world)).toMatchObject([{ outcome: "passed" }]);
});

test("an object that dies while a molecule is judged judges it again, and there is one verdict", async () => {
  const seed = aThreeMoleculeSeed("restart");
  const world = await aWorld(seed);
  const bead = await world.claim();
  await world.exchange(0, [await world.written(bead, "right")], 0);
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const read = world.blobs.get.bind(world.blobs);
  let held = false;
  world.blobs.get = async (digest) => {
    const first = !held;
    held = true;
    started.resolve();
    if (first) await gate.promise;
    return read(digest);
  };
  const dying = world.settle();
  await started.promise;
  expect((await statesOf(world))["outcome:M-1"]).toBe("LEASED");
  await world.restart();
  await world.settle();
  expect(await statesOf(world)).toMatchObject({ "outcome:M-1": "DONE", left: "READY" });
  // What the first life found comes too late and changes nothing.
  gate.resolve();
  await dying;
  expect(world.rows("SELECT cycle, outcome FROM molecule_verdicts")).toEqual([{ cycle: 0, outcome: "passed" }]);
  expect(verdicts(world)).toHaveLength(1);
});

test("the verdict on a molecule reads what its own beads see, however large the run's tree is", async () => {
  const seed = aThreeMoleculeSeed("scoped", (one) => ({
    ...one,
    baseTree: Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`docs/page-${at}.md`, sha256Hex(SUITE)])),
  }));
  const narrow = {
    ...seed,
    beads: seed.beads.map((bead) =>
      bead.outcome ? bead : { ...bead, directive: { ...bead.directive, fileScope: { ...bead.directive.fileScope, read: [] } } },
    ),
  };
  const world = await aWorld(narrow);
  await workOne(world);
  const [check] = world.rows<{ tree_digest: string }>("SELECT tree_digest FROM checks WHERE kind = 'claims'");
  expect(check?.tree_digest).toBe(verdicts(world)[0]?.["treeDigest"]);
  const read: string[] = [];
  const get = world.blobs.get.bind(world.blobs);
  world.blobs.get = async (digest) => {
    read.push(digest);
    return get(digest);
  };
  for (const _ of ["left", "right", "join"]) await workOne(world);
  expect(read).not.toContain(sha256Hex(SUITE));
});

/** The whole fails what every molecule has passed: the types of the merged tree, which no claim asks a unit for. */
function failsAsAWhole(path: string): (seed: SeedRequest) => SeedRequest {
  return (seed) => ({
    ...seed,
    beads: seed.beads.map((bead) =>
      bead.title === "outcome"
        ? { ...bead, directive: { ...bead.directive, successCheck: { kind: "all", checks: [bead.directive.successCheck, { kind: "file-exists", path }] } } }
        : bead,
    ),
  });
}

test("a run verdict that fails although every molecule has passed diverges as one, on the outcome bead itself with all that was checked", async () => {
  const seed = aThreeMoleculeSeed("whole", failsAsAWhole("src/legacy.ts"));
  const world = await aWorld(seed);
  await workAll(world);
  const [divergence, ...more] = diverged(world.reports);
  expect(more).toEqual([]);
  expect(divergence).toMatchObject({
    divergenceType: "run-verdict-failure",
    beadId: idOf(seed, "outcome"),
    affectedBeadIds: [idOf(seed, "outcome")],
    failedHoldoutLines: [],
    observed: expect.stringContaining("there is no file src/legacy.ts"),
  });
  const trace = world.graphs.node(divergence?.traceId ?? "");
  expect(trace?.data["checks"]).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ command: "file-exists:src/legacy.ts", ok: false }),
      expect.objectContaining({ command: "examples:C-1", ok: true }),
    ]),
  );
  expect(verdicts(world, "RunVerdict")).toMatchObject([{ outcome: "failed", holdouts: { passed: 0 } }]);
  expect(verdicts(world).map(({ outcome }) => outcome)).toEqual(["passed", "passed", "failed"]);
  expect(await statesOf(world)).toMatchObject({ integrate: "DONE", outcome: "FAILED" });
});

test("what a claim of another molecule asks for and only the whole breaks is a fault of the run, and of no bead that has passed", async () => {
  const seed = aThreeMoleculeSeed("between");
  const world = await aWorld(seed);
  await workAll(world, (bead) => (bead.directive.role === "integrator" ? "WRONG" : fine(bead)));
  expect(diverged(world.reports)).toMatchObject([{ divergenceType: "run-verdict-failure", beadId: idOf(seed, "outcome"), claimId: "C-1" }]);
  expect(await statesOf(world)).toMatchObject({ plan: "DONE", left: "DONE", integrate: "DONE", outcome: "FAILED" });
});

test("a run does not pass with a molecule of whose verdict nothing is known", async () => {
  const seed = aThreeMoleculeSeed("unknown");
  const world = await aWorld(seed);
  for (const _ of ["plan", "left", "right", "join"]) await workOne(world);
  world.execute(`DELETE FROM molecule_verdicts WHERE bead_id = '${idOf(seed, "outcome:M-1")}'`);
  await workOne(world);
  expect(accepted(world.reports)).toEqual([]);
  expect(diverged(world.reports)).toMatchObject([{ divergenceType: "run-verdict-failure", observed: expect.stringContaining("has not passed") }]);
});

test("a criterion that was too strict is judged again without any unit running again", async () => {
  const seed = aThreeMoleculeSeed("rejudge", failsAsAWhole("src/legacy.ts"));
  const world = await aWorld(seed);
  await workAll(world);
  const [divergence] = diverged(world.reports);
  const outcome = seed.beads.find(({ title }) => title === "outcome");
  if (divergence === undefined || outcome === undefined) throw new Error("no divergence");
  const successor = specificationNode(ORG, aRun("relaxed").sessionId);
  world.graphs.written(specifiedLineage(successor, seed.claims));
  const directives = [{ ...outcome.directive, successCheck: { kind: "file-exists" as const, path: "src/index.ts" } }];
  const request = { amendmentId: "AMD-R", specificationId: successor.id, directives, claims: seed.claims, beadIds: divergence.affectedBeadIds };
  expect(await world.coordinator.reopen("r", request)).toEqual({ ok: true });
  await world.settle();
  expect(accepted(world.reports)).toMatchObject([{ moleculeVerdicts: [{ cycle: 0 }, { cycle: 0 }, { cycle: 1, outcome: "passed" }] }]);
  expect(verdicts(world, "RunVerdict").map(({ outcome: verdict, cycle }) => [verdict, cycle])).toEqual([
    ["failed", 0],
    ["accepted", 1],
  ]);
  expect(world.eventsOf("BEAD_CLAIMED").filter(({ title }) => title === "integrate")).toHaveLength(1);
});

test("an integration gap is closed by one new bead before the outcome bead, which is judged again behind it", async () => {
  const seed = aThreeMoleculeSeed("integrate", failsAsAWhole("src/bridge.ts"));
  const world = await aWorld(seed);
  await workAll(world);
  const [divergence] = diverged(world.reports);
  const outcome = seed.beads.find(({ title }) => title === "outcome");
  if (divergence === undefined || outcome === undefined) throw new Error("no divergence");
  const bridge = addedBead(seed, "bridge", { dependsOn: [idOf(seed, "integrate")], moleculeId: outcome.moleculeId });
  world.graphs.compiled({ ...seed, beads: [bridge] });
  const changes = [{ kind: "insert" as const, bead: bridge, before: [{ beadId: outcome.beadId, required: true }] }];
  expect(await world.coordinator.amendGraph("g", { amendmentId: "AMD-I", changes, reason: "the parts do not fit", decidedBy: "policy:verifier" })).toEqual({
    ok: true,
  });
  expect(
    await world.coordinator.reopen("r", {
      amendmentId: "AMD-I",
      specificationId: seed.specificationId,
      directives: [],
      claims: seed.claims,
      beadIds: divergence.affectedBeadIds,
    }),
  ).toEqual({ ok: true });
  await world.settle();
  expect(await statesOf(world)).toMatchObject({ bridge: "READY", outcome: "BLOCKED 1", integrate: "DONE" });
  const added = await world.claim();
  expect(added.directive.title).toBe("bridge");
  await world.exchange(
    0,
    [
      complete(
        added,
        [(await world.written(added, "export const bridge = 1;")).result].flatMap((result) => (result.kind === "task" ? result.changeSet : [])),
      ),
    ],
    0,
  );
  await world.settle();
  expect(accepted(world.reports)).toMatchObject([{ moleculeVerdicts: [{}, {}, { cycle: 1, outcome: "passed" }] }]);
});
