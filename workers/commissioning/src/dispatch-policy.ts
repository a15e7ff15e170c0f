/** The question whether a run may be dispatched, put to the policy decision point. Without an answer nothing is permitted. */
import { messageOf, RetryableError, withDeadline } from "@factory/durable";
import type { DecisionRecord, PolicyDecision, PolicyRequest } from "@factory/schemas/rpc";
import type { SessionContext } from "./context.ts";
import type { ClearanceCall } from "./governance-store.ts";

/** Longest wait for the policy decision point, in milliseconds. */
export const POLICY_DEADLINE_MS = 3_000;

/** A run is dispatched by the session itself, for whoever submitted its order. */
const DISPATCHER = { id: "system:session", kind: "system", person: "system:session", roles: [], scopes: [] } as const;

const CENTS = 100;

/**
 * Asks whether the session's run may be dispatched.
 *
 * @param beads - items the clearance would cover; null before they are known
 * @throws RetryableError when there is no answer in time: the caller's step is taken again
 */
export async function askDispatch(
  context: SessionContext,
  { basis, beads, askedFor }: Pick<ClearanceCall, "basis" | "beads" | "askedFor">,
): Promise<PolicyDecision> {
  const { store } = context;
  const { org, sessionId, assembly, order, config } = store.request();
  const budgetUsd = config.budgetUsd ?? order.budgetUsd;
  const items = askedFor ?? beads;
  const request: PolicyRequest = {
    principal: { ...DISPATCHER, org },
    action: "Dispatch",
    resource: { type: "Session", org, id: sessionId, assembly },
    context: {
      approvedBy: basis.approvedBy,
      reviewMode: config.reviewMode,
      suspended: false,
      ...(items === null ? {} : { askedFor: items }),
      ...(budgetUsd === undefined ? {} : { budgetCents: Math.ceil(budgetUsd * CENTS) }),
    },
  };
  const [decision] = await answered(context, request);
  if (decision === undefined) throw new RetryableError("The policy engine gave no decision on the dispatch.");
  return decision;
}

async function answered({ deps }: SessionContext, request: PolicyRequest): Promise<readonly PolicyDecision[]> {
  try {
    return await withDeadline("The policy engine", POLICY_DEADLINE_MS, async () => deps.policy.decide([request]), deps.startTimeout);
  } catch (err) {
    throw new RetryableError(`Waiting for the policy engine, without which nothing is dispatched: ${messageOf(err)}`, { cause: err });
  }
}

/** A decision as it is kept with what it allowed. */
export function recordOf({ decisionId, policies, policySet }: PolicyDecision): DecisionRecord {
  return { decisionId, policies, policySet };
}

/** Why policy does not allow it, and which policies said so. */
export function denialText({ reason, policies }: PolicyDecision): string {
  return `${reason === "" ? "Policy does not allow the dispatch." : reason} (${policies.length === 0 ? "no policy permits it" : policies.join(", ")})`;
}
