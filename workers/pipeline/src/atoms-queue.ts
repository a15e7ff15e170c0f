/**
 * Consumers of the queues `atoms` and `atoms-dead`. A message is a hint that a slot may find work: it is settled alone, its
 * loss costs one re-dispatch, and what it says is checked before anything is woken.
 */
import { buryMessage, messageOf } from "@factory/durable";
import type { DeadBody, DeadLetterDatabase, Log } from "@factory/durable";
import { QUEUES, idSchema } from "@factory/schemas";
import { operativeOf } from "@factory/schemas/rpc";
import type { NamespaceLike, WakeMessage } from "@factory/schemas/rpc";
import { z } from "zod";
import { MAX_SLOTS } from "./coordinator/seed-graph.ts";

const wakeMessage: z.ZodType<WakeMessage> = z.strictObject({
  org: z.string().min(1).max(128),
  runId: idSchema("RUN"),
  slot: z
    .number()
    .int()
    .min(0)
    .max(MAX_SLOTS - 1),
});

/** A message as the consumer needs it; the platform's `Message` fits. */
export interface QueueMessage {
  readonly id: string;
  readonly body: unknown;
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

/** A batch; the platform's `MessageBatch` fits. */
export interface QueueBatch {
  readonly queue: string;
  readonly messages: readonly QueueMessage[];
}

/** Wait before a wake-up that failed is tried again, in seconds: an object that restarts is back within one. */
const RETRY_SECONDS = 1;

/** What the consumer reaches. */
export type AtomsEnv = { readonly OPERATIVES: NamespaceLike; readonly DB: DeadLetterDatabase };

/** Settles every message of a batch, each for itself. */
export async function consumeAtoms(batch: QueueBatch, env: AtomsEnv, log: Log): Promise<void> {
  const settle = batch.queue === QUEUES.atomsDead ? bury : wakeOperative;
  await Promise.all(batch.messages.map((message) => settle(message, env, log)));
}

async function wakeOperative(message: QueueMessage, env: AtomsEnv, log: Log): Promise<void> {
  const startedAt = Date.now();
  const parsed = wakeMessage.safeParse(message.body);
  if (!parsed.success) {
    // No repetition mends a malformed body, so it is taken off the queue and told of.
    log.event({
      op: "atoms.wake",
      outcome: "failed",
      durationMs: 0,
      ids: { message: message.id },
      fields: { error: `malformed: ${parsed.error.issues[0]?.message ?? "unreadable"}`, body: message.body },
    });
    message.ack();
    return;
  }
  const { org, runId, slot } = parsed.data;
  const ids = { message: message.id, org, run: runId, slot: String(slot) };
  try {
    await operativeOf(env, org, runId, slot).wake(org, runId, slot);
    message.ack();
    log.event({ op: "atoms.wake", outcome: "ok", durationMs: Date.now() - startedAt, ids });
  } catch (err) {
    log.event({ op: "atoms.wake", outcome: "failed", durationMs: Date.now() - startedAt, ids, fields: { error: messageOf(err), attempts: message.attempts } });
    message.retry({ delaySeconds: RETRY_SECONDS });
  }
}

/** A dead letter is lost work for nobody: its bead is still READY, and the coordinator wakes a slot for it again. */
async function bury(message: QueueMessage, env: AtomsEnv, log: Log): Promise<void> {
  await buryMessage(message, { queue: QUEUES.atoms, read: readDead, database: env.DB, log, now: Date.now });
}

function readDead(body: unknown): DeadBody {
  const parsed = wakeMessage.safeParse(body);
  if (!parsed.success) return { problem: parsed.error.issues[0]?.message ?? "unreadable" };
  const { org, runId, slot } = parsed.data;
  return { org, ids: { run: runId, slot: String(slot) } };
}
