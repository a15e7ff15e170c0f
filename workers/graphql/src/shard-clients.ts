/** The sockets of a shard and what each follows, as the shard works with them; all of it is read back from the attachments. */
import type { LogAddress } from "@factory/schemas/rpc";
import { distinctKey, type Distinct } from "./event-batch.ts";
import type { EventFilter } from "./event-filter.ts";
import type { SocketState } from "./socket-state.ts";
import type { LogChoice, Selection, SubscriptionProtocol } from "./subscription-protocol.ts";

/** A client's socket; one that hibernates keeps what it was given to `keep`. */
export interface ShardSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
  /** What was kept last; undefined when nothing was. */
  attachment(): unknown;
  keep(state: SocketState): void;
}

/** One socket. */
export type Client = {
  readonly socket: ShardSocket;
  readonly protocol: SubscriptionProtocol;
  /** Null until somebody has proved who it is. */
  principal: SocketState["principal"];
  readonly connectionId: string;
  /** How far the dialect's handshake has come; only a socket that is ready may ask for anything. */
  stage: "new" | "asked" | "ready";
  readonly operations: Map<string, Operation>;
  /** Operations whose log is being looked up; each lookup knows itself by its token. */
  readonly locating: Map<string, symbol>;
  /** Not persisted: stops the clock of the handshake, which keeps the shard from hibernating. */
  stopWaiting: (() => void) | undefined;
  /** Not persisted: characters sent since the last pong; a socket that hibernates has drained. */
  unacked: number;
  /** Not persisted: what was in flight when the open ping was sent, and when that was. */
  ping: { readonly covers: number; readonly sentAt: number } | undefined;
};

/** One operation of a socket. */
export type Operation = {
  readonly id: string;
  readonly client: Client;
  readonly log: FollowedLog;
  readonly choice: LogChoice;
  readonly filter: EventFilter;
  readonly selection: Selection | undefined;
  /** As {@link SocketState} keeps it. */
  cursor: number;
  live: boolean;
  /** Not persisted: a replay of it is under way. */
  replaying: boolean;
};

/** Live operations that are sent the same payload. */
export type LiveGroup = Distinct & { readonly members: Set<Operation> };

/** A log that at least one operation follows. */
export type FollowedLog = {
  readonly key: string;
  readonly address: LogAddress;
  readonly operations: Set<Operation>;
  readonly live: Map<string, LiveGroup>;
  /** Not persisted: when its last frames were sent, in epoch milliseconds. */
  sentAt: number;
  /** Not persisted: when it last pushed or answered an attach; 0 after an eviction, so that the next watch asks it. */
  heardAt: number;
  /** Not persisted: an attach is under way. */
  attaching: boolean;
};

/** What its payloads follow from. */
export const distinctOf = ({ client, filter, selection }: Operation): Distinct => ({ protocol: client.protocol, filter, selection });

/** Puts a live operation among those of its distinct operation. */
export function joinLive(operation: Operation): void {
  const { log } = operation;
  const distinct = distinctOf(operation);
  const key = distinctKey(distinct);
  let group = log.live.get(key);
  if (group === undefined) {
    group = { ...distinct, members: new Set() };
    log.live.set(key, group);
  }
  group.members.add(operation);
}

/** Takes an operation off its log. */
export function leaveLog(operation: Operation): void {
  const { log } = operation;
  log.operations.delete(operation);
  const key = distinctKey(distinctOf(operation));
  const group = log.live.get(key);
  group?.members.delete(operation);
  if (group?.members.size === 0) log.live.delete(key);
}

/** Live operations of a log. */
export function liveCount(log: FollowedLog): number {
  let count = 0;
  for (const { members } of log.live.values()) count += members.size;
  return count;
}

/** What a socket keeps. */
export function stateOf(client: Client): SocketState {
  return {
    version: 2,
    protocol: client.protocol.name,
    principal: client.principal,
    connectionId: client.connectionId,
    settled: client.stage === "ready" && client.locating.size === 0,
    operations: [...client.operations.values()].map(({ id, choice, filter, selection, cursor, live }) => ({
      id,
      log: choice,
      ...filter,
      ...(selection === undefined ? {} : { selection: selection.key }),
      cursor,
      live,
    })),
  };
}
