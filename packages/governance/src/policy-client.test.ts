import type { PolicyAction, PolicyDecision, PolicyRequest } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { PolicyClient, READ_DECISION_TTL_MS, type PolicyClientDeps } from "./policy-client.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");

function aRequest(action: PolicyAction = "ReadSession", person = "ana"): PolicyRequest {
  const principal = { id: person, kind: "api-key", org: "acme", person, roles: ["viewer"], scopes: ["session:read"] } as const;
  return { principal, action, resource: { type: "Org", org: "acme", id: "acme" }, context: { operation: "graphql" } };
}

function aDecision(change: Partial<PolicyDecision> = {}): PolicyDecision {
  return { decisionId: "d", allowed: true, policies: ["readers"], policySet: "s", approvals: 1, reason: "", ...change };
}

/** A client, what it asked, and a clock. */
function aClient(decide: (request: PolicyRequest) => PolicyDecision = () => aDecision(), more: Partial<PolicyClientDeps> = {}) {
  const clock = { now: NOW };
  const asked: PolicyRequest[] = [];
  const deps = {
    decide: async (requests: readonly PolicyRequest[]) => {
      asked.push(...requests);
      return requests.map(decide);
    },
    now: () => clock.now,
    ...more,
  };
  return { client: new PolicyClient(deps), asked, clock };
}

describe("asking policy", () => {
  it("keeps a permit to read for a few seconds, and only for the same question", async () => {
    const { client, asked, clock } = aClient();
    for (let n = 0; n < 3; n += 1) expect(await client.permit(aRequest())).toMatchObject({ ok: true, decision: { policies: ["readers"] } });
    expect(asked).toHaveLength(1);
    await client.permit(aRequest("ReadSession", "bob"));
    expect(asked).toHaveLength(2);
    clock.now += READ_DECISION_TTL_MS - 1;
    await client.permit(aRequest());
    expect(asked).toHaveLength(2);
    clock.now += 1;
    await client.permit(aRequest());
    expect(asked).toHaveLength(3);
  });

  it("keeps nothing that would change something, and no denial", async () => {
    const { client, asked } = aClient(({ action }) => aDecision({ allowed: action !== "ReadSession" }));
    for (const action of ["SubmitSession", "SubmitSession", "ReadSession", "ReadSession"] as const) await client.permit(aRequest(action));
    expect(asked).toHaveLength(4);
  });

  it("lets no permit outlive another person's or be kept for ever: what is kept is bounded", async () => {
    const { client, asked } = aClient();
    for (let n = 0; n <= 1_000; n += 1) await client.permit(aRequest("ReadSession", `person-${n}`));
    await client.permit(aRequest("ReadSession", "person-1000"));
    expect(asked).toHaveLength(1_001);
    await client.permit(aRequest("ReadSession", "person-0"));
    expect(asked).toHaveLength(1_002);
  });

  it("refuses with the policies' reason, or the registry's where they give none", async () => {
    const said = aClient(() => aDecision({ allowed: false, policies: ["sundays"], reason: "Not on Sundays." }));
    expect(await said.client.permit(aRequest())).toMatchObject({
      ok: false,
      code: "POLICY_DENIED",
      message: "Not on Sundays.",
      details: { policies: ["sundays"] },
    });
    const silent = aClient(() => aDecision({ allowed: false, policies: [] }));
    expect(await silent.client.permit(aRequest())).toMatchObject({ ok: false, code: "POLICY_DENIED", message: "Policy does not allow this." });
  });

  it.each<[string, Partial<PolicyClientDeps>]>([
    ["fails", { decide: () => Promise.reject(new Error("gone")) }],
    ["is late", { decide: () => new Promise(() => undefined), deadlineMs: 10 }],
    ["answers fewer questions", { decide: async () => [] }],
    ["answers more questions", { decide: async () => [aDecision(), aDecision()] }],
    [
      "throws at once",
      {
        decide: () => {
          throw new Error("no binding");
        },
      },
    ],
  ])("is closed when policy %s", async (_what, more) => {
    const { client } = aClient(undefined, more);
    expect(await client.permit(aRequest())).toMatchObject({ ok: false, code: "UNAVAILABLE", details: { policy: expect.any(String) } });
    expect(await client.decide([aRequest()])).toMatchObject({ ok: false, code: "UNAVAILABLE" });
  });

  it("answers several questions in their order, denials among them", async () => {
    const { client } = aClient(({ action }) => aDecision({ allowed: action === "SubmitSession", policies: [action] }));
    const answer = await client.decide([aRequest("SubmitSession"), aRequest("DecideReview")]);
    expect(answer).toMatchObject({
      ok: true,
      decisions: [
        { allowed: true, policies: ["SubmitSession"] },
        { allowed: false, policies: ["DecideReview"] },
      ],
    });
  });
});
