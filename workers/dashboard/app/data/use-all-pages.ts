/** A list of the read side, whole: page after page until its end. */
import { useEffect, useState } from "react";
import { useClient, type AnyVariables, type Client, type TypedDocumentNode } from "urql";

/** One page of a Relay connection. */
export type ConnectionPage<Node> = {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
};

export type AllPagesQuery<Data, Variables extends AnyVariables, Node> = {
  readonly query: TypedDocumentNode<Data, Variables>;
  /** The variables of the page after a cursor; null for the first page. */
  readonly variables: (after: string | null) => Variables;
  /** The list in an answer; null where there is nothing that has it. The same function each time. */
  readonly connectionOf: (data: Data) => ConnectionPage<Node> | null;
  /** What the list is of: another one begins anew. */
  readonly key: string;
  /** A change of it is a reason to ask again; what was answered stays until the newer list is whole. */
  readonly signal?: number;
  readonly pause?: boolean;
};

/** `nodes` is null before the first page; `complete` is false while pages are on their way. */
export type AllPages<Node> = { readonly nodes: readonly Node[] | null; readonly complete: boolean; readonly error: Error | null; readonly retry: () => void };

type State<Node> = { readonly key: string; readonly nodes: readonly Node[] | null; readonly complete: boolean; readonly error: Error | null };

/** All nodes of a connection. The first time they are shown as they come. */
export function useAllPages<Data, Variables extends AnyVariables, Node>(asked: AllPagesQuery<Data, Variables, Node>): AllPages<Node> {
  const { key, signal = 0, pause = false } = asked;
  const client = useClient();
  const [tries, setTries] = useState(0);
  const [state, setState] = useState<State<Node>>({ key, nodes: null, complete: false, error: null });

  useEffect(() => {
    if (pause) return undefined;
    let isOver = false;
    const show = (next: (before: State<Node>) => State<Node>): void => {
      if (!isOver) setState((before) => next(before.key === key ? before : { key, nodes: null, complete: false, error: null }));
    };
    const onPage = (nodes: readonly Node[], complete: boolean): void =>
      show((before) => (complete || !before.complete ? { key, nodes, complete, error: null } : before));
    readPages(client, asked, onPage, () => isOver).catch((err: unknown) =>
      show((before) => ({ ...before, error: err instanceof Error ? err : new Error(String(err)) })),
    );
    return () => {
      isOver = true;
    };
    // The key stands for what is asked; the functions in it are made anew with each rendering.
  }, [client, key, signal, pause, tries]);

  const retry = (): void => setTries((before) => before + 1);
  return state.key === key ? { nodes: state.nodes, complete: state.complete, error: state.error, retry } : { nodes: null, complete: false, error: null, retry };
}

/** @throws CombinedError when a page cannot be had */
async function readPages<Data, Variables extends AnyVariables, Node>(
  client: Client,
  { query, variables, connectionOf }: Pick<AllPagesQuery<Data, Variables, Node>, "query" | "variables" | "connectionOf">,
  onPage: (nodes: readonly Node[], complete: boolean) => void,
  isOver: () => boolean,
): Promise<void> {
  const nodes: Node[] = [];
  let after: string | null = null;
  do {
    const result: { readonly data?: Data | undefined; readonly error?: Error | undefined } = await client
      .query<Data, Variables>(query, variables(after), { requestPolicy: "network-only" })
      .toPromise();
    if (result.error !== undefined) throw result.error;
    const page: ConnectionPage<Node> | null = result.data === undefined ? null : connectionOf(result.data);
    if (page !== null) nodes.push(...page.nodes);
    after = page !== null && page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
    onPage([...nodes], after === null);
  } while (after !== null && !isOver());
}
