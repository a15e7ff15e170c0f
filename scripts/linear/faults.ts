/** How the stand-in fails on demand. */
import type { ServerResponse } from "node:http";
import { errorBody } from "./linear-error.ts";

/** What happens to a request instead of, or after, its execution. */
export type Fault = {
  /** Requests that it happens to; once unless told otherwise. */
  readonly times?: number;
  /** Only requests with this field at their root. */
  readonly field?: string;
} & (
  | { readonly kind: "rate-limited"; readonly retryAfterSeconds?: number; readonly status?: 429 | 400 }
  /** A status with no GraphQL body, as a proxy in between gives it. */
  | { readonly kind: "status"; readonly status: number }
  /** The connection ends before anything is done. */
  | { readonly kind: "drop" }
  /** Everything is done and the connection ends before the caller hears of it. */
  | { readonly kind: "drop-after" }
);

const DEFAULT_RETRY_SECONDS = 1;

/** The faults that are yet to happen. */
export class Faults {
  #waiting: { readonly fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The fault that a request with these root fields meets, which is used up by it. */
  take(fields: readonly string[]): Fault | undefined {
    const next = this.#waiting.find(({ fault }) => fault.field === undefined || fields.includes(fault.field));
    if (next === undefined) return undefined;
    next.left -= 1;
    if (next.left <= 0) this.#waiting = this.#waiting.filter((each) => each !== next);
    return next.fault;
  }

  /** The status that a fault is answered with. */
  statusOf(fault: Fault): number {
    if (fault.kind === "status") return fault.status;
    return fault.kind === "rate-limited" ? (fault.status ?? 429) : 0;
  }

  /** Lets a request fail. */
  answer(fault: Fault, response: ServerResponse): void {
    if (fault.kind === "drop" || fault.kind === "drop-after") {
      response.destroy();
      return;
    }
    if (fault.kind === "status") {
      response.writeHead(fault.status, { "content-type": "text/plain" });
      response.end("upstream error\n");
      return;
    }
    response.writeHead(this.statusOf(fault), {
      "content-type": "application/json; charset=utf-8",
      "retry-after": String(fault.retryAfterSeconds ?? DEFAULT_RETRY_SECONDS),
    });
    response.end(errorBody("ratelimited", "RATELIMITED", "Rate limit exceeded."));
  }
}
