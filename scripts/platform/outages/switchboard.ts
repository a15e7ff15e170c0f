/**
 * Outages that a test begins and ends while the platform runs. Each call of a binding, and of a class that is watched, asks here what
 * is to happen to it; with no outage that fits, nothing does.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import type { RpcFault } from "./disturbed-worker.ts";
import type { Fault } from "../../chaos/faults.ts";

const question = z.object({
  kind: z.enum(["r2", "kv", "d1", "queue", "rpc"]),
  /** The Worker, and the binding or the exported class. */
  site: z.string().min(1),
  /** The method; of `decide` also what is asked. */
  operation: z.string().min(1),
});
type Question = z.infer<typeof question>;

/** What is down, and how. */
export type OutageOptions = {
  readonly kind: Question["kind"];
  /** Sites that it strikes; all of the kind unless told otherwise. */
  readonly site?: RegExp;
  /** Operations that it strikes; all of them unless told otherwise. */
  readonly operation?: RegExp;
  /** Calls that it lets through first. */
  readonly spares?: number;
  /** `hang`: there is no answer until the outage ends. A call fails unless told otherwise. */
  readonly how?: Fault | RpcFault | { readonly kind: "hang" };
};

/** An outage that is on. Dispose it, and it ends. */
export class Outage implements Disposable {
  readonly #options: OutageOptions;
  readonly #over: (outage: Outage) => void;
  readonly #held: (() => void)[] = [];
  readonly #waiting = new Set<() => void>();
  #spared = 0;
  /** Calls that it struck, as `site operation`. */
  readonly strikes: string[] = [];

  constructor(options: OutageOptions, over: (outage: Outage) => void) {
    this.#options = options;
    this.#over = over;
  }

  /** Whether it strikes a call; counts those that it spares. */
  takes({ kind, site, operation }: Question): boolean {
    const { site: sites = /^/, operation: operations = /^/, spares = 0 } = this.#options;
    if (kind !== this.#options.kind || !sites.test(site) || !operations.test(operation)) return false;
    if (this.#spared >= spares) return true;
    this.#spared += 1;
    return false;
  }

  /** Notes a call and answers what happens to it, at the end of the outage where it hangs. */
  strike({ site, operation }: Question, answer: (fault: object | null) => void): void {
    this.strikes.push(`${site} ${operation}`);
    for (const look of this.#waiting) look();
    const { how = { kind: "fail" } } = this.#options;
    if (how.kind === "hang") this.#held.push(() => answer(null));
    else answer(how);
  }

  /** Resolves once the outage has struck so many times. @throws Error when it does not in time: an outage that nobody notices proves nothing */
  async struck(times = 1, withinMs = 60_000): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (this.strikes.length >= times) resolve();
    };
    const late = setTimeout(() => reject(new Error(`It struck ${this.strikes.length} of ${times} times within ${withinMs / 1_000} s.`)), withinMs);
    this.#waiting.add(look);
    look();
    try {
      await promise;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(look);
    }
  }

  /** What is down comes back; calls that hung go on. */
  end(): void {
    this.#over(this);
    for (const go of this.#held.splice(0)) go();
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** Where the platform asks; it outlives every crash of it. */
export class Switchboard implements AsyncDisposable {
  readonly #server: Server;
  readonly #outages = new Set<Outage>();

  private constructor() {
    this.#server = createServer((request, response) => this.#answer(new URL(request.url ?? "/", "http://switchboard").searchParams, response));
  }

  /** Starts one on a free port of 127.0.0.1. */
  static async start(): Promise<Switchboard> {
    const board = new Switchboard();
    await new Promise<void>((resolve) => board.#server.listen(0, "127.0.0.1", resolve));
    return board;
  }

  /** Host and port. */
  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new TypeError("The switchboard is not listening.");
    return `127.0.0.1:${address.port}`;
  }

  /** From now on what the options name is down. */
  begin(options: OutageOptions): Outage {
    const outage = new Outage(options, (over) => this.#outages.delete(over));
    this.#outages.add(outage);
    return outage;
  }

  /** Everything comes back. */
  endAll(): void {
    for (const outage of this.#outages) outage.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endAll();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #answer(params: URLSearchParams, response: ServerResponse): void {
    const asked = question.safeParse(Object.fromEntries(params));
    response.writeHead(asked.success ? 200 : 400, { "content-type": "application/json" });
    if (!asked.success) return void response.end(JSON.stringify(z.prettifyError(asked.error)));
    const outage = [...this.#outages].find((each) => each.takes(asked.data));
    if (outage === undefined) response.end("null");
    else outage.strike(asked.data, (fault) => response.end(JSON.stringify(fault)));
  }
}
