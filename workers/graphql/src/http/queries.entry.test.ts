import { applyD1Migrations } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { artifactNode, blobKey, objectName, sessionIdOf, sha256Hex, ulidId, type EventWrite } from "@factory/schemas";
import { artifactGraphOf, CONNECTION_HEADER, encodeConnection, GRAPHQL_PATH, sessionLogOf } from "@factory/schemas/rpc";
import { beforeAll, expect, test, vi } from "vitest";
import { beadStep, said, submitted } from "../projections/testing/logs.ts";

beforeAll(() => applyD1Migrations(env.DB, env.TEST_MIGRATIONS));

/** Asks the Worker as the gateway does. */
async function ask(org: string, query: string): Promise<unknown> {
  const connection = encodeConnection({ org, principalId: "reader", scopes: ["session:read"], connectionId: "c-1" });
  const headers = { "content-type": "application/json", [CONNECTION_HEADER]: connection };
  return (await exports.default.fetch(`https://graphql${GRAPHQL_PATH}`, { method: "POST", headers, body: JSON.stringify({ query }) })).json();
}

test("queries in workerd read D1, the log and the graph, within the org", async () => {
  const org = "queried";
  const sessionId = sessionIdOf(org, "WO-1", "env-1");
  const signal = artifactNode("SIG", "Signal", org, { title: "Text tools" }, []);
  expect(await artifactGraphOf(env, org, "shop").append([signal], [])).toMatchObject({ ok: true });
  const told = said("ARTIFACT_WRITTEN", { artifactId: signal.id, artifactType: "Signal", metadata: { title: "Text tools" } });
  const events = [submitted, told, beadStep()].map((thing) => ({ eventId: ulidId("EVT"), occurredAt: Date.now(), ...thing }) as EventWrite);
  const identity = { org, sessionId, workOrderId: "WO-1", assemblyId: "shop" };
  expect(await sessionLogOf(env, org, sessionId).append(identity, events)).toMatchObject({ ok: true });

  const query = `{ session(id: "${sessionId}") { asOfSeq beads { nodes { id checks { id } } } events { nodes { seq kind } closed }
    artifacts { nodes { id content { title } } } } why(artifactId: "${signal.id}") { assemblyId nodes { id type } } }`;
  await vi.waitFor(
    async () =>
      expect(await ask(org, query)).toEqual({
        data: {
          session: {
            asOfSeq: 3,
            beads: { nodes: [{ id: "BEAD-1", checks: [] }] },
            events: { nodes: events.map(({ kind }, index) => ({ seq: index + 1, kind })), closed: false },
            artifacts: { nodes: [{ id: signal.id, content: { title: "Text tools" } }] },
          },
          why: { assemblyId: "shop", nodes: [{ id: signal.id, type: "Signal" }] },
        },
      }),
    { timeout: 20_000, interval: 100 },
  );
  expect(await ask("rival", query)).toMatchObject({ data: null, errors: [{ path: ["why"], extensions: { code: "NOT_FOUND" } }] });
  expect(await ask("rival", `{ session(id: "${sessionId}") { id } }`)).toEqual({ data: { session: null } });
});

/** Has the double of an object show something. */
async function show(namespace: DurableObjectNamespace, name: string, shown: object): Promise<void> {
  // The double's own method; no RPC interface has it.
  await (namespace.getByName(name) as unknown as { show(shown: object): Promise<void> }).show(shown);
}

test("queries in workerd read the session's order, and the run's files from the bucket", async () => {
  const org = "filed";
  const runId = "RUN-00000000000000000000000001";
  const sessionId = sessionIdOf(org, "WO-1", "env-1");
  const large = `${"a".repeat(256 * 1024 - 1)}\u00e9 and more`;
  const stored = new Map(["", "old", "new", large].map((text) => [text, sha256Hex(text)]));
  for (const [text, digest] of stored) await env.BLOBS.put(blobKey.content(digest), text);
  const file = (path: string, base: string, current: string) => ({
    path,
    digest: stored.get(current) ?? null,
    baseDigest: stored.get(base) ?? null,
    beadId: null,
  });
  const files = [file("a.ts", "old", "new"), file("empty.ts", "", ""), file("large.ts", "gone", large)];
  await show(env.COORDINATORS, objectName.coordinator(org, runId), { tree: { runId, treeDigest: "t-1", files } });
  await show(env.SESSIONS, objectName.session(org, sessionId), { workOrderId: "WO-1", title: "An order", text: "# An order" });
  const events = [submitted, beadStep()].map((thing) => ({ eventId: ulidId("EVT"), occurredAt: Date.now(), ...thing }) as EventWrite);
  expect(await sessionLogOf(env, org, sessionId).append({ org, sessionId, workOrderId: "WO-1", assemblyId: "shop" }, events)).toMatchObject({ ok: true });

  const asked = (path: string) => `runFile(sessionId: "${sessionId}", path: "${path}") { status base current binary truncated }`;
  const query = `{ session(id: "${sessionId}") { workOrder { text } runTree { treeHash files { path status bytes } } }
    changed: ${asked("a.ts")} empty: ${asked("empty.ts")} large: ${asked("large.ts")} none: ${asked("none.ts")} }`;
  await vi.waitFor(
    async () =>
      expect(await ask(org, query)).toEqual({
        data: {
          session: {
            workOrder: { text: "# An order" },
            runTree: {
              treeHash: "t-1",
              files: [
                { path: "a.ts", status: "MODIFIED", bytes: 3 },
                { path: "empty.ts", status: "UNCHANGED", bytes: 0 },
                { path: "large.ts", status: "ADDED", bytes: 256 * 1024 + 10 },
              ],
            },
          },
          changed: { status: "MODIFIED", base: "old", current: "new", binary: false, truncated: false },
          empty: { status: "UNCHANGED", base: "", current: "", binary: false, truncated: false },
          large: { status: "ADDED", base: null, current: "a".repeat(256 * 1024 - 1), binary: false, truncated: true },
          none: null,
        },
      }),
    { timeout: 20_000, interval: 100 },
  );
});

test("what is wrong with an operation is told with the registry's code in workerd too", async () => {
  for (const query of ["{ nothing }", "{", "{ sessions(first: 0) { nodes { id } } }"]) {
    expect(await ask("acme", query)).toMatchObject({ errors: [{ extensions: { code: "INVALID_ARGUMENT" } }] });
  }
});
