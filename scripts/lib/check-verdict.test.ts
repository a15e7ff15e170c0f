import { describe, expect, it } from "vitest";
import { tallyLine, verdictOf } from "./check-verdict.ts";
import { NOT_CHECKED } from "./run.ts";

describe("what a check came to", () => {
  it("is not checked only for a check that may be, and never passed by that", () => {
    expect(verdictOf(0)).toBe("passed");
    expect(verdictOf(0, true)).toBe("passed");
    expect(verdictOf(NOT_CHECKED, true)).toBe("not checked");
    expect(verdictOf(NOT_CHECKED)).toBe("failed");
    for (const code of [1, 2, 74, 137]) expect(verdictOf(code, true)).toBe("failed");
  });

  it("is in the last line, apart from what passed", () => {
    expect(tallyLine({ passed: 12, failed: 0, skipped: 1 })).toBe("12 passed, 0 failed, 1 skipped");
    expect(tallyLine({ passed: 12, failed: 1, skipped: 0 })).toBe("12 passed, 1 failed");
  });
});
