/** How far the beads are, as a bar of their states. */
import type { BeadState } from "@factory/schemas";
import { beadTone, wordsOf } from "../../ui/state-badges.tsx";
import styles from "./bead-progress.module.css";
import type { BeadCounts } from "./session-view.tsx";

/** What is done first, what has not begun last. */
const ORDER: readonly BeadState[] = ["DONE", "LEASED", "WAITING", "READY", "FAILED", "CANCELLED", "BLOCKED"];

const countOf = (counts: BeadCounts, state: BeadState): number => counts[state.toLowerCase() as Lowercase<BeadState>];

/** "7 of 9 beads done, 2 leased", as it is read aloud. */
export function progressText(counts: BeadCounts): string {
  if (counts.total === 0) return "no beads yet";
  const others = ORDER.filter((state) => state !== "DONE" && countOf(counts, state) > 0).map((state) => `${countOf(counts, state)} ${wordsOf(state)}`);
  return [`${counts.done} of ${counts.total} beads done`, ...others].join(", ");
}

/** @param label - whose beads they are */
export function BeadProgress({ counts, label }: { readonly counts: BeadCounts; readonly label: string }) {
  const text = progressText(counts);
  return (
    <div
      className={styles["bar"]}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(counts.total, 1)}
      aria-valuenow={counts.done}
      aria-valuetext={text}
      title={text}
    >
      {ORDER.map((state) => (
        <span key={state} data-tone={beadTone(state)} data-state={state} style={{ flexGrow: countOf(counts, state) }} />
      ))}
    </div>
  );
}
