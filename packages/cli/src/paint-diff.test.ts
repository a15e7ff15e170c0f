import { describe, expect, it } from "vitest";
import { paintDiff } from "./paint-diff.ts";
import { paintFor, plain } from "./terminal-text.ts";

describe("a diff on a terminal", () => {
  it("is in colour where there is one, and as it is where there is none", () => {
    expect(paintDiff("--- a\n+++ b\n+a", plain)).toBe("--- a\n+++ b\n+a");
    expect(paintDiff("+a\n-b\n c", paintFor(true, {}))).toBe("\u001b[32m+a\u001b[39m\n\u001b[31m-b\u001b[39m\n c");
  });
});
