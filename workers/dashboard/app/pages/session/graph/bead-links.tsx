/** Other beads, each with how it stands; one of them is opened in the place of this one. */
import { beadTone } from "../../../ui/state-badges.tsx";
import { useBead } from "../session-view.tsx";
import styles from "./bead-history.module.css";
import { standingText } from "./bead-text.ts";
import { DetailSection } from "./detail-section.tsx";

type Props = { readonly name: string; readonly beadIds: readonly string[]; readonly onChoose: (beadId: string) => void };

export function BeadLinks({ name, beadIds, onChoose }: Props) {
  return (
    <DetailSection name={name} count={beadIds.length}>
      <ul className={styles["links"]}>
        {beadIds.map((beadId) => (
          <li key={beadId}>
            <BeadLink beadId={beadId} onChoose={onChoose} />
          </li>
        ))}
      </ul>
    </DetailSection>
  );
}

function BeadLink({ beadId, onChoose }: { readonly beadId: string; readonly onChoose: Props["onChoose"] }) {
  const bead = useBead(beadId);
  return (
    <button type="button" onClick={() => onChoose(beadId)} className={styles["link"]}>
      <span className={styles["mark"]} data-tone={beadTone(bead?.state ?? "")} />
      {bead?.title ?? beadId}
      {bead === undefined ? null : <small>{standingText(bead)}</small>}
    </button>
  );
}
