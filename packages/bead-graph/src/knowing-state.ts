/**
 * What governs an agent at one moment. The least of policy, trust, consent and session counts; whatever is missing or
 * cannot be read counts as SUGGEST, so no failure ever widens what an agent may do.
 *
 * @see `domain.md` 4
 */
import { contentId, digestOf, leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingState } from "@factory/schemas/rpc";
import type { BeadContent, TypedContent } from "./bead-content.ts";

/** Scope of a policy for a whole organisation. */
export const orgScope = "org";

/** Scope of a policy for one role. */
export function roleScope(role: string): string {
  return `role:${role}`;
}

/** Autonomy that a trust score gives: from 0.9 FULL, from 0.7 BOUNDED, from 0.5 PROPOSE, else SUGGEST. */
export function trustAutonomy(score: number): Autonomy {
  if (score >= 0.9) return "EXECUTE_FULL";
  if (score >= 0.7) return "EXECUTE_BOUNDED";
  return score >= 0.5 ? "PROPOSE" : "SUGGEST";
}

/** A type that governs: each of its subjects has one line of succession, whose head counts. */
export type GoverningType = "policy" | "trust" | "consent";

/** A bead as a head is computed from. */
export interface LineBead<T extends GoverningType> {
  readonly id: string;
  readonly content: BeadContent<T>;
}

/** A line of succession at a moment: its last bead, and the bead that is in force, if any. */
export type Head<T extends GoverningType> = {
  readonly type: T;
  readonly subject: string;
  /** The last bead written; null when there is none. */
  readonly tip: string | null;
  readonly active: LineBead<T> | null;
  /** True when the line could not be read; nothing of it counts then. */
  readonly unreadable: boolean;
};

/** Reads one line. */
export type HeadReader = <T extends GoverningType>(type: T, subject: string) => Head<T>;

/** When a bead counts, in epoch milliseconds: from the first moment on, before the second, and only if granted. */
export type Term = { readonly from: number; readonly until: number; readonly granted: boolean };

/** The term of a bead that governs. */
export function termOf({ type, content }: Extract<TypedContent, { type: GoverningType }>): Term {
  switch (type) {
    case "policy":
      return { from: Date.parse(content.effective_at), until: endOf(content.expires_at), granted: true };
    case "trust":
      return { from: Number.NEGATIVE_INFINITY, until: endOf(content.expiry), granted: content.status === "APPROVED" };
    case "consent":
      return { from: Number.NEGATIVE_INFINITY, until: endOf(content.expires_at), granted: content.status === "ACTIVE" };
    default:
      throw new TypeError(`No term for ${JSON.stringify(type satisfies never)}.`);
  }
}

function endOf(moment: string | undefined): number {
  return moment === undefined ? Number.POSITIVE_INFINITY : Date.parse(moment);
}

/** What is asked for, and at which moment. */
export interface Retrieval {
  readonly org: string;
  readonly role: string;
  readonly subjectId: string;
  /** Ceiling of the session; it never rises. */
  readonly sessionAutonomy: Autonomy;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Computes the knowing-state from the heads that it needs. */
export function knowingStateOf(retrieval: Retrieval, head: HeadReader): KnowingState {
  const { org, role, subjectId, sessionAutonomy, now } = retrieval;
  const { policy, consulted } = policyFor(role, head);
  const trust = head("trust", subjectId);
  const consent = head("consent", role);
  const autonomy = leastAutonomy([
    policy.active?.content.autonomy ?? "SUGGEST",
    trust.active === null ? "SUGGEST" : trustAutonomy(trust.active.content.trust_score),
    consent.active === null ? "SUGGEST" : "EXECUTE_FULL",
    sessionAutonomy,
  ]);
  const heads = [...consulted, trust, consent];
  const headsDigest = digestOf(heads.map(({ type, subject, tip, active }) => ({ type, subject, tip, active: active?.id ?? null })));
  const content = { role, subjectId, sessionAutonomy, autonomy, headsDigest };
  const parents = [policy, trust, consent].flatMap(({ active }) => active?.id ?? []);
  return {
    knowingStateId: contentId("KST", { kind: "KnowingState", org, content, parents }),
    policyBeadId: policy.active?.id ?? null,
    trustBeadId: trust.active?.id ?? null,
    consentBeadId: consent.active?.id ?? null,
    grants: consent.active?.content.grants ?? [],
    autonomy,
    headsDigest,
    retrievedAt: now,
  };
}

/** The role's policy; the organisation's only where the role has none in force. One that cannot be read is not passed over. */
function policyFor(role: string, head: HeadReader): { readonly policy: Head<"policy">; readonly consulted: readonly Head<"policy">[] } {
  const own = head("policy", roleScope(role));
  if (own.active !== null || own.unreadable) return { policy: own, consulted: [own] };
  const general = head("policy", orgScope);
  return { policy: general, consulted: [own, general] };
}
