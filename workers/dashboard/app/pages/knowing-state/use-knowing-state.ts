/** What governs a role, asked again while somebody looks at it. */
import type { GetKnowingStateResponse } from "@factory/schemas/proto";
import { useCallback, useEffect, useState } from "react";
import { errorText } from "../../data/error-text.ts";
import { factoryClient } from "../../data/factory-client.ts";

/** The loop changes policies by itself while runs go on; more often than this nobody sees it, in milliseconds. */
const POLL_MS = 5_000;

export type ReadKnowingState = {
  /** Undefined before the first answer of this role. */
  readonly state: GetKnowingStateResponse | undefined;
  readonly error: string | undefined;
  readonly askAgain: () => void;
};

type Answered = { readonly role: string; readonly state?: GetKnowingStateResponse; readonly error?: string };

export function useKnowingState(role: string): ReadKnowingState {
  const [answered, setAnswered] = useState<Answered>({ role });
  const ask = useCallback(async (): Promise<void> => {
    try {
      const state = await factoryClient.admin.getKnowingState({ role });
      setAnswered({ role, state });
    } catch (err) {
      // What was read stays on the page while it cannot be read anew.
      setAnswered((before) => ({ ...(before.role === role ? before : {}), role, error: errorText(err) }));
    }
  }, [role]);
  useEffect(() => {
    void ask();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void ask();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [ask]);
  const own = answered.role === role ? answered : { role };
  return { state: own.state, error: own.error, askAgain: () => void ask() };
}
