import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { SessionEventKind, SessionEventSchema, type SessionEvent } from "@factory/schemas/proto";
import { EMPTY_VIEW, beadCounts, beadsOrAbsent, countsOrAbsent, countsText, foldEvent, totalOf, type SessionView } from "./session-view.ts";

type Payload = SessionEvent["payload"];

const event = (seq: number, payload: object): SessionEvent =>
  // The cases below are written as plain objects; `create` fills in the rest of each message.
  create(SessionEventSchema, { sessionId: "SES-1", seq: BigInt(seq), kind: SessionEventKind.BEAD_CLAIMED, payload: payload as never });

const bead = (beadId: string, toState: string): Payload => ({ case: "bead", value: { beadId, title: beadId, role: "coder", toState } }) as never;
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
