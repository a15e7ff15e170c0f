import type { PolicyAction, PolicyRequest } from "@factory/schemas/rpc";
import { POLICY_ACTIONS } from "@factory/schemas/rpc";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CedarEngine } from "./cedar-engine.ts";
import { POLICY_SOURCE, PolicyDecisionPoint, readPolicySet, type PolicySource } from "./index.ts";
import { nodeCedar } from "./node.ts";

const point = new PolicyDecisionPoint(nodeCedar, POLICY_SOURCE, "local");

const aRequest = (changes: Partial<PolicyRequest> = {}): PolicyRequest => ({
  principal: { id: "alice", kind: "api-key", org: "acme", person: "alice", roles: ["operator"], scopes: ["session:submit"] },
  action: "SubmitSession",
  resource: { type: "Assembly", org: "acme", id: "shop" },
  context: {},
  ...changes,
});

/** The shipped schema with other policies. */
const aSource = (text: string): PolicySource => ({ schema: POLICY_SOURCE.schema, files: [{ name: "policies.cedar", text }] });

describe("a decision", () => {
  it("of the same request by the same set has the same id, and of anything else another", () => {
    const request = aRequest({ context: { budgetCents: 100 } });
    const { decisionId, policySet } = point.decide(request);
    expect(decisionId).toMatch(/^[0-9a-f]{64}$/);
    expect(new PolicyDecisionPoint(nodeCedar, POLICY_SOURCE, "local").decide(structuredClone(request)).decisionId).toBe(decisionId);
    expect(point.decide(aRequest({ context: { budgetCents: 101 } })).decisionId).not.toBe(decisionId);
    const other = { ...POLICY_SOURCE, files: POLICY_SOURCE.files.map(({ name, text }) => ({ name, text: `${text}\n` })) };
    const again = new PolicyDecisionPoint(nodeCedar, other, "local").decide(request);
    expect(again.policySet).not.toBe(policySet);
    expect(again.decisionId).not.toBe(decisionId);
  });

  it("does not depend on fields that hold nothing", () => {
    // The types rule it out; RPC carries it all the same.
    const nothing = aRequest({ context: { budgetCents: undefined } as object });
    expect(point.decide(nothing)).toEqual(point.decide(aRequest()));
  });

  it("is a denial, whatever the caller may, for another organisation's resource", () => {
    const text = fc.string({ maxLength: 40 });
    const requests = fc.record({
      id: text,
      org: text,
      other: text,
      scopes: fc.array(fc.oneof(text, fc.constantFrom("admin", "session:read", "session:submit", "review:decide")), { maxLength: 6 }),
      roles: fc.subarray(["viewer", "operator", "approver", "admin"] as const),
      action: fc.constantFrom<PolicyAction>(...POLICY_ACTIONS),
      type: fc.constantFrom("Org", "Assembly", "Session" as const),
    });
    fc.assert(
      fc.property(requests, ({ id, org, other, scopes, roles, action, type }) => {
        fc.pre(org !== other);
        const decision = point.decide({
          principal: { id, kind: "oidc", org, person: id, roles, scopes },
          action,
          resource: { type, org: other, id },
          context: { approvedBy: "person" },
        });
        expect(decision.allowed).toBe(false);
        expect(decision.policies).toContain("tenancy");
      }),
      { numRuns: 300 },
    );
  });

  it("is a denial that says so for what the schema does not have", () => {
    const decision = point.decide(aRequest({ action: "Anything" as PolicyAction }));
    expect(decision).toMatchObject({ allowed: false, policies: [] });
    expect(decision.reason).toContain("The request is none that policies speak of");
  });

  it("is a denial that says so when the engine breaks", () => {
    const broken: CedarEngine = {
      ...nodeCedar,
      statefulIsAuthorized: () => {
        throw new Error("unreachable executed");
      },
    };
    const decision = new PolicyDecisionPoint(broken, POLICY_SOURCE, "local").decide(aRequest());
    expect(decision).toMatchObject({ allowed: false, policies: [], reason: "The policy engine failed: unreachable executed." });
  });

  it("is a denial where a policy that may forbid cannot be evaluated", () => {
    const source = aSource(`
      @id("all") permit (principal, action, resource);
      @id("large") forbid (principal, action, resource) when { context has budgetCents && context.budgetCents * 9223372036854775807 > 0 };`);
    const overflowing = new PolicyDecisionPoint(nodeCedar, source, "local");
    expect(overflowing.decide(aRequest())).toMatchObject({ allowed: true, policies: ["all"] });
    expect(overflowing.decide(aRequest({ context: { budgetCents: 2 } }))).toMatchObject({
      allowed: false,
      policies: ["large"],
      reason: "Policies could not be evaluated: large.",
    });
  });

  it("takes the highest number of people among the policies that decided", () => {
    const principal = { id: "bob", kind: "oidc", org: "acme", person: "bob", roles: ["approver"], scopes: ["review:decide"] } as const;
    const of = (matter: string, budgetCents: number): number =>
      point.decide(aRequest({ principal, action: "DecideReview", context: { matter, budgetCents } })).approvals;
    expect([of("budget", 10_000), of("budget", 10_001), of("approval", 100_000), of("approval", 100_001), of("acceptance", 100_001)]).toEqual([1, 2, 1, 2, 2]);
  });
});

describe("a policy set", () => {
  const read = (source: PolicySource) => () => readPolicySet(nodeCedar, source);

  it("that does not parse names its file", () => {
    expect(read(aSource("permit (principal"))).toThrow(/^policies\.cedar: /);
  });

  it("has an id for each policy, each once", () => {
    expect(read(aSource("permit (principal, action, resource);"))).toThrow('policies.cedar: has a policy whose @id is no slug: "".');
    expect(read(aSource('@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);'))).toThrow(
      'policies.cedar: has a second policy "a"; the other is in policies.cedar.',
    );
  });

  it("speaks only of what the schema has", () => {
    expect(read(aSource('@id("a") permit (principal, action, resource) when { principal.height == 1 };'))).toThrow(/^policies\.cedar: "a": /);
    expect(read(aSource('@id("a") permit (principal, action == Factory::Action::"Fly", resource);'))).toThrow(/^policies\.cedar: "a": /);
  });

  it("reads an attribute that may be absent only behind `has`", () => {
    expect(read(aSource('@id("a") permit (principal, action, resource) when { context.budgetCents < 1 };'))).toThrow(/^policies\.cedar: "a": /);
  });

  it("has no policy that can never apply", () => {
    expect(read(aSource('@id("a") permit (principal, action, resource) when { false };'))).toThrow(/^policies\.cedar: "a": /);
  });

  it("asks for a number of people, and only where something is permitted", () => {
    expect(read(aSource('@id("a") @approvals("two") permit (principal, action, resource);'))).toThrow('"a" has @approvals("two")');
    expect(read(aSource('@id("a") @approvals("0") permit (principal, action, resource);'))).toThrow('"a" has @approvals("0")');
    expect(read(aSource('@id("a") @approvals("2") forbid (principal, action, resource);'))).toThrow("it has no @approvals");
  });

  it("has no annotation that nothing reads, since a slip of the pen would lift a bar", () => {
    expect(read(aSource('@id("a") @approval("2") permit (principal, action, resource);'))).toThrow('"a" has the annotation @approval');
  });

  it("is not empty", () => {
    expect(read({ schema: POLICY_SOURCE.schema, files: [] })).toThrow("has no policy");
    expect(read(aSource("// Nothing."))).toThrow("policies.cedar: has no policy.");
  });
});
