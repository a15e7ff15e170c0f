/** The logs of an org as a shard calls them. */
import type { Result } from "@factory/schemas";
import { assemblyLogOf, sessionLogOf } from "@factory/schemas/rpc";
import type { LogAddress, LogTip, ReadableLogRpc, SinkAddress } from "@factory/schemas/rpc";
import { EventBatch } from "./event-batch.ts";
import type { ReplayPage } from "./shared-reads.ts";
import type { ShardLogs } from "./subscriber-shard.ts";
import { REPLAY_PAGE_EVENTS } from "./subscription-limits.ts";

/** Binds the calls to the object stubs; `sink` is the shard. */
export function shardLogs(env: Pick<Env, "SESSION_LOGS" | "DB">, sink: SinkAddress): ShardLogs {
  return {
    read: (log, after) => readPage(env, log, after),
    attach: (log, after) => attach(logOf(env, log), sink, after),
    detach: (log) => logOf(env, log).detach(sink),
    assemblyExists: async (assemblyId) =>
      (await env.DB.prepare("SELECT 1 FROM sessions WHERE org = ? AND assembly = ? LIMIT 1").bind(sink.org, assemblyId).first()) !== null,
    sessionOfRun: (runId) =>
      env.DB.prepare("SELECT session_id FROM session_views WHERE org = ? AND run_id = ?").bind(sink.org, runId).first<string>("session_id"),
  };
}

function logOf(env: Pick<Env, "SESSION_LOGS">, log: LogAddress): ReadableLogRpc {
  return log.kind === "session" ? sessionLogOf(env, log.org, log.sessionId) : assemblyLogOf(env, log.org, log.assemblyId);
}

async function attach(log: ReadableLogRpc, sink: SinkAddress, after: number): Promise<Result<{ tip: LogTip }>> {
  return log.attach(sink, after);
}

async function readPage(env: Pick<Env, "SESSION_LOGS">, log: LogAddress, after: number): Promise<ReplayPage> {
  const { events, tip } =
    log.kind === "session"
      ? await sessionLogOf(env, log.org, log.sessionId).read(after, REPLAY_PAGE_EVENTS)
      : await assemblyLogOf(env, log.org, log.assemblyId).readWrites(after, REPLAY_PAGE_EVENTS);
  const lines = events.map((event) => JSON.stringify(event));
  return { batch: new EventBatch(after, events.at(-1)?.seq ?? after, lines), tip };
}
