/**
 * The door of `pnpm bench:stream`: a publisher's socket, each message of which is one event appended to a session's log, and the
 * upgrades of subscribers, which go the way the gateway sends them.
 */
import type { EventWrite } from "@factory/schemas";
import { CONNECTION_HEADER, encodeConnection, sessionLogOf, type LogIdentity, type SessionLogRpc } from "@factory/schemas/rpc";

type BenchEnv = { readonly SESSION_LOGS: DurableObjectNamespace; readonly GRAPHQL: Fetcher };

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const asked = (name: string): string => url.searchParams.get(name) ?? "";
    if (url.pathname === "/publish") return publish(sessionLogOf(env, asked("org"), asked("session")), asked("org"), asked("session"));
    const connection = encodeConnection({ org: asked("org"), principalId: asked("principal"), scopes: ["session:read"], connectionId: asked("connection") });
    const headers = new Headers(request.headers);
    headers.set(CONNECTION_HEADER, connection);
    return env.GRAPHQL.fetch("https://graphql/subscriptions", { headers });
  },
} satisfies ExportedHandler<BenchEnv>;

/** Appends are not awaited one by one: calls to one object keep their order. */
function publish(log: SessionLogRpc, org: string, sessionId: string): Response {
  const identity: LogIdentity = { org, sessionId, workOrderId: "WO-bench", assemblyId: "bench" };
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => {
    // The load generator writes events of the log's own shape.
    void append(log, identity, JSON.parse(String(data)) as EventWrite, server);
  });
  return new Response(null, { status: 101, webSocket: client });
}

async function append(log: SessionLogRpc, identity: LogIdentity, event: EventWrite, publisher: WebSocket): Promise<void> {
  try {
    const answer = await log.append(identity, [event]);
    if (!answer.ok) publisher.close(4000, answer.message.slice(0, 100));
  } catch (err) {
    publisher.close(4000, String(err).slice(0, 100));
  }
}
