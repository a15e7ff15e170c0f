/**
 * The offline model: a language model of the AI SDK without a network. It plans from the structure of the work order,
 * writes code by searching programs, and says BLOCKED when it has no means; it never passes a judgement.
 *
 * @see `architecture.md` 6
 */
import type {
  JSONObject,
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4GenerateResult,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { formHypothesis } from "./hypothesis.ts";
import { judgeConflict, reviewIntent, reviewRun } from "./judge-conflict.ts";
import { makeTestsPass } from "./make-tests-pass.ts";
import { plan, PLANNING_TASKS } from "./planning.ts";
import { blocked } from "./report.ts";
import type { SynthesisLimits } from "./search/synthesize.ts";
import { readConversation, type Conversation, type OfflineAnswer } from "./task.ts";
import { writeCode } from "./write-code.ts";
import { writeIndex } from "./write-index.ts";

/** How the offline model runs. */
export type OfflineModelOptions = {
  /** Bounds of one search; the defaults suit an interactive run. */
  readonly limits?: SynthesisLimits;
  /** Called after each slice of a search, at least every few hundred milliseconds of its work. */
  readonly onSlice?: () => void;
};

const ADVICE = "Connect a model: set FACTORY_MODELS, MODEL_BASE_URL and MODEL_API_KEY.";

/** Nothing is counted in tokens here, so a call uses none. */
const USAGE: LanguageModelV4Usage = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
};

/** Makes an offline model. It keeps no state: two with the same prompt give the same answer. */
export function createOfflineModel(options: OfflineModelOptions = {}): LanguageModelV4 {
  const generate = async (call: LanguageModelV4CallOptions): Promise<LanguageModelV4GenerateResult> => {
    call.abortSignal?.throwIfAborted();
    const conversation = readConversation(call);
    const answer = await answerTo(conversation, call, options);
    return resultOf(conversation, answer);
  };
  return {
    specificationVersion: "v4",
    provider: "offline",
    modelId: "offline",
    supportedUrls: {},
    doGenerate: generate,
    async doStream(call) {
      const result = await generate(call);
      return { stream: streamOf(result) };
    },
  };
}

async function answerTo(conversation: Conversation, call: LanguageModelV4CallOptions, { limits, onSlice }: OfflineModelOptions): Promise<OfflineAnswer> {
  const { task } = conversation;
  if (task === undefined) return blocked("The offline model reads a `json task` block; the prompt has none.", [`There is no task to work on. ${ADVICE}`]);
  const pass = PLANNING_TASKS.find((name) => name === task.task);
  if (pass !== undefined) return jsonAnswer(conversation, plan(pass, task), "artifact");
  switch (task.task) {
    case "write-code":
      return writeCode(conversation, { signal: call.abortSignal, onSlice, ...(limits === undefined ? {} : { limits }) });
    case "write-index":
      return writeIndex(conversation);
    case "make-tests-pass":
      return makeTestsPass(conversation, ADVICE);
    case "form-hypothesis":
      return jsonAnswer(conversation, formHypothesis(task), "hypothesis");
    case "judge-conflict":
      return jsonAnswer(conversation, { ok: true, answer: judgeConflict(ADVICE) }, "answer");
    case "review-intent":
      return jsonAnswer(conversation, { ok: true, answer: reviewIntent(task, ADVICE) }, "answer");
    case "review-run":
      return jsonAnswer(conversation, { ok: true, answer: reviewRun(ADVICE) }, "answer");
    default:
      return blocked(`The offline model has no means for the task "${task.task}" and judges nothing.`, [
        `The task "${task.task}" needs a language model. ${ADVICE}`,
      ]);
  }
}

type Made<K extends string> = ({ readonly ok: true } & { readonly [key in K]: object }) | { readonly ok: false; readonly message: string };

function jsonAnswer<K extends string>(conversation: Conversation, made: Made<K>, key: K): OfflineAnswer {
  if (!made.ok) return blocked("The task block is not usable.", [made.message]);
  const { fields } = conversation;
  const entries = Object.entries(made[key]).filter(([name]) => fields === undefined || fields.has(name));
  return { kind: "text", text: JSON.stringify(Object.fromEntries(entries), null, 2) };
}

function resultOf({ task, uses }: Conversation, answer: OfflineAnswer): LanguageModelV4GenerateResult {
  const metadata: JSONObject = { task: task?.task ?? null, ...(answer.candidates === undefined ? {} : { candidates: answer.candidates }) };
  const content: LanguageModelV4Content[] =
    answer.kind === "text"
      ? [{ type: "text", text: answer.text }]
      : // Ids are the position in the conversation: unique in it, and the same each time.
        answer.calls.map(({ name, input }, at) => ({
          type: "tool-call",
          toolCallId: `offline-${uses.length + at + 1}`,
          toolName: name,
          input: JSON.stringify(input),
        }));
  return {
    content,
    finishReason: { unified: answer.kind === "text" ? "stop" : "tool-calls", raw: undefined },
    usage: USAGE,
    providerMetadata: { offline: metadata },
    warnings: [],
  };
}

function streamOf(result: LanguageModelV4GenerateResult): ReadableStream<LanguageModelV4StreamPart> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue({ type: "stream-start", warnings: [] });
      for (const part of result.content) for (const piece of piecesOf(part)) controller.enqueue(piece);
      const { usage, finishReason, providerMetadata } = result;
      controller.enqueue({ type: "finish", usage, finishReason, ...(providerMetadata === undefined ? {} : { providerMetadata }) });
      controller.close();
    },
  });
}

function piecesOf(part: LanguageModelV4Content): LanguageModelV4StreamPart[] {
  if (part.type === "text") {
    return [
      { type: "text-start", id: "text" },
      { type: "text-delta", id: "text", delta: part.text },
      { type: "text-end", id: "text" },
    ];
  }
  if (part.type !== "tool-call") return [];
  const { toolCallId: id, toolName, input } = part;
  return [{ type: "tool-input-start", id, toolName }, { type: "tool-input-delta", id, delta: input }, { type: "tool-input-end", id }, part];
}
