/** What a policy changes, as a unified diff of YAML. */
import type { ApplyPolicyResponse, Policy } from "@factory/schemas/proto";
import { createTwoFilesPatch } from "diff";
import { parse, stringify } from "yaml";

/** A policy as YAML in the form a file may have. The keys of its rules are sorted: their order is no change. */
export function policyYaml({
  scope,
  autonomy,
  effectiveAt,
  expiresAt,
  rules,
}: Pick<Policy, "scope" | "autonomy" | "effectiveAt" | "expiresAt" | "rules">): string {
  const sorted: unknown = parse(stringify(rules ?? {}, { sortMapEntries: true }));
  const times = { ...(effectiveAt === "" ? {} : { effective_at: effectiveAt }), ...(expiresAt === "" ? {} : { expires_at: expiresAt }) };
  return stringify({ scope, autonomy, ...times, rules: sorted }, { lineWidth: 0 });
}

/** The diff from the policy before to this one; empty when nothing changes. */
export function policyDiff({ changed, previous, policy, previousBeadId, beadId, version }: ApplyPolicyResponse): string {
  if (!changed || policy === undefined) return "";
  const before = previous === undefined ? "" : policyYaml(previous);
  const names = [previous === undefined ? "none" : `${policy.scope} version ${version - 1}`, `${policy.scope} version ${version}`] as const;
  const patch = createTwoFilesPatch(names[0], names[1], before, policyYaml(policy), previousBeadId || undefined, beadId || undefined);
  // The first line is a rule of equal signs for patches of several files.
  return patch.slice(patch.indexOf("---")).trimEnd();
}
