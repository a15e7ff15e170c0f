/**
 * Structured output: the schema goes into the prompt and into the response format, the answer is parsed at the edge, and
 * one repair turn shows the model what was wrong with it.
 */
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { digestOf } from "@factory/schemas";
import { generateText, wrapLanguageModel, type ModelMessage } from "ai";
import { z } from "zod";
import { answeredBy } from "./fallback.ts";
import { modelFailureOf, type ModelFailure } from "./model-errors.ts";
import { costOf } from "./prices.ts";
import type { ResolvedModel } from "./registry.ts";

/** One call, as the log's MODEL_CALLED tells it. Tokens and cost are undefined where they are not known. */
export type ModelCallRecord = {
  readonly alias: string;
  readonly provider: string;
  readonly modelId: string;
  readonly purpose: string;
  readonly promptHash: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly costUsd?: number;
  readonly durationMs: number;
  readonly outcome: string;
};

export type StructuredRequest<T> = {
  readonly resolved: ResolvedModel;
  /** What the call is for, for the log. */
  readonly purpose: string;
  readonly schema: z.ZodType<T>;
  readonly system: string;
  readonly prompt: string;
  /** Repair turns after an answer that does not fit; 1 unless told otherwise. */
  readonly maxRepairs?: number;
  readonly maxRetries?: number;
  readonly timeoutMs?: number;
  readonly abortSignal?: AbortSignal;
  readonly now?: () => number;
};

export type StructuredResult<T> =
  | { readonly ok: true; readonly value: T; readonly repaired: boolean; readonly calls: readonly ModelCallRecord[] }
  | { readonly ok: false; readonly code: ModelFailure["code"]; readonly issues: readonly string[]; readonly calls: readonly ModelCallRecord[] };

/** Longest answer that is read, in UTF-16 units; a longer one is an invalid answer. */
export const MAX_ANSWER_CHARS = 256_000;
const MAX_OUTPUT_TOKENS = 16_000;
const DEFAULT_TIMEOUT_MS = 120_000;

/** Asks for a value of a schema. Never throws for what a model or its server does. */
export async function generateStructured<T>(request: StructuredRequest<T>): Promise<StructuredResult<T>> {
  const { resolved, schema, maxRepairs = 1 } = request;
  const jsonSchema = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  const model = answeringJson(resolved.model, jsonSchema);
  const messages: ModelMessage[] = [
    {
      role: "user",
      content: `${request.prompt}\n\nAnswer with one JSON object and nothing else. It must fit this JSON Schema:\n${JSON.stringify(jsonSchema)}`,
    },
  ];
  const calls: ModelCallRecord[] = [];
  let issues: readonly string[] = [];
  for (let turn = 0; turn <= maxRepairs; turn++) {
    const answer = await ask(request, model, messages, calls);
    if (!answer.ok) return { ok: false, code: answer.failure.code, issues: [answer.failure.message], calls };
    const parsed = parseAnswer(answer.text, schema);
    if (parsed.ok) return { ok: true, value: parsed.value, repaired: turn > 0, calls };
    issues = parsed.issues;
    messages.push(
      { role: "assistant", content: answer.text.slice(0, MAX_ANSWER_CHARS) || "(nothing)" },
      {
        role: "user",
        content: `That does not fit:\n${issues.map((issue) => `- ${issue}`).join("\n")}\nAnswer again with the whole corrected JSON object and nothing else.`,
      },
    );
  }
  return { ok: false, code: "MODEL_OUTPUT_INVALID", issues, calls };
}

/** The model with the schema as response format; the text stays readable whatever it holds. */
function answeringJson(model: LanguageModelV4, jsonSchema: unknown): LanguageModelV4 {
  return wrapLanguageModel({
    model,
    middleware: {
      specificationVersion: "v4",
      // The schema is a JSON Schema by construction; the two packages type it apart.
      transformParams: async ({ params }) => ({ ...params, responseFormat: { type: "json", name: "answer", schema: jsonSchema as never } }),
    },
  });
}

type Asked = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly failure: ModelFailure };

async function ask<T>(request: StructuredRequest<T>, model: LanguageModelV4, messages: ModelMessage[], calls: ModelCallRecord[]): Promise<Asked> {
  const { resolved, purpose, system, now = Date.now, timeoutMs = DEFAULT_TIMEOUT_MS } = request;
  const started = now();
  const [first] = resolved.members;
  const record = { alias: resolved.alias, provider: first?.provider ?? "", modelId: first?.modelId ?? "", purpose, promptHash: digestOf([system, messages]) };
  const expiry = new AbortController();
  // Cleared when the answer is there: a timer that is left behind keeps a Durable Object from hibernating until it fires.
  const timer = setTimeout(() => expiry.abort(Object.assign(new Error(`No answer within ${timeoutMs} ms.`), { name: "TimeoutError" })), timeoutMs);
  const signals = [expiry.signal, ...(request.abortSignal === undefined ? [] : [request.abortSignal])];
  try {
    const result = await generateText({
      model,
      system,
      messages,
      maxRetries: request.maxRetries ?? 2,
      maxOutputTokens: MAX_OUTPUT_TOKENS,
      abortSignal: AbortSignal.any(signals),
    });
    const by = answeredBy(result.providerMetadata);
    const { inputTokens, outputTokens } = result.usage;
    const modelId = by?.modelId ?? record.modelId;
    const costUsd = costOf(modelId, { input: inputTokens, output: outputTokens }, resolved.prices);
    calls.push({
      ...record,
      provider: by?.provider ?? record.provider,
      modelId,
      ...(inputTokens === undefined ? {} : { inputTokens }),
      ...(outputTokens === undefined ? {} : { outputTokens }),
      ...(costUsd === undefined ? {} : { costUsd }),
      durationMs: now() - started,
      outcome: result.finishReason,
    });
    return { ok: true, text: result.text };
  } catch (err) {
    const failure = modelFailureOf(err);
    calls.push({ ...record, durationMs: now() - started, outcome: failure.code });
    return { ok: false, failure };
  } finally {
    clearTimeout(timer);
  }
}

export type ParsedAnswer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly string[] };

/** Reads a value of a schema out of a model's text: bare JSON, fenced JSON, or JSON with prose around it. */
export function parseAnswer<T>(text: string, schema: z.ZodType<T>): ParsedAnswer<T> {
  if (text.trim() === "") return { ok: false, issues: ["The answer is empty."] };
  if (text.length > MAX_ANSWER_CHARS) return { ok: false, issues: [`The answer has ${text.length} characters; at most ${MAX_ANSWER_CHARS} are read.`] };
  const json = readJson(text);
  if (json === undefined) return { ok: false, issues: ["The answer holds no JSON object."] };
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, issues: parsed.error.issues.flatMap((issue) => issuesOf(issue)) };
}

/**
 * An issue in words, by its place. Of a value that fits no form of a choice, those of the form it comes closest to are
 * told: the one that knows the most of its keys, the first one of several.
 */
function issuesOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[] = []): string[] {
  const path = [...above, ...issue.path];
  if (issue.code !== "invalid_union" || issue.errors.length === 0)
    return [`${path.length === 0 ? "the object" : path.map(String).join(".")}: ${issue.message}`];
  const strangers = issue.errors.map((form) => form.reduce((count, one) => count + (one.code === "unrecognized_keys" ? one.keys.length : 0), 0));
  const closest = issue.errors[strangers.indexOf(Math.min(...strangers))] ?? [];
  return closest.flatMap((one) => issuesOf(one, path));
}

/** Candidates from the most to the least literal reading; the first that parses holds. */
function readJson(text: string): { readonly value: unknown } | undefined {
  const fenced = /```[a-z]*\s*\n([\s\S]*?)\n\s*```/i.exec(text)?.[1];
  const braces = text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1);
  for (const candidate of [text, fenced, braces]) {
    if (candidate === undefined || candidate.trim() === "") continue;
    try {
      return { value: JSON.parse(candidate) };
    } catch {
      // Not this reading; the next one is tried, and none at all is reported to the model.
    }
  }
  return undefined;
}
