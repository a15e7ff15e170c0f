/** What caused an artifact and what came of it. */
import type { EventKind } from "@factory/schemas";
import { graphql, type ResultOf } from "../../../data/graphql.ts";

/** Artifacts of a walk, as it is asked for first. */
export const FIRST_LIMIT = 200;
/** The most that the read side walks. */
export const MAX_LIMIT = 1_000;

export const ARTIFACT_LINEAGE = graphql(`
  query ArtifactLineage($artifactId: ID!, $assemblyId: ID, $limit: Int!) {
    lineage(artifactId: $artifactId, assemblyId: $assemblyId, direction: BOTH, limit: $limit) {
      artifactId
      causes {
        truncated
        nodes {
          id
          type
          title
        }
        relations {
          source
          rel
          target
          cause
        }
      }
      effects {
        truncated
        nodes {
          id
          type
          title
        }
        relations {
          source
          rel
          target
          cause
        }
      }
    }
  }
`);

/** The content of one artifact: a walk of no step. */
export const ARTIFACT_CONTENT = graphql(`
  query ArtifactContent($artifactId: ID!, $assemblyId: ID) {
    why(artifactId: $artifactId, assemblyId: $assemblyId, limit: 1) {
      nodes {
        id
        type
        title
        createdAt
        dataBytes
        data
      }
    }
  }
`);

/** What came of an atom in two steps: its directives and the traces of their executions. */
export const ATOM_TRACES = graphql(`
  query AtomTraces($atomId: ID!, $assemblyId: ID) {
    impact(artifactId: $atomId, assemblyId: $assemblyId, depth: 2) {
      nodes {
        id
        type
        createdAt
      }
    }
  }
`);

/** Artifacts of a page of {@link SESSION_ARTIFACTS}. */
export const ARTIFACTS_PER_PAGE = 500;

export const SESSION_ARTIFACTS = graphql(`
  query SessionArtifacts($sessionId: ID!, $first: Int!, $after: String) {
    session(id: $sessionId) {
      artifacts(first: $first, after: $after) {
        nodes {
          id
          type
          metadata
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

export type LineageGraph = NonNullable<ResultOf<typeof ARTIFACT_LINEAGE>["lineage"]["causes"]>;
export type ArtifactContent = ResultOf<typeof ARTIFACT_CONTENT>["why"]["nodes"][number];
export type SessionArtifact = NonNullable<ResultOf<typeof SESSION_ARTIFACTS>["session"]>["artifacts"]["nodes"][number];

/** Events after which a lineage may have more to it. */
export const LINEAGE_KINDS: readonly EventKind[] = ["ARTIFACT_WRITTEN"];
