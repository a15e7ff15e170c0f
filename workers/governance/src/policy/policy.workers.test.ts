import { exports } from "cloudflare:workers";
import { POLICY_SOURCE, PolicyDecisionPoint } from "@factory/governance/pdp";
import type { PolicyAction, PolicyRequest } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { workerCedar } from "./worker-cedar.ts";

const aRequest = (changes: Partial<PolicyRequest> = {}): PolicyRequest => ({
  principal: { id: "alice", kind: "api-key", org: "acme", person: "alice", roles: ["operator"], scopes: ["session:submit"] },
  action: "SubmitSession",
  resource: { type: "Assembly", org: "acme", id: "shop" },
  context: {},
  ...changes,
});

describe("policy in workerd", () => {
  it("decides over RPC, one decision a request and in order", async () => {
    const requests = [
      aRequest(),
      aRequest({ context: { suspended: true } }),
      aRequest({ resource: { type: "Org", org: "other", id: "other" } }),
      aRequest({ action: "Anything" as PolicyAction }),
    ];
    const decisions = await exports.default.decide(requests);
    expect(decisions.map(({ allowed, policies }) => ({ allowed, policies: [...policies] }))).toEqual([
      { allowed: true, policies: ["submit-session"] },
      { allowed: false, policies: ["suspended-submission"] },
      { allowed: false, policies: ["tenancy"] },
      { allowed: false, policies: [] },
    ]);
    expect(new Set(decisions.map(({ decisionId }) => decisionId)).size).toBe(4);
  });

  it("founds organisations from the one that the configuration names, and no other", async () => {
    const found = (org: string) =>
      aRequest({
        principal: { id: "root", kind: "api-key", org, person: "root", roles: ["admin"], scopes: ["admin"] },
        action: "CreateOrg",
        resource: { type: "Org", org, id: "new" },
      });
    const decisions = await exports.default.decide([found("local"), found("acme")]);
    expect(decisions.map(({ allowed }) => allowed)).toEqual([true, false]);
  });

  it("gives the id that anybody gets who decides the same by the same policies", async () => {
    const [decision] = await exports.default.decide([aRequest()]);
    const point = new PolicyDecisionPoint(workerCedar(), POLICY_SOURCE, "local");
    expect(point.decide(aRequest()).decisionId).toBe(decision?.decisionId);
  });

  it("is healthy when engine and policies load", async () => {
    expect(await exports.default.health()).toEqual({ worker: "governance", ok: true });
  });
});
