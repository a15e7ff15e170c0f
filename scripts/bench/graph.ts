/**
 * `pnpm bench:graph [-- --sizes 1000,10000]`: append, head resolution, knowing-state retrieval (cold and cached) and `why` at depth 10
 * in graphs of 1 thousand to 1 million nodes, on Durable Object SQLite in workerd. Prints one JSON object; the rows a
 * call reads and writes do not depend on the machine. Exits 1 when a call costs more rows in the largest graph than the
 * depth of an index explains.
 */
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { benchWorker, sqlite } from "./bench-worker.ts";

const DEFAULT_SIZES = [1_000, 10_000, 100_000, 1_000_000];
/** Calls measured in one request, so that the way to the object weighs little. */
const CALLS = 200;
/** Retrievals of one pass: one a role, so that a cold pass finds nothing in the cache. */
const RETRIEVALS = 50;
/** Nodes or beads of one request while filling: some seconds. */
const FILL = 20_000;
const ROUNDS = 3;
/** A call may cost this many times the rows of the smallest graph: one more level of an index, not more. */
const MAX_GROWTH = 1.5;

type Ask = { readonly object: "LINEAGE" | "KNOWING" | "AGENTS"; readonly name: string; readonly method: string; readonly args: readonly unknown[] };
type Cost = { readonly calls: number; readonly read: number; readonly written: number };
type Figure = { readonly usPerCall: number; readonly rowsRead: number; readonly rowsWritten: number };
type Measures = { readonly [name: string]: Figure };

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

class Bench {
  readonly #miniflare: Miniflare;

  private constructor(miniflare: Miniflare) {
    this.#miniflare = miniflare;
  }

  static async start(stateDirectory: string): Promise<Bench> {
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({
        host: "127.0.0.1",
        cf: false,
        telemetry: { enabled: false },
        resourcePersistencePath: stateDirectory,
        workers: [
          {
            name: "graph-bench",
            ...(await benchWorker("workers/graph/src/testing/graph-bench.worker.ts", stateDirectory)),
            durableObjects: { LINEAGE: sqlite("LineageBench"), KNOWING: sqlite("KnowingBench"), AGENTS: sqlite("AgentBench") },
            kvNamespaces: ["SNAPSHOTS"],
          },
        ],
      }),
    );
    await miniflare.ready;
    return new Bench(miniflare);
  }

  async call<T>(ask: Ask): Promise<T> {
    const response = await this.#miniflare.dispatchFetch("http://bench/", { method: "POST", body: JSON.stringify(ask) });
    if (!response.ok) throw new Error(`${ask.object} ${ask.name} ${ask.method}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** One method over several calls in one request: three rounds, the median by time. `before` prepares a round and is not timed. */
  async measure(ask: Ask, before: () => Promise<unknown> = async () => undefined): Promise<Figure> {
    const rounds: Figure[] = [];
    for (let index = 0; index < ROUNDS; index++) {
      await before();
      const started = performance.now();
      const { calls, read, written } = await this.call<Cost>(ask);
      const usPerCall = ((performance.now() - started) * 1_000) / calls;
      rounds.push({ usPerCall: round(usPerCall, 1), rowsRead: round(read / calls), rowsWritten: round(written / calls) });
    }
    rounds.sort((a, b) => a.usPerCall - b.usPerCall);
    return rounds[Math.floor(ROUNDS / 2)] ?? fail(`${ask.method} was not measured.`);
  }

  async fill(object: "LINEAGE" | "KNOWING", name: string, size: number): Promise<{ readonly size: number; readonly perSecond: number }> {
    const started = performance.now();
    let filled = 0;
    while (filled < size) {
      filled = await this.call<number>({ object, name, method: "fill", args: [size, FILL] });
      process.stderr.write(`\r${name}: ${filled} of ${size}   `);
    }
    process.stderr.write("\n");
    return { size: filled, perSecond: Math.round(filled / ((performance.now() - started) / 1_000)) };
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
  }
}

type Measured = { readonly size: number; readonly filledPerSecond: number; readonly calls: Measures };

async function lineage(bench: Bench, size: number): Promise<Measured> {
  const name = `lineage-${size}`;
  const filled = await bench.fill("LINEAGE", name, size);
  const measure = (method: string): Promise<Figure> => bench.measure({ object: "LINEAGE", name, method, args: [CALLS] });
  return {
    size: filled.size,
    filledPerSecond: filled.perSecond,
    calls: {
      append: await measure("append"),
      get: await measure("get"),
      whyAtDepth10: await measure("why"),
      activeSpecification: await measure("activeSpecification"),
    },
  };
}

async function knowing(bench: Bench, size: number): Promise<Measured> {
  const name = `knowing-${size}`;
  const filled = await bench.fill("KNOWING", name, size);
  const measure = (method: string): Promise<Figure> => bench.measure({ object: "KNOWING", name, method, args: [CALLS] });
  const retrieve: Ask = { object: "AGENTS", name, method: "retrieve", args: [name, RETRIEVALS] };
  return {
    size: filled.size,
    filledPerSecond: filled.perSecond,
    calls: {
      resolveHeads: await measure("resolveHeads"),
      writeExecutionAndOutcome: await measure("write"),
      retrievalCold: await bench.measure(retrieve, () => bench.call({ object: "AGENTS", name, method: "forgetSnapshots", args: [] })),
      retrievalCached: await bench.measure(retrieve),
    },
  };
}

/** Rows of each call in the largest graph over those in the smallest. */
function growth(measured: readonly Measured[]): {
  readonly [name: string]: { readonly rowsRead: number; readonly rowsWritten: number; readonly time: number };
} {
  const [first] = measured;
  const last = measured.at(-1);
  if (first === undefined || last === undefined) return fail("Nothing was measured.");
  return Object.fromEntries(
    Object.entries(first.calls).map(([name, small]) => {
      const large = last.calls[name] ?? fail(`${name} was not measured.`);
      const ratio = (a: number, b: number): number => (b === 0 ? (a === 0 ? 1 : Number.POSITIVE_INFINITY) : round(a / b));
      return [
        name,
        {
          rowsRead: ratio(large.rowsRead, small.rowsRead),
          rowsWritten: ratio(large.rowsWritten, small.rowsWritten),
          time: ratio(large.usPerCall, small.usPerCall),
        },
      ];
    }),
  );
}

function fail(message: string): never {
  throw new Error(message);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { sizes: { type: "string" } } });
  const sizes = values.sizes === undefined ? DEFAULT_SIZES : values.sizes.split(",").map(Number);
  if (sizes.some((size) => !Number.isSafeInteger(size) || size < 1)) fail("--sizes takes whole numbers, such as 1000,10000.");
  const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
  const bench = await Bench.start(state);
  const lineages = [];
  const knowings = [];
  try {
    for (const size of sizes) lineages.push(await lineage(bench, size));
    for (const size of sizes) knowings.push(await knowing(bench, size));
  } finally {
    await bench.stop();
    rmSync(state, { recursive: true, force: true });
  }
  const grown = { artifactGraph: growth(lineages), beadGraph: growth(knowings) };
  const over = Object.values(grown).flatMap((calls) =>
    Object.entries(calls).flatMap(([name, { rowsRead, rowsWritten }]) => (rowsRead > MAX_GROWTH || rowsWritten > MAX_GROWTH ? [name] : [])),
  );
  console.log(
    JSON.stringify({ bench: "graph", node: process.version, artifactGraph: lineages, beadGraph: knowings, growth: grown, growsTooFast: over }, null, 2),
  );
  if (over.length > 0) process.exitCode = 1;
}

await main();
