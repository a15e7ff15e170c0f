/** The methods of `factory.v1.FactoryAdmin` about what is told outside and what other kernels told: both are the signal desk's. */
import type { JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type {
  ListReceivedMessagesRequest,
  ListReceivedMessagesResponseSchema,
  ListSubscribersResponseSchema,
  PutSubscriberRequest,
  ReceivedMessageSchema,
  RemoveSubscriberRequest,
  SubscriberSchema,
} from "@factory/schemas/proto";
import type { ReceivedMessage, SubscriberView } from "@factory/schemas/rpc";
import { abortable } from "../abortable.ts";
import { actorOf } from "../admin/directory-view.ts";
import { refuseProblems } from "../admin/field-problems.ts";
import { raise } from "../connect-errors.ts";
import type { GatewayDeps } from "../deps.ts";
import type { CallScope } from "../sessions.ts";

/** Messages of one answer: unless the caller says, and at most. */
const MESSAGES_PAGE = 50;
const MESSAGES_MAX = 100;

type Deps = Pick<GatewayDeps, "governance">;

/** Adds a subscriber. @throws FactoryError INVALID_ARGUMENT for an address that may not be called, FAILED_PRECONDITION for one too many */
export async function putSubscriber({ governance }: Deps, scope: CallScope, { url }: PutSubscriberRequest): Promise<{ added: boolean }> {
  const answer = await abortable(scope.signal, governance.putSubscriber(scope.principal.org, url, actorOf(scope)));
  return answer.ok ? { added: answer.added } : raise(answer);
}

/** Removes a subscriber; what was on its way to it is told no longer. */
export async function removeSubscriber(
  { governance }: Deps,
  { principal, signal }: CallScope,
  { url }: RemoveSubscriberRequest,
): Promise<{ removed: boolean }> {
  const answer = await abortable(signal, governance.removeSubscriber(principal.org, url));
  return answer.ok ? { removed: answer.removed } : raise(answer);
}

/** The subscribers of the caller's organisation, and how they are reached. */
export async function listSubscribers({ governance }: Deps, { principal, signal }: CallScope): Promise<MessageInitShape<typeof ListSubscribersResponseSchema>> {
  const subscribers = await abortable(signal, governance.subscribers(principal.org));
  return { subscribers: subscribers.map(shownSubscriber) };
}

/** What other kernels told, newest first. @throws FactoryError INVALID_ARGUMENT for a limit that is none */
export async function listReceivedMessages(
  { governance }: Deps,
  { principal, signal }: CallScope,
  { before, limit }: ListReceivedMessagesRequest,
): Promise<MessageInitShape<typeof ListReceivedMessagesResponseSchema>> {
  if (limit > MESSAGES_MAX) refuseProblems([{ field: "limit", problem: `must be ${MESSAGES_MAX} at most.` }]);
  const messages = await abortable(signal, governance.messages(principal.org, before === 0 ? null : before, limit === 0 ? MESSAGES_PAGE : limit));
  return { messages: messages.map(shownMessage) };
}

const moment = (text: string) => timestampFromMs(Date.parse(text));

function shownSubscriber(view: SubscriberView): MessageInitShape<typeof SubscriberSchema> {
  const { url, addedAt, addedBy, pending, lastDeliveredAt, lastError } = view;
  return {
    url,
    addedAt: moment(addedAt),
    addedBy,
    pending,
    ...(lastDeliveredAt === null ? {} : { lastDeliveredAt: moment(lastDeliveredAt) }),
    ...(lastError === null ? {} : { lastError }),
  };
}

function shownMessage({
  seq,
  envelopeId,
  id,
  from,
  receivedAt,
  signal,
  nodeId,
  state,
  detail,
}: ReceivedMessage): MessageInitShape<typeof ReceivedMessageSchema> {
  return {
    seq,
    envelopeId,
    id,
    from,
    receivedAt: moment(receivedAt),
    // A message was JSON when it came, and its schema has nothing else.
    signal: signal as JsonObject,
    ...(nodeId === null ? {} : { nodeId }),
    state,
    detail,
  };
}
