/**
 * `pnpm bench:operative [-- --beads 40]`: what a bead costs outside of its coordinator, printed apart for the operative, the
 * org's knowing-state, the assembly's lineage, the files it brings and the snapshots it finds: commits (each is a flush), rows,
 * statements and calls, with one slot and with four, on Miniflare itself. The attempts are real; the offline model writes a one-line function, checks pass at once, and the coordinator only
 * hands out and takes back. Prints one JSON object with medians of three runs; the counts do not depend on the machine.
 */
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { diskFlushes } from "../lib/disk-flushes.ts";
import { commitsBetween, sampleWal, type WalSample } from "./wal-commits.ts";
import type { BeadsCost, ObjectCount } from "../../workers/pipeline/src/operative/testing/cost.ts";
import { benchWorker, sqlite } from "./bench-worker.ts";

const ROUNDS = 3;
const WARM_UP = 8;
const DEFAULT_BEADS = 40;
const SLOTS = [1, 4] as const;
const WORKER = "operative-bench";
/** Beads of one request: few enough for SQLite to begin no log anew within most of them. */
const PORTION = 10;

/** What is printed apart, with the folder of its databases in the state. */
const PARTS = {
  operative: `do/${WORKER}-OperativeDO`,
  knowingState: `do/${WORKER}-BeadGraphDO`,
  lineage: `do/${WORKER}-ArtifactGraphDO`,
  blobs: "r2/miniflare-R2BucketObject",
  snapshots: "kv/miniflare-KVNamespaceObject",
} as const;
type Part = keyof typeof PARTS;
const PART_NAMES = ["operative", "knowingState", "lineage", "blobs", "snapshots"] as const satisfies readonly Part[];

type PerBead = { readonly [figure: string]: number | null };
type Figures = {
  readonly msPerBead: number;
  readonly modelMsPerBead: number;
  readonly checkMsPerBead: number;
  readonly toolCallsPerBead: number;
  readonly modelCallsPerBead: number;
  readonly exchangesPerBead: number;
  /** Commits, and so flushes, of all parts together. */
  readonly commitsPerBead: number | null;
  /** Flushes of the disk, counted by the kernel: of every part, of files, and of whatever else wrote meanwhile. */
  readonly flushesPerBead: number | null;
} & { readonly [part in Part]: PerBead };

/** A portion of a run, with what was committed meanwhile; null where a log was begun anew. */
type Portion = { readonly cost: BeadsCost; readonly flushes: number | null; readonly commits: { readonly [part in Part]: number | null } };

const round = (value: number): number => Number(value.toFixed(2));
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The mean of a bead over the portions in which it is known. */
function mean(portions: readonly Portion[], read: (portion: Portion) => number | null): number | null {
  const known = portions.flatMap((portion) => {
    const value = read(portion);
    return value === null ? [] : [{ value, beads: portion.cost.beads }];
  });
  return known.length === 0 ? null : round(sum(known.map(({ value }) => value)) / sum(known.map(({ beads }) => beads)));
}

function partOf(portions: readonly Portion[], part: Part, read?: (cost: BeadsCost) => ObjectCount): PerBead {
  const commits = mean(portions, (portion) => portion.commits[part]);
  if (read === undefined) return { commits };
  const methods = new Set(portions.flatMap(({ cost }) => Object.keys(read(cost).calls)));
  return {
    commits,
    rowsRead: mean(portions, ({ cost }) => read(cost).read),
    rowsWritten: mean(portions, ({ cost }) => read(cost).written),
    statements: mean(portions, ({ cost }) => read(cost).statements),
    alarms: mean(portions, ({ cost }) => read(cost).alarms),
    ...Object.fromEntries([...methods].map((method) => [`calls.${method}`, mean(portions, ({ cost }) => read(cost).calls[method] ?? 0)])),
  };
}

async function start(state: string): Promise<Miniflare> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      cf: false,
      telemetry: { enabled: false },
      resourcePersistencePath: state,
      // What the objects log of each bead is no result; what fails fails the benchmark.
      handleStructuredLogs: () => undefined,
      workers: [
        {
          name: WORKER,
          ...(await benchWorker("workers/pipeline/src/operative/testing/operative-bench.worker.ts", state)),
          durableObjects: {
            OPERATIVES: sqlite("OperativeDO"),
            COORDINATORS: sqlite("ProbeCoordinatorDO"),
            ARTIFACT_GRAPHS: sqlite("ArtifactGraphDO"),
            BEAD_GRAPHS: sqlite("BeadGraphDO"),
          },
          r2Buckets: ["BLOBS"],
          kvNamespaces: ["KNOWING_STATE"],
          serviceBindings: { SANDBOX: WORKER },
          bindings: { FACTORY_MODELS: "", MODEL_BASE_URL: "", MODEL_API_KEY: "" },
        },
      ],
    }),
  );
  await miniflare.ready;
  return miniflare;
}

/** One portion in one request. */
async function work(
  miniflare: Miniflare,
  state: string,
  ask: { readonly name: string; readonly slots: number; readonly done: number; readonly beads: number },
): Promise<Portion> {
  const sample = () => ({ flushes: diskFlushes(state), logs: new Map(PART_NAMES.map((part) => [part, walOf(state, part)])) });
  const before = sample();
  const response = await miniflare.dispatchFetch("http://bench/", { method: "POST", body: JSON.stringify(ask) });
  if (!response.ok) throw new Error(await response.text());
  const cost = (await response.json()) as BeadsCost;
  const after = sample();
  const between = (part: Part): number | null => commitsBetween(before.logs.get(part) ?? new Map(), after.logs.get(part) ?? new Map());
  return {
    cost,
    flushes: before.flushes === null || after.flushes === null ? null : after.flushes - before.flushes,
    commits: {
      operative: between("operative"),
      knowingState: between("knowingState"),
      lineage: between("lineage"),
      blobs: between("blobs"),
      snapshots: between("snapshots"),
    },
  };
}

/** A part that has kept nothing yet has no folder. */
function walOf(state: string, part: Part): WalSample {
  const folder = join(state, PARTS[part]);
  return existsSync(folder) ? sampleWal(folder) : new Map();
}

async function measure(miniflare: Miniflare, state: string, slots: number, beads: number, at: number): Promise<Figures> {
  const name = `org-${slots}-${at}`;
  await work(miniflare, state, { name, slots, done: 0, beads: WARM_UP });
  const portions: Portion[] = [];
  for (let done = 0; done < beads; done += PORTION) {
    portions.push(await work(miniflare, state, { name, slots, done: WARM_UP + done, beads: Math.min(PORTION, beads - done) }));
  }
  const perBead = (read: (cost: BeadsCost) => number): number => round(sum(portions.map(({ cost }) => read(cost))) / beads);
  return {
    msPerBead: perBead(({ wallMs }) => wallMs),
    modelMsPerBead: perBead(({ modelMs }) => modelMs),
    checkMsPerBead: perBead(({ checkMs }) => checkMs),
    toolCallsPerBead: perBead(({ toolCalls }) => toolCalls),
    modelCallsPerBead: perBead(({ modelCalls }) => modelCalls),
    exchangesPerBead: perBead(({ exchanges }) => exchanges),
    commitsPerBead: mean(portions, ({ commits }) => {
      const all = PART_NAMES.map((part) => commits[part]);
      return all.includes(null) ? null : sum(all.map((count) => count ?? 0));
    }),
    flushesPerBead: mean(portions, ({ flushes }) => flushes),
    operative: partOf(portions, "operative", ({ operatives }) => operatives),
    knowingState: partOf(portions, "knowingState", (cost) => cost.knowingState),
    lineage: partOf(portions, "lineage", (cost) => cost.lineage),
    blobs: partOf(portions, "blobs"),
    snapshots: partOf(portions, "snapshots"),
  };
}

/** The run whose time is the middle one. */
function middle(runs: readonly Figures[]): Figures {
  const sorted = runs.toSorted((a, b) => a.msPerBead - b.msPerBead);
  const found = sorted[Math.floor(sorted.length / 2)];
  if (found === undefined) throw new Error("Nothing was measured.");
  return found;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: { beads: { type: "string" }, rounds: { type: "string" } },
  });
  const beads = Number(values.beads ?? DEFAULT_BEADS);
  const rounds = Number(values.rounds ?? ROUNDS);
  const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
  const miniflare = await start(state);
  try {
    const ways: { [way: string]: Figures } = {};
    for (const slots of SLOTS) {
      const runs: Figures[] = [];
      for (let at = 0; at < rounds; at++) runs.push(await measure(miniflare, state, slots, beads, at));
      ways[slots === 1 ? "oneSlot" : `slots${slots}`] = middle(runs);
    }
    console.log(JSON.stringify({ bench: "operative", node: process.version, beads, ...ways }, null, 2));
  } finally {
    await miniflare.dispose();
    rmSync(state, { recursive: true, force: true });
  }
}

await main();
