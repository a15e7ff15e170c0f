import { APICallError } from "@ai-sdk/provider";
import { generateText, isStepCount, streamText, tool } from "ai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { answeredBy, generateStructured, modelFailureOf, resolveModel, type ResolvedModel, withFallback } from "./index.ts";
import { ChatCompletionsServer, type ChatReply } from "./testing/chat-completions-server.ts";

let server: ChatCompletionsServer;

beforeAll(async () => {
  server = await ChatCompletionsServer.start(() => ({ kind: "silence" }));
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.requests.length = 0;
  server.headers.length = 0;
});

function resolved(chain: string | readonly string[] = "openai:first-model"): ResolvedModel {
  return resolveModel("factory/coder", { FACTORY_MODELS: JSON.stringify({ "factory/coder": chain }), MODEL_BASE_URL: server.baseUrl, MODEL_API_KEY: "a-key" });
}

/** Answers in turn; the last one again and again. */
function answers(...replies: readonly ChatReply[]): void {
  server.answerWith((_, index) => replies[Math.min(index, replies.length - 1)] ?? { kind: "silence" });
}

const text = (value: unknown): ChatReply => ({ kind: "text", text: typeof value === "string" ? value : JSON.stringify(value) });
const verdict = z.strictObject({ verdict: z.enum(["good", "bad"]), score: z.number().min(0).max(1) });
const ask = (overrides: Partial<Parameters<typeof generateStructured>[0]> = {}, chain?: string | readonly string[]) =>
  generateStructured({ resolved: resolved(chain), purpose: "test", schema: verdict, system: "You judge.", prompt: "Judge.", maxRetries: 1, ...overrides });

describe("plain calls", () => {
  test("a call carries the key and the model's name and reads text and usage", async () => {
    answers({ kind: "text", text: "hello", usage: { prompt_tokens: 21, completion_tokens: 4 } });
    const result = await generateText({ model: resolved().model, prompt: "hi" });
    expect(result.text).toBe("hello");
    expect([result.usage.inputTokens, result.usage.outputTokens]).toEqual([21, 4]);
    expect(server.headers[0]?.authorization).toBe("Bearer a-key");
    expect(server.requests[0]?.model).toBe("first-model");
  });

  test("a streamed answer arrives whole, with its usage and with who answered", async () => {
    answers({ kind: "text", text: "a longer answer in several pieces" });
    const result = streamText({ model: resolved().model, prompt: "hi" });
    let whole = "";
    for await (const piece of result.textStream) whole += piece;
    expect(whole).toBe("a longer answer in several pieces");
    expect((await result.usage).inputTokens).toBe(11);
    expect(answeredBy(await result.providerMetadata)?.modelId).toBe("first-model");
  });

  test.each([false, true])("tool calls are run and their results go back (streaming: %s)", async (streaming) => {
    answers({ kind: "tools", calls: [{ name: "add", input: { a: 2, b: 3 } }] }, text("five"));
    const tools = { add: tool({ inputSchema: z.object({ a: z.number(), b: z.number() }), execute: ({ a, b }) => a + b }) };
    const request = { model: resolved().model, prompt: "add", tools, stopWhen: isStepCount(3) };
    const answer = streaming ? await streamText(request).text : (await generateText(request)).text;
    expect(answer).toBe("five");
    expect(server.requests[1]?.messages.at(-1)).toMatchObject({ role: "tool", content: "5" });
  });

  test("429 is retried after the time the server names", async () => {
    answers({ kind: "status", status: 429, retryAfterMs: 1 }, text("later"));
    expect((await generateText({ model: resolved().model, prompt: "hi", maxRetries: 1 })).text).toBe("later");
    expect(server.requests).toHaveLength(2);
  });

  test("aborting a call closes the connection", async () => {
    answers({ kind: "silence" });
    const before = server.abandoned;
    const abort = new AbortController();
    const pending = generateText({ model: resolved().model, prompt: "hi", abortSignal: abort.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    abort.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await expect.poll(() => server.abandoned).toBe(before + 1);
  });

  test.each([
    ["400", { kind: "status", status: 400 }, "MODEL_UNAVAILABLE"],
    ["401", { kind: "status", status: 401 }, "MODEL_CONFIG"],
    ["404", { kind: "status", status: 404 }, "MODEL_CONFIG"],
    ["500", { kind: "status", status: 500, retryAfterMs: 1 }, "MODEL_UNAVAILABLE"],
    ["a body that is not JSON", { kind: "raw", body: '{"choices": [' }, "MODEL_OUTPUT_INVALID"],
  ] satisfies [string, ChatReply, string][])("%s has the code of the registry", async (_, reply, code) => {
    answers(reply);
    const failure = await generateText({ model: resolved().model, prompt: "hi", maxRetries: 0 }).catch((err: unknown) => modelFailureOf(err));
    expect(failure).toMatchObject({ code });
  });

  test("a stream that breaks off is an error and no short answer", async () => {
    answers({ kind: "break" });
    const result = streamText({ model: resolved().model, prompt: "hi", onError: () => undefined });
    await expect(result.text).rejects.toBeDefined();
  });
});

describe("structured output", () => {
  test("the schema is in the prompt and in the response format", async () => {
    answers(text({ verdict: "good", score: 0.5 }));
    expect(await ask()).toMatchObject({
      ok: true,
      value: { verdict: "good", score: 0.5 },
      repaired: false,
      calls: [{ modelId: "first-model", inputTokens: 11 }],
    });
    const [request] = server.requests;
    expect(request?.response_format).toMatchObject({ type: "json_schema", json_schema: { schema: { properties: { verdict: { enum: ["good", "bad"] } } } } });
    expect(JSON.stringify(request?.messages)).toContain("JSON Schema");
  });

  test.each([
    ["prose around it", 'Sure! Here it is: {"verdict":"bad","score":0} Anything else?'],
    ["a fence", '```json\n{"verdict":"bad","score":0}\n```'],
  ])("JSON with %s is read", async (_, answer) => {
    answers(text(answer));
    expect(await ask()).toMatchObject({ ok: true, value: { verdict: "bad", score: 0 } });
  });

  test.each([
    ["an enum value that does not exist", { verdict: "great", score: 0.5 }, "verdict"],
    ["a missing field", { verdict: "good" }, "score"],
    ["an unknown field", { verdict: "good", score: 1, why: "x" }, "why"],
    ["nothing", "", "empty"],
    ["no JSON", "I would rather not.", "no JSON"],
  ])("%s is repaired in one turn that names the fault", async (_, wrong, named) => {
    answers(text(wrong), text({ verdict: "good", score: 1 }));
    expect(await ask()).toMatchObject({ ok: true, repaired: true, value: { score: 1 } });
    expect(JSON.stringify(server.requests[1]?.messages.at(-1))).toContain(named);
  });

  test("two wrong answers are MODEL_OUTPUT_INVALID with the issues and both calls", async () => {
    answers(text({ verdict: "great" }));
    const result = await ask();
    expect(result).toMatchObject({ ok: false, code: "MODEL_OUTPUT_INVALID" });
    expect(result.calls).toHaveLength(2);
    expect(!result.ok && result.issues.join()).toContain("score");
  });

  test("an answer beyond the bound is not read", async () => {
    answers(text(`{"verdict":"good","score":1,"x":"${"y".repeat(300_000)}"}`));
    const result = await ask();
    expect(!result.ok && result.issues.join()).toContain("at most");
  });

  test.each([
    ["a server that is down", { kind: "status", status: 503, retryAfterMs: 1 }, {}, "MODEL_UNAVAILABLE"],
    ["a server that says nothing", { kind: "silence" }, { timeoutMs: 60 }, "DEADLINE_EXCEEDED"],
  ] satisfies [string, ChatReply, object, string][])("%s is a code and not an exception", async (_, reply, overrides, code) => {
    answers(reply);
    expect(await ask(overrides)).toMatchObject({ ok: false, code });
  });
});

describe("a chain", () => {
  const chain = ["openai:first-model", "openai:second-model"];

  test.each([429, 500, 503])("moves on at %i and says who answered", async (status) => {
    server.answerWith(({ model }) => (model === "first-model" ? { kind: "status", status } : text("from the second")));
    const result = await generateText({ model: resolved(chain).model, prompt: "hi", maxRetries: 0 });
    expect(result.text).toBe("from the second");
    expect(answeredBy(result.providerMetadata)).toMatchObject({ modelId: "second-model", family: "second" });
  });

  test("does not move on for a request that is wrong", async () => {
    answers({ kind: "status", status: 400 });
    await expect(generateText({ model: resolved(chain).model, prompt: "hi", maxRetries: 0 })).rejects.toSatisfy((err) => APICallError.isInstance(err));
    expect(server.requests.map(({ model }) => model)).toEqual(["first-model"]);
  });

  test("moves on when a member says nothing in its time, and waits for the last one", async () => {
    server.answerWith(({ model }) => (model === "first-model" ? { kind: "silence" } : text("from the second")));
    const members = resolved(chain).members.map((member) => ({
      member,
      model: resolved([`openai:${member.modelId}`]).model,
    }));
    const model = withFallback(members, { memberTimeoutMs: 50 });
    const result = await generateText({ model, prompt: "hi", maxRetries: 0 });
    expect(result.text).toBe("from the second");
  });

  test("ends at the offline model when no server can be reached", async () => {
    const { model } = resolveModel("factory/coder", { FACTORY_MODELS: '{"factory/coder":["openai:gone","offline"]}', MODEL_BASE_URL: "http://127.0.0.1:1/v1" });
    const result = await generateText({ model, prompt: "hi", maxRetries: 0 });
    expect(JSON.parse(result.text)).toMatchObject({ status: "BLOCKED" });
    expect(answeredBy(result.providerMetadata)).toMatchObject({ provider: "offline" });
  });
});
