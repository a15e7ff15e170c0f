/** The way of a client's socket: from the gateway, which authenticates it, through the graphql Worker to its shard. */
import { z } from "zod";

/**
 * Who opened a connection. It travels in this header between Workers; the gateway builds the request it forwards from nothing, so
 * that no client can set it, and no public route leads to the graphql Worker.
 */
export const CONNECTION_HEADER = "x-factory-connection";

/** The JSON dialect of the shell; see `workers/graphql/README.md`. */
export const LOG_SUBPROTOCOL = "factory-log.v1";

/** Subprotocols that a shard speaks, best first. */
export const SUBSCRIPTION_SUBPROTOCOLS = [LOG_SUBPROTOCOL] as const;

const connectionSchema = z.strictObject({
  org: z.string().min(1).max(63),
  principalId: z.string().min(1).max(128),
  scopes: z.array(z.string().max(80)).max(64),
  /** Made by the gateway for each connection. */
  connectionId: z.string().min(1).max(128),
});

/** An authenticated connection. */
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
