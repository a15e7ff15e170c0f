/** What the session's model calls came to. */
import type { EventKind } from "@factory/schemas";
import { graphql, type ResultOf } from "../../../data/graphql.ts";

/** Every figure of a part, however the costs are parted. */
const COST_FIGURES = graphql(`
  fragment CostFigures on CostPart @_unmask {
    key
    total {
      calls
      costUsd
      unpricedCalls
      inputTokens
      outputTokens
      durationMs
    }
  }
`);

export const SESSION_COSTS = graphql(
  `
    query SessionCosts($sessionId: ID!) {
      session(id: $sessionId) {
        costs {
          bead: byBead {
            ...CostFigures
          }
          team: byTeam {
            ...CostFigures
          }
          model: byModel {
            ...CostFigures
          }
          purpose: byPurpose {
            ...CostFigures
          }
          alias: byAlias {
            ...CostFigures
          }
        }
      }
    }
  `,
  [COST_FIGURES],
);

export const MODEL_CALLS_PER_PAGE = 500;

/** The calls themselves, for how they came over time. */
export const MODEL_CALLS = graphql(`
  query ModelCalls($sessionId: ID!, $first: Int!, $after: String) {
    session(id: $sessionId) {
      events(kinds: [MODEL_CALLED], first: $first, after: $after) {
        nodes {
          seq
          occurredAt
          payload
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export type CostParts = NonNullable<ResultOf<typeof SESSION_COSTS>["session"]>["costs"];
export type CostPart = CostParts["bead"][number];

/** The events that cost. */
export const COST_KINDS: readonly EventKind[] = ["MODEL_CALLED"];
