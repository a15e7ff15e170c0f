/**
 * Sessions in their host's own SQLite, so that they survive an eviction. Every change is one statement on the row as it is
 * now: what another call changed while this one waited for an answer is never written over.
 */
import type { StoragePort } from "@factory/durable";
import { AUTONOMY } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { KnowingState, KnowingStateBead, RetrievalFence } from "@factory/schemas/rpc";

/** One agent at work in one role, from `openSession` to `closeSession`. */
export type KspSession = {
  readonly sessionId: string;
  readonly role: string;
  /** The subject whose trust counts. */
  readonly agentId: string;
  /** The ceiling it was opened with. */
  readonly openedCeiling: Autonomy;
  /** The most it may do now; never rises. */
  readonly ceiling: Autonomy;
  /** Why the ceiling is SUGGEST for good; null while every retrieval and check got its answer. */
  readonly degraded: string | null;
  /** What was retrieved last, with the heads it saw; null before the first retrieval. */
  readonly knowingState: KnowingState | null;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** Epoch milliseconds; null while it is open. */
  readonly closedAt: number | null;
};

/** A session as it is opened. */
export type NewSession = Pick<KspSession, "sessionId" | "role" | "agentId" | "ceiling" | "openedAt">;

/** Beads that a session is about to write or has written. It is stored first, so that a repeat sends the very same beads. */
export type SessionWrite = {
  /** What the write is of, once in its session: `execution:<nonce>` or `outcome:<execution bead>`. */
  readonly key: string;
  /** Digest of the caller's request; another one under the same key is another write. */
  readonly requestDigest: string;
  readonly beads: readonly [KnowingStateBead, ...KnowingStateBead[]];
  readonly fence: RetrievalFence | null;
  /** Whether the bead graph has acknowledged it. */
  readonly written: boolean;
};

/** Where sessions are kept. Synchronous: a change is stored before the next thing happens. */
export interface SessionStore {
  get(sessionId: string): KspSession | null;
  /** Keeps a session whose id is new; one that is kept under the id stays as it is. */
  open(session: NewSession): void;
  /** Stamps a session with what it retrieved; its ceiling becomes the least of itself and what was retrieved. */
  stamp(sessionId: string, knowingState: KnowingState): void;
  /** Lowers the ceiling to SUGGEST for good; the first reason stays. */
  degrade(sessionId: string, reason: string): void;
  /** Closes a session; the first time stays. */
  close(sessionId: string, at: number): void;
  write(sessionId: string, key: string): SessionWrite | null;
  /** The write whose first bead this is. */
  writeOf(sessionId: string, beadId: string): SessionWrite | null;
  /** Keeps beads that are about to be written; one that is kept under the key already stays. */
  intend(sessionId: string, write: SessionWrite): void;
  /** Notes that the bead graph has the beads. */
  acknowledge(sessionId: string, key: string): void;
  /** Drops beads that the bead graph refused; acknowledged ones stay. */
  drop(sessionId: string, key: string): void;
}

type SessionRow = {
  session_id: string;
  role: string;
  agent_id: string;
  opened_ceiling: number;
  ceiling: number;
  degraded: string | null;
  knowing_state: string | null;
  opened_at: number;
  closed_at: number | null;
};
type WriteRow = { write_key: string; request_digest: string; beads: string; fence: string | null; written: number };
const WRITE_COLUMNS = "write_key, request_digest, beads, fence, written";

/**
 * Sessions in an object's SQLite; the host has applied `KSP_SESSIONS_MIGRATIONS` under `KSP_SESSIONS_COMPONENT`.
 *
 * @example
 * migrate(ctx.storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
 * const sessions = sqlSessions(ctx.storage);
 */
export function sqlSessions(storage: StoragePort): SessionStore {
  return new SqlSessions(storage);
}

class SqlSessions implements SessionStore {
  readonly #storage: StoragePort;
  /** Not persisted: the text that was parsed last and what it says; a session is read several times for each action. */
  #parsed: { readonly text: string; readonly knowingState: KnowingState } | undefined;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  get(sessionId: string): KspSession | null {
    const row = this.#storage.sql.exec<SessionRow>("SELECT * FROM ksp_sessions WHERE session_id = ?", sessionId).toArray()[0];
    return row === undefined ? null : toSession(row, row.knowing_state === null ? null : this.#knowingStateIn(row.knowing_state));
  }

  open(session: NewSession): void {
    this.#storage.sql.exec(
      `INSERT INTO ksp_sessions (session_id, role, agent_id, opened_ceiling, ceiling, opened_at)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (session_id) DO NOTHING`,
      session.sessionId,
      session.role,
      session.agentId,
      AUTONOMY.indexOf(session.ceiling),
      AUTONOMY.indexOf(session.ceiling),
      session.openedAt,
    );
  }

  stamp(sessionId: string, knowingState: KnowingState): void {
    this.#storage.sql.exec(
      "UPDATE ksp_sessions SET knowing_state = ?, ceiling = min(ceiling, ?) WHERE session_id = ?",
      JSON.stringify(knowingState),
      AUTONOMY.indexOf(knowingState.autonomy),
      sessionId,
    );
  }

  degrade(sessionId: string, reason: string): void {
    this.#storage.sql.exec("UPDATE ksp_sessions SET ceiling = 0, degraded = coalesce(degraded, ?) WHERE session_id = ?", reason, sessionId);
  }

  close(sessionId: string, at: number): void {
    this.#storage.sql.exec("UPDATE ksp_sessions SET closed_at = coalesce(closed_at, ?) WHERE session_id = ?", at, sessionId);
  }

  write(sessionId: string, key: string): SessionWrite | null {
    return this.#writeWhere("write_key", sessionId, key);
  }

  writeOf(sessionId: string, beadId: string): SessionWrite | null {
    return this.#writeWhere("bead_id", sessionId, beadId);
  }

  intend(sessionId: string, write: SessionWrite): void {
    this.#storage.sql.exec(
      `INSERT INTO ksp_writes (session_id, write_key, request_digest, bead_id, beads, fence)
       VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (session_id, write_key) DO NOTHING`,
      sessionId,
      write.key,
      write.requestDigest,
      write.beads[0].id,
      JSON.stringify(write.beads),
      write.fence === null ? null : JSON.stringify(write.fence),
    );
  }

  acknowledge(sessionId: string, key: string): void {
    this.#storage.sql.exec("UPDATE ksp_writes SET written = 1 WHERE session_id = ? AND write_key = ?", sessionId, key);
  }

  drop(sessionId: string, key: string): void {
    this.#storage.sql.exec("DELETE FROM ksp_writes WHERE session_id = ? AND write_key = ? AND written = 0", sessionId, key);
  }

  #knowingStateIn(text: string): KnowingState {
    // The cast holds: only `stamp` writes the text, from a knowing-state.
    if (this.#parsed?.text !== text) this.#parsed = { text, knowingState: JSON.parse(text) as KnowingState };
    return this.#parsed.knowingState;
  }

  #writeWhere(column: "write_key" | "bead_id", sessionId: string, value: string): SessionWrite | null {
    const row = this.#storage.sql
      .exec<WriteRow>(`SELECT ${WRITE_COLUMNS} FROM ksp_writes WHERE session_id = ? AND ${column} = ?`, sessionId, value)
      .toArray()[0];
    return row === undefined ? null : toWrite(row);
  }
}

function toSession(row: SessionRow, knowingState: KnowingState | null): KspSession {
  return {
    sessionId: row.session_id,
    role: row.role,
    agentId: row.agent_id,
    openedCeiling: levelAt(row.opened_ceiling),
    ceiling: levelAt(row.ceiling),
    degraded: row.degraded,
    knowingState,
    openedAt: row.opened_at,
    closedAt: row.closed_at,
  };
}

function toWrite(row: WriteRow): SessionWrite {
  // The casts hold: only `intend` writes these texts, from values of these shapes.
  return {
    key: row.write_key,
    requestDigest: row.request_digest,
    beads: JSON.parse(row.beads) as SessionWrite["beads"],
    fence: row.fence === null ? null : (JSON.parse(row.fence) as RetrievalFence),
    written: row.written === 1,
  };
}

/** The level at a position; a position that is none allows the least. */
function levelAt(position: number): Autonomy {
  return AUTONOMY[position] ?? "SUGGEST";
}
