/** The list of sessions as it is read: asked again while somebody looks, page by page as far as they go. */
import { useEffect, useReducer, useState } from "react";
import { useClient } from "urql";
import { errorText } from "../../data/error-text.ts";
import { graphql, type ResultOf, type VariablesOf } from "../../data/graphql.ts";
import { usePolledQuery } from "../../data/use-polled-query.ts";
import { caughtUp, emptyList, withHead, withPage, withRows, type ListPage, type SessionList } from "./session-list.ts";
import type { SessionsSearch } from "./sessions-search.ts";

/** Sessions of a page. */
const PAGE = 50;

const SESSIONS = graphql(`
  query Sessions($first: Int!, $after: String, $search: String, $assembly: ID, $states: [SessionState!], $problems: [SessionProblem!], $order: SessionOrder!) {
    sessions(first: $first, after: $after, search: $search, assemblyId: $assembly, status: $states, problems: $problems, order: $order) {
      nodes {
        id
        title
        workOrderId
        assemblyId
        state
        outcome
        reason
        problems
        startedAt
        updatedAt
        endedAt
        beadCounts {
          total
          done
          failed
        }
        costs {
          total {
            calls
            costUsd
            unpricedCalls
          }
        }
      }
      pageInfo {
        endCursor
        hasNextPage
      }
    }
  }
`);

export type SessionRow = ResultOf<typeof SESSIONS>["sessions"]["nodes"][number];
type Variables = VariablesOf<typeof SESSIONS>;

export type ReadSessions = {
  /** Undefined before the first answer. */
  readonly list: SessionList<SessionRow> | undefined;
  /** True while the list is still the one of the filters before. */
  readonly isChanging: boolean;
  readonly error: string | undefined;
  readonly isLoadingMore: boolean;
  /** Shows what waits. */
  readonly catchUp: () => void;
  readonly loadMore: () => void;
  readonly askAgain: () => void;
};

/** A list with what it was asked for: an answer to another question begins another list. */
type Asked = { readonly asked: string; readonly list: SessionList<SessionRow> };

type Action = { readonly asked: string } & (
  | { readonly type: "head"; readonly page: ListPage<SessionRow>; readonly mayMove: boolean }
  | { readonly type: "page" | "renew"; readonly page: ListPage<SessionRow> }
  | { readonly type: "catchUp" }
);

function reduce(state: Asked | undefined, action: Action): Asked | undefined {
  const { asked } = action;
  if (state?.asked !== asked) return action.type === "head" ? { asked, list: withHead(emptyList<SessionRow>(), action.page, true) } : state;
  const { list } = state;
  switch (action.type) {
    case "head":
      return { asked, list: withHead(list, action.page, action.mayMove) };
    case "page":
      return { asked, list: withPage(list, action.page) };
    case "renew":
      return { asked, list: withRows(list, action.page.rows) };
    case "catchUp":
      return { asked, list: caughtUp(list) };
    default:
      return action satisfies never;
  }
}

/**
 * The sessions that an address asks for. What was shown stays until there is an answer to another address.
 *
 * @param mayMove - asked at each answer: whether nobody is in the list now
 * @param lastSeen - index of the last row on the screen, whose page is kept fresh too
 */
export function useSessionList(search: SessionsSearch, mayMove: () => boolean, lastSeen: number): ReadSessions {
  const client = useClient();
  const [state, dispatch] = useReducer(reduce, undefined);
  const [later, setLater] = useState<readonly string[]>([]);
  const [isLoadingMore, setLoadingMore] = useState(false);
  const [moreError, setMoreError] = useState<string>();
  const variables = variablesOf(search);
  const wanted = askedOf(variables);
  const list = state?.list;
  const [head, askAgain] = usePolledQuery({ query: SESSIONS, variables });
  const seen = list?.hasMore === true && state?.asked === wanted ? later[Math.floor(lastSeen / PAGE) - 1] : undefined;
  const [inView] = usePolledQuery({ query: SESSIONS, variables: { ...variables, after: seen ?? null }, pause: seen === undefined });

  useEffect(() => {
    if (head.data !== undefined) dispatch({ type: "head", asked: askedOf(head.operation?.variables), page: pageOf(head.data), mayMove: mayMove() });
    // Only an answer moves rows, not that the reader has moved.
  }, [head.data]);
  useEffect(() => {
    if (seen !== undefined && inView.data !== undefined) dispatch({ type: "renew", asked: askedOf(inView.operation?.variables), page: pageOf(inView.data) });
  }, [seen, inView.data]);

  const loadMore = async (): Promise<void> => {
    const after = list?.next ?? null;
    if (after === null || isLoadingMore) return;
    setLoadingMore(true);
    const { data, error } = await client.query(SESSIONS, { ...variables, after }, { requestPolicy: "network-only" }).toPromise();
    setLoadingMore(false);
    setMoreError(error === undefined ? undefined : errorText(error));
    if (data === undefined) return;
    setLater((cursors) => [...(list?.hasMore === true ? cursors : []), after]);
    dispatch({ type: "page", asked: wanted, page: pageOf(data) });
  };
  return {
    list,
    isChanging: state !== undefined && state.asked !== wanted,
    error: head.error === undefined ? moreError : errorText(head.error),
    isLoadingMore,
    catchUp: () => dispatch({ type: "catchUp", asked: wanted }),
    loadMore: () => void loadMore(),
    askAgain,
  };
}

/** What a list was asked for, whichever its page. */
const askedOf = (variables: unknown): string => JSON.stringify({ ...(variables as Variables | undefined), after: null });

const variablesOf = ({ search, assembly, states, problems, order = "PROBLEMS_FIRST" }: SessionsSearch): Variables => ({
  first: PAGE,
  after: null,
  search: search ?? null,
  assembly: assembly ?? null,
  states: states ?? null,
  problems: problems ?? null,
  order,
});

const pageOf = ({ sessions: { nodes, pageInfo } }: ResultOf<typeof SESSIONS>): ListPage<SessionRow> => ({
  rows: nodes,
  next: pageInfo.hasNextPage ? pageInfo.endCursor : null,
});
