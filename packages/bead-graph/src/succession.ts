/** What may follow what, and what an execution may rest on. Pure: what is there comes in as data. */
import { AUTONOMY, FactoryError, leastAutonomy } from "@factory/schemas";
import type { BeadContent, BeadType, TypedContent } from "./bead-content.ts";
import type { BeadRow, OpenType } from "./bead-rows.ts";
import { levelOf } from "./knowing-state.ts";
import type { AnyHead, GoverningType, Head } from "./knowing-state.ts";

/** Beads of a line that have not taken effect yet, so that finding the one in force stays a handful of look-ups. */
export const MAX_SCHEDULED = 32;

const GOVERNING: ReadonlySet<BeadType> = new Set<GoverningType>(["policy", "trust", "consent"]);
type Statuses = BeadContent<"amendment">["status"];
/** What a status of an amendment may follow; null is the first bead of it. */
const AMENDMENT_AFTER: { readonly [S in Statuses]: Statuses | null } = { PROPOSED: null, ADOPTED: "PROPOSED", REJECTED: "PROPOSED", SUPERSEDED: "ADOPTED" };

/** Whether beads of a type and subject form one line with one head. */
export function isGoverning(type: BeadType): type is GoverningType {
  return GOVERNING.has(type);
}

/** The refusal of a bead that supersedes what is not the head any more. */
export function staleLine(row: BeadRow, head: string | undefined): FactoryError {
  return new FactoryError("STALE_TARGET", `The ${row.type} bead for ${row.subject} is now ${head ?? "another one"}; supersede that one.`, {
    head: head ?? null,
  });
}

/**
 * Checks that a bead stays in the line of what it supersedes.
 *
 * @throws FactoryError INVALID_ARGUMENT
 */
export function checkLine(row: BeadRow, typed: TypedContent, target: BeadRow | undefined): void {
  if (target !== undefined && (target.type !== row.type || target.subject !== row.subject)) {
    throw new FactoryError("INVALID_ARGUMENT", `A ${row.type} bead for ${row.subject} cannot supersede a ${target.type} bead for ${target.subject}.`);
  }
  if (typed.type !== "consent" || typed.content.revokes === undefined) return;
  if (typed.content.status !== "REVOKED") throw new FactoryError("INVALID_ARGUMENT", "A grant revokes nothing; `revokes` belongs to a revocation.");
  if (typed.content.revokes !== row.supersedes) throw new FactoryError("INVALID_ARGUMENT", "`revokes` names another bead than `supersedes`.");
}

/**
 * Checks the step of an amendment or an escalation from what it supersedes; other types have none.
 *
 * @param before - content of the superseded bead as it was written, or null for the first bead
 * @throws FactoryError FAILED_PRECONDITION
 */
export function checkStep(typed: TypedContent, before: TypedContent | null): void {
  if (typed.type === "amendment") {
    const status = before?.type === "amendment" ? before.content.status : null;
    if (AMENDMENT_AFTER[typed.content.status] === status) return;
    throw new FactoryError("FAILED_PRECONDITION", `An amendment cannot go from ${status ?? "nothing"} to ${typed.content.status}.`);
  }
  if (typed.type !== "escalation") return;
  const wasResolved = before?.type === "escalation" && before.content.resolved_at !== undefined;
  if (wasResolved) throw new FactoryError("FAILED_PRECONDITION", "The escalation is resolved; what comes up again is a new one.");
  if (before === null && typed.content.resolved_at !== undefined) {
    throw new FactoryError("FAILED_PRECONDITION", "An escalation begins open; the bead that resolves it supersedes it.");
  }
}

/** What an open bead is about, or null for a bead that is not open: a proposal, or a question that waits for its answer. */
export function openAbout({ type, content }: TypedContent): string | null {
  if (type === "amendment") return content.status === "PROPOSED" ? content.target_id : null;
  if (type === "escalation") return content.resolved_at === undefined ? content.trigger_bead_id : null;
  return null;
}

/** Whether beads of a type can be open. */
export function canBeOpen(type: BeadType): type is OpenType {
  return type === "amendment" || type === "escalation";
}

/** What the audit bead says that was done. */
export function auditAction({ type, content }: TypedContent, supersedes: boolean): BeadContent<"audit">["action"] {
  if (type === "consent") return content.status === "ACTIVE" ? "CONSENT_GRANT" : "CONSENT_REVOKE";
  if (type === "escalation" && content.resolved_at === undefined) return "ESCALATE";
  return supersedes ? "SUPERSEDE" : "CREATE";
}

/** The heads that an execution rests on; `consent` is known only where a fence names the role. */
export type Ground = { readonly policies: readonly Head<"policy">[]; readonly trust: Head<"trust">; readonly consent: Head<"consent"> | null };

/**
 * Checks that an execution names the policy and the trust that are in force, or the last ones where none is, and does not
 * claim more autonomy than they give.
 *
 * @throws FactoryError STALE_TARGET for beads that do not govern any more, GOVERNANCE_VIOLATION for a level above theirs.
 */
export function checkExecution(content: BeadContent<"execution">, { policies, trust, consent }: Ground): void {
  const decided = policies.filter(({ active }) => active !== null);
  const named = (heads: readonly AnyHead[], id: string) => heads.some(({ active, tip }) => (active?.id ?? tip) === id);
  if (!named(decided.length > 0 ? decided : policies, content.policy_bead_id) || !named([trust], content.trust_bead_id)) {
    throw new FactoryError("STALE_TARGET", "The execution rests on a policy or a trust that does not govern any more; retrieve the knowing-state again.", {
      policy: policies.map(({ active, tip }) => active?.id ?? tip),
      trust: trust.active?.id ?? trust.tip,
    });
  }
  const policy = leastAutonomy(decided.map(levelOf));
  const ceiling = leastAutonomy([policy, levelOf(trust), ...(consent === null ? [] : [levelOf(consent)])]);
  if (AUTONOMY.indexOf(content.autonomy_level) <= AUTONOMY.indexOf(ceiling)) return;
  throw new FactoryError("GOVERNANCE_VIOLATION", `The execution claims ${content.autonomy_level}; what governs gives ${ceiling}.`, { ceiling });
}
