/** Code that was accepted for an order: the committed solution, or what the offline model writes where there is none. */
import type { CompiledRun } from "@factory/compiler";
import { createOfflineModel } from "@factory/models";
import type { AtomDirective } from "@factory/schemas";

type Model = ReturnType<typeof createOfflineModel>;
type Call = Parameters<Model["doGenerate"]>[0];
type ToolCall = { readonly toolCallId: string; readonly toolName: string; readonly input: string };

const TOOLS = ["read_file", "write_file", "run_checks"];
/** Reads before a write: the offline model reads each file once and an atom has few dependencies. */
const MAX_TURNS = 32;

/**
 * What the offline model writes for a compiled order, atom by atom as the coordinator would ask; undefined when it has no
 * means for one of them.
 */
export async function offlineSolution(run: CompiledRun): Promise<ReadonlyMap<string, string> | undefined> {
  const model = createOfflineModel();
  const files = new Map<string, string>();
  for (const { directive, role } of run.seed?.beads ?? []) {
    if (role === "verifier:outcome") continue;
    const written = await answerOf(model, directive, files);
    if (written === undefined) return undefined;
    files.set(written.path, written.content);
  }
  return files.size === 0 ? undefined : files;
}

/** The file that a directive's operative writes first; undefined when it answers anything else. */
async function answerOf(
  model: Model,
  directive: AtomDirective,
  files: ReadonlyMap<string, string>,
): Promise<{ readonly path: string; readonly content: string } | undefined> {
  const prompt: Call["prompt"] = [{ role: "user", content: [{ type: "text", text: directive.instructions }] }];
  const tools = TOOLS.map((name) => ({ type: "function" as const, name, inputSchema: { type: "object" as const } }));
  for (let turn = 0; turn < MAX_TURNS; turn++) {
    const { content } = await model.doGenerate({ prompt, tools });
    const calls = content.filter((part) => part.type === "tool-call");
    if (calls.length === 0) return undefined;
    const write = calls.find(({ toolName }) => toolName === "write_file");
    if (write !== undefined) return JSON.parse(write.input) as { path: string; content: string };
    prompt.push(
      {
        role: "assistant",
        content: calls.map(({ toolCallId, toolName, input }) => ({ type: "tool-call", toolCallId, toolName, input: JSON.parse(input) as unknown })),
      },
      { role: "tool", content: calls.map((call) => readAnswer(call, files)) },
    );
  }
  return undefined;
}

function readAnswer({ toolCallId, toolName, input }: ToolCall, files: ReadonlyMap<string, string>) {
  const { path = "" } = JSON.parse(input) as { path?: string };
  const value = files.get(path);
  const output = value === undefined ? { type: "error-text" as const, value: `There is no file ${path}.` } : { type: "text" as const, value };
  return { type: "tool-result" as const, toolCallId, toolName, output };
}
