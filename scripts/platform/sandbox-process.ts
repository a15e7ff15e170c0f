/**
 * One sandbox process: workerd with the built sandbox Worker, behind a loopback port, in a process group of its own. It prints
 * one JSON line when it takes calls. It ends, and ends workerd, when its standard input closes (also when its parent was
 * killed) and when workerd is gone.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import type { BuiltWorker } from "./build.ts";

/** What the process prints when it takes calls. */
export type SandboxReady = { readonly url: string; readonly workerd: number };

/** How often the process looks whether workerd lives, in milliseconds. */
const WATCH_INTERVAL_MS = 50;
/** Time to pass on what a dead workerd has printed, in milliseconds. */
const LAST_WORDS_MS = 200;
/** Time that workerd has to be gone, in milliseconds; then the process group is killed. */
const END_PATIENCE_MS = 1_000;

const { directory, entry, options } = JSON.parse(process.argv[2] ?? "{}") as BuiltWorker;

let miniflare: Miniflare | undefined;
let ending = false;

/** Ends workerd, then this process; its parent is alive to hear of both, or nobody is. */
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.kill(-process.pid, "SIGKILL"), END_PATIENCE_MS);
  await miniflare?.dispose();
  process.exit(0);
}

process.stdin.on("end", () => void end());
process.stdin.on("close", () => void end());
process.stdin.resume();

/** Process id of the workerd that this process started. */
function findWorkerd(): number {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" }).split("\n");
  for (const line of lines) {
    const [pid, parent, ...command] = line.trim().split(/\s+/);
    if (Number(parent) === process.pid && basename(command.join(" ")).startsWith("workerd")) return Number(pid);
  }
  throw new Error("workerd is not among the processes");
}

miniflare = new Miniflare(
  convertV4MiniflareOptions({
    ...options,
    name: "factory-sandbox",
    modules: [{ type: "ESModule", path: entry, contents: readFileSync(join(directory, entry), "utf8") }],
    host: "127.0.0.1",
    port: 0,
    cf: false,
    telemetry: { enabled: false },
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: ({ message }) => {
      process.stderr.write(`${message}\n`);
    },
    // The options come from wrangler's reader of the Worker's configuration; the two packages type them apart.
  } as Parameters<typeof convertV4MiniflareOptions>[0]),
);
const url = await miniflare.ready;
const workerd = findWorkerd();
// Miniflare starts a new workerd where one dies. The supervisor must know of the death instead.
const watch = setInterval(() => {
  try {
    process.kill(workerd, 0);
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
    clearInterval(watch);
    setTimeout(() => void end(), LAST_WORDS_MS);
  }
}, WATCH_INTERVAL_MS);
const ready: SandboxReady = { url: url.origin, workerd };
process.stdout.write(`${JSON.stringify(ready)}\n`);
