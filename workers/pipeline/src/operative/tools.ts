/** The tools of an attempt over its workspace. Each call passes the gate first; what a model did wrong it is told, in data. */
import { messageOf } from "@factory/durable";
import { isToolName, TOOL_NAMES, TOOLS } from "@factory/gears";
import type { ToolInput, ToolName } from "@factory/gears";
import { FactoryError } from "@factory/schemas";
import { WorkspaceError } from "@factory/workspace";
import type { Workspace } from "@factory/workspace";
import { tool, zodSchema } from "ai";
import type { Schema, ToolSet } from "ai";
import { z } from "zod";
import { AttemptStopped } from "./attempt-control.ts";
import type { AttemptControl } from "./attempt-control.ts";
import type { CheckRunner } from "./check-runner.ts";
import type { CodeRunner } from "./code-tool.ts";
import type { ConsentGate } from "./consent-gate.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { LOOP_ROUNDS, ToolLoops } from "./tool-loops.ts";
import type { Caller } from "./tool-loops.ts";

/** Tool calls of one attempt; a unit needs a dozen, so this only ends a model that goes in circles. */
export const MAX_TOOL_CALLS = 120;
/** UTF-16 units of a file that a model is shown at once: a few tens of thousands of tokens. */
export const MAX_READ_CHARS = 131_072;
/** Paths one listing shows. */
export const MAX_LISTED = 1_000;

/** What tools work with. */
export interface ToolDeps {
  readonly workspace: Workspace;
  readonly checks: Pick<CheckRunner, "run">;
  readonly code: Pick<CodeRunner, "run">;
  readonly gate: ConsentGate;
  readonly control: AttemptControl;
  readonly lease: LeaseKeeper;
}

/** What each tool does with input that fits its schema; the answer is data for whoever called. */
type ToolHandlers = { readonly [N in ToolName]: (input: ToolInput<N>) => Promise<object> };

/** Not persisted: the registry's schemas as the AI SDK takes them; each is turned into JSON Schema once, not with each model call. */
const INPUT_SCHEMAS = new Map<ToolName, Schema>(
  // The union of the registry's schemas has no common input type; `callTool` parses whatever comes.
  TOOL_NAMES.map((name) => [name, zodSchema(TOOLS[name].input as z.ZodType)]),
);

function inputSchemaOf(name: ToolName): Schema {
  const schema = INPUT_SCHEMAS.get(name);
  if (schema === undefined) throw new FactoryError("INTERNAL", `The tool ${name} has no schema.`);
  return schema;
}

/** Tools of one attempt. */
export class AttemptTools {
  readonly #deps: ToolDeps;
  readonly #handlers: ToolHandlers;
  readonly #loops = new ToolLoops();
  #calls = 0;

  constructor(deps: ToolDeps) {
    this.#deps = deps;
    const { workspace, checks, code } = deps;
    this.#handlers = {
      read_file: ({ path }) => this.#read(path),
      write_file: async ({ path, content }) => this.#write(path, content),
      list_files: async ({ prefix }) => this.#list(prefix),
      search_files: ({ text, prefix }) => workspace.search(text, prefix),
      run_checks: () => checks.run(),
      run_code: ({ code: text }) => code.run(text, (name, input) => this.#call("code", name, input)),
      ask_clarification: async ({ question }) => this.#ask(question),
    };
  }

  /** Whether no further call will run. */
  get exhausted(): boolean {
    return this.#calls >= MAX_TOOL_CALLS;
  }

  /** The permitted tools as the AI SDK takes them. */
  toolSet(permitted: readonly string[]): ToolSet {
    return Object.fromEntries(
      permitted.filter(isToolName).map((name) => {
        const { description } = TOOLS[name];
        return [name, tool({ description, inputSchema: inputSchemaOf(name), execute: (sent: unknown) => this.callTool(name, sent) })];
      }),
    );
  }

  /**
   * The one way to a tool, for the model's calls and for those of code that it wrote: bounded, through the gate, counted.
   * What the caller did wrong is in the answer, as `{ error, message }`.
   *
   * @throws AttemptStopped when the call may not run, when it closes a loop, or when the attempt is over
   */
  async callTool(name: string, input: unknown): Promise<object> {
    return this.#call("model", name, input);
  }

  async #call(caller: Caller, name: string, input: unknown): Promise<object> {
    const { gate, control, lease } = this.#deps;
    control.check();
    if (this.exhausted) return { error: "TOOL_LIMIT", message: `All ${MAX_TOOL_CALLS} tool calls are used. Give your report now.` };
    this.#calls += 1;
    const verdict = await gate.authorise(name, input);
    if (!verdict.ok) {
      control.stop(verdict.stop);
      throw new AttemptStopped(verdict.stop.kind);
    }
    if (!isToolName(name)) throw new FactoryError("INTERNAL", `The gate let ${name} pass, which is no tool.`);
    const result = await lease.during(() => this.#run(name, input));
    this.#stopLoop(this.#loops.add(caller, name, input, result));
    return result;
  }

  #stopLoop(calls: readonly string[] | null): void {
    if (calls === null) return;
    const { control } = this.#deps;
    control.stop({ kind: "loop", message: `The attempt went in circles: ${calls.join(", then ")}, ${LOOP_ROUNDS} times with the same results.` });
    control.check();
  }

  async #run<N extends ToolName>(name: N, input: unknown): Promise<object> {
    const { control } = this.#deps;
    const parsed = TOOLS[name].input.safeParse(input);
    if (!parsed.success) return { error: "INVALID_INPUT", message: z.prettifyError(parsed.error) };
    try {
      // The registry's schema of a name parses to that name's input; the type of an indexed access loses the connection.
      return await control.race(this.#handlers[name](parsed.data as ToolInput<N>));
    } catch (err) {
      if (err instanceof WorkspaceError) return { error: err.fault, message: err.message };
      // The SDK would show it to the model as a failed call, but no model can mend the platform.
      if (!(err instanceof AttemptStopped)) control.stop({ kind: "broken", message: `${name}: ${messageOf(err)}` });
      throw err;
    }
  }

  async #read(path: string): Promise<object> {
    const content = await this.#deps.workspace.read(path);
    if (content.length <= MAX_READ_CHARS) return { path, content };
    return { path, content: content.slice(0, MAX_READ_CHARS), cut: true, chars: content.length };
  }

  #write(path: string, content: string): object {
    this.#deps.workspace.write(path, content);
    return { path, written: content.length };
  }

  #list(prefix: string | undefined): object {
    const files = this.#deps.workspace.list(prefix);
    return files.length <= MAX_LISTED ? { files } : { files: files.slice(0, MAX_LISTED), more: files.length - MAX_LISTED };
  }

  #ask(question: string): object {
    this.#deps.control.stop({ kind: "clarification", question });
    return { asked: true };
  }
}
