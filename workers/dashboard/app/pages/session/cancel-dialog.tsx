/** The question whether a session shall stop, with its reason. A chunk of its own: few sessions are cancelled. */
import { useState } from "react";
import { errorText } from "../../data/error-text.ts";
import { factoryClient } from "../../data/factory-client.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/text-field.tsx";
import styles from "./cancel-dialog.module.css";

type Cancelling = { readonly kind: "idle" } | { readonly kind: "sent" } | { readonly kind: "refused"; readonly text: string };

/** The page shows by itself when the session has stopped. */
export function CancelDialog({ sessionId, onClose }: { readonly sessionId: string; readonly onClose: () => void }) {
  const [reason, setReason] = useState("");
  const [state, setState] = useState<Cancelling>({ kind: "idle" });
  const cancel = async (): Promise<void> => {
    setState({ kind: "sent" });
    try {
      const answer = await factoryClient.gateway.cancelSession({ sessionId, reason: reason.trim() });
      if (answer.accepted) onClose();
      else setState({ kind: "refused", text: answer.reason });
    } catch (err) {
      setState({ kind: "refused", text: errorText(err) });
    }
  };
  return (
    <Dialog
      title="Cancel this session?"
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Let it go on</Button>
          <Button kind="danger" isDisabled={reason.trim() === "" || state.kind === "sent"} onPress={() => void cancel()}>
            {state.kind === "sent" ? "Cancelling…" : "Cancel the session"}
          </Button>
        </>
      }
    >
      <p>Beads that are at work are stopped and what they have brought is not merged. What has happened stays in the log. This cannot be undone.</p>
      <TextField label="Reason" help="It is kept in the log and the evidence." value={reason} onChange={setReason} multiline isRequired autoFocus />
      {state.kind === "refused" ? (
        <p className={styles["refused"]} role="alert">
          {state.text}
        </p>
      ) : null}
    </Dialog>
  );
}
