/**
 * Sends webhooks as Linear does: signed, and again after a minute, an hour and six hours until one is answered with 200.
 *
 * @see https://linear.app/developers/webhooks
 */
import { createHmac, randomUUID } from "node:crypto";
import type { Change } from "./mutations.ts";
import type { Comment, Issue, User, Webhook, Workspace } from "./workspace.ts";

/** Pauses before a delivery is tried again, in milliseconds. */
export const REDELIVERY_DELAYS_MS: readonly number[] = [60_000, 60 * 60_000, 6 * 60 * 60_000];
/** Characters that are kept of an answer. */
const MAX_ANSWER_CHARS = 4_096;
/** Linear gives a receiver five seconds. */
const ANSWER_WITHIN_MS = 5_000;

/** A delivery and what came of each attempt: a status, or why there was none. */
export type Delivery = {
  /** `Linear-Delivery`: every attempt has the same. */
  readonly id: string;
  readonly webhookId: string;
  readonly event: string;
  readonly payload: { readonly [field: string]: unknown };
  readonly attempts: (number | string)[];
  /** Body of the last answer, cut; Linear itself does not look at it. */
  answer: string;
};

/** How deliveries go out. */
export type SenderOptions = {
  /** What the pauses before a redelivery are multiplied by; 1 is Linear's pace, and 0 never delivers again. */
  readonly redeliveryScale: number;
  readonly now?: () => number;
  /** Told after each attempt. */
  readonly onAttempt?: () => void;
};

/** Sends each change to the webhooks that are registered for it. */
export class WebhookSender {
  /** Every delivery, in the order they were made. */
  readonly deliveries: Delivery[] = [];
  readonly #workspace: Workspace;
  readonly #options: SenderOptions;
  readonly #underway = new Set<Promise<void>>();
  readonly #timers = new Map<NodeJS.Timeout, () => void>();
  #held: Delivery[] | undefined;
  #closed = false;

  constructor(workspace: Workspace, options: SenderOptions) {
    this.#workspace = workspace;
    this.#options = options;
  }

  /** Sends what happened to every webhook that wants to know. */
  announce(change: Change): void {
    for (const webhook of this.#workspace.webhooks) {
      if (!webhook.enabled || !webhook.resourceTypes.includes(change.type)) continue;
      const delivery: Delivery = {
        id: randomUUID(),
        webhookId: webhook.id,
        event: change.type,
        payload: payloadOf(change, webhook, this.#workspace),
        attempts: [],
        answer: "",
      };
      this.deliveries.push(delivery);
      if (this.#held === undefined) this.#start(delivery);
      else this.#held.push(delivery);
    }
  }

  /** From now on deliveries wait for {@link release}. */
  hold(): void {
    this.#held ??= [];
  }

  /** Sends what was held, reversed where asked, each as many times as asked. */
  release({ reversed = false, copies = 1 }: { readonly reversed?: boolean; readonly copies?: number } = {}): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const delivery of reversed ? held.toReversed() : held) for (let copy = 0; copy < copies; copy++) this.#start(delivery);
  }

  /** Sends a delivery once more, whatever it was answered. @throws RangeError when there is none of that id */
  redeliver(id: string): void {
    const delivery = this.deliveries.find((each) => each.id === id);
    if (delivery === undefined) throw new RangeError(`There is no delivery ${id}.`);
    this.#start(delivery);
  }

  /** Resolves when nothing is on its way and nothing waits to be sent again. */
  async settled(): Promise<void> {
    while (this.#underway.size > 0) await Promise.all(this.#underway);
  }

  /** Ends what waits; what is on its way ends by itself. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [timer, wake] of this.#timers) {
      clearTimeout(timer);
      wake();
    }
    await this.settled();
  }

  #start(delivery: Delivery): void {
    const sending = this.#sendUntilTaken(delivery).finally(() => this.#underway.delete(sending));
    this.#underway.add(sending);
  }

  async #sendUntilTaken(delivery: Delivery): Promise<void> {
    const { redeliveryScale } = this.#options;
    for (const delayMs of [0, ...(redeliveryScale === 0 ? [] : REDELIVERY_DELAYS_MS)]) {
      if (delayMs > 0) await this.#pause(delayMs * redeliveryScale);
      const webhook = this.#workspace.webhooks.find(({ id }) => id === delivery.webhookId);
      if (this.#closed || webhook === undefined) return;
      const outcome = await send(webhook, delivery, (this.#options.now ?? Date.now)());
      delivery.attempts.push(outcome.status);
      delivery.answer = outcome.answer;
      this.#options.onAttempt?.();
      if (outcome.status === 200) return;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.set(timer, resolve);
    });
  }
}

/** One attempt. The moment is in the signed body, so every attempt has a signature of its own. */
async function send(webhook: Webhook, delivery: Delivery, nowMs: number): Promise<{ readonly status: number | string; readonly answer: string }> {
  const body = JSON.stringify({ ...delivery.payload, webhookTimestamp: nowMs });
  try {
    const response = await fetch(webhook.url, {
      method: "POST",
      headers: {
        "content-type": "application/json; charset=utf-8",
        "user-agent": "Linear-Webhook",
        "linear-delivery": delivery.id,
        "linear-event": delivery.event,
        "linear-signature": signatureOf(body, webhook.secret),
        "linear-timestamp": String(nowMs),
      },
      body,
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return { status: response.status, answer: (await response.text()).slice(0, MAX_ANSWER_CHARS) };
  } catch (err) {
    return { status: err instanceof Error ? err.message : String(err), answer: "" };
  }
}

/** What `Linear-Signature` holds: HMAC-SHA256 of the body's bytes, in hexadecimal. */
export function signatureOf(body: string, secret: string): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

function payloadOf({ type, action, actor, entity, updatedFrom }: Change, webhook: Webhook, workspace: Workspace): Delivery["payload"] {
  return {
    action,
    actor: { ...userOf(actor), type: "user" },
    createdAt: entity.updatedAt,
    data: "body" in entity ? commentData(entity) : issueData(entity),
    ...(updatedFrom === undefined ? {} : { updatedFrom }),
    url: entity.url,
    type,
    organizationId: workspace.organization.id,
    webhookId: webhook.id,
  };
}

const userOf = ({ id, name, email, url }: User) => ({ id, name, email, url });

function commentData(comment: Comment): object {
  const { id, createdAt, updatedAt, editedAt, body, issue, user, botActor, parentId } = comment;
  const { team } = issue;
  return {
    id,
    createdAt,
    updatedAt,
    ...(editedAt === null ? {} : { editedAt }),
    body,
    issueId: issue.id,
    ...(parentId === null ? {} : { parentId }),
    userId: user.id,
    user: userOf(user),
    ...(botActor === null ? {} : { botActor: JSON.stringify(botActor) }),
    reactionData: [],
    issue: {
      id: issue.id,
      identifier: issue.identifier,
      title: issue.title,
      url: issue.url,
      teamId: team.id,
      team: { id: team.id, key: team.key, name: team.name },
    },
  };
}

function issueData(issue: Issue): object {
  const { id, createdAt, updatedAt, identifier, number, title, description, priority, priorityLabel, url, state, team, creator, labels } = issue;
  return {
    id,
    createdAt,
    updatedAt,
    identifier,
    number,
    title,
    ...(description === null ? {} : { description }),
    priority,
    priorityLabel,
    url,
    stateId: state.id,
    state: { id: state.id, name: state.name, type: state.type, color: state.color },
    teamId: team.id,
    team: { id: team.id, key: team.key, name: team.name },
    creatorId: creator.id,
    labelIds: issue.labelIds,
    labels: labels.map(({ id, name, color }) => ({ id, name, color })),
  };
}
