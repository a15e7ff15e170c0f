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

export interface ReadModelRpc extends HealthRpc {
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
