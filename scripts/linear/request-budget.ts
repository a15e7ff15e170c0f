/** Linear's request limit: so many requests of a user in a window, told in headers. */

/** How many requests in how long. */
export type BudgetOptions = { readonly requests: number; readonly windowMs: number };

/** What a request leaves; `retryAfterSeconds` is set when there was nothing left for it. */
export type Spent = { readonly headers: { readonly [name: string]: string }; readonly retryAfterSeconds?: number };

/** Counts the requests of each user in fixed windows. */
export class RequestBudget {
  readonly #options: BudgetOptions;
  readonly #now: () => number;
  readonly #windows = new Map<string, { readonly endsAt: number; count: number }>();

  constructor(options: BudgetOptions, now: () => number = Date.now) {
    this.#options = options;
    this.#now = now;
  }

  /** Takes one request from a user's budget. */
  spend(userId: string): Spent {
    const { requests, windowMs } = this.#options;
    const now = this.#now();
    let window = this.#windows.get(userId);
    if (window === undefined || window.endsAt <= now) this.#windows.set(userId, (window = { endsAt: now + windowMs, count: 0 }));
    window.count += 1;
    const left = requests - window.count;
    return {
      headers: {
        "x-ratelimit-requests-limit": String(requests),
        "x-ratelimit-requests-remaining": String(Math.max(0, left)),
        "x-ratelimit-requests-reset": String(window.endsAt),
      },
      ...(left < 0 ? { retryAfterSeconds: Math.ceil((window.endsAt - now) / 1_000) } : {}),
    };
  }
}
