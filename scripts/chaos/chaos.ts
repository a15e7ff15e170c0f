/**
 * `pnpm chaos`: an order on the real local platform while its processes are killed, its queues, stores, alarms and models
 * misbehave and its clients come and go; then what must hold is checked.
 */
import { parseArgs } from "node:util";
import { MIN_BEADS, runChaos, type ChaosReport } from "./run.ts";

const HELP = `Usage: pnpm chaos [--seed N] [--beads N] [--kills N] [--json] [--verbose] [--keep]

Runs one order twice on the local platform: undisturbed, then through a storm of faults,
and checks that nothing was lost and nothing happened twice.

  --seed N     decides every fault; printed first and last (default: a new one)
  --beads N    most beads of the run, ${MIN_BEADS} or more (default: 50)
  --kills N    times the whole process group gets SIGKILL (default: 20)
  --json       print the report as one JSON object on standard output
  --verbose    print a line for each fault
  --keep       leave the state folder of the storm where it is
  --help       print this

A seed replays the decisions: at which places of the log the driver kills or stops the
platform, what happens to the n-th call of each binding and of the model, and when each
client goes away. What it cannot replay is timing: which piece of work makes the n-th
call, and how far each piece has come when a kill hits it.

Exit codes: 0 everything held, 1 something did not, 2 wrong usage.`;

const DEFAULTS = { beads: 50, kills: 20 } as const;
/** Seeds are 31 bits: easy to read, to type and to pass on. */
const SEEDS = 2 ** 31;

function wholeNumber(name: string, text: string | undefined, least: number, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isSafeInteger(value) || value < least) throw new RangeError(`--${name} must be a whole number from ${least} on, not ${JSON.stringify(text)}.`);
  return value;
}

/** The command line, or undefined when only the help is wanted. @throws TypeError, RangeError for wrong usage */
function readArguments(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      beads: { type: "string" },
      kills: { type: "string" },
      json: { type: "boolean", default: false },
      verbose: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    seed: wholeNumber("seed", values.seed, 0, Math.floor(Math.random() * SEEDS)),
    beads: wholeNumber("beads", values.beads, MIN_BEADS, DEFAULTS.beads),
    kills: wholeNumber("kills", values.kills, 0, DEFAULTS.kills),
    json: values.json,
    verbose: values.verbose,
    keep: values.keep,
  };
}

const say = (line: string): void => {
  process.stderr.write(`chaos: ${line}\n`);
};

function tell({ events, durationMs, faults, checks, kept }: ChaosReport): void {
  for (const { name, ok, evidence } of checks) say(`${ok ? "ok  " : "FAIL"} ${name}: ${evidence}`);
  const total = Object.values(faults).reduce((sum, count) => sum + count, 0);
  say(`${total} faults over ${events} events in ${Math.round(durationMs / 1000)} s; ${checks.filter(({ ok }) => ok).length} of ${checks.length} checks hold`);
  for (const folder of kept) say(`state kept in ${folder}`);
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments(process.argv.slice(2));
  } catch (err) {
    say(err instanceof Error ? err.message : String(err));
    console.error(HELP);
    return 2;
  }
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const { seed, json } = options;
  say(`seed ${seed}`);
  try {
    const report = await runChaos({ ...options, say });
    tell(report);
    if (json) console.log(JSON.stringify(report, null, 2));
    return report.checks.every(({ ok }) => ok) ? 0 : 1;
  } catch (err) {
    const error = err instanceof Error ? `${err.name}: ${err.message}` : String(err);
    say(error);
    if (json) console.log(JSON.stringify({ seed, beads: options.beads, kills: options.kills, error }, null, 2));
    return 1;
  } finally {
    say(`seed ${seed}: replay with pnpm chaos --seed ${seed} --beads ${options.beads} --kills ${options.kills}`);
  }
}

// An exit takes the pipes of every platform with it, and with them their processes.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));
process.exitCode = await main();
