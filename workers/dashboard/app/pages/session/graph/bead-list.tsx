/** The beads as a list, with the same beads and the same order as the graph; thousands of them are a window on the rows in sight. */
import { BEAD_STATES, type BeadState } from "@factory/schemas";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import { FilterChips } from "../../../ui/filter-chips.tsx";
import { SearchField } from "../../../ui/search-field.tsx";
import { Age } from "../../../ui/figures.tsx";
import { BeadBadge, wordsOf } from "../../../ui/state-badges.tsx";
import { useBead, useSessionView, type ModelBead } from "../session-view.tsx";
import { beadsShown } from "./beads-shown.ts";
import styles from "./bead-list.module.css";
import type { DrawnGraph } from "./drawn-graph.ts";

const ROW_PX = 40;

type Props = { readonly drawn: DrawnGraph; readonly chosen: string | undefined; readonly onChoose: (beadId: string | undefined) => void };

export function BeadList({ drawn, chosen, onChoose }: Props) {
  const { beads, beadCounts } = useSessionView().model;
  const [states, setStates] = useState<readonly BeadState[]>([]);
  const [text, setText] = useState("");
  const shown = useMemo(() => beadsShown(drawn, beads, { states, text }), [drawn, beads, states, text]);
  // Lower case of a state's name is the key of its count.
  const choices = BEAD_STATES.map((id) => ({ id, text: wordsOf(id), count: beadCounts[id.toLowerCase() as Lowercase<BeadState>] }));
  return (
    <section className={styles["panel"]} aria-label="List of the beads">
      <div className={styles["filters"]}>
        <SearchField label="Search beads" value={text} onChange={setText} />
        <FilterChips label="States" choices={choices.filter(({ count, id }) => count > 0 || states.includes(id))} value={states} onChange={setStates} />
      </div>
      {shown.length === 0 ? (
        <p className={styles["none"]}>No bead is like this. Take a filter away.</p>
      ) : (
        <Rows shown={shown} chosen={chosen} onChoose={onChoose} />
      )}
    </section>
  );
}

function Rows({ shown, chosen, onChoose }: Omit<Props, "drawn"> & { readonly shown: readonly string[] }) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: 12 });
  return (
    <div ref={scroller} className={styles["scroll"]} role="table" aria-label="Beads" aria-rowcount={shown.length + 1} tabIndex={0}>
      <div className={styles["headrow"]} role="row" aria-rowindex={1}>
        {["Bead", "State", "Team", "Attempt", "Cycle", "Changed"].map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <div className={styles["rows"]} role="rowgroup" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const id = shown[index];
          return id === undefined ? null : (
            <div
              key={id}
              className={styles["row"]}
              role="row"
              aria-rowindex={index + 2}
              data-chosen={id === chosen}
              style={{ transform: `translateY(${start}px)` }}
            >
              <BeadCells beadId={id} isChosen={id === chosen} onChoose={onChoose} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

type CellsProps = { readonly beadId: string; readonly isChosen: boolean; readonly onChoose: Props["onChoose"] };

function BeadCells({ beadId, isChosen, onChoose }: CellsProps) {
  const bead = useBead(beadId);
  return (
    <>
      <span role="cell" className={styles["title"]}>
        <button type="button" aria-pressed={isChosen} onClick={() => onChoose(isChosen ? undefined : beadId)}>
          {bead?.title ?? beadId}
        </button>
      </span>
      {bead === undefined ? null : <Standing bead={bead} />}
    </>
  );
}

function Standing({ bead }: { readonly bead: ModelBead }) {
  return (
    <>
      <span role="cell">
        <BeadBadge state={bead.state} />
      </span>
      <span role="cell">{bead.team}</span>
      <span role="cell">{bead.attempt}</span>
      <span role="cell">{bead.cycle}</span>
      <span role="cell">
        <Age at={bead.updatedAt} />
      </span>
    </>
  );
}
