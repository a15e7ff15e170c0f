/** What every change of a directory leaves: a line that says who changed what, and the records that edges have to be told of. */
import type { StoragePort } from "@factory/durable";
import { FactoryError } from "@factory/schemas";
import type { DirectoryActor, DirectoryChange } from "@factory/schemas/rpc";
import type { z } from "zod";

/** A record that edges read, by what it is about; its content is what the directory holds when it is published. */
export type PublishedRecord = { readonly kind: "org" | "api-key" | "signing-key" | "issuer" | "subject"; readonly id: string };

/** Most changes of one answer. */
export const MAX_CHANGES = 100;

type ChangeRow = { seq: number; at: number; principal_id: string; person: string; request_id: string; what: string };

/** What a journal needs. */
export interface JournalDeps {
  readonly storage: StoragePort;
  /** Has a record published, in the transaction that changed it. @param effectId - unique to the change */
  readonly publish: (effectId: string, record: PublishedRecord) => void;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Notes changes of one directory. */
export class Journal {
  readonly #deps: JournalDeps;

  constructor(deps: JournalDeps) {
    this.#deps = deps;
  }

  /** Notes a change in the caller's transaction. `what` is one line and holds no secret. */
  changed(actor: DirectoryActor, what: string, records: readonly PublishedRecord[]): void {
    const { storage, publish, now } = this.#deps;
    const [row] = storage.sql
      .exec<{ seq: number }>(
        "INSERT INTO changes (at, principal_id, person, request_id, what) VALUES (?, ?, ?, ?, ?) RETURNING seq",
        now(),
        actor.principalId,
        actor.person,
        actor.requestId,
        what,
      )
      .toArray();
    for (const record of records) publish(`change:${row?.seq ?? 0}:${record.kind}:${record.id}`, record);
  }

  /** Newest first, strictly before `before` where it is given. */
  changes(before: number | null, limit: number): DirectoryChange[] {
    return this.#deps.storage.sql
      .exec<ChangeRow>(
        "SELECT * FROM changes WHERE seq < ? ORDER BY seq DESC LIMIT ?",
        before ?? Number.MAX_SAFE_INTEGER,
        Math.max(1, Math.min(Math.trunc(limit), MAX_CHANGES)),
      )
      .toArray()
      .map(({ seq, at, principal_id: principalId, person, request_id: requestId, what }) => ({
        seq,
        at: iso(at),
        actor: { principalId, person, requestId },
        what,
      }));
  }
}

/** RFC 3339 text of a time. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** RFC 3339 text of a time that may be absent. */
export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

/** What a request says, checked. @throws FactoryError INVALID_ARGUMENT with every problem, by field */
export function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => ({ field: path.map(String).join("."), problem: message }));
  const text = problems.map(({ field, problem }) => `${field === "" ? what : field}: ${problem}`).join("; ");
  throw new FactoryError("INVALID_ARGUMENT", `${what} is not valid: ${text}.`, { problems });
}
