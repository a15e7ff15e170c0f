/** What the run verdict found when hidden examples were first run, as a row: what comes later was judged after amendments. */
import type { SqlPort } from "@factory/durable";
import type { FirstVerdict } from "@factory/schemas/rpc";
import { rowsOf } from "./rows.ts";

/** The table of the first verdict. */
export class FirstVerdictStore {
  readonly #sql: SqlPort;

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** Keeps a run verdict's counts, unless hidden examples were run for an earlier one: the first of these stands. */
  keep(verdict: FirstVerdict): void {
    const { passed, failed } = verdict.holdouts;
    this.#sql.exec(
      `INSERT INTO first_verdict (id, hidden, body) VALUES (1, ?, ?)
       ON CONFLICT (id) DO UPDATE SET hidden = excluded.hidden, body = excluded.body WHERE first_verdict.hidden = 0 AND excluded.hidden > 0`,
      passed + failed,
      JSON.stringify(verdict),
    );
  }

  /** The counts that stand; null before the first verdict, and in a run that had it before it was kept. */
  get(): FirstVerdict | null {
    const body = rowsOf<{ body: string | null }>(this.#sql, "SELECT body FROM first_verdict")[0]?.body ?? null;
    // The cast holds: only `keep` writes the column.
    return body === null ? null : (JSON.parse(body) as FirstVerdict);
  }
}
