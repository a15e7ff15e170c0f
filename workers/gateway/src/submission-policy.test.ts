import { REVIEW_MATTERS } from "@factory/schemas";
import type { CommissionRequest, PolicyRequest } from "@factory/schemas/rpc";
import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { createLog, type CanonicalEvent } from "@factory/durable";
import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { toJson, create } from "@bufbuild/protobuf";
import { SubmitSessionRequestSchema } from "@factory/schemas/proto";
import { createApp } from "./app.ts";
import type { GatewayDeps } from "./deps.ts";
import { centsOf } from "./submission-policy.ts";
import { anEnvelope, signed, storeCredentials, type Credentials } from "./testing/builders.ts";
import { aDecision, aSessionObject, gatewayDepsOf, policyFrom, policyOf } from "./testing/deps.ts";

const records = new Map<string, unknown>();
let acme: Credentials;
beforeEach(async () => {
  acme = await storeCredentials(async (key, value) => void records.set(key, JSON.parse(value)), "acme");
});

/** A gateway that tells what was commissioned, stored and logged. */
function aGateway(change: Partial<GatewayDeps> = {}) {
  const commissioned: CommissionRequest[] = [];
  const stored: string[] = [];
  const events: CanonicalEvent[] = [];
  const commission = async (request: CommissionRequest) => {
    commissioned.push(request);
    // The call ends here; what follows is the stream's own test.
    return { ok: false, code: "FAILED_PRECONDITION", message: "commissioned" } as const;
  };
  const app = createApp(
    gatewayDepsOf({
      records: async (key) => records.get(key) ?? null,
      blobs: { get: async () => null, put: async (key) => void stored.push(key) },
      session: () => aSessionObject({ commission }),
      log: createLog((line) => events.push(JSON.parse(line) as CanonicalEvent)),
      ...change,
    }),
  );
  const submit = async (config: object = { reviewMode: "human", budgetUsd: 1_200.5 }): Promise<string> => {
    const envelope = anEnvelope({ session: { assemblyId: "shop" } });
    const files = [{ path: "src/a.ts", content: "export {};\n" }];
    const payload = { ...envelope.payload, files, config };
    const message = create(SubmitSessionRequestSchema, { envelope: await signed({ ...envelope, payload }, acme.signingKey) });
    const body = new TextEncoder().encode(JSON.stringify(toJson(SubmitSessionRequestSchema, message)));
    const frame = new Uint8Array(5 + body.length);
    new DataView(frame.buffer).setUint32(1, body.length);
    frame.set(body, 5);
    const request = new Request("https://factory.test/factory.v1.FactoryGateway/SubmitSession", {
      method: "POST",
      headers: { "content-type": "application/connect+json", authorization: `Bearer ${acme.apiKey}` },
      body: frame,
    });
    return (await app.fetch(request, env, createExecutionContext())).text();
  };
  return { commissioned, stored, events, submit };
}

describe("a submission", () => {
  it("asks policy once, for itself and for each matter of a review, with what the order says", async () => {
    const calls: (readonly PolicyRequest[])[] = [];
    const policy = policyFrom(async (requests) => (calls.push(requests), requests.map(() => aDecision())));
    await aGateway({ policy }).submit();
    expect(calls).toHaveLength(1);
    const [[submission, ...reviews] = []] = calls;
    const context = { reviewMode: "human", budgetCents: 120_050, suspended: false };
    expect(submission).toMatchObject({
      principal: { id: "tester", person: "tester", org: "acme" },
      action: "SubmitSession",
      resource: { type: "Session", org: "acme", id: expect.stringMatching(/^SES-/), assembly: "shop" },
      context: { ...context, operation: "factory.v1.FactoryGateway/SubmitSession" },
    });
    expect(reviews.map(({ action, context: about, principal }) => [action, about.matter, principal.roles])).toEqual(
      REVIEW_MATTERS.map((matter) => ["DecideReview", matter, ["approver"]]),
    );
    expect(REVIEW_MATTERS).toEqual(expect.arrayContaining(["approval", "autonomy", "budget", "acceptance", "clearance", "divergence"]));
  });

  it("pins what policy said with the order: who let it in, and how many people decide each matter", async () => {
    const policy = policyOf(({ action, context }) =>
      action === "SubmitSession"
        ? aDecision({ decisionId: "a".repeat(64), policies: ["submitters"] })
        : aDecision({ approvals: context.matter === "budget" ? 2 : 1 }),
    );
    const { submit, commissioned, events } = aGateway({ policy });
    await submit();
    const [request] = commissioned;
    expect(request?.governance?.submission).toEqual({ decisionId: "a".repeat(64), policies: ["submitters"], policySet: "s".repeat(64) });
    expect(request?.governance?.approvals).toEqual({ ...Object.fromEntries(REVIEW_MATTERS.map((matter) => [matter, 1])), budget: 2 });
    expect(request?.principal).toEqual({ id: "tester", kind: "api-key", org: "acme", person: "tester" });
    expect(events).toMatchObject([{ fields: { decisions: ["a".repeat(64)], policies: ["submitters"] } }]);
  });

  it("never pins fewer than one approval, whatever policy answers for nobody in particular", async () => {
    const policy = policyOf(({ action }) => aDecision(action === "SubmitSession" ? {} : { allowed: false, approvals: 0, policies: [] }));
    const { submit, commissioned } = aGateway({ policy });
    await submit();
    expect(new Set(Object.values(commissioned[0]?.governance?.approvals ?? {}))).toEqual(new Set([1]));
  });

  it("says nothing of a budget to policy where the order states none", async () => {
    const calls: PolicyRequest[] = [];
    await aGateway({ policy: policyOf((request) => (calls.push(request), aDecision())) }).submit({ reviewMode: "auto" });
    expect(calls.some(({ context }) => "budgetCents" in context)).toBe(false);
    expect(calls.length).toBeGreaterThan(1);
  });

  it("that policy denies stores nothing and makes no session", async () => {
    const policy = policyOf(({ action }) => aDecision({ allowed: action !== "SubmitSession", reason: "Orders above 1000 USD need an operator of finance." }));
    const { submit, commissioned, stored, events } = aGateway({ policy });
    expect(await submit()).toContain("Orders above 1000 USD need an operator of finance.");
    expect([commissioned, stored]).toEqual([[], []]);
    expect(events).toMatchObject([{ outcome: "refused", fields: { code: "POLICY_DENIED" } }]);
  });

  it("stores nothing when policy cannot be asked", async () => {
    const { submit, commissioned, stored } = aGateway({ policy: policyFrom(() => Promise.reject(new Error("down"))) });
    expect(await submit()).toContain("UNAVAILABLE");
    expect([commissioned, stored]).toEqual([[], []]);
  });

  const suspension = {
    assembly: "shop" as string | null,
    reason: "prices are wrong",
    by: ["ana", "bob"],
    since: "2026-08-04T12:00:00Z",
    dispositionEventId: "DSP-1",
  };
  const governing = (suspensions: () => Promise<readonly (typeof suspension)[]>): Partial<GatewayDeps> => ({
    governance: { ...gatewayDepsOf().governance, suspensions },
  });

  it.each([
    ["the assembly", suspension, "the assembly shop is suspended by ana and bob: prices are wrong"],
    ["the organisation", { ...suspension, assembly: null }, "All work of the organisation is suspended by ana and bob: prices are wrong"],
  ])("to %s that two people have suspended is SUSPENDED, and stores nothing", async (_what, inForce, told) => {
    const { submit, commissioned, stored } = aGateway(governing(async () => [{ ...suspension, assembly: "other" }, inForce]));
    const answer = await submit();
    expect(answer).toContain("SUSPENDED");
    expect(answer).toContain(told);
    expect([commissioned, stored]).toEqual([[], []]);
  });

  it("to an assembly beside a suspended one is taken", async () => {
    const { submit, commissioned } = aGateway(governing(async () => [{ ...suspension, assembly: "other" }]));
    await submit();
    expect(commissioned).toHaveLength(1);
  });

  it("is refused for the time being when the desk cannot say what is suspended", async () => {
    const { submit, commissioned, stored, events } = aGateway(governing(() => Promise.reject(new Error("desk down"))));
    const answer = await submit();
    expect(answer).toContain("UNAVAILABLE");
    expect(answer).not.toContain("desk down");
    expect([commissioned, stored]).toEqual([[], []]);
    expect(events).toMatchObject([{ outcome: "failed" }]);
  });
});

describe("a budget in cents", () => {
  it.each([
    [0, 0],
    [1.1, 110],
    [0.1 + 0.2, 30],
    [100, 10_000],
    [100.001, 10_001],
    [1e300, Number.MAX_SAFE_INTEGER],
  ])("of %d USD is %d", (usd, cents) => expect(centsOf(usd)).toBe(cents));

  it("is a whole number that policy can hold and never less than the budget by a cent", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), (usd) => {
        const cents = centsOf(usd);
        expect(Number.isSafeInteger(cents)).toBe(true);
        if (usd < 1e9) expect(cents / 100).toBeGreaterThanOrEqual(usd - 0.000_1);
      }),
    );
  });
});
