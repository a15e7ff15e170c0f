/**
 * `pnpm bench:orchestration [-- --beads 2000]`: beads a second through the coordinator and the log that are deployed, beside
 * durable steps a second of Cloudflare Workflows' local engine in the same run, alternately, three times each, on
 * Miniflare itself. A bead is READY -> claimed -> outcome -> dependants released -> events in the log; the model, the
 * sandbox, the knowing-state and the artifact graph are left out, as a trivial step leaves them out too. It is measured
 * twice: with its check and everything that is recorded of it, and without, as the goal has it. Prints one JSON object, and
 * exits 1 when beads without checks, at one a call, are not as many times as fast as the project has set itself.
 */
import { Miniflare, convertV4MiniflareOptions, type V4WorkerOptions } from "miniflare";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CoordinatorHost, median, round } from "./coordinator-host.ts";

const DEFAULT_BEADS = 2_000;
const ROUNDS = 3;
const AT_ONCE = 20;
const STEPS = 10;
const WORKFLOWS = 60;
const WIDTH = 400;
/** Beads or steps a second against Workflows: the goal the project has set itself. */
const GOAL = 12;
/** What is in the time of one bead, and what is not. */
const UNIT = {
  unchecked: [
    "a call that brings the outcome and claims the next bead",
    "its change set of one file written into the run tree",
    "release of the dependants",
    "four events hashed into the session's log: claimed, executed, released, and what it released; one carried on to the assembly's log",
  ],
  checkedBeside: [
    "merge of the change set by its base, one required check that the coordinator decides itself, and its row",
    "the trace, the verification report and the outcome bead, with their content ids",
    "three further events: trace, report, and what was verified; two of them carried on to the assembly's log",
  ],
  leftOut: ["model", "sandbox", "knowing-state", "artifact graph"],
  goalIsOn: "beads without checks, one a call",
} as const;

type Worked = { readonly beads: number; readonly loggedMs: number; readonly events: number };

/** A workflow of trivial steps; its end is told to an object, which is quicker than asking for its status. */
const WORKFLOW_WORKER = `
import { DurableObject, WorkflowEntrypoint } from "cloudflare:workers";
export class Flow extends WorkflowEntrypoint {
  async run(event, step) {
    for (let index = 0; index < ${STEPS}; index++) await step.do("step " + index, async () => index);
    await this.env.ENDS.getByName("ends").ended(event.payload.id);
  }
}
export class Ends extends DurableObject {
  #waiting = new Map();
  #ended = new Set();
  async ended(id) { this.#ended.add(id); this.#waiting.get(id)?.(); }
  async end(id) {
    if (this.#ended.has(id)) return;
    await new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
export default {
  async fetch(request, env) {
    const { name, count, atOnce } = await request.json();
    const ends = env.ENDS.getByName("ends");
    let next = 0;
    const started = Date.now();
    const lane = async () => {
      while (next < count) {
        const id = name + "-" + next++;
        await env.FLOW.create({ id, params: { id } });
        await ends.end(id);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    return Response.json(Date.now() - started);
  },
};`;

class WorkflowsHost {
  readonly #miniflare: Miniflare;
  readonly #state: string;

  private constructor(miniflare: Miniflare, state: string) {
    this.#miniflare = miniflare;
    this.#state = state;
  }

  static async start(): Promise<WorkflowsHost> {
    const state = mkdtempSync(join(tmpdir(), "factory-bench-"));
    const worker = {
      name: "workflows-bench",
      compatibilityDate: "2026-08-04",
      modulesRoot: state,
      modules: [{ type: "ESModule", path: join(state, "workflows.js"), contents: WORKFLOW_WORKER }],
      durableObjects: { ENDS: { className: "Ends", useSQLite: true } },
      workflows: { FLOW: { name: "flow", className: "Flow" } },
    } as V4WorkerOptions;
    const miniflare = new Miniflare(
      convertV4MiniflareOptions({ host: "127.0.0.1", cf: false, telemetry: { enabled: false }, resourcePersistencePath: state, workers: [worker] }),
    );
    await miniflare.ready;
    return new WorkflowsHost(miniflare, state);
  }

  /** Steps a second of that many workflows. */
  async stepsPerSecond(name: string, count: number): Promise<number> {
    const response = await this.#miniflare.dispatchFetch("http://bench/", { method: "POST", body: JSON.stringify({ name, count, atOnce: AT_ONCE }) });
    if (!response.ok) throw new Error(await response.text());
    return (count * STEPS * 1_000) / ((await response.json()) as number);
  }

  async stop(): Promise<void> {
    await this.#miniflare.dispose();
    rmSync(this.#state, { recursive: true, force: true });
  }
}

async function beadsPerSecond(host: CoordinatorHost, name: string, beads: number, batch: number): Promise<number> {
  await host.call({ op: "seed", name, beads, width: Math.min(WIDTH, Math.floor(beads / 2)), slots: AT_ONCE });
  // The last is left, so that no verdict on the whole tree falls into the time.
  const worked = await host.call<Worked>({ op: "work", name, slots: AT_ONCE, batch, leave: 1, silentLog: false });
  await host.call({ op: "work", name, slots: 1, batch: 1, leave: 0, silentLog: false });
  return (worked.beads * 1_000) / worked.loggedMs;
}

type Way = { readonly host: CoordinatorHost; readonly batch: number; readonly runs: number[] };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { beads: { type: "string" } } });
  const beads = values.beads === undefined ? DEFAULT_BEADS : Number(values.beads);
  if (!Number.isSafeInteger(beads) || beads < 100) throw new Error("--beads takes a whole number from 100 on.");
  const workflows = await WorkflowsHost.start();
  const hosts = [await CoordinatorHost.start("real", "time"), await CoordinatorHost.start("real", "time", "unchecked")] as const;
  const [checked, checkedTen, unchecked, uncheckedTen] = hosts.flatMap((host): [Way, Way] => [
    { host, batch: 1, runs: [] },
    { host, batch: 10, runs: [] },
  ]) as [Way, Way, Way, Way];
  const steps: number[] = [];
  try {
    await workflows.stepsPerSecond("warm", AT_ONCE);
    for (const host of hosts) await beadsPerSecond(host, "warm", Math.min(beads, 200), 1);
    for (let index = 0; index < ROUNDS; index++) {
      steps.push(await workflows.stepsPerSecond(`run${index}`, WORKFLOWS));
      for (const { host, batch, runs } of [checked, checkedTen, unchecked, uncheckedTen])
        runs.push(await beadsPerSecond(host, `batch${batch}-${index}`, beads, batch));
    }
  } finally {
    for (const host of hosts) await host.stop();
    await workflows.stop();
  }
  const figures = (runs: readonly number[]) => ({ median: round(median(runs), 0), runs: runs.map((figure) => round(figure, 0)) });
  const measured = ({ runs }: Way) => ({ ...figures(runs), ratio: round(median(runs) / median(steps)) });
  const { ratio } = measured(unchecked);
  console.log(
    JSON.stringify(
      {
        bench: "orchestration",
        node: process.version,
        beads,
        atOnce: AT_ONCE,
        unit: UNIT,
        workflowStepsPerSecond: figures(steps),
        beadsPerSecond: {
          unchecked: measured(unchecked),
          uncheckedTenACall: measured(uncheckedTen),
          checked: measured(checked),
          checkedTenACall: measured(checkedTen),
        },
        ratio,
        goal: GOAL,
      },
      null,
      2,
    ),
  );
  if (ratio < GOAL) process.exitCode = 1;
}

await main();
