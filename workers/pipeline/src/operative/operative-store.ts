/** What an operative keeps: whose it is, the leases it holds, and what was done under each. */
import type { StoragePort } from "@factory/durable";
import { digestOf, FactoryError } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict, ClaimedBead, ModelCall } from "@factory/schemas/rpc";

/** Whose operative this is. */
export type OperativeIdentity = { readonly org: string; readonly runId: string; readonly slot: number };

/** A claimed bead without an outcome. */
export type HeldBead = {
  readonly claim: ClaimedBead;
  /** Null until its governance is asked for. */
  readonly executionId: string | null;
  /** Epoch milliseconds of that. */
  readonly startedAt: number | null;
  /** When the agent may first have acted, in epoch milliseconds; null while only its governance was seen to. */
  readonly ranAt: number | null;
};

/** Consent to one tool call, as it is digested. */
export type ConsentRecord = {
  readonly runId: string;
  readonly beadId: string;
  readonly toolName: string;
  readonly inputHash: string;
  readonly verdict: "granted" | "denied";
  readonly permittedTools: readonly string[];
  readonly epoch: number;
  readonly headsDigest: string;
};

/** What an execution is governed by. */
export type Governance = Pick<BeadOutcome, "knowingStateId" | "headsDigest"> & { readonly autonomy: Autonomy };

/** What is in the graphs of an execution: its bead, and the knowing-state that it refers to. */
export type Recorded = { readonly executionBeadId: string; readonly knowingStateId: string };

/** What a verdict or an attempt refers to. */
export type LeaseKey = { readonly beadId: string; readonly epoch: number };

/** UTF-16 units of one stored part of a claim: at three bytes each under the 2 MB a row of Durable Object SQLite holds. */
const PART_CHARS = 500_000;

type BeadRow = {
  seq: number;
  bead_id: string;
  epoch: number;
  execution_id: string | null;
  started_at: number | null;
  knowing_state_id: string;
  heads_digest: string;
  execution_bead_id: string | null;
  autonomy: Autonomy | null;
  ran_at: number | null;
};

/** Rows of one operative. */
export class OperativeStore {
  readonly #storage: StoragePort;
  /** Not persisted: calls of the model that the next write takes along; a crash before it costs what one in a call costs. */
  #unwritten: { readonly executionId: string; readonly call: ModelCall }[] = [];

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  /** Whose it is; null before the first wake. */
  identity(): OperativeIdentity | null {
    const row = this.#storage.sql.exec<{ org: string; run_id: string; slot: number }>("SELECT org, run_id, slot FROM operative_identity").toArray()[0];
    return row === undefined ? null : { org: row.org, runId: row.run_id, slot: row.slot };
  }

  /**
   * Stores whose it is; the same again changes nothing.
   *
   * @throws FactoryError INTEGRITY when it is another's.
   */
  claimIdentity({ org, runId, slot }: OperativeIdentity): void {
    const known = this.identity();
    if (known === null) {
      this.#storage.sql.exec("INSERT INTO operative_identity (one, org, run_id, slot) VALUES (1, ?, ?, ?)", org, runId, slot);
      return;
    }
    if (known.org !== org || known.runId !== runId || known.slot !== slot) {
      throw new FactoryError("INTEGRITY", `This operative is slot ${known.slot} of ${known.runId}; it was woken as slot ${slot} of ${runId}.`);
    }
  }

  /** The oldest lease without an outcome. */
  held(): HeldBead | null {
    const row = this.#storage.sql.exec<BeadRow>("SELECT * FROM operative_beads WHERE outcome IS NULL ORDER BY seq LIMIT 1").toArray()[0];
    if (row === undefined) return null;
    const text = this.#storage.sql
      .exec<{ text: string }>("SELECT text FROM operative_claim_parts WHERE bead_seq = ? ORDER BY part", row.seq)
      .toArray()
      .map((part) => part.text)
      .join("");
    // Written by `settle` from the coordinator's typed answer.
    return { claim: JSON.parse(text) as ClaimedBead, executionId: row.execution_id, startedAt: row.started_at, ranAt: row.ran_at };
  }

  /** `working` on a bead, `reporting` outcomes that no verdict has answered, or `idle`. */
  standing(): "working" | "reporting" | "idle" {
    const [row] = this.#storage.sql
      .exec<{ beads: number; open: number }>("SELECT count(*) AS beads, count(*) FILTER (WHERE outcome IS NULL) AS open FROM operative_beads")
      .toArray();
    if (row === undefined || row.beads === 0) return "idle";
    return row.open > 0 ? "working" : "reporting";
  }

  /** Outcomes that no verdict has answered, oldest first. */
  outcomes(): BeadOutcome[] {
    return this.#storage.sql
      .exec<{ outcome: string }>("SELECT outcome FROM operative_beads WHERE outcome IS NOT NULL ORDER BY seq")
      .toArray()
      .map(({ outcome }) => JSON.parse(outcome) as BeadOutcome);
  }

  /** Takes an exchange's answer in one transaction: outcomes with a verdict go, new leases come. A lease that is known is kept as it is. */
  settle(verdicts: readonly BeadVerdict[], beads: readonly ClaimedBead[]): void {
    this.#storage.transactionSync(() => {
      for (const { beadId, epoch } of verdicts) this.#forget({ beadId, epoch });
      for (const bead of beads) this.#add(bead);
    });
  }

  /** Gives a lease its execution id, before it is used anywhere; a lease that has one keeps it. */
  begin({ beadId, epoch }: LeaseKey, executionId: string, now: number): void {
    this.#storage.sql.exec(
      "UPDATE operative_beads SET execution_id = ?, started_at = ? WHERE bead_id = ? AND epoch = ? AND execution_id IS NULL",
      executionId,
      now,
      beadId,
      epoch,
    );
  }

  /** Gives a lease another execution id, since what governed the first one moved before its agent acted. */
  renew(executionId: string, next: string): void {
    this.#storage.sql.exec("UPDATE operative_beads SET execution_id = ? WHERE execution_id = ? AND ran_at IS NULL AND outcome IS NULL", next, executionId);
  }

  /** Notes what governs an execution. */
  govern(executionId: string, { knowingStateId, headsDigest, autonomy }: Governance): void {
    this.#storage.sql.exec(
      "UPDATE operative_beads SET knowing_state_id = ?, heads_digest = ?, autonomy = ? WHERE execution_id = ?",
      knowingStateId,
      headsDigest,
      autonomy,
      executionId,
    );
  }

  /** Notes what the execution was recorded with, and that the agent acts. What ends without an outcome from here on was interrupted. */
  run(executionId: string, { executionBeadId, knowingStateId }: Recorded, now: number): void {
    this.#storage.sql.exec(
      "UPDATE operative_beads SET execution_bead_id = ?, knowing_state_id = ?, ran_at = ? WHERE execution_id = ?",
      executionBeadId,
      knowingStateId,
      now,
      executionId,
    );
  }

  /**
   * Builds the outcome of an execution from what was recorded under it and stores it; it is sent from here only.
   *
   * @returns the outcome, or null when the execution is no longer this object's: it was interrupted or its lease passed.
   */
  conclude(
    executionId: string,
    end: Pick<BeadOutcome, "result" | "durationMs" | "checkMs"> & { readonly denials: BeadOutcome["consentDenials"] },
  ): BeadOutcome | null {
    const concluded = this.#storage.transactionSync(() => {
      const row = this.#storage.sql.exec<BeadRow>("SELECT * FROM operative_beads WHERE execution_id = ? AND outcome IS NULL", executionId).toArray()[0];
      if (row === undefined) return null;
      const outcome: BeadOutcome = {
        effectId: `${executionId}/outcome`,
        beadId: row.bead_id,
        epoch: row.epoch,
        executionId,
        executionBeadId: row.execution_bead_id,
        knowingStateId: row.knowing_state_id,
        headsDigest: row.heads_digest,
        autonomy: row.autonomy,
        consentDigest: this.consentDigest(executionId),
        consentDenials: end.denials,
        toolCalls: this.#toolCalls(executionId),
        modelCalls: this.modelCalls(executionId),
        durationMs: end.durationMs,
        checkMs: end.checkMs,
        result: end.result,
      };
      this.#storage.sql.exec("UPDATE operative_beads SET outcome = ? WHERE seq = ?", JSON.stringify(outcome), row.seq);
      return outcome;
    });
    // They are in the outcome, or belong to nobody.
    this.#unwritten = [];
    return concluded;
  }

  /** Drops a lease that has passed to another holder. */
  discard(lease: LeaseKey): void {
    this.#storage.transactionSync(() => this.#forget(lease));
    this.#unwritten = [];
  }

  /**
   * Adds a model call to an execution's account. It is written with the consent record or the outcome that follows, or by
   * {@link OperativeStore.writeModelCalls}: an answer is no effect, and needs no commit of its own.
   */
  addModelCall(executionId: string, call: ModelCall): void {
    this.#unwritten.push({ executionId, call });
  }

  /** Writes the model calls that no other write has taken along; called before the next one goes out. */
  writeModelCalls(): void {
    if (this.#unwritten.length > 0) this.#withModelCalls(() => undefined);
  }

  /** Model calls of an execution in order. */
  modelCalls(executionId: string): ModelCall[] {
    const written = this.#storage.sql
      .exec<{ call: string }>("SELECT call FROM operative_model_calls WHERE execution_id = ? ORDER BY seq", executionId)
      .toArray()
      .map(({ call }) => JSON.parse(call) as ModelCall);
    return [...written, ...this.#unwritten.flatMap((one) => (one.executionId === executionId ? one.call : []))];
  }

  /** Writes a consent record and links it to the one before it. Records stay for as long as the object does. */
  addConsent(executionId: string, record: ConsentRecord, now: number): void {
    this.#withModelCalls(() => {
      const digest = digestOf({ previous: this.consentDigest(executionId), record });
      this.#storage.sql.exec(
        "INSERT INTO operative_consents (execution_id, record, verdict, digest, recorded_at) VALUES (?, ?, ?, ?, ?)",
        executionId,
        JSON.stringify(record),
        record.verdict,
        digest,
        now,
      );
    });
  }

  /** Consent records of an execution in order. */
  consents(executionId: string): ConsentRecord[] {
    return this.#storage.sql
      .exec<{ record: string }>("SELECT record FROM operative_consents WHERE execution_id = ? ORDER BY seq", executionId)
      .toArray()
      .map(({ record }) => JSON.parse(record) as ConsentRecord);
  }

  /** End of the chain over an execution's consent records; the chain begins with the execution itself. */
  consentDigest(executionId: string): string {
    const last = this.#storage.sql
      .exec<{ digest: string }>("SELECT digest FROM operative_consents WHERE execution_id = ? ORDER BY seq DESC LIMIT 1", executionId)
      .toArray()[0];
    return last?.digest ?? digestOf({ executionId });
  }

  /** One transaction for a write and the model calls before it. */
  #withModelCalls(write: () => void): void {
    this.#storage.transactionSync(() => {
      for (const { executionId, call } of this.#unwritten) {
        this.#storage.sql.exec("INSERT INTO operative_model_calls (execution_id, call) VALUES (?, ?)", executionId, JSON.stringify(call));
      }
      write();
    });
    this.#unwritten = [];
  }

  #toolCalls(executionId: string): number {
    return (
      this.#storage.sql
        .exec<{ count: number }>("SELECT count(*) AS count FROM operative_consents WHERE execution_id = ? AND verdict = 'granted'", executionId)
        .toArray()[0]?.count ?? 0
    );
  }

  #add(bead: ClaimedBead): void {
    const added = this.#storage.sql
      .exec<{ seq: number }>("INSERT INTO operative_beads (bead_id, epoch) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING seq", bead.beadId, bead.epoch)
      .toArray()[0];
    if (added === undefined) return;
    const text = JSON.stringify(bead);
    for (let part = 0; part * PART_CHARS < text.length; part++) {
      const slice = text.slice(part * PART_CHARS, (part + 1) * PART_CHARS);
      this.#storage.sql.exec("INSERT INTO operative_claim_parts (bead_seq, part, text) VALUES (?, ?, ?)", added.seq, part, slice);
    }
  }

  #forget({ beadId, epoch }: LeaseKey): void {
    this.#storage.sql.exec(
      "DELETE FROM operative_model_calls WHERE execution_id IN (SELECT execution_id FROM operative_beads WHERE bead_id = ? AND epoch = ?)",
      beadId,
      epoch,
    );
    this.#storage.sql.exec("DELETE FROM operative_beads WHERE bead_id = ? AND epoch = ?", beadId, epoch);
  }
}
