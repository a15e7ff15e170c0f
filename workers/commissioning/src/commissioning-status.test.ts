import { SESSION_STATES } from "@factory/schemas";
import type { SessionState } from "@factory/schemas";
import { expect, test } from "vitest";
import { commissioningStatus } from "./commissioning-status.ts";
import type { CommissioningView } from "./commissioning-status.ts";

const NOW = 1_000;

type Overrides = Partial<Omit<CommissioningView, "row">> & { readonly row?: Partial<CommissioningView["row"]> };

function statusOf(state: SessionState, { row, ...overrides }: Overrides = {}) {
  return commissioningStatus({ row: { state, ending: null, mediation: "none", ...row }, review: null, intakeDone: true, lastAttempt: null, ...overrides }, NOW);
}

const ASKED = { fromState: "COMMISSIONING" } as const;

test.each([
  ["a signal that nobody has taken up", statusOf("COMMISSIONING", { intakeDone: false }), "queued"],
  ["a session after intake, before the first pass", statusOf("COMMISSIONING"), "queued"],
  ["an attempt under way", statusOf("COMMISSIONING", { lastAttempt: { outcome: null, leaseUntil: NOW + 1 } }), "commissioning"],
  ["an attempt whose lease ran out", statusOf("COMMISSIONING", { lastAttempt: { outcome: null, leaseUntil: NOW } }), "queued"],
  ["a pass that was answered", statusOf("COMMISSIONING", { lastAttempt: { outcome: "answered", leaseUntil: 0 } }), "commissioning"],
  ["a model that did not answer", statusOf("COMMISSIONING", { lastAttempt: { outcome: "unavailable", leaseUntil: 0 } }), "queued"],
  ["an object that went away", statusOf("COMMISSIONING", { lastAttempt: { outcome: "lost", leaseUntil: 0 } }), "queued"],
  ["an approval that waits", statusOf("AWAITING_APPROVAL", { review: ASKED }), "suspended-approval"],
  ["a question of a pass", statusOf("IN_REVIEW", { review: ASKED, lastAttempt: { outcome: "uncertain", leaseUntil: 0 } }), "suspended-approval"],
  ["a compilation", statusOf("COMPILING", { row: { mediation: "compiling" } }), "idle"],
  ["a question of the run", statusOf("IN_REVIEW", { review: { fromState: "EXECUTING" }, row: { mediation: "compiled" } }), "idle"],
  ["a run", statusOf("EXECUTING", { row: { mediation: "compiled" } }), "idle"],
  ["a delivered session", statusOf("COMPLETED", { row: { mediation: "compiled" } }), "idle"],
  ["a run that failed", statusOf("FAILED", { row: { mediation: "compiled" } }), "idle"],
  ["a specification that was not taken", statusOf("FAILED", { row: { mediation: "refused" } }), "failed"],
  ["a gate that refused", statusOf("FAILED"), "failed"],
  ["an end that is decided and not carried out", statusOf("COMMISSIONING", { row: { ending: { state: "CANCELLED", reason: "" } } }), "failed"],
  ["a rejected specification", statusOf("REJECTED"), "failed"],
] as const)("%s", (_, status, expected) => {
  expect(status).toBe(expected);
});

test("a terminal state is never one that waits, and what was handed over stays idle in every state", () => {
  for (const state of SESSION_STATES) {
    expect(statusOf(state, { row: { mediation: "compiled" }, review: ASKED })).toBe("idle");
  }
  for (const state of ["COMPLETED", "FAILED", "CANCELLED", "REJECTED"] as const) {
    expect(["idle", "failed"]).toContain(statusOf(state, { lastAttempt: { outcome: null, leaseUntil: NOW + 1 } }));
  }
});
