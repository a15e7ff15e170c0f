/** What an outcome may do by the autonomy it was made under. Every comparison goes by the order of the levels. */
import { agentIdOf } from "@factory/gears";
import { AUTONOMY } from "@factory/schemas";
import type { Autonomy, Role } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";

/** The least level at which a change set is applied when its checks pass, without a person. */
const APPLIES_ALONE: Autonomy = "EXECUTE_BOUNDED";

/** Whether a change set made at this level may be applied without a person; no level at all is SUGGEST. */
export function mayApply(autonomy: Autonomy | null): boolean {
  return AUTONOMY.indexOf(autonomy ?? "SUGGEST") >= AUTONOMY.indexOf(APPLIES_ALONE);
}

/** Why the change set of a merge bead waits for a person although its own agent may apply one. */
export const BROUGHT_IN = "It brings in the change set of an agent that may not apply one without a person.";

/** Why a change set waits for a person, for that person. */
export function whyItWaits(role: Role, autonomy: Autonomy): string {
  return `The knowing-state of ${agentIdOf(role)} allows ${autonomy}; to apply a change set without a person it needs ${APPLIES_ALONE}.`;
}

/**
 * Why an outcome must not count, or null. Work is only what was done under an execution bead of the knowing-state, and at
 * SUGGEST only what a person gave leave for.
 *
 * @param mayStart - whether a person let the bead begin
 */
export function ungoverned({ result, autonomy, executionBeadId, toolCalls, modelCalls }: BeadOutcome, mayStart: boolean): string | null {
  switch (result.kind) {
    case "failure":
      return null;
    case "suggest":
      return toolCalls + modelCalls.length === 0 ? null : `It asks for leave to begin after ${modelCalls.length} model calls and ${toolCalls} tool calls.`;
    case "task":
      if (autonomy === null) return "It brings work back although its knowing-state was never retrieved.";
      if (executionBeadId === null) return "It brings work back that no execution bead of the knowing-state covers.";
      return autonomy === "SUGGEST" && !mayStart ? "It worked at SUGGEST without a person's leave to begin." : null;
    default:
      return result satisfies never;
  }
}
