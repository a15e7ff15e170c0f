/** How something stands, as a word. */
import { Badge, type Tone } from "../../ui/badge.tsx";
import type { Level } from "./operations-thresholds.ts";

const LEVEL_BADGES: { readonly [level in Level]: { readonly tone: Tone; readonly text: string } } = {
  none: { tone: "idle", text: "nothing yet" },
  ok: { tone: "good", text: "ok" },
  unknown: { tone: "idle", text: "not known" },
  warn: { tone: "warn", text: "watch" },
  bad: { tone: "bad", text: "act" },
};

export function LevelBadge({ level }: { readonly level: Level }) {
  const { tone, text } = LEVEL_BADGES[level];
  return <Badge tone={tone}>{text}</Badge>;
}
