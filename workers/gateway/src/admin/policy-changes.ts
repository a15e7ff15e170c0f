/** What a policy makes of the head of its scope's line. Pure. */
import type { JsonObject } from "@bufbuild/protobuf";
import { policyContent, type BeadContent } from "@factory/bead-graph";
import { canonicalJson } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import type { Plan } from "./governed-write.ts";
import type { WantedPolicy } from "./policy-check.ts";

type PolicyContent = BeadContent<"policy">;

/** Rules that some part of the factory reads. */
const KNOWN_RULES: ReadonlySet<string> = new Set(["tools", "fileScope", "network", "guidance"]);

/** The content that would be the head, whether it differs from the head, and what a person should know of it. */
export type PolicyPlan = Plan & { readonly content: PolicyContent; readonly notes: readonly string[] };

/** The content of a policy bead; null when there is none or it does not parse. */
export function policyOf(bead: KnowingStateBead | null): PolicyContent | null {
  const parsed = policyContent.safeParse(bead?.content);
  return parsed.success ? parsed.data : null;
}

/**
 * Plans a policy on a head. Guidance that the loop has written stays unless the policy states its own; a policy without an
 * effective time takes effect now, and is no change when the head says the same and is in effect.
 */
export function planPolicy(head: KnowingStateBead | null, wanted: WantedPolicy, nowMs: number): PolicyPlan {
  const now = policyOf(head);
  const guidance = wanted.rules["guidance"] === undefined ? now?.rules["guidance"] : undefined;
  const rules = { ...wanted.rules, ...(guidance === undefined ? {} : { guidance }) };
  const same = now !== null && saysAlready(now, wanted, rules, nowMs);
  const content = same ? now : contentOf(wanted, rules, nowMs);
  return { content, changed: !same, notes: notesOn(content, wanted, Array.isArray(guidance) ? guidance.length : 0, nowMs) };
}

function contentOf({ scope, autonomy, effectiveAt, expiresAt }: WantedPolicy, rules: PolicyContent["rules"], nowMs: number): PolicyContent {
  const until = expiresAt === undefined ? {} : { expires_at: expiresAt };
  return { scope, rules, autonomy, effective_at: effectiveAt ?? new Date(nowMs).toISOString(), ...until };
}

function saysAlready(now: PolicyContent, wanted: WantedPolicy, rules: PolicyContent["rules"], nowMs: number): boolean {
  const from = Date.parse(now.effective_at);
  const sameStart = wanted.effectiveAt === undefined ? from <= nowMs : from === Date.parse(wanted.effectiveAt);
  const end = (text: string | undefined): number | null => (text === undefined ? null : Date.parse(text));
  const sameEnd = end(now.expires_at) === end(wanted.expiresAt);
  return sameStart && sameEnd && now.autonomy === wanted.autonomy && canonicalJson(now.rules) === canonicalJson(rules);
}

function notesOn(content: PolicyContent, wanted: WantedPolicy, kept: number, nowMs: number): string[] {
  const unread = Object.keys(wanted.rules).filter((rule) => !KNOWN_RULES.has(rule));
  const later = Date.parse(content.effective_at) > nowMs;
  return [
    ...(kept === 0
      ? []
      : [
          kept === 1
            ? "1 sentence of guidance that the loop has written is kept; state rules.guidance to replace it."
            : `${kept} sentences of guidance that the loop has written are kept; state rules.guidance to replace them.`,
        ]),
    ...unread.map((rule) => `rules.${rule} is kept and read by nothing.`),
    ...(later ? [`It takes effect at ${content.effective_at}; until then the policy before it counts.`] : []),
  ];
}

/** A policy as the API shows it. */
export function shownPolicy(content: PolicyContent): { scope: string; autonomy: string; rules: JsonObject; effectiveAt: string; expiresAt: string } {
  const { scope, autonomy, rules, effective_at: effectiveAt, expires_at: expiresAt = "" } = content;
  return { scope, autonomy, rules, effectiveAt, expiresAt };
}
