/**
 * `run_code`: TypeScript of the model's own in the sandbox, whose calls of tools are made here. The sandbox can call nobody: it
 * reports what the code asks for, each call takes the way of a direct one, and the code is run again with the answers.
 */
import type { ToolName } from "@factory/gears";
import { DEFAULT_CHECK_LIMITS, SCRIPT_LIMITS } from "@factory/schemas";
import type { CheckJob, CheckLimits, CheckReport, ScriptAnswer, ScriptCall, ScriptRound } from "@factory/schemas";
import { importClosure } from "@factory/verification";
import type { Sandbox } from "@factory/verification";
import type { Workspace } from "@factory/workspace";
import { z } from "zod";
import type { AttemptControl } from "./attempt-control.ts";
import { SANDBOX_WAITS_MS, SandboxSilent } from "./check-runner.ts";

/** Bounds of one run; each round has all of it. Value and console go into the model's context, so they are short. */
const CODE_LIMITS: CheckLimits = { ...DEFAULT_CHECK_LIMITS, outputChars: 32_000 };

/** The tool itself, which code may not call: a script in a script would multiply every bound. */
const OWN_NAME: ToolName = "run_code";

/** What a tool answers to a caller that did something wrong. */
const toolError = z.strictObject({ error: z.string(), message: z.string() });

/** Makes a call as the model would make it itself. @throws AttemptStopped when it may not run or the attempt is over. */
export type ToolCaller = (name: string, input: unknown) => Promise<object>;

type CodeEnd = { readonly value?: unknown } | { readonly error: string; readonly message: string; readonly file?: string; readonly line?: number };

/** What a model reads of a run of its code; `calls` counts those that were made, failed ones included. */
export type CodeResult = CodeEnd & { readonly console: string; readonly calls: number };

/** What running code needs. */
export interface CodeRunnerDeps {
  readonly sandbox: Sandbox;
  readonly control: Pick<AttemptControl, "check">;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  /** Waits for some milliseconds, or throws when the attempt is stopped. */
  readonly pause: (ms: number) => Promise<void>;
}

/** Runs a model's code over its workspace. */
export class CodeRunner {
  readonly #deps: CodeRunnerDeps;
  readonly #workspace: Workspace;

  constructor(deps: CodeRunnerDeps, workspace: Workspace) {
    this.#deps = deps;
    this.#workspace = workspace;
  }

  /**
   * Runs it until it ends or a bound is reached.
   *
   * @param code - a module; its default export is called with `tools`
   * @throws SandboxSilent when the sandbox gives no verdict; AttemptStopped when the attempt ends meanwhile
   */
  async run(code: string, callTool: ToolCaller): Promise<CodeResult> {
    const { module, files } = await this.#files(code);
    const clock = this.#deps.now();
    const record = new CallRecord(callTool);
    for (;;) {
      const report = await this.#check({ kind: "script", module, rounds: [...record.rounds], clock }, files);
      const { pending } = report;
      if (pending === undefined) return { ...endOf(report), console: report.console, calls: record.calls };
      const over = record.limitFor(pending);
      if (over !== undefined) return { error: "SCRIPT_LIMIT", message: over, console: report.console, calls: record.calls };
      await record.answer(pending);
    }
  }

  /** The code at the root of the workspace, with what it reaches of the files that may be read. They stay as they are now. */
  async #files(code: string): Promise<{ readonly module: string; readonly files: CheckJob["files"] }> {
    const readable = new Set(this.#workspace.list());
    const files = new Map([...(await this.#workspace.files())].filter(([path]) => readable.has(path)));
    let module = "run-code.ts";
    for (let copy = 1; files.has(module); copy++) module = `run-code-${copy}.ts`;
    files.set(module, code);
    return { module, files: Object.fromEntries(importClosure(files, [module])) };
  }

  async #check(task: Extract<CheckJob["task"], { kind: "script" }>, files: CheckJob["files"]): Promise<CheckReport> {
    const { sandbox, control, pause } = this.#deps;
    for (let tries = 0; ; tries++) {
      control.check();
      const report = await sandbox.check({ jobId: `${task.module}/${task.rounds.length}`, files, task, limits: CODE_LIMITS });
      if (report.fault?.code !== "INFRASTRUCTURE") return report;
      const waitMs = SANDBOX_WAITS_MS[tries];
      if (waitMs === undefined) throw new SandboxSilent(`the code could not be run: ${report.fault.message}`);
      await pause(waitMs);
    }
  }
}

/** The calls of one piece of code with their answers, in rounds. */
class CallRecord {
  readonly rounds: ScriptRound[] = [];
  readonly #callTool: ToolCaller;
  #calls = 0;
  #chars = 0;

  constructor(callTool: ToolCaller) {
    this.#callTool = callTool;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Why these calls may not be made; undefined when they may. */
  limitFor(pending: readonly ScriptCall[]): string | undefined {
    if (this.rounds.length >= SCRIPT_LIMITS.rounds) {
      return `The code waited for answers ${SCRIPT_LIMITS.rounds} times, the most it may. Wait for more calls at once, or do it in several runs.`;
    }
    if (this.#calls + pending.length > SCRIPT_LIMITS.calls) return `The code makes more than ${SCRIPT_LIMITS.calls} calls, the most it may.`;
    return undefined;
  }

  /** Makes the calls one after the other: a denial or a question ends the attempt before the next. */
  async answer(pending: readonly ScriptCall[]): Promise<void> {
    const round: ScriptRound = [];
    for (const call of pending) {
      this.#calls += 1;
      const answer = this.#bounded(await this.#made(call));
      round.push({ call, answer });
    }
    this.rounds.push(round);
  }

  async #made({ tool, input }: ScriptCall): Promise<ScriptAnswer> {
    if (tool === OWN_NAME) return { ok: false, code: "NESTED_CODE", message: "Code cannot run code." };
    const sent = parseJson(input);
    // The sandbox is not believed: a call that it reports passes the gate, and its input is parsed, like any other.
    if (!sent.ok) return { ok: false, code: "INVALID_INPUT", message: "The input is not JSON." };
    const answer = await this.#callTool(tool, sent.value);
    const failed = toolError.safeParse(answer);
    return failed.success ? { ok: false, code: failed.data.error, message: failed.data.message } : { ok: true, value: JSON.stringify(answer) };
  }

  #bounded(answer: ScriptAnswer): ScriptAnswer {
    if (!answer.ok) return answer;
    const left = SCRIPT_LIMITS.answerChars - this.#chars;
    if (answer.value.length > left) {
      return { ok: false, code: "TOO_LARGE", message: `The call was made, but its answer has ${answer.value.length} characters and only ${left} are left.` };
    }
    this.#chars += answer.value.length;
    return answer;
  }
}

/** What ended code has come to. */
function endOf({ fault, value }: CheckReport): CodeEnd {
  if (fault !== undefined) {
    const { code, message, file, line } = fault;
    return { error: code, message, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
  }
  if (value === undefined) return {};
  const parsed = parseJson(value);
  return parsed.ok ? { value: parsed.value } : { error: "OUTPUT", message: "The value is not JSON." };
}

function parseJson(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (err) {
    if (err instanceof SyntaxError) return { ok: false };
    throw err;
  }
}
