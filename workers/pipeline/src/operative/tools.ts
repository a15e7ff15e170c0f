/** The tools of an attempt over its workspace. Each call passes the gate first; what a model did wrong it is told, in data. */
import { messageOf } from "@factory/durable";
import { isToolName, TOOLS } from "@factory/gears";
import type { ToolInput, ToolName } from "@factory/gears";
import { WorkspaceError } from "@factory/workspace";
import type { Workspace } from "@factory/workspace";
import { tool } from "ai";
import type { ToolSet } from "ai";
import type { z } from "zod";
import { AttemptStopped } from "./attempt-control.ts";
import type { AttemptControl } from "./attempt-control.ts";
import type { CheckRunner } from "./check-runner.ts";
import type { ConsentGate } from "./consent-gate.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";

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
  readonly gate: ConsentGate;
  readonly control: AttemptControl;
  readonly lease: LeaseKeeper;
}

/** Tools of one attempt. */
export class AttemptTools {
  readonly #deps: ToolDeps;
  #calls = 0;

  constructor(deps: ToolDeps) {
    this.#deps = deps;
  }

  /** Whether no further call will run. */
  get exhausted(): boolean {
    return this.#calls >= MAX_TOOL_CALLS;
  }

  /** The permitted tools as the AI SDK takes them. */
  toolSet(permitted: readonly string[]): ToolSet {
    return Object.fromEntries(permitted.filter(isToolName).map((name) => [name, this.#tool(name)]));
  }

  #tool(name: ToolName): ToolSet[string] {
    switch (name) {
      case "read_file":
        return this.#define(name, ({ path }) => this.#read(path));
      case "write_file":
        return this.#define(name, async ({ path, content }) => this.#write(path, content));
      case "list_files":
        return this.#define(name, async ({ prefix }) => this.#list(prefix));
      case "search_files":
        return this.#define(name, ({ text, prefix }) => this.#deps.workspace.search(text, prefix));
      case "run_checks":
        return this.#define(name, () => this.#deps.checks.run());
      case "ask_clarification":
        return this.#define(name, async ({ question }) => this.#ask(question));
      default:
        return name satisfies never;
    }
  }

  #define<N extends ToolName>(name: N, run: (input: ToolInput<N>) => Promise<object>): ToolSet[string] {
    const { description } = TOOLS[name];
    // The registry's schema of a name parses to that name's input; the type of an indexed access loses the connection.
    const inputSchema = TOOLS[name].input as unknown as z.ZodType<ToolInput<N>>;
    return tool({ description, inputSchema, execute: (input: ToolInput<N>) => this.#call(name, input, () => run(input)) });
  }

  async #call(name: ToolName, input: unknown, run: () => Promise<object>): Promise<object> {
    const { gate, control, lease } = this.#deps;
    control.check();
    if (this.exhausted) return { error: "TOOL_LIMIT", message: `All ${MAX_TOOL_CALLS} tool calls are used. Give your report now.` };
    this.#calls += 1;
    const verdict = gate.authorise(name, input);
    if (!verdict.ok) {
      control.stop({ kind: "denied", message: verdict.message });
      throw new AttemptStopped("denied");
    }
    try {
      return await lease.during(() => control.race(run()));
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
