/**
 * The policy decision point: nothing is allowed that no policy permits, a forbid is never overridden, and what goes wrong is a
 * denial. Every decision names the policies that decided and the set they are of, and has an id that anybody can recompute.
 */
import { digestOf, FactoryError } from "@factory/schemas";
import type { PolicyDecision, PolicyRequest } from "@factory/schemas/rpc";
import { cedarProblem, type CedarEngine } from "./cedar-engine.ts";
import { cedarRequest } from "./cedar-request.ts";
import { readPolicySet, textsOf, type PolicySet, type PolicySource, type ReadPolicy } from "./policy-set.ts";

/** What the engine has said of a request, before it has an id. */
type Answer = Omit<PolicyDecision, "decisionId" | "policySet">;

/** Decides by one policy set. */
export class PolicyDecisionPoint {
  readonly #engine: CedarEngine;
  readonly #rootOrg: string;
  /** The set that decides. */
  readonly policySet: PolicySet;

  /**
   * @param rootOrg - the platform's own organisation, from which others are founded
   * @throws FactoryError FAILED_PRECONDITION for a set that does not hold
   */
  constructor(engine: CedarEngine, source: PolicySource, rootOrg: string) {
    this.#engine = engine;
    this.#rootOrg = rootOrg;
    this.policySet = readPolicySet(engine, source);
    const { digest, schema, policies } = this.policySet;
    // The engine keeps parsed sets by name; the digest is one that no other set has.
    for (const answer of [engine.preparseSchema(digest, schema), engine.preparsePolicySet(digest, { staticPolicies: textsOf(policies) })]) {
      if (answer.type === "failure") throw new FactoryError("FAILED_PRECONDITION", `The policy set cannot be loaded: ${cedarProblem(answer.errors)}.`);
    }
  }

  /** Decides one request; the same request gets the same decision as long as the set is the same. */
  decide(request: PolicyRequest): PolicyDecision {
    const answer = this.#answer(request);
    const policySet = this.policySet.digest;
    return { decisionId: digestOf({ policySet, request: asked(request), answer }), policySet, ...answer };
  }

  #answer(request: PolicyRequest): Answer {
    try {
      return this.#ask(request);
    } catch (err) {
      // Whatever the engine stumbles over is no reason to let anybody in.
      return denied([], `The policy engine failed: ${err instanceof Error ? err.message : String(err)}.`);
    }
  }

  #ask(request: PolicyRequest): Answer {
    const { digest, policies } = this.policySet;
    const call = { ...cedarRequest(request, this.#rootOrg), preparsedSchemaName: digest, preparsedPolicySetId: digest, validateRequest: true };
    const answer = this.#engine.statefulIsAuthorized(call);
    if (answer.type === "failure") return denied([], `The request is none that policies speak of: ${cedarProblem(answer.errors)}.`);
    const { decision, diagnostics } = answer.response;
    const failed = diagnostics.errors.map(({ policyId }) => policyId).toSorted();
    // Cedar passes over a policy that fails, which may be the one that forbids.
    if (failed.length > 0) return denied(failed, `Policies could not be evaluated: ${failed.join(", ")}.`);
    const decided = diagnostics.reason.toSorted();
    const read = decided.flatMap((id) => policies.get(id) ?? []);
    if (decision === "deny") return denied(decided, decided.length > 0 ? forbiddenBy(read) : nothingPermits(request, policies));
    return { allowed: true, policies: decided, approvals: Math.max(1, ...read.map(({ approvals }) => approvals)), reason: "" };
  }
}

/** A decision on nothing but this request: absent fields and fields without a value are the same. */
function asked({ principal, action, resource, context }: PolicyRequest): object {
  const given = Object.fromEntries(Object.entries(context).filter(([, value]) => value !== undefined));
  const { assembly, ...rest } = resource;
  return { principal, action, resource: assembly === undefined ? rest : resource, context: given };
}

function denied(policies: readonly string[], reason: string): Answer {
  return { allowed: false, policies, approvals: 1, reason };
}

function forbiddenBy(policies: readonly ReadPolicy[]): string {
  return policies.map(({ id, reason }) => (reason === null ? `The policy "${id}" forbids it.` : `${reason} (policy "${id}")`)).join(" ");
}

function nothingPermits({ action, resource }: PolicyRequest, policies: PolicySet["policies"]): string {
  const needs = [...policies.values()].flatMap((policy) =>
    policy.effect === "permit" && policy.action === action && policy.needs !== null ? [policy.needs] : [],
  );
  const head = `No policy permits ${action} on ${resource.type} "${resource.id}"`;
  return needs.length === 0 ? `${head}.` : `${head}; it needs ${needs.join(", or ")}.`;
}
