/** The way of an upgrade from the gateway's binding to the shard of its connection. */
import { objectName, subscriberShardOf } from "@factory/schemas";
import { CONNECTION_HEADER, parseConnection } from "@factory/schemas/rpc";
import { refusedUpgrade } from "./refused-upgrade.ts";

/** Hands a WebSocket upgrade to its shard; anything else is not served. */
export async function openSubscription(request: Request, env: Pick<Env, "SUBSCRIBERS">): Promise<Response> {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return new Response("Not found\n", { status: 404 });
  const connection = parseConnection(request.headers.get(CONNECTION_HEADER));
  if (connection === null) return refusedUpgrade("UNAUTHENTICATED", "The upgrade did not come through the gateway.");
  const shard = subscriberShardOf(connection.principalId, connection.connectionId);
  return env.SUBSCRIBERS.getByName(objectName.subscribers(connection.org, shard)).fetch(request);
}
