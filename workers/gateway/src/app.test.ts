import { createLog, type CanonicalEvent } from "@factory/durable";
import { newApiKey, type NewApiKey } from "@factory/governance";
import { kvKey } from "@factory/schemas";
import type { HealthRpc, SessionRpc } from "@factory/schemas/rpc";
import { env, createExecutionContext } from "cloudflare:test";
import { beforeEach, describe, expect, it } from "vitest";
import { createApp, type GatewayApp } from "./app.ts";
import type { GatewayDeps } from "./deps.ts";
import { askHealth } from "./health.ts";
import { aSessionObject, gatewayDepsOf } from "./testing/deps.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const SESSION = "SES-0123456789ABCDEFGHJKMNPQRS";
const key: NewApiKey = newApiKey("acme", "ci", ["session:control"], NOW);

let events: CanonicalEvent[];
let app: GatewayApp;
let clock: number;

function deps(change: Partial<GatewayDeps> = {}): GatewayDeps {
  return gatewayDepsOf({
    now: () => (clock += 5),
    records: async (name) => (name === key.storageKey ? key.record : null),
    log: createLog((line) => events.push(JSON.parse(line) as CanonicalEvent)),
    ...change,
  });
}

beforeEach(() => {
  events = [];
  clock = NOW;
  app = createApp(deps());
});

const send = async (path: string, init?: RequestInit): Promise<Response> =>
  app.fetch(new Request(`https://factory.test${path}`, init), env, createExecutionContext());
const cancel = (headers: { [name: string]: string } = {}): Promise<Response> =>
  send("/factory.v1.FactoryGateway/CancelSession", {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key.apiKey}`, "x-request-id": "req-9", ...headers },
    body: JSON.stringify({ sessionId: SESSION }),
  });

/** A session object that answers its status and lets `cancel` do as told. */
const aSession = (cancelled: SessionRpc["cancel"]): Partial<GatewayDeps> => ({
  session: () =>
    aSessionObject({
      status: async () => ({ sessionId: SESSION, state: "EXECUTING", runId: null, openReview: null, reason: null, commissioning: "idle" as const }),
      cancel: cancelled,
    }),
});

describe("a call's log", () => {
  it("is one event with who called, about what, and how it ended", async () => {
    app = createApp(deps(aSession(async () => ({ ok: true, state: "CANCELLED" }))));
    expect((await cancel()).status).toBe(200);
    expect(events).toEqual([
      {
        op: "gateway.CancelSession",
        outcome: "ok",
        durationMs: expect.any(Number),
        ids: { requestId: "req-9", org: "acme", principalId: "ci", sessionId: SESSION },
        fields: { decisions: ["d".repeat(64)], policies: ["test"] },
      },
    ]);
  });

  it("says refused, with the code, for what the caller did", async () => {
    expect((await cancel({ authorization: "Bearer fk_acme_no" })).status).toBe(401);
    expect(events).toMatchObject([{ outcome: "refused", ids: { requestId: "req-9" }, fields: { code: "UNAUTHENTICATED" } }]);
  });

  it("says failed, with the cause, for what the factory did, and the answer says neither", async () => {
    app = createApp(deps(aSession(() => Promise.reject(new Error("disk at /srv is full")))));
    const response = await cancel();
    expect(response.status).toBe(500);
    const body = JSON.stringify(await response.json());
    expect(body).toContain("req-9");
    expect(body).not.toContain("/srv");
    expect(events).toMatchObject([{ outcome: "failed", fields: { code: "INTERNAL", error: "disk at /srv is full" } }]);
  });

  it("says UNAVAILABLE where the runtime says that the object may be asked again", async () => {
    app = createApp(deps(aSession(() => Promise.reject(Object.assign(new Error("reset"), { retryable: true })))));
    const response = await cancel();
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "unavailable", details: [{ debug: { code: "UNAVAILABLE", retry: "later" } }] });
  });

  it("never holds a credential", async () => {
    await cancel();
    await cancel({ authorization: "Bearer fk_acme_wrong" });
    expect(JSON.stringify(events)).not.toContain(key.apiKey);
    expect(JSON.stringify(events)).not.toContain("fk_acme_wrong");
  });

  it("is written for what reaches no method, too", async () => {
    await send("/nowhere");
    await send("/version");
    await send("/factory.v1.FactoryGateway/CancelSession", { method: "PUT" });
    expect(events.map(({ op, outcome }) => [op, outcome])).toEqual([
      ["gateway.unknown", "refused"],
      ["gateway.version", "ok"],
      ["gateway.CancelSession", "refused"],
    ]);
  });
});

describe("a path that no route takes", () => {
  it("is the dashboard's, which is told nothing of who asks", async () => {
    const asked: Request[] = [];
    const fetch = async (request: Request): Promise<Response> => {
      asked.push(request);
      return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    };
    app = createApp(deps({ dashboard: { fetch } }));
    const response = await send("/sessions/SESS-1?tab=graph", {
      headers: { accept: "text/html", authorization: `Bearer ${key.apiKey}`, cookie: "a=b", "if-none-match": '"1"' },
    });
    expect([response.status, await response.text()]).toEqual([200, "<!doctype html>"]);
    expect(asked.map(({ url, headers }) => [url, Object.fromEntries(headers)])).toEqual([
      ["https://factory.test/sessions/SESS-1?tab=graph", { accept: "text/html", "if-none-match": '"1"' }],
    ]);
  });

  it("is nobody's for a request that would change something", async () => {
    expect((await send("/sessions", { method: "POST", body: "x" })).status).toBe(404);
  });
});

describe("the keys that evidence is verified with", () => {
  const PATH = "/.well-known/factory-evidence-keys.json";
  const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
  const publishing = (record: unknown): void => {
    app = createApp(deps({ records: async (name) => (name === kvKey.evidenceKeys() ? record : null) }));
  };

  it("are given to everybody, in their public form alone, several where keys were rotated", async () => {
    const older = { kty: "OKP", crv: "Ed25519", x: "A".repeat(43) };
    publishing({ keys: [{ kty: "OKP", crv: "Ed25519", x, d: "s".repeat(43) }, older] });
    const response = await send(PATH);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    expect(await response.json()).toEqual({
      keys: [
        // The thumbprint of RFC 8037, appendix A.3.
        { kty: "OKP", crv: "Ed25519", x, kid: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", use: "sig", alg: "EdDSA" },
        { ...older, kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/), use: "sig", alg: "EdDSA" },
      ],
    });
    expect(events).toMatchObject([{ op: "gateway.evidenceKeys", outcome: "ok" }]);
  });

  it("are not found where none is published, and a record that is no key is a failure", async () => {
    publishing(null);
    expect((await send(PATH)).status).toBe(404);
    publishing({ keys: ["x"] });
    expect((await send(PATH)).status).toBe(500);
  });
});

describe("a call's deadline", () => {
  it("ends a call whose session does not answer", async () => {
    app = createApp(deps(aSession(() => new Promise(() => undefined))));
    const response = await cancel({ "connect-timeout-ms": "50" });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "deadline_exceeded", details: [{ debug: { code: "DEADLINE_EXCEEDED" } }] });
    expect(events).toMatchObject([{ outcome: "refused", fields: { code: "DEADLINE_EXCEEDED" } }]);
  });
});

describe("health", () => {
  const well: HealthRpc = { health: async () => ({ worker: "x", ok: true }) };
  const unwell: HealthRpc = { health: async () => ({ worker: "x", ok: false, detail: "migrating" }) };
  const broken: HealthRpc = { health: () => Promise.reject(new Error("no such Worker")) };
  const silent: HealthRpc = { health: () => new Promise(() => undefined) };

  it("is 503 and names every Worker that is not ok", async () => {
    app = createApp(deps({ workers: { stream: well, graph: unwell, pipeline: broken } }));
    const response = await send("/health");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ ok: false, failing: ["graph", "pipeline"] });
    expect(events).toMatchObject([{ op: "gateway.health", outcome: "failed", fields: { failing: ["graph", "pipeline"] } }]);
  });

  it("waits for no Worker longer than its deadline", async () => {
    expect(await askHealth({ stream: well, graph: silent }, 20)).toMatchObject({ ok: false, failing: ["graph"] });
  });
});
