/** What the run is held to, as rows: the claims of its specification and the invariants of its work graph. */
import type { SqlPort } from "@factory/durable";
import type { Claim } from "@factory/schemas";
import type { SeedRequest } from "@factory/schemas/rpc";
import { BoundedMemo } from "./report-memo.ts";
import { rowsOf } from "./rows.ts";

type Invariant = SeedRequest["invariants"][number];

/** Parsed claims that are kept: more than most runs have. */
const MEMO_CLAIMS = 512;

/** The tables of claims and invariants. */
export class ClaimStore {
  readonly #sql: SqlPort;
  /** Not persisted: parsed claims by their JSON text; a claim never changes under its text. */
  readonly #claims = new BoundedMemo<Claim>(MEMO_CLAIMS);

  constructor(sql: SqlPort) {
    this.#sql = sql;
  }

  /** Stores the invariants of a seed. */
  insertInvariants(invariants: readonly Invariant[]): void {
    for (const invariant of invariants)
      this.#sql.exec("INSERT INTO invariants (invariant_id, body) VALUES (?, ?)", invariant.invariantId, JSON.stringify(invariant));
  }

  /** Claims in document order, hidden examples included. */
  all(): Claim[] {
    return rowsOf<{ body: string }>(this.#sql, "SELECT body FROM claims ORDER BY position").map(({ body }) => this.#claim(body));
  }

  /**
   * Those claims and the ones on the same functions, in document order, hidden examples included: a second criterion on a
   * function shares the examples of the first.
   */
  of(claimIds: readonly string[]): Claim[] {
    return rowsOf<{ body: string }>(
      this.#sql,
      `WITH named AS MATERIALIZED (SELECT claim_id, function_name FROM claims WHERE claim_id IN (SELECT value FROM json_each(?)))
       SELECT body FROM claims WHERE claim_id IN (SELECT claim_id FROM named)
         OR function_name IN (SELECT function_name FROM named WHERE function_name IS NOT NULL) ORDER BY position`,
      JSON.stringify(claimIds),
    ).map(({ body }) => this.#claim(body));
  }

  replace(claims: readonly Claim[]): void {
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

  #claim(body: string): Claim {
    const known = this.#claims.get(body);
    if (known !== undefined) return known;
    // The cast holds: only `replace` writes the column.
    const claim = JSON.parse(body) as Claim;
    this.#claims.set(body, claim);
    return claim;
  }
}

function invariantOf({ body }: { readonly body: string }): Invariant {
  // The cast holds: only `insertInvariants` writes the column.
  return JSON.parse(body) as Invariant;
}
