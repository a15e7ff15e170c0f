/** Badges of the states of sessions, beads and the rest, with one meaning of a colour everywhere. */
import { Badge, type Tone } from "./badge.tsx";

const SESSION_TONES: { readonly [state: string]: Tone } = {
  SUBMITTED: "busy",
  ACCEPTING: "busy",
  COMMISSIONING: "busy",
  AWAITING_APPROVAL: "warn",
  COMPILING: "busy",
  EXECUTING: "busy",
  IN_REVIEW: "warn",
  DELIVERING: "busy",
  COMPLETED: "good",
  FAILED: "bad",
  REJECTED: "bad",
  CANCELLED: "idle",
};

const BEAD_TONES: { readonly [state: string]: Tone } = {
  BLOCKED: "idle",
  READY: "accent",
  LEASED: "busy",
  WAITING: "warn",
  DONE: "good",
  FAILED: "bad",
  CANCELLED: "idle",
};

const PROBLEM_TEXTS: { readonly [problem: string]: { readonly text: string; readonly title: string } } = {
  NEEDS_PERSON: { text: "needs a person", title: "An approval or another review is open." },
  OVER_BUDGET: { text: "over budget", title: "Its budget is spent and nobody has answered since." },
  FLAPPING: { text: "flapping", title: "A bead is handed out or re-opened again and again." },
  STUCK: { text: "stuck", title: "Nothing has happened for ten minutes and nobody is asked." },
};

/** "AWAITING_APPROVAL" as "awaiting approval". */
export const wordsOf = (name: string): string => name.toLowerCase().replaceAll("_", " ");

/** The state of a session; null before its first event is in the read model. */
export function SessionBadge({ state }: { readonly state: string | null }) {
  return state === null ? <Badge tone="idle">starting</Badge> : <Badge tone={SESSION_TONES[state] ?? "idle"}>{wordsOf(state)}</Badge>;
}

export const beadTone = (state: string): Tone => BEAD_TONES[state] ?? "idle";

export function BeadBadge({ state }: { readonly state: string }) {
  return <Badge tone={beadTone(state)}>{wordsOf(state)}</Badge>;
}

/** Why somebody should look at a session. */
export function ProblemBadge({ problem }: { readonly problem: string }) {
  const known = PROBLEM_TEXTS[problem];
  return (
    <Badge tone={problem === "NEEDS_PERSON" ? "warn" : "bad"} {...(known === undefined ? {} : { title: known.title })}>
      {known?.text ?? wordsOf(problem)}
    </Badge>
  );
}

/** How a check, a report or a claim ended. */
export function OutcomeBadge({ outcome }: { readonly outcome: string }) {
  const tones: { readonly [outcome: string]: Tone } = { PASS: "good", PROVEN: "good", FAIL: "bad", REFUTED: "bad", INCONCLUSIVE: "warn", OPEN: "idle" };
  return <Badge tone={tones[outcome] ?? "idle"}>{wordsOf(outcome)}</Badge>;
}
