/**
 * `pnpm eval:golden`: the golden set through the real gateway of a local platform, and what came of each order, its hidden
 * tests included. With FACTORY_MODELS and MODEL_BASE_URL it measures those models, without them the offline model.
 */
import { parseArgs } from "node:util";
import { onOrphaned } from "../../lib/orphan.mjs";
import { PlatformStartError } from "../../platform/spawn.ts";
import { CI_ORDERS } from "./ci-orders.ts";
import { goldenNames, readGoldenOrder } from "./golden-order.ts";
import { reportOf, textOf } from "./report.ts";
import { runGolden } from "./run-golden.ts";

const HELP = `Usage: pnpm eval:golden [--only NAME]... [--ci] [--json] [--timeout SECONDS]

Submits the orders of evals/golden/ to a local platform, two at a time, follows each to its end, and runs the hidden
tests of what is delivered. It approves nothing: an order that waits for a person ends there.

  --only NAME         an order whose name contains NAME; may be repeated
  --ci                the small set that CI runs: ${CI_ORDERS.length} orders
  --json              print the report as one JSON object on standard output
  --timeout SECONDS   the longest an order may take (default 300 offline, 1800 with a model)
  --help              print this

  FACTORY_MODELS, MODEL_BASE_URL, MODEL_API_KEY   which models work; without them the offline model does

Exit codes: 0 everything as expected; 1 an order was falsely completed, or, offline, ended otherwise than its
expected.json says, or fewer than 15 of all completed; 2 wrong usage, or the platform did not start.`;

const OFFLINE_TIMEOUT_S = 300;
const MODEL_TIMEOUT_S = 1_800;

/** The command line, or undefined when only the help is wanted. @throws TypeError, RangeError for wrong usage */
function readArguments(args: readonly string[], env: NodeJS.ProcessEnv) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      ci: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      timeout: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const offline = (env["FACTORY_MODELS"] ?? "") === "";
  const timeoutS = values.timeout === undefined ? (offline ? OFFLINE_TIMEOUT_S : MODEL_TIMEOUT_S) : Number(values.timeout);
  if (!(timeoutS > 0)) throw new RangeError(`--timeout is a number of seconds, not ${JSON.stringify(values.timeout)}.`);
  const all = goldenNames();
  const names = all.filter((name) => (!values.ci || CI_ORDERS.includes(name)) && (values.only.length === 0 || values.only.some((part) => name.includes(part))));
  if (names.length === 0) throw new RangeError(`No order's name contains ${values.only.join(" or ")}. There are: ${all.join(", ")}.`);
  return { names, whole: names.length === all.length, offline, json: values.json, timeoutMs: timeoutS * 1_000 };
}

const say = (line: string): void => {
  process.stderr.write(`golden: ${line}\n`);
};

async function main(): Promise<number> {
  let options: ReturnType<typeof readArguments>;
  try {
    options = readArguments(process.argv.slice(2), process.env);
  } catch (err) {
    say(err instanceof Error ? err.message : String(err));
    console.error(HELP);
    return 2;
  }
  if (options === undefined) {
    console.log(HELP);
    return 0;
  }
  const { names, whole, offline, json, timeoutMs } = options;
  const orders = names.map((name) => readGoldenOrder(name));
  const started = performance.now();
  const results = await runGolden(orders, { timeoutMs, say });
  const report = reportOf(results, { orders, offline, whole, durationMs: performance.now() - started });
  console.log(json ? JSON.stringify(report, null, 2) : textOf(report));
  return report.failures.length === 0 ? 0 : 1;
}

onOrphaned(() => process.exit(1));
try {
  process.exitCode = await main();
} catch (err) {
  if (!(err instanceof PlatformStartError)) throw err;
  say(err.message);
  process.exitCode = 2;
}
