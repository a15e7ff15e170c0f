/** The draft of the page: kept across reloads, and back after it was thrown away by mistake. */
import { useEffect, useEffectEvent, useState } from "react";
import { useViewer } from "../../../data/factory-context.tsx";
import { useDelayed } from "../../../ui/use-delayed.ts";
import { EMPTY_DRAFT, forgetDraft, isEmptyDraft, keepDraft, readDraft, type Draft, type Keeping } from "./draft-store.ts";

/** How long a draft rests before it is kept, in milliseconds. */
const KEEP_MS = 400;

/** What is told about a draft that was not begun just now. */
export type DraftNotice =
  | { readonly kind: "restored"; readonly keptAt: string; readonly lostFiles: readonly string[] }
  | { readonly kind: "discarded"; readonly draft: Draft };

export type DraftState = {
  readonly draft: Draft;
  /** False until there is something to go on from, be it a text that has become empty again. */
  readonly isBegun: boolean;
  /** Another number for each draft that did not come about by writing. */
  readonly generation: number;
  readonly keeping: Keeping;
  readonly notice: DraftNotice | null;
  readonly change: (change: Partial<Draft>) => void;
  /** Puts a draft in the place of this one. */
  readonly begin: (draft: Draft) => void;
  readonly discard: () => void;
  readonly dismiss: () => void;
  /** Forgets the draft for good: it is a session now. */
  readonly handedIn: () => void;
};

export function useDraft(): DraftState {
  const owner = useViewer();
  const [kept] = useState(() => readDraft(localStorage, owner));
  const [draft, setDraft] = useState<Draft>(kept ?? EMPTY_DRAFT);
  const [generation, setGeneration] = useState(0);
  const [keeping, setKeeping] = useState<Keeping>("all");
  const [notice, setNotice] = useState<DraftNotice | null>(
    kept === null || isEmptyDraft(kept) ? null : { kind: "restored", keptAt: kept.keptAt, lostFiles: kept.lostFiles },
  );
  const [isBegun, setIsBegun] = useState(!isEmptyDraft(draft));
  const [isOver, setIsOver] = useState(false);

  const rested = useDelayed(draft, KEEP_MS);
  const keep = useEffectEvent((): void => {
    if (!isOver && draft !== kept) setKeeping(keepDraft(localStorage, owner, draft, new Date()));
  });
  useEffect(() => keep(), [rested]);
  useEffect(() => {
    const onHide = (): void => keep();
    window.addEventListener("pagehide", onHide);
    return () => {
      window.removeEventListener("pagehide", onHide);
      // Another page is gone to before the draft has rested.
      keep();
    };
  }, []);

  const begin = (next: Draft): void => {
    setDraft(next);
    setIsBegun(!isEmptyDraft(next));
    setGeneration((before) => before + 1);
    setNotice(null);
  };
  return {
    draft,
    isBegun,
    generation,
    keeping,
    notice,
    change: (change) => setDraft((before) => ({ ...before, ...change })),
    begin,
    discard: () => {
      begin(EMPTY_DRAFT);
      setNotice({ kind: "discarded", draft });
    },
    dismiss: () => setNotice(null),
    handedIn: () => {
      setIsOver(true);
      forgetDraft(localStorage, owner);
    },
  };
}
