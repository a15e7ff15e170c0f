/** What resolvers are given with each operation. */
import type { SubmittedOrder } from "@factory/schemas/rpc";
import type { ClaimReads } from "./reads/claim-reads.ts";
import type { LineageReads } from "./reads/lineage-reads.ts";
import type { ReadLoaders } from "./reads/read-loaders.ts";
import type { FileReads } from "./reads/run-files.ts";
import type { RunReads } from "./reads/run-reads.ts";
import type { TimelineReads } from "./reads/timeline-reads.ts";

/** The principal behind an operation. */
export type Viewer = { readonly org: string; readonly principalId: string; readonly scopes: readonly string[] };

/** Everything in it is bound to the viewer's org; nothing of another org can be asked for through it. */
export type GraphqlContext = {
  readonly viewer: Viewer;
  readonly reads: ReadLoaders;
  readonly lineage: LineageReads;
  readonly timeline: TimelineReads;
  readonly claims: ClaimReads;
  readonly runs: RunReads;
  readonly files: FileReads;
  /** The order of a session of the org, as it was submitted; ask only for sessions that are known, since asking makes an object. */
  orderOf(sessionId: string): Promise<SubmittedOrder | null>;
};
