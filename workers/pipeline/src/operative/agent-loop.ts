/** The agent loop of one attempt: steps with tools until the model reports, then one repair if the report cannot be read. */
import { generateText, isStepCount, ToolChoiceViolationError } from "ai";
import type { LanguageModel, ModelMessage, ToolSet } from "ai";
import { ATTEMPT_BOUNDS } from "@factory/gears";
import type { TaskResult } from "@factory/schemas";
import type { AttemptControl } from "./attempt-control.ts";
import { repairPrompt } from "./prompts.ts";
import { parseReport } from "./report.ts";

/** The SDK's own repeats after 429, 5xx and lost connections; the next ones are the coordinator's. */
const MAX_RETRIES = 2;

/** What the loop runs on. */
export interface AgentLoopDeps {
  readonly model: LanguageModel;
  readonly tools: ToolSet;
  /** True when no further tool call will run. */
  readonly toolsExhausted: () => boolean;
  readonly control: AttemptControl;
}

export type AgentReport = { readonly ok: true; readonly report: TaskResult } | { readonly ok: false; readonly issues: readonly string[] };

/**
 * Runs it.
 *
 * @throws AttemptStopped when the attempt was stopped, and what the model's provider throws.
 */
export async function runAgent({ model, tools, toolsExhausted, control }: AgentLoopDeps, system: string, prompt: string): Promise<AgentReport> {
  const common = {
    model,
    tools,
    instructions: system,
    maxRetries: MAX_RETRIES,
    maxOutputTokens: ATTEMPT_BOUNDS.outputTokens,
    abortSignal: control.signal,
  } as const;
  const work = await generateText({
    ...common,
    prompt,
    // One after the other: a denial or a question ends the attempt before the next call.
    toolCallConcurrency: 1,
    stopWhen: [isStepCount(ATTEMPT_BOUNDS.steps), toolsExhausted, () => control.reason !== undefined],
  });
  control.check();
  const first = parseReport(work.text);
  if (first.ok) return first;
  const issues = work.text.trim() === "" ? ["There was no report."] : first.issues;
  const messages: ModelMessage[] = [{ role: "user", content: prompt }, ...work.responseMessages, { role: "user", content: repairPrompt(issues) }];
  try {
    // The tools stay listed: some servers refuse a history of calls of tools they were not told of.
    const repair = await generateText({ ...common, messages, toolChoice: "none" });
    control.check();
    return parseReport(repair.text);
  } catch (err) {
    if (!ToolChoiceViolationError.isInstance(err)) throw err;
    control.check();
    return { ok: false, issues: [...issues, "After that it called a tool instead of reporting."] };
  }
}
