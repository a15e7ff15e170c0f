import { createLog, type CanonicalEvent } from "@factory/durable";
import { newApiKey } from "@factory/governance";
import { kvKey, ORG_PATTERN } from "@factory/schemas";
import { CONNECTION_HEADER, GRAPHQL_STREAM_PATH, GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, LOG_SUBPROTOCOL, parseConnection } from "@factory/schemas/rpc";
import { env, createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import type { GatewayDeps } from "./deps.ts";
import { gatewayDepsOf } from "./testing/deps.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const reader = newApiKey("acme", "dashboard", ["session:read"], NOW);
const other = newApiKey("acme", "ci", ["session:submit"], NOW);

/** A gateway whose graphql Worker answers as told, with what that one was sent and what was logged. */
function aGateway(answer: (upgrade: Request) => Response = accepted, change: Partial<GatewayDeps> = {}) {
  const upgrades: Request[] = [];
  const events: CanonicalEvent[] = [];
  const lines: string[] = [];
  const deps = gatewayDepsOf({
    now: () => NOW,
    records: async (name) => (name === kvKey.org("acme") ? { org: "acme" } : ([reader, other].find(({ storageKey }) => storageKey === name)?.record ?? null)),
    subscriptions: {
      fetch: async (upgrade) => {
        upgrades.push(upgrade);
        return answer(upgrade);
      },
    },
    log: createLog((line) => {
      lines.push(line);
      events.push(JSON.parse(line) as CanonicalEvent);
    }),
    ...change,
  });
  const app = createApp(deps);
  const open = async (headers: { [name: string]: string }, path = "/subscriptions"): Promise<Response> =>
    app.fetch(new Request(`https://factory.test${path}`, { headers }), env, createExecutionContext());
  const send = async (init: RequestInit, path = GRAPHQL_STREAM_PATH): Promise<Response> =>
    app.fetch(new Request(`https://factory.test${path}`, init), env, createExecutionContext());
  return { upgrades, events, lines, open, send };
}

function accepted(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(`echo ${String(data)}`));
  return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": LOG_SUBPROTOCOL } });
}

const UPGRADE = { upgrade: "websocket", "sec-websocket-protocol": LOG_SUBPROTOCOL };
const bearer = (apiKey: string) => ({ authorization: `Bearer ${apiKey}` });
const keySubprotocol = (apiKey: string): string => `factory-key.${Buffer.from(apiKey).toString("base64url")}`;

describe("/subscriptions", () => {
  it("hands an authenticated upgrade to the graphql Worker with who opened it, and the socket to the caller", async () => {
    const { open, upgrades, events } = aGateway();
    const response = await open({ ...UPGRADE, ...bearer(reader.apiKey), "x-request-id": "chosen-1" });
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe(LOG_SUBPROTOCOL);
    expect(response.headers.get("x-request-id")).toBe("chosen-1");
    const said = new Promise((resolve) => response.webSocket?.addEventListener("message", ({ data }) => resolve(data)));
    response.webSocket?.accept();
    response.webSocket?.send("hello");
    expect(await said).toBe("echo hello");
    const [upgrade] = upgrades;
    expect(parseConnection(upgrade?.headers.get(CONNECTION_HEADER) ?? null)).toEqual({
      org: "acme",
      principalId: "dashboard",
      scopes: ["session:read"],
      connectionId: "made-1",
    });
    expect(upgrade?.headers.get("authorization")).toBeNull();
    expect(events).toMatchObject([{ op: "gateway.subscriptions", outcome: "ok", ids: { requestId: "chosen-1", org: "acme", principalId: "dashboard" } }]);
  });

  it("takes the key as a second subprotocol, and answers with the first only", async () => {
    const { open, upgrades, lines } = aGateway();
    const response = await open({ upgrade: "websocket", "sec-websocket-protocol": `${LOG_SUBPROTOCOL}, ${keySubprotocol(reader.apiKey)}` });
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe(LOG_SUBPROTOCOL);
    expect(upgrades[0]?.headers.get("sec-websocket-protocol")).toBe(LOG_SUBPROTOCOL);
    expect(lines.join()).not.toContain(keySubprotocol(reader.apiKey));
  });

  it("reads no key from the URL", async () => {
    const { open, upgrades } = aGateway();
    expect((await open(UPGRADE, `/subscriptions?key=${reader.apiKey}&authorization=Bearer%20${reader.apiKey}`)).status).toBe(401);
    expect(upgrades).toEqual([]);
  });

  it("lets no caller say who it is", async () => {
    const { open, upgrades } = aGateway();
    const forged = Buffer.from(JSON.stringify({ org: "other", principalId: "root", scopes: ["admin"], connectionId: "x" })).toString("base64url");
    await open({ ...UPGRADE, ...bearer(reader.apiKey), [CONNECTION_HEADER]: forged });
    expect(parseConnection(upgrades[0]?.headers.get(CONNECTION_HEADER) ?? null)).toMatchObject({ org: "acme", principalId: "dashboard" });
    expect((await open({ ...UPGRADE, [CONNECTION_HEADER]: forged })).status).toBe(401);
    expect(upgrades).toHaveLength(1);
  });

  it.each([
    ["no upgrade", bearer(reader.apiKey), 426, "INVALID_ARGUMENT"],
    ["no credential", UPGRADE, 401, "UNAUTHENTICATED"],
    ["a wrong key", { ...UPGRADE, ...bearer("fk_acme_no") }, 401, "UNAUTHENTICATED"],
    ["a key without the scope", { ...UPGRADE, ...bearer(other.apiKey) }, 403, "PERMISSION_DENIED"],
    ["an unknown subprotocol", { upgrade: "websocket", "sec-websocket-protocol": "soap", ...bearer(reader.apiKey) }, 400, "INVALID_ARGUMENT"],
  ])("refuses %s with its code, and logs it", async (_name, headers, status, code) => {
    const { open, upgrades, events } = aGateway();
    const response = await open(headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, message: expect.any(String), suggestion: expect.any(String) });
    expect(upgrades).toEqual([]);
    expect(events).toMatchObject([{ op: "gateway.subscriptions", outcome: "refused", fields: { code } }]);
  });

  it("passes on what the shard refuses", async () => {
    const { open, events } = aGateway(() => Response.json({ code: "RATE_LIMITED", message: "128 sockets" }, { status: 429 }));
    const response = await open({ ...UPGRADE, ...bearer(reader.apiKey) });
    expect(response.status).toBe(429);
    expect(await response.json()).toEqual({ code: "RATE_LIMITED", message: "128 sockets" });
    expect(events).toMatchObject([{ outcome: "refused", fields: { status: 429 } }]);
  });
});

describe("a socket that will prove itself in its first message", () => {
  const BARE = { upgrade: "websocket", "sec-websocket-protocol": `${LOG_SUBPROTOCOL}, ${GRAPHQL_TRANSPORT_WS_SUBPROTOCOL}` };

  it.each(["/graphql", "/subscriptions"])("goes to a shard of the org that it names, as nobody, in the one dialect that asks: %s", async (path) => {
    const { open, upgrades, events } = aGateway();
    expect((await open(BARE, `${path}?org=acme`)).status).toBe(101);
    expect(parseConnection(upgrades[0]?.headers.get(CONNECTION_HEADER) ?? null)).toEqual({
      org: "acme",
      principalId: null,
      scopes: [],
      connectionId: "made-1",
    });
    expect(upgrades[0]?.headers.get("sec-websocket-protocol")).toBe(GRAPHQL_TRANSPORT_WS_SUBPROTOCOL);
    expect(upgrades[0]?.url).not.toContain("org=");
    expect(events[0]?.ids).not.toHaveProperty("principalId");
  });

  it.each([
    ["names no org", BARE, ""],
    ["names what is no org", BARE, `?org=${"a".repeat(64)}`],
    ["speaks a dialect that does not ask", UPGRADE, "?org=acme"],
    ["has a wrong credential already", { ...BARE, ...bearer("fk_acme_no") }, "?org=acme"],
  ])("is refused when it %s", async (_name, headers, query) => {
    const { open, upgrades } = aGateway();
    expect((await open(headers, `/graphql${query}`)).status).toBe(401);
    expect(upgrades).toEqual([]);
  });

  it("goes to the shards of nobody when the org that it names is not known: who asks is told the same", async () => {
    const { open, upgrades } = aGateway();
    const answers = [await open(BARE, "/graphql?org=acme"), await open(BARE, "/graphql?org=nobody"), await open(BARE, "/graphql?org=another")];
    expect(answers.map(({ status }) => status)).toEqual([101, 101, 101]);
    const orgs = upgrades.map(({ headers }) => parseConnection(headers.get(CONNECTION_HEADER))?.org);
    expect(orgs).toEqual(["acme", "_", "_"]);
    expect(orgs.slice(1).some((org) => ORG_PATTERN.test(org ?? ""))).toBe(false);
  });

  it("is one of few from one address, whatever it names", async () => {
    const { open, upgrades, events } = aGateway(accepted, { admitAddressCall: async (address) => address !== "192.0.2.7" });
    const crowded = await open({ ...BARE, "cf-connecting-ip": "192.0.2.7" }, "/graphql?org=acme");
    expect([crowded.status, crowded.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(upgrades).toEqual([]);
    expect(events).toMatchObject([{ outcome: "refused", fields: { code: "RATE_LIMITED" } }]);
    expect((await open({ ...BARE, "cf-connecting-ip": "192.0.2.8" }, "/graphql?org=acme")).status).toBe(101);
  });

  it("is of the org of its key where it has one, whatever it names", async () => {
    const { open, upgrades } = aGateway();
    await open({ ...BARE, ...bearer(reader.apiKey) }, "/graphql?org=other");
    expect(parseConnection(upgrades[0]?.headers.get(CONNECTION_HEADER) ?? null)).toMatchObject({ org: "acme", principalId: "dashboard" });
  });
});

describe("/graphql/stream", () => {
  const body = JSON.stringify({ query: "subscription { x }" });
  const accepted = (): Response => new Response("event: complete\ndata:\n\n", { headers: { "content-type": "text/event-stream" } });
  const asked = { method: "POST", body, headers: { ...bearer(reader.apiKey), "content-type": "application/json", accept: "text/event-stream" } };

  it("hands an authenticated request to the graphql Worker with who asks, and the stream to the caller", async () => {
    const { send, upgrades, events } = aGateway(accepted);
    const response = await send({ ...asked, headers: { ...asked.headers, "last-event-id": "7", cookie: "a=b" } });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([200, "text/event-stream", "event: complete\ndata:\n\n"]);
    const [request] = upgrades;
    expect(parseConnection(request?.headers.get(CONNECTION_HEADER) ?? null)).toMatchObject({ org: "acme", principalId: "dashboard" });
    expect(Object.fromEntries([...(request?.headers ?? [])].filter(([name]) => name !== CONNECTION_HEADER))).toEqual({
      accept: "text/event-stream",
      "content-type": "application/json",
      "last-event-id": "7",
    });
    expect(await request?.text()).toBe(body);
    expect(events).toMatchObject([{ op: "gateway.graphqlStream", outcome: "ok", ids: { org: "acme", principalId: "dashboard" } }]);
  });

  it("passes the query of a GET on, and lets no caller say who it is", async () => {
    const { send, upgrades } = aGateway(accepted);
    await send({ headers: { ...bearer(reader.apiKey), [CONNECTION_HEADER]: "forged" } }, `${GRAPHQL_STREAM_PATH}?query=x`);
    expect(upgrades[0]?.url).toContain("?query=x");
    expect(parseConnection(upgrades[0]?.headers.get(CONNECTION_HEADER) ?? null)).toMatchObject({ org: "acme" });
  });

  it.each([
    ["no credential", { method: "POST", body }, 401],
    ["a key in the URL", { method: "POST", body }, 401],
    ["a key without the scope", { method: "POST", body, headers: bearer(other.apiKey) }, 403],
    ["a body over the limit", { ...asked, body: "x".repeat(70_000) }, 413],
  ])("refuses %s, and logs it", async (_name, init, status) => {
    const { send, upgrades, events } = aGateway(accepted);
    expect((await send(init, `${GRAPHQL_STREAM_PATH}?authorization=Bearer%20${reader.apiKey}`)).status).toBe(status);
    expect(upgrades).toEqual([]);
    expect(events).toMatchObject([{ op: "gateway.graphqlStream", outcome: "refused" }]);
  });

  it("passes on what the shard refuses", async () => {
    const { send, events } = aGateway(() => Response.json({ code: "INVALID_ARGUMENT" }, { status: 406 }));
    expect((await send(asked)).status).toBe(406);
    expect(events).toMatchObject([{ outcome: "refused", fields: { status: 406 } }]);
  });
});
