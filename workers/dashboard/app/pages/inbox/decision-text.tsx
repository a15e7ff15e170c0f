/** Decisions in words, with one meaning of a colour. */
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { Decision } from "./reviews.ts";

const TONES: { readonly [D in Decision]: Tone } = { approved: "good", amended: "accent", rejected: "bad" };

export function DecisionBadge({ decision }: { readonly decision: Decision }) {
  return <Badge tone={TONES[decision]}>{decision}</Badge>;
}
