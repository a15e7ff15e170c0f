/** What an operation reads, from the Worker's bindings: everything in it is bound to the viewer's org. */
import { artifactGraphOf, sessionLogOf } from "@factory/schemas/rpc";
import type { GraphqlContext, Viewer } from "../graphql-context.ts";
import { LineageReads } from "../reads/lineage-reads.ts";
import { OrgReads } from "../reads/org-reads.ts";
import type { ReadDatabase } from "../reads/read-database.ts";
import { ReadLoaders } from "../reads/read-loaders.ts";
import { assembliesOf, hasAssembly } from "../reads/sessions.ts";
import { TimelineReads } from "../reads/timeline-reads.ts";

/** The bindings that operations read from. */
export type OperationSources = {
  readonly database: ReadDatabase;
  readonly logs: Parameters<typeof sessionLogOf>[0];
  readonly graphs: Parameters<typeof artifactGraphOf>[0];
  now(): number;
};

/** The context of one operation. */
export function operationContext({ database, logs, graphs, now }: OperationSources, viewer: Viewer): GraphqlContext {
  const own = new OrgReads(database, viewer.org);
  const reads = new ReadLoaders(own, now);
  const lineage = new LineageReads({
    graph: (assemblyId) => artifactGraphOf(graphs, viewer.org, assemblyId),
    assemblies: (limit) => assembliesOf(own, limit),
    hasAssembly: (assemblyId) => hasAssembly(own, assemblyId),
    assemblyOf: async (artifactId) => (await reads.artifact(artifactId))?.assemblyId ?? null,
  });
  return { viewer, reads, lineage, timeline: new TimelineReads((sessionId) => sessionLogOf(logs, viewer.org, sessionId)) };
}
