/** The platform's process on a real machine: what others see of it, and that it outlives nobody. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it, vi } from "vitest";
import { run } from "../lib/run.ts";
import type { HostOptions } from "./host-input.ts";
import { freePort } from "./ports.ts";

const SPAWN = new URL("spawn.ts", import.meta.url).href;
const SECRETS = ["lin_api_canary", "lin_wh_canary", "sk-canary"];

const running: (() => void)[] = [];
let folder: string | undefined;
afterEach(() => {
  for (const end of running.splice(0)) end();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

/** A process that starts a platform, as `npm start` does, and the process group of that platform. */
async function aStarter(): Promise<{ readonly starter: ChildProcess; readonly group: number }> {
  folder = mkdtempSync(join(tmpdir(), "factory-host-"));
  const options: HostOptions = {
    port: await freePort(),
    stateDirectory: folder,
    models: { MODEL_API_KEY: "sk-canary" },
    linear: { apiUrl: "http://127.0.0.1:1/graphql", apiKey: "lin_api_canary", webhookSecret: "lin_wh_canary", authority: {} },
  };
  const script = `import { spawnPlatform } from ${JSON.stringify(SPAWN)};
    process.stdin.once("data", async (options) => console.log((await spawnPlatform(JSON.parse(options))).pid));`;
  const env = { ...process.env, MODEL_API_KEY: "sk-canary", FACTORY_LINEAR_API_KEY: "lin_api_canary" };
  const starter = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["pipe", "pipe", "inherit"], env });
  running.push(() => starter.kill("SIGKILL"));
  starter.stdin?.write(JSON.stringify(options));
  for await (const line of createInterface({ input: starter.stdout })) {
    const group = Number(line);
    running.push(() => killGroup(group));
    return { starter, group };
  }
  throw new Error("The platform did not start.");
}

/** Ends what a failed test has left. */
function killGroup(group: number): void {
  try {
    process.kill(-group, "SIGKILL");
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code !== "ESRCH") throw err;
  }
}

type Listed = { readonly pid: number; readonly group: number; readonly parent: number; readonly args: string };

/** Every process of the machine, as anybody may list it. */
async function processes(): Promise<Listed[]> {
  const { output } = await run("ps", ["-axww", "-o", "pid=,pgid=,ppid=,args="]);
  return output.split("\n").flatMap((line) => {
    const [, pid, group, parent, args = ""] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), group: Number(group), parent: Number(parent), args }];
  });
}

/** The processes of a platform: the host, those of its group, and their children, which the sandbox and the reaper are. */
function ofPlatform(all: readonly Listed[], host: number): Listed[] {
  const known = new Set<number>();
  for (let size = -1; size < known.size;) {
    size = known.size;
    for (const { pid, group, parent } of all) if (group === host || known.has(parent)) known.add(pid);
  }
  return all.filter(({ pid }) => known.has(pid));
}

async function gone(pids: readonly number[]): Promise<void> {
  const left = async (): Promise<void> => expect((await processes()).filter(({ pid }) => pids.includes(pid))).toEqual([]);
  await vi.waitFor(left, { timeout: 30_000, interval: 100 });
}

it("shows no secret to who lists processes, and ends with all that is its own when whoever started it is killed", async () => {
  const { starter, group } = await aStarter();
  const all = await processes();
  const own = ofPlatform(all, group);
  // The platform's own, and one for each sandbox, of which a spare may be among them.
  expect(own.filter(({ args }) => /\bworkerd serve\b/.test(args)).length).toBeGreaterThan(1);
  for (const script of ["host.ts", "reaper.mjs", "sandbox-process.ts"]) expect(own.map(({ args }) => args).join("\n")).toContain(script);
  for (const secret of SECRETS) expect(all.filter(({ args }) => args.includes(secret))).toEqual([]);
  starter.kill("SIGKILL");
  await gone(own.map(({ pid }) => pid));
});

it.runIf(process.platform === "linux")("gives the sandbox nothing of an environment that holds secrets", async () => {
  const { group } = await aStarter();
  const own = ofPlatform(await processes(), group);
  const environmentOf = (pid: number): string => readFileSync(`/proc/${pid}/environ`, "utf8");
  expect(environmentOf(group)).toContain("MODEL_API_KEY=sk-canary");
  const sandboxes = own.filter(({ args }) => args.includes("sandbox-process.ts")).map(({ pid }) => pid);
  const isolated = own.filter(({ pid, parent }) => sandboxes.includes(pid) || sandboxes.includes(parent));
  expect(isolated.length).toBeGreaterThan(1);
  for (const { pid } of isolated) {
    expect(environmentOf(pid)).toContain("MINIFLARE_WORKERD_V8_FLAGS=");
    for (const secret of SECRETS) expect(environmentOf(pid)).not.toContain(secret);
  }
});

it("leaves nothing when it is killed alone", async () => {
  const { group } = await aStarter();
  const own = ofPlatform(await processes(), group);
  expect(own.length).toBeGreaterThan(3);
  process.kill(group, "SIGKILL");
  await gone(own.map(({ pid }) => pid));
});
