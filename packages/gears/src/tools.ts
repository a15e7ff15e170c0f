/** The tool registry: every tool an operative may be given, with the schema its input is parsed by. */
import { workspacePath } from "@factory/schemas";
import { z } from "zod";

/** What a tool does to the world; the consent record and the autonomy check key on it. */
export type ToolEffect = "read" | "write" | "check" | "execute" | "ask";

export type ToolSpec<Input extends z.ZodObject = z.ZodObject> = {
  readonly description: string;
  readonly effect: ToolEffect;
  /** Parses what a model sends; unknown fields are refused. */
  readonly input: Input;
};

/** Most characters a model may write into one file by a tool call, in UTF-16 units: 256 Ki. */
export const MAX_WRITE_CHARS = 262_144;

/** Most characters of code that a model may have run, in UTF-16 units: 64 Ki, which nobody writes for one use. */
export const MAX_CODE_CHARS = 65_536;

const tool = <Input extends z.ZodObject>(effect: ToolEffect, description: string, input: Input): ToolSpec<Input> => ({ effect, description, input });

/** Every tool by name. A name that is not here does not exist, whatever a policy says. */
export const TOOLS = {
  read_file: tool(
    "read",
    "Reads one text file of the workspace. Specification files are under `spec/`.",
    z.strictObject({ path: workspacePath.describe("Path relative to the workspace") }),
  ),
  write_file: tool(
    "write",
    "Creates or replaces one text file. Only paths in the directive's write scope are accepted.",
    z.strictObject({
      path: workspacePath.describe("Path relative to the workspace"),
      content: z.string().max(MAX_WRITE_CHARS).describe("The whole new content"),
    }),
  ),
  list_files: tool(
    "read",
    "Lists the files of the workspace, sorted.",
    z.strictObject({ prefix: z.string().max(512).optional().describe("Only paths that begin with this") }),
  ),
  search_files: tool(
    "read",
    "Finds lines that contain a text, with path and line number. The text is taken literally.",
    z.strictObject({
      text: z.string().min(1).max(512).describe("What to look for"),
      prefix: z.string().max(512).optional().describe("Only paths that begin with this"),
    }),
  ),
  run_checks: tool("check", "Runs the directive's checks on the workspace as it is now and reports what passed and what failed.", z.strictObject({})),
  run_code: tool(
    "execute",
    "Runs a TypeScript module of yours in a sandbox and answers its value, its console output and how many calls it made. Its default export is " +
      "`async (tools) => value`; the value is JSON. `tools.read_file({ path })` calls your tool of that name with the input it has here, and so for each of " +
      "your tools but this one; a call that fails throws an error with `code` and `message`. The module stands at the root of the workspace and may import " +
      "its files as they were at the start (`./src/name.ts`). It has no network, and its clock stands still. It is run again from its beginning each time " +
      "calls are answered, so only calls have effects; wait for calls together with Promise.all where you can.",
    z.strictObject({ code: z.string().min(1).max(MAX_CODE_CHARS).describe("The whole module") }),
  ),
  ask_clarification: tool(
    "ask",
    "Asks a person one question and ends this attempt. Use it only when the directive cannot be carried out without the answer.",
    z.strictObject({ question: z.string().min(1).max(2_000) }),
  ),
} as const satisfies Record<string, ToolSpec>;

export type ToolName = keyof typeof TOOLS;
export const TOOL_NAMES = Object.keys(TOOLS) as ToolName[];

/** Parsed input of a tool. */
export type ToolInput<N extends ToolName> = z.infer<(typeof TOOLS)[N]["input"]>;

/** True for the name of a registered tool. */
export function isToolName(name: string): name is ToolName {
  return Object.hasOwn(TOOLS, name);
}

/** A tool as a directive and a model see it. */
export type ToolDescription = { readonly name: ToolName; readonly description: string; readonly parameters: { readonly [key: string]: z.core.util.JSONType } };

/** Name, description and JSON Schema (draft 2020-12) of a tool's input. */
export function describeTool(name: ToolName): ToolDescription {
  const { description, input } = TOOLS[name];
  // The conversion is pure JSON; a round trip drops what zod attaches to it besides.
  const parameters = JSON.parse(JSON.stringify(z.toJSONSchema(input))) as ToolDescription["parameters"];
  return { name, description, parameters };
}
