/** What policy and suspensions say to an order, before anything of it is stored; what it says of reviews is pinned with the order. */
import { decisionRecord, denied, type AuthenticatedPrincipal } from "@factory/governance";
import { startRealTimeout, withDeadline } from "@factory/durable";
import { FactoryError, refuse, REVIEW_MATTERS } from "@factory/schemas";
import type { PinnedGovernance, PolicyContext, PolicyPrincipal, PolicyRequest, Suspension } from "@factory/schemas/rpc";
import { abortable } from "./abortable.ts";
import { policyRequest } from "./admission.ts";
import { raise } from "./connect-errors.ts";
import type { GatewayDeps } from "./deps.ts";
import { NEEDS, procedureOf } from "./needs.ts";
import type { CallScope } from "./sessions.ts";
import { FactoryGateway } from "@factory/schemas/proto";

/** Longest wait for the suspensions in force, in milliseconds. */
const SUSPENSIONS_DEADLINE_MS = 3_000;

/** What is known of an order once it has parsed. */
export type SubmittedWork = {
  readonly sessionId: string;
  readonly assembly: string;
  readonly reviewMode: string;
  /** In US dollars; undefined where the order states none. */
  readonly budgetUsd: number | undefined;
};

/**
 * Has an order admitted: nothing that it is part of is suspended, and policy lets the caller submit it. Both are asked anew for every
 * order, since what two people suspend is suspended at once.
 *
 * @returns what policy said, and how many people have to approve in each matter
 * @throws FactoryError SUSPENDED, POLICY_DENIED, or UNAVAILABLE when either cannot be asked
 */
export async function governSubmission(deps: GatewayDeps, scope: CallScope, work: SubmittedWork): Promise<PinnedGovernance> {
  const { principal, call, signal } = scope;
  const [suspensions, answer] = await abortable(signal, Promise.all([suspensionsOf(deps, principal.org), deps.policy.decide(questions(principal, work))]));
  const suspension = suspensions.find(({ assembly }) => assembly === null || assembly === work.assembly);
  if (suspension !== undefined) return raise(suspended(suspension));
  if (!answer.ok) {
    call.note(answer.details ?? {});
    return raise(answer);
  }
  const [submission, ...reviews] = answer.decisions;
  if (submission?.allowed !== true) return raise(denied(submission));
  call.decided(submission);
  const approvals = Object.fromEntries(REVIEW_MATTERS.map((matter, index) => [matter, Math.max(1, reviews[index]?.approvals ?? 1)]));
  return { submission: decisionRecord(submission), approvals };
}

/** The submission itself, and who would have to decide each review it may lead to. */
function questions(principal: AuthenticatedPrincipal, { sessionId, assembly, reviewMode, budgetUsd }: SubmittedWork): PolicyRequest[] {
  const resource = { type: "Session", org: principal.org, id: sessionId, assembly } as const;
  const context: PolicyContext = { operation: SUBMIT, reviewMode, suspended: false, ...(budgetUsd === undefined ? {} : { budgetCents: centsOf(budgetUsd) }) };
  const approver = anyApprover(principal.org);
  return [
    policyRequest(principal, "SubmitSession", resource, context),
    ...REVIEW_MATTERS.map((matter): PolicyRequest => ({
      principal: approver,
      action: "DecideReview",
      resource,
      context: { ...context, operation: DECIDE, matter },
    })),
  ];
}

const SUBMIT = procedureOf(FactoryGateway.method.submitSession);
const DECIDE = procedureOf(FactoryGateway.method.acknowledgeReview);

/** Nobody in particular who may approve: the bar is the same whoever submits. */
function anyApprover(org: string): PolicyPrincipal {
  const scope = NEEDS[DECIDE]?.scope;
  return { id: "any-approver", kind: "system", org, person: "any-approver", roles: ["approver"], scopes: scope === null || scope === undefined ? [] : [scope] };
}

/** Whole cents, rounded up: a budget that is a fraction above a bar is above it. Fractions of what a float can say of cents do not count. */
export function centsOf(usd: number): number {
  const cents = Math.ceil(Math.round(usd * 10_000) / 100);
  return Math.min(cents, Number.MAX_SAFE_INTEGER);
}

/** @throws FactoryError UNAVAILABLE when the desk does not answer: what may be suspended is */
async function suspensionsOf(deps: GatewayDeps, org: string): Promise<readonly Suspension[]> {
  try {
    return await withDeadline("gateway.suspensions", SUSPENSIONS_DEADLINE_MS, () => deps.governance.suspensions(org), startRealTimeout);
  } catch (err) {
    const message = "Whether work is suspended could not be asked, so nothing was done. Try again.";
    throw Object.assign(new FactoryError("UNAVAILABLE", message), { cause: err });
  }
}

function suspended({ assembly, by, reason }: Suspension): ReturnType<typeof refuse> {
  const what = assembly === null ? "All work of the organisation" : `Work of the assembly ${assembly}`;
  return refuse("SUSPENDED", `${what} is suspended by ${by.join(" and ")}: ${reason}`);
}
