/**
 * What governs an agent at one moment. The least of policy, trust, consent and session counts; whatever is missing, not
 * in force or not readable counts as SUGGEST, so no failure ever widens what an agent may do. Pure: heads come in, plain
 * data goes out.
 *
 * @see `domain.md` 4
 */
import { contentId, digestOf, leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { GoverningPart, KnowingState, KnowingStateSnapshot } from "@factory/schemas/rpc";
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
  /** The last bead written; null when there is none, or when even that cannot be read. */
  readonly tip: string | null;
  readonly active: LineBead<T> | null;
  readonly standing: GoverningPart["standing"];
};

/** A head of any type. */
export type AnyHead = { [T in GoverningType]: Head<T> }[GoverningType];

/** Reads one line. */
export type HeadReader = <T extends GoverningType>(type: T, subject: string) => Head<T>;

/** The heads that govern an agent in a role. */
export type Heads = {
  /** The policy that decides: one of those consulted. */
  readonly policy: Head<"policy">;
  /** The role's policy, and the organisation's where the role's does not decide. */
  readonly consulted: readonly Head<"policy">[];
  readonly trust: Head<"trust">;
  readonly consent: Head<"consent">;
};

/** When a bead counts, in epoch milliseconds: from the first moment on, before the second, and only if granted. */
export type Term = { readonly from: number; readonly until: number; readonly granted: boolean };

/** The content of a bead that governs, with its type. */
export type GoverningContent = Extract<TypedContent, { type: GoverningType }>;

/** The term of a bead that governs. */
export function termOf({ type, content }: GoverningContent): Term {
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

/** The heads that govern an agent in a role: three lines are read, four where the role has no policy in force. */
export function headsFor(role: string, subjectId: string, head: HeadReader): Heads {
  return { ...policyFor(role, head), trust: head("trust", subjectId), consent: head("consent", role) };
}

/** The role's policy; the organisation's only where the role has none in force. One that cannot be read is not passed over. */
function policyFor(role: string, head: HeadReader): Pick<Heads, "policy" | "consulted"> {
  const own = head("policy", roleScope(role));
  if (own.standing === "active" || own.standing === "unreadable") return { policy: own, consulted: [own] };
  const general = head("policy", orgScope);
  // Where the organisation never had one, what is to be said is what became of the role's.
  return { policy: general.standing === "missing" ? own : general, consulted: [own, general] };
}

/** Digest of the heads: another one as soon as one of them is superseded, takes effect, ends, or cannot be read any more. */
export function headsDigestOf(heads: Heads): string {
  return digestOf(headsContent(heads));
}

/** What {@link headsDigestOf} is the digest of. */
export function headsContent({ consulted, trust, consent }: Heads): readonly object[] {
  return [...consulted, trust, consent].map(({ type, subject, tip, active, standing }) => ({ type, subject, tip, active: active?.id ?? null, standing }));
}

/**
 * What the heads say, without who asks in which session and when.
 *
 * @param headsDigest - {@link headsDigestOf} the heads
 */
export function snapshotOf(role: string, subjectId: string, heads: Heads, headsDigest: string): KnowingStateSnapshot {
  const { policy, trust, consent } = heads;
  return {
    role,
    subjectId,
    policy: {
      ...partOf(policy),
      scope: policy.active?.content.scope ?? null,
      rules: policy.active?.content.rules ?? {},
    },
    trust: { ...partOf(trust), score: trust.active?.content.trust_score ?? null, subjectType: trust.active?.content.subject_type ?? null },
    consent: { ...partOf(consent), grants: consent.active?.content.grants ?? [] },
    headsDigest,
  };
}

function partOf(head: AnyHead): GoverningPart {
  return { beadId: head.active?.id ?? null, standing: head.standing, autonomy: levelOf(head) };
}

/** Autonomy that a head gives; none in force is SUGGEST. */
export function levelOf(head: AnyHead): Autonomy {
  if (head.active === null) return "SUGGEST";
  switch (head.type) {
    case "policy":
      return head.active.content.autonomy;
    case "trust":
      return trustAutonomy(head.active.content.trust_score);
    case "consent":
      return "EXECUTE_FULL";
    default:
      throw new TypeError(`No level for ${JSON.stringify(head satisfies never)}.`);
  }
}

/** Only a bead in force gives more than SUGGEST, whatever a kept snapshot says. */
function autonomyOf({ standing, beadId, autonomy }: GoverningPart): Autonomy {
  return standing === "active" && beadId !== null ? autonomy : "SUGGEST";
}

/**
 * The knowing-state of a session from a snapshot, wherever the snapshot was kept.
 *
 * @param sessionAutonomy - ceiling of the session; it never rises
 * @param org - the organisation; part of the id
 * @param now - epoch milliseconds of this retrieval, which a snapshot does not carry
 */
export function knowingStateOf(snapshot: KnowingStateSnapshot, sessionAutonomy: Autonomy, org: string, now: number): KnowingState {
  const { role, subjectId, policy, trust, consent, headsDigest } = snapshot;
  const parts = [policy, trust, consent];
  const autonomy = leastAutonomy([...parts.map(autonomyOf), sessionAutonomy]);
  const content = { role, subjectId, sessionAutonomy, autonomy, headsDigest };
  return {
    ...snapshot,
    knowingStateId: contentId("KST", { kind: "KnowingState", org, content, parents: parts.flatMap(({ beadId }) => beadId ?? []) }),
    sessionAutonomy,
    grants: consent.standing === "active" ? consent.grants : [],
    autonomy,
    retrievedAt: now,
  };
}
