/** What the session's page asks of the read side, whichever tab is open. */
import { graphql, type ResultOf } from "../../data/graphql.ts";

/** How the session stands; asked again while it goes on, so it has nothing that grows with the session. */
export const SESSION_HEAD = graphql(`
  query SessionHead($sessionId: ID!) {
    session(id: $sessionId) {
      id
      title
      workOrderId
      assemblyId
      runId
      state
      outcome
      reason
      reasonCode
      problems
      needsPerson
      reviewMode
      startedAt
      updatedAt
      endedAt
      asOfSeq
      tipSeq
      evidenceChain {
        seq
        rootHash
        packageDigest
        finalArtifactId
      }
      beadCounts {
        blocked
        ready
        leased
        waiting
        done
        failed
        cancelled
        total
      }
      costs {
        total {
          calls
          costUsd
          unpricedCalls
          inputTokens
          outputTokens
          durationMs
        }
      }
      reviews(first: 100) {
        nodes {
          id
          open
        }
      }
    }
  }
`);

/** The session as its head query answers it. */
export type SessionHead = NonNullable<ResultOf<typeof SESSION_HEAD>["session"]>;

/** Beads of one page of {@link SESSION_BEADS}: the most that the read side gives at once. */
export const BEADS_PER_PAGE = 500;

/** The beads the fold begins with. */
export const SESSION_BEADS = graphql(`
  query SessionBeads($sessionId: ID!, $first: Int!, $after: String) {
    session(id: $sessionId) {
      beads(first: $first, after: $after) {
        nodes {
          id
          runId
          atomId
          title
          team
          role
          state
          attempt
          cycle
          epoch
          agentId
          reason
          errorCode
          seq
          createdAt
          updatedAt
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

/** A bead as the read model has it. */
export type BeadRow = NonNullable<ResultOf<typeof SESSION_BEADS>["session"]>["beads"]["nodes"][number];

/** Every event of the session after a `seq`; ends with the log. */
export const SESSION_EVENTS = graphql(`
  subscription SessionEvents($sessionId: ID!, $afterSeq: Int!) {
    sessionEvents(sessionId: $sessionId, afterSeq: $afterSeq) {
      events {
        seq
        eventId
        kind
        stream
        occurredAt
        runId
        hash
        payload
      }
      lastSeq
    }
  }
`);

/** Events of one page of {@link MISSED_EVENTS}: the most that the read side gives at once. */
export const EVENTS_PER_PAGE = 500;

/** The same events from the log, for where the subscription brings none. */
export const MISSED_EVENTS = graphql(`
  query MissedEvents($sessionId: ID!, $afterSeq: Int!, $first: Int!) {
    session(id: $sessionId) {
      events(afterSeq: $afterSeq, first: $first) {
        nodes {
          seq
          eventId
          kind
          stream
          occurredAt
          runId
          hash
          payload
        }
      }
    }
  }
`);

/** Events that came together. */
export type EventBatch = ResultOf<typeof SESSION_EVENTS>["sessionEvents"];
/** An event as it came; its payload is read by whoever needs it. */
export type EventRow = EventBatch["events"][number];
