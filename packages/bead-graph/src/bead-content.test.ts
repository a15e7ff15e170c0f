import { AUTONOMY } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { BEAD_CONTENT, typedContent } from "./bead-content.ts";
import type { BeadType } from "./bead-content.ts";
import { aConsent, anAmendment, anEscalation, anExecution, aPolicy, aTrust, at, codeOf } from "./testing/builders.ts";

const [policy, trust] = [aPolicy(), aTrust()];
const execution = anExecution(policy, trust);
/** Content of each type with every field that it has, and which of them may be left out. */
const WHOLE: { readonly [T in BeadType]: { readonly content: Readonly<Record<string, unknown>>; readonly optional: readonly string[] } } = {
  policy: { content: { ...policy.content, expires_at: at(9) }, optional: ["expires_at"] },
  trust: { content: { ...trust.content, expiry: at(9) }, optional: ["expiry"] },
  execution: { content: { ...execution.content, artifact_graph_execution_id: "EXE-1" }, optional: ["artifact_graph_execution_id"] },
  outcome: {
    content: {
      execution_bead_id: execution.id,
      status: "SUCCESS",
      summary: "",
      metrics: { seconds: 3 },
      triggers_amendment: false,
      artifact_graph_divergence_id: "DIV-1",
    },
    optional: ["metrics", "artifact_graph_divergence_id"],
  },
  amendment: {
    content: {
      ...anAmendment().content,
      reviewed_by: "person:ada",
      reviewed_at: at(5),
      if_adopted_produces: "SPEC-2",
      artifact_graph_amendment_id: "AMD-1",
    },
    optional: ["reviewed_by", "reviewed_at", "if_adopted_produces", "artifact_graph_amendment_id"],
  },
  consent: { content: { ...aConsent().content, expires_at: at(9), revokes: policy.id }, optional: ["expires_at", "revokes"] },
  escalation: {
    content: { ...anEscalation(policy).content, resolved_at: at(5), resolution: "fine", resolution_bead_id: policy.id },
    optional: ["resolution", "resolution_bead_id"],
  },
  audit: {
    content: { audited_bead_id: policy.id, audited_type: "policy", action: "CREATE", actor_id: "person:ada", session_id: "SES-1" },
    optional: [],
  },
};
const TYPES = Object.keys(BEAD_CONTENT) as BeadType[];

describe("the content of a bead", () => {
  test("is of one of eight types", () => {
    expect(TYPES.sort()).toEqual(["amendment", "audit", "consent", "escalation", "execution", "outcome", "policy", "trust"]);
    expect(codeOf(() => typedContent("wish" as BeadType, {}))).toBe("INVALID_ARGUMENT");
    expect(codeOf(() => typedContent("toString" as BeadType, {}))).toBe("INVALID_ARGUMENT");
  });

  test.each(TYPES)("of type %s has every field of the type and needs all but the optional ones", (type) => {
    const { content, optional } = WHOLE[type];
    expect(typedContent(type, content).content).toEqual(content);
    for (const field of Object.keys(content)) {
      const { [field]: _, ...rest } = content;
      expect([field, codeOf(() => typedContent(type, rest))]).toEqual([field, optional.includes(field) ? "none" : "INVALID_ARGUMENT"]);
    }
  });

  test.each(TYPES)("of type %s may carry further fields only where it records what happened", (type) => {
    const isRecord = type === "execution" || type === "outcome" || type === "escalation";
    expect(codeOf(() => typedContent(type, { ...WHOLE[type].content, approval_id: "REV-1" }))).toBe(isRecord ? "none" : "INVALID_ARGUMENT");
  });

  test.each([
    ["policy", "autonomy", [...AUTONOMY], ["EVERYTHING", "suggest"]],
    ["policy", "effective_at", [at(5), "2026-01-01T00:00:00+02:00"], ["soon", "2026-01-01", ""]],
    ["trust", "trust_score", [0, 0.5, 1], [-0.01, 1.01, "0.5", null]],
    ["trust", "status", ["PENDING", "APPROVED", "SUSPENDED", "REVOKED"], ["ACTIVE"]],
    ["outcome", "status", ["SUCCESS", "PARTIAL", "FAILURE", "DISPUTED"], ["OK"]],
    ["amendment", "status", ["PROPOSED", "ADOPTED", "REJECTED", "SUPERSEDED"], ["PENDING", "APPROVED"]],
    ["amendment", "target_type", ["policy", "trust", "specification"], ["execution"]],
    ["consent", "status", ["ACTIVE", "REVOKED"], ["PENDING"]],
    ["audit", "action", ["CREATE", "SUPERSEDE", "ESCALATE", "CONSENT_GRANT", "CONSENT_REVOKE"], ["DELETE"]],
  ] as const)("of type %s takes as %s only what it means", (type, field, good, bad) => {
    const codes = (values: readonly unknown[]) => values.map((value) => codeOf(() => typedContent(type, { ...WHOLE[type].content, [field]: value })));
    expect(codes(good)).toEqual(good.map(() => "none"));
    expect(codes(bad)).toEqual(bad.map(() => "INVALID_ARGUMENT"));
  });
});
