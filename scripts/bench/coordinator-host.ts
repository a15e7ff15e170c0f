/** Starts the Worker that the coordinator's benchmarks measure on Miniflare itself, and reads what the disk was asked for. */
import { Miniflare, convertV4MiniflareOptions, type V4WorkerOptions } from "miniflare";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFlushes } from "../lib/disk-flushes.ts";
import { buildWorker, miniflareWorker } from "../platform/build.ts";
import { benchWorker, COMPATIBILITY_DATE, sqlite } from "./bench-worker.ts";

/** What is measured: what storage is asked for, or time. A storage that is counted is slower. */
export type Measure = "rows" | "time";

/** Which log events go to: one that keeps nothing, so that every flush is the coordinator's, or the deployed one. */
export type LogKind = "silent" | "real";

/** Whether beads are checked as they are deployed, or pass without a check and without a record of one. */
export type Checks = "checked" | "unchecked";

const WORKER = "coordinator-bench";
const ROOM = "workers/pipeline/src";
const UNCHECKED = new Map(["evidence", "verification"].map((module) => [`${ROOM}/coordinator/${module}.ts`, `${ROOM}/testing/unchecked.ts`]));

/** The platform of one benchmark, with empty state. */
export class CoordinatorHost {
  readonly #miniflare: Miniflare;
  readonly #state: string;
  /** Which log is bound. */
  readonly log: LogKind;

  private constructor(miniflare: Miniflare, state: string, log: LogKind) {
    this.#miniflare = miniflare;
    this.#state = state;
    this.log = log;
  }

  static async start(log: LogKind, measure: Measure, checks: Checks = "checked"): Promise<CoordinatorHost> {
    const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
    const workers = [await coordinatorWorker(state, log, measure, checks), ...(log === "real" ? [await logWorker(), subscribersWorker()] : [])];
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: "127.0.0.1",
        cf: false,
        telemetry: { enabled: false },
        resourcePersistencePath: state,
        // What is printed is the result alone.
        handleStructuredLogs: ({ message }) => void process.stderr.write(`${message}\n`),
        workers,
      }),
    );
    await miniflare.ready;
    return new CoordinatorHost(miniflare, state, log);
  }

  /** One request to the benchmark's Worker. */
  async call<T>(ask: object): Promise<T> {
    const response = await this.#miniflare.dispatchFetch("http://bench/", { method: "POST", body: JSON.stringify(ask) });
    if (!response.ok) throw new Error(`${JSON.stringify(ask)}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Flushes of the disk that holds the state since it was started; null where the system does not count them. */
  flushes(): number | null {
    return diskFlushes(this.#state);
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
    rmSync(this.#state, { recursive: true, force: true });
  }
}

async function coordinatorWorker(state: string, log: LogKind, measure: Measure, checks: Checks): Promise<V4WorkerOptions> {
  return {
    name: WORKER,
    ...(await benchWorker(`${ROOM}/testing/coordinator-bench.worker.ts`, state, checks === "unchecked" ? UNCHECKED : new Map())),
    durableObjects: {
      COORDINATORS: sqlite(measure === "rows" ? "CountedCoordinator" : "BenchCoordinator"),
      CAPACITIES: sqlite("CapacityDO"),
      SESSIONS: sqlite("SilentSession"),
      SESSION_LOGS: log === "silent" ? sqlite("SilentLog") : { ...sqlite("SubscriptionBufferDO"), scriptName: "factory-stream" },
    },
    r2Buckets: ["BLOBS"],
    queueProducers: { ATOMS: "atoms" },
    bindings: { ORG_SLOTS: "64" },
    // Every check of these runs is decided by the coordinator itself.
    serviceBindings: { SANDBOX: () => new Response("No check needs a sandbox here.", { status: 500 }) },
  };
}

async function logWorker(): Promise<V4WorkerOptions> {
  return miniflareWorker(await buildWorker("stream"));
}

/** Whom the log would push to; nobody listens in these runs. */
function subscribersWorker(): V4WorkerOptions {
  return {
    name: "factory-graphql",
    compatibilityDate: COMPATIBILITY_DATE,
    modules: true,
    durableObjects: { SUBSCRIBERS: { className: "SubscriberDO", useSQLite: true } },
    script: `import { DurableObject } from "cloudflare:workers"; export class SubscriberDO extends DurableObject {} export default { fetch: () => new Response() };`,
  };
}

/** The middle of three or any odd number of values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
