/** Everything a page reads and writes by, made once for whoever is signed in. */
import { createContext, use, useEffect, useMemo, useState, type ReactNode } from "react";
import { Provider as GraphqlProvider } from "urql";
import { createGraphqlClient } from "./graphql-client.ts";
import { createLiveClient, type LinkState, type LiveClient } from "./subscriptions.ts";

/** Who is signed in, as the platform says it. */
export type Viewer = { readonly org: string; readonly principalId: string; readonly scopes: readonly string[] };

type Factory = { readonly viewer: Viewer; readonly live: LiveClient };

const FactoryContext = createContext<Factory | null>(null);

/** @throws Error outside of the part of the page that needs somebody signed in. */
function useFactory(): Factory {
  const factory = use(FactoryContext);
  if (factory === null) throw new Error("Nobody is signed in here.");
  return factory;
}

/** Who is signed in. */
export const useViewer = (): Viewer => useFactory().viewer;

/** Live data. */
export const useLiveClient = (): LiveClient => useFactory().live;

/** How the live link does. */
export function useLinkState(): LinkState {
  const live = useLiveClient();
  const [state, setState] = useState<LinkState>("idle");
  useEffect(() => live.onLink(setState), [live]);
  return state;
}

/**
 * Gives the part of the page below it the clients of one viewer. The live client closes its socket with the last subscription; it is
 * not disposed of here, since one that was never connects again, and a provider may be taken down and put up.
 */
export function FactoryProvider({ viewer, children }: { readonly viewer: Viewer; readonly children: ReactNode }) {
  const factory = useMemo(() => ({ viewer, live: createLiveClient(viewer.org) }), [viewer]);
  return <FactoryContext value={factory}>{children}</FactoryContext>;
}

/** Gives the part of the page below it reads over HTTP, with a cache of its own for each key. */
export function ReadsProvider({ apiKey, children }: { readonly apiKey: string; readonly children: ReactNode }) {
  // The key decides what may be seen, so another one begins with nothing read.
  const client = useMemo(() => createGraphqlClient(), [apiKey]);
  return <GraphqlProvider value={client}>{children}</GraphqlProvider>;
}
