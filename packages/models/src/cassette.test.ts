import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generateText } from "ai";
import { z } from "zod";
import { Cassette, generateStructured, playing, recording, resolveModel, type ResolvedModel } from "./index.ts";
import { ChatCompletionsServer, type ChatReply } from "./testing/chat-completions-server.ts";

let server: ChatCompletionsServer;
beforeAll(async () => {
  server = await ChatCompletionsServer.start(() => ({ kind: "silence" }));
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  server.requests.length = 0;
});

const answers = (...replies: readonly ChatReply[]): void =>
  server.answerWith((_, index) => replies[index] ?? { kind: "status", status: 500, message: "spent" });
const text = (value: unknown): ChatReply => ({ kind: "text", text: JSON.stringify(value), usage: { prompt_tokens: 40, completion_tokens: 9 } });

function real(): ResolvedModel {
  return resolveModel("factory/architect", {
    FACTORY_MODELS: '{"factory/architect":"openai:big-model"}',
    MODEL_BASE_URL: server.baseUrl,
    MODEL_API_KEY: "a-secret-key",
  });
}

const verdict = z.strictObject({ verdict: z.enum(["good", "bad"]) });
const ask = (resolved: ResolvedModel, prompt = "Judge.") =>
  generateStructured({ resolved, purpose: "test", schema: verdict, system: "You judge.", prompt, maxRetries: 0, now: () => 0 });

describe("a cassette", () => {
  it("answers what was recorded, byte for byte, without anybody to ask", async () => {
    answers(text({ verdict: "good" }));
    const cassette = new Cassette();
    const recorded = await ask(recording(real(), cassette));
    expect(server.requests).toHaveLength(1);
    const played = await ask(playing("factory/architect", Cassette.parse(cassette.serialize())));
    expect(server.requests).toHaveLength(1);
    expect(played).toEqual(recorded);
    expect(played).toMatchObject({ ok: true, value: { verdict: "good" }, calls: [{ modelId: "big-model", inputTokens: 40, outputTokens: 9 }] });
  });

  it("keeps both turns of a repair, so that playing it takes the same way", async () => {
    answers(text({ verdict: "so-so" }), text({ verdict: "bad" }));
    const cassette = new Cassette();
    const recorded = await ask(recording(real(), cassette));
    expect(recorded).toMatchObject({ ok: true, repaired: true });
    expect(cassette.size).toBe(2);
    expect(await ask(playing("factory/architect", cassette))).toEqual(recorded);
  });

  it("has no answer to another question, to another alias, and says what to do", async () => {
    answers(text({ verdict: "good" }));
    const cassette = new Cassette();
    await ask(recording(real(), cassette));
    for (const miss of [await ask(playing("factory/architect", cassette), "Judge again."), await ask(playing("factory/critic", cassette))])
      expect(miss).toMatchObject({ ok: false, code: "MODEL_CONFIG", issues: [expect.stringContaining("Record it again")] });
    expect(server.requests).toHaveLength(1);
  });

  it("keeps nothing of a call that failed or called a tool", async () => {
    answers({ kind: "status", status: 503 }, { kind: "tools", calls: [{ name: "look", input: {} }] });
    const cassette = new Cassette();
    expect(await ask(recording(real(), cassette))).toMatchObject({ ok: false, code: "MODEL_UNAVAILABLE" });
    await ask(recording(real(), cassette));
    expect(cassette.size).toBe(0);
  });

  it("holds no key, no address and no prompt", async () => {
    answers(text({ verdict: "good" }));
    const cassette = new Cassette();
    await ask(recording(real(), cassette), "A sentence that stands nowhere else.");
    const file = cassette.serialize();
    for (const secret of ["a-secret-key", server.baseUrl, "A sentence that stands nowhere else."]) expect(file).not.toContain(secret);
  });

  it("gives the same bytes for the same answers in any order", () => {
    const answer = fc.record({
      key: fc.stringMatching(/^[0-9a-f]{64}$/),
      alias: fc.constantFrom("factory/architect" as const, "factory/critic" as const),
      by: fc.constant({ provider: "openai" as const, modelId: "big-model", family: "big" }),
      text: fc.string(),
      finishReason: fc.constantFrom("stop" as const, "length" as const),
      durationMs: fc.nat(),
    });
    const shuffled = fc
      .uniqueArray(answer, { selector: ({ key }) => key })
      .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length })));
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const file = new Cassette(list).serialize();
        expect(new Cassette(other).serialize()).toBe(file);
        expect(Cassette.parse(file).serialize()).toBe(file);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ["no JSON", "not json", /JSON/],
    ["another file", '{"name":"package"}', /no cassette/],
    ["another version", '{"format":"factory-cassette","version":2,"answers":[]}', /version/],
    ["an answer without its model", '{"format":"factory-cassette","version":1,"answers":[{"key":"00","text":""}]}', /answers/],
    ["a file that is too large", " ".repeat(16_000_001), /at most/],
  ])("refuses %s", (_name, file, why) => {
    expect(() => Cassette.parse(file)).toThrow(why);
  });

  it("refuses to stream, which no recorded question does", async () => {
    const { model } = playing("factory/architect", new Cassette());
    await expect(Promise.resolve(model.doStream({ prompt: [{ role: "user", content: [{ type: "text", text: "hi" }] }] }))).rejects.toThrow(
      /streams on a cassette/,
    );
  });

  it("answers plain text as well as structured questions", async () => {
    answers({ kind: "text", text: "hello" });
    const cassette = new Cassette();
    await generateText({ model: recording(real(), cassette).model, prompt: "hi" });
    expect((await generateText({ model: playing("factory/architect", cassette).model, prompt: "hi" })).text).toBe("hello");
  });
});
