import { afterAll, beforeAll, expect, it } from "vitest";
import { needsPerson, submitAndFollow } from "@factory/cli";
import { ChatCompletionsServer, type ChatReply, type ChatRequest } from "@factory/models/testing";
import type { SessionEvent } from "@factory/schemas/proto";
import { expectBeadsOnce, expectWholeLog } from "../testing/log-checks.ts";
import { answerUntilEnd } from "../testing/reviews.ts";
import { startTestPlatform, type TestPlatform } from "../testing/test-platform.ts";

const ORDER = `---
title: Doubling
review_mode: auto
budget_usd: 1
---

## Goal

Numbers are doubled.

## Acceptance criteria

1. \`double\` doubles a number.

\`\`\`ts
export function double(value: number): number;
\`\`\`

\`\`\`examples
double(1) => 2
double(2) => 4
double(5) => 10
\`\`\`
`;

const WRONG = "export function double(value: number): number {\n  return value + 1;\n}\n";
const RIGHT = "export function double(value: number): number {\n  return value * 2;\n}\n";
const REPORT = JSON.stringify({ status: "COMPLETE", reasoning: "Written.", blockers: [], assumptionsMade: [], verifiedFacts: [] });
/** 40 000 tokens at ten dollars a million: 0.40 US dollars an answer. */
const USAGE = { prompt_tokens: 30_000, completion_tokens: 10_000 };

/** Attempts that were begun. */
let attempts = 0;

/** Writes and reports; the first attempt is wrong. */
function coder({ messages }: ChatRequest): ChatReply {
  if (messages.some(({ role }) => role === "tool")) return { kind: "text", text: REPORT, usage: USAGE };
  attempts += 1;
  return { kind: "tools", calls: [{ name: "write_file", input: { path: "src/double.ts", content: attempts === 1 ? WRONG : RIGHT } }], usage: USAGE };
}

let server: ChatCompletionsServer;
let platform: TestPlatform;
beforeAll(async () => {
  server = await ChatCompletionsServer.start(coder);
  platform = await startTestPlatform({
    // The sweep goes over the session many times while it waits, and changes nothing.
    sweepEveryMs: 250,
    models: {
      FACTORY_MODELS: '{"factory/coder":"openai:test-coder"}',
      FACTORY_MODEL_PRICES: '{"test-*":{"input":10,"output":10}}',
      MODEL_BASE_URL: server.baseUrl,
      MODEL_API_KEY: "test-key",
    },
  });
});
afterAll(async () => {
  await platform.dispose();
  await server[Symbol.asyncDispose]();
});

it("an order whose budget does not cover the next attempt waits for a person, and is completed with the budget they set", async () => {
  const events: SessionEvent[] = [];
  const onEvent = (event: SessionEvent): void => void events.push(event);
  const waiting = await submitAndFollow(platform.client, await platform.requestText(ORDER), { onEvent, until: needsPerson });
  expect([waiting.state, attempts]).toEqual(["IN_REVIEW", 1]);
  const prompts = events.flatMap(({ payload }) => (payload.case === "reviewPrompt" ? [payload.value.promptText] : []));
  expect(prompts.at(-1)).toContain("0.80 USD are spent");
  expect(events.find(({ payload }) => payload.case === "budget")?.payload.value).toMatchObject({ budgetUsd: 1, spentUsd: 0.8, reservedUsd: 0 });
  const { view, reviews } = await answerUntilEnd(platform.client, waiting, () => ({ decision: "approved", note: "5 USD" }), { onEvent });
  expect(view.terminal?.outcome, view.terminal?.reason).toBe("COMPLETED");
  expect([reviews.length, attempts]).toEqual([1, 2]);
  expectWholeLog(events);
  expectBeadsOnce(events);
  expect(events.filter(({ payload }) => payload.case === "budget")).toHaveLength(1);
});
