import { describe, expect, it } from "vitest";
import { contextFacts, decisionsOf, isPolicys, matterOf, matterText, optionsOf, verbOf } from "./review-context.ts";

describe("what a review is about", () => {
  it("is its matter, in words", () => {
    expect(matterOf({ context: { matter: "autonomy", stage: "apply" } })).toEqual({ matter: "autonomy", stage: "apply" });
    expect(matterText({ context: { matter: "budget" }, type: "HUMAN_REVIEW" })).toBe("The budget is spent");
  });

  it("is its type where it does not say, and its own word where that is not known here", () => {
    expect(matterText({ context: null, type: "APPROVAL_REQUIRED" })).toBe("approval required");
    expect(matterText({ context: { matter: "weather" }, type: "HUMAN_REVIEW" })).toBe("weather");
    expect(matterText({ context: { matter: "constructor" }, type: "HUMAN_REVIEW" })).toBe("constructor");
  });

  it("is nothing for a person where a policy decides", () => {
    expect(isPolicys({ context: { decidedBy: "policy:auto" }, decidedBy: null })).toBe(true);
    expect(isPolicys({ context: {}, decidedBy: "policy:auto" })).toBe(true);
    expect(isPolicys({ context: {}, decidedBy: "ann" })).toBe(false);
  });
});

describe("the context of a review", () => {
  it("is told fact by fact, each as what it is", () => {
    const context = { matter: "budget", requestId: "APR-1", budgetUsd: 2, spentUsd: 0, waitingBeadIds: ["BEAD-1"], checks: [], note: "x" };
    expect(contextFacts({ context })).toEqual([
      { key: "requestId", name: "Receipt", kind: "text", text: "APR-1" },
      { key: "budgetUsd", name: "Budget", kind: "money", usd: 2 },
      { key: "spentUsd", name: "Spent", kind: "money", usd: 0 },
      { key: "waitingBeadIds", name: "Waiting beads", kind: "beads", items: ["BEAD-1"] },
      { key: "note", name: "Note", kind: "text", text: "x" },
    ]);
  });

  it("tells what nobody knows of by its own name, and anything that is no text as JSON", () => {
    expect(contextFacts({ context: { someKey: { a: 1 }, attempt: 2 } })).toMatchObject([
      { name: "Some key", text: '{"a":1}' },
      { name: "Attempt", text: "2" },
    ]);
  });

  it.each([null, "text", ["list"], 3])("is empty when it is %j", (context) => {
    expect([contextFacts({ context }), optionsOf({ context }), matterOf({ context }).matter]).toEqual([[], [], ""]);
  });
});

describe("the answers to a review", () => {
  it("are those that it names, or every one", () => {
    expect(decisionsOf({ alternatives: ["rejected", "approved"] })).toEqual(["approved", "rejected"]);
    expect(decisionsOf({ alternatives: [] })).toEqual(["approved", "amended", "rejected"]);
    expect(decisionsOf({ alternatives: ["postponed"] })).toEqual([]);
  });

  it("are called by what they do", () => {
    const verbs = (matter: string): string[] => (["approved", "amended", "rejected"] as const).map((decision) => verbOf({ context: { matter } }, decision));
    expect(verbs("divergence")).toEqual(["Approve", "Amend", "Reject"]);
    expect(verbs("clarification")).toEqual(["Approve", "Answer", "Reject"]);
    expect(verbs("budget")).toEqual(["Approve", "Set a budget", "Reject"]);
  });

  it("may be proposed by the question", () => expect(optionsOf({ context: { options: ["by day", "by week"] } })).toEqual(["by day", "by week"]));
});
