import { encodeConnection } from "@factory/schemas/rpc";
import { FactoryError, objectName } from "@factory/schemas";
import { getIntrospectionQuery, getNamedType, isObjectType, type GraphQLNamedType } from "graphql";
import { describe, expect, test } from "vitest";
import { aLog, beadStep, OWNER, said, submitted, type Said } from "../projections/testing/logs.ts";
import { schema } from "../schema/schema.ts";
import { aNode, NOW, QueryWorld, type Answer } from "../testing/query-world.ts";
import { graphqlServer } from "./graphql-server.ts";
import { QUERY_LIMITS } from "./operation-limits.ts";

const RUN = "RUN-00000000000000000000000001";
const SPEC = "SPEC-00000000000000000000000001";
const REVIEW = "REV-00000000000000000000000001";

const modelCall = (payload: object = {}): Said =>
  said("MODEL_CALLED", {
    alias: "factory/coder",
    provider: "p",
    modelId: "m",
    purpose: "code",
    promptHash: "h",
    durationMs: 5,
    outcome: "ok",
    inputTokens: 10,
    outputTokens: 2,
    ...payload,
  });

const asked = said("REVIEW_REQUIRED", {
  reviewId: REVIEW,
  reviewType: "APPROVAL_REQUIRED",
  action: "compile",
  actionDigest: "d-1",
  promptText: "Approve?",
  alternatives: ["approved", "rejected"],
  fromState: "COMMISSIONING",
  toState: "AWAITING_APPROVAL",
  context: { matter: "approval", approvalsNeeded: 2 },
});

const voted = said("REVIEW_VOTE_RECORDED", {
  reviewId: REVIEW,
  approvalId: "APR-1",
  approver: "key:ann",
  actionDigest: "d-1",
  decision: "approved",
  approvals: 1,
  needed: 2,
  expiresAtUnixSec: 1_800_000_000,
});

const written = (artifactId: string, edges: { source: string; rel: string; target: string }[] = []): Said =>
  said("ARTIFACT_WRITTEN", { artifactId, artifactType: "Specification", contentHash: "c", edges, metadata: { title: "A module" } });

const verified = said(
  "VERIFICATION_PRODUCED",
  { verificationId: "VR-1", verificationType: "FIDELITY", outcome: "PASS", subjectId: "BEAD-1", summary: "5 passed", failedCriteria: [], checksPassed: 5 },
  RUN,
);

const traced = said("ARTIFACT_WRITTEN", {
  artifactId: "ET-1",
  artifactType: "ExecutionTrace",
  metadata: {
    beadId: "BEAD-1",
    attempt: 1,
    cycle: 0,
    checks: [{ checkId: "CHK-1", kind: "examples", command: "examples:C-1", ok: true, holdout: false, claimId: "C-1", summary: "4 passed", reportDigest: "r" }],
  },
});

const divergence = said(
  "DIVERGENCE_DETECTED",
  { divergenceId: "DIV-1", divergenceType: "atom-failure", beadId: "BEAD-1", claimRefs: ["C-1"], observed: "2", expected: "3", reason: "off by one" },
  RUN,
);

const amended = said(
  "AMENDMENT_PROPOSED",
  {
    amendmentId: "AMD-1",
    amendmentState: "PROPOSED",
    divergenceId: "DIV-1",
    hypothesisId: "HYP-1",
    divergenceReason: "off by one",
    faultAttribution: "SPECIFICATION_GAP",
    scope: "modify-atom",
    beadIds: ["BEAD-1"],
    depth: 1,
  },
  RUN,
);

/** Something of everything that a log may tell of. */
const EVERYTHING: readonly Said[] = [
  submitted,
  written(SPEC, [{ source: SPEC, rel: "derived_from", target: "IS-1" }]),
  said("ARTIFACT_WRITTEN", { artifactId: "ATOM-1", artifactType: "RequirementAtom", edges: [{ source: "ATOM-1", rel: "dispatched_as", target: "DIR-1" }] }),
  asked,
  beadStep(),
  beadStep({ fromState: "READY", toState: "LEASED", epoch: 1 }, "BEAD_CLAIMED"),
  modelCall({ beadId: "BEAD-1", costUsd: 0.25 }),
  modelCall({ modelId: "other" }),
  verified,
  traced,
  divergence,
  amended,
  said("CLARIFICATION_REQUESTED", { clarificationId: "CLR-1", beadId: "BEAD-1", question: "Which?" }),
  said("CONSENT_BEAD_DENIED", { beadId: "BEAD-1", runId: RUN, toolName: "shell", inputHash: "i", permittedTools: ["read"], reason: "no", epoch: 1 }, RUN),
  said("RUN_GRAPH_AMENDED", { amendmentId: "AMD-1", runId: RUN, reason: "split", decidedBy: "ann", changes: ["insert BEAD-2"] }, RUN),
  said("BUDGET_EXHAUSTED", { budgetUsd: 1, spentUsd: 1, reservedUsd: 0 }),
  said("PASS_COMPLETED", { pass: "write", artifactId: "IS-1", artifactType: "IntentSpecification", modelCalls: 1, repaired: true, durationMs: 3 }),
  { kind: "BEAD_TELEPORTED", payload: { beadId: "BEAD-1" } },
  ...["Claim", "WorkGraph"].map((artifactType) => said("ARTIFACT_WRITTEN", { artifactId: artifactType === "Claim" ? `${SPEC}.C-1` : "WG-1", artifactType })),
  voted,
  said("DISPATCH_BLOCKED", { runId: RUN, code: "DISPATCH_STALE_CLEARANCE", message: "old", beads: 3, ceiling: 5 }, RUN),
];

const ORDER = { workOrderId: "WO-1", title: "Text tools", text: "# Text tools\n\nSplit at blanks." };

const STORED = [
  aNode({
    id: `${SPEC}.C-1`,
    data: { claimId: "C-1", kind: "criterion", text: "`slugify` joins words.", line: 9, functionName: "slugify", visible: [], holdout: [], testFiles: [] },
  }),
  aNode({ id: "WG-1", type: "WorkGraph", data: { nodes: [{ atomId: "ATOM-1", owns: ["C-1"] }] } }),
  aNode({ id: SPEC, type: "Specification", data: { title: "A module" } }),
  aNode({ id: "DIR-1", type: "AtomDirective", data: { title: "Write slugify", dependsOn: [{ atomId: "ATOM-0", required: true }] } }),
];

const sessionId = (n: number): string => `SES-${String(n).padStart(26, "0")}`;

async function aWorld(things: readonly Said[] = EVERYTHING): Promise<QueryWorld> {
  const world = new QueryWorld();
  await world.project("acme", aLog(things));
  world.register("acme", OWNER.sessionId, "Text tools");
  world.graphs.set(objectName.artifactGraph("acme", "shop"), {
    get: async (id) => (id === SPEC ? aNode({ id: SPEC }) : null),
    getMany: async (ids) => ({ ok: true, nodes: STORED.filter(({ id }) => ids.includes(id)) }),
    why: async (id) => walk(id, "PRS-1"),
    impact: async (id) => walk(id, "WG-1"),
  });
  const digest = world.blob("export {};");
  const file = { path: "src/slugify.ts", digest, baseDigest: null, beadId: "BEAD-1" };
  world.orders.set(objectName.session("acme", OWNER.sessionId), ORDER);
  world.runs.set(objectName.coordinator("acme", RUN), {
    graphView: async () => ({
      runId: RUN,
      beads: [{ beadId: "BEAD-1", atomId: "ATOM-1", moleculeId: "MOL-1", outcome: false, added: false }],
      dependencies: [{ fromBeadId: "BEAD-0", toBeadId: "BEAD-1", required: true }],
      successions: [],
    }),
    treeView: async () => ({ runId: RUN, treeDigest: "t-1", files: [file] }),
    fileView: async (_org, path) => (path === file.path ? file : null),
    proofView: async () => ({ runId: RUN, specificationId: SPEC, claims: [{ claimId: "C-1", passed: 2, failed: 0, refuted: false, proven: true }] }),
  });
  return world;
}

const walk = (id: string, other: string) => ({
  ok: true as const,
  nodes: [aNode({ id }), aNode({ id: other })],
  edges: [{ source: id, rel: "derived_from", target: other, props: {}, createdAt: NOW }],
  truncated: false,
});

/** Many sessions, one a second. */
async function manySessions(count: number, things: (n: number) => readonly Said[] = () => [submitted]): Promise<QueryWorld> {
  const world = new QueryWorld();
  for (let n = 1; n <= count; n++) {
    const events = aLog(things(n), { sessionId: sessionId(n) }).map((event) => ({ ...event, occurredAt: event.occurredAt + n * 1_000 }));
    await world.project("acme", events);
  }
  return world;
}

const idsIn = (answer: Answer, field: string): string[] => {
  const connection = (answer.data as { [field: string]: { nodes: { id: string }[] } })[field];
  return (connection?.nodes ?? []).map(({ id }) => id);
};

const codesOf = ({ errors }: Answer): string[] => errors.map(({ extensions }) => extensions.code);

/** Every field of every object type, two rows of each list, down to where types repeat. */
function everything(type: GraphQLNamedType, above: readonly string[] = []): string {
  if (!isObjectType(type)) return "";
  const fields = Object.values(type.getFields()).flatMap((field) => {
    const named = getNamedType(field.type);
    if (!isObjectType(named)) return [field.name];
    const page = field.args.some(({ name }) => name === "first") ? "(first: 2)" : "";
    return above.includes(named.name) ? [] : [`${field.name}${page} ${everything(named, [...above, named.name])}`];
  });
  return `{ ${fields.join(" ")} }`;
}

function typeNamed(name: string): GraphQLNamedType {
  const type = schema.getType(name);
  if (type === undefined) throw new Error(`There is no type ${name}.`);
  return type;
}

describe("a session", () => {
  test("has every field that the schema has, from what its log told", async () => {
    const world = await aWorld();
    const { data, errors } = await world.ask("acme", `query { session(id: "${OWNER.sessionId}") ${everything(typeNamed("Session"), ["Session"])} }`);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      session: {
        id: OWNER.sessionId,
        title: "Text tools",
        reviewMode: "human",
        state: "AWAITING_APPROVAL",
        asOfSeq: EVERYTHING.length,
        tipSeq: EVERYTHING.length,
        needsPerson: true,
        problems: ["NEEDS_PERSON", "OVER_BUDGET"],
        beadCounts: { leased: 1, total: 1 },
        evidenceChain: { seq: EVERYTHING.length, rootHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
        costs: {
          total: { calls: 2, unpricedCalls: 1, inputTokens: 20, outputTokens: 4, costUsd: 0.25 },
          byBead: [
            { key: "BEAD-1", total: { calls: 1, costUsd: 0.25 } },
            { key: null, total: { calls: 1, costUsd: null } },
          ],
          byTeam: [
            { key: "build", total: { calls: 1 } },
            { key: null, total: { calls: 1 } },
          ],
          byModel: [
            { key: "p:m", total: { calls: 1 } },
            { key: "p:other", total: { calls: 1 } },
          ],
        },
        beads: {
          nodes: [
            {
              id: "BEAD-1",
              state: "LEASED",
              cost: { calls: 1, costUsd: 0.25 },
              directive: { id: "DIR-1", title: "Write slugify" },
              dependsOn: [{ atomId: "ATOM-0", required: true }],
              moleculeId: "MOL-1",
              dependsOnBeadIds: ["BEAD-0"],
              checks: [{ id: "CHK-1", traceId: "ET-1", ok: true, claimId: "C-1" }],
              transitions: {
                nodes: [
                  { fromState: null, toState: "READY" },
                  { fromState: "READY", toState: "LEASED" },
                ],
              },
              verificationReports: { nodes: [{ id: "VR-1", type: "FIDELITY", outcome: "PASS" }] },
              divergences: { nodes: [{ id: "DIV-1" }] },
              clarifications: { nodes: [{ question: "Which?" }] },
              consentDenials: { nodes: [{ toolName: "shell", permittedTools: ["read"] }] },
            },
          ],
        },
        workOrder: { id: "WO-1", title: "Text tools", text: ORDER.text },
        claims: [{ id: "C-1", line: 9, ownerBeadIds: ["BEAD-1"], proof: { status: "PROVEN", verificationReportIds: ["VR-1"] } }],
        graph: { runId: RUN, beads: [{ beadId: "BEAD-1", moleculeId: "MOL-1" }], edges: [{ fromBeadId: "BEAD-0", kind: "DEPENDENCY" }] },
        runTree: { treeHash: "t-1", files: [{ path: "src/slugify.ts", status: "ADDED", bytes: 10, beadId: "BEAD-1" }] },
        amendments: { nodes: [{ id: "AMD-1", state: "PROPOSED", beadIds: ["BEAD-1"] }] },
        reviews: {
          nodes: [
            {
              id: REVIEW,
              open: true,
              alternatives: ["approved", "rejected"],
              requestedAt: "2026-08-04T12:00:00.003Z",
              approvalsNeeded: 2,
              votes: [{ approvalId: "APR-1", approver: "key:ann", decision: "approved", approvals: 1, needed: 2, expiresAt: "2027-01-15T08:00:00.000Z" }],
            },
          ],
        },
        runGraphChanges: { nodes: [{ changes: ["insert BEAD-2"] }] },
        budgetExhaustions: { nodes: [{ budgetUsd: 1 }] },
        passes: { nodes: [{ pass: "write", repaired: true }] },
        artifacts: {
          nodes: [
            {
              id: SPEC,
              type: "Specification",
              metadata: { title: "A module" },
              content: { title: "A module" },
              relationsOut: [{ rel: "derived_from", target: "IS-1", cause: "TARGET" }],
            },
            { id: "ATOM-1", content: null },
          ],
        },
        unreadEvents: { nodes: [{ kind: "BEAD_TELEPORTED" }] },
      },
    });
  });

  test("that the org does not have is null", async () => {
    expect((await (await aWorld()).ask("acme", `{ session(id: "SES-none") { id } }`)).data).toEqual({ session: null });
  });

  test("shows the timeline of its log by pages, filtered, and says how far it was read", async () => {
    const world = await aWorld();
    const query = `query ($after: String, $afterSeq: Int) { session(id: "${OWNER.sessionId}") {
      events(first: 2, after: $after, afterSeq: $afterSeq, kinds: [MODEL_CALLED, BEAD_CLAIMED]) { nodes { seq kind } pageInfo { hasNextPage endCursor } readToSeq tipSeq } } }`;
    const page = async (variables: object) => ((await world.ask("acme", query, variables)).data as Timeline).session.events;
    const first = await page({});
    expect(first).toMatchObject({
      nodes: [{ seq: 6, kind: "BEAD_CLAIMED" }, { seq: 7 }],
      pageInfo: { hasNextPage: true },
      readToSeq: 7,
      tipSeq: EVERYTHING.length,
    });
    expect(await page({ after: first.pageInfo.endCursor })).toMatchObject({ nodes: [{ seq: 8 }], pageInfo: { hasNextPage: false } });
    expect(await page({ afterSeq: 7 })).toMatchObject({ nodes: [{ seq: 8 }] });
  });
});

type Timeline = { readonly session: { readonly events: { readonly pageInfo: { readonly endCursor: string } } } };

describe("lists of sessions", () => {
  test("come newest first by pages that neither repeat nor miss one, while new ones begin", async () => {
    const world = await manySessions(7);
    const query = `query ($after: String) { sessions(first: 3, after: $after) { nodes { id } pageInfo { hasNextPage endCursor hasPreviousPage } } }`;
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 3; page++) {
      const answer = await world.ask("acme", query, { after });
      seen.push(...idsIn(answer, "sessions"));
      after = (answer.data as { sessions: { pageInfo: { endCursor: string } } }).sessions.pageInfo.endCursor;
      await world.project(
        "acme",
        aLog([submitted], { sessionId: sessionId(100 + page) }).map((event) => ({ ...event, occurredAt: NOW + page })),
      );
    }
    expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map(sessionId));
  });

  test("put problems first, and page over both parts", async () => {
    const world = await manySessions(6, (n) => (n % 3 === 0 ? [submitted, asked] : [submitted]));
    const query = `query ($after: String) { sessions(first: 3, after: $after, order: PROBLEMS_FIRST) { nodes { id problems } pageInfo { endCursor hasNextPage } } }`;
    const first = await world.ask("acme", query);
    expect(idsIn(first, "sessions")).toEqual([6, 3, 5].map(sessionId));
    const after = (first.data as { sessions: { pageInfo: { endCursor: string } } }).sessions.pageInfo.endCursor;
    const second = await world.ask("acme", query, { after });
    expect(idsIn(second, "sessions")).toEqual([4, 2, 1].map(sessionId));
    expect(second.data).toMatchObject({ sessions: { pageInfo: { hasNextPage: false } } });
  });

  test("are filtered by state, problem, who is asked, assembly, work order and text", async () => {
    const world = await manySessions(4, (n) => (n === 2 ? [submitted, asked] : [submitted]));
    world.register("acme", sessionId(3), "100% of Text_tools");
    const ids = async (args: string) => idsIn(await world.ask("acme", `{ sessions(${args}) { nodes { id } } }`), "sessions");
    expect(await ids("status: AWAITING_APPROVAL")).toEqual([sessionId(2)]);
    expect(await ids("status: [SUBMITTED, COMPLETED]")).toHaveLength(3);
    expect(await ids("needsPerson: true")).toEqual([sessionId(2)]);
    expect(await ids("needsPerson: false")).toHaveLength(3);
    expect(await ids(`assemblyId: "none"`)).toEqual([]);
    expect(await ids(`search: "text_TOOLS"`)).toEqual([sessionId(3)]);
    expect(await ids(`search: "0%"`)).toEqual([sessionId(3)]);
    expect(await ids(`search: "0_o"`)).toEqual([]);
    expect(await ids(`search: "wo-1"`)).toHaveLength(4);
    world.now = NOW + 60 * 60_000;
    expect(await ids("problems: [STUCK]")).toHaveLength(3);
    expect(idsIn(await world.ask("acme", `{ sessionsByWorkOrder(workOrderId: "WO-1") { nodes { id } } }`), "sessionsByWorkOrder")).toHaveLength(4);
  });

  test("call a bead that is handed out again and again flapping", async () => {
    const claimed = (epoch: number): Said => beadStep({ fromState: "READY", toState: "LEASED", epoch }, "BEAD_CLAIMED");
    const world = await manySessions(2, (n) => [submitted, beadStep(), claimed(n === 1 ? 6 : 5)]);
    expect(idsIn(await world.ask("acme", "{ sessions(problems: [FLAPPING]) { nodes { id } } }"), "sessions")).toEqual([sessionId(1)]);
  });

  test("and what is in them is found by its key, never by going through all rows of the org", async () => {
    const world = await aWorld();
    const fields = everything(typeNamed("Session"), ["Session"]);
    await world.ask("acme", `{ session(id: "${OWNER.sessionId}") ${fields} }`);
    await world.ask(
      "acme",
      `{ beads(runId: "${RUN}") { nodes { id } } amendments(runId: "${RUN}") { nodes { id } } artifact(id: "${SPEC}") { id relationsIn { rel } } }`,
    );
    const plans = world.statements.flatMap((sql) => world.planOf(sql));
    expect(plans.length).toBeGreaterThan(world.statements.length);
    expect(plans.filter((step) => /^SCAN (?!json_each|ranked|\(subquery|\d)/.test(step) || step.endsWith("(org=?)"))).toEqual([]);
  });

  test("refuse a cursor of another list, a page that is none, and a text that is too long", async () => {
    const world = await aWorld();
    const beads = await world.ask("acme", `{ beads(runId: "${RUN}") { pageInfo { endCursor } } }`);
    const cursor = (beads.data as { beads: { pageInfo: { endCursor: string } } }).beads.pageInfo.endCursor;
    for (const args of [`after: "${cursor}"`, `after: "bm9uZQ"`, `after: ""`, "first: 0", "first: -1", "first: 501", `search: "${"x".repeat(201)}"`]) {
      expect(codesOf(await world.ask("acme", `{ sessions(${args}) { nodes { id } } }`)), args).toEqual(["INVALID_ARGUMENT"]);
    }
  });

  test("ask the database once for each field, however many sessions and beads there are", async () => {
    const query = `{ sessions(first: 50) { nodes { id title problems costs { total { calls } }
      reviews(first: 3) { nodes { id } } artifacts(first: 3) { nodes { id relationsIn { source } content { title } } }
      workOrder { id } claims { id proof { status } } graph { edges { kind } } runTree { treeHash }
      beads(first: 3) { nodes { id cost { calls } dependsOn { atomId } moleculeId dependsOnBeadIds checks { id } transitions(first: 3) { nodes { seq } } session { id } } } } } }`;
    const counts: number[] = [];
    const asked: string[][] = [];
    for (const count of [1, 12]) {
      const world = await manySessions(count, (n) => [submitted, written(`SPEC-${n}`), ...[1, 2, 3].map((b) => beadStep({ beadId: `BEAD-${n}-${b}` }))]);
      expect((await world.ask("acme", query)).errors).toEqual([]);
      counts.push(world.statements.length);
      asked.push(world.askedOfRuns.map((question) => question.split(" ")[0] ?? ""));
    }
    // Sessions, costs, reviews, artifacts, relations on two sides, what claims are made from, their reports, adopted amendments, beads,
    // their costs, directives, checks, steps and session.
    expect(counts).toEqual([15, 15]);
    // All sessions of this world are of one run.
    expect(asked.map((questions) => questions.sort())).toEqual(Array.from({ length: 2 }, () => ["graph", "proof", "tree"]));
  });
});

describe("what belongs to a run, a person or an artifact", () => {
  test("is asked for by its own fields", async () => {
    const world = await aWorld();
    const { data, errors } = await world.ask(
      "acme",
      `{ beads(runId: "${RUN}", states: [LEASED]) { nodes { id } } done: beads(runId: "${RUN}", states: [DONE]) { nodes { id } }
         amendments(runId: "${RUN}") { nodes { id } } verificationReports(sessionId: "${OWNER.sessionId}", outcomes: [PASS]) { nodes { id } }
         reviews { nodes { id session { title } } } artifact(id: "${SPEC}") { id sessionId } viewer { org principalId scopes } }`,
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      beads: { nodes: [{ id: "BEAD-1" }] },
      done: { nodes: [] },
      amendments: { nodes: [{ id: "AMD-1" }] },
      verificationReports: { nodes: [{ id: "VR-1" }] },
      reviews: { nodes: [{ id: REVIEW, session: { title: "Text tools" } }] },
      artifact: { id: SPEC, sessionId: OWNER.sessionId },
      viewer: { org: "acme", principalId: "reader", scopes: ["session:read"] },
    });
  });

  test("gives the beads of a session that are asked for by their ids, and none of another session", async () => {
    const world = await aWorld();
    const { data, errors } = await world.ask(
      "acme",
      `{ session(id: "${OWNER.sessionId}") { one: beads(ids: ["BEAD-1"]) { nodes { id } } none: beads(ids: ["BEAD-0"]) { nodes { id } } } }`,
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({ session: { one: { nodes: [{ id: "BEAD-1" }] }, none: { nodes: [] } } });
  });

  test("keeps what is decided out of the inbox, and what a session that has ended had asked", async () => {
    const ended = said("SESSION_CANCELLED", { outcome: "CANCELLED", reason: "enough", fromState: "AWAITING_APPROVAL" });
    const decided = said("REVIEW_RESOLVED", {
      reviewId: REVIEW,
      decision: "approved",
      note: "",
      decidedBy: "ann",
      actionDigest: "d-1",
      fromState: "AWAITING_APPROVAL",
      toState: "COMPILING",
    });
    const world = await manySessions(
      3,
      (n) =>
        [
          [submitted, asked],
          [submitted, asked, ended],
          [submitted, asked, decided],
        ][n - 1] ?? [],
    );
    const inbox = async (args: string) => (await world.ask("acme", `{ reviews${args} { nodes { id sessionId: sessionId } } }`)).data;
    expect(await inbox("")).toEqual({ reviews: { nodes: [{ id: REVIEW, sessionId: sessionId(1) }] } });
    expect((await inbox("(open: false)")) as object).toMatchObject({ reviews: { nodes: { length: 3 } } });
  });

  test("lists reviews from either end, page by page", async () => {
    const filler = said("SESSION_SUBMITTED", { fromState: "", toState: "SUBMITTED", reason: "again" });
    // The later a review stands in its log, the later it was asked.
    const world = await manySessions(3, (n) => [submitted, ...Array.from({ length: n }, () => filler), asked]);
    const page = async (order: string, after?: string) => {
      const { data, errors } = await world.ask(
        "acme",
        `{ reviews(first: 2, order: ${order}${after === undefined ? "" : `, after: "${after}"`}) { nodes { sessionId } pageInfo { endCursor hasNextPage } } }`,
      );
      expect(errors).toEqual([]);
      return (data as { reviews: { nodes: { sessionId: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } }).reviews;
    };
    for (const [order, expected] of [
      ["WAITING_LONGEST", [1, 2, 3]],
      ["NEWEST_FIRST", [3, 2, 1]],
    ] as const) {
      const first = await page(order);
      const second = await page(order, first.pageInfo.endCursor);
      expect([...first.nodes, ...second.nodes]).toEqual(expected.map((n) => ({ sessionId: sessionId(n) })));
      expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
    }
  });
});

describe("lineage", () => {
  test("is one call of the graph each way, with artifacts and relations", async () => {
    const world = await aWorld();
    const graph = "{ assemblyId nodes { id title } relations { source rel target cause } truncated }";
    const { data, errors } = await world.ask(
      "acme",
      `{ why(artifactId: "${SPEC}") ${graph} impact(artifactId: "${SPEC}", assemblyId: "shop") ${graph}
         lineage(artifactId: "${SPEC}", depth: 2) { causes ${graph} effects ${graph} } up: lineage(artifactId: "${SPEC}", direction: CAUSES) { causes { truncated } effects { truncated } } }`,
    );
    expect(errors).toEqual([]);
    const shown = (other: string) => ({
      assemblyId: "shop",
      nodes: [
        { id: SPEC, title: "It adds." },
        { id: other, title: "It adds." },
      ],
      relations: [{ source: SPEC, rel: "derived_from", target: other, cause: "TARGET" }],
      truncated: false,
    });
    expect(data).toEqual({
      why: shown("PRS-1"),
      impact: shown("WG-1"),
      lineage: { causes: shown("PRS-1"), effects: shown("WG-1") },
      up: { causes: { truncated: false }, effects: null },
    });
  });

  test("of what no log told is looked for in the org's assemblies, and addresses no graph that the org does not use", async () => {
    const world = await aWorld();
    expect(codesOf(await world.ask("acme", `{ why(artifactId: "DET-1") { truncated } }`))).toEqual(["NOT_FOUND"]);
    expect(codesOf(await world.ask("acme", `{ why(artifactId: "DET-1", assemblyId: "other") { truncated } }`))).toEqual(["NOT_FOUND"]);
    expect(new Set(world.addressed)).toEqual(new Set([objectName.artifactGraph("acme", "shop")]));
  });

  test("refuses bounds that are none", async () => {
    const world = await aWorld();
    for (const bound of ["depth: 0", "depth: 65", "limit: 0", "limit: 1001"]) {
      expect(codesOf(await world.ask("acme", `{ impact(artifactId: "${SPEC}", ${bound}) { truncated } }`)), bound).toEqual(["INVALID_ARGUMENT"]);
    }
  });
});

describe("another org", () => {
  /** Arguments by which acme is answered something. */
  const ARGUMENTS: { readonly [field: string]: string } = {
    session: `(id: "${OWNER.sessionId}")`,
    sessions: "(first: 2)",
    sessionCounts: "",
    assemblies: "",
    runFile: `(sessionId: "${OWNER.sessionId}", path: "src/slugify.ts")`,
    sessionsByWorkOrder: `(first: 2, workOrderId: "WO-1")`,
    beads: `(first: 2, runId: "${RUN}")`,
    amendments: `(runId: "${RUN}")`,
    verificationReports: `(sessionId: "${OWNER.sessionId}")`,
    reviews: "(first: 2, open: false)",
    artifact: `(id: "${SPEC}")`,
    why: `(artifactId: "${SPEC}")`,
    impact: `(artifactId: "${SPEC}", assemblyId: "shop")`,
    lineage: `(artifactId: "${SPEC}")`,
    viewer: "",
  };
  const RIVALS_OWN = new Set([objectName.artifactGraph("rival", "shop"), objectName.session("rival", sessionId(99))]);
  const root = Object.values(schema.getQueryType()?.getFields() ?? {});

  test("is asked by every query there is", () => {
    expect(Object.keys(ARGUMENTS).sort()).toEqual(root.map(({ name }) => name).sort());
  });

  for (const { name, type } of root.filter((field) => field.name !== "viewer")) {
    test(`sees nothing through ${name}`, async () => {
      const world = await aWorld();
      // The other org has a session of its own in an assembly of the same name.
      await world.project("rival", aLog([submitted], { sessionId: sessionId(99) }));
      await world.project(
        "acme",
        aLog([submitted], { sessionId: sessionId(98) }).map((event) => ({ ...event, assemblyId: "attic" })),
      );
      const selection = everything(getNamedType(type), [getNamedType(type).name]);
      const query = `{ ${name}${ARGUMENTS[name] ?? ""} ${selection} }`;
      const own = JSON.stringify((await world.ask("acme", query)).data);
      const answer = await world.ask("rival", query);
      const seen = JSON.stringify(answer.data);
      for (const secret of [OWNER.sessionId, RUN, SPEC, REVIEW, "BEAD-1", "VR-1", "AMD-1", "Text tools", "attic", "slugify", "export"])
        expect(seen).not.toContain(secret);
      expect(own).not.toBe(seen);
      expect(codesOf(answer).filter((code) => code !== "NOT_FOUND")).toEqual([]);
      expect(world.addressed.filter((object) => object.includes("rival") && !RIVALS_OWN.has(object))).toEqual([]);
    });
  }
});

describe("an operation over a limit", () => {
  const nested = (depth: number): string => (depth === 0 ? "id" : `session { beads { nodes { ${nested(depth - 1)} } } }`);

  const fragments = Array.from({ length: 40 }, (_, index) => `fragment F${index} on Bead { ${index === 0 ? "id" : `...F${index - 1} ...F${index - 1}`} }`).join(
    " ",
  );
  const OVER: readonly (readonly [string, string, RegExp])[] = [
    ["depth", `{ beads(runId: "r") { nodes { ${nested(4)} } } }`, /fields deep/],
    ["complexity", `{ sessions(first: 500) { nodes { beads(first: 500) { nodes { id } } } } }`, /complexity/],
    ["complexity that a variable brings", `query ($n: Int = 500) { sessions(first: $n) { nodes { beads(first: $n) { nodes { id } } } } }`, /complexity/],
    ["complexity that fragments bring", `{ beads(runId: "r") { nodes { ...F39 } } } ${fragments}`, /complexity/],
    ["aliases", `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: viewer { org }`).join(" ")} }`, /aliases/],
    ["directives", `{ viewer { org ${"@include(if: true) ".repeat(31)} } }`, /directives/],
    ["tokens", `{ viewer { ${"org ".repeat(QUERY_LIMITS.tokens)} } }`, /tokens/],
  ];

  for (const [limit, query, said] of OVER) {
    test(`of ${limit} is refused before anything is read`, async () => {
      const world = await aWorld();
      const answer = await world.ask("acme", query);
      expect(codesOf(answer)).toContain("TOO_LARGE");
      expect(answer.errors.map(({ message }) => message).join("\n")).toMatch(said);
      expect(world.statements).toEqual([]);
    });
  }

  test("of size is refused", async () => {
    const world = await aWorld();
    const answer = await world.fetch("acme", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "{ viewer { org } }", variables: { pad: "x".repeat(QUERY_LIMITS.bodyBytes) } }),
    });
    expect(answer.status).toBe(413);
  });

  test("of time is answered, and says so", async () => {
    const world = await aWorld();
    let ring: (() => void) | undefined;
    world.startTimeout = (ms, callback) => {
      expect(ms).toBe(QUERY_LIMITS.timeoutMs);
      ring = callback;
      return () => undefined;
    };
    world.beforeStatement = () => new Promise(() => ring?.());
    expect(codesOf(await world.ask("acme", "{ sessions { nodes { id } } }"))).toEqual(["DEADLINE_EXCEEDED"]);
  });

  test("of introspection's depth is refused, and the tools' own introspection is not", async () => {
    const world = await aWorld();
    const deep = `{ __schema { types { ${"fields { type { ".repeat(6)} name ${"} } ".repeat(6)} } } }`;
    expect(codesOf(await world.ask("acme", deep))).toContain("INVALID_ARGUMENT");
    expect((await world.ask("acme", getIntrospectionQuery())).errors).toEqual([]);
  });
});

describe("errors", () => {
  test("of the inside are masked and logged once, with their cause", async () => {
    const world = await aWorld();
    world.beforeStatement = async () => {
      throw new Error("D1_ERROR: secret table");
    };
    const answer = await world.ask("acme", "query Mine { sessions { nodes { id } } }");
    expect(answer.errors).toEqual([
      {
        message: "The factory failed on this call.",
        path: ["sessions"],
        locations: [{ line: 1, column: 14 }],
        extensions: expect.objectContaining({ code: "INTERNAL", retry: "later" }),
      },
    ]);
    expect(world.events.at(-1)).toMatchObject({
      op: "graphql.query",
      outcome: "failed",
      fields: { operation: "Mine", code: "INTERNAL", error: expect.stringContaining("secret table") },
    });
  });

  test("of a database that did not answer say so, and that it may be asked again", async () => {
    const world = await aWorld();
    world.beforeStatement = async () => {
      throw new FactoryError("UNAVAILABLE", "The read model did not answer.");
    };
    const answer = await world.ask("acme", "{ sessions { nodes { id } } }");
    expect(answer.errors).toMatchObject([{ message: "The read model did not answer.", extensions: { code: "UNAVAILABLE", retry: "later" } }]);
    expect(world.events.at(-1)).toMatchObject({ outcome: "failed", fields: { code: "UNAVAILABLE" } });
  });

  test("of a caller keep the library's words and the registry's code", async () => {
    const world = await aWorld();
    for (const query of ["{ nothing }", "{", `{ sessions(first: "x") { nodes { id } } }`]) {
      const answer = await world.ask("acme", query);
      expect(new Set(codesOf(answer)), query).toEqual(new Set(["INVALID_ARGUMENT"]));
    }
    expect(world.events.map(({ outcome }) => outcome)).toEqual(["refused", "refused", "refused"]);
    const variable = await world.ask("acme", "query ($n: Int) { sessions(first: $n) { nodes { id } } }", { n: "many" });
    expect(codesOf(variable)).toEqual(["INVALID_ARGUMENT"]);
    expect(world.events.at(-1)).toMatchObject({ outcome: "refused" });
  });

  test("say where subscriptions are", async () => {
    const answer = await (await aWorld()).ask("acme", `subscription { sessionEvents(sessionId: "x") { lastSeq } }`);
    expect(codesOf(answer)).toEqual(["UNIMPLEMENTED"]);
    expect(answer.errors[0]?.message).toContain("/graphql/stream");
  });

  test("there is none for nobody: a request without a connection is not answered", async () => {
    const server = graphqlServer({
      contextOf: () => {
        throw new FactoryError("INTERNAL");
      },
      startTimeout: () => () => undefined,
      now: () => NOW,
      journal: { event: () => undefined },
    });
    for (const header of [null, "none", encodeConnection({ org: "acme", principalId: null, scopes: [], connectionId: "c" })]) {
      const headers = new Headers({ "content-type": "application/json", ...(header === null ? {} : { "x-factory-connection": header }) });
      const response = await server.fetch(new Request("https://graphql/graphql", { method: "POST", headers, body: `{"query":"{ viewer { org } }"}` }));
      expect(response.status).toBe(401);
    }
  });
});
