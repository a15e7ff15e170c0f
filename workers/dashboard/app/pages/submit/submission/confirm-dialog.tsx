/** The last look at an order before it is handed in. */
import { Send } from "lucide-react";
import type { AttachedFile } from "@factory/schemas";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { Facts } from "../../../ui/facts.tsx";
import { Bytes, Money } from "../../../ui/figures.tsx";
import { countText } from "../../../ui/figure-text.ts";
import { summaryText } from "../faults/fault-text.ts";
import type { OrderSummary } from "../order/order-check.ts";
import { utf8Bytes } from "../order/utf8-bytes.ts";
import { REVIEW_TEXTS } from "../settings/review-texts.ts";
import styles from "./submission.module.css";
import type { SubmitProblem } from "./submit-problem.ts";

export type ConfirmDialogProps = {
  readonly summary: OrderSummary;
  readonly files: readonly AttachedFile[];
  readonly isSending: boolean;
  readonly problem: SubmitProblem | null;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly onAddKey: () => void;
};

export function ConfirmDialog({ summary, files, isSending, problem, onConfirm, onClose, onAddKey }: ConfirmDialogProps) {
  const bytes = files.reduce((sum, { content }) => sum + utf8Bytes(content), 0);
  return (
    <Dialog
      title="Submit this order?"
      isOpen
      onClose={onClose}
      actions={
        <>
          {problem?.needsKey === true ? <Button onPress={onAddKey}>Add another key</Button> : null}
          <Button onPress={onClose}>Go on writing</Button>
          <Button kind="primary" icon={Send} isDisabled={isSending} onPress={onConfirm} autoFocus>
            {isSending ? "Submitting…" : problem === null ? "Submit" : "Submit again"}
          </Button>
        </>
      }
    >
      <Facts
        facts={[
          ["Title", <strong key="title">{summary.title}</strong>],
          ["Assembly", summary.assembly ?? "main"],
          ["Review", REVIEW_TEXTS[summary.reviewMode]],
          ["Priority", summary.priority],
          ["Budget", summary.budgetUsd === null ? "none: nothing stops it but the bounds of each bead" : <Money key="budget" usd={summary.budgetUsd} />],
          ["Files", files.length === 0 ? "none" : <Files key="files" files={files} bytes={bytes} />],
          ["Asks for", summaryText(summary)],
        ]}
      />
      {problem === null ? null : (
        <div className={styles["problem"]} role="alert">
          <strong>{problem.title}</strong>
          <p>{problem.text}</p>
        </div>
      )}
    </Dialog>
  );
}

function Files({ files, bytes }: { readonly files: readonly AttachedFile[]; readonly bytes: number }) {
  return (
    <>
      {countText(files.length, "file")}, <Bytes bytes={bytes} />
      <ul className={styles["files"]}>
        {files.map(({ path }) => (
          <li key={path}>
            <code>{path}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
