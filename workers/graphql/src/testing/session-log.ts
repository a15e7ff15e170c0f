/** A session's log in workerd, as the double of `log-double.mjs` keeps it. */
import { env } from "cloudflare:workers";
import { objectName, sessionIdOf } from "@factory/schemas";
import type { LogAddress, LogBatch } from "@factory/schemas/rpc";

/** What the double offers tests beside the contract. */
export type LogDouble = {
  put(kinds: readonly string[]): Promise<number>;
  state(): Promise<{ readonly sinks: { readonly [shard: string]: number }; readonly reads: number }>;
  batchFor(log: LogAddress, shard: number): Promise<LogBatch | null>;
  pushed(shard: number, answer: { readonly keep: boolean; readonly lastSeq: number }): Promise<void>;
};

/** Seqs strictly after `after` up to `last`. */
export const range = (after: number, last: number): number[] => Array.from({ length: last - after }, (_, index) => after + 1 + index);
/** Kinds of so many events. */
export const kinds = (count: number): string[] => Array.from({ length: count }, () => "COMPILATION_STARTED");
/** A shard. */
export const stubOf = (org: string, shard: number) => env.SUBSCRIBERS.getByName(objectName.subscribers(org, shard));

/** A session with its log, in an org of its own. */
export function aSession(org: string, envelope = "envelope-1") {
  const sessionId = sessionIdOf(org, "WO-1", envelope);
  const address: LogAddress = { kind: "session", org, sessionId };
  // The object is the double of `testing/log-double.mjs`.
  const log = env.SESSION_LOGS.getByName(objectName.sessionLog(org, sessionId)) as unknown as LogDouble;
  /** The log's push to one shard, with its answer. */
  const push = async (shard: number): Promise<void> => {
    const batch = await log.batchFor(address, shard);
    if (batch !== null) await log.pushed(shard, await stubOf(org, shard).push(batch));
  };
  return { org, sessionId, address, log, push };
}
