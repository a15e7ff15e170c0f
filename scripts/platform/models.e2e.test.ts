import { afterAll, beforeAll, expect, it } from "vitest";
import { submitAndFollow, totalOf } from "@factory/cli";
import { ChatCompletionsServer, type ChatReply, type ChatRequest } from "@factory/models/testing";
import type { SessionEvent } from "@factory/schemas/proto";
import { expectBeadsOnce, expectWholeLog } from "../testing/log-checks.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const ORDER = `---
title: Roman numerals
review_mode: auto
---

## Goal

Page numbers of the preface are printed in Roman numerals.

## Acceptance criteria

1. \`toRoman\` writes a number from 1 to 3999 as a Roman numeral.

\`\`\`ts
export function toRoman(value: number): string;
\`\`\`

\`\`\`examples
toRoman(1) => "I"
toRoman(4) => "IV"
toRoman(9) => "IX"
toRoman(14) => "XIV"
toRoman(1994) => "MCMXCIV"
toRoman(3999) => "MMMCMXCIX"
\`\`\`
`;

const CODE = `const STEPS: readonly (readonly [number, string])[] = [
  [1000, "M"], [900, "CM"], [500, "D"], [400, "CD"], [100, "C"], [90, "XC"],
  [50, "L"], [40, "XL"], [10, "X"], [9, "IX"], [5, "V"], [4, "IV"], [1, "I"],
];

export function toRoman(value: number): string {
  let rest = value;
  let text = "";
  for (const [size, letters] of STEPS) {
    while (rest >= size) {
      text += letters;
      rest -= size;
    }
  }
  return text;
}
`;

const REPORT = JSON.stringify({ status: "COMPLETE", reasoning: "Greedy by value.", blockers: [], assumptionsMade: [], verifiedFacts: ["the checks passed"] });

/** Writes, checks, reports, as a model would; its server is busy on the first call and fails on the third. */
function coder({ messages }: ChatRequest, index: number): ChatReply {
  if (index === 0) return { kind: "status", status: 429, retryAfterMs: 10 };
  if (index === 2) return { kind: "status", status: 500 };
  const done = messages.filter(({ role }) => role === "tool").length;
  if (done === 0) return { kind: "tools", calls: [{ name: "write_file", input: { path: "src/to-roman.ts", content: CODE } }] };
  if (done === 1) return { kind: "tools", calls: [{ name: "run_checks", input: {} }] };
  return { kind: "text", text: REPORT };
}

let server: ChatCompletionsServer;
let platform: TestPlatform;
beforeAll(async () => {
  server = await ChatCompletionsServer.start(coder);
  platform = await startTestPlatform({
    models: { FACTORY_MODELS: '{"factory/coder":"openai:test-coder"}', MODEL_BASE_URL: server.baseUrl, MODEL_API_KEY: "test-key" },
  });
});
afterAll(async () => {
  await platform.dispose();
  await server[Symbol.asyncDispose]();
});

it("has an order carried out by a model behind an OpenAI-compatible server that is busy and fails now and then", async () => {
  const events: SessionEvent[] = [];
  const view = await submitAndFollow(platform.client, await platform.requestText(ORDER), { onEvent: (event) => events.push(event) });
  expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
  expect(totalOf(view.holdouts)).toEqual({ passed: 2, failed: 0 });
  expectWholeLog(events);
  expectBeadsOnce(events);
  const calls = events.flatMap(({ payload }) => (payload.case === "modelCall" && payload.value.modelId === "test-coder" ? [payload.value] : []));
  expect(calls.length).toBeGreaterThanOrEqual(3);
  // The price of this model is not known, and unknown is not zero.
  expect(calls.every(({ costUsd }) => costUsd === undefined)).toBe(true);
  expect(view.costUsd).toBeUndefined();
  expect(server.headers.every((headers) => headers.authorization === "Bearer test-key")).toBe(true);
  // No hidden value is ever shown to the model.
  const prompts = server.requests.flatMap(({ messages }) => messages.map(({ content }) => (typeof content === "string" ? content : "")));
  const examples = ORDER.split("\n").filter((line) => line.startsWith("toRoman("));
  expect(examples).toHaveLength(6);
  expect(examples.filter((example) => prompts.some((prompt) => prompt.includes(example)))).toHaveLength(4);
});
