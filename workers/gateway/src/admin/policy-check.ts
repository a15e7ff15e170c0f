/** Checks a policy that a person hands in; every problem at once, each with its field. Pure. */
import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { roleScope, orgScope } from "@factory/bead-graph";
import { AUTONOMY, ROLES, type Autonomy } from "@factory/schemas";
import type { Policy } from "@factory/schemas/proto";
import { momentOf, type FieldProblem } from "./field-problems.ts";
import { toolNameProblems } from "./tool-names.ts";

/** A policy that holds together. */
export type WantedPolicy = {
  readonly scope: string;
  readonly autonomy: Autonomy;
  readonly rules: JsonObject;
  /** RFC 3339; absent is now. */
  readonly effectiveAt?: string;
  /** RFC 3339; absent is never. */
  readonly expiresAt?: string;
};

/** Scopes a policy may have. */
export const POLICY_SCOPES: readonly string[] = [orgScope, ...ROLES.map(roleScope)];

const EXAMPLE_TIME = "an RFC 3339 time, such as 2027-01-01T00:00:00Z";

/** The policy as it may be applied; null beside everything that is wrong with it. */
export type CheckedPolicy = { readonly wanted: WantedPolicy | null; readonly problems: readonly FieldProblem[] };

/** Checks every field of a policy. */
export function checkPolicy(policy: Policy, nowMs: number): CheckedPolicy {
  const { scope, rules = {}, effectiveAt, expiresAt } = policy;
  const autonomy = AUTONOMY.find((level) => level === policy.autonomy);
  const problems = [
    ...scopeProblems(scope),
    ...(autonomy === undefined ? [{ field: "autonomy", problem: `must be one of ${AUTONOMY.join(", ")}.` }] : []),
    ...toolProblems(rules["tools"]),
    ...fixedProblems(rules),
    ...guidanceProblems(rules["guidance"]),
    ...timeProblems(effectiveAt, expiresAt, nowMs),
  ];
  if (problems.length > 0 || autonomy === undefined) return { wanted: null, problems };
  const times = { ...(effectiveAt === "" ? {} : { effectiveAt }), ...(expiresAt === "" ? {} : { expiresAt }) };
  return { wanted: { scope, autonomy, rules, ...times }, problems };
}

function scopeProblems(scope: string): FieldProblem[] {
  if (POLICY_SCOPES.includes(scope)) return [];
  return [{ field: "scope", problem: `must be one of ${POLICY_SCOPES.join(", ")}.` }];
}

function toolProblems(tools: JsonValue | undefined): FieldProblem[] {
  if (tools === undefined) return [];
  if (!Array.isArray(tools)) return [{ field: "rules.tools", problem: "must be a list of tool names." }];
  return toolNameProblems("rules.tools", tools);
}

/** Rules with one value that the platform enforces for every agent; another would promise what nothing carries out. */
const FIXED_RULES = { fileScope: "directive", network: "none" } as const;

function fixedProblems(rules: JsonObject): FieldProblem[] {
  return Object.entries(FIXED_RULES).flatMap(([rule, value]) =>
    rules[rule] === undefined || rules[rule] === value ? [] : [{ field: `rules.${rule}`, problem: `must be "${value}": there is no other yet.` }],
  );
}

/** Guidance is read to agents, so a sentence that has no text or no origin is refused. */
function guidanceProblems(guidance: JsonValue | undefined): FieldProblem[] {
  if (guidance === undefined) return [];
  if (!Array.isArray(guidance)) return [{ field: "rules.guidance", problem: "must be a list of { from, text }." }];
  return guidance.flatMap((item, index) =>
    isGuidance(item) ? [] : [{ field: `rules.guidance.${index}`, problem: "must have `from` and `text`, both not empty, and nothing else." }],
  );
}

function isGuidance(item: JsonValue): boolean {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return false;
  const filled = (key: string): boolean => typeof item[key] === "string" && item[key].trim() !== "";
  return Object.keys(item).length === 2 && filled("from") && filled("text");
}

function timeProblems(effectiveAt: string, expiresAt: string, nowMs: number): FieldProblem[] {
  const from = effectiveAt === "" ? nowMs : momentOf(effectiveAt);
  const until = expiresAt === "" ? Number.POSITIVE_INFINITY : momentOf(expiresAt);
  return [
    ...(from === null ? [{ field: "effective_at", problem: `must be ${EXAMPLE_TIME}.` }] : []),
    ...(until === null ? [{ field: "expires_at", problem: `must be ${EXAMPLE_TIME}.` }] : []),
    ...(until !== null && until <= nowMs ? [{ field: "expires_at", problem: "has passed already." }] : []),
    ...(from !== null && until !== null && until > nowMs && until <= from ? [{ field: "expires_at", problem: "is not after effective_at." }] : []),
  ];
}
