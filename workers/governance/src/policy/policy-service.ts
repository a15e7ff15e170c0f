/** Policy decisions of this Worker: one decision point an isolate, made at the first question. */
import type { Log } from "@factory/durable";
import { POLICY_SOURCE, PolicyDecisionPoint, type CedarEngine } from "@factory/governance/pdp";
import type { Health, PolicyDecision, PolicyRequest } from "@factory/schemas/rpc";

/** What decisions need. */
export type PolicyServiceDeps = { readonly engine: () => CedarEngine; readonly rootOrg: string; readonly log: Log; readonly now: () => number };

/** Decides, and says whether it can. */
export class PolicyService {
  readonly #deps: PolicyServiceDeps;
  /** Not persisted: the policies are part of the Worker. */
  #point: PolicyDecisionPoint | undefined;

  constructor(deps: PolicyServiceDeps) {
    this.#deps = deps;
  }

  /**
   * One decision a request, in order. Denials are logged: an allowed call is logged by whoever made it.
   *
   * @throws whatever keeps the engine or the policies from loading, so that who asks fails closed and asks again
   */
  decide(requests: readonly PolicyRequest[]): PolicyDecision[] {
    const point = this.#decisionPoint();
    return requests.map((request) => {
      const startedAt = this.#deps.now();
      const decision = point.decide(request);
      if (!decision.allowed) this.#logDenial(request, decision, startedAt);
      return decision;
    });
  }

  /** Whether engine and policies load and the engine answers: asked is what is always denied, and by which policy. */
  health(): Pick<Health, "ok" | "detail"> {
    try {
      const { policies, reason } = this.#decisionPoint().decide(ANOTHER_ORGS);
      return policies.includes("tenancy") ? { ok: true } : { ok: false, detail: `the policy engine does not keep organisations apart: ${reason}` };
    } catch (err) {
      return { ok: false, detail: `the policies do not load: ${err instanceof Error ? err.message : String(err)}` };
    }
  }

  #decisionPoint(): PolicyDecisionPoint {
    return (this.#point ??= new PolicyDecisionPoint(this.#deps.engine(), POLICY_SOURCE, this.#deps.rootOrg));
  }

  #logDenial({ principal, action, resource }: PolicyRequest, { decisionId, policies, reason }: PolicyDecision, startedAt: number): void {
    this.#deps.log.event({
      op: "policy.decide",
      outcome: "refused",
      durationMs: this.#deps.now() - startedAt,
      ids: { org: principal.org, principal: principal.id, resource: resource.id, decision: decisionId },
      fields: { action, policies: policies.join(","), reason },
    });
  }
}

const ANOTHER_ORGS: PolicyRequest = {
  principal: { id: "health", kind: "system", org: "health", person: "health", roles: [], scopes: ["session:read"] },
  action: "ReadSession",
  resource: { type: "Org", org: "health-other", id: "health-other" },
  context: {},
};
