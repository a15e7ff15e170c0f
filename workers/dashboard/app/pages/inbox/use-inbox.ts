/** The inbox as it is read: what waits, renewed while somebody looks, and what was decided on this page. */
import { useState } from "react";
import { errorText } from "../../data/error-text.ts";
import { usePolledQuery } from "../../data/use-polled-query.ts";
import { useNow } from "../../ui/figures.tsx";
import { inboxEntries, type Decided, type InboxEntry } from "./inbox-list.ts";
import { LAST_REVIEWS, OPEN_REVIEWS, type Review } from "./reviews.ts";

/** Reviews that are shown: more than anybody decides in a day. */
const MOST = 100;
/** How often what was decided is asked for, and how often what lingers is looked over, in milliseconds. */
const DECIDED_MS = 5_000;
const TICK_MS = 1_000;

export type Inbox = {
  /** Undefined before the first answer. */
  readonly entries: readonly InboxEntry[] | undefined;
  /** What waits as the platform said it last; a decision is compared with it. */
  readonly open: readonly Review[];
  /** True when more waits than is shown. */
  readonly more: boolean;
  readonly error: string | undefined;
  readonly askAgain: () => void;
  readonly keepDecided: (decided: Decided) => void;
};

/** What waits for a person. */
export function useInbox(): Inbox {
  const [{ data, error }, askAgain] = usePolledQuery({ query: OPEN_REVIEWS, variables: { first: MOST } });
  const [decided, setDecided] = useState<readonly Decided[]>([]);
  const now = useNow(TICK_MS);
  const open = data?.reviews.nodes ?? [];
  return {
    entries: data === undefined ? undefined : inboxEntries(open, decided, now),
    open,
    more: data?.reviews.pageInfo.hasNextPage === true,
    error: error === undefined ? undefined : errorText(error),
    askAgain,
    keepDecided: (one) => setDecided((before) => [one, ...before]),
  };
}

/** What has been decided, the last one asked first. */
export function useDecided(): { readonly entries: readonly InboxEntry[] | undefined; readonly error: string | undefined; readonly askAgain: () => void } {
  const [{ data, error }, askAgain] = usePolledQuery({ query: LAST_REVIEWS, variables: { first: MOST }, everyMs: DECIDED_MS });
  return {
    entries: data?.reviews.nodes.filter(({ decision }) => decision !== null).map((review) => ({ review, decided: null })),
    error: error === undefined ? undefined : errorText(error),
    askAgain,
  };
}
