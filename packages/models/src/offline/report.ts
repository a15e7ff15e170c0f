/** The report that ends a unit of work. */
import type { TaskResult } from "@factory/schemas";
import type { OfflineAnswer } from "./task.ts";

/** What the report says beside its status. */
export type ReportFacts = { readonly assumptions?: readonly string[]; readonly verified?: readonly string[]; readonly candidates?: number | undefined };

/** The work is done as far as its checks say; the platform checks again. */
export function complete(reasoning: string, facts: ReportFacts = {}): OfflineAnswer {
  return report("COMPLETE", reasoning, [], facts);
}

/** The work cannot be done with the means at hand. */
export function blocked(reasoning: string, blockers: readonly string[], facts: ReportFacts = {}): OfflineAnswer {
  return report("BLOCKED", reasoning, blockers, facts);
}

function report(
  status: TaskResult["status"],
  reasoning: string,
  blockers: readonly string[],
  { assumptions = [], verified = [], candidates }: ReportFacts,
): OfflineAnswer {
  const result: TaskResult = { status, reasoning, blockers: [...blockers], assumptionsMade: [...assumptions], verifiedFacts: [...verified] };
  return { kind: "text", text: JSON.stringify(result), ...(candidates === undefined ? {} : { candidates }) };
}
