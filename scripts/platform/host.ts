/**
 * The platform as a process of its own, in its own process group. It is told its options on the first line of its standard input,
 * prints one JSON line a step and a last one when it takes calls, and ends when that input closes, so it never outlives who started it.
 */
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { STATE } from "../lib/repository.ts";
import { readHostInput } from "./host-input.ts";
import { startPlatform } from "./platform.ts";

const ADDRESS_FILE = join(STATE, "platform.json");

const say = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

// Its pipe closes when this process dies, even by SIGKILL; then it ends the rest of the group.
const reaper = spawn(process.execPath, [fileURLToPath(new URL("reaper.mjs", import.meta.url)), String(process.pid)], {
  detached: true,
  stdio: ["pipe", "ignore", "inherit"],
});
reaper.unref();

try {
  const { options, ended } = await readHostInput(process.stdin);
  const platform = await startPlatform({ ...options, onProgress: (step) => say({ step }) });
  let stopping: Promise<void> | undefined;
  const stop = (): void => {
    if (options.announce === true) rmSync(ADDRESS_FILE, { force: true });
    stopping ??= platform.stop().finally(() => process.exit(0));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  void ended.then(stop);
  if (options.announce === true) writeFileSync(ADDRESS_FILE, JSON.stringify({ url: platform.url, pid: process.pid }));
  say({ ready: true, url: platform.url, pid: process.pid });
} catch (err) {
  say({ error: err instanceof Error ? err.message : String(err), name: err instanceof Error ? err.name : "Error" });
  process.exit(1);
}
