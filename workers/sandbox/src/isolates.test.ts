import { expect, test, vi } from "vitest";
import type { Program } from "./check-runner.ts";
import type { RunRequest } from "./harness/raw-report.ts";
import { isolatesOf } from "./isolates.ts";

const RAW = { busy: false, tests: [], console: "", droppedOutput: 0, fuelLeft: 1 };
const REQUEST: RunRequest = { task: { kind: "tests", file: "a" }, entry: 0, fuel: 1, deadlineMs: 1, outputChars: 1 };
const aProgram = (code: string): Program => ({ rows: [{ path: "a", async: false, imports: [] }], codes: [code] });

/** A loader that keeps isolates by name, as the platform's does, and answers with `respond`. */
function aLoader(respond: (name: string) => Promise<object>): { loader: WorkerLoader; names: string[]; codes: WorkerLoaderWorkerCode[] } {
  const names: string[] = [];
  const codes: WorkerLoaderWorkerCode[] = [];
  const loader = {
    get(name: string, getCode: () => WorkerLoaderWorkerCode) {
      if (!names.includes(name)) codes.push(getCode());
      names.push(name);
      return { getEntrypoint: () => ({ fetch: async () => Response.json(await respond(name)) }) };
    },
    // Only what the sandbox uses of the loader.
  } as unknown as WorkerLoader;
  return { loader, names, codes };
}

test("the same code and limits use the same isolate, other code another", async () => {
  const { loader, names } = aLoader(async () => RAW);
  const isolates = isolatesOf(loader);
  await isolates.run(aProgram("1"), REQUEST, 1_000);
  await isolates.run(aProgram("1"), { ...REQUEST, fuel: 9 }, 1_000);
  await isolates.run(aProgram("2"), REQUEST, 1_000);
  await isolates.run(aProgram("1"), REQUEST, 2_000);
  expect(names[1]).toBe(names[0]);
  expect(new Set(names).size).toBe(3);
});

test("an isolate has one run at a time; a second one gets another isolate of the same code", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { loader, names } = aLoader(async () => {
    await held;
    return RAW;
  });
  const isolates = isolatesOf(loader);
  const runs = [isolates.run(aProgram("1"), REQUEST, 1_000), isolates.run(aProgram("1"), REQUEST, 1_000)];
  await vi.waitFor(() => expect(names).toHaveLength(2));
  release();
  await Promise.all(runs);
  expect(new Set(names).size).toBe(2);
  await isolates.run(aProgram("1"), REQUEST, 1_000);
  expect(names[2]).toBe(names[0]);
});

test("an isolate that says it is busy is passed over", async () => {
  const { loader, names } = aLoader(async (name) => ({ ...RAW, busy: !name.endsWith("-1") }));
  expect(await isolatesOf(loader).run(aProgram("1"), REQUEST, 1_000)).toMatchObject({ busy: false });
  expect(names).toHaveLength(2);
});

test("an isolate has no binding, no network and a limit of CPU time", async () => {
  const { loader, codes } = aLoader(async () => RAW);
  await isolatesOf(loader).run(aProgram("1"), REQUEST, 1_234);
  expect(codes[0]).toMatchObject({ env: {}, globalOutbound: null, limits: { cpuMs: 1_234 } });
  expect(codes[0]?.compatibilityFlags).toContain("no_nodejs_compat_v2");
});

test("an answer that is no report is refused", async () => {
  const { loader } = aLoader(async () => ({ ...RAW, tests: [{ name: "x", state: "won", durationMs: 0 }] }));
  await expect(isolatesOf(loader).run(aProgram("1"), REQUEST, 1_000)).rejects.toThrow(/state/);
});
