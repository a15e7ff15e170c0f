/** What governs a new org's agents until it decides otherwise: a policy, a trust and a consent bead for each role. */
import { knowingStateBeadId, roleScope } from "@factory/bead-graph";
import { ROLES } from "@factory/schemas";
import type { Id, Role } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { GEARS, permittedTools } from "./gears.ts";

/** Who writes the first beads of an org. */
export const BOOTSTRAP_WRITER = "system:bootstrap";

/**
 * When the first beads take effect. A fixed moment in the past: their content is hashed, and a second bootstrap has to
 * arrive at the same ids.
 */
const EFFECTIVE_AT = "2026-01-01T00:00:00.000Z";

/** At least 0.7, which gives EXECUTE_BOUNDED, and under 0.9, which would give more than the policy. */
const DEFAULT_TRUST_SCORE = 0.8;
const DEFAULT_AUTONOMY = "EXECUTE_BOUNDED";

/** The subject that acts in a role. */
export function agentIdOf(role: Role): string {
  return `agent:${role}`;
}

/**
 * The beads a new org starts with, in the order they have to be written. The same org gives the same beads, so writing
 * them again changes nothing.
 *
 * @param writtenAt - epoch milliseconds; not part of any id
 */
export function defaultKnowingState(org: string, writtenAt: number): KnowingStateBead[] {
  return ROLES.flatMap((role) => {
    const bead = (type: "policy" | "trust" | "consent", content: KnowingStateBead["content"]): KnowingStateBead => ({
      id: knowingStateBeadId(org, type, content, []),
      type,
      content,
      parents: [],
      writtenBy: BOOTSTRAP_WRITER,
      writtenAt,
    });
    return [bead("policy", policyContent(role)), bead("trust", trustContent(role)), bead("consent", consentContent(role))];
  });
}

/** Id of the policy bead that governs a role until another supersedes it. */
export function defaultPolicyBeadId(org: string, role: Role): Id<"KSB"> {
  return knowingStateBeadId(org, "policy", policyContent(role), []);
}

/** Tools each role's default consent grants. */
export function defaultGrants(): { readonly [role: string]: readonly string[] } {
  return Object.fromEntries(ROLES.map((role) => [role, consentContent(role).grants]));
}

function policyContent(role: Role): KnowingStateBead["content"] {
  const gear = GEARS[role];
  return {
    scope: roleScope(role),
    rules: { tools: gear.tools, fileScope: "directive", network: "none" },
    autonomy: DEFAULT_AUTONOMY,
    effective_at: EFFECTIVE_AT,
  };
}

function trustContent(role: Role): KnowingStateBead["content"] {
  return {
    subject_id: agentIdOf(role),
    subject_type: "agent",
    status: "APPROVED",
    trust_score: DEFAULT_TRUST_SCORE,
    rationale: "Every result of this role is checked by the platform before it counts.",
    evidence_refs: [],
  };
}

function consentContent(role: Role): {
  readonly role_id: string;
  readonly grants: readonly string[];
  readonly status: string;
  readonly granted_by: string;
  readonly granted_at: string;
} {
  return { role_id: role, grants: permittedTools(GEARS[role]), status: "ACTIVE", granted_by: BOOTSTRAP_WRITER, granted_at: EFFECTIVE_AT };
}
