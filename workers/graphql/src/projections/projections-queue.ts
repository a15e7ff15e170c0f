/**
 * Consumers of the queues `projections` and `projections-dead`. A message is a hint that a log has grown; which events are
 * read follows from the session's own cursor.
 */
import { buryMessage, messageOf } from "@factory/durable";
import type { DeadBody, DeadLetterDatabase, Log } from "@factory/durable";
import { QUEUES, idSchema } from "@factory/schemas";
import type { ProjectionMessage } from "@factory/schemas/rpc";
import { z } from "zod";
import { projectSession, type ProjectorDeps } from "./projector.ts";

const seq = z.number().int().min(0);
// Fields of a newer log are left out: only whose log it is matters.
const projectionMessage: z.ZodType<ProjectionMessage> = z.object({
  org: z.string().min(1).max(128),
  sessionId: idSchema("SES"),
  fromSeq: seq,
  toSeq: seq,
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

/**
 * Pages of one delivery: two calls a page stay under the thousand that an invocation may make. A log that is longer goes on
 * with the message's next delivery, ten of which reach the end of the longest log.
 */
const MAX_PAGES = 100;
/** Longest wait before a session that failed is tried again, in seconds. */
const MAX_RETRY_SECONDS = 60;

type Wanted = { readonly org: string; readonly sessionId: string; readonly messages: QueueMessage[] };

/** What the consumer needs beside the projector. */
export type ConsumerDeps = ProjectorDeps & { readonly deadLetters: DeadLetterDatabase };

/** Settles every message of a batch. Messages of one session are one projection; a session that fails stops no other. */
export async function consumeProjections(batch: QueueBatch, deps: ConsumerDeps, log: Log): Promise<void> {
  if (batch.queue === QUEUES.projectionsDead) {
    // A dead letter leaves its session behind its log, which `factory admin lag` shows and `factory admin reproject` mends.
    const burial = { queue: QUEUES.projections, read: readDead, database: deps.deadLetters, log, now: deps.now };
    await Promise.all(batch.messages.map((message) => buryMessage(message, burial)));
    return;
  }
  await Promise.all(bySession(batch.messages, log).map((wanted) => carry(wanted, deps, log)));
}

function bySession(messages: readonly QueueMessage[], log: Log): Wanted[] {
  const sessions = new Map<string, Wanted>();
  for (const message of messages) {
    const parsed = projectionMessage.safeParse(message.body);
    if (!parsed.success) {
      refuseMessage(message, parsed.error, log);
      continue;
    }
    const { org, sessionId } = parsed.data;
    const key = JSON.stringify([org, sessionId]);
    const wanted = sessions.get(key) ?? { org, sessionId, messages: [] };
    wanted.messages.push(message);
    sessions.set(key, wanted);
  }
  return [...sessions.values()];
}

/** No repetition mends a malformed body, so it is taken off the queue and told of. */
function refuseMessage(message: QueueMessage, error: z.ZodError, log: Log): void {
  log.event({
    op: "projections.carry",
    outcome: "failed",
    durationMs: 0,
    ids: { message: message.id },
    fields: { error: `malformed: ${error.issues[0]?.message ?? "unreadable"}`, body: message.body },
  });
  message.ack();
}

async function carry({ org, sessionId, messages }: Wanted, deps: ProjectorDeps, log: Log): Promise<void> {
  const startedAt = deps.now();
  const ids = { org, session: sessionId };
  try {
    const { seq: reached, tipSeq, quarantined, pages } = await projectSession(deps, { org, sessionId }, MAX_PAGES);
    const [first, ...others] = messages;
    if (reached < tipSeq) first?.retry({ delaySeconds: 0 });
    else first?.ack();
    for (const message of others) message.ack();
    log.event({ op: "projections.carry", outcome: "ok", durationMs: deps.now() - startedAt, ids, fields: { seq: reached, tipSeq, pages, quarantined } });
  } catch (err) {
    const attempts = Math.max(...messages.map((message) => message.attempts));
    log.event({ op: "projections.carry", outcome: "failed", durationMs: deps.now() - startedAt, ids, fields: { error: messageOf(err), attempts } });
    for (const message of messages) message.retry({ delaySeconds: Math.min(MAX_RETRY_SECONDS, 2 ** (message.attempts - 1)) });
  }
}

function readDead(body: unknown): DeadBody {
  const parsed = projectionMessage.safeParse(body);
  if (!parsed.success) return { problem: parsed.error.issues[0]?.message ?? "unreadable" };
  const { org, sessionId } = parsed.data;
  return { org, ids: { session: sessionId } };
}
