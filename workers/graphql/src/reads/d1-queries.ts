/** Statements of queries in D1: those that are asked for in one turn go there together. */
import { messageOf } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { RunQuery } from "./read-database.ts";

type Waiting = {
  readonly statement: D1PreparedStatement;
  resolve(rows: unknown[][]): void;
  reject(err: unknown): void;
};

/**
 * A driver over D1 for one operation. The fields of a row are asked for at the same time, and a way to the database takes longer than most
 * statements do: together they are one way there and one state of the database. Columns of a statement have different names.
 */
export function d1Queries(database: D1Database): RunQuery {
  // Not persisted: statements of this turn.
  let waiting: Waiting[] = [];
  const send = async (): Promise<void> => {
    const turn = waiting;
    waiting = [];
    try {
      const answers = await rowsOf(
        database,
        turn.map(({ statement }) => statement),
      );
      for (const [index, { resolve }] of turn.entries()) resolve(answers[index] ?? []);
    } catch (err) {
      const shown = isStatementsFault(err) ? err : unanswered(err);
      for (const { reject } of turn) reject(shown);
    }
  };
  return (sql, params) =>
    new Promise((resolve, reject) => {
      const statement = database.prepare(sql).bind(...params);
      // After everything that is asked for by promises that are settled already.
      if (waiting.length === 0) setTimeout(() => void send(), 0);
      waiting.push({ statement, resolve, reject });
    });
}

/** SQLite has looked at the statement and does not take it: asking again is of no use. */
function isStatementsFault(err: unknown): boolean {
  return /SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG)/.test(messageOf(err));
}

/** The database was not reached, which says nothing about what was asked. */
function unanswered(cause: unknown): FactoryError {
  return Object.assign(new FactoryError("UNAVAILABLE", "The read model did not answer. Try again."), { cause });
}

async function rowsOf(database: D1Database, statements: D1PreparedStatement[]): Promise<unknown[][][]> {
  const [only, ...others] = statements;
  if (only !== undefined && others.length === 0) return [await only.raw()];
  const answers = await database.batch<{ [column: string]: unknown }>(statements);
  return answers.map(({ results }) => results.map((row) => Object.values(row)));
}
