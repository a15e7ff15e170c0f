/** What a change of consent makes of the head of a role's line. Pure. */
import { consentContent, termOf, type BeadContent } from "@factory/bead-graph";
import { GEARS } from "@factory/gears";
import { ROLES } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import type { FieldProblem } from "./field-problems.ts";
import type { Plan } from "./governed-write.ts";
import { toolNameProblems } from "./tool-names.ts";

type ConsentContent = BeadContent<"consent">;

/** What a role may call; `expiry` is RFC 3339, absent for none. */
export type WantedConsent = { readonly role: string; readonly grants: readonly string[]; readonly expiry?: string };

/** Who says so, and when, in epoch milliseconds. */
export type Granter = { readonly id: string; readonly at: number };

/** What is wrong with a role. */
export function roleProblems(role: string): FieldProblem[] {
  return isRole(role) ? [] : [{ field: "role", problem: `must be one of ${ROLES.join(", ")}.` }];
}

/** What is wrong with grants. A consent to nothing would look given and stop the role; a role without tools is given that one. */
export function grantProblems(role: string, grants: readonly string[]): FieldProblem[] {
  if (grants.length > 0) return toolNameProblems("grants", grants);
  const toolless = isRole(role) && GEARS[role].tools.length === 0;
  return toolless ? [] : [{ field: "grants", problem: "names no tool; to end a consent, revoke it." }];
}

/** The content of a consent bead; null when there is none or it does not parse. */
export function consentOf(bead: KnowingStateBead | null): ConsentContent | null {
  const parsed = consentContent.safeParse(bead?.content);
  return parsed.success ? parsed.data : null;
}

/** What a consent gives at a moment, sorted: nothing when it is revoked or has expired. */
export function grantsInForce(bead: KnowingStateBead | null, nowMs: number): string[] {
  const content = consentOf(bead);
  if (content === null) return [];
  const { granted, until } = termOf({ type: "consent", content });
  return granted && until > nowMs ? sorted(content.grants) : [];
}

/** What follows a head: nothing when the head gives the same tools, in whatever order, until the same time. */
export function planConsent(head: KnowingStateBead | null, wanted: WantedConsent, granter: Granter): Plan {
  const now = consentOf(head);
  const { role, grants, expiry } = wanted;
  const content: ConsentContent = {
    role_id: role,
    grants: sorted(grants),
    status: "ACTIVE",
    granted_by: granter.id,
    granted_at: new Date(granter.at).toISOString(),
    ...(expiry === undefined ? {} : { expires_at: expiry }),
  };
  return { content, changed: now === null || !saysAlready(now, wanted) };
}

/** What follows a head when consent ends: nothing when it has ended already. A revocation keeps the grant that it ends. */
export function planConsentRevocation(head: KnowingStateBead | null, role: string, granter: Granter): Plan {
  const now = consentOf(head);
  const content: KnowingStateBead["content"] = {
    role_id: role,
    grants: sorted(now?.grants ?? []),
    status: "REVOKED",
    granted_by: now?.granted_by ?? granter.id,
    granted_at: now?.granted_at ?? new Date(granter.at).toISOString(),
    ...(head === null ? {} : { revokes: head.id }),
  };
  return { content, changed: now?.status !== "REVOKED" };
}

function saysAlready(now: ConsentContent, { grants, expiry }: WantedConsent): boolean {
  const until = now.expires_at;
  const sameExpiry = until === undefined || expiry === undefined ? until === expiry : Date.parse(until) === Date.parse(expiry);
  return now.status === "ACTIVE" && sameExpiry && JSON.stringify(sorted(now.grants)) === JSON.stringify(sorted(grants));
}

/** Each once, by code units: one set has one form, and so one id. */
function sorted(grants: readonly string[]): string[] {
  return [...new Set(grants)].toSorted();
}

function isRole(role: string): role is keyof typeof GEARS {
  return (ROLES as readonly string[]).includes(role);
}
