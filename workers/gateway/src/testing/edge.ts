/** The gateway with recording neighbours on a real loopback port, in real workerd: what any client can be pointed at. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { objectName } from "@factory/schemas";
import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { storeCredentials, type Credentials } from "./builders.ts";
import { NEIGHBOURS, neighbours } from "./neighbours.ts";

const BUCKET = "factory-blobs";
const ENTRY = join(dirname(fileURLToPath(import.meta.url)), "..", "gateway.worker.ts");

/** A gateway under test. */
export type Edge = {
  readonly url: string;
  readonly credentials: Credentials;
  /** Answers once nobody listens to a session's log any more. */
  whenUnsubscribed(sessionId: string): Promise<number>;
  /** Puts events into a session's log, as its producers would. */
  append(sessionId: string, events: readonly { readonly kind: string; readonly payload: object }[]): Promise<void>;
  stop(): Promise<void>;
};

// The double's own methods; Miniflare types its stubs by fetch only.
type LogDouble = { whenUnsubscribed(): Promise<number>; append(identity: object, events: readonly object[]): Promise<object> };
type LogDoubles = { getByName(name: string): LogDouble };

/** Starts the gateway on a free port with credentials for one org. */
export async function startEdge(): Promise<Edge> {
  const bundle = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
  });
  const [entry] = bundle.outputFiles;
  if (entry === undefined) throw new Error("The gateway did not bundle.");
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      workers: [
        {
          name: "factory-gateway",
          compatibilityDate: "2026-08-04",
          modules: [{ type: "ESModule", path: "gateway.worker.js", contents: entry.text }],
          bindings: { VERSION: { id: "local", tag: "", timestamp: "" } },
          kvNamespaces: { CONFIG: "config" },
          r2Buckets: { BLOBS: BUCKET },
          serviceBindings: Object.fromEntries(NEIGHBOURS.map((name) => [name.toUpperCase(), `factory-${name}`])),
          durableObjects: {
            SESSIONS: { className: "CommissioningAgentDO", scriptName: "factory-commissioning" },
            SESSION_LOGS: { className: "SubscriptionBufferDO", scriptName: "factory-stream" },
          },
        },
        ...neighbours(BUCKET),
      ],
    }),
  );
  const url = await miniflare.ready;
  const config = await miniflare.getKVNamespace("CONFIG", "factory-gateway");
  const credentials = await storeCredentials((key, value) => config.put(key, value), "acme");
  const logs = (await miniflare.getDurableObjectNamespace("SESSION_LOGS", "factory-gateway")) as unknown as LogDoubles;
  const logOf = (sessionId: string): LogDouble => logs.getByName(objectName.sessionLog(credentials.org, sessionId));
  return {
    url: url.origin,
    credentials,
    whenUnsubscribed: (sessionId) => logOf(sessionId).whenUnsubscribed(),
    append: async (sessionId, events) => {
      await logOf(sessionId).append({ sessionId, workOrderId: "WO-1" }, events);
    },
    stop: () => miniflare.dispose(),
  };
}
