/** What the graph asks for, and the events after which it asks again. */
import type { EventKind } from "@factory/schemas";
import { graphql, type ResultOf } from "../../../data/graphql.ts";

export const GRAPH = graphql(`
  query BeadGraph($sessionId: ID!) {
    session(id: $sessionId) {
      graph {
        beads {
          beadId
          outcome
          added
        }
        edges {
          fromBeadId
          toBeadId
          kind
          required
        }
      }
      clarifications(first: 500) {
        nodes {
          id
          beadId
          question
          answer
        }
      }
    }
  }
`);

type GraphAnswer = NonNullable<ResultOf<typeof GRAPH>["session"]>;
export type RunGraph = NonNullable<GraphAnswer["graph"]>;
export type Clarification = GraphAnswer["clarifications"]["nodes"][number];

/** What makes the run's graph, changes it, or asks a question that is drawn in it. */
export const GRAPH_KINDS: readonly EventKind[] = [
  "COMPILATION_COMPLETE",
  "RUN_GRAPH_AMENDED",
  "AMENDMENT_ADOPTED",
  "CLARIFICATION_REQUESTED",
  "CLARIFICATION_ANSWERED",
];

export const BEAD_DETAIL = graphql(`
  query BeadDetail($sessionId: ID!, $beadId: ID!) {
    session(id: $sessionId) {
      beads(first: 1, ids: [$beadId]) {
        nodes {
          id
          moleculeId
          dependsOnBeadIds
          cost {
            calls
            costUsd
            unpricedCalls
          }
          directive {
            id
            data
          }
          checks {
            id
            kind
            command
            ok
            holdout
            summary
            attempt
            cycle
            claimId
          }
          transitions(first: 200) {
            nodes {
              seq
              fromState
              toState
              attempt
              epoch
              cycle
              reason
              errorCode
              durationMs
              occurredAt
            }
          }
          clarifications(first: 50) {
            nodes {
              id
              question
              answer
              answeredBy
              askedAt
            }
          }
          divergences(first: 50) {
            nodes {
              id
              type
              reason
              expected
              observed
              claimRefs
              occurredAt
            }
          }
          consentDenials(first: 50) {
            nodes {
              seq
              toolName
              reason
              permittedTools
              occurredAt
            }
          }
        }
      }
    }
  }
`);

/** A bead with everything that is told of it. */
export type BeadDetail = NonNullable<ResultOf<typeof BEAD_DETAIL>["session"]>["beads"]["nodes"][number];

/** What moves a bead or tells of one. */
export const BEAD_KINDS: readonly EventKind[] = [
  "BEAD_CLAIMED",
  "BEAD_RELEASED",
  "BEAD_FAILED",
  "BEAD_RESCUED",
  "BEAD_STATE_CHANGED",
  "CONSENT_BEAD_DENIED",
  "VERIFICATION_PRODUCED",
  "DIVERGENCE_DETECTED",
  "CLARIFICATION_REQUESTED",
  "CLARIFICATION_ANSWERED",
  "MODEL_CALLED",
];
