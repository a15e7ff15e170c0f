/** Claims of an order: what has to be shown, each with the examples and tests that show it. */
import { functionFile } from "@factory/schemas";
import type { Claim, Example, WorkOrder } from "@factory/schemas";
import { functionsNamedIn, testsNamedIn } from "./criteria.ts";
import { grouped } from "./grouped.ts";
import { orderDigest, splitExamples } from "./split.ts";
import type { Target } from "./targets.ts";

/**
 * The claims of an order: one for each criterion, then one for each function that no criterion names, then constraints, then metrics, each group in document order, numbered `C-1`, `C-2`, ...
 *
 * All examples of a function belong to the first claim that names it; later claims that name it share that check.
 */
export function claimsOfOrder(order: WorkOrder): Claim[] {
  const digest = orderDigest(order);
  const examples = grouped(order.examples, ({ functionName }) => functionName);
  const names = new Set(order.functions.map(({ name }) => name));
  const taken = new Set<string>();
  const drafts: Omit<Claim, "claimId">[] = order.acceptanceCriteria.map((criterion) => ({
    kind: "criterion" as const,
    text: criterion.text,
    line: criterion.line,
    ...(criterion.functionName === undefined ? {} : { functionName: criterion.functionName }),
    ...examplesFor(criterion.functionName, examples, digest, taken),
    testFiles: criterion.tests,
  }));
  for (const { name, line } of order.functions) {
    if (taken.has(name)) continue;
    const shown = examples.has(name);
    const text = shown ? `\`${name}\` gives what its examples state.` : `\`${name}\` does what its signature says.`;
    drafts.push({ kind: "criterion", text, line, functionName: name, ...examplesFor(name, examples, digest, taken), testFiles: [] });
  }
  for (const { text, line } of order.constraints) drafts.push({ kind: "constraint", text, line, visible: [], holdout: [], testFiles: [] });
  for (const { text, line } of order.successMetrics) {
    const functionName = functionsNamedIn(text, names)[0];
    drafts.push({
      kind: "metric",
      text,
      line,
      ...(functionName === undefined ? {} : { functionName }),
      visible: [],
      holdout: [],
      testFiles: testsNamedIn(text),
    });
  }
  return drafts.map((draft, index) => ({ claimId: `C-${index + 1}`, ...draft }));
}

function examplesFor(
  functionName: string | undefined,
  examples: ReadonlyMap<string, readonly Example[]>,
  digest: string,
  taken: Set<string>,
): Pick<Claim, "visible" | "holdout"> {
  if (functionName === undefined || taken.has(functionName)) return { visible: [], holdout: [] };
  taken.add(functionName);
  const { visible, holdout } = splitExamples(digest, examples.get(functionName) ?? []);
  return { visible: [...visible], holdout: [...holdout] };
}

/** Claims with the file of their function, where the starting tree has it in another one than the conventional. */
export function placeClaims(claims: readonly Claim[], targets: readonly Target[]): Claim[] {
  const moved = new Map(targets.filter(({ functionName, file }) => file !== functionFile(functionName)).map(({ functionName, file }) => [functionName, file]));
  return claims.map((claim) => {
    const file = claim.functionName === undefined ? undefined : moved.get(claim.functionName);
    return file === undefined ? claim : { ...claim, file };
  });
}
