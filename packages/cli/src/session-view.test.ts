import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import {
  EMPTY_VIEW,
  beadCounts,
  beadsOrAbsent,
  countsOrAbsent,
  countsText,
  foldEvent,
  moleculesOrAbsent,
  overfitOrAbsent,
  totalOf,
  verdictOrAbsent,
  type SessionView,
} from "./session-view.ts";

type Payload = SessionEvent["payload"];

const event = (seq: number, payload: object): SessionEvent =>
  // The cases below are written as plain objects; `create` fills in the rest of each message.
  create(SessionEventSchema, { sessionId: "SES-1", seq: BigInt(seq), kind: SessionEventKind.BEAD_CLAIMED, payload: payload as never });

const bead = (beadId: string, toState: string): Payload => ({ case: "bead", value: { beadId, title: beadId, role: "coder", toState } }) as never;
/** Hidden examples that passed and failed beside visible checks that passed. */
const verdictOn = (seq: number, verificationType: string, checksPassed: number, [holdoutsPassed, holdoutsFailed]: readonly [number, number], details: object) =>
  event(seq, {
    case: "verification",
    value: { verificationType, subjectId: verificationType, checksPassed, checksFailed: 0, holdoutsPassed, holdoutsFailed, details },
  });
const fidelity = (seq: number, checksPassed: number, hidden: readonly [number, number]) => verdictOn(seq, "FIDELITY", checksPassed, hidden, {});
const acceptance = (seq: number, details: object) => verdictOn(seq, "ACCEPTANCE", 5, [2, 0], details);
const fold = (...events: SessionEvent[]): SessionView => events.reduce(foldEvent, EMPTY_VIEW);

describe("foldEvent", () => {
  it("changes nothing for an event that was seen", () => {
    const once = fold(event(1, bead("a", "LEASED")));
    expect(foldEvent(once, event(1, bead("a", "DONE")))).toBe(once);
  });

  it("keeps the last state of each bead", () => {
    const view = fold(event(1, bead("a", "LEASED")), event(2, bead("b", "LEASED")), event(3, bead("a", "DONE")), event(4, bead("b", "FAILED")));
    expect(beadCounts(view)).toEqual({ done: 1, failed: 1, total: 2 });
  });

  it("lets a later verdict of the same subject take the earlier one's place", () => {
    const verdict = (seq: number, subjectId: string, checksPassed: number, checksFailed: number): SessionEvent =>
      event(seq, { case: "verification", value: { subjectId, checksPassed, checksFailed } });
    const view = fold(verdict(1, "a", 1, 2), verdict(2, "b", 4, 0), verdict(3, "a", 3, 0));
    expect(totalOf(view.checks)).toEqual({ passed: 7, failed: 0 });
  });

  it("does not take an absent count for zero", () => {
    const view = fold(event(1, { case: "verification", value: { subjectId: "a", checksPassed: 1, checksFailed: 0 } }));
    expect(view.holdouts.size).toBe(0);
  });

  it("hazard: absent rendered as zero - what was never executed is told as absent, in figures and in words", () => {
    const view = fold(event(1, { case: "terminal", value: { outcome: "REJECTED", reason: "", summary: { beads: null, checks: null, holdouts: null } } }));
    expect(countsOrAbsent(view.checks)).toEqual({ absent: "none was executed" });
    expect(beadsOrAbsent(view)).toEqual({ absent: "no bead was made" });
    expect(countsText(view.holdouts)).toBe("absent (none was executed)");
    const checked = fold(event(1, { case: "verification", value: { subjectId: "a", checksPassed: 0, checksFailed: 2 } }));
    expect(countsText(checked.checks)).toBe("0 passed, 2 failed");
  });

  it("keeps which passes are done, with the attempt, and the option that was chosen", () => {
    const pass = (seq: number, name: string, attempt?: number): SessionEvent =>
      event(seq, { case: "pass", value: { pass: name, ...(attempt === undefined ? {} : { attempt }) } });
    const chosen = event(3, { case: "candidateSet", value: { selected: "slug_module", alternatives: ["slug_entry"] } });
    const view = fold(pass(1, "synthesize-pressure"), pass(2, "map-capability", 2), chosen);
    expect([...view.passes]).toEqual([
      ["synthesize-pressure", 1],
      ["map-capability", 2],
    ]);
    expect(view.option).toEqual({ selected: "slug_module", alternatives: ["slug_entry"] });
  });

  it("keeps the last report of each gate on the session, and none on a bead", () => {
    const report = (seq: number, verificationType: string, outcome: string): SessionEvent =>
      event(seq, { case: "verification", value: { verificationType, outcome, subjectId: `IS-${seq}`, summary: `report ${seq}` } });
    const view = fold(report(1, "INTAKE", "PASS"), report(2, "SEMANTIC_REVIEW", "FAIL"), report(3, "FIDELITY", "FAIL"), report(4, "SEMANTIC_REVIEW", "PASS"));
    expect([...view.gates.values()]).toEqual([
      { gate: "INTAKE", outcome: "PASS", summary: "report 1" },
      { gate: "SEMANTIC_REVIEW", outcome: "PASS", summary: "report 4" },
    ]);
  });

  it("counts molecules by their outcome beads; one that others took the place of counts no more", () => {
    const outcome = (seq: number, beadId: string, toState: string): SessionEvent =>
      event(seq, { case: "bead", value: { beadId, title: beadId, role: "verifier:outcome", toState } });
    expect(moleculesOrAbsent(fold(event(1, bead("a", "DONE"))))).toEqual({ absent: "no molecule was made" });
    const view = fold(
      event(1, bead("a", "DONE")),
      outcome(2, "m1", "DONE"),
      outcome(3, "m2", "FAILED"),
      outcome(4, "m3", "BLOCKED"),
      outcome(5, "m4", "CANCELLED"),
    );
    expect(moleculesOrAbsent(view)).toEqual({ passed: 1, failed: 1, total: 3 });
  });

  it("compares visible and hidden of a verdict on the run, and says absent where there was none", () => {
    const visible = event(1, { case: "verification", value: { subjectId: "coder", checksPassed: 0, checksFailed: 9 } });
    expect(fold(visible)).toMatchObject({ firstVerdict: undefined, lastVerdict: undefined });
    expect(verdictOrAbsent(fold(visible).firstVerdict)).toEqual({ absent: "no such verdict on the run is known" });
    const view = fold(visible, fidelity(2, 4, [1, 1]));
    expect(overfitOrAbsent(view.lastVerdict)).toMatchObject({ visibleRate: 1, holdoutRate: 0.5, gap: 0.5 });
  });

  it("keeps the first verdict on the run beside the last, and takes what acceptance states of it", () => {
    const loop = fold(fidelity(1, 4, [1, 1]), fidelity(2, 5, [2, 0]), acceptance(3, {}));
    expect(loop.firstVerdict).toEqual({ checks: { passed: 4, failed: 0 }, holdouts: { passed: 1, failed: 1 } });
    expect(loop.lastVerdict).toEqual({ checks: { passed: 5, failed: 0 }, holdouts: { passed: 2, failed: 0 } });
    const stated = { firstVerdict: { cycle: 0, checks: { passed: 3, failed: 0 }, holdouts: { passed: 0, failed: 2 } } };
    expect(overfitOrAbsent(fold(fidelity(1, 4, [1, 1]), acceptance(2, stated)).firstVerdict)).toMatchObject({ gap: 1 });
  });

  it("of a run that hid nothing knows no rate, neither at first nor in the end", () => {
    const stated = { firstVerdict: { cycle: 0, checks: { passed: 3, failed: 0 }, holdouts: { absent: "no hidden example was run" } } };
    const view = fold(event(1, { case: "verification", value: { verificationType: "ACCEPTANCE", subjectId: "s", checksPassed: 3, details: stated } }));
    expect(verdictOrAbsent(view.firstVerdict)).toMatchObject({ checks: { passed: 3 }, overfit: { absent: "no hidden example was run" } });
    expect(overfitOrAbsent(view.lastVerdict)).toEqual({ absent: "no hidden example was run" });
  });

  it("says that the cost is unknown once one call's price is", () => {
    const call = (seq: number, costUsd?: number): SessionEvent => event(seq, { case: "modelCall", value: costUsd === undefined ? {} : { costUsd } });
    expect(fold(call(1, 0.5), call(2, 0.25)).costUsd).toBe(0.75);
    expect(fold(call(1, 0.5), call(2), call(3, 0.25)).costUsd).toBeUndefined();
  });

  it("opens a review and closes it with its decision", () => {
    const asked = fold(
      event(1, { case: "reviewPrompt", value: { reviewId: "REV-1", action: "do", actionDigest: "d", promptText: "p", toState: "AWAITING_APPROVAL" } }),
    );
    expect(asked.openReview).toMatchObject({ reviewId: "REV-1", actionDigest: "d", decidedByPolicy: false });
    expect(asked.state).toBe("AWAITING_APPROVAL");
    expect(foldEvent(asked, event(2, { case: "reviewResolved", value: { reviewId: "REV-1", toState: "COMPILING" } })).openReview).toBeUndefined();
  });

  it("takes the session's own figures at its end for what was counted on the way", () => {
    const counted = event(1, { case: "verification", value: { subjectId: "a", checksPassed: 5, checksFailed: 1, holdoutsPassed: 2, holdoutsFailed: 1 } });
    const ended = event(2, {
      case: "terminal",
      value: { outcome: "COMPLETED", reason: "", summary: { checks: { passed: 3, failed: 0 }, holdouts: { passed: 1, failed: 0 } } },
    });
    const view = fold(counted, ended);
    expect(totalOf(view.checks)).toEqual({ passed: 3, failed: 0 });
    expect(totalOf(view.holdouts)).toEqual({ passed: 1, failed: 0 });
  });

  it("ends with the terminal event", () => {
    const view = fold(event(1, { case: "terminal", value: { outcome: "FAILED", reason: "why", reasonCode: "GATE_REFUSED" } }));
    expect(view.terminal).toMatchObject({ outcome: "FAILED", reason: "why", reasonCode: "GATE_REFUSED" });
  });
});
