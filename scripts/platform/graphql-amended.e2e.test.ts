/**
 * What a reader sees of a run that is amended while it runs, on the real platform: a coder that knows nothing but the examples it
 * was shown, the hidden one that refutes the claim, the amendment, and the proof that is there in the end and not before it.
 */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { submitAndFollow } from "@factory/cli";
import { ChatCompletionsServer, type ChatReply, type ChatRequest } from "@factory/models/testing";
import { GRAPHQL_PATH } from "@factory/schemas/rpc";
import { z } from "zod";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const ARGUMENTS = [1, 2, 3, 5, 7, 11];

const ORDER = `---
title: Areas
review_mode: auto
---

## Goal

Areas of square tiles.

## Acceptance criteria

1. \`tileArea\` multiplies its argument by itself.

\`\`\`ts
export function tileArea(n: number): number;
\`\`\`

\`\`\`examples
${ARGUMENTS.map((n) => `tileArea(${n}) => ${n * n}`).join("\n")}
\`\`\`
`;

const REPORT = JSON.stringify({ status: "COMPLETE", reasoning: "Done.", blockers: [], assumptionsMade: [], verifiedFacts: [] });
const RIGHT = "export function tileArea(n: number): number {\n  return n * n;\n}\n";

const task = z.object({ file: z.string(), examples: z.array(z.object({ args: z.array(z.number()), expected: z.number() })) });

/** Knows the examples it was shown and nothing else. */
function lookupTable({ examples }: z.infer<typeof task>): string {
  const cases = examples.map(({ args, expected }) => `  if (n === ${args[0]}) return ${expected};`);
  return ["export function tileArea(n: number): number {", ...cases, "  return 0;", "}", ""].join("\n");
}

/** Learns the rule once it has been shown an example that was hidden; `beforeLearning` is waited for then. */
function coder(shownAtFirst: { count: number }, beforeLearning: () => Promise<void>): (request: ChatRequest) => Promise<ChatReply> {
  return async ({ messages }) => {
    const prompt = messages.map(({ content }) => (typeof content === "string" ? content : JSON.stringify(content))).join("\n");
    if (messages.some(({ role }) => role === "tool")) return { kind: "text", text: REPORT };
    const asked = task.parse(JSON.parse(/```json task\n([\s\S]*?)\n```/.exec(prompt)?.[1] ?? "null"));
    shownAtFirst.count ||= asked.examples.length;
    const learns = asked.examples.length > shownAtFirst.count;
    if (learns) await beforeLearning();
    return { kind: "tools", calls: [{ name: "write_file", input: { path: asked.file, content: learns ? RIGHT : lookupTable(asked) } }] };
  };
}

let server: ChatCompletionsServer;
let platform: TestPlatform;
beforeAll(async () => {
  server = await ChatCompletionsServer.start(async () => ({ kind: "text", text: REPORT }));
  platform = await startTestPlatform({
    models: { FACTORY_MODELS: '{"factory/coder":"openai:test-coder"}', MODEL_BASE_URL: server.baseUrl, MODEL_API_KEY: "test-key" },
  });
});
afterAll(async () => {
  await platform?.dispose();
  await server?.[Symbol.asyncDispose]();
});

const PAGE = `query ($id: ID!) { session(id: $id) { outcome workOrder { text }
  claims { id specificationId visibleExampleCount holdoutCount ownerBeadIds proof { status checksPassed checksFailed holdoutsPassed holdoutsFailed } }
  graph { beads { beadId outcome } edges { fromBeadId toBeadId kind amendmentId } } runTree { files { path status beadId sha256 } }
  amendments { nodes { id state } } specifications: artifacts(types: ["Specification"]) { nodes { id } } }
  file: runFile(sessionId: $id, path: "src/tile-area.ts") { status base current } }`;

const pageSchema = z.object({
  session: z.object({
    outcome: z.string().nullable(),
    workOrder: z.object({ text: z.string() }),
    claims: z.array(
      z.object({
        id: z.string(),
        specificationId: z.string(),
        visibleExampleCount: z.int(),
        holdoutCount: z.int(),
        ownerBeadIds: z.array(z.string()),
        proof: z.object({ status: z.string(), checksFailed: z.int(), holdoutsPassed: z.int().nullable(), holdoutsFailed: z.int().nullable() }),
      }),
    ),
    graph: z.object({
      beads: z.array(z.object({ beadId: z.string(), outcome: z.boolean() })),
      edges: z.array(z.object({ fromBeadId: z.string(), toBeadId: z.string(), kind: z.string(), amendmentId: z.string().nullable() })),
    }),
    runTree: z.object({ files: z.array(z.object({ path: z.string(), status: z.string(), beadId: z.string().nullable() })) }),
    amendments: z.object({ nodes: z.array(z.object({ id: z.string(), state: z.string() })) }),
    specifications: z.object({ nodes: z.array(z.object({ id: z.string() })) }),
  }),
  file: z.object({ status: z.string(), base: z.string().nullable(), current: z.string() }),
});
type Page = z.infer<typeof pageSchema>;

async function pageOf(sessionId: string): Promise<Page> {
  const response = await fetch(`${platform.url}${GRAPHQL_PATH}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${platform.credentials.apiKey}` },
    body: JSON.stringify({ query: PAGE, variables: { id: sessionId } }),
  });
  return z.object({ data: pageSchema }).parse(await response.json()).data;
}

it("a refuted claim is open while it is mended and proven at the end, under the specification that was adopted", async () => {
  const reached = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  server.answerWith(
    coder({ count: 0 }, async () => {
      reached.resolve();
      await seen.promise;
    }),
  );
  const started = Promise.withResolvers<string>();
  const followed = submitAndFollow(platform.client, await platform.requestText(ORDER), { onEvent: ({ sessionId }) => started.resolve(sessionId) });
  const sessionId = await started.promise;
  await reached.promise;
  // The read model follows the log: the adoption is in it a moment after the coder is asked again.
  const during = await vi.waitFor(
    async () => {
      const read = await pageOf(sessionId);
      expect(read.session.amendments.nodes.map(({ state }) => state)).toEqual(["ADOPTED"]);
      expect(read.session.specifications.nodes).toHaveLength(2);
      expect(read.session.claims).toHaveLength(1);
      return read;
    },
    { timeout: 20_000, interval: 200 },
  );
  expectMending(during);
  seen.resolve();
  const view = await followed;
  expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
  const end = await vi.waitFor(
    async () => {
      const page = await pageOf(sessionId);
      expect(page.session.outcome).toBe("COMPLETED");
      return page;
    },
    { timeout: 20_000, interval: 200 },
  );
  expect(end.session.claims).toMatchObject([{ id: "C-1", proof: { status: "PROVEN", checksFailed: 0, holdoutsPassed: 1, holdoutsFailed: 0 } }]);
  expect(end.session.claims.map(({ specificationId }) => specificationId)).toEqual(during.session.claims.map(({ specificationId }) => specificationId));
  expect(end.file).toEqual({ status: "ADDED", base: null, current: RIGHT });
});

/** While the coder writes anew: two of six examples were hidden, one of them is not any more, and both had failed. */
function expectMending({ session, file }: Page): void {
  const [claim] = session.claims;
  expect(session.outcome).toBeNull();
  expect(session.workOrder.text).toBe(ORDER);
  expect(claim).toMatchObject({ id: "C-1", visibleExampleCount: 5, holdoutCount: 1, proof: { status: "OPEN" } });
  expect((claim?.proof.holdoutsPassed ?? 0) + (claim?.proof.holdoutsFailed ?? 0)).toBe(2);
  expect(claim?.proof.holdoutsFailed).toBeGreaterThan(0);
  const [first, second] = session.specifications.nodes;
  expect(claim?.specificationId).toBe(second?.id);
  expect(claim?.specificationId).not.toBe(first?.id);
  const [mended] = claim?.ownerBeadIds ?? [];
  const reopened = session.graph.edges.filter(({ kind }) => kind === "AMENDMENT");
  expect(reopened.length).toBeGreaterThan(0);
  expect(new Set(reopened.map(({ fromBeadId }) => fromBeadId))).toEqual(new Set([mended]));
  expect(new Set(reopened.map(({ amendmentId }) => amendmentId))).toEqual(new Set(session.amendments.nodes.map(({ id }) => id)));
  expect(session.runTree.files).toContainEqual(expect.objectContaining({ path: "src/tile-area.ts", status: "ADDED", beadId: mended }));
  expect(file).toMatchObject({ status: "ADDED", base: null, current: expect.stringContaining("return 0;") });
}
