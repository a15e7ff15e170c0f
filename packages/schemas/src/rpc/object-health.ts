/** RPC that every Durable Object of a session answers: what it says of itself to who runs the factory. It changes nothing. */

/** What an object has still to deliver. Times are epoch milliseconds. */
export type OutboxHealth = {
  /** Messages that wait for delivery, parked ones left out. */
  readonly pending: number;
  /** When the oldest message that is not delivered was put in, parked ones included; null when there is none. */
  readonly oldestAt: number | null;
  /** Failed attempts of the message that has most of them; null when no message is there. */
  readonly worstAttempts: number | null;
  /** Messages that are no longer tried until somebody takes them up. */
  readonly parked: number;
  /** Why the message that was parked last was given up; null when none is parked. */
  readonly parkedReason: string | null;
};

/** A bead under a lease that is held now. Times are epoch milliseconds. */
export type LeaseHealth = {
  readonly beadId: string;
  /** Null for work that the coordinator does itself. */
  readonly slot: number | null;
  readonly epoch: number;
  readonly claimedAt: number | null;
  readonly leaseUntil: number;
  /** Its time has passed: it is held until it is taken back or extended. */
  readonly expired: boolean;
};

/** A timer whose last run failed. */
export type FailingTimer = {
  readonly name: string;
  /** Failed runs in a row. */
  readonly failures: number;
  /** When it is run again, epoch milliseconds. */
  readonly dueAt: number;
};

/** What one object says of itself. What it does not have is null or empty, and never zero. */
export type ObjectHealth = {
  /** One word of where it is; null where it is in no state. */
  readonly state: string | null;
  /** Size of its database, in bytes. */
  readonly storageBytes: number;
  /** When its alarm goes off next, epoch milliseconds; null when none is set. */
  readonly nextAlarmAt: number | null;
  /** Null for an object without an outbox. */
  readonly outbox: OutboxHealth | null;
  /** The next to expire first; only a coordinator gives leases. */
  readonly leases: readonly LeaseHealth[];
  /** What the object keeps of its last failure. */
  readonly lastError: string | null;
  /** Last of the object's own schema changes; null when it has no tables. */
  readonly schemaVersion: string | null;
  readonly failingTimers: readonly FailingTimer[];
};

/** What a session knows of the objects it has called, so that no other is made by asking for it. */
export type SessionNeighbours = {
  readonly assembly: string;
  /** Whether it has sent mediation its order. */
  readonly mediation: boolean;
  /** The run it was told of; null before that. */
  readonly runId: string | null;
};

/** Kinds of objects beside sessions that answer whoever binds them; the object that writes to Linear is asked through its Worker. */
export type HealthKind =
  | "mediation"
  | "coordinator"
  | "operative"
  | "sessionLog"
  | "assemblyLog"
  | "artifactGraph"
  | "sourceGraph"
  | "beadGraph"
  | "capacity"
  | "directory"
  | "signalDesk";

export interface ObjectHealthRpc {
  /** What the object says of itself now. An object without tables gets none by being asked. */
  objectHealth(): Promise<ObjectHealth>;
}

export interface SessionHealthRpc {
  /** The same of a session; `neighbours` is null for one that was never commissioned. */
  objectHealth(): Promise<ObjectHealth & { readonly neighbours: SessionNeighbours | null }>;
}
