/** RPC of the graphql Worker's entry class: the read model beside its queries. */
import type { Result } from "../errors.ts";
import type { Org } from "../identity.ts";
import type { HealthRpc } from "./health.ts";

/** Path, at the gateway and at the graphql Worker, of GraphQL over HTTP. */
export const GRAPHQL_PATH = "/graphql";

/** How far the rows of one session are behind its log. */
export type ProjectionLag = {
  readonly sessionId: string;
  /** Last event that the rows reflect; 0 when there are none. */
  readonly seq: number;
  /** Last event of the log now; null when the log did not answer. */
  readonly tipSeq: number | null;
  /** True once the terminal event is in the rows: nothing follows it. */
  readonly closed: boolean;
  /** Events that this version could not read. */
  readonly quarantined: number;
  /** When the rows moved last, epoch milliseconds; null when they never did. */
  readonly updatedAt: number | null;
};

/** Most sessions of one answer of `lag`. */
export const MAX_LAG_SESSIONS = 100;

/** A message that no delivery took. */
export type DeadLetter = {
  /** Name of the queue that the message was sent to. */
  readonly queue: string;
  /** The queue's own id of the message. */
  readonly key: string;
  /** SHA-256 of the body as canonical JSON, in hexadecimal. */
  readonly bodyDigest: string;
  /** What the body names, such as the run and the slot. */
  readonly ids: { readonly [name: string]: string };
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly diedAt: number;
};

/** How often leases were taken back in a window that ends now. */
export type RescueRate = { readonly windowSeconds: number; readonly claims: number; readonly rescues: number };

/** What the database says of an org's operations. */
export type OperationsFacts = {
  /** Dead letters of the org. */
  readonly deadLetters: {
    readonly count: number;
    /** Those that died in the last day. */
    readonly lastDay: number;
    /** Those of no org, since their body names none; of all orgs together. */
    readonly unattributed: number;
    readonly byQueue: readonly { readonly queue: string; readonly count: number }[];
    /** The newest. */
    readonly letters: readonly DeadLetter[];
  };
  /** Of the last hour and of the last day. */
  readonly rescueRates: readonly RescueRate[];
  readonly used: UsedByOrg;
};

/** Most dead letters of one answer of `operations`. */
export const MAX_DEAD_LETTERS = 100;

/** Which of an org's own objects its rows show to have been used. */
export type UsedByOrg = {
  /** A session has adopted an amendment, which the org's source graph keeps. */
  readonly sourceGraph: boolean;
  /** A bead was claimed, for which its run was given a slot. */
  readonly capacity: boolean;
};

/** Which objects a session's rows, and those of its org, show to have been used. */
export type UsedObjects = UsedByOrg & {
  /** Slots of the run that have held a bead, lowest first. */
  readonly slots: readonly number[];
};

export interface ReadModelRpc extends HealthRpc {
  /** Dead letters, the newest `letters` of them ({@link MAX_DEAD_LETTERS} at most), and how often leases were taken back. */
  operations(org: Org, letters: number): Promise<OperationsFacts>;
  /** Objects that a session's rows show to have been used: one must not be made by asking for it. */
  usedObjects(org: Org, sessionId: string): Promise<UsedObjects>;
  /**
   * Takes a session's rows away and makes them again from its log. NOT_FOUND for a log without events, INTEGRITY for one that
   * ends before the rows do: those rows stay.
   */
  reproject(org: Org, sessionId: string): Promise<Result<{ seq: number; tipSeq: number; quarantined: number }>>;
  /** Sessions whose terminal event is not in the rows, newest first, at most `limit` ({@link MAX_LAG_SESSIONS} at most). */
  lag(org: Org, limit: number): Promise<{ readonly sessions: readonly ProjectionLag[]; readonly more: boolean }>;
  /** The same of one session, whatever its state. */
  lagOf(org: Org, sessionId: string): Promise<ProjectionLag>;
}
