/** The claims an order was turned into, each with what executed checks say of it. */
import { Link } from "@tanstack/react-router";
import { ListChecks } from "lucide-react";
import { useEffect, useRef } from "react";
import { countText } from "../../../ui/figure-text.ts";
import { Panel } from "../../../ui/panel.tsx";
import { OutcomeBadge } from "../../../ui/state-badges.tsx";
import { EmptyState, SkeletonLines } from "../../../ui/states.tsx";
import { useBead, useSessionView } from "../session-view.tsx";
import styles from "./claims-panel.module.css";
import type { Claim } from "./overview-queries.ts";

type Props = {
  /** Undefined while they are on their way. */
  readonly claims: readonly Claim[] | undefined;
  readonly chosen: string | null;
  readonly onChoose: (claimId: string | null) => void;
};

export function ClaimsPanel({ claims, chosen, onChoose }: Props) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[data-chosen=true]")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  }, [chosen]);
  return (
    <Panel title="What was made of it" flush actions={claims === undefined || claims.length === 0 ? null : <Tally claims={claims} />}>
      {claims === undefined ? <SkeletonLines lines={12} label="Loading the claims" /> : null}
      {claims?.length === 0 ? <NoClaims /> : null}
      {claims === undefined || claims.length === 0 ? null : (
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a region that scrolls has to take the focus, or a keyboard cannot scroll it
        <ul ref={list} className={styles["claims"]} tabIndex={0} aria-label="Claims">
          {claims.map((claim) => (
            <ClaimRow key={claim.id} claim={claim} isChosen={claim.id === chosen} onChoose={onChoose} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function NoClaims() {
  const { closed } = useSessionView().model;
  return (
    <EmptyState icon={ListChecks} title={closed ? "No claims were made" : "No claims yet"}>
      {closed
        ? "The session ended before its order was compiled."
        : "They are made when the order is compiled; what has to hold of the software is said here then."}
    </EmptyState>
  );
}

function Tally({ claims }: { readonly claims: readonly Claim[] }) {
  const proven = claims.filter(({ proof }) => proof.status === "PROVEN").length;
  const refuted = claims.filter(({ proof }) => proof.status === "REFUTED").length;
  return (
    <span className={styles["tally"]}>
      {proven} of {countText(claims.length, "claim")} proven{refuted === 0 ? "" : `, ${refuted} refuted`}
    </span>
  );
}

function ClaimRow({ claim, isChosen, onChoose }: { readonly claim: Claim; readonly isChosen: boolean; readonly onChoose: Props["onChoose"] }) {
  const { id, kind, line, statement, proof, ownerBeadIds } = claim;
  return (
    <li className={styles["claim"]} data-chosen={isChosen}>
      <div className={styles["head"]}>
        <span className={styles["id"]}>{id}</span>
        <OutcomeBadge outcome={proof.status} />
        <span className={styles["kind"]}>{kind}</span>
        <button type="button" className={styles["line"]} aria-pressed={isChosen} onClick={() => onChoose(isChosen ? null : id)}>
          line {line}
        </button>
      </div>
      <p className={styles["statement"]}>{statement}</p>
      <p className={styles["proof"]}>
        {proofText(claim)}
        {ownerBeadIds.map((beadId) => (
          <Owner key={beadId} beadId={beadId} />
        ))}
      </p>
    </li>
  );
}

/** What was executed for a claim; what was not executed is not said to have passed. */
function proofText({ proof, holdoutCount, visibleExampleCount, testFiles }: Claim): string {
  const { checksPassed, checksFailed, holdoutsPassed, holdoutsFailed } = proof;
  const ran = checksPassed + checksFailed;
  const parts = [ran === 0 ? "no check has decided it yet" : `${checksPassed} of ${countText(ran, "check")} passed`];
  if (visibleExampleCount > 0) parts.push(countText(visibleExampleCount, "shown example"));
  if (holdoutsPassed !== null && holdoutsFailed !== null && holdoutsPassed + holdoutsFailed > 0) {
    parts.push(`${holdoutsPassed} of ${countText(holdoutsPassed + holdoutsFailed, "hidden example")} held`);
  } else if (holdoutCount > 0) parts.push(`${countText(holdoutCount, "hidden example")} not run yet`);
  if (testFiles.length > 0) parts.push(testFiles.join(", "));
  return parts.join(" · ");
}

/** A bead that answers for the claim, and its place in the graph. */
function Owner({ beadId }: { readonly beadId: string }) {
  const { sessionId } = useSessionView();
  const bead = useBead(beadId);
  return (
    <>
      {" · "}
      <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: beadId }}>
        {bead?.title ?? beadId}
      </Link>
    </>
  );
}
