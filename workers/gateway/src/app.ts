/**
 * The routes of the gateway: health, version, the public keys of the evidence, GraphQL, Linear's webhook, signals, the Connect
 * services, and the dashboard's assets on every path that none of them takes.
 */
import { messageOf } from "@factory/durable";
import { ERRORS, FactoryError } from "@factory/schemas";
import { GRAPHQL_PATH, GRAPHQL_STREAM_PATH } from "@factory/schemas/rpc";
import { Hono } from "hono";
import manifest from "../package.json" with { type: "json" };
import { Call } from "./call.ts";
import { createConnectEdge } from "./connect-edge.ts";
import type { GatewayDeps } from "./deps.ts";
import { publishedEvidenceKeys } from "./evidence-keys.ts";
import { forwardQuery } from "./graphql-query.ts";
import { askHealth } from "./health.ts";
import { forwardDelivery, LINEAR_WEBHOOK_PATH } from "./linear-webhook.ts";
import { RequestBody } from "./request-body.ts";
import { refusalResponse } from "./refusal-response.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./request-id.ts";
import { mountSignals } from "./signals/mount-signals.ts";
import { openStream } from "./subscription-stream.ts";
import { openSubscription, SUBSCRIPTIONS_PATH } from "./subscriptions.ts";

/** Static public material: whoever holds a package may verify it, so nobody has to authenticate for the keys. */
const EVIDENCE_KEYS_PATH = "/.well-known/factory-evidence-keys.json";
/** How long the keys may be kept by who asked, in seconds: a new key is known soon after it signs. */
const EVIDENCE_KEYS_MAX_AGE_S = 300;

/** What the dashboard's assets are chosen by. */
const PAGE_HEADERS = ["accept", "accept-encoding", "if-modified-since", "if-none-match"] as const;

/** What the router carries beside the request. */
export type AppEnv = { Bindings: Env; Variables: { requestId: string } };
export type GatewayApp = Hono<AppEnv>;
/** Begins the call of an operation. */
export type CallFor = (op: string, requestId: string) => Call;

/** Builds the gateway's router. */
export function createApp(deps: GatewayDeps): GatewayApp {
  const app = new Hono<AppEnv>();
  const callFor: CallFor = (op, requestId) => new Call(op, requestId, deps.log, deps.now);
  const connect = createConnectEdge(deps, callFor);

  app.use(async (c, next) => {
    const requestId = requestIdOf(c.req.raw.headers, deps.newRequestId);
    c.set("requestId", requestId);
    await next();
    c.res.headers.set(REQUEST_ID_HEADER, requestId);
  });

  app.get("/health", async (c) => {
    const call = callFor("gateway.health", c.var.requestId);
    const report = await askHealth(deps.workers);
    call.end(report.ok ? "ok" : "failed", report.ok ? {} : { failing: report.failing });
    return c.json(report, report.ok ? 200 : 503);
  });

  app.get("/version", (c) => {
    callFor("gateway.version", c.var.requestId).end("ok");
    return c.json({ name: "factory", version: manifest.version, deployment: deps.version });
  });

  app.get(EVIDENCE_KEYS_PATH, async (c) => {
    const keys = await publishedEvidenceKeys(deps.records);
    callFor("gateway.evidenceKeys", c.var.requestId).end(keys === null ? "refused" : "ok", { keys: keys?.keys.length ?? 0 });
    if (keys === null) return c.json({ code: "not_found", message: "No key is published to verify evidence with." }, 404);
    c.header("cache-control", `public, max-age=${EVIDENCE_KEYS_MAX_AGE_S}`);
    return c.json(keys);
  });

  app.get(SUBSCRIPTIONS_PATH, (c) => openSubscription(deps, callFor("gateway.subscriptions", c.var.requestId), c.req.raw));

  app.get(GRAPHQL_PATH, async (c, next) => {
    if (c.req.header("upgrade") === undefined) return next();
    return openSubscription(deps, callFor("gateway.subscriptions", c.var.requestId), c.req.raw);
  });
  app.on(["GET", "POST"], GRAPHQL_PATH, (c) => forwardQuery(deps, callFor("gateway.graphql", c.var.requestId), c.req.raw));
  app.all(GRAPHQL_STREAM_PATH, (c) => openStream(deps, callFor("gateway.graphqlStream", c.var.requestId), c.req.raw));

  app.post(LINEAR_WEBHOOK_PATH, (c) => forwardDelivery(deps, callFor("gateway.linearWebhook", c.var.requestId), c.req.raw));
  mountSignals(app, deps, callFor);

  app.all("*", async (c) => {
    const answer = await connect(c.req.raw, c.var.requestId);
    if (answer !== null) return answer;
    const page = isPageMethod(c.req.raw) ? await deps.dashboard.fetch(pageRequest(c.req.raw)) : null;
    if (page !== null && page.status !== 404) return new Response(page.body, page);
    await page?.body?.cancel();
    callFor("gateway.unknown", c.var.requestId).end("refused", { status: 404 });
    await new RequestBody(c.req.raw.body).drain();
    // Connect clients read this body as an error of the call.
    return c.json({ code: "unimplemented", message: "There is no such route." }, 404);
  });

  app.onError((err, c) => {
    callFor("gateway.error", c.var.requestId).end("failed", { error: messageOf(err) });
    c.header(REQUEST_ID_HEADER, c.var.requestId);
    // A store that does not answer is no fault of this call: whoever made it may make it again.
    if (err instanceof FactoryError && err.code === "UNAVAILABLE") return refusalResponse(err.toRefusal());
    return c.json({ code: "internal", message: `${ERRORS.INTERNAL.message} Request id: ${c.var.requestId}.` }, 500);
  });

  return app;
}

/** What a browser asks by for a page and its files. */
function isPageMethod({ method }: Request): boolean {
  return method === "GET" || method === "HEAD";
}

/** The request for an asset, without what only the platform's own routes are told: no credential reaches the page's Worker. */
function pageRequest({ url, method, headers }: Request): Request {
  const passed = new Headers();
  for (const name of PAGE_HEADERS) {
    const value = headers.get(name);
    if (value !== null) passed.set(name, value);
  }
  return new Request(url, { method, headers: passed });
}
