import { create } from "@bufbuild/protobuf";
import { ApplyPolicyResponseSchema, type ApplyPolicyResponse } from "@factory/schemas/proto";
import { describe, expect, it } from "vitest";
import { policyDiff, policyYaml } from "./policy-diff.ts";

const POLICY = { scope: "role:coder", autonomy: "PROPOSE", rules: { tools: ["read_file"] }, effectiveAt: "2026-08-04T00:00:00Z", expiresAt: "" };
const anAnswer = (change: object): ApplyPolicyResponse =>
  create(ApplyPolicyResponseSchema, { changed: true, beadId: "KSB-2", previousBeadId: "KSB-1", version: 2, policy: POLICY, ...change });

describe("the diff of a policy", () => {
  it("shows what goes and what comes, with the versions and their beads", () => {
    const diff = policyDiff(anAnswer({ previous: { ...POLICY, autonomy: "EXECUTE_BOUNDED", effectiveAt: "2026-01-01T00:00:00Z" } }));
    expect(diff.split("\n")).toEqual([
      "--- role:coder version 1\tKSB-1",
      "+++ role:coder version 2\tKSB-2",
      "@@ -1,6 +1,6 @@",
      " scope: role:coder",
      "-autonomy: EXECUTE_BOUNDED",
      "-effective_at: 2026-01-01T00:00:00Z",
      "+autonomy: PROPOSE",
      "+effective_at: 2026-08-04T00:00:00Z",
      " rules:",
      "   tools:",
      "     - read_file",
    ]);
  });

  it("is all new where there was none, and empty where nothing changes", () => {
    const diff = policyDiff(anAnswer({ previousBeadId: "", version: 1 }));
    expect(diff).toContain("--- none\n+++ role:coder version 1\tKSB-2\n");
    expect(diff.split("\n").filter((line) => line.startsWith("-"))).toEqual(["--- none"]);
    expect(policyDiff(anAnswer({ changed: false }))).toBe("");
  });

  it("takes another order of keys for no change", () => {
    const rules = { network: "none", fileScope: "directive" };
    const diff = policyDiff(anAnswer({ policy: { ...POLICY, rules }, previous: { ...POLICY, rules: { fileScope: "directive", network: "none" } } }));
    expect(diff.split("\n").filter((line) => /^[+-][^+-]/.test(line))).toEqual([]);
  });

  it("is YAML in which what is not said is left out", () => {
    expect(policyYaml({ scope: "org", autonomy: "SUGGEST", effectiveAt: "", expiresAt: "", rules: {} })).toBe("scope: org\nautonomy: SUGGEST\nrules: {}\n");
  });
});
