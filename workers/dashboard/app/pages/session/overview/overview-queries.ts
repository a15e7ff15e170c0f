/** What the overview asks for, and the events after which it asks again. */
import type { EventKind } from "@factory/schemas";
import { graphql, type ResultOf } from "../../../data/graphql.ts";

export const ORDER = graphql(`
  query OverviewOrder($sessionId: ID!) {
    session(id: $sessionId) {
      workOrder {
        title
        text
      }
    }
  }
`);

/** An order never changes. */
export const ORDER_KINDS: readonly EventKind[] = [];

export const CLAIMS = graphql(`
  query OverviewClaims($sessionId: ID!) {
    session(id: $sessionId) {
      claims {
        id
        kind
        line
        criterion
        statement
        functionName
        visibleExampleCount
        holdoutCount
        testFiles
        ownerBeadIds
        artifactId
        proof {
          status
          checksPassed
          checksFailed
          holdoutsPassed
          holdoutsFailed
        }
      }
    }
  }
`);

export type Claim = NonNullable<ResultOf<typeof CLAIMS>["session"]>["claims"][number];

/** What makes claims, gives them to beads or decides them. */
export const CLAIM_KINDS: readonly EventKind[] = [
  "COMPILATION_COMPLETE",
  "VERIFICATION_PRODUCED",
  "BEAD_RELEASED",
  "BEAD_FAILED",
  "AMENDMENT_ADOPTED",
  "RUN_GRAPH_AMENDED",
  "SESSION_COMPLETED",
  "SESSION_FAILED",
  "SESSION_CANCELLED",
];

export const STEPS = graphql(`
  query OverviewSteps($sessionId: ID!) {
    session(id: $sessionId) {
      passes(first: 100) {
        nodes {
          pass
          artifactId
          artifactType
          durationMs
          modelCalls
          repaired
          occurredAt
        }
      }
      reviews(first: 100) {
        nodes {
          id
          type
          open
          action
          promptText
          actionDigest
          requestedAt
          deadline
          decision
          decidedBy
          decidedAt
          note
          approvalsNeeded
          votes {
            expiresAt
          }
        }
      }
      verificationReports(first: 100, types: [ACCEPTANCE]) {
        nodes {
          id
          seq
          outcome
          summary
          checksPassed
          checksFailed
          holdoutsPassed
          holdoutsFailed
          failedCriteria
          details
          occurredAt
        }
      }
    }
  }
`);

type Steps = NonNullable<ResultOf<typeof STEPS>["session"]>;
export type Pass = Steps["passes"]["nodes"][number];
export type Review = Steps["reviews"]["nodes"][number];
export type Verdict = Steps["verificationReports"]["nodes"][number];

export const STEP_KINDS: readonly EventKind[] = ["PASS_COMPLETED", "REVIEW_REQUIRED", "REVIEW_RESOLVED", "APPROVAL_GRANTED", "VERIFICATION_PRODUCED"];

export const MOLECULES = graphql(`
  query OverviewMolecules($sessionId: ID!) {
    session(id: $sessionId) {
      graph {
        beads {
          beadId
          moleculeId
          outcome
        }
      }
    }
  }
`);

export type MoleculeBead = NonNullable<NonNullable<ResultOf<typeof MOLECULES>["session"]>["graph"]>["beads"][number];

/** What makes the run's graph or changes it. */
export const MOLECULE_KINDS: readonly EventKind[] = ["COMPILATION_COMPLETE", "RUN_GRAPH_AMENDED", "AMENDMENT_ADOPTED", "BEAD_STATE_CHANGED"];
