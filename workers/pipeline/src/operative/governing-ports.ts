/** Loop closure and knowing-state sessions of an operative: the graphs are reached anew for each attempt, the rest is its own SQLite. */
import type { Log, StartTimeout, StoragePort } from "@factory/durable";
import { KnowingStateSdk, sqlSessions } from "@factory/ksp-sdk";
import type { KnowingStateSdkPorts, SnapshotCache } from "@factory/ksp-sdk";
import { LoopClosure, sqlJournal } from "@factory/loop-closure";
import type { LoopClosurePorts } from "@factory/loop-closure";
import type { GovernancePorts } from "./governance.ts";

/** What they are made of. */
export interface GoverningParts {
  readonly org: string;
  /** Of the directive's assembly. */
  readonly graph: LoopClosurePorts["graph"];
  /** Of the org. */
  readonly beads: LoopClosurePorts["beads"] & KnowingStateSdkPorts["beads"];
  /** Null where there is no cache. */
  readonly snapshots: SnapshotCache | null;
  /** The operative's own, brought up to date by `migrateOperative`. */
  readonly storage: StoragePort;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly startTimeout: StartTimeout;
  /** Keeps the object awake for a snapshot that is being kept. */
  readonly waitUntil: (work: Promise<void>) => void;
}

/** Both, over one set of sessions. */
export function governingPorts({ org, graph, beads, snapshots, storage, log, now, startTimeout, waitUntil }: GoverningParts): GovernancePorts {
  const sessions = new KnowingStateSdk({ org, beads, snapshots, sessions: sqlSessions(storage), now, log, startTimeout, waitUntil });
  const loop = new LoopClosure({ org, graph, beads, knowing: sessions, journal: sqlJournal(storage), now, log });
  return { loop, sessions };
}
