/** One bead: how it stands live, and everything that is told of it. */
import { X } from "lucide-react";
import { errorText } from "../../../data/error-text.ts";
import { IconButton } from "../../../ui/button.tsx";
import { Id } from "../../../ui/code.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Age, Money } from "../../../ui/figures.tsx";
import { BeadBadge } from "../../../ui/state-badges.tsx";
import { FailedState, SkeletonLines } from "../../../ui/states.tsx";
import { suggestionOf } from "../error-suggestion.ts";
import { useBead, useSessionView, useSignalledQuery, type ModelBead } from "../session-view.tsx";
import { BeadLinks } from "./bead-links.tsx";
import styles from "./bead-detail-panel.module.css";
import { Checks, Clarifications, Denials, Divergences, Transitions } from "./bead-history.tsx";
import { DirectiveSection } from "./directive-section.tsx";
import { BEAD_DETAIL, BEAD_KINDS, type BeadDetail } from "./graph-queries.ts";

type Props = { readonly beadId: string; readonly onChoose: (beadId: string | undefined) => void };

export function BeadDetailPanel({ beadId, onChoose }: Props) {
  const { sessionId } = useSessionView();
  const bead = useBead(beadId);
  const [{ data, error }, ask] = useSignalledQuery(BEAD_DETAIL, { sessionId, beadId }, BEAD_KINDS);
  const detail = data?.session?.beads.nodes[0];
  return (
    <aside className={styles["panel"]} aria-label={`Bead ${bead?.title ?? beadId}`}>
      <header className={styles["head"]}>
        <h2>{bead?.title ?? beadId}</h2>
        <IconButton label="Close the bead" icon={X} onPress={() => onChoose(undefined)} />
      </header>
      <div className={styles["body"]}>
        {bead === undefined ? <p>The session has no bead with this id.</p> : <Standing bead={bead} detail={detail} />}
        {error !== undefined && data === undefined ? <FailedState title="The bead cannot be shown" message={errorText(error)} onRetry={ask} /> : null}
        {data === undefined && error === undefined ? <SkeletonLines lines={8} label="Loading the bead" /> : null}
        {detail === undefined ? null : <Told detail={detail} onChoose={onChoose} />}
      </div>
    </aside>
  );
}

function Standing({ bead, detail }: { readonly bead: ModelBead; readonly detail: BeadDetail | undefined }) {
  const moleculeId = detail?.moleculeId ?? null;
  const suggestion = bead.errorCode === null ? null : suggestionOf(bead.errorCode);
  return (
    <>
      <div className={styles["standing"]}>
        <BeadBadge state={bead.state} />
        <Age at={bead.updatedAt} />
      </div>
      {bead.reason === null || bead.reason === "" ? null : <p className={styles["reason"]}>{bead.reason}</p>}
      {bead.errorCode === null || bead.errorCode === "" ? null : (
        <p>
          <code>{bead.errorCode}</code> {suggestion}
        </p>
      )}
      <Facts
        facts={[
          ["Bead", <Id key="id" id={bead.id} />],
          ["Team", `${bead.team}, ${bead.role}`],
          ["Attempt", `${bead.attempt} of cycle ${bead.cycle}, epoch ${bead.epoch}`],
          ["Agent", bead.agentId ?? "–"],
          ...(detail === undefined ? [] : [["Cost", <Money key="cost" usd={detail.cost.costUsd} unpriced={detail.cost.unpricedCalls} />] as const]),
          ...(moleculeId === null ? [] : [["Molecule", <Id key="molecule" id={moleculeId} />] as const]),
        ]}
      />
    </>
  );
}

function Told({ detail, onChoose }: { readonly detail: BeadDetail; readonly onChoose: Props["onChoose"] }) {
  return (
    <>
      {detail.dependsOnBeadIds === null || detail.dependsOnBeadIds.length === 0 ? null : (
        <BeadLinks name="Waits for" beadIds={detail.dependsOnBeadIds} onChoose={onChoose} />
      )}
      <Clarifications clarifications={detail.clarifications.nodes} />
      <Divergences divergences={detail.divergences.nodes} />
      <Denials denials={detail.consentDenials.nodes} />
      <Checks checks={detail.checks} />
      <Transitions transitions={detail.transitions.nodes} />
      <DirectiveSection directive={detail.directive} />
    </>
  );
}
