/** The frame of every change: what is asked, exactly what it will change, and what became of it. */
import { useState, type ReactNode } from "react";
import { errorText } from "../../data/error-text.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import styles from "./change-dialog.module.css";

export type ChangeDialogProps = {
  readonly title: string;
  /** What the button says that makes the change. */
  readonly verb: string;
  readonly isDanger?: boolean;
  /** Exactly what changes, sentence by sentence; empty while the form is not filled in. */
  readonly changes: readonly string[];
  /** Makes the change. @throws what the platform refuses */
  readonly change: () => Promise<void>;
  readonly onClose: () => void;
  readonly children?: ReactNode;
};

export function ChangeDialog({ title, verb, isDanger = false, changes, change, onClose, children }: ChangeDialogProps) {
  const [error, setError] = useState<string>();
  const [isSending, setSending] = useState(false);
  const send = async (): Promise<void> => {
    setSending(true);
    setError(undefined);
    try {
      await change();
      onClose();
    } catch (err) {
      setError(errorText(err));
      setSending(false);
    }
  };
  return (
    <Dialog
      title={title}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind={isDanger ? "danger" : "primary"} isDisabled={isSending || changes.length === 0} onPress={() => void send()}>
            {isSending ? "Sending" : verb}
          </Button>
        </>
      }
    >
      <div className={styles["form"]}>{children}</div>
      <Changes changes={changes} />
      {error === undefined ? null : (
        <p role="alert" className={styles["error"]}>
          {error}
        </p>
      )}
    </Dialog>
  );
}

function Changes({ changes }: { readonly changes: readonly string[] }) {
  return (
    <section className={styles["changes"]} aria-label="What changes" aria-live="polite">
      <h3>What changes</h3>
      {changes.length === 0 ? (
        <p>Nothing yet.</p>
      ) : (
        <ul>
          {changes.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
