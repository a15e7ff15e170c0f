/** What leaves a signal desk, as its outbox carries it: references to rows, never copies of them. */

/** Whom an effect is for. */
export const TARGETS = ["session", "registry", "graph", "subscriber"] as const;
export type Target = (typeof TARGETS)[number];

export type EffectPayload =
  /** A decision on a review, to its session. */
  | { readonly kind: "dispose"; readonly dispositionEventId: string; readonly sessionId: string }
  /** An order of two people that concerns many sessions: the registry is asked which. */
  | { readonly kind: "spread"; readonly dispositionEventId: string }
  | { readonly kind: "suspend" | "unsuspend"; readonly dispositionEventId: string; readonly sessionId: string }
  /** A verdict closure record, to its assembly's lineage. */
  | { readonly kind: "record"; readonly envelopeId: string }
  /** A message, to one subscriber. */
  | { readonly kind: "tell"; readonly told: string; readonly url: string };

/** Lanes: order is kept within each. */
export const lanes = {
  session: (sessionId: string) => `session:${sessionId}`,
  /** One lane: what is lifted is lifted after it was ordered. */
  spread: "spread",
  graph: (assembly: string) => `graph:${assembly}`,
  subscriber: (url: string) => `subscriber:${url}`,
} as const;
