#!/usr/bin/env node
/** Runs the command line on a Node that strips types, the project's own when this one is too old. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const STRIPS_TYPES = [22, 18];
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

if (major > STRIPS_TYPES[0] || (major === STRIPS_TYPES[0] && minor >= STRIPS_TYPES[1])) {
  await import(main);
} else {
  const node = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..", "node_modules", "node", "bin", "node");
  if (!existsSync(node)) {
    console.error("Node 22.18 or newer is needed, or an installed project: run `npm test` or `npm run demo` once.");
    process.exit(2);
  }
  const { status } = spawnSync(node, [main, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exit(status ?? 1);
}
