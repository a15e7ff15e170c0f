import type { LanguageModelV4CallOptions } from "@ai-sdk/provider";
import { expect, test } from "vitest";
import { createOfflineModel } from "./offline-model.ts";

async function answerTo(task: object): Promise<unknown> {
  const prompt: LanguageModelV4CallOptions["prompt"] = [
    { role: "user", content: [{ type: "text", text: `Judge.\n\n\`\`\`json task\n${JSON.stringify(task)}\n\`\`\`` }] },
  ];
  const { content } = await createOfflineModel().doGenerate({ prompt });
  const [part] = content;
  return JSON.parse(part?.type === "text" ? part.text : "null");
}

test("the offline model approves no review: it says that it cannot tell, with a citation that holds", async () => {
  expect(await answerTo({ task: "review-intent", order: ["1: # Doubling"], specification: { title: "Doubling" } })).toMatchObject({
    verdict: "uncertain",
    findings: [{ verdict: "uncertain", quote: "Doubling", lines: [] }],
  });
  expect(await answerTo({ task: "review-run", claims: [], files: {} })).toMatchObject({ verdict: "uncertain", findings: [] });
});
