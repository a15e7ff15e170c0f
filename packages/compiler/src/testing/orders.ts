/** Orders for tests, built from what a test varies. */
import type { WorkOrder } from "@factory/schemas";
import { parseWorkOrder } from "../parse-work-order.ts";

export type OrderParts = {
  readonly front?: readonly string[];
  readonly criteria?: readonly string[];
  readonly constraints?: readonly string[];
  readonly metrics?: readonly string[];
  readonly functions?: readonly string[];
  readonly examples?: readonly string[];
};

const list = (heading: string, items: readonly string[]): string =>
  items.length === 0 ? "" : `## ${heading}\n\n${items.map((item) => `- ${item}`).join("\n")}\n`;
const fence = (language: string, lines: readonly string[]): string => (lines.length === 0 ? "" : `\`\`\`${language}\n${lines.join("\n")}\n\`\`\`\n`);

/** Markdown of an order. */
export function orderText(parts: OrderParts = {}): string {
  const {
    front = [],
    criteria = ["`twice` doubles a number."],
    constraints = [],
    metrics = [],
    functions = ["function twice(n: number): number"],
    examples = ["twice(1) => 2", "twice(2) => 4", "twice(5) => 10"],
  } = parts;
  return [
    front.length === 0 ? "" : `---\n${front.join("\n")}\n---\n`,
    "# Numbers\n\n## Problem\n\nNumbers are too small.\n\n## Goal\n\nLarger numbers.\n",
    list("Constraints", constraints),
    list("Acceptance criteria", criteria),
    list("Success metrics", metrics),
    fence("ts", functions),
    fence("examples", examples),
  ].join("\n");
}

/** A parsed order. @throws Error with every fault when the text has any. */
export function anOrder(parts: OrderParts = {}): WorkOrder {
  const parsed = parseWorkOrder(orderText(parts));
  if (!parsed.ok) throw new Error(parsed.faults.map(({ line, rule, fix }) => `${line} ${rule} ${fix}`).join("\n"));
  return parsed.order;
}
