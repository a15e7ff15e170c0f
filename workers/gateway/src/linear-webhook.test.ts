import { createLog, type CanonicalEvent } from "@factory/durable";
import { env, createExecutionContext } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { createApp } from "./app.ts";
import type { GatewayDeps } from "./deps.ts";
import { gatewayDepsOf, notAsked } from "./testing/deps.ts";

/** A gateway with the bridge's answer, what the bridge was sent, and what was logged. */
function aGateway(change: Partial<GatewayDeps> = {}) {
  const forwarded: Request[] = [];
  const events: CanonicalEvent[] = [];
  const fetch = async (request: Request): Promise<Response> => (forwarded.push(request), Response.json({ ok: true }));
  const log = createLog((line) => events.push(JSON.parse(line) as CanonicalEvent));
  const app = createApp(gatewayDepsOf({ records: notAsked, linear: { fetch }, log, ...change }));
  const deliver = async (init: RequestInit): Promise<Response> =>
    app.fetch(new Request("https://factory.test/webhooks/linear?x=1", init), env, createExecutionContext());
  return { forwarded, events, deliver };
}

describe("a delivery of Linear", () => {
  it("goes to the bridge byte for byte, with Linear's headers and no other", async () => {
    const { deliver, forwarded, events } = aGateway();
    const body = new Uint8Array([0x7b, 0x22, 0xc3, 0xa4, 0x22, 0x20, 0x3a, 0x31, 0x7d, 0x0a]);
    const linear = { "linear-signature": "ab", "linear-delivery": "d-1", "linear-event": "Comment", "linear-timestamp": "1" };
    const headers = {
      ...linear,
      "content-type": "application/json",
      authorization: "Bearer x",
      cookie: "a=b",
      "x-factory-connection": "forged",
      "linear-other": "no",
    };
    expect((await deliver({ method: "POST", headers, body })).status).toBe(200);
    const [request] = forwarded;
    expect(request?.url).toBe("https://linear-bridge/webhooks/linear");
    expect(Object.fromEntries(request?.headers ?? [])).toEqual({ ...linear, "content-type": "application/json" });
    expect(new Uint8Array((await request?.arrayBuffer()) ?? [])).toEqual(body);
    expect(events).toMatchObject([{ op: "gateway.linearWebhook", outcome: "ok" }]);
  });

  it("is answered what the bridge answers", async () => {
    const { deliver, events } = aGateway({ linear: { fetch: async () => Response.json({ code: "UNAUTHENTICATED" }, { status: 401 }) } });
    const response = await deliver({ method: "POST", body: "{}" });
    expect([response.status, await response.json()]).toEqual([401, { code: "UNAUTHENTICATED" }]);
    expect(events).toMatchObject([{ outcome: "refused", fields: { status: 401 } }]);
  });

  it("may have 1 MiB and no byte more", async () => {
    const { deliver, forwarded } = aGateway();
    expect((await deliver({ method: "POST", body: "x".repeat(1_048_576) })).status).toBe(200);
    const refused = await deliver({ method: "POST", body: "x".repeat(1_048_577) });
    expect([refused.status, await refused.json()]).toEqual([413, expect.objectContaining({ code: "TOO_LARGE", message: expect.stringContaining("1048576") })]);
    expect(forwarded).toHaveLength(1);
  });

  it("is one of few from an address, and counts for itself", async () => {
    const counted: string[] = [];
    const { deliver, forwarded } = aGateway({ admitAddressCall: async (address) => (counted.push(address), false) });
    const refused = await deliver({ method: "POST", body: "{}", headers: { "cf-connecting-ip": "192.0.2.7" } });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(counted).toEqual(["linear:192.0.2.7"]);
    expect(forwarded).toEqual([]);
  });

  it("is none when it is asked for with another verb", async () => {
    const { deliver, forwarded } = aGateway({ dashboard: { fetch: async () => new Response(null, { status: 404 }) } });
    expect((await deliver({ method: "GET" })).status).toBe(404);
    expect(forwarded).toEqual([]);
  });
});
