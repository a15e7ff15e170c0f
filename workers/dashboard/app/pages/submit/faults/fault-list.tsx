/** What is wrong with the order, line by line; a press goes to the line. */
import type { OrderFault } from "@factory/schemas";
import { CircleAlert, CircleCheck, Info } from "lucide-react";
import { FailedState, SkeletonLines } from "../../../ui/states.tsx";
import type { CheckedOrder } from "../order/use-order-check.ts";
import { FaultAnnouncer } from "./fault-announcer.tsx";
import styles from "./fault-list.module.css";
import { summaryText } from "./fault-text.ts";

export type FaultListProps = {
  readonly checked: CheckedOrder;
  /** Found by the platform when the order was handed in; they hold until the order changes. */
  readonly platformFaults: readonly OrderFault[];
  readonly onGoTo: (line: number) => void;
};

export function FaultList({ checked, platformFaults, onGoTo }: FaultListProps) {
  const { check, failure, retry } = checked;
  if (failure !== null) return <FailedState title="The order is not checked" message={failure} onRetry={retry} />;
  if (check === null) return <SkeletonLines lines={3} label="Checking the order" />;
  const faults = [...check.faults, ...platformFaults];
  return (
    <>
      <FaultAnnouncer faults={faults.length} remarks={check.remarks.length} />
      {faults.length === 0 ? (
        <p className={styles["clean"]}>
          <CircleCheck size={16} aria-hidden />
          {check.summary === null ? "No faults." : summaryText(check.summary)}
        </p>
      ) : null}
      <ol className={styles["list"]}>
        {faults.map((fault, at) => (
          <Finding key={`fault ${at}`} finding={fault} kind="fault" onGoTo={onGoTo} />
        ))}
        {check.remarks.map((remark, at) => (
          <Finding key={`remark ${at}`} finding={remark} kind="remark" onGoTo={onGoTo} />
        ))}
      </ol>
    </>
  );
}

type FindingProps = { readonly finding: OrderFault; readonly kind: "fault" | "remark"; readonly onGoTo: (line: number) => void };

function Finding({ finding: { line, rule, fix }, kind, onGoTo }: FindingProps) {
  const Icon = kind === "fault" ? CircleAlert : Info;
  return (
    <li>
      <button type="button" className={styles["finding"]} data-kind={kind} onClick={() => onGoTo(line)}>
        <Icon size={14} aria-label={kind === "fault" ? "Fault" : "Remark"} />
        <span className={styles["where"]}>
          <span>Line {line}</span>
          <code>{rule}</code>
        </span>
        <span className={styles["fix"]}>{fix}</span>
      </button>
    </li>
  );
}
