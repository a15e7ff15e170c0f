/**
 * Why an agent may only suggest, for the person who is asked: each part of the knowing-state that holds it back, with the
 * command that changes it.
 */
import { isToolName } from "@factory/gears";
import type { KnowingState } from "@factory/schemas/rpc";
import { allowedTools } from "./allowed-tools.ts";

/** Trust that lets results be applied when their checks pass: from 0.7 on, and the score an org starts with. */
const TRUST_EXAMPLE = 0.8;

/**
 * What holds the agent back, one sentence for each part; empty when no part of the knowing-state does.
 *
 * @param wanted - tools that the directive permits
 */
export function whatIsMissing(knowing: KnowingState, wanted: readonly string[]): string {
  return [policyLine(knowing), trustLine(knowing), consentLine(knowing, wanted), toolsLine(knowing, wanted)].filter((line) => line !== null).join(" ");
}

function policyLine({ policy, role }: KnowingState): string | null {
  if (policy.autonomy !== "SUGGEST") return null;
  const command = "apply one with `factory policy apply FILE`.";
  switch (policy.standing) {
    case "missing":
      return `No policy is written for role:${role}; ${command}`;
    case "inactive":
      return `No policy for role:${role} is in force; ${command}`;
    case "unreadable":
      return `The policy for role:${role} cannot be read; ${command}`;
    case "active":
      return `The policy ${policy.scope ?? `role:${role}`} allows no more than SUGGEST; change it with \`factory policy apply FILE\`.`;
    default:
      return policy.standing satisfies never;
  }
}

function trustLine({ trust, subjectId }: KnowingState): string | null {
  if (trust.autonomy !== "SUGGEST") return null;
  const command = `set it with \`factory trust set ${subjectId} ${TRUST_EXAMPLE} --rationale WHY\`.`;
  switch (trust.standing) {
    case "missing":
      return `No trust in ${subjectId} is written; ${command}`;
    case "inactive":
      return `The trust in ${subjectId} is suspended, revoked or expired; ${command}`;
    case "unreadable":
      return `The trust in ${subjectId} cannot be read; ${command}`;
    case "active":
      return `The trust in ${subjectId} is ${trust.score ?? 0}, which allows no more than SUGGEST; ${command}`;
    default:
      return trust.standing satisfies never;
  }
}

function consentLine({ consent, role }: KnowingState, wanted: readonly string[]): string | null {
  if (consent.standing === "active" && wanted.some((name) => consent.grants.includes(name))) return null;
  const command = `give it with \`factory consent set ${role} --grant ${neededGrants(consent.grants, wanted).join(",")}\`.`;
  switch (consent.standing) {
    case "missing":
      return `No consent is given to ${role}; ${command}`;
    case "inactive":
      return `The consent to ${role} is revoked or expired; ${command}`;
    case "unreadable":
      return `The consent to ${role} cannot be read; ${command}`;
    case "active":
      return `The consent to ${role} grants none of ${wanted.join(", ")}; ${command}`;
    default:
      return consent.standing satisfies never;
  }
}

/** What to grant so that the agent can work: a consent is set as a whole, so what is granted already is named again. */
function neededGrants(granted: readonly string[], wanted: readonly string[]): string[] {
  return [...new Set([...granted, ...wanted])].filter(isToolName).toSorted();
}

/** A policy may withhold what consent grants. */
function toolsLine(knowing: KnowingState, wanted: readonly string[]): string | null {
  const granted = wanted.filter((name) => knowing.consent.grants.includes(name));
  if (granted.length === 0 || allowedTools(knowing, wanted).length > 0) return null;
  return `The policy ${knowing.policy.scope ?? `role:${knowing.role}`} allows none of ${granted.join(", ")}; change \`rules.tools\` with \`factory policy apply FILE\`.`;
}
