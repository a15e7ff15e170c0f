/**
 * `pnpm verify`: everything CI checks, in one place. `--after-tests` takes the tests from the run before and does the
 * rest. The last line counts tests and checks together; a check that could not be made here is counted as skipped, by name.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { tallyLine, verdictOf, type Verdict } from "./lib/check-verdict.ts";
import { REPOSITORY } from "./lib/repository.ts";
import { run, type Finished } from "./lib/run.ts";
import { readTestCounts } from "./test.ts";

type Check = {
  readonly name: string;
  /** Whether it asks somebody who may not be there. Every other check passes or fails. */
  readonly mayBeUnchecked?: boolean;
  run(): Promise<Finished>;
};

const node = process.execPath;
const script = (path: string, ...args: string[]) => run(node, [join(REPOSITORY, path), ...args]);

const CHECKS: readonly Check[] = [
  { name: "format", run: () => run("oxfmt", ["--check", "."]) },
  { name: "lint", run: () => run("oxlint", ["--type-aware", "--deny-warnings"]) },
  { name: "types", run: checkTypes },
  { name: "wrangler configuration is composed", run: () => script("scripts/compose-wrangler.ts", "--check") },
  { name: "generated files are up to date", run: () => script("scripts/generate.ts", "--check") },
  { name: "buf lint", run: () => run("buf", ["lint"]) },
  { name: "buf breaking", run: () => run("buf", ["breaking", "--against", "proto/baseline.binpb"]) },
  { name: "unused code and dependencies", run: () => run("knip", ["--no-config-hints"]) },
  { name: "floors", run: () => run("depcruise", ["packages", "workers", "scripts", "examples", "--config", ".dependency-cruiser.cjs"]) },
  { name: "licences", run: () => script("scripts/check-licences.ts") },
  { name: "advisories", mayBeUnchecked: true, run: () => script("scripts/check-advisories.ts") },
  { name: "gates kill seeded defects", run: () => script("scripts/evals/gates/eval-gates.ts") },
];

/** Type-checks every project of the workspace with TypeScript's native compiler. */
async function checkTypes(): Promise<Finished> {
  const projects = ["."];
  for (const group of ["packages", "workers", "examples"]) {
    for (const name of readdirSync(join(REPOSITORY, group))) {
      // A page is typed against a browser, the Worker beside it is not.
      for (const project of [`${group}/${name}`, `${group}/${name}/app`]) if (existsSync(join(REPOSITORY, project, "tsconfig.json"))) projects.push(project);
    }
  }
  const compiler = join(REPOSITORY, "node_modules", "typescript7", "bin", "tsc");
  let output = "";
  let code = 0;
  for (const project of projects) {
    const result = await run(node, [compiler, "-p", project]);
    output += result.output;
    code = Math.max(code, result.code);
  }
  return { code, output };
}

const MARKS = { passed: "ok    ", failed: "FAILED", "not checked": "------" } as const satisfies Record<Verdict, string>;

async function main(): Promise<number> {
  if (!process.argv.includes("--after-tests")) await script("scripts/test.ts").then(({ output }) => process.stdout.write(output));
  const tests = readTestCounts();
  let { passed, failed } = tests;
  let skipped = 0;
  for (const check of CHECKS) {
    const started = performance.now();
    const { code, output } = await check.run();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const verdict = verdictOf(code, check.mayBeUnchecked);
    console.log(`${MARKS[verdict]} ${check.name} (${seconds} s)`);
    if (verdict !== "passed") console.log(output.trimEnd());
    if (verdict === "passed") passed += 1;
    else if (verdict === "failed") failed += 1;
    else skipped += 1;
  }
  console.log(tallyLine({ passed, failed, skipped }));
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
