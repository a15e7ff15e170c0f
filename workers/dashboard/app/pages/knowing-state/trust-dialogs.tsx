/** Says how far the agent of a role is trusted, or ends it. */
import { TrustStatus, type GetKnowingStateResponse } from "@factory/schemas/proto";
import { useState } from "react";
import { factoryClient } from "../../data/factory-client.ts";
import { Checkbox } from "../../ui/checkbox.tsx";
import { Select } from "../../ui/select.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { ChangeDialog } from "./change-dialog.tsx";
import styles from "./change-dialog.module.css";
import { effectSentence, endOf, partsOf, scoreOf, TERMS, TERM_TEXTS, trustSentences, type Term } from "./governing.ts";

export type RoleDialogProps = { readonly state: GetKnowingStateResponse; readonly onClose: () => void; readonly onChanged: (what: string) => void };

export function SetTrustDialog({ state, onClose, onChanged }: RoleDialogProps) {
  const { subjectId, trustScore } = state;
  const [text, setText] = useState(String(trustScore ?? ""));
  const [rationale, setRationale] = useState("");
  const [term, setTerm] = useState<Term>("never");
  const [isSuspended, setSuspended] = useState(false);
  const score = scoreOf(text);
  const isReady = score !== null && rationale.trim() !== "";
  return (
    <ChangeDialog
      title={`Trust in ${subjectId}`}
      verb="Set the trust"
      changes={
        isReady
          ? [...trustSentences(partsOf(state), subjectId, trustScore, score, isSuspended), `${TERM_TEXTS[term]}.`, "It counts from the next bead on."]
          : []
      }
      onClose={onClose}
      change={async () => {
        if (score === null) return;
        const status = isSuspended ? TrustStatus.SUSPENDED : TrustStatus.APPROVED;
        const { changed } = await factoryClient.admin.setTrust({ subjectId, score, rationale: rationale.trim(), expiresAt: endOf(term, Date.now()), status });
        onChanged(changed ? `The trust in ${subjectId} is set.` : `The trust in ${subjectId} said so already; nothing changed.`);
      }}
    >
      <TextField
        label="Score, 0 to 1"
        value={text}
        onChange={setText}
        help="From 0.9 it may execute in full, from 0.7 bounded, from 0.5 propose, else suggest."
        error={text !== "" && score === null ? "A number from 0 to 1." : undefined}
      />
      <TextField label="Why; it is kept with the change" multiline isRequired value={rationale} onChange={setRationale} />
      <div className={styles["line"]}>
        <Select label="End" choices={TERMS.map((id) => ({ id, text: TERM_TEXTS[id] }))} value={term} onChange={setTerm} />
        <Checkbox isSelected={isSuspended} onChange={setSuspended}>
          Suspend it: the score is kept and does not count
        </Checkbox>
      </div>
    </ChangeDialog>
  );
}

export function RevokeTrustDialog({ state, onClose, onChanged }: RoleDialogProps) {
  const { subjectId, trustScore } = state;
  const [rationale, setRationale] = useState("");
  const changes = [
    `${subjectId}: ${trustScore === undefined ? "no trust in force" : `trusted ${trustScore}`} becomes revoked, which allows SUGGEST.`,
    effectSentence(partsOf(state), "trust", "SUGGEST"),
  ];
  return (
    <ChangeDialog
      title={`End the trust in ${subjectId}`}
      verb="Revoke the trust"
      isDanger
      changes={rationale.trim() === "" ? [] : changes}
      onClose={onClose}
      change={async () => {
        const { changed } = await factoryClient.admin.revokeTrust({ subjectId, rationale: rationale.trim() });
        onChanged(changed ? `The trust in ${subjectId} is revoked.` : `There was no trust in ${subjectId} to revoke.`);
      }}
    >
      <TextField label="Why; it is kept with the change" multiline isRequired autoFocus value={rationale} onChange={setRationale} />
    </ChangeDialog>
  );
}
