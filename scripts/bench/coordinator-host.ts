/** Starts the Worker that the coordinator's benchmarks measure on Miniflare itself, and reads what the disk was asked for. */
import { build } from "esbuild";
import { Miniflare, convertV4MiniflareOptions, type V4WorkerOptions } from "miniflare";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "../lib/repository.ts";
import { buildWorker, miniflareWorker } from "../platform/build.ts";

/** What is measured: what storage is asked for, or time. A storage that is counted is slower. */
export type Measure = "rows" | "time";

/** Which log events go to: one that keeps nothing, so that every flush is the coordinator's, or the deployed one. */
export type LogKind = "silent" | "real";

const COMPATIBILITY_DATE = "2026-08-04";
const WORKER = "coordinator-bench";

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

  static async start(log: LogKind, measure: Measure): Promise<CoordinatorHost> {
    const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
    const workers = [await benchWorker(state, log, measure), ...(log === "real" ? [await logWorker(), subscribersWorker()] : [])];
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

async function benchWorker(state: string, log: LogKind, measure: Measure): Promise<V4WorkerOptions> {
  const bundle = await build({
    entryPoints: [join(REPOSITORY, "workers/pipeline/src/testing/coordinator-bench.worker.ts")],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "import"],
    external: ["cloudflare:*", "node:*"],
  });
  const contents = bundle.outputFiles[0]?.text;
  if (contents === undefined) throw new Error("The bundle is empty.");
  const sqlite = (className: string) => ({ className, useSQLite: true });
  return {
    name: WORKER,
    compatibilityDate: COMPATIBILITY_DATE,
    modulesRoot: state,
    modules: [{ type: "ESModule", path: join(state, "bench.js"), contents }],
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

/** Column of completed flushes in `/proc/diskstats`. */
const FLUSHES_COLUMN = 18;

function diskFlushes(directory: string): number | null {
  try {
    const { dev } = statSync(directory);
    // The upper bits hold the major number: https://man7.org/linux/man-pages/man3/makedev.3.html
    const device = `${(dev >> 8) & 0xfff} ${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
    const line = readFileSync("/proc/diskstats", "utf8")
      .split("\n")
      .map((text) => text.trim().split(/\s+/))
      .find(([major, minor]) => `${major} ${minor}` === device);
    const count = Number(line?.[FLUSHES_COLUMN]);
    return Number.isFinite(count) ? count : null;
  } catch {
    // No such file on this system: the figure is left out rather than guessed.
    return null;
  }
}

/** The middle of three or any odd number of values. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
