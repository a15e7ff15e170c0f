/** Starts and ends the platform's process. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tellHost, type HostOptions } from "./host-input.ts";

export type RunningPlatform = {
  readonly url: string;
  readonly pid: number;
  /** Ends it in good order. */
  stop(): Promise<void>;
  /** Ends the whole process group at once, as a crash would. */
  kill(): Promise<void>;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
};

/** The platform did not start; the message says why. */
export class PlatformStartError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PlatformStartError";
  }
}

/** How long a stop may take before the group is killed, in milliseconds. */
const STOP_PATIENCE_MS = 10_000;

/** Starts the platform in a process group of its own and waits until it takes calls. @throws PlatformStartError */
export async function spawnPlatform(options: HostOptions, onProgress: (step: string) => void = () => undefined): Promise<RunningPlatform> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("host.ts", import.meta.url))], {
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  tellHost(child.stdin, options);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await firstAddress(child, onProgress);
  const kill = async (): Promise<void> => {
    killGroup(child);
    await exited;
  };
  const stop = async (): Promise<void> => {
    child.stdin.end();
    const late = setTimeout(() => killGroup(child), STOP_PATIENCE_MS);
    await exited;
    clearTimeout(late);
  };
  return { url, pid: child.pid ?? 0, stop, kill, exited };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

type HostLine = { readonly step?: string; readonly ready?: boolean; readonly url?: string; readonly error?: string };

async function firstAddress(child: ChildProcess, onProgress: (step: string) => void): Promise<string> {
  const output = child.stdout;
  if (output === null) throw new PlatformStartError("The platform's output is not readable.");
  for await (const line of createInterface({ input: output })) {
    const said = JSON.parse(line) as HostLine;
    if (said.step !== undefined) onProgress(said.step);
    if (said.error !== undefined) throw new PlatformStartError(said.error);
    if (said.ready === true && said.url !== undefined) {
      output.resume();
      return said.url;
    }
  }
  throw new PlatformStartError("The platform ended before it took calls.");
}
