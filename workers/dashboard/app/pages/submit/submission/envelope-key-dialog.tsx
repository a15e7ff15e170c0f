/** Takes the key that signs orders. What is written stays as it is. */
import { useState } from "react";
import { FileTrigger } from "react-aria-components";
import { credentialsOf } from "../../../credentials/credentials.ts";
import { keepEnvelopeKey, type EnvelopeKey } from "../../../credentials/envelope-key-store.ts";
import { errorText } from "../../../data/error-text.ts";
import { Button } from "../../../ui/button.tsx";
import { Dialog } from "../../../ui/dialog.tsx";
import { TextField } from "../../../ui/text-field.tsx";

export type EnvelopeKeyDialogProps = { readonly onKept: (key: EnvelopeKey) => void; readonly onClose: () => void };

export function EnvelopeKeyDialog({ onKept, onClose }: EnvelopeKeyDialogProps) {
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const keep = async (content: string): Promise<void> => {
    const { envelopeKeyId, envelopeSecret } = credentialsOf(content) ?? {};
    if (envelopeKeyId === undefined || envelopeSecret === undefined) {
      setError("This is no key file with `envelopeKeyId` and `envelopeSecret`.");
      return;
    }
    try {
      onKept(await keepEnvelopeKey(envelopeKeyId, envelopeSecret));
    } catch (err) {
      setError(`The key cannot be kept: ${errorText(err)}`);
    }
  };
  const open = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) await keep(await file.text());
  };
  return (
    <Dialog
      title="Add an envelope key"
      isOpen
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose}>Not now</Button>
          <FileTrigger acceptedFileTypes={[".json", "application/json"]} onSelect={(chosen) => void open(chosen?.[0])}>
            <Button>Choose a key file</Button>
          </FileTrigger>
          <Button kind="primary" isDisabled={text.trim() === ""} onPress={() => void keep(text)}>
            Keep the key
          </Button>
        </>
      }
    >
      <p>
        Orders travel in an envelope that is signed with a key of your organisation. The browser keeps it so that no script can read it out, and forgets it when
        you sign out. The local platform&rsquo;s key file is <code>.factory/dev-key.json</code>.
      </p>
      <TextField label="Content of the key file" type="password" value={text} onChange={setText} error={error} autoFocus />
    </Dialog>
  );
}
