/** Applies a policy: written as in a file, shown as a difference, and applied as exactly what was shown. */
import { policyDiff, policyYaml, type PolicyFault } from "@factory/governance/policies";
import { useEffect, useState } from "react";
import { errorText } from "../../data/error-text.ts";
import { factoryClient } from "../../data/factory-client.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { diffLine } from "../../ui/diff-line.ts";
import { DiffLines } from "../../ui/diff-lines.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { SkeletonLines } from "../../ui/states.tsx";
import styles from "./change-dialog.module.css";
import { applyPreviewed, previewPolicy, type PolicyPreview } from "./policy-preview.ts";
import type { RoleDialogProps } from "./trust-dialogs.tsx";

type Previewed = Extract<PolicyPreview, { answer: object }>;

export function PolicyDialog({ state, onClose, onChanged }: RoleDialogProps) {
  const [text, setText] = useState<string>();
  const [faults, setFaults] = useState<readonly PolicyFault[]>([]);
  const [preview, setPreview] = useState<Previewed>();
  const [error, setError] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
    } catch (err) {
      setError(errorText(err));
    }
    setBusy(false);
  };
  useEffect(() => {
    void attempt(async () => setText(await presentPolicy(state)));
    // It begins with the policy as it is when the dialog opens; what the person writes is theirs.
  }, []);
  const change = (to: string): void => {
    setText(to);
    setPreview(undefined);
    setFaults([]);
  };
  const look = (): Promise<void> =>
    attempt(async () => {
      const result = await previewPolicy(factoryClient.admin, text ?? "");
      setFaults("faults" in result ? result.faults : []);
      setPreview("faults" in result ? undefined : result);
    });
  const apply = (shown: Previewed): Promise<void> =>
    attempt(async () => {
      // A refusal says that the head has moved: what was shown is then no longer what would change.
      setPreview(undefined);
      const { policy, version } = await applyPreviewed(factoryClient.admin, shown);
      onChanged(`Version ${version} of the policy of ${policy?.scope ?? ""} is in force.`);
      onClose();
    });
  return (
    <Dialog
      title="Apply a policy"
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Cancel</Button>
          <Button kind={preview === undefined ? "primary" : "plain"} isDisabled={isBusy || text === undefined} onPress={() => void look()}>
            Show what changes
          </Button>
          <Button
            kind="primary"
            isDisabled={isBusy || preview?.answer.changed !== true}
            onPress={() => (preview === undefined ? undefined : void apply(preview))}
          >
            Apply
          </Button>
        </>
      }
    >
      {text === undefined && error === undefined ? (
        <SkeletonLines lines={9} label="Loading the policy" />
      ) : (
        <div className={styles["code"]}>
          <TextField
            label="Policy, as in a file"
            multiline
            value={text ?? ""}
            onChange={change}
            help="Scope is org, or role:… which wins over it. Without effective_at it takes effect at once; without expires_at it does not end."
            error={faults.length === 0 ? undefined : "The policy has faults; see below."}
          />
        </div>
      )}
      <PolicyOutcome faults={faults} preview={preview} error={error} />
    </Dialog>
  );
}

/** The policy that is in force for the role, as a file would have it: of its own scope, or begun from what counts now. */
async function presentPolicy({ role, rules, policy: now }: RoleDialogProps["state"]): Promise<string> {
  const begun = { scope: `role:${role}`, autonomy: now?.autonomy || "SUGGEST", rules: rules ?? {} };
  const { previous } = await factoryClient.admin.applyPolicy({ policy: begun, dryRun: true });
  const { autonomy, expiresAt, rules: own = {} } = previous ?? { ...begun, expiresAt: "" };
  return policyYaml({ scope: begun.scope, autonomy, expiresAt, rules: own, effectiveAt: "" });
}

type OutcomeProps = { readonly faults: readonly PolicyFault[]; readonly preview: Previewed | undefined; readonly error: string | undefined };

function PolicyOutcome({ faults, preview, error }: OutcomeProps) {
  return (
    <div aria-live="polite" className={styles["form"]}>
      {error === undefined ? null : (
        <p role="alert" className={styles["error"]}>
          {error}
        </p>
      )}
      {faults.length === 0 ? null : (
        <ul className={styles["faults"]}>
          {faults.map(({ line, problem }) => (
            <li key={`${line} ${problem}`}>
              Line {line}: {problem}
            </li>
          ))}
        </ul>
      )}
      {preview === undefined ? null : <Preview {...preview} />}
    </div>
  );
}

function Preview({ answer }: Previewed) {
  const { changed, version, notes, policy } = answer;
  return (
    <>
      {changed ? (
        <div className={styles["preview"]}>
          <DiffLines label="What changes" lines={policyDiff(answer).split("\n").slice(2).map(diffLine)} />
        </div>
      ) : (
        <p>
          {policy?.scope ?? ""} says so already in version {version}: nothing would change.
        </p>
      )}
      {changed ? (
        <p>
          It becomes version {version} of {policy?.scope ?? ""}.
        </p>
      ) : null}
      {notes.length === 0 ? null : (
        <ul className={styles["notes"]}>
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
    </>
  );
}
