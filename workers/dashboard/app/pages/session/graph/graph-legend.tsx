/** What the lines and colours of the graph mean. */
import { beadTone, wordsOf } from "../../../ui/state-badges.tsx";
import { BEAD_STATES } from "@factory/schemas";
import { useSessionView } from "../session-view.tsx";
import styles from "./graph-legend.module.css";

const EDGES = [
  { kind: "dependency", text: "waits for" },
  { kind: "amendment", text: "amendment" },
  { kind: "succession", text: "replaced by" },
  { kind: "clarification", text: "clarification" },
] as const;

export function GraphLegend() {
  const { beadCounts } = useSessionView().model;
  return (
    <div className={styles["legend"]}>
      <ul className={styles["states"]} aria-label="Beads by state">
        {BEAD_STATES.map((state) => {
          // Lower case of a state's name is the key of its count.
          const count = beadCounts[state.toLowerCase() as Lowercase<typeof state>];
          return count === 0 ? null : (
            <li key={state}>
              <span className={styles["swatch"]} data-tone={beadTone(state)} data-state={state} />
              {wordsOf(state)} <b>{count}</b>
            </li>
          );
        })}
      </ul>
      <ul className={styles["edges"]} aria-label="Lines">
        {EDGES.map(({ kind, text }) => (
          <li key={kind}>
            <svg width="28" height="8" aria-hidden>
              <line x1="0" y1="4" x2="28" y2="4" data-kind={kind} />
            </svg>
            {text}
          </li>
        ))}
      </ul>
    </div>
  );
}
