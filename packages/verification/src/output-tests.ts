/**
 * Output checks as vitest source. The comparison runs in the sandbox beside the call, since a pattern on hostile output may
 * need unbounded time.
 */
import type { SuccessCheck } from "@factory/schemas";

/** A success check on what one export returns. */
export type OutputCheck = Extract<SuccessCheck, { kind: "output-contains" | "output-matches" }>;

/** Renders the check; text is compared as it is, other values as their JSON text. */
export function renderOutputTest(check: OutputCheck, module: string): string {
  const compare =
    check.kind === "output-contains"
      ? `expect(text).toContain(${JSON.stringify(check.text)});`
      : `expect(text).toMatch(new RegExp(${JSON.stringify(check.pattern)}));`;
  return `import { expect, test } from "vitest";
import * as subject from ${JSON.stringify(module)};

test(${JSON.stringify(`${check.export} ${check.kind === "output-contains" ? "contains" : "matches"} what is asked`)}, async () => {
  const call = subject[${JSON.stringify(check.export)}];
  if (typeof call !== "function") throw new Error(${JSON.stringify(`${module} exports no function ${check.export}`)});
  const value = await call(...JSON.parse(${JSON.stringify(JSON.stringify(check.args))}));
  const text = typeof value === "string" ? value : String(JSON.stringify(value));
  ${compare}
});
`;
}
