/** What no made-up input may bring about: a failure of the platform, or an answer that counts for nothing because too many were asked. */
import * as fc from "fast-check";
import type { Answer } from "../answers.ts";

/** Of every run, so that what was found is found again. */
export const FUZZ_SEED = Number(process.env["FACTORY_FUZZ_SEED"] ?? 20_260_804);
/** Longest that one kind of input is tried, in milliseconds. */
const WITHIN_MS = 60_000;

/** Connect codes that say that the platform failed, and not the caller. No neighbour is down, so it is never unavailable. */
const FAILURES: ReadonlySet<string> = new Set(["internal", "unknown", "data_loss", "unavailable", "deadline_exceeded"]);

/** What a failure is; null for an answer that a caller may get. 501 says that something is not supported, which is no failure. */
export function failureOf({ at, code }: Answer): string | null {
  if (FAILURES.has(at)) return `${at} ${code}`;
  if (/^5\d\d$/.test(at) && at !== "501") return `HTTP ${at} ${code}`;
  return code === "RATE_LIMITED" ? "too many calls: what follows proves nothing" : null;
}

/** How often each answer came. */
export class Tally {
  readonly #counts = new Map<string, number>();

  /** Counts an answer. @throws Error for one that is a failure */
  take(answer: Answer): Answer {
    const failure = failureOf(answer);
    if (failure !== null) throw new Error(`The platform failed: ${failure}`);
    const name = `${answer.at} ${answer.code}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    return answer;
  }

  /** How many answers there were of this kind. */
  of(isIt: (name: string) => boolean): number {
    return [...this.#counts].reduce((sum, [name, count]) => sum + (isIt(name) ? count : 0), 0);
  }

  /** All of it in a line. */
  toString(): string {
    const counts = [...this.#counts].toSorted(([, a], [, b]) => b - a);
    return counts.map(([name, count]) => `${count} × ${name}`).join(", ");
  }
}

/** Tries a property on made-up inputs. @throws Error with the input and the seed for the first that it does not hold for */
export async function tries<T>(numRuns: number, inputs: fc.Arbitrary<T>, property: (input: T) => Promise<void>): Promise<void> {
  await fc.assert(fc.asyncProperty(inputs, property), { seed: FUZZ_SEED, numRuns, interruptAfterTimeLimit: WITHIN_MS, markInterruptAsFailure: true });
}
