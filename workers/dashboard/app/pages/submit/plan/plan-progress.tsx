/** How far planning has come. */
import { Label, ProgressBar } from "react-aria-components";
import type { PlanStep } from "./plan-order.ts";
import styles from "./plan-preview.module.css";

export function PlanProgress({ step }: { readonly step: PlanStep | null }) {
  const value = step === null ? 0 : step.done / step.total;
  const text = step === null ? "Loading what plans" : `${step.done} of ${step.total} passes, asking for ${step.asking.replaceAll("-", " ")}`;
  return (
    <ProgressBar className={styles["progress"] ?? ""} value={value} maxValue={1} valueLabel={text}>
      <Label className={styles["progressText"] ?? ""}>{text}</Label>
      <span className={styles["track"]}>
        <span style={{ width: `${value * 100}%` }} />
      </span>
    </ProgressBar>
  );
}
