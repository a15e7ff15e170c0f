/** Reviews as the inbox reads them. */
import { graphql, type FragmentOf } from "../../data/graphql.ts";

const REVIEW = graphql(`
  fragment InboxReview on Review @_unmask {
    id
    sessionId
    type
    action
    actionDigest
    alternatives
    context
    promptText
    requestedAt
    deadline
    open
    decision
    decidedAt
    decidedBy
    note
    approvalsNeeded
    votes {
      approvalId
      approver
      decision
      expiresAt
    }
    session {
      id
      title
      workOrderId
      assemblyId
      state
    }
  }
`);

/** What waits, who waits longest first. */
export const OPEN_REVIEWS = graphql(
  `
    query InboxOpen($first: Int!) {
      reviews(first: $first) {
        nodes {
          ...InboxReview
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  `,
  [REVIEW],
);

/** What was asked last, decided or not. */
export const LAST_REVIEWS = graphql(
  `
    query InboxLast($first: Int!) {
      reviews(first: $first, open: false, order: NEWEST_FIRST) {
        nodes {
          ...InboxReview
        }
        pageInfo {
          hasNextPage
        }
      }
    }
  `,
  [REVIEW],
);

/** A question to a person, with everything that they decide on. */
export type Review = FragmentOf<typeof REVIEW>;
export type Decision = NonNullable<Review["decision"]>;
