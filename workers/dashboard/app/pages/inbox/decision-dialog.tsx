/** Takes the reason of a decision and sends it, bound to exactly the action that is shown in it. */
import { reviewEffect } from "@factory/schemas";
import { useState, type KeyboardEvent } from "react";
import { factoryClient } from "../../data/factory-client.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FilterChips } from "../../ui/filter-chips.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { Keys } from "../../shell/shortcut-help.tsx";
import { decide } from "./decide.ts";
import styles from "./decision-dialog.module.css";
import { standingOf } from "./inbox-list.ts";
import { matterOf, needsNote, optionsOf, verbOf } from "./review-context.ts";
import type { Decision, Review } from "./reviews.ts";

const LABELS: { readonly [D in Decision]: string } = { approved: "Note", amended: "Your answer", rejected: "Why" };

export type DecisionDialogProps = {
  /** As it was shown when the person chose to decide: later changes do not reach it. */
  readonly review: Review;
  readonly decision: Decision;
  /** What waits now. */
  readonly open: readonly Review[];
  readonly onClose: () => void;
  readonly onDecided: (note: string) => void;
  /** What was shown is no longer asked, and nothing was decided. */
  readonly onMoved: (text: string) => void;
};

export function DecisionDialog({ review, decision, open, onClose, onDecided, onMoved }: DecisionDialogProps) {
  const [note, setNote] = useState("");
  const [error, setError] = useState<string>();
  const [isSending, setSending] = useState(false);
  const { matter, stage } = matterOf(review);
  const effect = reviewEffect(matter, stage, decision);
  const verb = verbOf(review, decision);
  // While it is sent, its own decision may be what has closed it.
  const standing = isSending ? "same" : standingOf(review, open);
  const isMissing = needsNote(decision) && note.trim() === "";
  const send = async (): Promise<void> => {
    if (isSending || standing !== "same") return;
    if (isMissing) return setError(decision === "amended" ? "An answer is needed: it is what goes on." : "Say why: it is kept with the decision.");
    setSending(true);
    const result = await decide(factoryClient.gateway, review, decision, note.trim());
    setSending(false);
    if (result.kind === "decided") onDecided(note.trim());
    else if (result.kind === "moved") onMoved(result.text);
    else setError(result.text);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void send();
  };
  return (
    <Dialog
      title={`${verb}?`}
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind={decision === "rejected" ? "danger" : "primary"} isDisabled={isSending || standing !== "same"} onPress={() => void send()}>
            {isSending ? "Sending" : verb}
          </Button>
        </>
      }
    >
      <div className={styles["form"]} onKeyDown={onKeyDown}>
        <p className={styles["action"]}>{review.action}</p>
        <p className={styles["digest"]}>
          Digest <code>{review.actionDigest}</code>
        </p>
        {effect === undefined ? null : (
          <p>
            {verb} means: {effect}.
          </p>
        )}
        {decision === "amended" ? <Options review={review} onChoose={setNote} note={note} /> : null}
        <TextField
          label={needsNote(decision) ? LABELS[decision] : `${LABELS[decision]} (optional)`}
          multiline
          autoFocus
          value={note}
          onChange={(text) => {
            setNote(text);
            setError(undefined);
          }}
          error={error}
          {...(matter === "budget" && decision !== "rejected" ? { help: 'The whole new budget, such as "50 USD".' } : {})}
        />
        {standing === "same" ? (
          <p className={styles["hint"]}>
            <Keys keys="Mod+Enter" /> sends it
          </p>
        ) : (
          <p role="alert" className={styles["moved"]}>
            {standing === "changed"
              ? "What is asked has changed meanwhile."
              : "This review is no longer open: somebody has decided it, or its session has ended."}{" "}
            Nothing was sent. Close this and read it again.
          </p>
        )}
      </div>
    </Dialog>
  );
}

/** Answers that the question proposes; choosing one writes it down, where it can still be changed. */
function Options({ review, note, onChoose }: { readonly review: Review; readonly note: string; readonly onChoose: (text: string) => void }) {
  const options = optionsOf(review);
  if (options.length === 0) return null;
  return (
    <FilterChips
      label="Proposed answers"
      choices={options.map((text) => ({ id: text, text }))}
      value={options.filter((text) => text === note)}
      onChange={(chosen) => onChoose(chosen.find((text) => text !== note) ?? "")}
    />
  );
}
