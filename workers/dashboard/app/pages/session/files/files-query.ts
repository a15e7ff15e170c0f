/** The run's files. */
import type { EventKind } from "@factory/schemas";
import { graphql, type ResultOf } from "../../../data/graphql.ts";

export const RUN_TREE = graphql(`
  query RunTree($sessionId: ID!) {
    session(id: $sessionId) {
      runTree {
        runId
        treeHash
        files {
          path
          status
          bytes
          beadId
          sha256
          baseSha256
        }
      }
    }
  }
`);

export const RUN_FILE = graphql(`
  query RunFile($sessionId: ID!, $path: String!) {
    runFile(sessionId: $sessionId, path: $path) {
      path
      status
      binary
      truncated
      base
      current
    }
  }
`);

export type RunTree = NonNullable<NonNullable<ResultOf<typeof RUN_TREE>["session"]>["runTree"]>;
export type RunTreeFile = RunTree["files"][number];
export type RunFile = NonNullable<ResultOf<typeof RUN_FILE>["runFile"]>;

/** Events after which the tree may be another one. */
export const TREE_KINDS: readonly EventKind[] = ["BEAD_RELEASED", "BEAD_STATE_CHANGED", "EXECUTION_COMPLETE", "RUN_GRAPH_AMENDED"];
