import { canMoveSession, isTerminalSession, PASSES, SESSION_STATES } from "@factory/schemas";
import type { SessionState } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { nextStep, requireMove } from "./session-machine.ts";
import type { SessionView } from "./session-machine.ts";

type Overrides = Partial<Omit<SessionView, "row">> & { readonly row?: Partial<SessionView["row"]> };

function aView(state: SessionState, { row, ...overrides }: Overrides = {}): SessionView {
  return {
    row: { state, ending: null, mediation: "none", run: "none", sealing: "none", ...row },
    intakeDone: true,
    donePasses: new Set(PASSES.map(({ name }) => name)),
    semanticReviewDone: true,
    reviewOpen: false,
    reportPending: true,
    clearanceDue: false,
    clearanceHeld: false,
    amendsInFlight: 0,
    ...overrides,
  };
}

const ENDING = { state: "CANCELLED", reason: "" } as const;
const kindOf = (view: SessionView) => nextStep(view).kind;

describe("the next step", () => {
  test.each([
    ["SUBMITTED", "idle"],
    ["COMMISSIONING", "ask-approval"],
    ["AWAITING_APPROVAL", "idle"],
    ["COMPILING", "compile"],
    ["EXECUTING", "run-report"],
    ["ACCEPTING", "acceptance"],
    ["DELIVERING", "delivery"],
    ["IN_REVIEW", "idle"],
    ["COMPLETED", "idle"],
    ["FAILED", "idle"],
    ["CANCELLED", "idle"],
    ["REJECTED", "idle"],
  ] as const)("of %s is %s", (state, kind) => {
    expect(kindOf(aView(state))).toBe(kind);
  });

  test("while commissioning is the first thing that is not done: intake, then each pass in order, then the review, then the question", () => {
    expect(kindOf(aView("COMMISSIONING", { intakeDone: false, donePasses: new Set() }))).toBe("intake");
    PASSES.forEach(({ name }, index) => {
      const donePasses = new Set(PASSES.slice(0, index).map((pass) => pass.name));
      expect(nextStep(aView("COMMISSIONING", { donePasses }))).toEqual({ kind: "pass", pass: name });
    });
    expect(kindOf(aView("COMMISSIONING", { semanticReviewDone: false }))).toBe("semantic-review");
    expect(kindOf(aView("COMMISSIONING"))).toBe("ask-approval");
  });

  test("of COMPILING asks policy once, and not while two people have ordered that nothing is cleared", () => {
    expect(kindOf(aView("COMPILING", { clearanceHeld: true }))).toBe("idle");
    for (const mediation of ["compiling", "compiled", "refused"] as const) expect(kindOf(aView("COMPILING", { row: { mediation } }))).toBe("idle");
  });

  test("renews a running run's clearance beside an open review, after what the run reports, and not while that is held", () => {
    const due = { clearanceDue: true, row: { run: "running", mediation: "compiled" } } as const;
    expect(kindOf(aView("EXECUTING", { ...due, reportPending: false }))).toBe("clear");
    expect(kindOf(aView("EXECUTING", due))).toBe("run-report");
    expect(kindOf(aView("IN_REVIEW", { ...due, reviewOpen: true }))).toBe("clear");
    expect(kindOf(aView("IN_REVIEW", { ...due, reviewOpen: true, clearanceHeld: true }))).toBe("idle");
    expect(kindOf(aView("EXECUTING", { ...due, reportPending: false, row: { ...due.row, run: "quiet" } }))).toBe("idle");
  });

  test("of no state is taken while a review is open, and none is taken in a terminal state whatever waits", () => {
    for (const state of SESSION_STATES) {
      expect(kindOf(aView(state, { reviewOpen: true }))).toBe("idle");
      if (isTerminalSession(state)) expect(kindOf(aView(state, { row: { ending: ENDING, run: "running" } }))).toBe("idle");
    }
  });

  test("of a session that ends waits for mediation, cancels the run, then seals behind a barrier, in every state", () => {
    for (const state of SESSION_STATES.filter((one) => !isTerminalSession(one))) {
      const ending = (row: Partial<SessionView["row"]>, overrides: Overrides = {}) => kindOf(aView(state, { ...overrides, row: { ending: ENDING, ...row } }));
      expect(ending({ mediation: "compiling" })).toBe("idle");
      expect(ending({ mediation: "compiled", run: "running" }, { amendsInFlight: 1 })).toBe("idle");
      expect(ending({ mediation: "compiled", run: "running" })).toBe("cancel-run");
      expect(ending({ mediation: "compiled", run: "cancelling" })).toBe("idle");
      for (const run of ["none", "quiet"] as const) {
        expect(ending({ run, sealing: "none" })).toBe("barrier");
        expect(ending({ run, sealing: "barrier" })).toBe("idle");
        expect(ending({ run, sealing: "ready" })).toBe("seal");
        expect(ending({ run, sealing: "sealed" })).toBe("idle");
      }
    }
  });

  test("a move is allowed exactly where the machine has it", () => {
    for (const from of SESSION_STATES) {
      for (const to of SESSION_STATES) {
        if (canMoveSession(from, to)) expect(() => requireMove(from, to)).not.toThrow();
        else expect(() => requireMove(from, to)).toThrow(`${from} to ${to}`);
      }
    }
  });
});
