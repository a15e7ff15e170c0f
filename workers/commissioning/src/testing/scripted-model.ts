/** A language model that says what a test scripts, behind the interface of the real ones. */
import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { ResolvedModel } from "@factory/models";

/** A model whose next answer is `next(asked)`, `asked` being its last message; an Error is thrown as the provider would. */
export function scriptedModel(next: (asked: string) => string | Error): ResolvedModel {
  const model: LanguageModelV4 = {
    specificationVersion: "v4",
    provider: "scripted",
    modelId: "scripted",
    supportedUrls: {},
    async doGenerate({ prompt }) {
      const last = prompt.at(-1);
      const answer = next(last?.role === "user" ? last.content.map((part) => (part.type === "text" ? part.text : "")).join("\n") : "");
      if (answer instanceof Error) throw answer;
      return {
        content: [{ type: "text", text: answer }],
        finishReason: { unified: "stop", raw: "stop" },
        usage: { inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: 1, text: 1, reasoning: 0 } },
        warnings: [],
      };
    },
    doStream() {
      throw new Error("A planning pass does not stream.");
    },
  };
  return { alias: "factory/architect", model, members: [{ provider: "offline", modelId: "scripted", family: "scripted" }], prices: [] };
}
