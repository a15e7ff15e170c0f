/** RPC of the policy decision point: default deny, policies in files, every decision with the policies that decided. */
import type { MemberRole } from "../members.ts";
import type { HealthRpc } from "./health.ts";

/** What is asked to be done. */
export const POLICY_ACTIONS = [
  "ReadSession",
  "SubmitSession",
  "ControlSession",
  "DecideReview",
  "SendSignal",
  "Dispatch",
  "Administer",
  "ManageOrg",
  "CreateOrg",
] as const;
export type PolicyAction = (typeof POLICY_ACTIONS)[number];

/** Who asks. `person` is one human being, whatever credential they came with; the same text is the same person. */
export type PolicyPrincipal = {
  readonly id: string;
  readonly kind: "api-key" | "oidc" | "linear" | "system";
  readonly org: string;
  readonly person: string;
  readonly roles: readonly MemberRole[];
  /** What the credential itself allows. */
  readonly scopes: readonly string[];
};

/** On what. `id` is a session, a review, an assembly or the organisation itself. */
export type PolicyResource = { readonly type: "Org" | "Assembly" | "Session"; readonly org: string; readonly id: string; readonly assembly?: string };

/** What the decision may depend on beside. Everything is optional; a policy that reads what is not there does not apply. */
export type PolicyContext = {
  /** Procedure or route, for what one action covers. */
  readonly operation?: string;
  readonly signal?: string;
  readonly reviewMode?: string;
  /** Of a review. */
  readonly matter?: string;
  /** In cents: Cedar has whole numbers. */
  readonly budgetCents?: number;
  /** The organisation or the assembly is suspended. */
  readonly suspended?: boolean;
  /** Items a clearance would cover. */
  readonly askedFor?: number;
  /** How the work graph was approved: by a person, or by policy in `auto` and `hybrid`. */
  readonly approvedBy?: "person" | "policy";
};

export type PolicyRequest = {
  readonly principal: PolicyPrincipal;
  readonly action: PolicyAction;
  readonly resource: PolicyResource;
  readonly context: PolicyContext;
};

/** A decision with what decided it. */
export type PolicyDecision = {
  /** SHA-256 of the policy set, the request and the answer: the same decision has the same id. */
  readonly decisionId: string;
  readonly allowed: boolean;
  /** Ids of the policies that decided; none means that nothing permits it. */
  readonly policies: readonly string[];
  /** SHA-256 of the policy set. */
  readonly policySet: string;
  /** Distinct people who have to approve: the highest `@approvals` among the policies that decided, 1 without one. */
  readonly approvals: number;
  /** What a person may do about a denial; empty for a permit. */
  readonly reason: string;
};

/** A decision as it is kept with what it allowed. */
export type DecisionRecord = Pick<PolicyDecision, "decisionId" | "policies" | "policySet">;

export interface PolicyRpc extends HealthRpc {
  /** One decision a request, in order. What goes wrong inside the engine is a denial that says so. */
  decide(requests: readonly PolicyRequest[]): Promise<readonly PolicyDecision[]>;
}
