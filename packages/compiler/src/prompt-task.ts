/** The machine-readable facts a prompt carries beside its prose: the same for every model, the offline one included. */
import type { AcceptanceCriterion, Example, ExampleValue, FunctionBlock, Json, WorkOrder } from "@factory/schemas";
import { claimsOfOrder } from "./claims.ts";

/** An example as prompts show it. Exactly one of `expected` and `throws` is present; `undefined` is `{"$undefined":true}`. */
export type PromptExample = {
  readonly call: string;
  readonly functionName: string;
  readonly args: readonly Json[];
  readonly expected?: Json;
  readonly throws?: string;
  readonly line: number;
};

/** What a planning pass is told of an order. */
export type PromptOrder = {
  readonly title: string;
  readonly priority: WorkOrder["priority"];
  readonly problem: string;
  readonly goal: string;
  readonly constraints: readonly string[];
  readonly acceptanceCriteria: readonly Omit<AcceptanceCriterion, "line">[];
  readonly successMetrics: readonly string[];
  readonly outOfScope: readonly string[];
  readonly functions: readonly FunctionBlock[];
  /** Visible examples only: what a planner writes may reach a coder. */
  readonly examples: readonly PromptExample[];
};

/** A literal in a prompt. `$undefined` cannot clash: the parser refuses it as a key. */
export function promptValue(value: ExampleValue): Json {
  return value.kind === "undefined" ? { $undefined: true } : value.value;
}

/** An example as prompts show it. */
export function promptExample(example: Example): PromptExample {
  const { functionName, line, text, expected } = example;
  return {
    call: text,
    functionName,
    args: example.args.map(promptValue),
    ...(expected.kind === "throws" ? { throws: expected.name } : { expected: promptValue(expected) }),
    line,
  };
}

/** The order as planning passes see it, without its hidden examples. */
export function orderForPrompt(order: WorkOrder): PromptOrder {
  const visible = claimsOfOrder(order).flatMap((claim) => claim.visible);
  return {
    title: order.title,
    priority: order.priority,
    problem: order.problem,
    goal: order.goal,
    constraints: order.constraints.map(({ text }) => text),
    acceptanceCriteria: order.acceptanceCriteria.map(({ line: _line, ...criterion }) => criterion),
    successMetrics: order.successMetrics.map(({ text }) => text),
    outOfScope: order.outOfScope.map(({ text }) => text),
    functions: order.functions,
    examples: visible.toSorted((a, b) => a.line - b.line).map(promptExample),
  };
}

/** A fenced `json task` block: the last thing of a prompt, and the only thing a program reads of it. */
export function taskBlock(task: { readonly task: string; readonly [key: string]: unknown }): string {
  return ["```json task", JSON.stringify(task, null, 2), "```"].join("\n");
}
