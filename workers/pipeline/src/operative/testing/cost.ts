/** What beads cost, as data: what the Worker measures and whoever drives it reads. */
import type { StorageCount } from "../../testing/row-counter.ts";

/** What an object was asked for. */
export type ObjectCount = Omit<StorageCount, "commits"> & {
  /** Times its alarm was set or removed. */
  readonly alarms: number;
  /** Calls by method; of an operative none. */
  readonly calls: { readonly [method: string]: number };
};

/** What so many beads cost. */
export type BeadsCost = {
  readonly beads: number;
  /** Tool calls, and calls of the model with the time they took, in milliseconds. */
  readonly toolCalls: number;
  readonly modelCalls: number;
  readonly modelMs: number;
  /** Time of the agents' own checks, in milliseconds. They keep nothing: a check costs the operative its consent alone. */
  readonly checkMs: number;
  /** From the first wake to the last outcome, in milliseconds. */
  readonly wallMs: number;
  /** Calls into the coordinator. */
  readonly exchanges: number;
  readonly operatives: ObjectCount;
  readonly knowingState: ObjectCount;
  readonly lineage: ObjectCount;
};
