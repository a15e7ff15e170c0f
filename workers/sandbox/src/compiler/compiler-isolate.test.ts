/** The built compiler in a heap of the size that an isolate has in production. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";

/** Memory of an isolate in production, in MiB: young and old generation together. */
const ISOLATE_MIB = 128;
const YOUNG_MIB = 16;

/** Loads the bundle as an isolate does, but for its base class, and checks files over and over. */
const PROGRAM = `
const { registerHooks } = require("node:module");
const { parentPort, workerData } = require("node:worker_threads");
// The compiler must not find itself on Node: an isolate is not.
process.browser = true;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "cloudflare:workers"
      ? { url: "data:text/javascript,export class WorkerEntrypoint {}", shortCircuit: true }
      : next(specifier, context),
});
import(workerData.bundle).then(({ default: Compiler }) => {
  const compiler = new Compiler();
  let diagnostics = 0;
  for (let round = 0; round < workerData.rounds; round += 1) {
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
  parentPort.postMessage({ diagnostics, heapMiB: process.memoryUsage().heapUsed / 2 ** 20 });
});
`;

function checkIn(oldGenerationMiB: number, rounds: number): Promise<{ diagnostics: number; heapMiB: number }> {
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { bundle: join(import.meta.dirname, "..", "..", ".gen", "compiler-isolate.js"), rounds },
    resourceLimits: { maxOldGenerationSizeMb: oldGenerationMiB, maxYoungGenerationSizeMb: YOUNG_MIB },
  });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

test("type checks and compiles twenty files again and again within the memory of an isolate", { timeout: 120_000 }, async () => {
  const { diagnostics, heapMiB } = await checkIn(ISOLATE_MIB - YOUNG_MIB, 3);
  expect(diagnostics).toBe(3);
  expect(heapMiB).toBeLessThan(ISOLATE_MIB);
});

test("a heap that is too small is noticed", { timeout: 120_000 }, async () => {
  await expect(checkIn(16, 1)).rejects.toThrow(/memory limit/);
});
