import { FACTORY_REGISTRY } from "@factory/factory-graph";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { artifactTitle } from "./artifact-title.ts";

describe("an artifact's title", () => {
  it.each([
    ["Specification", { title: "Slugs", version: 2 }, "Slugs · version 2"],
    ["Claim", { claimId: "C-1", text: "It holds." }, "C-1 · It holds."],
    ["Divergence", { divergenceType: "atom-failure", claimId: "C-1", observed: "3 of 4" }, "atom-failure · C-1 · 3 of 4"],
    ["Amendment", { scope: "modify-atom", change: { mode: "reveal", note: "Round half up." } }, "modify-atom · reveal · Round half up."],
    ["Verdict", { outcome: "favorable", decidedBy: "policy:auto" }, "favorable · policy:auto"],
    ["Signal", { title: "An order" }, "An order"],
    ["NeverHeardOf", { reason: "because" }, "because"],
    ["Claim", { statement: "named otherwise" }, "named otherwise"],
    ["Signal", {}, ""],
  ])("of a %s with %j is %j", (type, data, title) => expect(artifactTitle(type, data)).toBe(title));

  it("is one short line of whole characters for any content of any type", () => {
    const content = fc.dictionary(
      fc.constantFrom("title", "text", "outcome", "change", "version", "__proto__"),
      fc.oneof(fc.string({ unit: "binary", maxLength: 500 }), fc.jsonValue()),
    );
    fc.assert(
      fc.property(fc.constantFrom(...FACTORY_REGISTRY.types), content, (type, data) => {
        const title = artifactTitle(type, data);
        expect(title).not.toMatch(/[\p{Cc}\n]/u);
        expect(title.length).toBeLessThanOrEqual(200);
      }),
    );
    expect(artifactTitle("Signal", { title: `${"x".repeat(198)}👩` })).toBe(`${"x".repeat(198)}👩`);
    expect(artifactTitle("Signal", { title: `${"x".repeat(198)}👩👩` })).toBe(`${"x".repeat(198)}…`);
  });
});
