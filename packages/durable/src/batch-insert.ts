/** Rows of one table, several a statement: what a statement costs beside its rows is most of what a short row costs. */
import type { SqlPort, SqlValue } from "./sql.ts";

/** The platform's bound on the parameters of one statement. */
const MAX_PARAMETERS = 100;

/**
 * A table that rows are added to. A row that cannot be added fails its statement and not the rows before it in the statement
 * (`OR FAIL`), so that SQLite keeps no copy of what the statement touches: it is for transactions that such an error undoes.
 */
export class BatchInsert {
  readonly #columns: number;
  /** Statements by the number of their rows, the most first; few of them, so that each stays prepared. */
  readonly #statements: readonly { readonly rows: number; readonly text: string }[];

  /**
   * @param columns - those that a row gives, in order; at most a hundred
   * @param onConflict - the clause that says what becomes of a row that is there already; without one it is an error
   */
  constructor(table: string, columns: readonly string[], onConflict = "") {
    this.#columns = columns.length;
    const row = `(${columns.map(() => "?").join(", ")})`;
    const sizes: number[] = [];
    for (let rows = Math.floor(MAX_PARAMETERS / columns.length); rows > 0; rows = Math.floor(rows / 2)) sizes.push(rows);
    this.#statements = sizes.map((rows) => ({
      rows,
      text: `INSERT OR FAIL INTO ${table} (${columns.join(", ")}) VALUES ${Array.from({ length: rows }, () => row).join(", ")} ${onConflict}`,
    }));
  }

  /**
   * Adds rows in the transaction under way.
   *
   * @param values - one row after another
   */
  run(sql: SqlPort, values: readonly SqlValue[]): void {
    let at = 0;
    for (const { rows, text } of this.#statements) {
      const width = rows * this.#columns;
      for (; values.length - at >= width; at += width) sql.exec(text, ...values.slice(at, at + width));
    }
  }
}
