/** A platform that is killed and stopped: one port and one state folder over any number of processes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFactoryClient, type FactoryClient } from "@factory/cli";
import { ensureDevKey, type DevKey } from "../lib/dev-key.ts";
import type { HostOptions } from "../platform/host-input.ts";
import { freePort } from "../platform/ports.ts";
import { PlatformStartError, spawnPlatform, type RunningPlatform } from "../platform/spawn.ts";
import type { ChaosDecorationOptions } from "./decorate.ts";

/** How a platform of the suite is started. */
export type ChaosPlatformOptions = {
  /** Values for the variables that choose the models. */
  readonly models: { readonly [name: string]: string };
  /** Host and port of the decisions; absent: the bindings are the real ones. */
  readonly decisions?: string;
};

/** A start on a machine that is busy with other things; longer is a hang. In milliseconds. */
const START_PATIENCE_MS = 180_000;

/** Not persisted: state folders that go with this process, however it ends. */
const FOLDERS = new Set<string>();
process.once("exit", () => {
  for (const folder of FOLDERS) rmSync(folder, { recursive: true, force: true });
});

/** One platform over its restarts. */
export class ChaosPlatform {
  readonly stateDirectory = mkdtempSync(join(tmpdir(), "factory-chaos-"));
  readonly credentials: DevKey = ensureDevKey();
  readonly url: string;
  readonly client: FactoryClient;
  readonly #host: HostOptions;
  #running: RunningPlatform | undefined;

  private constructor(host: Omit<HostOptions, "stateDirectory">) {
    this.#host = { ...host, stateDirectory: this.stateDirectory };
    FOLDERS.add(this.stateDirectory);
    this.url = `http://127.0.0.1:${host.port}`;
    this.client = createFactoryClient({ url: this.url, apiKey: this.credentials.apiKey });
  }

  /** Starts one with empty state. */
  static async start({ models, decisions }: ChaosPlatformOptions): Promise<ChaosPlatform> {
    const faulty = decisions === undefined ? {} : { decoration: decoration({ decisions }) };
    const platform = new ChaosPlatform({ port: await freePort(), models, ...faulty });
    try {
      await platform.restart();
    } catch (err) {
      await platform.dispose(false);
      throw err;
    }
    return platform;
  }

  /** Starts it again on its port and state. @throws PlatformStartError */
  async restart(): Promise<void> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new PlatformStartError(`The platform took no calls within ${START_PATIENCE_MS / 1000} s.`)), START_PATIENCE_MS);
    try {
      this.#running = await Promise.race([spawnPlatform(this.#host), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** SIGKILL to the whole process group. */
  async kill(): Promise<void> {
    await this.#running?.kill();
  }

  /** Stops the runtime for a while, so that whatever is due meanwhile comes late. @returns how many processes were stopped */
  async pause(ms: number): Promise<number> {
    const group = this.#running?.pid;
    const stopped = group === undefined || group <= 1 ? [] : runtimesOf(group).filter((pid) => signal(pid, "SIGSTOP"));
    await new Promise((resolve) => setTimeout(resolve, ms));
    for (const pid of stopped) signal(pid, "SIGCONT");
    return stopped.length;
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = undefined;
  }

  /** Ends it, and removes its state unless that is to be kept. */
  async dispose(keep: boolean): Promise<void> {
    await this.stop();
    if (!keep) rmSync(this.stateDirectory, { recursive: true, force: true });
    FOLDERS.delete(this.stateDirectory);
  }
}

function decoration(options: ChaosDecorationOptions): NonNullable<HostOptions["decoration"]> {
  return { module: fileURLToPath(new URL("decorate.ts", import.meta.url)), options };
}

/** The processes of workerd in a process group. */
function runtimesOf(group: number): number[] {
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,pgid=,comm="], { encoding: "utf8" });
  return stdout.split("\n").flatMap((line) => {
    const [pid, pgid, command = ""] = line.trim().split(/\s+/);
    return Number(pgid) === group && command.endsWith("workerd") ? [Number(pid)] : [];
  });
}

/** Whether the process was there to take it. */
function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw err;
  }
}
