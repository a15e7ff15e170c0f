import { applyD1Migrations } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { artifactNode, sessionIdOf, ulidId, type EventWrite } from "@factory/schemas";
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

test("what is wrong with an operation is told with the registry's code in workerd too", async () => {
  for (const query of ["{ nothing }", "{", "{ sessions(first: 0) { nodes { id } } }"]) {
    expect(await ask("acme", query)).toMatchObject({ errors: [{ extensions: { code: "INVALID_ARGUMENT" } }] });
  }
});
