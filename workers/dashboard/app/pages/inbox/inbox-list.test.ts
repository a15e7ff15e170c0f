import { describe, expect, it } from "vitest";
import { idBeside, inboxEntries, LINGER_MS, standingOf, type Decided } from "./inbox-list.ts";
import { aReview } from "./testing/builders.ts";

const early = aReview({ id: "REV-2", requestedAt: "2026-11-22T00:00:00.000Z" });
const late = aReview({ id: "REV-1", requestedAt: "2026-11-22T02:00:00.000Z" });
const NOW = Date.parse("2026-11-22T03:00:00.000Z");
const decided = (at: number): Decided => ({ review: early, decision: "approved", note: "", at });

describe("the inbox", () => {
  it("has who waits longest first, and nothing that a policy decides", () => {
    const entries = inboxEntries([late, aReview({ id: "REV-3", context: { decidedBy: "policy:auto" } }), early], [], NOW);
    expect(entries.map(({ review }) => review.id)).toEqual(["REV-2", "REV-1"]);
  });

  it("shows what was decided for a moment, in its place", () => {
    expect(inboxEntries([late], [decided(NOW - 1_000)], NOW).map((entry) => [entry.review.id, entry.decided?.decision])).toEqual([
      ["REV-2", "approved"],
      ["REV-1", undefined],
    ]);
    expect(inboxEntries([late], [decided(NOW - LINGER_MS)], NOW).map(({ review }) => review.id)).toEqual(["REV-1"]);
  });

  it("does not put again what was decided while the read model is behind", () => {
    expect(inboxEntries([early, late], [decided(NOW - 60_000)], NOW).map(({ review }) => review.id)).toEqual(["REV-1"]);
  });
});

describe("moving through the inbox", () => {
  it("stops at its ends and begins at the first", () => {
    const ids = ["a", "b", "c"];
    expect([idBeside(ids, "a", 1), idBeside(ids, "c", 1), idBeside(ids, "a", -1), idBeside(ids, undefined, 1), idBeside(ids, "x", -1)]).toEqual([
      "b",
      "c",
      "a",
      "a",
      "a",
    ]);
    expect(idBeside([], "a", 1)).toBeUndefined();
  });
});

describe("a review that is about to be decided", () => {
  it("is the same only while the exact action is still asked for", () => {
    expect(standingOf(late, [early, late])).toBe("same");
    expect(standingOf(late, [{ ...late, actionDigest: "d-2" }])).toBe("changed");
    expect(standingOf(late, [early])).toBe("gone");
  });
});
