/**
 * The built compiler in a heap of the size that an isolate has in production. It runs in a process of its own: V8 may end
 * the whole process when a heap is exhausted, and that must not be the test runner's.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** Memory of an isolate in production, in MiB: young and old generation together. */
const ISOLATE_MIB = 128;
const YOUNG_MIB = 16;

/** Loads the bundle as an isolate does, but for its base class, and checks files over and over. */
const PROGRAM = `
const { registerHooks } = require("node:module");
const [bundle, rounds] = process.argv.slice(1);
// The compiler must not find itself on Node: an isolate is not.
process.browser = true;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers"
      ? { url: "data:text/javascript,export class WorkerEntrypoint {}", shortCircuit: true }
      : next(specifier, context),
});
import(bundle).then(({ default: Compiler }) => {
  const compiler = new Compiler();
  let diagnostics = 0;
  for (let round = 0; round < Number(rounds); round += 1) {
    const files = {};
    for (let n = 0; n < 10; n += 1) {
      files["src/m" + n + ".ts"] = "export interface T" + n + " { a: number; b: string[]; c?: T" + n + " }\\n" +
        Array.from({ length: 20 }, (_, i) => "export const f" + i + " = (x: T" + n + "): Map<string, number> => new Map(x.b.map((s) => [s + " + round + ", x.a * " + i + "] as const));").join("\\n");
      files["tests/m" + n + ".test.ts"] = 'import { expect, test } from "vitest";\\nimport { f0 } from "../src/m' + n + '";\\ntest("x", () => { expect(f0({ a: 1, b: [] }).size).toBe("' + round + '".length); });';
    }
    files["src/bad.ts"] = "export const bad: string = 1;";
    diagnostics += compiler.typecheck(files).length;
    compiler.compile(files);
  }
  console.log(JSON.stringify({ diagnostics, heapMiB: process.memoryUsage().heapUsed / 2 ** 20 }));
});
`;

/** V8 sizes the young generation by its semi-spaces, of which it holds three. */
const SEMI_SPACES = 3;

type Checked = { readonly diagnostics: number; readonly heapMiB: number };

function checkIn(oldGenerationMiB: number, rounds: number): Promise<Checked> {
  const heap = [`--max-old-space-size=${oldGenerationMiB}`, `--max-semi-space-size=${Math.floor(YOUNG_MIB / SEMI_SPACES)}`];
  const bundle = join(import.meta.dirname, "..", "..", ".gen", "compiler-isolate.js");
  const child = spawn(process.execPath, [...heap, "-e", PROGRAM, bundle, String(rounds)], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString("utf8")));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("utf8")));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(JSON.parse(output) as Checked) : reject(new Error(errors))));
  });
}

test("type checks and compiles twenty files again and again within the memory of an isolate", { timeout: 120_000 }, async () => {
  const { diagnostics, heapMiB } = await checkIn(ISOLATE_MIB - YOUNG_MIB, 3);
  expect(diagnostics).toBe(3);
  expect(heapMiB).toBeLessThan(ISOLATE_MIB);
});

test("a heap that is too small is noticed", { timeout: 120_000 }, async () => {
  await expect(checkIn(16, 1)).rejects.toThrow(/heap out of memory/);
});
