/** The way of a client's socket: from the gateway, which authenticates it, through the graphql Worker to its shard. */
import { z } from "zod";

/**
 * Who opened a connection. It travels in this header between Workers; the gateway builds the request it forwards from nothing, so
 * that no client can set it, and no public route leads to the graphql Worker.
 */
export const CONNECTION_HEADER = "x-factory-connection";

/** The JSON dialect of the shell; see `workers/graphql/README.md`. */
export const LOG_SUBPROTOCOL = "factory-log.v1";

/** The dialect of the `graphql-ws` client. */
export const GRAPHQL_TRANSPORT_WS_SUBPROTOCOL = "graphql-transport-ws";

/** Subprotocols that a shard speaks, best first. */
export const SUBSCRIPTION_SUBPROTOCOLS = [GRAPHQL_TRANSPORT_WS_SUBPROTOCOL, LOG_SUBPROTOCOL] as const;

/** Path, at the gateway and at the graphql Worker, of subscriptions as server-sent events. */
export const GRAPHQL_STREAM_PATH = "/graphql/stream";

const connectionSchema = z.strictObject({
  org: z.string().min(1).max(63),
  /** Null for a socket that has still to prove, in its first message, that it may read the org. */
  principalId: z.string().min(1).max(128).nullable(),
  scopes: z.array(z.string().max(80)).max(64),
  /** Made by the gateway for each connection. */
  connectionId: z.string().min(1).max(128),
});

/** A connection on its way to a shard of its org. */
export type SubscriptionConnection = z.infer<typeof connectionSchema>;

/** The header's value: JSON as base64url, since a principal's id may be any text. */
export function encodeConnection(connection: SubscriptionConnection): string {
  return Buffer.from(JSON.stringify(connection), "utf8").toString("base64url");
}

/** Reads the header's value; null when it is absent or none. */
export function parseConnection(header: string | null): SubscriptionConnection | null {
  if (header === null) return null;
  try {
    return connectionSchema.safeParse(JSON.parse(Buffer.from(header, "base64url").toString("utf8"))).data ?? null;
  } catch {
    // What is no JSON was not written by the gateway: no connection.
    return null;
  }
}
