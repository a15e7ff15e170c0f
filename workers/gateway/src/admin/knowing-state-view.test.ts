import type { KnowingStateBead, KnowingStateSnapshot } from "@factory/schemas/rpc";
import { describe, expect, it } from "vitest";
import { knowingStateView, type GovernanceRead } from "./knowing-state-view.ts";

const NOW = Date.parse("2026-08-04T12:00:00Z");
const PAST = "2026-08-04T11:00:00Z";
const FUTURE = "2026-08-04T13:00:00Z";

const NONE = { beadId: null, standing: "inactive", autonomy: "SUGGEST" } as const;
const SNAPSHOT: KnowingStateSnapshot = {
  role: "coder",
  subjectId: "agent:coder",
  policy: { ...NONE, scope: null, rules: {} },
  trust: { ...NONE, score: null, subjectType: null },
  consent: { ...NONE, grants: [] },
  headsDigest: "d",
};

function aBead(type: KnowingStateBead["type"], content: KnowingStateBead["content"], writtenAt = 1): KnowingStateBead {
  return { id: `KSB-${type}-${writtenAt}`, type, content, parents: [], writtenBy: "ana", writtenAt };
}

const TRUST = { subject_id: "agent:coder", subject_type: "agent", status: "APPROVED", trust_score: 0.8, rationale: "checked", evidence_refs: [] };
const POLICY = { scope: "role:coder", rules: { tools: ["a", "b"] }, autonomy: "PROPOSE", effective_at: "2026-01-01T00:00:00Z" };
const CONSENT = { role_id: "coder", grants: ["read_file"], status: "ACTIVE", granted_by: "ana", granted_at: "2026-01-01T00:00:00Z" };

function viewOf(lines: Partial<GovernanceRead["lines"]>, snapshot: Partial<KnowingStateSnapshot> = {}) {
  const none = { rolePolicy: [], orgPolicy: [], trust: [], consent: [] };
  return knowingStateView({ snapshot: { ...SNAPSHOT, ...snapshot }, lines: { ...none, ...lines }, openAmendments: [] }, NOW);
}

describe("why a part is not in force", () => {
  it.each([
    [{ ...TRUST, expiry: PAST }, `it expired at ${PAST}`],
    [{ ...TRUST, status: "PENDING" }, "it is PENDING: checked"],
    [{ ...TRUST, status: "REVOKED", rationale: "enough" }, "it is REVOKED: enough"],
  ])("is said of a trust %j", (content, reason) => {
    expect(viewOf({ trust: [aBead("trust", content)] }).trust?.reason).toBe(`The last trust is not in force: ${reason}.`);
  });

  it("is said of a policy and a consent, too", () => {
    expect(viewOf({ rolePolicy: [aBead("policy", { ...POLICY, effective_at: FUTURE })] }).policy?.reason).toContain(`it takes effect at ${FUTURE}`);
    expect(viewOf({ orgPolicy: [aBead("policy", { ...POLICY, scope: "org", expires_at: PAST })] }).policy?.reason).toContain(`it expired at ${PAST}`);
    expect(viewOf({ consent: [aBead("consent", { ...CONSENT, status: "REVOKED" })] }).consent?.reason).toContain("it is REVOKED");
  });

  it("is said of what cannot be read", () => {
    const unreadable = { ...NONE, standing: "unreadable" } as const;
    const view = viewOf(
      {},
      { policy: { ...SNAPSHOT.policy, ...unreadable }, trust: { ...SNAPSHOT.trust, ...unreadable }, consent: { ...SNAPSHOT.consent, ...unreadable } },
    );
    for (const part of [view.policy, view.trust, view.consent]) expect(part?.reason).toContain("cannot be read");
    expect(view.autonomy).toBe("SUGGEST");
  });
});

describe("the history", () => {
  it("is one of all lines, newest first, each in one line for people", () => {
    const view = viewOf({
      rolePolicy: [aBead("policy", POLICY, 3)],
      trust: [aBead("trust", { ...TRUST, expiry: FUTURE }, 4), aBead("trust", TRUST, 1)],
      consent: [aBead("consent", CONSENT, 2)],
    });
    expect(view.history?.map(({ type, subject, summary }) => [type, subject, summary])).toEqual([
      ["trust", "agent:coder", `APPROVED 0.8, until ${FUTURE}: checked`],
      ["policy", "role:coder", "PROPOSE, 2 tools, from 2026-01-01T00:00:00Z"],
      ["consent", "coder", "ACTIVE: read_file"],
      ["trust", "agent:coder", "APPROVED 0.8: checked"],
    ]);
  });

  it("shows a bead whose content cannot be read as that", () => {
    expect(viewOf({ trust: [aBead("trust", { status: 7 })] }).history?.[0]).toMatchObject({ beadId: "KSB-trust-1", summary: "The content cannot be read." });
  });
});
