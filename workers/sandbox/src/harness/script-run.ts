/**
 * A script and the calls it makes. The sandbox calls nobody: calls are answered from the record, and those that are not on it end
 * the run. The record is kept in rounds, the calls that were open when nothing else could go on, and a round is answered at that
 * same moment of every run: what comes after it then follows from the code alone.
 */
import type { ScriptCall, ScriptRound } from "@factory/schemas";
import { turn } from "./platform.ts";
import type { RawFault, ScriptTask } from "./raw-report.ts";
import type { Session } from "./session.ts";

/** How a run of a script ended; the fault is one that the session does not know of. */
export type ScriptEnd = { readonly value: unknown } | { readonly pending: readonly ScriptCall[] } | { readonly fault: RawFault } | { readonly error: unknown };

/** What a script is thrown when a call failed. */
class ToolError extends Error {
  code = "";

  constructor() {
    super("");
    this.name = "ToolError";
  }
}

type OpenCall = ScriptCall & {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ToolError) => void;
  /** Made where the call was, so that its stack names the place. */
  readonly error: ToolError;
};

/** Names that are tools. What the language or a printer looks up by itself, such as `then` and `toJSON`, is none. */
const TOOL_NAME = /^[a-z][a-z0-9_]{0,63}$/;
const { parse, stringify } = JSON;

export class ScriptRun {
  /** What the script is given: each of its members is a function that asks for a call of the tool of that name. */
  readonly tools: object;
  readonly #task: ScriptTask;
  readonly #session: Session;
  #open: OpenCall[] = [];
  #answered = 0;
  #calls = 0;
  #inputChars = 0;

  constructor(task: ScriptTask, session: Session) {
    this.#task = task;
    this.#session = session;
    this.tools = new Proxy(Object.freeze(Object.create(null) as object), {
      get: (_target, name) => (isToolName(name) ? async (input: unknown) => this.#call(name, input) : undefined),
    });
  }

  /**
   * Runs a script until it has ended with every call that it made answered, or nothing can go on without an answer. A call is made
   * whether the script waits for it or not.
   */
  async drive(script: () => Promise<unknown>): Promise<ScriptEnd> {
    const settled: { end?: ScriptEnd } = {};
    script().then(
      (value) => void (settled.end = { value }),
      (error: unknown) => void (settled.end = { error }),
    );
    for (;;) {
      await turn();
      const [fault] = this.#session.faults;
      if (fault !== undefined) return { fault };
      const { end } = settled;
      if (end !== undefined && this.#open.length === 0) return this.#task.rounds.length > this.#answered ? { fault: this.#notRepeated() } : end;
      if (this.#session.advance()) continue;
      if (this.#open.length === 0) return { fault: { code: "HANGING", message: "It waits for something that never comes" } };
      const round = this.#task.rounds[this.#answered];
      if (round === undefined) return { pending: this.#open.map(({ tool, input }) => ({ tool, input })) };
      if (!this.#asks(round)) return { fault: this.#notRepeated() };
      this.#answer(round);
    }
  }

  #call(tool: string, input: unknown): Promise<unknown> {
    const { maxCalls, maxInputChars } = this.#task;
    const error = new ToolError();
    const text: string | undefined = input === undefined ? "{}" : stringify(input);
    if (text === undefined) throw new TypeError(`The input of ${tool} is a ${typeof input}, which JSON does not have`);
    this.#calls += 1;
    this.#inputChars += text.length;
    if (this.#calls > maxCalls) this.#refuse(`A script makes at most ${maxCalls} calls`);
    if (this.#inputChars > maxInputChars) this.#refuse(`The inputs of a script's calls are longer than ${maxInputChars} characters`);
    return new Promise((resolve, reject) => {
      this.#open.push({ tool, input: text, resolve, reject, error });
    });
  }

  /** A call that fails is a promise that nobody may look at, so the code is stopped by its fuel as well. */
  #refuse(message: string): never {
    this.#session.meter.f = 0;
    return this.#session.fail("OUTPUT", message);
  }

  #asks(round: ScriptRound): boolean {
    return (
      round.length === this.#open.length && round.every(({ call }, index) => call.tool === this.#open[index]?.tool && call.input === this.#open[index]?.input)
    );
  }

  #answer(round: ScriptRound): void {
    const open = this.#open;
    this.#open = [];
    this.#answered += 1;
    this.#session.meter.d = 0;
    for (const [index, { tool, resolve, reject, error }] of open.entries()) {
      const answer = round[index]?.answer;
      if (answer?.ok === true) {
        resolve(parse(answer.value));
        continue;
      }
      error.code = answer?.code ?? "";
      error.message = `${tool}: ${answer?.message ?? ""}`;
      reject(error);
    }
  }

  #notRepeated(): RawFault {
    const message = `In round ${this.#answered + 1} it made other calls than when it ran before with the same answers: what it asks must follow from its code and its answers alone`;
    return { code: "NONDETERMINISTIC", message };
  }
}

function isToolName(name: string | symbol): name is string {
  return typeof name === "string" && TOOL_NAME.test(name) && name !== "then" && !(name in Object.prototype);
}
