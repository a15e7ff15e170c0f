/** The two shapes of failure that a loop inspects; every other thrown value is taken as retryable without a hint. */

/** A failure that no repetition mends. */
export class TerminalError extends Error {
  override readonly name: string = "TerminalError";
}

/** What a retryable failure knows about the next attempt. */
export interface RetryableErrorOptions extends ErrorOptions {
  /** Shortest wait before the next attempt, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** A failure that a later attempt may not meet. */
export class RetryableError extends Error {
  override readonly name: string = "RetryableError";
  /** Shortest wait before the next attempt, in milliseconds; absent when the failing side did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: RetryableErrorOptions = {}) {
    super(message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** A deadline passed before the work settled; whether the work took effect is unknown. */
export class DeadlineError extends RetryableError {
  override readonly name: string = "DeadlineError";
}

/** A failure in the form in which it is stored and compared. */
export type Failure =
  | { readonly kind: "terminal"; readonly message: string }
  | { readonly kind: "retryable"; readonly message: string; readonly retryAfterMs?: number };

/** Reads a thrown value as a failure; what is not a {@link TerminalError} may be tried again. */
export function failureOf(err: unknown): Failure {
  const message = messageOf(err);
  if (err instanceof TerminalError) return { kind: "terminal", message };
  if (err instanceof RetryableError && err.retryAfterMs !== undefined) {
    return { kind: "retryable", message, retryAfterMs: err.retryAfterMs };
  }
  return { kind: "retryable", message };
}

/** The text of a thrown value, whatever was thrown. */
export function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
