/** What leaves the object of an escalation, and in which order. */
import type { NewEffect } from "@factory/durable";
import type { EscalationBinding } from "@factory/schemas/rpc";

/** For what is said on the issue: it never holds back a decision. */
const WORDS_LANE = "words";

/** Receivers, by the target of an effect. */
export const TARGETS = ["graph", "desk", "session", "issue"] as const;
export type Target = (typeof TARGETS)[number];

/** What an effect carries; a decision's content is in the store, under its event's id. */
export type EffectPayload =
  | { readonly kind: "record" | "signal" | "dispose"; readonly dispositionEventId: string }
  | { readonly kind: "say"; readonly issueId: string; readonly lines: readonly string[] };

const TARGET_OF = { record: "graph", signal: "desk", dispose: "session", say: "issue" } as const satisfies { readonly [Kind in EffectPayload["kind"]]: Target };

/** The steps of a decision in one lane of its own: on record before it is told to anybody. */
export function decisionEffects({ escalationId }: EscalationBinding, dispositionEventId: string, carries: "signal" | "dispose"): NewEffect[] {
  return (["record", carries] as const).map((kind) => ({
    effectId: `disposition:${escalationId}:${dispositionEventId}:${kind}`,
    lane: `decision:${dispositionEventId}`,
    target: TARGET_OF[kind],
    payload: { kind, dispositionEventId } satisfies EffectPayload,
  }));
}

/**
 * A comment on the issue.
 *
 * @param about - what it answers; the same is said once
 */
export function sayEffect({ escalationId, issueId }: EscalationBinding, about: string, lines: readonly string[]): NewEffect {
  const payload: EffectPayload = { kind: "say", issueId, lines };
  return { effectId: `disposition:${escalationId}:say:${about}`, lane: WORDS_LANE, target: TARGET_OF.say, payload };
}
