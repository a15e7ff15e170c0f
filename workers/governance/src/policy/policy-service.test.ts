import { MemoryLog } from "@factory/durable/testing";
import type { CedarEngine } from "@factory/governance/pdp";
import { nodeCedar } from "@factory/governance/pdp/node";
import type { PolicyRequest } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { PolicyService } from "./policy-service.ts";

const request: PolicyRequest = {
  principal: { id: "alice", kind: "oidc", org: "acme", person: "alice", roles: ["viewer"], scopes: ["session:read"] },
  action: "ReadSession",
  resource: { type: "Org", org: "acme", id: "acme" },
  context: {},
};

function aService(engine: () => CedarEngine = () => nodeCedar) {
  const log = new MemoryLog();
  return { log, service: new PolicyService({ engine, rootOrg: "local", log, now: Date.now }) };
}

describe("the policy service", () => {
  it("logs denials with who asked, what, and what decided", () => {
    const { log, service } = aService();
    service.decide([request, { ...request, action: "SubmitSession" }]);
    expect(log.of("policy.decide")).toMatchObject([
      { outcome: "refused", ids: { org: "acme", principal: "alice", resource: "acme" }, fields: { action: "SubmitSession", policies: "" } },
    ]);
  });

  it("says that it is not well, and decides nothing, when the engine does not load", () => {
    const { service } = aService(() => {
      throw new Error("no module");
    });
    expect(service.health()).toEqual({ ok: false, detail: "the policies do not load: no module" });
    expect(() => service.decide([request])).toThrow("no module");
  });

  it("says that it is not well when the policies do not hold", () => {
    const { service } = aService(() => ({
      ...nodeCedar,
      validate: () => ({ type: "failure", errors: [{ message: "broken", help: null, code: null, url: null, severity: null }], warnings: [] }),
    }));
    expect(service.health()).toEqual({ ok: false, detail: "the policies do not load: the policy set: broken." });
  });

  it("says that it is not well when the engine answers nothing but failures", () => {
    const { service } = aService(() => ({
      ...nodeCedar,
      statefulIsAuthorized: () => {
        throw new Error("unreachable executed");
      },
    }));
    expect(service.health()).toMatchObject({ ok: false, detail: /does not keep organisations apart: The policy engine failed: unreachable executed/ });
  });
});
