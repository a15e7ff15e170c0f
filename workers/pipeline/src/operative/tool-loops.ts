/**
 * Sees a model that goes in circles: the same calls with the same input and the same results, over and over. More of them
 * would cost money and bring nothing, so spend stops where there is no evidence of progress.
 */
import { digestOf } from "@factory/schemas";

/** Longest cycle that is looked for, in calls: write, check, read. */
const MAX_PERIOD = 3;
/** Rounds of one cycle after which it is a loop. */
export const LOOP_ROUNDS = 3;
/** UTF-16 units of a call's input that a message shows. */
const SHOWN_INPUT_CHARS = 80;

/** Who made a call: the model itself, or code that it wrote. */
export type Caller = "model" | "code";

type Call = { readonly digest: string; readonly shown: string };

/** The calls of one attempt, as far back as a loop reaches. */
export class ToolLoops {
  /** Not persisted: the latest calls; an attempt that is interrupted is not gone on with. */
  readonly #every: Call[] = [];
  /** Not persisted: of these, the model's own: code with many calls of its own would hide that it is run again and again. */
  readonly #own: Call[] = [];

  /**
   * Notes a call that has been answered.
   *
   * @param result - what the caller was answered, a failure included
   * @returns the calls of the loop that it closes, in order, as text; null when it closes none
   */
  add(caller: Caller, name: string, input: unknown, result: object): string[] | null {
    const text = JSON.stringify(input) ?? "";
    const call = { digest: digestOf({ name, input: plain(input), result: plain(result) }), shown: `${name} ${shortened(text)}` };
    this.#every.push(call);
    if (caller === "model") this.#own.push(call);
    for (const calls of [this.#every, this.#own]) {
      const cycle = cycleAtEnd(calls);
      if (cycle !== null) return cycle.map(({ shown }) => shown);
      if (calls.length > MAX_PERIOD * LOOP_ROUNDS) calls.shift();
    }
    return null;
  }
}

/** The shortest cycle that the last calls repeat often enough. */
function cycleAtEnd(calls: readonly Call[]): readonly Call[] | null {
  for (let period = 1; period <= MAX_PERIOD; period++) {
    const last = calls.slice(-period * LOOP_ROUNDS);
    if (last.length === period * LOOP_ROUNDS && last.every(({ digest }, at) => digest === last[at % period]?.digest)) return last.slice(0, period);
  }
  return null;
}

/** A round trip through JSON drops what is undefined, as canonical JSON demands. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}

function shortened(text: string): string {
  return text.length <= SHOWN_INPUT_CHARS ? text : `${text.slice(0, SHOWN_INPUT_CHARS)} [cut]`;
}
