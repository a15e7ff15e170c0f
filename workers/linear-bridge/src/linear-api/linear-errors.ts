/** What Linear refuses with, in the two shapes that a loop inspects. */
import { RetryableError, TerminalError } from "@factory/durable";
import { z } from "zod";

/** One error of a GraphQL answer, as far as it is read. */
export const graphqlError = z.looseObject({
  message: z.string(),
  extensions: z
    .looseObject({
      code: z.string().optional(),
      type: z.string().optional(),
      userPresentableMessage: z.string().optional(),
    })
    .optional(),
});
type GraphqlError = z.infer<typeof graphqlError>;

/** The id that a creation brought is taken: the thing is there, since nobody else makes such ids. */
export class LinearConflict extends TerminalError {
  override readonly name = "LinearConflict";
}

/** Linear refuses the request as it is; no repetition helps. */
export class LinearRefusal extends TerminalError {
  override readonly name = "LinearRefusal";
  /** Linear's own word for it, such as `INPUT_ERROR`; empty where it gave none. */
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Linear asks to wait. */
export class RateLimited extends RetryableError {
  override readonly name = "RateLimited";
  /** In milliseconds. */
  readonly waitMs: number;

  constructor(message: string, waitMs: number) {
    super(message, { retryAfterMs: waitMs });
    this.waitMs = waitMs;
  }
}

/** Waits after a refusal that only a person or time mends: a wrong key, a missing permission, a plan's limit. */
export const ACCESS_RETRY_MS = 5 * 60_000;
/** Shortest wait after a rate limit that says none. */
export const RATE_RETRY_MS = 15_000;
/** Longest wait that a rate limit may ask for: its window is an hour. */
export const MAX_RATE_WAIT_MS = 60 * 60_000;

/** Header names in which Linear says when a limit's window begins anew, in epoch milliseconds. */
const RESETS = [
  { left: "x-ratelimit-requests-remaining", resetAt: "x-ratelimit-requests-reset" },
  { left: "x-ratelimit-complexity-remaining", resetAt: "x-ratelimit-complexity-reset" },
  { left: "x-ratelimit-endpoint-requests-remaining", resetAt: "x-ratelimit-endpoint-requests-reset" },
] as const;

/**
 * How long a limited caller has to wait, in milliseconds: `retry-after` in seconds or as a date, else the latest reset of a
 * window that is used up.
 *
 * @param now - epoch milliseconds
 */
export function rateWaitMs(headers: Headers, now: number): number {
  const after = headers.get("retry-after");
  const told = after === null ? Number.NaN : /^\d+(\.\d+)?$/.test(after.trim()) ? Number(after) * 1_000 : Date.parse(after) - now;
  const resets = RESETS.flatMap(({ left, resetAt }) => {
    const reset = Number(headers.get(resetAt) ?? Number.NaN);
    const remaining = headers.get(left);
    return Number.isFinite(reset) && (remaining === null || Number(remaining) <= 0) ? [reset - now] : [];
  });
  const waits = (Number.isFinite(told) && told > 0 ? [told] : resets).filter((wait) => wait > 0);
  return Math.ceil(Math.min(MAX_RATE_WAIT_MS, waits.length === 0 ? RATE_RETRY_MS : Math.max(...waits)));
}

/**
 * The error that an answer with errors, or with a status that is none of success, stands for.
 *
 * @param operation - what was asked, for the message
 * @param now - epoch milliseconds
 */
export function errorOfAnswer(operation: string, status: number, headers: Headers, errors: readonly GraphqlError[], now: number): Error {
  const [first] = errors;
  const code = (first?.extensions?.code ?? first?.extensions?.type ?? "").toUpperCase();
  const text = `${operation}: ${first?.extensions?.userPresentableMessage ?? first?.message ?? `Linear answered ${status}.`}`;
  if (status === 429 || errors.some((error) => isRateLimit(error))) return new RateLimited(text, rateWaitMs(headers, now));
  if (status === 401 || status === 403 || /AUTHENTICATION|FORBIDDEN|USAGE.LIMIT|FEATURE.NOT/.test(code)) {
    return new RetryableError(text, { retryAfterMs: ACCESS_RETRY_MS });
  }
  if (errors.some(isConflict)) return new LinearConflict(text);
  if (first === undefined || status >= 500 || /INTERNAL|LOCK|NETWORK|BOOTSTRAP/.test(code)) return new RetryableError(text);
  return new LinearRefusal(text, code);
}

/** By its code. A message counts only where there is none, since messages repeat what they were given. */
function isRateLimit({ message, extensions }: GraphqlError): boolean {
  const codes = [extensions?.code, extensions?.type].filter((code) => code !== undefined);
  return (codes.length === 0 ? [message] : codes).some((text) => /rate.?limit/i.test(text));
}

/** Linear refuses a request that names what is not there by words only. */
export function isNotFound({ message }: LinearRefusal): boolean {
  return /\bentity not found\b|\bcould not find\b/i.test(message);
}

/** Linear has no code of its own for a creation under an id that is taken. */
function isConflict({ message, extensions }: GraphqlError): boolean {
  return /conflict on insert/i.test(message) || /\balready exists\b/i.test(`${message} ${extensions?.userPresentableMessage ?? ""}`);
}
