/** Reads what a prompt asks for: the fenced `json task` block, and what the tools have answered since. */
import type { LanguageModelV4CallOptions, LanguageModelV4Prompt, LanguageModelV4ToolResultOutput } from "@ai-sdk/provider";
import { z } from "zod";

const task = z.looseObject({ task: z.string().min(1) });
/** The facts of a prompt, as every model gets them. */
export type Task = z.infer<typeof task>;

const BLOCK = /```json task\s*\n([\s\S]*?)\n\s*```/g;

/** One tool call of this conversation with its result; `output` is undefined where there is none yet. */
export type ToolUse = { readonly name: string; readonly input: unknown; readonly output: LanguageModelV4ToolResultOutput | undefined };

/** What the model answers: tool calls, or a final text. */
export type OfflineAnswer =
  | { readonly kind: "text"; readonly text: string; readonly candidates?: number }
  | { readonly kind: "tools"; readonly calls: readonly { readonly name: string; readonly input: unknown }[]; readonly candidates?: number };

/** What answers are made from. */
export type Conversation = {
  readonly task: Task | undefined;
  /** Tool calls in their order. */
  readonly uses: readonly ToolUse[];
  /** Names of the tools that may be called now. */
  readonly tools: ReadonlySet<string>;
  /** Top-level fields of the wanted answer, where a closed JSON schema names them. */
  readonly fields: ReadonlySet<string> | undefined;
};

/** Reads a call. The last block counts: what came before it may be text that quotes one. */
export function readConversation(options: LanguageModelV4CallOptions): Conversation {
  const closed = options.toolChoice?.type === "none";
  return {
    task: lastTask(options.prompt),
    uses: toolUses(options.prompt),
    tools: new Set(closed ? [] : (options.tools ?? []).filter((tool) => tool.type === "function").map((tool) => tool.name)),
    fields: closedFields(options.responseFormat),
  };
}

function lastTask(prompt: LanguageModelV4Prompt): Task | undefined {
  for (const message of prompt.toReversed()) {
    if (message.role !== "user") continue;
    const text = message.content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
    const found = [...text.matchAll(BLOCK)].at(-1)?.[1];
    if (found !== undefined) return parseTask(found);
  }
  return undefined;
}

function parseTask(text: string): Task | undefined {
  try {
    const parsed = task.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch (err) {
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

function toolUses(prompt: LanguageModelV4Prompt): ToolUse[] {
  const outputs = new Map<string, LanguageModelV4ToolResultOutput>();
  for (const message of prompt) {
    if (message.role !== "tool" && message.role !== "assistant") continue;
    for (const part of message.content) if (part.type === "tool-result") outputs.set(part.toolCallId, part.output);
  }
  const uses: ToolUse[] = [];
  for (const message of prompt) {
    if (message.role !== "assistant") continue;
    for (const part of message.content) {
      if (part.type === "tool-call") uses.push({ name: part.toolName, input: part.input, output: outputs.get(part.toolCallId) });
    }
  }
  return uses;
}

function closedFields(format: LanguageModelV4CallOptions["responseFormat"]): ReadonlySet<string> | undefined {
  if (format?.type !== "json" || format.schema?.additionalProperties !== false) return undefined;
  return new Set(Object.keys(format.schema.properties ?? {}));
}

/** What a tool's result says: a value or a text, and whether it is a failure. */
export type ToolAnswer = { readonly failed: boolean; readonly value: unknown };

/** Reads a tool's result; text that holds JSON is read as such. */
export function readOutput(output: LanguageModelV4ToolResultOutput): ToolAnswer {
  switch (output.type) {
    case "text":
      return read(parsedOr(output.value));
    case "json":
      return read(output.value);
    case "error-text":
    case "error-json":
      return { failed: true, value: output.value };
    case "execution-denied":
      return { failed: true, value: output.reason ?? "The call was denied." };
    case "content":
      return read(parsedOr(output.value.map((part) => (part.type === "text" ? part.text : "")).join("\n")));
    default:
      return output satisfies never;
  }
}

function read(value: unknown): ToolAnswer {
  return { failed: isRefusal(value), value };
}

/** Objects are read as data; anything else stays the text it is, because file contents may happen to be JSON. */
function parsedOr(text: string): unknown {
  if (!/^\s*\{\s*"/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch (err) {
    if (err instanceof SyntaxError) return text;
    throw err;
  }
}

/** Tools answer what went wrong as `{ error, message }`, or as a refusal with `ok: false`. */
function isRefusal(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return ("error" in value && typeof value.error === "string") || ("ok" in value && value.ok === false);
}

/** A failure's text, for the report. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null) {
    for (const name of ["message", "error", "reason", "text", "output"] as const) {
      const held: unknown = Reflect.get(value, name);
      if (typeof held === "string" && held !== "") return held;
    }
  }
  return JSON.stringify(value) ?? "";
}
