/**
 * The end of a message that no delivery took: it is kept in the table `dead_letters` of the database `factory`, told of, and
 * taken off its queue. Of the body only its digest and the ids in it are kept.
 *
 * A message is acknowledged once its row is written; one that is delivered again has its row already.
 */
import { digestOf } from "@factory/schemas";
import { messageOf } from "./errors.ts";
import type { Log } from "./log.ts";

/** A message as the consumer needs it; the platform's `Message` fits. */
export interface DeadMessage {
  readonly id: string;
  readonly body: unknown;
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

/** The database that has the table; a `D1Database` fits. */
export interface DeadLetterDatabase {
  prepare(sql: string): { bind(...values: (string | number | null)[]): { run(): Promise<unknown> } };
}

/** What a body names, where it can be read; `problem` says why it cannot. */
export type DeadBody = { readonly org: string; readonly ids: Readonly<Record<string, string>> } | { readonly problem: string };

/** What burying a message needs. */
export interface DeadLetterDeps {
  /** Queue that the message was sent to. */
  readonly queue: string;
  readonly read: (body: unknown) => DeadBody;
  readonly database: DeadLetterDatabase;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Wait before a row that could not be written is tried again, in seconds. */
const RETRY_SECONDS = 10;

const KEEP = `INSERT INTO dead_letters (queue, message_id, org, body_digest, ids, reason, died_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
  ON CONFLICT (queue, message_id) DO NOTHING`;

/** Keeps a dead message, tells of it and acknowledges it; one that could not be kept is tried again. */
export async function buryMessage(message: DeadMessage, { queue, read, database, log, now }: DeadLetterDeps): Promise<void> {
  const startedAt = now();
  const body = read(message.body);
  const known = "problem" in body ? { org: null, ids: {} } : body;
  const ids = { message: message.id, ...(known.org === null ? {} : { org: known.org }), ...known.ids };
  const reason = "problem" in body ? `The body is unreadable: ${body.problem}` : `No delivery of the queue ${queue} succeeded.`;
  try {
    const row = [queue, message.id, known.org, digestOf(message.body), JSON.stringify(known.ids), reason, startedAt];
    await database
      .prepare(KEEP)
      .bind(...row)
      .run();
  } catch (err) {
    const fields = { attempts: message.attempts, error: messageOf(err) };
    log.event({ op: `${queue}.keep-dead-letter`, outcome: "failed", durationMs: now() - startedAt, ids, fields });
    message.retry({ delaySeconds: RETRY_SECONDS });
    return;
  }
  const fields = { attempts: message.attempts, reason, ...("problem" in body ? { body: message.body } : {}) };
  log.event({ op: `${queue}.dead-letter`, outcome: "failed", durationMs: now() - startedAt, ids, fields });
  message.ack();
}
