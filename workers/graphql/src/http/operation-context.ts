/** What an operation reads, from the Worker's bindings: everything in it is bound to the viewer's org. */
import { artifactGraphOf, runViewOf, sessionLogOf, submittedOrderOf } from "@factory/schemas/rpc";
import DataLoader from "dataloader";
import type { GraphqlContext, Viewer } from "../graphql-context.ts";
import { ClaimReads } from "../reads/claim-reads.ts";
import { inLanes } from "../reads/lanes.ts";
import { LineageReads } from "../reads/lineage-reads.ts";
import { OrgReads } from "../reads/org-reads.ts";
import type { ReadDatabase } from "../reads/read-database.ts";
import { ReadLoaders } from "../reads/read-loaders.ts";
import { FileReads, type BlobSource } from "../reads/run-files.ts";
import { RunReads } from "../reads/run-reads.ts";
import { assembliesOf, hasAssembly } from "../reads/sessions.ts";
import { TimelineReads } from "../reads/timeline-reads.ts";

/** The bindings that operations read from. */
export type OperationSources = {
  readonly database: ReadDatabase;
  readonly logs: Parameters<typeof sessionLogOf>[0];
  readonly graphs: Parameters<typeof artifactGraphOf>[0];
  readonly runs: Parameters<typeof runViewOf>[0];
  readonly sessions: Parameters<typeof submittedOrderOf>[0];
  readonly blobs: BlobSource;
  now(): number;
};

/** The context of one operation. */
export function operationContext({ database, logs, graphs, runs: runSource, sessions, blobs, now }: OperationSources, viewer: Viewer): GraphqlContext {
  const own = new OrgReads(database, viewer.org);
  const reads = new ReadLoaders(own, now);
  const lineage = new LineageReads({
    graph: (assemblyId) => artifactGraphOf(graphs, viewer.org, assemblyId),
    assemblies: (limit) => assembliesOf(own, limit),
    hasAssembly: (assemblyId) => hasAssembly(own, assemblyId),
    assemblyOf: async (artifactId) => (await reads.artifact(artifactId))?.assemblyId ?? null,
  });
  const runs = new RunReads(viewer.org, (runId) => runViewOf(runSource, viewer.org, runId));
  const orders = new DataLoader((ids: readonly string[]) => inLanes(ids, (id) => submittedOrderOf(sessions, viewer.org, id).submittedOrder(viewer.org)));
  return {
    viewer,
    reads,
    lineage,
    runs,
    claims: new ClaimReads(own, lineage, runs),
    files: new FileReads(blobs),
    timeline: new TimelineReads((sessionId) => sessionLogOf(logs, viewer.org, sessionId)),
    orderOf: (sessionId) => orders.load(sessionId),
  };
}
