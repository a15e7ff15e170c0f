/** How much waits for somebody, for the mark beside the inbox and for the tab's title. */
import { useEffect } from "react";
import { graphql } from "../data/graphql.ts";
import { usePolledQuery } from "../data/use-polled-query.ts";
import { countText } from "../ui/figure-text.ts";

/** More are counted as "99+". */
const MOST = 99;
const POLL_MS = 5_000;

const OPEN_REVIEWS = graphql(`
  query OpenReviews($first: Int!) {
    reviews(first: $first) {
      nodes {
        id
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

/** `text` is null where nothing waits. */
export function useOpenReviews(): { readonly text: string | null; readonly label: string } {
  const [{ data }] = usePolledQuery({ query: OPEN_REVIEWS, variables: { first: MOST }, everyMs: POLL_MS });
  const count = data?.reviews.nodes.length ?? 0;
  const text = count === 0 ? null : data?.reviews.pageInfo.hasNextPage === true ? `${MOST}+` : String(count);
  useEffect(() => {
    document.title = text === null ? "Factory" : `(${text}) Factory`;
  }, [text]);
  return { text, label: countText(count, "open review") };
}
