import { objectName } from "@factory/schemas";
import type { ClaimChecks, RunFile, RunGraphView, StoredNode } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aLog, beadStep, OWNER, said, submitted, type Said } from "../projections/testing/logs.ts";
import { aNode, NOW, QueryWorld } from "../testing/query-world.ts";

const RUN = "RUN-00000000000000000000000001";
const FIRST = "SPEC-00000000000000000000000001";
const SECOND = "SPEC-00000000000000000000000002";

const told = (artifactId: string, artifactType: string): Said => said("ARTIFACT_WRITTEN", { artifactId, artifactType });

const anExample = (line: number) => ({
  functionName: "total",
  args: [{ kind: "json", value: line }],
  expected: { kind: "json", value: line },
  text: `total(${line}) => ${line}`,
  line,
});

const aClaim = (specificationId: string, claimId: string, data: object = {}): StoredNode =>
  aNode({
    id: `${specificationId}.${claimId}`,
    data: { claimId, kind: "criterion", text: `${claimId} holds.`, line: 7, visible: [anExample(10)], holdout: [anExample(66)], testFiles: [], ...data },
  });

const someChecks = (claimId: string, checks: Partial<ClaimChecks> = {}): ClaimChecks => ({
  claimId,
  passed: 0,
  failed: 0,
  refuted: false,
  proven: false,
  ...checks,
});

const aGraph = (view: Partial<RunGraphView> = {}): RunGraphView => ({
  runId: RUN,
  beads: ["1", "2", "3"].map((n) => ({ beadId: `BEAD-${n}`, atomId: `ATOM-${n}`, moleculeId: "MOL-1", outcome: n === "3", added: false })),
  dependencies: [{ fromBeadId: "BEAD-1", toBeadId: "BEAD-3", required: true }],
  successions: [],
  ...view,
});

type Around = {
  readonly nodes?: readonly StoredNode[];
  readonly graph?: RunGraphView;
  readonly checks?: readonly ClaimChecks[];
  readonly files?: readonly RunFile[];
};

/** A session of one run, with what its graph and its run say. */
async function aWorld(things: readonly Said[], { nodes = [], graph = aGraph(), checks = [], files = [] }: Around = {}): Promise<QueryWorld> {
  const world = new QueryWorld();
  await world.project("acme", aLog([submitted, beadStep(), ...things]));
  world.graphs.set(objectName.artifactGraph("acme", "shop"), {
    getMany: async (ids) => ({ ok: true, nodes: nodes.filter(({ id }) => ids.includes(id)) }),
  });
  world.runs.set(objectName.coordinator("acme", RUN), {
    graphView: async () => graph,
    treeView: async () => ({ runId: RUN, treeDigest: "t-1", files }),
    fileView: async (_org, path) => files.find((file) => file.path === path) ?? null,
    proofView: async () => ({ runId: RUN, specificationId: FIRST, claims: checks }),
  });
  return world;
}

async function sessionOf(world: QueryWorld, selection: string): Promise<unknown> {
  const { data, errors } = await world.ask("acme", `{ session(id: "${OWNER.sessionId}") ${selection} }`);
  expect(errors).toEqual([]);
  return (data as { session: unknown }).session;
}

const verified = (verificationId: string, verificationType: "FIDELITY" | "COHERENCE", subjectId: string, failedCriteria: string[] = []): Said =>
  said("VERIFICATION_PRODUCED", { verificationId, verificationType, outcome: "PASS", subjectId, summary: "", failedCriteria }, RUN);

describe("the claims of a session", () => {
  const specified = [told(FIRST, "Specification"), told(`${FIRST}.C-1`, "Claim"), told(`${FIRST}.C-2`, "Claim"), told("WG-1", "WorkGraph")];
  const workGraph = aNode({
    id: "WG-1",
    type: "WorkGraph",
    data: {
      nodes: [
        { atomId: "ATOM-1", owns: ["C-1"] },
        { atomId: "ATOM-2", owns: ["C-2"] },
      ],
    },
  });

  test("are none before the order was compiled", async () => {
    expect(await sessionOf(await aWorld([]), "{ claims { id } }")).toEqual({ claims: [] });
  });

  test("are those of the specification that was adopted last, by number, each with its place in the order", async () => {
    const claims = ["C-10", "C-2", "C-1"].map((claimId) => aClaim(SECOND, claimId, { line: claimId === "C-2" ? 9 : 7 }));
    const again = [told(SECOND, "Specification"), ...claims.map(({ id }) => told(id, "Claim"))];
    const specification = aNode({ id: SECOND, type: "Specification", data: { criteria: [{ text: "It adds up.", line: 7 }] } });
    const world = await aWorld([...specified, ...again], { nodes: [aClaim(FIRST, "C-1"), ...claims, specification] });
    expect(await sessionOf(world, "{ claims { id artifactId specificationId statement line criterion } }")).toEqual({
      claims: [
        { id: "C-1", line: 7, criterion: "It adds up." },
        { id: "C-2", line: 9, criterion: null },
        { id: "C-10", line: 7, criterion: "It adds up." },
      ].map((claim) => ({ ...claim, artifactId: `${SECOND}.${claim.id}`, specificationId: SECOND, statement: `${claim.id} holds.` })),
    });
  });

  test("tell how many examples are hidden and never what they are, wherever the claim is read", async () => {
    const world = await aWorld(specified, { nodes: [aClaim(FIRST, "C-1"), aClaim(FIRST, "C-2")] });
    world.graphs.set(objectName.artifactGraph("acme", "shop"), {
      ...world.graphs.get(objectName.artifactGraph("acme", "shop")),
      why: async () => ({ ok: true, nodes: [aClaim(FIRST, "C-1")], edges: [], truncated: false }),
    });
    const session = await sessionOf(
      world,
      "{ claims { id visibleExamples { text line } visibleExampleCount holdoutCount } artifacts { nodes { content { data dataBytes } } } }",
    );
    expect(session).toMatchObject({
      claims: [
        { id: "C-1", visibleExamples: [{ text: "total(10) => 10", line: 10 }], visibleExampleCount: 1, holdoutCount: 1 },
        { id: "C-2", holdoutCount: 1 },
      ],
    });
    const walked = (await world.ask("acme", `{ why(artifactId: "${FIRST}.C-1") { nodes { data } } }`)).data;
    expect(JSON.stringify(walked)).toContain("total(10)");
    for (const seen of [session, walked]) expect(JSON.stringify(seen)).not.toContain("66");
  });

  test("are open, refuted or proven as the run says, and open where it says nothing", async () => {
    const ids = ["C-1", "C-2", "C-3", "C-4"];
    const nodes = ids.map((claimId) => aClaim(FIRST, claimId));
    const checks = [
      someChecks("C-1", { passed: 3, proven: true }),
      someChecks("C-2", { passed: 1, failed: 2, refuted: true }),
      someChecks("C-3", { passed: 1 }),
    ];
    const verdict = aNode({ id: "RV-2", type: "RunVerdict", data: { holdoutsByClaim: [{ claimId: "C-2", passed: 1, failed: 2 }] } });
    const things = [told(FIRST, "Specification"), ...nodes.map(({ id }) => told(id, "Claim")), told("RV-1", "RunVerdict"), told("RV-2", "RunVerdict")];
    const world = await aWorld(things, { nodes: [...nodes, verdict], checks });
    expect(await sessionOf(world, "{ claims { id proof { status checksPassed checksFailed holdoutsPassed holdoutsFailed } } }")).toEqual({
      claims: [
        { id: "C-1", proof: { status: "PROVEN", checksPassed: 3, checksFailed: 0, holdoutsPassed: null, holdoutsFailed: null } },
        { id: "C-2", proof: { status: "REFUTED", checksPassed: 1, checksFailed: 2, holdoutsPassed: 1, holdoutsFailed: 2 } },
        { id: "C-3", proof: { status: "OPEN", checksPassed: 1, checksFailed: 0, holdoutsPassed: null, holdoutsFailed: null } },
        { id: "C-4", proof: { status: "OPEN", checksPassed: 0, checksFailed: 0, holdoutsPassed: null, holdoutsFailed: null } },
      ],
    });
  });

  test("name the beads that answer for them now, also where an amendment took a bead's place, and the reports on these", async () => {
    const graph = aGraph({
      successions: [
        { fromBeadId: "BEAD-1", toBeadId: "BEAD-8" },
        { fromBeadId: "BEAD-1", toBeadId: "BEAD-9" },
      ],
    });
    const reports = [
      verified("VR-1", "FIDELITY", "BEAD-8"),
      verified("VR-2", "FIDELITY", "BEAD-3", ["C-2"]),
      verified("VR-3", "FIDELITY", "BEAD-3"),
      verified("VR-4", "COHERENCE", "BEAD-8"),
    ];
    const world = await aWorld([...specified, ...reports], { nodes: [aClaim(FIRST, "C-1"), aClaim(FIRST, "C-2"), workGraph], graph });
    expect(await sessionOf(world, "{ claims { id ownerAtomIds ownerBeadIds proof { verificationReportIds } } }")).toEqual({
      claims: [
        { id: "C-1", ownerAtomIds: ["ATOM-1"], ownerBeadIds: ["BEAD-8", "BEAD-9"], proof: { verificationReportIds: ["VR-1"] } },
        { id: "C-2", ownerAtomIds: ["ATOM-2"], ownerBeadIds: ["BEAD-2"], proof: { verificationReportIds: ["VR-2"] } },
      ],
    });
  });

  test("whose write is on its way are left out until it has arrived", async () => {
    expect(await sessionOf(await aWorld(specified, { nodes: [aClaim(FIRST, "C-2")] }), "{ claims { id } }")).toEqual({ claims: [{ id: "C-2" }] });
  });
});

describe("the graph of a session's run", () => {
  const amendment = (amendmentId: string, amendmentState: "PROPOSED" | "ADOPTED" | "REJECTED"): Said =>
    said(
      `AMENDMENT_${amendmentState}`,
      {
        amendmentId,
        amendmentState,
        divergenceId: "DIV-1",
        hypothesisId: "HYP-1",
        divergenceReason: "off by one",
        faultAttribution: "SPECIFICATION_GAP",
        scope: "modify-atom",
        beadIds: ["BEAD-1", "BEAD-3"],
        depth: 1,
      },
      RUN,
    );
  const diverged = said(
    "DIVERGENCE_DETECTED",
    { divergenceId: "DIV-1", divergenceType: "atom-failure", beadId: "BEAD-1", claimRefs: ["C-1"], observed: "2", expected: "3", reason: "off by one" },
    RUN,
  );

  test("has what waits for what, what took whose place, and what adopted amendments re-opened", async () => {
    const beads = [...aGraph().beads, { beadId: "BEAD-9", atomId: "ATOM-9", moleculeId: "MOL-2", outcome: false, added: true }];
    const graph = aGraph({
      beads,
      dependencies: [
        { fromBeadId: "BEAD-1", toBeadId: "BEAD-3", required: true },
        { fromBeadId: "BEAD-9", toBeadId: "BEAD-3", required: false },
      ],
      successions: [{ fromBeadId: "BEAD-2", toBeadId: "BEAD-9" }],
    });
    const things = [diverged, ...(["PROPOSED", "ADOPTED"] as const).map((state) => amendment("AMD-1", state)), amendment("AMD-2", "REJECTED")];
    const world = await aWorld(things, { graph });
    expect(
      await sessionOf(world, "{ graph { runId beads { beadId moleculeId added } edges { fromBeadId toBeadId kind required added amendmentId } } }"),
    ).toEqual({
      graph: {
        runId: RUN,
        beads: beads.map(({ beadId, moleculeId, added }) => ({ beadId, moleculeId, added })),
        edges: [
          { fromBeadId: "BEAD-1", toBeadId: "BEAD-3", kind: "DEPENDENCY", required: true, added: false, amendmentId: null },
          { fromBeadId: "BEAD-9", toBeadId: "BEAD-3", kind: "DEPENDENCY", required: false, added: true, amendmentId: null },
          { fromBeadId: "BEAD-2", toBeadId: "BEAD-9", kind: "SUCCESSION", required: false, added: true, amendmentId: null },
          { fromBeadId: "BEAD-1", toBeadId: "BEAD-3", kind: "AMENDMENT", required: false, added: true, amendmentId: "AMD-1" },
        ],
      },
    });
    expect(await sessionOf(world, "{ beads { nodes { id moleculeId dependsOnBeadIds } } }")).toEqual({
      beads: { nodes: [{ id: "BEAD-1", moleculeId: "MOL-1", dependsOnBeadIds: [] }] },
    });
  });

  test("is null where there is no run, and where the run says nothing; so is what its beads would have of it", async () => {
    const early = new QueryWorld();
    await early.project("acme", aLog([submitted]));
    expect(await sessionOf(early, "{ runId graph { runId } runTree { treeHash } }")).toEqual({ runId: null, graph: null, runTree: null });
    expect(early.addressed).toEqual([]);
    const silent = await aWorld([]);
    silent.runs.clear();
    expect(await sessionOf(silent, "{ graph { runId } runTree { treeHash } beads { nodes { moleculeId dependsOnBeadIds } } }")).toEqual({
      graph: null,
      runTree: null,
      beads: { nodes: [{ moleculeId: null, dependsOnBeadIds: null }] },
    });
  });
});

describe("the files of a session's run", () => {
  const file = (path: string, fields: Partial<RunFile> = {}): RunFile => ({ path, digest: null, baseDigest: null, beadId: null, ...fields });

  async function aFiledWorld(files: (blob: QueryWorld["blob"]) => readonly RunFile[]): Promise<QueryWorld> {
    const stored = new QueryWorld();
    const made = files((content) => stored.blob(content));
    const world = await aWorld([], { files: made });
    // Blobs are by content, so putting the same ones into the world gives the same digests.
    files((content) => world.blob(content));
    return world;
  }

  const fileOf = async (world: QueryWorld, path: string) =>
    (await world.ask("acme", `{ runFile(sessionId: "${OWNER.sessionId}", path: "${path}") { path status base current binary truncated } }`)) as {
      readonly data: { readonly runFile: unknown };
      readonly errors: readonly { readonly extensions: { readonly code: string } }[];
    };

  test("are listed with how each differs from the start, and may be asked for by that", async () => {
    const world = await aFiledWorld((blob) => [
      file("added.ts", { digest: blob("added"), beadId: "BEAD-1" }),
      file("deleted.ts", { baseDigest: blob("deleted"), beadId: "BEAD-2" }),
      file("kept.ts", { digest: blob("kept"), baseDigest: blob("kept") }),
      file("modified.ts", { digest: blob("now"), baseDigest: blob("then"), beadId: "BEAD-1" }),
    ]);
    expect(await sessionOf(world, "{ runTree { treeHash files { path status bytes beadId } changed: files(statuses: [ADDED, DELETED]) { path } } }")).toEqual({
      runTree: {
        treeHash: "t-1",
        files: [
          { path: "added.ts", status: "ADDED", bytes: 5, beadId: "BEAD-1" },
          { path: "deleted.ts", status: "DELETED", bytes: null, beadId: "BEAD-2" },
          { path: "kept.ts", status: "UNCHANGED", bytes: 4, beadId: null },
          { path: "modified.ts", status: "MODIFIED", bytes: 3, beadId: "BEAD-1" },
        ],
        changed: [{ path: "added.ts" }, { path: "deleted.ts" }],
      },
    });
  });

  test("are shown on both sides, bounded, and never as text that they are not", async () => {
    const world = await aFiledWorld((blob) => [
      file("deleted.ts", { baseDigest: blob("gone") }),
      file("modified.ts", { digest: blob("now"), baseDigest: blob("then") }),
      file("image.png", { digest: blob(Uint8Array.of(0x89, 0x50, 0xff)), baseDigest: blob("once a text") }),
      file("nul.txt", { digest: blob("a\0b") }),
      file("large.ts", { digest: blob("x".repeat(256 * 1024 + 1)) }),
    ]);
    expect((await fileOf(world, "deleted.ts")).data.runFile).toMatchObject({ status: "DELETED", base: "gone", current: null, binary: false });
    expect((await fileOf(world, "modified.ts")).data.runFile).toMatchObject({ status: "MODIFIED", base: "then", current: "now", truncated: false });
    expect((await fileOf(world, "image.png")).data.runFile).toMatchObject({ base: null, current: null, binary: true });
    expect((await fileOf(world, "nul.txt")).data.runFile).toMatchObject({ current: null, binary: true });
    expect((await fileOf(world, "large.ts")).data.runFile).toMatchObject({ current: "x".repeat(256 * 1024), truncated: true });
    expect((await fileOf(world, "none.ts")).data.runFile).toBeNull();
  });

  test("whose bytes are not stored are an error and no empty file", async () => {
    const world = await aWorld([], { files: [file("lost.ts", { digest: "0".repeat(64) })] });
    const { data, errors } = await fileOf(world, "lost.ts");
    expect([data.runFile, errors.map(({ extensions }) => extensions.code)]).toEqual([null, ["UNAVAILABLE"]]);
    expect(await sessionOf(world, "{ runTree { files { bytes } } }")).toEqual({ runTree: { files: [{ bytes: null }] } });
  });
});

describe("the order of a session", () => {
  test("is shown as it was submitted, and null where the session has none", async () => {
    const world = await aWorld([]);
    expect(await sessionOf(world, "{ workOrder { text } }")).toEqual({ workOrder: null });
    world.orders.set(objectName.session("acme", OWNER.sessionId), { workOrderId: "WO-1", title: "Sums", text: "# Sums\r\n\n- a\n" });
    expect(await sessionOf(world, "{ workOrder { id title text } }")).toEqual({ workOrder: { id: "WO-1", title: "Sums", text: "# Sums\r\n\n- a\n" } });
  });
});

describe("counts of sessions", () => {
  const asked = said("REVIEW_REQUIRED", {
    reviewId: "REV-1",
    reviewType: "APPROVAL_REQUIRED",
    action: "compile",
    actionDigest: "d-1",
    promptText: "Approve?",
    fromState: "COMMISSIONING",
    toState: "AWAITING_APPROVAL",
  });
  const ended = said("SESSION_CANCELLED", { outcome: "CANCELLED", reason: "enough", fromState: "AWAITING_APPROVAL" });
  const COUNTS = "{ total byState { state count } needsPerson problems { problem count } }";

  async function manySessions(): Promise<QueryWorld> {
    const world = new QueryWorld();
    const logs: readonly (readonly [assemblyId: string, things: readonly Said[]])[] = [
      ["shop", [submitted]],
      ["shop", [submitted, asked]],
      ["attic", [submitted, asked]],
      ["shop", [submitted, asked, ended]],
    ];
    for (const [index, [assemblyId, things]] of logs.entries()) {
      const events = aLog(things, { sessionId: `SES-${String(index + 1).padStart(26, "0")}` });
      await world.project(
        "acme",
        events.map((event) => ({ ...event, assemblyId, occurredAt: event.occurredAt + index * 1_000 })),
      );
    }
    return world;
  }

  test("are by state and by problem, over the org or one assembly, in two statements", async () => {
    const world = await manySessions();
    world.now = NOW + 60 * 60_000;
    world.statements.length = 0;
    expect((await world.ask("acme", `{ sessionCounts ${COUNTS} }`)).data).toEqual({
      sessionCounts: {
        total: 4,
        byState: [
          { state: "AWAITING_APPROVAL", count: 2 },
          { state: "CANCELLED", count: 1 },
          { state: "SUBMITTED", count: 1 },
        ],
        needsPerson: 2,
        problems: [
          { problem: "NEEDS_PERSON", count: 2 },
          { problem: "OVER_BUDGET", count: 0 },
          { problem: "FLAPPING", count: 0 },
          { problem: "STUCK", count: 1 },
        ],
      },
    });
    expect(world.statements).toHaveLength(2);
    expect((await world.ask("acme", `{ sessionCounts(assemblyId: "attic") ${COUNTS} }`)).data).toMatchObject({
      sessionCounts: { total: 1, byState: [{ state: "AWAITING_APPROVAL", count: 1 }], needsPerson: 1 },
    });
    expect((await world.ask("acme", `{ sessionCounts(assemblyId: "none") ${COUNTS} }`)).data).toMatchObject({
      sessionCounts: { total: 0, byState: [], needsPerson: 0 },
    });
  });

  test("go with the assemblies they may be asked for, the one used last first", async () => {
    expect((await (await manySessions()).ask("acme", "{ assemblies }")).data).toEqual({ assemblies: ["shop", "attic"] });
  });
});
