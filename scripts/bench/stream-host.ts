/** The servers that `pnpm bench:stream` measures: the real log and shards on Miniflare itself, and the peer in a Node process. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Miniflare, convertV4MiniflareOptions, type V4WorkerOptions } from "miniflare";
import { diskFlushes } from "../lib/disk-flushes.ts";
import { agentDoubles } from "../../workers/graphql/src/testing/neighbours.ts";
import { buildWorker, miniflareWorker } from "../platform/build.ts";
import { benchWorker } from "./bench-worker.ts";

/** A server under load. */
export type MeasuredServer = {
  readonly url: string;
  /** Flushes of its disk so far; null for one that keeps nothing or where they are not counted. */
  flushes(): number | null;
  stop(): Promise<void>;
};

/** The log and the shards as they are deployed, behind a door that stands for the gateway. The read model's consumer is left out: it is measured by nothing here. */
export async function startFactory(): Promise<MeasuredServer> {
  const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
  const stream = miniflareWorker(await buildWorker("stream"));
  const graphql = { ...miniflareWorker(await buildWorker("graphql")), queueConsumers: {} };
  // Bound by the graphql Worker for its queries, as runs and sessions are; nothing here asks them.
  const graph = miniflareWorker(await buildWorker("graph"));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      telemetry: { enabled: false },
      resourcePersistencePath: state,
      // What the Workers log is written by another thread; nothing of it is measured.
      handleStructuredLogs: ({ level, message }) => void (level === "error" && process.stderr.write(`${message}\n`)),
      workers: [await doorWorker(state), stream, graphql, graph, ...agentDoubles()],
    }),
  );
  const url = await miniflare.ready;
  return {
    url: url.origin,
    flushes: () => diskFlushes(state),
    stop: async () => {
      await miniflare.dispose();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

async function doorWorker(directory: string): Promise<V4WorkerOptions & { readonly name: string }> {
  return {
    name: "stream-bench",
    ...(await benchWorker("workers/graphql/src/testing/stream-bench.worker.ts", directory)),
    durableObjects: { SESSION_LOGS: { className: "SubscriptionBufferDO", scriptName: "factory-stream", useSQLite: true } },
    serviceBindings: { GRAPHQL: "factory-graphql" },
  };
}

/** `graphql-ws` on Node. */
export async function startPeer(): Promise<MeasuredServer> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("stream-peer.ts", import.meta.url))], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { readonly url: string };
    return {
      url,
      flushes: () => null,
      stop: async () => {
        child.stdin.end();
        await exited;
      },
    };
  }
  throw new Error("The peer ended before it took connections.");
}
