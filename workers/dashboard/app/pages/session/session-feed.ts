/** Keeps a session's store up to date: asks for the head and the beads, then follows the session's events. */
import { stringifyDocument, type Client } from "urql";
import type { LiveClient } from "../../data/subscriptions.ts";
import {
  BEADS_PER_PAGE,
  EVENTS_PER_PAGE,
  MISSED_EVENTS,
  SESSION_BEADS,
  SESSION_EVENTS,
  SESSION_HEAD,
  type EventBatch,
  type SessionHead,
} from "./session-queries.ts";
import type { SessionStore } from "./session-store.ts";

/** Shortest time from one answer of the head to the next question, in milliseconds: as fast as figures are worth reading. */
export const HEAD_EVERY_MS = 500;
/** Problems come by time alone too, and time passes slowly. */
const HEAD_WHEN_QUIET_MS = 15_000;
const HEAD_AFTER_ERROR_MS = 2_000;
/** Between two tries to follow, where the socket stands and the operation is refused. */
const FOLLOW_AGAIN_MS = 2_000;

export type FeedDeps = {
  readonly sessionId: string;
  readonly store: SessionStore;
  readonly reads: Pick<Client, "query">;
  readonly live: Pick<LiveClient, "subscribe">;
};

/** @returns a function that stops it */
export function feedSession(deps: FeedDeps): () => void {
  const stop = new AbortController();
  void askHeads(deps, stop.signal);
  return () => stop.abort();
}

/** Asks for the head as long as it may change. */
async function askHeads(deps: FeedDeps, signal: AbortSignal): Promise<void> {
  const { store } = deps;
  let isFollowing = false;
  let wasAhead = false;
  while (!signal.aborted) {
    const head = await askHead(deps, signal);
    if (signal.aborted) return;
    if (head !== null && !isFollowing) {
      isFollowing = true;
      void askBeads(deps, signal);
      if (head.outcome === null) followEvents(deps, signal);
    }
    // A link that works brings events before the read model has them; one that does not is done without.
    const isAhead = head !== null && head.asOfSeq > store.lastSeq;
    if (isAhead && wasAhead) await askMissedEvents(deps, signal);
    wasAhead = isAhead;
    if (head !== null && head.outcome !== null && !isAhead && !store.isBehind) return;
    await pauseOf(deps, head, signal);
  }
}

/** @returns null where there was no answer, or no such session */
async function askHead({ sessionId, store, reads }: FeedDeps, signal: AbortSignal): Promise<SessionHead | null> {
  const { data, error } = await reads.query(SESSION_HEAD, { sessionId }, { requestPolicy: "network-only" });
  if (signal.aborted) return null;
  if (data === undefined) {
    if (error !== undefined) store.takeError(error);
    return null;
  }
  store.takeHead(data.session);
  return data.session;
}

/** Until the head is worth asking again: soon where events have come that it does not know, or where the session is not there yet. */
async function pauseOf({ store }: FeedDeps, head: SessionHead | null, signal: AbortSignal): Promise<void> {
  if (store.state().kind === "failed" || (store.state().kind === "known" && head === null)) return wait(HEAD_AFTER_ERROR_MS, signal);
  await wait(HEAD_EVERY_MS, signal);
  if (head === null || store.isBehind || head.asOfSeq > store.lastSeq) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      leave();
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const leave = store.subscribe(() => (store.isBehind ? done() : undefined));
    const timer = setTimeout(done, HEAD_WHEN_QUIET_MS);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Events after the last that has come, one page; there is another question soon. */
async function askMissedEvents({ sessionId, store, reads }: FeedDeps, signal: AbortSignal): Promise<void> {
  const variables = { sessionId, afterSeq: store.lastSeq, first: EVENTS_PER_PAGE };
  const { data, error } = await reads.query(MISSED_EVENTS, variables, { requestPolicy: "network-only" });
  if (signal.aborted) return;
  if (error !== undefined) store.takeError(error);
  store.takeEvents(data?.session?.events.nodes ?? []);
}

/** All beads, page by page. Those of a page that cannot be had are asked for again. */
async function askBeads({ sessionId, store, reads }: FeedDeps, signal: AbortSignal): Promise<void> {
  let after: string | null = null;
  while (!signal.aborted) {
    const variables: { sessionId: string; first: number; after: string | null } = { sessionId, first: BEADS_PER_PAGE, after };
    const { data, error } = await reads.query(SESSION_BEADS, variables, { requestPolicy: "network-only" });
    if (signal.aborted) return;
    const beads = data?.session?.beads;
    if (beads === undefined) {
      if (error !== undefined) store.takeError(error);
      await wait(HEAD_AFTER_ERROR_MS, signal);
      continue;
    }
    store.takeBeads(beads.nodes, !beads.pageInfo.hasNextPage);
    if (!beads.pageInfo.hasNextPage) return;
    after = beads.pageInfo.endCursor;
  }
}

/** Follows the events to the end of the log. The client connects again by itself; what it asks for then is the getter's answer. */
function followEvents(deps: FeedDeps, signal: AbortSignal): void {
  const { sessionId, store, live } = deps;
  const variables = {
    sessionId,
    get afterSeq() {
      return store.lastSeq;
    },
  };
  const followAgain = async (): Promise<void> => {
    await wait(FOLLOW_AGAIN_MS, signal);
    if (!signal.aborted) followEvents(deps, signal);
  };
  const leave = live.subscribe<{ readonly sessionEvents: EventBatch }>(
    { query: stringifyDocument(SESSION_EVENTS), variables },
    {
      next: ({ data, errors }) => {
        if (data !== undefined && data !== null) store.takeEvents(data.sessionEvents.events);
        if (errors === undefined) return;
        leave();
        void followAgain();
      },
      error: () => void followAgain(),
      complete: () => signal.removeEventListener("abort", leave),
    },
  );
  signal.addEventListener("abort", leave, { once: true });
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
