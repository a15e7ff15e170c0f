import { describe, expect, it } from "vitest";
import { guidanceOf, otherRules } from "./rules.ts";

describe("the rules of a policy", () => {
  it("are shown by name, with guidance apart", () => {
    const rules = { tools: ["read_file"], network: "none", guidance: [{ from: "AMD-1", text: "Mind the cents." }], limit: { files: 3 } };
    expect(guidanceOf(rules)).toEqual([{ from: "AMD-1", text: "Mind the cents." }]);
    expect(otherRules(rules)).toEqual([
      ["limit", '{"files":3}'],
      ["network", "none"],
      ["tools", ["read_file"]],
    ]);
  });

  it("lose nothing that cannot be read as guidance", () => {
    expect(otherRules({ guidance: [{ from: "AMD-1" }] })).toEqual([["guidance", '[{"from":"AMD-1"}]']]);
    expect(otherRules({ guidance: "be kind" })).toEqual([["guidance", "be kind"]]);
    expect([guidanceOf({}), otherRules({})]).toEqual([[], []]);
  });
});
