/** A session's head, beads and events as the read side answers them. */
import { EVENT_KINDS, type EventKind, type EventPayload } from "@factory/schemas";
import type { BeadRow, EventRow, SessionHead } from "../session-queries.ts";

export const SESSION_ID = "SES-1";
const AT = "2026-01-02T03:04:05.000Z";

export function aHead(head: Partial<SessionHead> = {}): SessionHead {
  return {
    id: SESSION_ID,
    title: "Cart pricing",
    workOrderId: "WO-1",
    assemblyId: "main",
    runId: null,
    state: "SUBMITTED",
    outcome: null,
    reason: null,
    reasonCode: null,
    problems: [],
    needsPerson: false,
    reviewMode: "auto",
    startedAt: AT,
    updatedAt: AT,
    endedAt: null,
    asOfSeq: 0,
    tipSeq: 0,
    evidenceChain: { seq: 0, rootHash: "0", packageDigest: null, finalArtifactId: null },
    beadCounts: { blocked: 0, ready: 0, leased: 0, waiting: 0, done: 0, failed: 0, cancelled: 0, total: 0 },
    costs: { total: { calls: 0, costUsd: null, unpricedCalls: 0, inputTokens: 0, outputTokens: 0, durationMs: 0 } },
    reviews: { nodes: [] },
    ...head,
  };
}

export function aBead(bead: Partial<BeadRow> = {}): BeadRow {
  return {
    id: "BEAD-1",
    runId: "RUN-1",
    atomId: "ATOM-1",
    title: "Write total",
    team: "build",
    role: "coder",
    state: "READY",
    attempt: 1,
    cycle: 0,
    epoch: 1,
    agentId: null,
    reason: null,
    errorCode: null,
    seq: 1,
    createdAt: AT,
    updatedAt: AT,
    ...bead,
  };
}

/** An event with a payload that its kind allows. */
export function anEvent<K extends EventKind>(seq: number, kind: K, payload: EventPayload<K>): EventRow {
  const occurredAt = new Date(Date.parse(AT) + seq * 1_000).toISOString();
  return { seq, eventId: `EVT-${seq}`, kind, stream: EVENT_KINDS[kind].stream, occurredAt, runId: "RUN-1", hash: `hash-${seq}`, payload };
}

export function aBeadMove(seq: number, move: Partial<EventPayload<"BEAD_STATE_CHANGED">> = {}): EventRow {
  const bead = { beadId: "BEAD-1", runId: "RUN-1", atomId: "ATOM-1", title: "Write total", team: "build", role: "coder" };
  return anEvent(seq, "BEAD_STATE_CHANGED", { ...bead, fromState: "BLOCKED", toState: "READY", epoch: 1, attempt: 1, cycle: 0, ...move });
}

export function aModelCall(seq: number, call: Partial<EventPayload<"MODEL_CALLED">> = {}): EventRow {
  return anEvent(seq, "MODEL_CALLED", { alias: "a", provider: "p", modelId: "m", purpose: "work", promptHash: "h", durationMs: 10, outcome: "ok", ...call });
}

export function aReviewAsked(seq: number, reviewId: string): EventRow {
  const asked = { reviewId, reviewType: "HUMAN_REVIEW" as const, action: "Go on", actionDigest: "d", promptText: "May it go on?" };
  return anEvent(seq, "REVIEW_REQUIRED", { ...asked, fromState: "EXECUTING", toState: "IN_REVIEW" });
}

export function aReviewDecided(seq: number, reviewId: string): EventRow {
  const decided = { reviewId, decision: "approved" as const, note: "", decidedBy: "ann", actionDigest: "d" };
  return anEvent(seq, "REVIEW_RESOLVED", { ...decided, fromState: "IN_REVIEW", toState: "EXECUTING" });
}

export function anEnd(seq: number, kind: "SESSION_COMPLETED" | "SESSION_FAILED" = "SESSION_COMPLETED"): EventRow {
  const outcome = kind === "SESSION_COMPLETED" ? ("COMPLETED" as const) : ("FAILED" as const);
  return anEvent(seq, kind, { outcome, reason: "it is so", reasonCode: "SUCCESS_CHECK_FAILED", fromState: "EXECUTING" });
}
