/**
 * Every npm script starts here, on whatever Node >= 20 the machine has: installs what is missing with the pinned
 * pnpm, then runs the command on the Node the project carries.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onOrphaned } from "./lib/orphan.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const STAMP = join(ROOT, "node_modules", ".factory-install");
const OLDEST_NODE = 20;

const COMMANDS = {
  demo: ["scripts/demo.ts"],
  start: ["scripts/start.ts"],
  test: ["scripts/test.ts"],
  verify: ["scripts/verify.ts"],
  factory: ["packages/cli/src/main.ts"],
  "bench-coordinator": ["scripts/bench/coordinator.ts"],
  "bench-graph": ["scripts/bench/graph.ts"],
  "bench-graphql": ["scripts/bench/graphql.ts"],
  "bench-operative": ["scripts/bench/operative.ts"],
  "bench-orchestration": ["scripts/bench/orchestration.ts"],
  "bench-pipeline": ["scripts/bench/pipeline.ts"],
  "bench-policy": ["scripts/bench/policy.ts"],
  "bench-search": ["scripts/bench/search.ts"],
  chaos: ["scripts/chaos/chaos.ts"],
  screenshots: ["scripts/browser/screenshots.ts"],
  "eval-gates": ["scripts/evals/gates/eval-gates.ts"],
  "eval-golden": ["scripts/evals/golden/eval-golden.ts"],
  "bench-stream": ["scripts/bench/stream.ts"],
  "linear-bootstrap": ["scripts/linear-bootstrap.ts"],
};

const [command = "", ...args] = process.argv.slice(2);
const script = COMMANDS[command];
if (script === undefined) {
  console.error(`Unknown command ${JSON.stringify(command)}. One of: ${Object.keys(COMMANDS).join(", ")}.`);
  process.exit(2);
}
if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
  console.error(`Node ${OLDEST_NODE} or newer is needed to start; this is ${process.version}.`);
  process.exit(2);
}

/** Digest of everything an install depends on. */
function installDigest() {
  const hash = createHash("sha256");
  const manifests = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"];
  for (const group of ["packages", "workers", "examples"]) {
    for (const name of readdirSync(join(ROOT, group)).sort()) manifests.push(join(group, name, "package.json"));
  }
  for (const path of manifests) if (existsSync(join(ROOT, path))) hash.update(readFileSync(join(ROOT, path)));
  return hash.digest("hex");
}

function install() {
  const digest = installDigest();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === digest) return;
  const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  console.error("Installing dependencies (once)...");
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  const result = spawnSync(npx, ["--yes", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) {
    console.error(result.stdout, result.stderr);
    console.error("The install failed; its output is above.");
    process.exit(1);
  }
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, digest);
}

install();
const node = join(ROOT, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
const child = spawn(node, [...script.map((path) => join(ROOT, path)), ...args], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`, INIT_CWD: process.env.INIT_CWD ?? process.cwd() },
});
// The child gets a terminal's signals itself; the parent only waits for its answer.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
onOrphaned(() => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
