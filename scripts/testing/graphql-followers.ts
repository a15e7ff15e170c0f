/**
 * The standard clients of GraphQL subscriptions, as somebody who builds on the factory sets them up: they connect again by themselves,
 * and what they ask for again says where they had come to.
 */
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createWsClient } from "graphql-ws";
import { WebSocket } from "ws";

/** A batch under its root field. */
type Result = {
  readonly data?: { readonly [field: string]: Batch } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: object }[];
};
type Batch = { readonly events: readonly { readonly seq: number; readonly kind: string }[]; readonly lastSeq: number };

/** Where to, and as whom. */
export type FollowerTarget = { readonly url: string; readonly org: string; readonly apiKey: string };
/** What is followed. `afterSeq` is added. */
export type FollowerOperation = { readonly query: string; readonly variables: { readonly [name: string]: unknown } };

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));
/** Between two attempts; a platform that starts again takes seconds. */
const RETRY_MS = 50;
const RETRIES = 10_000;

/** One operation, over as many connections as it takes. */
export abstract class Follower {
  readonly seqs: number[] = [];
  readonly kinds: string[] = [];
  readonly errors: unknown[] = [];
  connections = 0;
  completed = false;
  #lastSeq = 0;
  #wake: (() => void)[] = [];

  /** Breaks the connection under the client. */
  abstract cut(): void;
  /** Leaves for good. */
  abstract dispose(): void;

  /** Waits until what is said holds. */
  async until(holds: (follower: this) => boolean): Promise<void> {
    while (!holds(this)) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** Variables that say, each time they are sent, where the follower stands. */
  protected variablesOf({ variables }: FollowerOperation): { readonly [name: string]: unknown } {
    return Object.defineProperty({ ...variables }, "afterSeq", { enumerable: true, get: () => this.#lastSeq });
  }

  protected readonly sink = {
    next: (result: unknown): void => {
      // Both clients hand on what the platform sent.
      const { data, errors } = result as Result;
      if (errors !== undefined) this.errors.push(...errors);
      for (const { events, lastSeq } of Object.values(data ?? {})) {
        for (const { seq, kind } of events) {
          this.seqs.push(seq);
          this.kinds.push(kind);
        }
        this.#lastSeq = lastSeq;
      }
      this.woken();
    },
    error: (err: unknown): void => {
      this.errors.push(err);
      this.woken();
    },
    complete: (): void => {
      this.completed = true;
      this.woken();
    },
  };

  protected woken(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const resolve of wake) resolve();
  }
}

/** `graphql-ws`, with its key in `connection_init` as a browser has to send it. */
export class WsFollower extends Follower {
  /** How its connections ended. */
  readonly closed: { readonly code: number; readonly reason: string }[] = [];
  readonly #client;
  #socket: WebSocket | undefined;

  constructor({ url, org, apiKey }: FollowerTarget, operation: FollowerOperation) {
    super();
    this.#client = createWsClient({
      url: `${url.replace(/^http/, "ws")}/graphql?org=${org}`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${apiKey}` },
      retryAttempts: RETRIES,
      retryWait: () => sleep(RETRY_MS),
      shouldRetry: () => true,
      on: {
        connected: (socket) => {
          // The socket is of the implementation that was given.
          this.#socket = socket as WebSocket;
          this.connections += 1;
          this.woken();
        },
        closed: (event) => {
          // As `ws` says it.
          const { code, reason } = event as { readonly code: number; readonly reason: string };
          this.closed.push({ code, reason });
          this.woken();
        },
      },
    });
    this.#client.subscribe({ query: operation.query, variables: this.variablesOf(operation) }, this.sink);
  }

  /** Stops reading. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  cut(): void {
    this.#socket?.terminate();
  }

  dispose(): void {
    void this.#client.dispose();
  }
}

/** `graphql-sse` in distinct connections mode. */
export class SseFollower extends Follower {
  readonly #client;
  #connection = new AbortController();

  constructor({ url, apiKey }: FollowerTarget, operation: FollowerOperation) {
    super();
    this.#client = createSseClient({
      url: `${url}/graphql/stream`,
      headers: { authorization: `Bearer ${apiKey}` },
      retryAttempts: RETRIES,
      retry: () => sleep(RETRY_MS),
      fetchFn: (input: string, init: RequestInit) => {
        this.#connection = new AbortController();
        const signals = [this.#connection.signal, ...(init.signal ? [init.signal] : [])];
        return fetch(input, { ...init, signal: AbortSignal.any(signals) });
      },
      on: {
        connected: () => {
          this.connections += 1;
          this.woken();
        },
      },
    });
    this.#client.subscribe({ query: operation.query, variables: this.variablesOf(operation) }, this.sink);
  }

  cut(): void {
    this.#connection.abort();
  }

  dispose(): void {
    this.#client.dispose();
  }
}
