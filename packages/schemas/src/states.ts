/** The state machines of `domain.md` 6 as data. */

export const SESSION_STATES = [
  "SUBMITTED",
  "COMMISSIONING",
  "AWAITING_APPROVAL",
  "COMPILING",
  "EXECUTING",
  "ACCEPTING",
  "DELIVERING",
  "IN_REVIEW",
  "COMPLETED",
  "FAILED",
  "CANCELLED",
  "REJECTED",
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

export const TERMINAL_SESSION_STATES = ["COMPLETED", "FAILED", "CANCELLED", "REJECTED"] as const satisfies readonly SessionState[];

const stoppable = ["FAILED", "CANCELLED"] as const;

/** Where a session may go from each state. */
export const SESSION_TRANSITIONS: { readonly [S in SessionState]: readonly SessionState[] } = {
  SUBMITTED: ["COMMISSIONING", ...stoppable],
  COMMISSIONING: ["AWAITING_APPROVAL", "IN_REVIEW", ...stoppable],
  AWAITING_APPROVAL: ["COMPILING", "REJECTED", ...stoppable],
  COMPILING: ["EXECUTING", "IN_REVIEW", ...stoppable],
  EXECUTING: ["ACCEPTING", "IN_REVIEW", ...stoppable],
  ACCEPTING: ["DELIVERING", "IN_REVIEW", ...stoppable],
  DELIVERING: ["COMPLETED", ...stoppable],
  IN_REVIEW: ["COMMISSIONING", "COMPILING", "EXECUTING", "ACCEPTING", ...stoppable],
  COMPLETED: [],
  FAILED: [],
  CANCELLED: [],
  REJECTED: [],
};

/** True for a state that nothing follows. */
export function isTerminalSession(state: SessionState): boolean {
  return SESSION_TRANSITIONS[state].length === 0;
}

/** True when the machine allows the step. */
export function canMoveSession(from: SessionState, to: SessionState): boolean {
  return SESSION_TRANSITIONS[from].includes(to);
}

export const BEAD_STATES = ["BLOCKED", "READY", "LEASED", "WAITING", "DONE", "FAILED", "CANCELLED"] as const;
export type BeadState = (typeof BEAD_STATES)[number];

/**
 * Where a bead may go from each state. DONE and FAILED are left only when an adopted amendment re-opens the bead; one that
 * FAILED is also cancelled when an amendment of the run's graph puts others in its place.
 */
export const BEAD_TRANSITIONS: { readonly [S in BeadState]: readonly BeadState[] } = {
  BLOCKED: ["READY", "CANCELLED"],
  READY: ["LEASED", "WAITING", "BLOCKED", "CANCELLED"],
  LEASED: ["DONE", "FAILED", "READY", "WAITING", "BLOCKED", "CANCELLED"],
  WAITING: ["READY", "BLOCKED", "CANCELLED"],
  DONE: ["READY", "BLOCKED"],
  FAILED: ["READY", "BLOCKED", "CANCELLED"],
  CANCELLED: [],
};

export const REVIEW_MODES = ["auto", "human", "hybrid"] as const;
export type ReviewMode = (typeof REVIEW_MODES)[number];

export const REVIEW_DECISIONS = ["approved", "rejected", "amended"] as const;
export type ReviewDecision = (typeof REVIEW_DECISIONS)[number];

/** Autonomy, in order: a later level allows all that an earlier one does. */
export const AUTONOMY = ["SUGGEST", "PROPOSE", "EXECUTE_BOUNDED", "EXECUTE_FULL"] as const;
export type Autonomy = (typeof AUTONOMY)[number];

/** The least of several levels; none at all is SUGGEST. */
export function leastAutonomy(levels: readonly Autonomy[]): Autonomy {
  let least = AUTONOMY.length - 1;
  for (const level of levels) least = Math.min(least, AUTONOMY.indexOf(level));
  return levels.length === 0 ? "SUGGEST" : (AUTONOMY[Math.max(0, least)] ?? "SUGGEST");
}
