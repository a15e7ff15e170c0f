/** Starts sandbox processes and talks to them. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { SANDBOX_CHECK_PATH } from "@factory/schemas";
import type { BuiltWorker } from "./build.ts";
import type { SandboxReady } from "./sandbox-process.ts";

/** How a process ended. */
export type SandboxExit = { readonly outOfMemory: boolean; readonly detail: string };

/** A running sandbox process, as the supervisor sees it. */
export interface SandboxProcess {
  readonly pid: number;
  /** Sends one job, as JSON text. Rejects when the process dies or the signal aborts. */
  check(body: string, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }>;
  /** Resolves when its event loop answers. */
  ping(signal: AbortSignal): Promise<void>;
  /** Resident memory of its workerd, in bytes; 0 when it is gone. */
  rssBytes(): Promise<number>;
  /** Resolves when it has ended. */
  readonly exited: Promise<SandboxExit>;
  /** Ends the whole process group at once; resolves when it has ended. */
  kill(): Promise<void>;
}

/** Largest JavaScript heap of one isolate, in MiB: twice what an isolate has in production, since local workerd sets no limit. */
const ISOLATE_HEAP_MIB = 256;
/** Time a process has to take calls, in milliseconds. */
const START_PATIENCE_MS = 30_000;
/** Time from the end of workerd to the end of the process that held it, in milliseconds. */
const GROUP_PATIENCE_MS = 1_500;
/** What is kept of a process's last words, in characters. */
const STDERR_TAIL_CHARS = 4_000;

/** What a process needs of its surroundings. Everything else stays out: keys of models and of Linear are in the environment too. */
const PLAIN_VARIABLES = ["PATH", "HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LANG", "TZ"];

function plainEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => PLAIN_VARIABLES.includes(name.toUpperCase())));
}

/** Starts a process and resolves when it takes calls. @throws Error with its last words when it does not. */
export async function spawnSandbox(built: BuiltWorker): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("sandbox-process.ts", import.meta.url)), JSON.stringify(built)], {
    // Its own process group, so that it and workerd are ended together, also by a signal to this process.
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...plainEnvironment(process.env), MINIFLARE_WORKERD_V8_FLAGS: `--max-heap-size=${ISOLATE_HEAP_MIB}` },
  });
  let tail = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    tail = (tail + chunk.toString("utf8")).slice(-STDERR_TAIL_CHARS);
  });
  const exited = new Promise<SandboxExit>((resolve) => {
    child.once("close", (code, signal) => {
      resolve({ outOfMemory: /out of memory|heap limit|Array buffer allocation failed/i.test(tail), detail: `code ${code}, signal ${signal}: ${tail.trim()}` });
    });
  });
  try {
    const ready = await withPatience(firstLine(child));
    return processOf(child, ready, exited);
  } catch (err) {
    await endProcess(child, undefined, exited);
    throw new Error(`The sandbox process did not start: ${err instanceof Error ? err.message : String(err)} ${tail.trim()}`, { cause: err });
  }
}

function processOf(child: ChildProcess, { url, workerd }: SandboxReady, exited: Promise<SandboxExit>): SandboxProcess {
  return {
    pid: child.pid ?? 0,
    exited,
    kill: () => endProcess(child, workerd, exited),
    rssBytes: () => rssOf(workerd),
    async check(body, signal) {
      const response = await fetch(`${url}${SANDBOX_CHECK_PATH}`, { method: "POST", body, signal, headers: { "content-type": "application/json" } });
      return { status: response.status, text: await response.text() };
    },
    async ping(signal) {
      const response = await fetch(`${url}/health`, { signal });
      await response.arrayBuffer();
    },
  };
}

async function firstLine(child: ChildProcess): Promise<SandboxReady> {
  if (child.stdout === null) throw new Error("its output is not readable");
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith("{")) continue;
    child.stdout.resume();
    return JSON.parse(line) as SandboxReady;
  }
  throw new Error("it ended.");
}

async function withPatience<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it was not ready after ${START_PATIENCE_MS} ms.`)), START_PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** workerd at once; its parent sees to the rest when its input closes, and the group is killed where it does not or is gone. */
async function endProcess(child: ChildProcess, workerd: number | undefined, exited: Promise<SandboxExit>): Promise<void> {
  const lives = child.exitCode === null && child.signalCode === null;
  if (!lives) signal(-(child.pid ?? 0));
  else if (workerd !== undefined) signal(workerd);
  child.stdin?.end();
  const late = setTimeout(() => signal(-(child.pid ?? 0)), GROUP_PATIENCE_MS);
  await exited;
  clearTimeout(late);
}

function signal(target: number): void {
  if (target === 0) return;
  try {
    process.kill(target, "SIGKILL");
  } catch (err) {
    // Ended by itself meanwhile.
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

const run = promisify(execFile);

async function rssOf(pid: number): Promise<number> {
  try {
    if (process.platform === "linux") {
      const status = await readFile(`/proc/${pid}/status`, "utf8");
      return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    }
    const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]);
    return Number(stdout.trim()) * 1024;
  } catch {
    // The process is gone; its exit is reported by `exited`.
    return 0;
  }
}
