/** GraphQL over HTTP on the real platform: the specification's own audit, and a real session through the gateway. */
import { submitAndFollow } from "@factory/cli";
import { sha256Hex } from "@factory/schemas";
import { GRAPHQL_PATH } from "@factory/schemas/rpc";
import { serverAudits } from "graphql-http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { generatedOrder } from "../lib/generated-order.ts";
import { GRAPHIQL_EXAMPLES } from "./graphiql.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

let platform: TestPlatform;
beforeAll(async () => {
  platform = await startTestPlatform();
});
afterAll(() => platform?.dispose());

/** A request of the platform's key, unless it says whose. */
function authenticated(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${platform.credentials.apiKey}`);
  return fetch(url, { ...init, headers });
}

const answerSchema = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string() }) })).default([]),
});

async function ask(query: string, variables: object = {}): Promise<z.infer<typeof answerSchema>> {
  const headers = { "content-type": "application/json" };
  const response = await authenticated(`${platform.url}${GRAPHQL_PATH}`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return answerSchema.parse(await response.json());
}

describe("the audit of GraphQL over HTTP", () => {
  for (const { id, name, fn } of serverAudits({ url: () => `${platform.url}${GRAPHQL_PATH}`, fetchFn: authenticated })) {
    it(`${id}: the server ${name}`, async () => {
      const result = await fn();
      expect(result.status === "ok" ? "ok" : `${result.status}: ${result.reason}`).toBe("ok");
    });
  }
});

const PAGE = `query ($id: ID!) { session(id: $id) { outcome asOfSeq assemblyId workOrder { id title text }
  claims { id artifactId kind statement line criterion functionName visibleExampleCount holdoutCount ownerAtomIds ownerBeadIds
    proof { status checksPassed checksFailed holdoutsPassed holdoutsFailed verificationReportIds } }
  graph { runId beads { beadId atomId moleculeId outcome added } edges { fromBeadId toBeadId kind required added } }
  runTree { treeHash files { path status bytes sha256 baseSha256 beadId } }
  beads(first: 500) { nodes { id atomId moleculeId dependsOn { atomId required } dependsOnBeadIds } }
  artifacts(first: 500, types: ["Claim"]) { nodes { content { data } } }
  verificationReports(first: 500) { nodes { id subjectId type outcome } } } }`;

const pageSchema = z.object({
  assemblyId: z.string(),
  outcome: z.string().nullable(),
  asOfSeq: z.int(),
  workOrder: z.object({ title: z.string(), text: z.string() }),
  claims: z.array(
    z.object({
      id: z.string(),
      artifactId: z.string(),
      kind: z.string(),
      statement: z.string(),
      line: z.int(),
      criterion: z.string().nullable(),
      visibleExampleCount: z.int(),
      holdoutCount: z.int(),
      ownerAtomIds: z.array(z.string()),
      ownerBeadIds: z.array(z.string()),
      proof: z.object({
        status: z.string(),
        checksPassed: z.int(),
        checksFailed: z.int(),
        holdoutsPassed: z.int().nullable(),
        holdoutsFailed: z.int().nullable(),
        verificationReportIds: z.array(z.string()),
      }),
    }),
  ),
  graph: z.object({
    beads: z.array(z.object({ beadId: z.string(), atomId: z.string(), moleculeId: z.string(), outcome: z.boolean(), added: z.boolean() })),
    edges: z.array(z.object({ fromBeadId: z.string(), toBeadId: z.string(), kind: z.string(), required: z.boolean(), added: z.boolean() })),
  }),
  runTree: z.object({
    treeHash: z.string().regex(/^[0-9a-f]{64}$/),
    files: z.array(z.object({ path: z.string(), status: z.string(), bytes: z.int().nullable(), sha256: z.string().nullable(), beadId: z.string().nullable() })),
  }),
  beads: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        atomId: z.string(),
        moleculeId: z.string(),
        dependsOn: z.array(z.object({ atomId: z.string() })),
        dependsOnBeadIds: z.array(z.string()),
      }),
    ),
  }),
  artifacts: z.object({ nodes: z.array(z.object({ content: z.object({ data: z.record(z.string(), z.unknown()) }) })) }),
  verificationReports: z.object({ nodes: z.array(z.object({ id: z.string(), subjectId: z.string() })) }),
});
type Page = z.infer<typeof pageSchema>;

/** Every criterion is proven by checks of beads that answer for it, hidden examples included, and says where it stands in the order. */
function expectProven({ claims, beads, artifacts, verificationReports }: Page, order: string): void {
  const criteria = claims.filter(({ kind }) => kind === "criterion");
  expect(criteria.length).toBeGreaterThan(3);
  const lines = order.split("\n");
  const known = new Set(beads.nodes.map(({ id }) => id));
  for (const { statement, line, criterion, proof, ownerBeadIds, ownerAtomIds, holdoutCount, visibleExampleCount } of criteria) {
    expect(proof, statement).toMatchObject({ status: "PROVEN", checksFailed: 0, holdoutsFailed: holdoutCount === 0 ? null : 0 });
    expect(proof.holdoutsPassed).toBe(holdoutCount === 0 ? null : holdoutCount);
    expect(proof.checksPassed).toBeGreaterThan(0);
    expect(visibleExampleCount + holdoutCount).toBe(5);
    expect(criterion).toBe(statement);
    expect(lines[line - 1]).toContain(statement);
    expect([ownerAtomIds.length, ownerBeadIds.length]).toEqual([1, 1]);
    expect(ownerBeadIds.filter((id) => !known.has(id))).toEqual([]);
    const own = verificationReports.nodes.filter(({ subjectId }) => ownerBeadIds.includes(subjectId)).map(({ id }) => id);
    expect(own.length).toBeGreaterThan(0);
    expect(proof.verificationReportIds).toEqual(expect.arrayContaining(own));
  }
  expect(criteria.some(({ holdoutCount }) => holdoutCount > 0)).toBe(true);
  expect(artifacts.nodes).toHaveLength(claims.length);
  expect(artifacts.nodes.filter(({ content }) => "holdout" in content.data)).toEqual([]);
}

/** The run's own graph says of each bead what its directive said at the start, since nothing amended it. */
function expectGraph({ graph, beads }: Page): void {
  expect(new Set(graph.beads.map(({ beadId }) => beadId))).toEqual(new Set(beads.nodes.map(({ id }) => id)));
  expect(graph.beads.filter(({ outcome }) => outcome).length).toBeGreaterThan(0);
  expect(graph.beads.filter(({ added }) => added)).toEqual([]);
  const moleculeOf = new Map(graph.beads.map(({ beadId, moleculeId }) => [beadId, moleculeId]));
  const atomOf = new Map(graph.beads.map(({ beadId, atomId }) => [beadId, atomId]));
  for (const { id, moleculeId, dependsOn, dependsOnBeadIds } of beads.nodes) {
    expect(moleculeId).toBe(moleculeOf.get(id));
    expect(new Set(dependsOnBeadIds.map((parent) => atomOf.get(parent)))).toEqual(new Set(dependsOn.map(({ atomId }) => atomId)));
    expect(new Set(graph.edges.filter(({ toBeadId }) => toBeadId === id).map(({ fromBeadId }) => fromBeadId))).toEqual(new Set(dependsOnBeadIds));
  }
  expect(graph.edges.length).toBeGreaterThan(0);
  expect(graph.edges.filter(({ kind, added }) => kind !== "DEPENDENCY" || added)).toEqual([]);
}

describe("a real session", () => {
  const SESSION = `query ($id: ID!) { session(id: $id) { state outcome title asOfSeq runId needsPerson
    assemblyId beadCounts { done total } costs { total { calls unpricedCalls } byModel { key } }
    beads { nodes { id state atomId dependsOn { atomId required } checks { ok kind holdout } verificationReports { nodes { outcome } } } }
    verificationReports { nodes { type outcome } }
    specifications: artifacts(types: ["Specification"]) { nodes { id content { title } } }
    evidenceChain { seq rootHash packageDigest }
    events(first: 500) { nodes { seq kind hash } tipSeq closed } } }`;

  const sessionSchema = z.object({
    outcome: z.string().nullable(),
    runId: z.string(),
    assemblyId: z.string(),
    asOfSeq: z.int(),
    beadCounts: z.object({ done: z.int(), total: z.int() }),
    beads: z.object({
      nodes: z.array(z.object({ atomId: z.string(), dependsOn: z.array(z.object({ atomId: z.string() })), checks: z.array(z.object({ ok: z.boolean() })) })),
    }),
    specifications: z.object({ nodes: z.array(z.object({ id: z.string() })) }),
    evidenceChain: z.object({ seq: z.int(), rootHash: z.string(), packageDigest: z.string().nullable() }),
    events: z.object({ nodes: z.array(z.object({ seq: z.int(), kind: z.string(), hash: z.string() })), tipSeq: z.int(), closed: z.boolean() }),
  });

  it("is told whole: states, beads with their checks, gates, costs, evidence and the timeline", async () => {
    const view = await submitAndFollow(platform.client, await platform.requestText(generatedOrder(3)), {});
    expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
    // The read model follows the log; `asOfSeq` says how far.
    const session = await vi.waitFor(
      async () => {
        const { data, errors } = await ask(SESSION, { id: view.sessionId });
        expect(errors).toEqual([]);
        const read = sessionSchema.parse(data?.["session"]);
        expect(read.outcome).toBe("COMPLETED");
        return read;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(session).toMatchObject({ asOfSeq: Number(view.lastSeq), beadCounts: { done: session.beadCounts.total } });
    expect(session.beads.nodes).toHaveLength(session.beadCounts.total);
    expect(session.beads.nodes.flatMap(({ checks }) => checks.map(({ ok }) => ok))).toContain(true);
    const atoms = session.beads.nodes.map(({ atomId }) => atomId);
    const parents = session.beads.nodes.flatMap(({ dependsOn }) => dependsOn.map(({ atomId }) => atomId));
    expect(parents.length).toBeGreaterThan(0);
    expect(atoms).toEqual(expect.arrayContaining(parents));
    expect(session.events).toMatchObject({ tipSeq: session.asOfSeq, closed: true });
    expect(session.events.nodes.map(({ seq }) => seq)).toEqual(Array.from({ length: session.asOfSeq }, (_, index) => index + 1));
    expect(session.events.nodes.at(-1)).toMatchObject({ kind: "SESSION_COMPLETED", hash: session.evidenceChain.rootHash });
    expect(session.evidenceChain.packageDigest).toMatch(/^[0-9a-f]{64}$/);

    const [specification] = session.specifications.nodes;
    const lineage = await ask(
      `query ($id: ID!, $run: ID!, $assembly: ID!) {
        lineage(artifactId: $id) { assemblyId causes { nodes { type } } effects { nodes { type } relations { rel } } }
        why(artifactId: $id) { nodes { type title } } impact(artifactId: $id, assemblyId: $assembly) { nodes { type } }
        beads(runId: $run) { nodes { id } } sessions(search: "small functions", status: COMPLETED) { nodes { id title } } }`,
      { id: specification?.id, run: session.runId, assembly: session.assemblyId },
    );
    expect(lineage.errors).toEqual([]);
    expect(JSON.stringify(lineage.data?.["why"])).toContain('"Signal"');
    expect(JSON.stringify(lineage.data?.["impact"])).toContain('"AtomDirective"');
    expect(lineage.data).toMatchObject({ sessions: { nodes: [{ id: view.sessionId }] } });
  });

  it("has its order, the claims that were made of it with their proof, its graph and its files, and hides the hidden examples", async () => {
    const text = generatedOrder(4);
    const view = await submitAndFollow(platform.client, await platform.requestText(text), {});
    expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
    const page = await vi.waitFor(
      async () => {
        const { data, errors } = await ask(PAGE, { id: view.sessionId });
        expect(errors).toEqual([]);
        const read = pageSchema.parse(data?.["session"]);
        expect(read).toMatchObject({ outcome: "COMPLETED", asOfSeq: Number(view.lastSeq) });
        return read;
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(page.workOrder.text).toBe(text);
    expectProven(page, text);
    expectGraph(page);

    const files = page.runTree.files;
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(({ status, beadId, bytes }) => status !== "ADDED" || beadId === null || bytes === null)).toEqual([]);
    const [file] = files;
    const { data, errors } = await ask(
      `query ($id: ID!, $path: String!) { runFile(sessionId: $id, path: $path) { path status base current binary truncated }
        sessionCounts(assemblyId: "${page.assemblyId}") { total byState { state count } needsPerson problems { problem count } } assemblies }`,
      { id: view.sessionId, path: file?.path },
    );
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ runFile: { path: file?.path, status: "ADDED", base: null, current: expect.any(String), binary: false, truncated: false } });
    const current = z.object({ current: z.string() }).parse(data?.["runFile"]).current;
    expect({ bytes: Buffer.byteLength(current), sha256: sha256Hex(current) }).toEqual({ bytes: file?.bytes, sha256: file?.sha256 });
    const counts = z.object({ total: z.int(), byState: z.array(z.object({ state: z.string(), count: z.int() })) }).parse(data?.["sessionCounts"]);
    expect(counts.byState.reduce((sum, { count }) => sum + count, 0)).toBe(counts.total);
    expect(counts.byState).toContainEqual({ state: "COMPLETED", count: counts.total });
    expect(data?.["assemblies"]).toContain(page.assemblyId);
  });

  it("is what the examples of GraphiQL show", async () => {
    for (const example of GRAPHIQL_EXAMPLES) expect((await ask(example)).errors, example).toEqual([]);
    const page = await fetch(`${platform.url}${GRAPHQL_PATH}`, { headers: { accept: "text/html,*/*" } });
    expect(page.headers.get("content-type")).toContain("text/html");
    const html = await page.text();
    expect(html).toContain("query NewestSession");
    expect(html).not.toContain(platform.credentials.apiKey);
    expect(html).not.toMatch(/<(?:script|link)[^>]+(?:src|href)="?https?:/);
  });

  it("is nobody's without a key, and a limit has the registry's code", async () => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer fk_acme_wrong" },
      body: `{"query":"{ viewer { org } }"}`,
    };
    const response = await authenticated(`${platform.url}${GRAPHQL_PATH}`, init);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: "UNAUTHENTICATED" } }] });
    const over = await ask("{ sessions(first: 500) { nodes { beads(first: 500) { nodes { id } } } } }");
    expect(over.errors.map(({ extensions }) => extensions.code)).toEqual(["TOO_LARGE"]);
    const wrong = await ask("{ sessions(first: 0) { nodes { id } } }");
    expect(wrong.errors.map(({ extensions }) => extensions.code)).toEqual(["INVALID_ARGUMENT"]);
    const large = await authenticated(`${platform.url}${GRAPHQL_PATH}`, {
      ...init,
      headers: { "content-type": "application/json" },
      body: "x".repeat(200_000),
    });
    expect(large.status).toBe(413);
  });
});
