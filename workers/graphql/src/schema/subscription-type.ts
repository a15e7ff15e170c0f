/** What may be followed. Shards of client sockets read these fields and send the batches; over HTTP they are refused. */
import { FactoryError } from "@factory/schemas";
import { builder } from "./builder.ts";
import * as refs from "./refs.ts";

/** @throws FactoryError UNIMPLEMENTED always */
function notHere(): AsyncIterable<never> {
  throw new FactoryError("UNIMPLEMENTED", "Subscribe over a WebSocket (graphql-transport-ws) at /graphql, or with server-sent events at /graphql/stream.");
}

const AFTER = "The last `seq` that was seen: the first batch begins strictly after it. 0 for all.";

builder.subscriptionType({
  fields: (t) => ({
    sessionEvents: t.field({
      type: refs.SessionEventBatchRef,
      description: "Every event of a session; ends with its terminal event.",
      args: { sessionId: t.arg.id({ required: true }), afterSeq: t.arg.int({ required: false, defaultValue: 0, description: AFTER }) },
      subscribe: notHere,
      resolve: (batch: never) => batch,
    }),
    beadUpdates: t.field({
      type: refs.BeadUpdateBatchRef,
      description: "Events of a run's beads; ends with the session's log.",
      args: { runId: t.arg.id({ required: true }), afterSeq: t.arg.int({ required: false, defaultValue: 0, description: AFTER }) },
      subscribe: notHere,
      resolve: (batch: never) => batch,
    }),
    artifactWrites: t.field({
      type: refs.ArtifactWriteBatchRef,
      description: "What all sessions of an assembly write; it never ends by itself.",
      args: { assemblyId: t.arg.id({ required: true }), afterSeq: t.arg.int({ required: false, defaultValue: 0, description: AFTER }) },
      subscribe: notHere,
      resolve: (batch: never) => batch,
    }),
  }),
});
