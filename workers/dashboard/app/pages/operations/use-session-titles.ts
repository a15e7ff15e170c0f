/** What open sessions are called: their health names them by id only. */
import { useEffect, useEffectEvent, useMemo } from "react";
import { useQuery } from "urql";
import { graphql } from "../../data/graphql.ts";

const OPEN_SESSION_TITLES = graphql(`
  query OpenSessionTitles {
    sessions(first: 100, status: [SUBMITTED, COMMISSIONING, AWAITING_APPROVAL, COMPILING, EXECUTING, IN_REVIEW, ACCEPTING, DELIVERING]) {
      nodes {
        id
        title
      }
    }
  }
`);

/** Titles by session id, where they are known. They are asked for again when other sessions are open. */
export function useSessionTitles(sessionIds: readonly string[]): ReadonlyMap<string, string> {
  const [{ data }, execute] = useQuery({ query: OPEN_SESSION_TITLES, requestPolicy: "cache-and-network" });
  const askAgain = useEffectEvent(() => execute({ requestPolicy: "network-only" }));
  const key = sessionIds.join(" ");
  useEffect(() => {
    if (key !== "") askAgain();
  }, [key]);
  return useMemo(() => new Map(data?.sessions.nodes.flatMap(({ id, title }) => (title === null ? [] : [[id, title] as const]))), [data]);
}
