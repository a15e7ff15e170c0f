/** What a triage agent remembers of its one visit: one row, written before and after everything it does outside. */
import type { Migration, StoragePort } from "@factory/durable";
import type { Autonomy } from "@factory/schemas";
import type { Category, Vitals } from "./protocol.ts";

/** A patient at the front desk. */
export type Intake = { readonly patient: string; readonly complaint: string };

/** The visit so far; each step adds its part. */
export type Visit = {
  /** Made once, before anything is asked: the execution, its knowing-state session and its nonce. */
  readonly executionId: string;
  readonly intake: Intake;
  readonly intakeId: string;
  readonly protocolId?: string;
  /** The level the agent acts at in this visit. */
  readonly level?: Autonomy;
  readonly executionBeadId?: string;
  readonly observation?: { readonly id: string; readonly vitals: Vitals };
  readonly assessment?: Category & { readonly id: string };
  readonly referralId?: string;
};

/** The store's table, applied as a component of its own. */
export const VISIT_MIGRATIONS: readonly Migration[] = [
  { id: "0001-visit", statements: ["CREATE TABLE visit (only INTEGER PRIMARY KEY CHECK (only = 1), visit TEXT NOT NULL) STRICT"] },
];

/** One visit in an object's SQLite. */
export class VisitStore {
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  /** The visit; null before the patient has come. */
  get(): Visit | null {
    const [row] = this.#storage.sql.exec<{ visit: string }>("SELECT visit FROM visit").toArray();
    // The cast holds: only `put` writes the text.
    return row === undefined ? null : (JSON.parse(row.visit) as Visit);
  }

  /** Keeps the visit and answers it. */
  put(visit: Visit): Visit {
    this.#storage.sql.exec("INSERT INTO visit VALUES (1, ?) ON CONFLICT (only) DO UPDATE SET visit = excluded.visit", JSON.stringify(visit));
    return visit;
  }
}
