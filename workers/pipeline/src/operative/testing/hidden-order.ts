/** A compiled order whose hidden examples have values that occur nowhere else, and what must not reach an operative of it. */
import { compileWorkGraph, parseWorkOrder } from "@factory/compiler";
import { contentId } from "@factory/schemas";
import type { ContentPrefix, Example } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";
import { ASSEMBLY } from "./builders.ts";

/** Arguments of the examples: long enough that no id, hash or size holds one by chance. */
const ARGUMENTS = [70_310_017, 70_420_029, 70_530_031, 70_640_047, 70_750_053, 70_860_061];

const ORDER = `# Doubling

## Problem

Numbers are too small.

## Goal

Numbers are doubled.

## Constraints

- Functions are pure and depend only on their arguments.

## Acceptance criteria

- \`double\` gives twice its argument.

\`\`\`ts
function double(n: number): number
\`\`\`

\`\`\`examples
${ARGUMENTS.map((n) => `double(${n}) => ${2 * n}`).join("\n")}
\`\`\`
`;

/** The order compiled for an org: what its coordinator is seeded with, its nodes, and its examples by visibility. */
export function aHiddenOrder(org: string) {
  const parsed = parseWorkOrder(ORDER);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  const id = <P extends ContentPrefix>(prefix: P) => contentId(prefix, { kind: "Test", org, content: {}, parents: [] });
  const compiled = compileWorkGraph({
    org,
    sessionId: id("SES"),
    workOrderId: "WO-1",
    assembly: ASSEMBLY,
    intentSpecificationId: id("IS"),
    intent: { title: parsed.order.title },
    order: parsed.order,
    config: { reviewMode: "auto", language: "typescript" },
    baseTree: {},
    elucidationArtifactId: id("ELC"),
  });
  const { seed, claims } = compiled;
  if (seed === null) throw new Error(compiled.report.remediation.join(" "));
  const hidden = claims.flatMap(({ holdout }) => holdout);
  const visible = claims.flatMap((claim) => claim.visible);
  if (hidden.length === 0 || visible.length === 0) throw new Error("The order has to have both kinds of examples.");
  return { seed: seed satisfies SeedRequest, nodes: compiled.artifacts.map(({ node }) => node), hidden: valuesOf(hidden), visible: valuesOf(visible) };
}

/** Arguments and results of examples, as they are written anywhere. */
function valuesOf(examples: readonly Example[]): string[] {
  return examples.flatMap(({ args, expected }) => [...args, expected].map((value) => (value.kind === "json" ? JSON.stringify(value.value) : value.kind)));
}

/** The values that a text has, with any grouping of digits taken out. */
export function valuesIn(text: string, values: readonly string[]): string[] {
  const plain = text.replaceAll(/(?<=\d)[_,' ](?=\d)/g, "");
  return values.filter((value) => plain.includes(value));
}
