/** The tools an agent may use: what its directive permits, as far as the registry, the policy's rules and the consent all go along. */
import { isToolName } from "@factory/gears";
import type { KnowingState } from "@factory/schemas/rpc";

/**
 * The wanted tools that nothing withholds, in their order. `rules.tools` of the policy narrows them where it is stated; a
 * statement that cannot be read allows none.
 */
export function allowedTools({ policy, grants }: Pick<KnowingState, "policy" | "grants">, wanted: readonly string[]): string[] {
  const ruled = toolsOfPolicy(policy.rules);
  return wanted.filter((name) => isToolName(name) && grants.includes(name) && (ruled === null || ruled.includes(name)));
}

/** The tools a policy names; null when it leaves them to consent. */
export function toolsOfPolicy(rules: KnowingState["policy"]["rules"]): readonly unknown[] | null {
  if (!Object.hasOwn(rules, "tools")) return null;
  const { tools } = rules;
  return Array.isArray(tools) ? tools : [];
}
