/** The checks that the platform ran, and the gates' reports. */
import type { EventKind } from "@factory/schemas";
import { graphql, type ResultOf } from "../../../data/graphql.ts";

/** Beads of a page: their checks weigh more than they do. */
export const BEADS_PER_PAGE = 100;
export const REPORTS_PER_PAGE = 200;

export const BEAD_CHECKS = graphql(`
  query BeadChecks($sessionId: ID!, $first: Int!, $after: String) {
    session(id: $sessionId) {
      beads(first: $first, after: $after) {
        nodes {
          id
          title
          team
          checks {
            id
            claimId
            kind
            command
            ok
            holdout
            summary
            reportDigest
            attempt
            cycle
            occurredAt
            traceId
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export const CHECKED_CLAIMS = graphql(`
  query CheckedClaims($sessionId: ID!) {
    session(id: $sessionId) {
      claims {
        id
        kind
        statement
        artifactId
        proof {
          status
        }
      }
    }
  }
`);

export const GATE_REPORTS = graphql(`
  query GateReports($sessionId: ID!, $first: Int!, $after: String) {
    session(id: $sessionId) {
      verificationReports(first: $first, after: $after) {
        nodes {
          id
          type
          outcome
          score
          subjectId
          summary
          failedCriteria
          checksPassed
          checksFailed
          holdoutsPassed
          holdoutsFailed
          evidenceRootHash
          details
          occurredAt
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

type SessionOf<Answer extends { readonly session: unknown }> = NonNullable<Answer["session"]>;
export type CheckedBead = SessionOf<ResultOf<typeof BEAD_CHECKS>>["beads"]["nodes"][number];
export type CheckedClaim = SessionOf<ResultOf<typeof CHECKED_CLAIMS>>["claims"][number];
export type GateReport = SessionOf<ResultOf<typeof GATE_REPORTS>>["verificationReports"]["nodes"][number];

/** Events after which there may be other checks. */
export const CHECK_KINDS: readonly EventKind[] = ["VERIFICATION_PRODUCED", "BEAD_RELEASED", "BEAD_FAILED", "EXECUTION_COMPLETE"];
