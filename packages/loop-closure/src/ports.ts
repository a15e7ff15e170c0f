/** What loop closure needs of its surroundings: the two graphs, the knowing-state of an agent, a journal, a clock and a log. */
import type { Log } from "@factory/durable";
import type { Autonomy, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc, KnowingState } from "@factory/schemas/rpc";
import type { BridgeJournal } from "./journal.ts";

/** The part of the artifact graph that is read and appended to. */
export type LineagePort = Pick<ArtifactGraphRpc, "append" | "get" | "getMany" | "edgesOf" | "getActiveSpecification">;

/** The part of the bead graph that is read and written. */
export type BeadPort = Pick<BeadGraphRpc, "write" | "get" | "heads" | "tip" | "history">;

/** A knowing-state session as it is now. */
export type KnowingSession = {
  readonly role: string;
  readonly agentId: string;
  /** The most it may do now; never rises. */
  readonly ceiling: Autonomy;
  /** What was retrieved last; null before the first retrieval. */
  readonly knowingState: KnowingState | null;
  /** Epoch milliseconds; null while it is open. */
  readonly closedAt: number | null;
};

/** Knowing-state sessions; `KnowingStateSdk` of `@factory/ksp-sdk` fits. Every refusal is an answer. */
export interface KnowingPort {
  /**
   * Opens a session under an id that the caller chose before it called; the same again answers the open one.
   *
   * @param session - `ceiling`: most that the session's agent may do, whatever its knowing-state allows; it never rises
   */
  openSession(session: {
    readonly sessionId: string;
    readonly role: string;
    readonly agentId: string;
    readonly ceiling?: Autonomy;
  }): Promise<Result<{ session: KnowingSession }>>;
  /** Retrieves what governs the session's agent now and stamps the session with it. */
  retrieveKnowingState(sessionId: string): Promise<Result<{ knowingState: KnowingState }>>;
  session(sessionId: string): Promise<Result<{ session: KnowingSession }>>;
}

/** Surroundings of the bridge points. */
export interface LoopClosurePorts {
  /** The organisation; part of every id. */
  readonly org: string;
  readonly graph: LineagePort;
  readonly beads: BeadPort;
  /** Left out by a caller that opens no sessions; a session opened without it is one whose retrieval failed. */
  readonly knowing?: KnowingPort;
  readonly journal: BridgeJournal;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
}
