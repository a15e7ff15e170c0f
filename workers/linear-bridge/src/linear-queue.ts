/**
 * Consumers of the queues `linear-projections` and `linear-projections-dead`. A message is a hint that a session's log has grown;
 * which events are read follows from the cursor of the object that writes the organisation's issues.
 */
import { buryMessage, messageOf } from "@factory/durable";
import type { DeadBody, DeadLetterDatabase, DeadMessage, Log } from "@factory/durable";
import { idSchema, QUEUES } from "@factory/schemas";
import type { LinearProjectionMessage, LinearProjectionRpc } from "@factory/schemas/rpc";
import { z } from "zod";

const seq = z.number().int().min(0);
// Fields of a newer log are left out: only whose log it is, and how far, matters.
const projectionMessage: z.ZodType<LinearProjectionMessage> = z.object({
  org: z.string().min(1).max(128),
  sessionId: idSchema("SES"),
  fromSeq: seq,
  toSeq: seq,
});

/** A batch; the platform's `MessageBatch` fits. */
export interface QueueBatch {
  readonly queue: string;
  readonly messages: readonly DeadMessage[];
}

/** What the consumer needs. */
export interface LinearQueueDeps {
  readonly issues: (org: string) => Pick<LinearProjectionRpc, "follow">;
  readonly deadLetters: DeadLetterDatabase;
  readonly log: Log;
  /** Clock in epoch milliseconds. */
  readonly now: () => number;
}

/** Longest wait before a session that failed is tried again, in seconds. */
const MAX_RETRY_SECONDS = 60;

/** Settles every message of a batch. Messages of one session are one call; a session that fails stops no other. */
export async function consumeLinearProjections({ queue, messages }: QueueBatch, deps: LinearQueueDeps): Promise<void> {
  if (queue === QUEUES.linearDead) {
    // What is left out comes with the session's next message: the object reads on from its own cursor.
    await Promise.all(
      messages.map((message) => buryMessage(message, { queue: QUEUES.linear, read: readDead, database: deps.deadLetters, log: deps.log, now: deps.now })),
    );
    return;
  }
  await Promise.all(bySession(messages, deps.log).map((wanted) => follow(wanted, deps)));
}

type Wanted = { readonly org: string; readonly sessionId: string; toSeq: number; readonly messages: DeadMessage[] };

function bySession(messages: readonly DeadMessage[], log: Log): Wanted[] {
  const sessions = new Map<string, Wanted>();
  for (const message of messages) {
    const parsed = projectionMessage.safeParse(message.body);
    if (!parsed.success) {
      refuseMessage(message, parsed.error, log);
      continue;
    }
    const { org, sessionId, toSeq } = parsed.data;
    const key = JSON.stringify([org, sessionId]);
    const wanted = sessions.get(key) ?? { org, sessionId, toSeq, messages: [] };
    wanted.toSeq = Math.max(wanted.toSeq, toSeq);
    wanted.messages.push(message);
    sessions.set(key, wanted);
  }
  return [...sessions.values()];
}

/** No repetition mends a malformed body, so it is taken off the queue and told of. */
function refuseMessage(message: DeadMessage, error: z.ZodError, log: Log): void {
  const fields = { error: `malformed: ${error.issues[0]?.message ?? "unreadable"}`, body: message.body };
  log.event({ op: "linear-projections.follow", outcome: "failed", durationMs: 0, ids: { message: message.id }, fields });
  message.ack();
}

async function follow({ org, sessionId, toSeq, messages }: Wanted, { issues, log, now }: LinearQueueDeps): Promise<void> {
  const startedAt = now();
  const head = { op: "linear-projections.follow", ids: { org, session: sessionId } };
  try {
    await issues(org).follow(sessionId, toSeq);
    for (const message of messages) message.ack();
    log.event({ ...head, outcome: "ok", durationMs: now() - startedAt, fields: { toSeq } });
  } catch (err) {
    log.event({ ...head, outcome: "failed", durationMs: now() - startedAt, fields: { error: messageOf(err) } });
    for (const message of messages) message.retry({ delaySeconds: Math.min(MAX_RETRY_SECONDS, 2 ** (message.attempts - 1)) });
  }
}

function readDead(body: unknown): DeadBody {
  const parsed = projectionMessage.safeParse(body);
  if (!parsed.success) return { problem: parsed.error.issues[0]?.message ?? "unreadable" };
  const { org, sessionId } = parsed.data;
  return { org, ids: { session: sessionId } };
}
