/** The way of an upgrade, or of a request for a stream, from the gateway's binding to the shard of its connection. */
import { objectName, subscriberShardOf } from "@factory/schemas";
import { CONNECTION_HEADER, GRAPHQL_STREAM_PATH, parseConnection } from "@factory/schemas/rpc";
import { refusedUpgrade } from "./refused-upgrade.ts";

/** Stands for the principal that a socket has still to prove. */
const UNPROVED = "";

/** True for what a shard of client sockets answers. */
export function isSubscription(request: Request): boolean {
  return request.headers.get("upgrade")?.toLowerCase() === "websocket" || new URL(request.url).pathname === GRAPHQL_STREAM_PATH;
}

/** Hands a subscription to its shard; anything else is not served. */
export async function openSubscription(request: Request, env: Pick<Env, "SUBSCRIBERS">): Promise<Response> {
  if (!isSubscription(request)) return new Response("Not found\n", { status: 404 });
  const connection = parseConnection(request.headers.get(CONNECTION_HEADER));
  if (connection === null) return refusedUpgrade("UNAUTHENTICATED", "The connection did not come through the gateway.");
  const shard = subscriberShardOf(connection.principalId ?? UNPROVED, connection.connectionId);
  return env.SUBSCRIBERS.getByName(objectName.subscribers(connection.org, shard)).fetch(request);
}
