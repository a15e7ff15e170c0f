/** `factory org subscriber` and `factory org messages`: who is told what the factory tells outside, and what other kernels told. */
import {
  ListReceivedMessagesResponseSchema,
  ListSubscribersResponseSchema,
  PutSubscriberResponseSchema,
  RemoveSubscriberResponseSchema,
  type ReceivedMessage,
  type Subscriber,
} from "@factory/schemas/proto";
import { UsageError } from "../errors.ts";
import { oneLine } from "../terminal-text.ts";
import { ABSENT, tableOf } from "../text-table.ts";
import { argument, type CommandContext } from "./command.ts";
import { atMost, moment, tell } from "./org-options.ts";

export const SUBSCRIBER_USAGE = "org subscriber list | org subscriber add URL | org subscriber remove URL | org messages [--limit N] [--before SEQ]";

export const SUBSCRIBER_HELP = [
  "subscriber ...  addresses (https) that are told, in signed messages, of escalations, verdicts and health",
  "messages        escalations and verdict closure records that other kernels told, newest first",
] as const;

/** Runs `org subscriber`. */
export async function subscriber(context: CommandContext): Promise<number> {
  const verb = argument(context, 1, "list, add or remove");
  const { admin } = context.client();
  switch (verb) {
    case "list": {
      atMost(context, 2, SUBSCRIBER_USAGE);
      const answer = await admin.listSubscribers({});
      return tell(context, ListSubscribersResponseSchema, answer, () => subscriberLines(answer.subscribers));
    }
    case "add": {
      const url = onlyUrl(context);
      const answer = await admin.putSubscriber({ url });
      return tell(context, PutSubscriberResponseSchema, answer, () => [answer.added ? `${url} is told from now on.` : `${url} is told already.`]);
    }
    case "remove": {
      const url = onlyUrl(context);
      const answer = await admin.removeSubscriber({ url });
      return tell(context, RemoveSubscriberResponseSchema, answer, () => [answer.removed ? `${url} is told no longer.` : `${url} was not told.`]);
    }
    default:
      throw new UsageError(`There is no \`org subscriber ${verb}\`.\nUsage: factory ${SUBSCRIBER_USAGE}`);
  }
}

/** Runs `org messages`. */
export async function messages(context: CommandContext, page: { readonly limit: number; readonly before: number }): Promise<number> {
  atMost(context, 1, SUBSCRIBER_USAGE);
  const answer = await context.client().admin.listReceivedMessages(page);
  return tell(context, ListReceivedMessagesResponseSchema, answer, () => messageLines(answer.messages));
}

function onlyUrl(context: CommandContext): string {
  atMost(context, 3, SUBSCRIBER_USAGE);
  return argument(context, 2, "URL");
}

function subscriberLines(subscribers: readonly Subscriber[]): string[] {
  if (subscribers.length === 0) return ["Nobody is told."];
  const rows = subscribers.map(({ url, addedBy, pending, lastDeliveredAt, lastError }) => [
    oneLine(url),
    oneLine(addedBy),
    String(pending),
    moment(lastDeliveredAt),
    lastError === undefined ? ABSENT : oneLine(lastError),
  ]);
  return tableOf(["URL", "ADDED BY", "WAITING", "LAST TOLD", "LAST ERROR"], rows);
}

function messageLines(received: readonly ReceivedMessage[]): string[] {
  if (received.length === 0) return ["No other kernel has told anything."];
  const rows = received.map(({ seq, receivedAt, from, id, state, detail, nodeId }) => [
    String(seq),
    moment(receivedAt),
    oneLine(from),
    id,
    detail === "" ? state : `${state}: ${oneLine(detail)}`,
    nodeId ?? ABSENT,
  ]);
  return tableOf(["SEQ", "WHEN", "FROM", "ID", "STATE", "NODE"], rows);
}
