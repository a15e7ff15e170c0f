/** A Linear that answers what a test has written down, in order. */
import { ManualClock } from "@factory/durable/testing";
import { LinearApi } from "../linear-api/index.ts";
import type { Pace } from "../linear-api/index.ts";

/** What a request is met with: an answer, or what becomes of the connection. */
export type Scripted = Response | Error | "silence";

/** A request as it left. */
export type Sent = { readonly url: string; readonly init: RequestInit; readonly query: string; readonly variables: { readonly [name: string]: unknown } };

/** An endpoint that answers by script. */
export class ScriptedLinear {
  readonly clock = new ManualClock();
  readonly sent: Sent[] = [];
  readonly #script: Scripted[];
  readonly #silent = Promise.withResolvers<void>();

  constructor(...script: Scripted[]) {
    this.#script = script;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (typeof init.body !== "string") throw new TypeError("A request has a text.");
    this.sent.push({ url, init, ...JSON.parse(init.body) });
    const next = this.#script.shift();
    if (next === undefined) throw new Error("The script has no further answer.");
    if (next instanceof Error) throw next;
    if (next !== "silence") return next;
    // Nobody answers; the caller gives up when its time is over.
    const { promise, reject } = Promise.withResolvers<never>();
    this.#silent.resolve();
    init.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    return promise;
  };

  /** Resolves when a request has left that nobody answers. */
  get silent(): Promise<void> {
    return this.#silent.promise;
  }

  /** A client of it. */
  api(pace?: Pace): LinearApi {
    const { now, startTimeout } = this.clock;
    return new LinearApi({
      url: "https://linear.example/graphql",
      apiKey: "lin_api_secret",
      fetch: this.fetch,
      now,
      startTimeout,
      ...(pace === undefined ? {} : { pace }),
    });
  }
}

/** An answer with data. */
export function data(value: object): Response {
  return Response.json({ data: value });
}

/** How an answer with one error differs from Linear's usual one. */
export type Refused = { readonly status?: number; readonly headers?: { readonly [name: string]: string }; readonly extensions?: object };

/** An answer with one error, by default with the status that Linear gives those of GraphQL. */
export function refused(message: string, { status = 200, headers = {}, extensions }: Refused = {}): Response {
  return Response.json({ errors: [{ message, ...(extensions === undefined ? {} : { extensions }) }] }, { status, headers });
}
