/** How the factory does, asked again and again, and what the page remembers of it. */
import type { OperationsResponse } from "@factory/schemas/proto";
import { useState } from "react";
import { factoryClient } from "../../data/factory-client.ts";
import { EMPTY_HISTORY, withAnswer, type OperationsHistory } from "./operations-history.ts";
import { useRepeatedCall, type Repeated } from "./use-repeated-call.ts";

/** The most that the platform gives at once: every open session that is left out makes the sums less true. */
const MAX_SESSIONS = 100;
/** Dead letters that are listed; the counts are of all. */
const LETTERS = 50;

export function useOperations(): Repeated<OperationsResponse> & { readonly history: OperationsHistory } {
  const [history, setHistory] = useState(EMPTY_HISTORY);
  const repeated = useRepeatedCall(
    "operations",
    (signal) => factoryClient.admin.operations({ limit: MAX_SESSIONS, deadLetters: LETTERS }, { signal }),
    (answer) => setHistory((before) => withAnswer(before, answer)),
  );
  return { ...repeated, history };
}
