/** What a change of trust makes of the head of a subject's line. Pure. */
import { trustContent, type BeadContent } from "@factory/bead-graph";
import { ROLES } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import type { FieldProblem } from "./field-problems.ts";
import type { Plan } from "./governed-write.ts";

type TrustContent = BeadContent<"trust">;

/** How far a subject is to be trusted; `expiry` is RFC 3339, absent for none. */
export type WantedTrust = {
  readonly subjectId: string;
  readonly status: "APPROVED" | "SUSPENDED" | "REVOKED";
  readonly score: number;
  readonly rationale: string;
  readonly expiry?: string;
};

/** `<type>:<name>`; the first colon ends the type. */
const SUBJECT_PATTERN = /^([a-z][a-z0-9-]{0,31}):\S{1,127}$/;
/** Longest rationale, in UTF-16 code units. */
const MAX_RATIONALE_CHARS = 4_096;

/** What is wrong with a subject. An agent whose role does not exist would be trusted for nothing. */
export function subjectProblems(subjectId: string): FieldProblem[] {
  if (!SUBJECT_PATTERN.test(subjectId)) return [{ field: "subject_id", problem: "must be <type>:<name>, such as agent:coder." }];
  const role = subjectId.startsWith("agent:") ? subjectId.slice("agent:".length) : undefined;
  if (role === undefined || (ROLES as readonly string[]).includes(role)) return [];
  return [{ field: "subject_id", problem: `names no agent; they are ${ROLES.map((known) => `agent:${known}`).join(", ")}.` }];
}

/** What is wrong with a rationale. */
export function rationaleProblems(rationale: string): FieldProblem[] {
  if (rationale.trim() === "") return [{ field: "rationale", problem: "is missing: say why." }];
  if (rationale.length <= MAX_RATIONALE_CHARS) return [];
  return [{ field: "rationale", problem: `has ${rationale.length} characters; it may have ${MAX_RATIONALE_CHARS}.` }];
}

/** What is wrong with a score. */
export function scoreProblems(score: number | undefined): FieldProblem[] {
  if (score === undefined) return [{ field: "score", problem: "is missing." }];
  return score >= 0 && score <= 1 ? [] : [{ field: "score", problem: "must be a number from 0 to 1." }];
}

/** The content of a trust bead; null when there is none or it does not parse. */
export function trustOf(bead: KnowingStateBead | null): TrustContent | null {
  const parsed = trustContent.safeParse(bead?.content);
  return parsed.success ? parsed.data : null;
}

/**
 * What follows a head: nothing when the head has the same status, score and expiry. Another rationale alone is no change:
 * it would stop agents at work for nothing.
 */
export function planTrust(head: KnowingStateBead | null, wanted: WantedTrust): Plan {
  const now = trustOf(head);
  const { subjectId, status, score, rationale, expiry } = wanted;
  const content: KnowingStateBead["content"] = {
    subject_id: subjectId,
    subject_type: now?.subject_type ?? subjectId.slice(0, subjectId.indexOf(":")),
    status,
    trust_score: score,
    rationale,
    evidence_refs: [],
    ...(expiry === undefined ? {} : { expiry }),
  };
  return { content, changed: now === null || !saysAlready(now, wanted) };
}

/** What follows a head when trust ends: nothing when it has ended already. A revocation keeps the score it ends. */
export function planRevocation(head: KnowingStateBead | null, subjectId: string, rationale: string): Plan {
  const now = trustOf(head);
  const { content } = planTrust(head, { subjectId, status: "REVOKED", score: now?.trust_score ?? 0, rationale });
  return { content, changed: now?.status !== "REVOKED" };
}

function saysAlready(now: TrustContent, { status, score, expiry }: WantedTrust): boolean {
  const sameExpiry = now.expiry === undefined || expiry === undefined ? now.expiry === expiry : Date.parse(now.expiry) === Date.parse(expiry);
  return now.status === status && now.trust_score === score && sameExpiry;
}
