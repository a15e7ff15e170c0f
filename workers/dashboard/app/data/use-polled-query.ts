/** A query that is asked again while somebody looks at it. What was answered stays on the page until there is something newer. */
import { useEffect, useEffectEvent } from "react";
import { useQuery, type AnyVariables, type TypedDocumentNode, type UseQueryState } from "urql";

/** How often lists are asked again, in milliseconds. */
export const LIST_POLL_MS = 2_000;

export type PolledQuery<Data, Variables extends AnyVariables> = {
  readonly query: TypedDocumentNode<Data, Variables>;
  readonly variables: Variables;
  readonly pause?: boolean;
  /** Milliseconds from one answer to the next question; {@link LIST_POLL_MS} unless told otherwise. */
  readonly everyMs?: number;
};

/** The query's state, and a function that asks at once. Nothing is asked while the tab is hidden or a question is open. */
export function usePolledQuery<Data, Variables extends AnyVariables>({
  query,
  variables,
  pause = false,
  everyMs = LIST_POLL_MS,
}: PolledQuery<Data, Variables>): readonly [UseQueryState<Data, Variables>, () => void] {
  const [state, execute] = useQuery<Data, Variables>({ query, variables, pause, requestPolicy: "cache-and-network" });
  const ask = (): void => execute({ requestPolicy: "network-only" });
  const askAgain = useEffectEvent(ask);
  const isAsking = state.fetching || state.stale;
  useEffect(() => {
    if (pause || isAsking) return undefined;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") askAgain();
    }, everyMs);
    return () => clearInterval(timer);
  }, [pause, isAsking, everyMs]);
  useEffect(() => {
    const onVisible = (): void => {
      if (document.visibilityState === "visible" && !pause) askAgain();
    };
    document.addEventListener("visibilitychange", onVisible);
    return () => document.removeEventListener("visibilitychange", onVisible);
  }, [pause]);
  return [state, ask];
}
