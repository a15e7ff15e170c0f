/** Reads and writes of a signal desk's tables; the caller brings the transaction. */
import type { StoragePort } from "@factory/durable";
import type { InboundSignal, OutboundSignal } from "@factory/schemas";
import type { DecisionRecord, ReceivedMessage, SubscriberView, Suspension } from "@factory/schemas/rpc";

/** How an effect, or everything a signal does, stands. */
export type EffectState = "delivering" | "done" | "refused";

/** A signal as it was taken. */
export type StoredSignal = {
  readonly dispositionEventId: string;
  readonly digest: string;
  readonly signal: InboundSignal;
  readonly issuer: string;
  readonly subject: string;
  readonly keyId: string;
  readonly policy: DecisionRecord;
  /** Epoch milliseconds. */
  readonly acceptedAt: number;
};

/** A message of another kernel as it was taken. */
export type StoredMessage = {
  readonly envelopeId: string;
  readonly digest: string;
  readonly id: string;
  readonly signal: OutboundSignal;
  readonly signalDigest: string;
  readonly from: string;
};

type SignalRow = {
  disposition_event_id: string;
  digest: string;
  signal: string;
  issuer: string;
  subject: string;
  key_id: string;
  policy: string;
  accepted_at: number;
};
type MessageRow = {
  seq: number;
  envelope_id: string;
  digest: string;
  id: string;
  signal: string;
  signal_digest: string;
  source: string;
  received_at: number;
  node_id: string | null;
  state: EffectState;
  detail: string;
};
type SuspensionRow = { assembly: string; reason: string; approvers: string; since: number; disposition_event_id: string };
type SubscriberRow = { url: string; added_at: number; added_by: string; pending: number; last_delivered_at: number | null; last_error: string | null };
type ToldRow = { effect_id: string; digest: string; envelope_id: string; signal: string; told_at: number };

const iso = (ms: number): string => new Date(ms).toISOString();

/** A signal desk's SQLite. */
export class DeskStore {
  readonly #storage: StoragePort;

  constructor(storage: StoragePort) {
    this.#storage = storage;
  }

  transaction<T>(closure: () => T): T {
    return this.#storage.transactionSync(closure);
  }

  signal(dispositionEventId: string): StoredSignal | null {
    const [row] = this.#rows<SignalRow>("SELECT * FROM signals WHERE disposition_event_id = ?", dispositionEventId);
    if (row === undefined) return null;
    return {
      dispositionEventId: row.disposition_event_id,
      digest: row.digest,
      // Both were serialised by this object from what they are read as.
      signal: JSON.parse(row.signal) as InboundSignal,
      policy: JSON.parse(row.policy) as DecisionRecord,
      issuer: row.issuer,
      subject: row.subject,
      keyId: row.key_id,
      acceptedAt: row.accepted_at,
    };
  }

  addSignal({ dispositionEventId, digest, signal, issuer, subject, keyId, policy, acceptedAt }: StoredSignal): void {
    this.#storage.sql.exec(
      "INSERT INTO signals (disposition_event_id, digest, signal, issuer, subject, key_id, policy, accepted_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      dispositionEventId,
      digest,
      JSON.stringify(signal),
      issuer,
      subject,
      keyId,
      JSON.stringify(policy),
      acceptedAt,
    );
  }

  /** The decision that a token was used for; null when it was not used. */
  tokenUse(keyId: string, jti: string): string | null {
    const [row] = this.#rows<{ id: string }>("SELECT disposition_event_id AS id FROM tokens WHERE key_id = ? AND jti = ?", keyId, jti);
    return row?.id ?? null;
  }

  /** Marks a token used; one that is, stays as it is. */
  useToken(keyId: string, jti: string, dispositionEventId: string, expiresAt: number): void {
    this.#storage.sql.exec(
      "INSERT INTO tokens (key_id, jti, disposition_event_id, expires_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      keyId,
      jti,
      dispositionEventId,
      expiresAt,
    );
  }

  /** When the next token may be forgotten, in epoch milliseconds; null when none is kept. */
  nextTokenExpiry(): number | null {
    return this.#rows<{ at: number | null }>("SELECT min(expires_at) AS at FROM tokens")[0]?.at ?? null;
  }

  /** Forgets tokens that have expired: nobody can use them again. */
  sweepTokens(now: number): void {
    this.#storage.sql.exec("DELETE FROM tokens WHERE expires_at <= ?", now);
  }

  /** Notes an effect of a signal; false when it was noted before. */
  addEffect(effectId: string, dispositionEventId: string): boolean {
    return (
      this.#rows(
        "INSERT INTO signal_effects (effect_id, disposition_event_id, state, detail) VALUES (?, ?, 'delivering', '') ON CONFLICT DO NOTHING RETURNING effect_id",
        effectId,
        dispositionEventId,
      ).length > 0
    );
  }

  setEffect(effectId: string, state: EffectState, detail: string): void {
    this.#storage.sql.exec("UPDATE signal_effects SET state = ?, detail = ? WHERE effect_id = ?", state, detail, effectId);
  }

  /** Effects of a signal by how they stand, with the detail of one of each. */
  effectsOf(dispositionEventId: string): { readonly state: EffectState; readonly effects: number; readonly detail: string }[] {
    return this.#rows<{ state: EffectState; effects: number; detail: string }>(
      "SELECT state, count(*) AS effects, max(detail) AS detail FROM signal_effects WHERE disposition_event_id = ? GROUP BY state",
      dispositionEventId,
    );
  }

  suspensions(): Suspension[] {
    return this.#rows<SuspensionRow>("SELECT * FROM suspensions ORDER BY since, assembly").map((row) => ({
      assembly: row.assembly === "" ? null : row.assembly,
      reason: row.reason,
      by: JSON.parse(row.approvers) as string[],
      since: iso(row.since),
      dispositionEventId: row.disposition_event_id,
    }));
  }

  addSuspension(assembly: string | null, reason: string, by: readonly string[], since: number, dispositionEventId: string): void {
    this.#storage.sql.exec(
      "INSERT INTO suspensions (assembly, reason, approvers, since, disposition_event_id) VALUES (?, ?, ?, ?, ?)",
      assembly ?? "",
      reason,
      JSON.stringify(by),
      since,
      dispositionEventId,
    );
  }

  removeSuspension(assembly: string | null): void {
    this.#storage.sql.exec("DELETE FROM suspensions WHERE assembly = ?", assembly ?? "");
  }

  message(envelopeId: string): (StoredMessage & { readonly state: EffectState }) | null {
    const [row] = this.#rows<MessageRow>("SELECT * FROM messages WHERE envelope_id = ?", envelopeId);
    if (row === undefined) return null;
    const { digest, id, signal, signal_digest: signalDigest, source, state } = row;
    return { envelopeId, digest, id, signal: JSON.parse(signal) as OutboundSignal, signalDigest, from: source, state };
  }

  /** Digest of what was last taken under the id of an escalation or a verdict closure record; null when nothing was. */
  lastDigestOf(type: string, id: string): string | null {
    return (
      this.#rows<{ digest: string }>("SELECT signal_digest AS digest FROM messages WHERE type = ? AND id = ? ORDER BY seq DESC LIMIT 1", type, id)[0]?.digest ??
      null
    );
  }

  addMessage({ envelopeId, digest, id, signal, signalDigest, from }: StoredMessage, state: EffectState, nodeId: string | null, now: number): void {
    this.#storage.sql.exec(
      `INSERT INTO messages (envelope_id, digest, type, id, signal, signal_digest, source, received_at, node_id, state, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')`,
      envelopeId,
      digest,
      signal.type,
      id,
      JSON.stringify(signal),
      signalDigest,
      from,
      now,
      nodeId,
      state,
    );
  }

  setMessage(envelopeId: string, state: EffectState, detail: string): void {
    this.#storage.sql.exec("UPDATE messages SET state = ?, detail = ? WHERE envelope_id = ?", state, detail, envelopeId);
  }

  /** Newest first, strictly before `before`. */
  messages(before: number | null, limit: number): ReceivedMessage[] {
    return this.#rows<MessageRow>("SELECT * FROM messages WHERE seq < ? ORDER BY seq DESC LIMIT ?", before ?? Number.MAX_SAFE_INTEGER, limit).map((row) => ({
      seq: row.seq,
      envelopeId: row.envelope_id,
      id: row.id,
      from: row.source,
      receivedAt: iso(row.received_at),
      signal: JSON.parse(row.signal) as OutboundSignal,
      nodeId: row.node_id,
      state: row.state,
      detail: row.detail,
    }));
  }

  subscribers(): SubscriberView[] {
    return this.#rows<SubscriberRow>(
      `SELECT url, added_at, added_by, last_delivered_at, last_error, (SELECT count(*) FROM tellings WHERE tellings.url = subscribers.url) AS pending
       FROM subscribers ORDER BY added_at, url`,
    ).map((row) => ({
      url: row.url,
      addedAt: iso(row.added_at),
      addedBy: row.added_by,
      pending: row.pending,
      lastDeliveredAt: row.last_delivered_at === null ? null : iso(row.last_delivered_at),
      lastError: row.last_error,
    }));
  }

  /** False when it is there already. */
  addSubscriber(url: string, by: string, now: number): boolean {
    return this.#rows("INSERT INTO subscribers (url, added_at, added_by) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING url", url, now, by).length > 0;
  }

  /** Removes a subscriber with what it was to be told; false when there is none. */
  removeSubscriber(url: string): boolean {
    return this.#rows("DELETE FROM subscribers WHERE url = ? RETURNING url", url).length > 0;
  }

  told(effectId: string): { readonly digest: string; readonly envelopeId: string; readonly signal: OutboundSignal; readonly toldAt: number } | null {
    const [row] = this.#rows<ToldRow>("SELECT * FROM told WHERE effect_id = ?", effectId);
    if (row === undefined) return null;
    return { digest: row.digest, envelopeId: row.envelope_id, signal: JSON.parse(row.signal) as OutboundSignal, toldAt: row.told_at };
  }

  addTold(effectId: string, digest: string, envelopeId: string, signal: OutboundSignal, now: number): void {
    this.#storage.sql.exec(
      "INSERT INTO told (effect_id, digest, envelope_id, signal, told_at) VALUES (?, ?, ?, ?, ?)",
      effectId,
      digest,
      envelopeId,
      JSON.stringify(signal),
      now,
    );
  }

  addTelling(effectId: string, url: string): void {
    this.#storage.sql.exec("INSERT INTO tellings (effect_id, url) VALUES (?, ?)", effectId, url);
  }

  /** Whether a subscriber is still to be told. */
  isToTell(effectId: string, url: string): boolean {
    return this.#rows("SELECT 1 AS found FROM tellings WHERE effect_id = ? AND url = ?", effectId, url).length > 0;
  }

  /** A subscriber was told, or is told no longer. */
  endTelling(effectId: string, url: string): void {
    this.#storage.sql.exec("DELETE FROM tellings WHERE effect_id = ? AND url = ?", effectId, url);
  }

  noteDelivered(url: string, now: number): void {
    this.#storage.sql.exec("UPDATE subscribers SET last_delivered_at = ?, last_error = NULL WHERE url = ?", now, url);
  }

  noteFailed(url: string, error: string): void {
    this.#storage.sql.exec("UPDATE subscribers SET last_error = ? WHERE url = ?", error, url);
  }

  /** When the oldest record of something told is to be forgotten; null when none is kept. */
  oldestTold(): number | null {
    return this.#rows<{ at: number | null }>("SELECT min(told_at) AS at FROM told")[0]?.at ?? null;
  }

  sweepTold(before: number): void {
    this.#storage.sql.exec("DELETE FROM told WHERE told_at <= ?", before);
  }

  #rows<Row extends Record<string, string | number | null>>(query: string, ...bindings: (string | number | null)[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
