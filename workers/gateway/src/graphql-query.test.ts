import { createLog, type CanonicalEvent } from "@factory/durable";
import { newApiKey } from "@factory/governance";
import { CONNECTION_HEADER, GRAPHQL_PATH, parseConnection } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { Call } from "./call.ts";
import type { GatewayDeps } from "./deps.ts";
import { forwardQuery } from "./graphql-query.ts";
import { gatewayDepsOf } from "./testing/deps.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const reader = newApiKey("acme", "dashboard", ["session:read"], NOW);
const other = newApiKey("acme", "ci", ["session:submit"], NOW);
const QUERY = `{"query":"{ viewer { org } }"}`;

/** The route with the graphql Worker's answer, what that one was sent, and what was logged. */
function aRoute(more: Partial<Pick<GatewayDeps, "graphiql">> = {}) {
  const forwarded: Request[] = [];
  const events: CanonicalEvent[] = [];
  const log = createLog((line) => events.push(JSON.parse(line) as CanonicalEvent));
  const deps = gatewayDepsOf({
    now: () => NOW,
    records: async (name: string) => [reader, other].find(({ storageKey }) => storageKey === name)?.record ?? null,
    subscriptions: {
      fetch: async (request: Request) => {
        forwarded.push(request);
        return Response.json({ data: { viewer: { org: "acme" } } });
      },
    },
    log,
    ...more,
  });
  const send = (init: RequestInit & { readonly search?: string }): Promise<Response> =>
    forwardQuery(deps, new Call("gateway.graphql", "r-1", log, deps.now), new Request(`https://factory.test${GRAPHQL_PATH}${init.search ?? ""}`, init));
  return { forwarded, events, send };
}

const bearer = (key: string): { authorization: string } => ({ authorization: `Bearer ${key}` });

describe("the route of operations", () => {
  it("tells the graphql Worker who asks, and nothing else of the caller's but the protocol's headers", async () => {
    const { forwarded, events, send } = aRoute();
    const headers = { ...bearer(reader.apiKey), "content-type": "application/json", accept: "application/json", cookie: "a=b", [CONNECTION_HEADER]: "forged" };
    const answer = await send({ method: "POST", headers, body: QUERY });
    expect(await answer.json()).toEqual({ data: { viewer: { org: "acme" } } });
    const [request] = forwarded;
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({
      accept: "application/json",
      "content-type": "application/json",
      [CONNECTION_HEADER]: expect.any(String),
    });
    expect(parseConnection(request?.headers.get(CONNECTION_HEADER) ?? null)).toEqual({
      org: "acme",
      principalId: reader.record.principalId,
      scopes: ["session:read"],
      connectionId: "made-1",
    });
    expect(await request?.text()).toBe(QUERY);
    expect(events).toEqual([expect.objectContaining({ op: "gateway.graphql", outcome: "ok" })]);
  });

  it("carries the query string of a GET", async () => {
    const { forwarded, send } = aRoute();
    await send({ headers: bearer(reader.apiKey), search: "?query=%7Bviewer%7Borg%7D%7D" });
    expect(new URL(forwarded[0]?.url ?? "").searchParams.get("query")).toBe("{viewer{org}}");
  });

  it("refuses no key, a wrong one, a scope that may not read, and what is too large, as GraphQL says errors", async () => {
    const { forwarded, events, send } = aRoute();
    const refused = async (init: RequestInit & { readonly search?: string }) => {
      const answer = await send({ method: "POST", body: QUERY, ...init });
      const { errors } = await answer.json<{ errors: { extensions: { code: string } }[] }>();
      return [answer.status, errors[0]?.extensions.code];
    };
    expect(await refused({})).toEqual([401, "UNAUTHENTICATED"]);
    expect(await refused({ headers: bearer("fk_acme_wrong") })).toEqual([401, "UNAUTHENTICATED"]);
    expect(await refused({ headers: bearer(other.apiKey) })).toEqual([403, "PERMISSION_DENIED"]);
    expect(await refused({ headers: bearer(reader.apiKey), body: "x".repeat(128 * 1024 + 1) })).toEqual([413, "TOO_LARGE"]);
    expect(await refused({ headers: bearer(reader.apiKey), search: `?query=${"x".repeat(128 * 1024)}` })).toEqual([413, "TOO_LARGE"]);
    expect(forwarded).toEqual([]);
    expect(events.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 5 }, () => "refused"));
  });

  it("shows GraphiQL to a browser where the platform has it, and nowhere else", async () => {
    const browser = { headers: { accept: "text/html,*/*;q=0.8" } };
    const local = aRoute({ graphiql: { fetch: async () => new Response("<!doctype html>") } });
    expect(await (await local.send(browser)).text()).toBe("<!doctype html>");
    expect((await local.send({ ...browser, search: "?query=%7Bviewer%7Borg%7D%7D" })).status).toBe(401);
    expect((await aRoute().send(browser)).status).toBe(401);
  });
});
