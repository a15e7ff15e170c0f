import canonicalize from "canonicalize";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "./canonical.ts";

/** What either makes of a value: its text, or that there is none. */
function textOf(make: () => string | undefined): string {
  try {
    return make() ?? "none";
  } catch {
    return "none";
  }
}

describe("canonical JSON", () => {
  it("is what the library of RFC 8785 makes, of every value that it may be given", () => {
    const odd = fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, -0, 1e21, 1e-7, 2 ** 53, "\ud800", "\u2028", new Date(0), Symbol.iterator);
    const key = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("a", "B", "\ud83d\ude00", "\ufb33", "__proto__", "\udc00"));
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.integer(), fc.boolean(), fc.constant(null), odd),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(key, tie("tree"), { maxKeys: 5 }),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        expect(textOf(() => canonicalJson(value))).toBe(textOf(() => canonicalize(value)));
      }),
      { numRuns: 2_000 },
    );
  });

  it("has no limit of depth, and none of a value that contains itself", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level++) deep = [deep];
    expect(canonicalJson(deep)).toBe(`${"[".repeat(20_000)}1${"]".repeat(20_000)}`);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => canonicalJson(circle)).toThrow(/ircular/);
  });
});
