/** Groups of checks, closed unless something in them fails. */
import { Link } from "@tanstack/react-router";
import { Check, ChevronRight, X } from "lucide-react";
import { useState } from "react";
import { Badge } from "../../../ui/badge.tsx";
import { Id } from "../../../ui/code.tsx";
import { OutcomeBadge } from "../../../ui/state-badges.tsx";
import { useSessionView } from "../session-view.tsx";
import type { CheckGroup, CheckRow } from "./check-groups.ts";
import styles from "./check-group-list.module.css";

export function CheckGroupList({ groups }: { readonly groups: readonly CheckGroup[] }) {
  // What a person opened or closed; the rest is open where something fails.
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  return (
    <ul>
      {groups.map((group) => {
        const isOpen = chosen.get(group.key) ?? group.failed + group.failedBefore > 0;
        return (
          <li key={group.key} className={styles["group"]}>
            <GroupHead group={group} isOpen={isOpen} onToggle={() => setChosen(new Map([...chosen, [group.key, !isOpen]]))} />
            {isOpen ? <GroupRows group={group} /> : null}
          </li>
        );
      })}
    </ul>
  );
}

type HeadProps = { readonly group: CheckGroup; readonly isOpen: boolean; readonly onToggle: () => void };

function GroupHead({ group: { title, about, claim, passed, failed, failedBefore }, isOpen, onToggle }: HeadProps) {
  return (
    <h3 className={styles["head"]}>
      <button type="button" aria-expanded={isOpen} onClick={onToggle}>
        <ChevronRight size={15} aria-hidden className={styles["chevron"]} />
        <span className={styles["title"]}>{title}</span>
        <span className={styles["about"]}>{about}</span>
        {claim === null ? null : <OutcomeBadge outcome={claim.proof.status} />}
        <span className={styles["counts"]}>
          {failed === 0 ? null : <Badge tone="bad">{`${failed} failed`}</Badge>}
          {failedBefore === 0 ? null : <Badge tone="warn" title="In an earlier attempt or cycle">{`${failedBefore} failed before`}</Badge>}
          {passed === 0 ? null : <Badge tone="good">{`${passed} passed`}</Badge>}
        </span>
      </button>
    </h3>
  );
}

function GroupRows({ group }: { readonly group: CheckGroup }) {
  const hasBead = group.beadId !== null;
  return (
    <div className={styles["scroll"]}>
      <table className={styles["table"]} aria-label={`Checks: ${group.title}`}>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Outcome</span>
            </th>
            <th scope="col">What was found</th>
            <th scope="col">{hasBead ? "Claim" : "Bead"}</th>
            <th scope="col">Attempt</th>
            <th scope="col">Output</th>
          </tr>
        </thead>
        <tbody>
          {group.rows.map((row) => (
            <Row key={`${row.traceId} ${row.id}`} row={row} hasBead={hasBead} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ row, hasBead }: { readonly row: CheckRow; readonly hasBead: boolean }) {
  const { ok, summary, command, claimId, holdout, attempt, cycle, isLast, reportDigest, beadId, beadTitle, traceId } = row;
  const { sessionId } = useSessionView();
  const Icon = ok ? Check : X;
  return (
    <tr data-ok={ok} data-last={isLast}>
      <td className={styles["ended"]}>
        <Icon size={15} aria-hidden />
        <span className="visually-hidden">{ok ? "passed" : "failed"}</span>
      </td>
      <td className={styles["summary"]}>
        {summary}{" "}
        {holdout ? (
          <Badge tone="accent" title="A hidden example; its values are told to nobody.">
            holdout
          </Badge>
        ) : null}
        <code title={command}>{command}</code>
      </td>
      <td className={styles["of"]}>
        {hasBead ? (
          (claimId ?? "–")
        ) : (
          <Link to="/sessions/$sessionId/graph" params={{ sessionId }} search={{ bead: beadId }}>
            {beadTitle}
          </Link>
        )}
      </td>
      <td className={styles["attempt"]}>
        <Link to="/sessions/$sessionId/lineage" params={{ sessionId }} search={{ artifact: traceId }} title="The execution trace that holds it">
          {cycle === 0 ? attempt : `${attempt}, cycle ${cycle}`}
        </Link>
      </td>
      <td className={styles["digest"]}>
        <Id id={reportDigest} />
      </td>
    </tr>
  );
}
