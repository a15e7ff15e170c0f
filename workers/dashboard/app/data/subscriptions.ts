/**
 * Live data over one WebSocket of the `graphql-transport-ws` protocol. The socket is opened with the first subscription and closed
 * with the last; after a break each subscription goes on strictly after the last `seq` it has seen.
 */
import { createClient, type Client } from "graphql-ws";
import { currentApiKey } from "../credentials/signed-in.ts";

/** Longest wait between two tries, in milliseconds: a person who looks at the page sees it come back soon. */
const MAX_RETRY_WAIT_MS = 5_000;
const FIRST_RETRY_WAIT_MS = 200;

/** How the socket does, for the mark in the page's header. */
export type LinkState = "idle" | "connecting" | "live" | "broken";

export type LiveClient = Pick<Client, "subscribe" | "dispose"> & { onLink(listener: (state: LinkState) => void): () => void };

/**
 * A client for one organisation. A browser cannot set headers on an upgrade: the org is in the address, the credential in the first
 * message.
 */
export function createLiveClient(org: string): LiveClient {
  const listeners = new Set<(state: LinkState) => void>();
  const tell = (state: LinkState) => () => {
    for (const listener of listeners) listener(state);
  };
  const url = new URL("/graphql", location.origin.replace(/^http/, "ws"));
  url.searchParams.set("org", org);
  const client = createClient({
    url: url.href,
    lazy: true,
    connectionParams: () => ({ authorization: `Bearer ${currentApiKey() ?? ""}` }),
    retryAttempts: Number.POSITIVE_INFINITY,
    shouldRetry: () => true,
    retryWait: (tries) => wait(Math.min(FIRST_RETRY_WAIT_MS * 2 ** tries, MAX_RETRY_WAIT_MS) * (0.5 + Math.random() / 2)),
    keepAlive: 15_000,
    on: { connecting: tell("connecting"), connected: tell("live"), closed: tell("broken") },
  });
  return {
    subscribe: client.subscribe.bind(client),
    dispose: client.dispose.bind(client),
    onLink(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
