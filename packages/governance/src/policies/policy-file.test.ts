import { describe, expect, it } from "vitest";
import { readPolicies } from "./policy-file.ts";

const GOOD = [
  "# comment",
  "scope: role:coder",
  "autonomy: PROPOSE",
  "rules:",
  "  tools:",
  "    - read_file",
  "    - fly",
  "expires_at: 2027-01-01T00:00:00Z",
  "",
].join("\n");
const linesOf = (text: string): number[] => readPolicies(text).faults.map(({ line }) => line);

describe("a policy file", () => {
  it("is read, times as they are written, and each field knows its line", () => {
    const { policies, faults } = readPolicies(GOOD);
    expect(faults).toEqual([]);
    expect(policies.map(({ policy }) => policy)).toEqual([
      { scope: "role:coder", autonomy: "PROPOSE", rules: { tools: ["read_file", "fly"] }, expires_at: "2027-01-01T00:00:00Z" },
    ]);
    const lines = ["scope", "autonomy", "rules.tools.1", "rules.tools.9", "rules.none", "expires_at", "effective_at"].map((field) =>
      policies[0]?.lineOf(field),
    );
    expect(lines).toEqual([2, 3, 7, 5, 4, 8, 2]);
  });

  it("may hold several documents, and comments after the last", () => {
    const { policies, faults } = readPolicies(`${GOOD}---\nscope: org\nautonomy: SUGGEST\n---\n# no more\n`);
    expect(faults).toEqual([]);
    expect(policies.map(({ policy }) => [policy.scope, policy.rules])).toEqual([
      ["role:coder", { tools: ["read_file", "fly"] }],
      ["org", {}],
    ]);
    expect(policies[1]?.lineOf("autonomy")).toBe(11);
  });

  it.each([
    ["", [1]],
    ["# nothing\n", [1]],
    ["scope: org\nautonomy: [SUGGEST\n", [3]],
    ["scope: org\nautonomy: SUGGEST\nscope: role:coder\n", [3]],
    ["scope: org\nautonomy: SUGGEST\n\tx: 1\n", [3]],
    ["- scope: org\n", [1]],
    ["scope: org\nautonomy: 7\nexpire_at: x\n", [2, 3]],
    ["scope: org\nautonomy: SUGGEST\nrules: *none\n", [3]],
    ["scope: org\nautonomy: SUGGEST\nrules:\n  limit: .inf\n", [4]],
    ["scope: org\nautonomy: SUGGEST\n---\nscope: org\nautonomy: PROPOSE\n", [4]],
  ])("tells the line of what is wrong in %j", (text, lines) => {
    expect(linesOf(text)).toEqual(lines);
    expect(readPolicies(text).policies).toEqual([]);
  });

  it("names the fields there are for one that there is not", () => {
    expect(readPolicies("scope: org\nautonomy: SUGGEST\nexpire_at: x\n").faults[0]?.problem).toContain("scope, autonomy, rules, effective_at, expires_at");
  });
});
