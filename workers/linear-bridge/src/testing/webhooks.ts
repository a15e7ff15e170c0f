/** Webhooks as Linear sends them, for tests. */
import { createHmac } from "node:crypto";

export const WEBHOOK_SECRET = "a secret of Linear's";

/** What a test changes of a comment's webhook. */
export type WebhookChanges = {
  readonly type?: string;
  readonly action?: string;
  readonly actor?: unknown;
  readonly data?: { readonly [key: string]: unknown };
  readonly updatedFrom?: unknown;
  readonly webhookTimestamp?: unknown;
};

/** The payload of a comment by `user-<author>` on the issue `issue-1` of the team `team-acme`. */
export function aWebhook(author: string, body: string, changes: WebhookChanges = {}): object {
  const { data, ...rest } = changes;
  return {
    type: "Comment",
    action: "create",
    actor: { id: `user-${author}`, type: "user", name: author },
    createdAt: "2026-08-04T09:00:00.000Z",
    organizationId: "workspace-1",
    webhookId: "webhook-1",
    webhookTimestamp: Date.now(),
    url: "https://linear.app/acme/issue/FAC-1#comment-1",
    data: {
      id: "comment-1",
      body,
      createdAt: "2026-08-04T09:00:00.000Z",
      updatedAt: "2026-08-04T09:00:00.000Z",
      editedAt: null,
      reactionData: [],
      botActor: null,
      issueId: "issue-1",
      issue: { id: "issue-1", identifier: "FAC-1", title: "Work waits", teamId: "team-acme", team: { id: "team-acme", key: "FAC", name: "Factory" } },
      userId: `user-${author}`,
      user: { id: `user-${author}`, name: author, email: `${author}@acme.example`, url: "https://linear.app/acme/profiles/x" },
      ...data,
    },
    ...rest,
  };
}

/** The signature of a body, as `linear-signature` carries it. */
export function signatureOf(body: string, secret: string = WEBHOOK_SECRET): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** The request that the gateway forwards. */
export function aRequest(body: string, headers: { readonly [name: string]: string } = {}): Request {
  return new Request("https://factory.example/webhooks/linear", {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "linear-delivery": "delivery-1",
      "linear-event": "Comment",
      "linear-signature": signatureOf(body),
      ...headers,
    },
  });
}
