/**
 * What every tab of a session's page reads: how the session stands, live. The page above the tabs follows the session once; a tab asks
 * for what is its own, and is told when that is worth asking again.
 */
import type { EventKind } from "@factory/schemas";
import { createContext, use, useEffect, useEffectEvent, useState, useSyncExternalStore, type ReactNode } from "react";
import { useClient, useQuery, type AnyVariables, type TypedDocumentNode, type UseQueryState } from "urql";
import { useLiveClient } from "../../data/factory-context.tsx";
import type { ModelBead } from "./session-model.ts";
import type { EventRow } from "./session-queries.ts";
import { feedSession } from "./session-feed.ts";
import { SessionStore, type SessionPageState, type SessionView } from "./session-store.ts";

export type { SessionView } from "./session-store.ts";
export type { BeadCounts, ModelBead } from "./session-model.ts";
export type { EventRow } from "./session-queries.ts";

const StoreContext = createContext<SessionStore | null>(null);

/** @throws Error outside of a session's page. */
function useStore(): SessionStore {
  const store = use(StoreContext);
  if (store === null) throw new Error("There is no session around this part of the page.");
  return store;
}

/** Follows one session as long as it is on the page. Mount it with the session's id as its key. */
export function SessionViewProvider({ sessionId, children }: { readonly sessionId: string; readonly children: ReactNode }) {
  const [store] = useState(() => new SessionStore(sessionId));
  const reads = useClient();
  const live = useLiveClient();
  useEffect(() => feedSession({ sessionId, store, reads, live }), [sessionId, store, reads, live]);
  return <StoreContext value={store}>{children}</StoreContext>;
}

/** The page's state before and after the session is known; for the page around the tabs. */
export function useSessionPageState(): SessionPageState {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.state);
}

/**
 * The session as its head query answered it last, and the model that its events are folded into. Changes once a frame at most.
 *
 * @throws Error before the session is known; tabs are shown after that.
 */
export function useSessionView(): SessionView {
  const state = useSessionPageState();
  if (state.kind !== "known") throw new Error("The session is not known yet.");
  return state.view;
}

/** One bead as it is now; the component is rendered again when that bead changes and not when others do. */
export function useBead(beadId: string): ModelBead | undefined {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => {
    const state = store.state();
    return state.kind === "known" ? state.view.model.beads.get(beadId) : undefined;
  });
}

/** Events that came since the page was opened, ordered by `seq`: the last 20 000 at least. Changes once a frame at most. */
export function useEventsSince(): readonly EventRow[] {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.events);
}

/**
 * A number that changes when the read model has read new events of these kinds, at most every 500 ms: a reason to ask a query again
 * that is sure to answer what the events told of.
 */
export function useEventSignal(kinds: readonly EventKind[]): number {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => store.readSeq(kinds));
}

/**
 * A tab's query, asked again when {@link useEventSignal} of these kinds changes. What was answered stays until there is something newer.
 *
 * @param kinds - the same array each time
 */
export function useSignalledQuery<Data, Variables extends AnyVariables>(
  query: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  kinds: readonly EventKind[],
): readonly [UseQueryState<Data, Variables>, () => void] {
  const signal = useEventSignal(kinds);
  const [state, execute] = useQuery<Data, Variables>({ query, variables, requestPolicy: "cache-and-network" });
  const ask = (): void => execute({ requestPolicy: "network-only" });
  const askAgain = useEffectEvent(ask);
  useEffect(() => {
    if (signal > 0) askAgain();
  }, [signal]);
  return [state, ask];
}
