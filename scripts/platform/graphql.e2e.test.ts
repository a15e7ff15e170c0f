/** GraphQL over HTTP on the real platform: the specification's own audit, and a real session through the gateway. */
import { submitAndFollow } from "@factory/cli";
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
