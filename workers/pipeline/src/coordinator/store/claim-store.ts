/** What the run is held to, as rows: the claims of its specification and the invariants of its work graph. */
import type { SqlPort } from "@factory/durable";
import type { Claim } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";
import { BoundedMemo } from "../report-memo.ts";
import { rowsOf } from "./rows.ts";

type Invariant = SeedRequest["invariants"][number];

/** Sets of claims that are kept: the beads of a run name few different ones at a time. */
const MEMO_SETS = 256;

/** The tables of claims and invariants. */
export class ClaimStore {
  readonly #sql: SqlPort;
  /** Not persisted: what {@link ClaimStore.of} has answered, by the claims it was asked for. */
  readonly #sets = new BoundedMemo<readonly Claim[]>(MEMO_SETS);

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** Forgets what memory holds of the rows; called when a transaction was undone. */
  forgetRows(): void {
    this.#sets.clear();
  }

  /** Stores the invariants of a seed. */
  insertInvariants(invariants: readonly Invariant[]): void {
    for (const invariant of invariants)
      this.#sql.exec("INSERT INTO invariants (invariant_id, body) VALUES (?, ?)", invariant.invariantId, JSON.stringify(invariant));
  }

  /** Claims in document order, hidden examples included. */
  all(): Claim[] {
    return rowsOf<{ body: string }>(this.#sql, "SELECT body FROM claims ORDER BY position").map(claimOf);
  }

  /**
   * Those claims and the ones on the same functions, in document order, hidden examples included: a second criterion on a
   * function shares the examples of the first.
   */
  of(claimIds: readonly string[]): readonly Claim[] {
    const key = JSON.stringify(claimIds);
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const found = rowsOf<{ body: string }>(
      this.#sql,
      `WITH named AS MATERIALIZED (SELECT claim_id, function_name FROM claims WHERE claim_id IN (SELECT value FROM json_each(?)))
       SELECT body FROM claims WHERE claim_id IN (SELECT claim_id FROM named)
         OR function_name IN (SELECT function_name FROM named WHERE function_name IS NOT NULL) ORDER BY position`,
      key,
    ).map(claimOf);
    this.#sets.set(key, found);
    return found;
  }

  replace(claims: readonly Claim[]): void {
    this.#sets.clear();
    for (const claim of claims) {
      const position = Number(claim.claimId.slice(2));
      this.#sql.exec("INSERT OR REPLACE INTO claims (claim_id, position, body) VALUES (?, ?, ?)", claim.claimId, position, JSON.stringify(claim));
    }
  }

  invariants(): Invariant[] {
    return rowsOf<{ body: string }>(this.#sql, "SELECT body FROM invariants ORDER BY invariant_id").map(invariantOf);
  }

  /** Those invariants, by id. */
  invariantsOf(invariantIds: readonly string[]): Invariant[] {
    if (invariantIds.length === 0) return [];
    return rowsOf<{ body: string }>(
      this.#sql,
      "SELECT body FROM invariants WHERE invariant_id IN (SELECT value FROM json_each(?)) ORDER BY invariant_id",
      JSON.stringify(invariantIds),
    ).map(invariantOf);
  }
}

function claimOf({ body }: { readonly body: string }): Claim {
  // The cast holds: only `replace` writes the column.
  return JSON.parse(body) as Claim;
}

function invariantOf({ body }: { readonly body: string }): Invariant {
  // The cast holds: only `insertInvariants` writes the column.
  return JSON.parse(body) as Invariant;
}
