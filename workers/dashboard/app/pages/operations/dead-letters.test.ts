import { describe, expect, it } from "vitest";
import { aboutOf, queueAdvice } from "./dead-letters.ts";

describe("a dead letter", () => {
  it("is about what its body names, its session first and itself last", () => {
    expect(aboutOf({ ids: { slot: "2", run: "RUN-1", session: "SES-1" }, key: "m-1" })).toEqual([
      { name: "session", id: "SES-1", sessionId: "SES-1" },
      { name: "run", id: "RUN-1", sessionId: null },
      { name: "slot", id: "2", sessionId: null },
      { name: "message", id: "m-1", sessionId: null },
    ]);
  });

  it("of a queue that the page does not know has an advice, too", () => {
    expect(new Set(["atoms", "projections", "linear"].map(queueAdvice)).size).toBe(3);
  });
});
