import { describe, expect, it } from "vitest";
import {
  AUTONOMY,
  BEAD_STATES,
  BEAD_TRANSITIONS,
  SESSION_STATES,
  SESSION_TRANSITIONS,
  TERMINAL_SESSION_STATES,
  canMoveSession,
  isTerminalSession,
  leastAutonomy,
} from "./states.ts";

describe("the session machine", () => {
  it("lets every state that is not terminal fail and be cancelled", () => {
    for (const state of SESSION_STATES.filter((name) => !isTerminalSession(name))) {
      expect(canMoveSession(state, "FAILED"), state).toBe(true);
      expect(canMoveSession(state, "CANCELLED"), state).toBe(true);
    }
  });

  it("has exactly the terminal states nothing follows", () => {
    expect(SESSION_STATES.filter(isTerminalSession)).toEqual([...TERMINAL_SESSION_STATES]);
  });

  it("reaches every state from SUBMITTED", () => {
    const seen = new Set<string>(["SUBMITTED"]);
    for (const state of seen) for (const next of SESSION_TRANSITIONS[state as keyof typeof SESSION_TRANSITIONS]) seen.add(next);
    expect([...seen].sort()).toEqual([...SESSION_STATES].sort());
  });
});

describe("the bead machine", () => {
  it("leads only to states it knows", () => {
    for (const state of BEAD_STATES) for (const next of BEAD_TRANSITIONS[state]) expect(BEAD_STATES).toContain(next);
  });
});

describe("a bead whose place another takes", () => {
  it("is cancelled from every state but those that nothing takes back", () => {
    expect(BEAD_STATES.filter((state) => BEAD_TRANSITIONS[state].includes("CANCELLED"))).toEqual(["BLOCKED", "READY", "LEASED", "WAITING", "FAILED"]);
    expect(BEAD_TRANSITIONS.CANCELLED).toEqual([]);
  });
});

describe("autonomy", () => {
  it("is the least of all levels, and SUGGEST when there is none", () => {
    expect(leastAutonomy([])).toBe("SUGGEST");
    for (const left of AUTONOMY) {
      for (const right of AUTONOMY) expect(leastAutonomy([left, right])).toBe(AUTONOMY[Math.min(AUTONOMY.indexOf(left), AUTONOMY.indexOf(right))]);
    }
  });
});
