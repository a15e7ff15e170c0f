import { describe, expect, it } from "vitest";
import { EXIT_BY_OUTCOME, outcomeOf } from "./outcome.ts";
import { EMPTY_VIEW, foldEvent, type SessionView } from "./session-view.ts";
import { ended } from "./testing/fake-gateway.ts";

const after = (outcome: string, reasonCode = ""): SessionView => foldEvent(EMPTY_VIEW, ended(1, outcome, { reasonCode }));

describe("an outcome", () => {
  it.each([
    ["COMPLETED", "", "COMPLETED", 0],
    ["FAILED", "CANDIDATES_EXHAUSTED", "FAILED", 1],
    ["FAILED", "GATE_REFUSED", "REFUSED", 3],
    ["CANCELLED", "", "CANCELLED", 1],
    ["REJECTED", "", "REJECTED", 1],
  ] as const)("of a session that ended %s %s is %s with exit code %d", (terminal, reasonCode, outcome, code) => {
    expect(outcomeOf(after(terminal, reasonCode))).toBe(outcome);
    expect(EXIT_BY_OUTCOME[outcome]).toBe(code);
  });

  it("of a session that waits for a person is IN_REVIEW with exit code 4", () => {
    expect(EXIT_BY_OUTCOME[outcomeOf(EMPTY_VIEW)]).toBe(4);
  });
});
