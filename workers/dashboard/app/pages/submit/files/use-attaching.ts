/** Attaching what is dropped or chosen to the draft. */
import { useState } from "react";
import { errorText } from "../../../data/error-text.ts";
import type { DraftState } from "../draft/use-draft.ts";
import { utf8Bytes } from "../order/utf8-bytes.ts";
import type { OfferedFile, Refused } from "./attach-files.ts";

export type Attaching = { readonly refused: readonly Refused[]; readonly offer: (offered: readonly OfferedFile[]) => void };

export function useAttaching({ draft, change }: DraftState, initiallyRefused: readonly Refused[]): Attaching {
  const [refused, setRefused] = useState(initiallyRefused);
  const attach = async (offered: readonly OfferedFile[]): Promise<void> => {
    if (offered.length === 0) return;
    try {
      const [{ attachFiles }, { namedFiles }] = await Promise.all([import("./attach-files.ts"), import("../order/order-settings.ts")]);
      const attached = await attachFiles(draft.files, offered, namedFiles(draft.text), utf8Bytes(draft.text));
      setRefused(attached.refused);
      change({ files: attached.files });
    } catch (err) {
      // A file that is gone since it was chosen, or may not be read.
      setRefused(offered.map(({ path }) => ({ path, reason: errorText(err) })));
    }
  };
  return { refused, offer: (offered) => void attach(offered) };
}
