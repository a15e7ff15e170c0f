/** The steps from "submit" to a session: the check of the newest text, a key, a last look, and the answer. */
import type { OrderFault } from "@factory/schemas";
import { useEffect, useEffectEvent, useState } from "react";
import type { EnvelopeKey } from "../../../credentials/envelope-key-store.ts";
import type { DraftState } from "../draft/use-draft.ts";
import type { CheckedOrder } from "../order/use-order-check.ts";
import { useSubmission, type Submission } from "./use-submission.ts";

/** What stands in front of the page. */
export type Asking = "nothing" | "confirm" | "key";

export type HandingInState = {
  readonly asking: Asking;
  readonly submission: Submission;
  readonly needsKey: boolean;
  /** Faults the platform has found in the text as it is. */
  readonly platformFaults: readonly OrderFault[];
  /** Begins; it waits for the check of what was written last. */
  readonly ask: () => void;
  readonly addKey: () => void;
  readonly takeKey: (key: EnvelopeKey) => void;
  readonly confirm: () => void;
  readonly close: () => void;
};

type Input = { readonly state: DraftState; readonly checked: CheckedOrder; readonly goTo: (line: number) => void };

const NONE: readonly OrderFault[] = [];

export function useHandingIn({ state, checked, goTo }: Input): HandingInState {
  const { draft } = state;
  const [isWanted, setIsWanted] = useState(false);
  const [asking, setAsking] = useState<Asking>("nothing");
  /** The text that the platform was asked about last. */
  const [sentText, setSentText] = useState<string | null>(null);
  const submission = useSubmission(state.handedIn);
  const { key, problem, send, clear, takeKey } = submission;
  const found = problem !== null && sentText === draft.text ? problem.faults : NONE;

  const proceed = useEffectEvent((): void => {
    setIsWanted(false);
    const [first] = checked.check?.faults ?? [];
    if (checked.failure !== null) return;
    if (first === undefined) setAsking(key.kind === "none" ? "key" : "confirm");
    else goTo(first.line);
  });
  useEffect(() => {
    if (isWanted && (checked.isCurrent || checked.failure !== null)) proceed();
  }, [isWanted, checked.isCurrent, checked.failure]);

  const showFound = useEffectEvent((): void => {
    const [first] = found;
    if (first === undefined) return;
    setAsking("nothing");
    goTo(first.line);
  });
  useEffect(() => showFound(), [found]);

  return {
    asking,
    submission,
    needsKey: key.kind === "none",
    platformFaults: found,
    ask: () => {
      clear();
      setIsWanted(true);
    },
    addKey: () => setAsking("key"),
    takeKey: (taken) => {
      takeKey(taken);
      clear();
      setAsking("nothing");
    },
    confirm: () => {
      setSentText(draft.text);
      void send(draft, checked.check?.summary?.assembly ?? null);
    },
    close: () => setAsking("nothing"),
  };
}
