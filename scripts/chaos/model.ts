/** The offline model behind a server of the chat completions protocol, which times out, is busy and fails as the plan says. */
import { createOfflineModel } from "@factory/models";
import { ChatCompletionsServer, type ChatReply, type ChatRequest } from "@factory/models/testing";
import { z } from "zod";
import type { FaultPlan } from "./faults.ts";

const MODEL_NAME = "chaos-coder";
const MODEL = `openai:${MODEL_NAME}`;
/** US dollars per million tokens: known, so that what attempts cost under a storm is told from what is not known. */
const PRICES = { [MODEL_NAME]: { input: 1, output: 1 } };

type Call = Parameters<ReturnType<typeof createOfflineModel>["doGenerate"]>[0];

const textPart = z.looseObject({ type: z.literal("text"), text: z.string() });
const content = z.union([z.string(), z.array(textPart), z.null()]).optional();
const message = z.discriminatedUnion("role", [
  z.looseObject({ role: z.literal("system"), content }),
  z.looseObject({ role: z.literal("user"), content }),
  z.looseObject({
    role: z.literal("assistant"),
    content,
    tool_calls: z.array(z.looseObject({ id: z.string(), function: z.looseObject({ name: z.string(), arguments: z.string() }) })).optional(),
  }),
  z.looseObject({ role: z.literal("tool"), content, tool_call_id: z.string() }),
]);
const chat = z.looseObject({
  messages: z.array(message),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
  tool_choice: z.unknown().optional(),
  response_format: z.looseObject({ type: z.string(), json_schema: z.looseObject({ schema: z.record(z.string(), z.unknown()) }).optional() }).optional(),
});
type Message = z.infer<typeof message>;

function textOf(held: Message["content"]): string {
  if (typeof held === "string") return held;
  return (held ?? []).map(({ text }) => text).join("\n");
}

/** A conversation as it came over the wire, as a call of the AI SDK's models. */
function callOf(request: ChatRequest): Call {
  const { messages, tools, tool_choice: choice, response_format: format } = chat.parse(request);
  const names = new Map(
    messages.flatMap((one) => (one.role === "assistant" ? (one.tool_calls ?? []).map(({ id, function: called }) => [id, called.name] as const) : [])),
  );
  const call = {
    prompt: messages.map((one) => promptMessage(one, names)),
    tools: tools.map(({ function: tool }) => ({ type: "function", name: tool.name, inputSchema: {} })),
    ...(choice === "none" ? { toolChoice: { type: "none" } } : {}),
    ...(format?.json_schema === undefined ? {} : { responseFormat: { type: "json", schema: format.json_schema.schema } }),
  };
  // The schema of a tool and of an answer is JSON Schema on both sides; zod types it as plain JSON.
  return call as unknown as Call;
}

function promptMessage(one: Message, names: ReadonlyMap<string, string>): object {
  switch (one.role) {
    case "system":
      return { role: "system", content: textOf(one.content) };
    case "user":
      return { role: "user", content: [{ type: "text", text: textOf(one.content) }] };
    case "assistant": {
      const text = textOf(one.content);
      const calls = (one.tool_calls ?? []).map(({ id, function: called }) => ({
        type: "tool-call",
        toolCallId: id,
        toolName: called.name,
        input: JSON.parse(called.arguments) as unknown,
      }));
      return { role: "assistant", content: [...(text === "" ? [] : [{ type: "text", text }]), ...calls] };
    }
    case "tool": {
      const output = { type: "text", value: textOf(one.content) };
      return { role: "tool", content: [{ type: "tool-result", toolCallId: one.tool_call_id, toolName: names.get(one.tool_call_id) ?? "", output }] };
    }
    default:
      return one satisfies never;
  }
}

async function offlineReply(request: ChatRequest, say: (line: string) => void): Promise<ChatReply> {
  try {
    return await offlineAnswer(request);
  } catch (err) {
    // The platform sees a broken connection; that it was none of the plan's must not stay hidden.
    say(`the model's server failed: ${err instanceof Error ? err.message : String(err)}`);
    throw err;
  }
}

async function offlineAnswer(request: ChatRequest): Promise<ChatReply> {
  const { content: parts } = await createOfflineModel().doGenerate(callOf(request));
  const calls = parts.flatMap((part) => (part.type === "tool-call" ? [{ name: part.toolName, input: JSON.parse(part.input) as unknown }] : []));
  if (calls.length > 0) return { kind: "tools", calls };
  return { kind: "text", text: parts.map((part) => (part.type === "text" ? part.text : "")).join("") };
}

/** Starts the model's server. Every answer that the plan lets through is the offline model's. */
export function startModel(plan: FaultPlan, say: (line: string) => void): Promise<ChatCompletionsServer> {
  return ChatCompletionsServer.start((request) => {
    const fault = plan.ofModel();
    switch (fault?.kind) {
      case undefined:
        return offlineReply(request, say);
      case "timeout":
        return { kind: "silence", endsAfterMs: fault.ms };
      case "429":
        return { kind: "status", status: 429, retryAfterMs: fault.retryAfterMs };
      case "500":
        return { kind: "status", status: 500 };
      default:
        return fault satisfies never;
    }
  });
}

/** Variables that send every agent to the server. The judge stays another model, as the gates demand. */
export function modelVariables(server: ChatCompletionsServer): { readonly [name: string]: string } {
  const models = { "factory/architect": MODEL, "factory/coder": MODEL, "factory/fast": MODEL };
  return { FACTORY_MODELS: JSON.stringify(models), FACTORY_MODEL_PRICES: JSON.stringify(PRICES), MODEL_BASE_URL: server.baseUrl, MODEL_API_KEY: "chaos" };
}
