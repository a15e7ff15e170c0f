import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DEFAULT_CHECK_LIMITS, checkReport, type CheckJob, type CheckLimits, type CheckReport } from "@factory/schemas";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { startSandbox, type SandboxHandle } from "./sandbox-supervisor.ts";

const MIB = 1024 * 1024;
const IMPORTS = 'import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";';

let sandbox: SandboxHandle;
let jobs = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ killBytes: 900 * MIB });
});
afterAll(() => sandbox.stop());

type Files = { readonly [path: string]: string };

/** A job of one test file with the harness imported on its first line, so that the body begins on line 2. */
function aJob(body: string, files: Files = {}, limits: Partial<CheckLimits> = {}): CheckJob {
  jobs += 1;
  return {
    jobId: `job-${jobs}`,
    files: { ...files, "tests/a.test.ts": `${IMPORTS}\n${body}` },
    task: { kind: "tests", files: ["tests/a.test.ts"] },
    limits: { ...DEFAULT_CHECK_LIMITS, ...limits },
  };
}

function aGoodJob(): CheckJob {
  return aJob(`test("good ${jobs}", async () => { await new Promise((resolve) => setTimeout(resolve, 50)); expect(1).toBe(1); });`);
}

async function check(job: CheckJob): Promise<CheckReport> {
  const report = checkReport.parse(await sandbox.check(job));
  expect(report.jobId).toBe(job.jobId);
  return report;
}

const run = (body: string, files?: Files, limits?: Partial<CheckLimits>): Promise<CheckReport> => check(aJob(body, files, limits));

describe("code that misbehaves gets its own fault within its deadline, and its neighbour passes", () => {
  test.each<[name: string, code: string, body: string, files?: Files, fuel?: number]>([
    ["an endless loop", "FUEL", 'test("x", () => { for (;;); });'],
    ["an endless loop that catches", "FUEL", 'test("x", () => { for (;;) { try { for (;;); } catch {} } });'],
    ["an endless loop that a test expects to throw", "FUEL", 'test("x", () => { expect(() => { for (;;); }).toThrow(); });'],
    ["an endless loop in a test that should fail", "FUEL", 'test.fails("x", () => { for (;;); });'],
    ["an endless loop at the top level", "FUEL", 'import "../src/a"; test("x", () => {});', { "src/a.ts": "while (true) {}" }],
    [
      "an endless chain of microtasks",
      "FUEL",
      'test("x", async () => { const f = async (): Promise<void> => { await null; return f(); }; await f(); });',
      {},
      100_000,
    ],
    ["an endless recursion", "RECURSION", 'test("x", () => { const f = (n: number): number => 1 + f(n + 1); f(0); });'],
    ["an endless recursion that catches", "RECURSION", 'test("x", () => { const f = (): void => f(); try { f(); } catch {} });'],
    ["an endless recursion of a getter", "RECURSION", 'test("x", () => { const o: any = { get a() { return this.a; } }; o.a; });'],
    ["an endless recursion of async functions", "RECURSION", 'test("x", async () => { const f = async (): Promise<void> => f(); await f(); });'],
    ["a top-level throw", "TOP_LEVEL_THROW", 'import "../src/a"; test("x", () => {});', { "src/a.ts": '\n\nthrow new TypeError("at once");' }],
    ["a throw while collecting", "TOP_LEVEL_THROW", 'describe("d", () => { throw new Error("early"); });'],
    ["a rejection nobody handles", "TOP_LEVEL_THROW", 'test("x", () => { void Promise.reject(new Error("late")); });'],
    ["a hanging promise", "HANGING", 'test("x", () => new Promise(() => {}));'],
    ["a hanging hook", "HANGING", 'beforeEach(() => new Promise(() => {})); test("x", () => {});'],
    ["a hanging import", "HANGING", 'await new Promise(() => {}); test("x", () => {});'],
    ["a syntax error", "SYNTAX", 'import "../src/a"; test("x", () => {});', { "src/a.ts": "\nconst = 1;" }],
    ["a syntax error that only a strict parser sees", "SYNTAX", 'import "../src/a"; test("x", () => {});', { "src/a.ts": "export {};\nreturn 1;" }],
    ["an import of an absent file", "IMPORT", 'import { f } from "../src/none"; test("x", () => f());'],
    ["an import of an absent name", "IMPORT", 'import { f } from "../src/a"; test("x", () => f());', { "src/a.ts": "export const g = 1;" }],
    ["an import of a package", "IMPORT", 'import { f } from "lodash"; test("x", () => f());'],
    ["a fetch", "FORBIDDEN", 'test("x", async () => { await fetch("https://example.com"); });'],
    ["a fetch whose failure is caught", "FORBIDDEN", 'test("x", async () => { try { await fetch("https://example.com"); } catch {} });'],
    ["a socket", "FORBIDDEN", 'test("x", () => { new WebSocket("wss://example.com"); });'],
    ["eval", "FORBIDDEN", 'test("x", () => { eval("1"); });'],
    ["eval by another name", "FORBIDDEN", 'test("x", () => { (globalThis as any)["ev" + "al"]("1"); });'],
    ["the Function constructor", "FORBIDDEN", 'test("x", () => { new Function("return 1")(); });'],
    ["leaving through a function's constructor", "FORBIDDEN", 'test("x", () => { ((() => {}).constructor as any)("return globalThis")(); });'],
    [
      "leaving through the constructor of async generators",
      "FORBIDDEN",
      'test("x", () => { (Object.getPrototypeOf(async function* () {}).constructor as any)("yield 1"); });',
    ],
    ["leaving through a constructor that is made", "FORBIDDEN", 'test("x", () => { Reflect.construct((class {}).constructor as any, ["return 1"]); });'],
    ["a module of the platform", "FORBIDDEN", 'import { env } from "cloudflare:workers"; test("x", () => { env; });'],
    ["a module of the platform at run time", "FORBIDDEN", 'test("x", async () => { await import("cloudflare:workers"); });'],
    ["a module of Node", "FORBIDDEN", 'import "node:fs"; test("x", () => {});'],
    ["an import of a computed name", "FORBIDDEN", 'test("x", async () => { await import("../src/" + Math.random()); });'],
    ["import.meta", "FORBIDDEN", 'test("x", () => { console.log(import.meta.url); });'],
    ["a file without tests", "NO_TESTS", "export {};"],
    ["a suite without tests", "NO_TESTS", 'describe("d", () => {});'],
  ])("%s: %s", async (_name, code, body, files, fuel = DEFAULT_CHECK_LIMITS.fuel) => {
    const job = aJob(body, files, { timeoutMs: 8_000, fuel });
    const [report, neighbour] = await Promise.all([check(job), check(aGoodJob())]);
    expect({ ok: report.ok, code: report.fault?.code }).toEqual({ ok: false, code });
    expect(report.durationMs).toBeLessThan(job.limits.timeoutMs);
    expect(neighbour).toMatchObject({ ok: true, tests: [{ state: "passed" }] });
  });

  test("a promise that waits for a timer that never ends hangs until the deadline", async () => {
    const report = await run('test("x", () => new Promise(() => { setInterval(() => {}, 20); }));', {}, { timeoutMs: 1_500 });
    expect(report.fault?.code).toBe("HANGING");
  });

  test.each<[name: string, code: string, body: string, timeoutMs: number]>([
    ["a catastrophic regular expression", "TIMEOUT", 'test("x", () => { expect(/^(a+)+$/.test("a".repeat(60) + "b")).toBe(false); });', 1_500],
    ["a built-in that never comes back", "TIMEOUT", 'test("x", () => { Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); });', 1_500],
    [
      "a memory bomb on the heap",
      "MEMORY",
      'test("x", () => { const all: unknown[] = []; for (;;) all.push(new Array(1e5).fill(all.length + 0.5)); });',
      20_000,
    ],
    ["a memory bomb beside the heap", "MEMORY", 'test("x", () => { const all: unknown[] = []; for (;;) all.push(new Uint8Array(2e7).fill(1)); });', 20_000],
  ])("%s: %s, and only its own job fails", async (_name, code, body, timeoutMs) => {
    const bad = aJob(body, {}, { timeoutMs });
    const [before, report, after] = await Promise.all([check(aGoodJob()), check(bad), check(aGoodJob())]);
    expect({ ok: report.ok, code: report.fault?.code }).toEqual({ ok: false, code });
    expect([before.ok, after.ok]).toEqual([true, true]);
    // The sandbox serves as before.
    expect((await check(aGoodJob())).ok).toBe(true);
  });
});

describe("a fault names its place", () => {
  test.each<[body: string, files: Files | undefined, place: object]>([
    [
      'import "../src/a"; test("x", () => {});',
      { "src/a.ts": 'type T = { a: number };\ninterface U {\n  b: T;\n}\n\nthrow new Error("x");' },
      { file: "src/a.ts", line: 6 },
    ],
    ['\ntest("x", () => {\n  fetch("x");\n});', undefined, { file: "tests/a.test.ts", line: 4 }],
    ['\nimport { f } from "../src/none"; test("x", () => f());', undefined, { file: "tests/a.test.ts", line: 3 }],
    [
      'import { g } from "../src/a";\ntest("x", () => { g(); });',
      { "src/a.ts": "enum E { A }\nexport const g = () => {\n  while (E.A === 0) {}\n};" },
      { file: "src/a.ts", line: 3 },
    ],
  ])("%#", async (body, files, place) => {
    expect((await run(body, files)).fault).toMatchObject(place);
  });

  test("and a failed assertion its line and the difference", async () => {
    const report = await run('\ntest("x", () => {\n  expect({ a: [1, 2] }).toStrictEqual({ a: [1, 3] });\n});');
    expect(report.fault).toBeUndefined();
    expect(report.tests[0]?.message).toMatch(/strictly equal/);
    expect(report.tests[0]?.message).toContain("-     3,\n+     2,");
    expect(report.tests[0]?.message).toContain("at tests/a.test.ts:4");
  });
});

describe("real vitest", () => {
  test("suites, hooks, each, async tests, spies and matchers work under frozen built-ins", async () => {
    const report = await run(`
      const seen: string[] = [];
      class Custom extends Error { constructor(m: string) { super(m); this.name = "Custom"; } }
      beforeAll(() => { seen.push("all"); });
      beforeEach(() => { seen.push("each"); return () => { seen.push("cleanup"); }; });
      afterEach(() => { seen.push("after"); });
      describe("suite", () => {
        test.each([[1, 2, 3], [2, 2, 4]])("%i + %i = %i", (a, b, sum) => { expect(a + b).toBe(sum); });
        test("async", async () => { await expect(Promise.resolve(1)).resolves.toBe(1); await expect(Promise.reject(new Custom("no"))).rejects.toThrow("no"); });
        test("errors", () => { expect(() => { throw new Custom("m"); }).toThrow(Custom); expect(new Custom("m").name).toBe("Custom"); });
        test("spies", () => { const f = vi.fn((x: number) => x); f(3); expect(f).toHaveBeenCalledWith(3); const o = { m: () => 1 }; vi.spyOn(o, "m").mockReturnValue(2); expect(o.m()).toBe(2); });
        test("matchers", () => { expect({ a: 1, b: new Map([[1, new Set([2])]]) }).toEqual({ a: expect.any(Number), b: new Map([[1, new Set([2])]]) }); expect([1, 2]).toEqual(expect.arrayContaining([2])); expect(0.1 + 0.2).toBeCloseTo(0.3); expect({ a: undefined }).not.toStrictEqual({}); });
        test("own properties that shadow built-ins", () => { const o: any = {}; o.toString = () => "mine"; o.constructor = 1; expect(String(o)).toBe("mine"); const f: any = () => 1; f.toString = () => "f"; expect(String(f)).toBe("f"); });
        test("assertions are counted", () => { expect.assertions(1); expect(1).toBe(1); });
        test("context", ({ expect: own, task }) => { own(task.name).toBe("context"); });
      });
      afterAll(() => { console.log(seen.filter((x) => x === "all").length, seen.filter((x) => x === "cleanup").length); });
    `);
    expect(report).toMatchObject({ ok: true, console: "1 9\n" });
    expect(report.tests.map((outcome) => outcome.name)).toContain("suite > 1 + 2 = 3");
    expect(report.tests).toHaveLength(9);
  });

  test.each([
    ["a skipped test", 'test("y", () => {}); test.skip("x", () => {});'],
    ["a todo", 'test("y", () => {}); test.todo("x");'],
    ["a test that is left out by only", 'test.only("y", () => {}); test("x", () => {});'],
    ["a test that skips itself", 'test("y", () => {}); test("x", (context) => { context.skip(); });'],
  ])("%s is not a pass", async (_name, body) => {
    const report = await run(body);
    expect(report.ok).toBe(false);
    expect(Object.fromEntries(report.tests.map(({ name, state }) => [name, state]))).toEqual({ x: "skipped", y: "passed" });
  });

  test.each([
    ["beforeAll", 'beforeAll(() => { throw new Error("hook"); }); test("x", () => {});'],
    ["afterAll", 'afterAll(() => { throw new Error("hook"); }); test("x", () => {});'],
    ["afterAll of a suite", 'describe("d", () => { afterAll(() => { throw new Error("hook"); }); test("x", () => {}); });'],
    ["afterEach", 'afterEach(() => { throw new Error("hook"); }); test("x", () => {});'],
  ])("a failing %s fails the run", async (_name, body) => {
    const report = await run(body);
    expect(report.ok).toBe(false);
    expect(report.tests.some(({ state, message }) => state === "failed" && message?.includes("hook"))).toBe(true);
  });

  test("what vi does not have says so", async () => {
    const report = await run('test("x", () => { (vi as any).useFakeTimers(); });');
    expect(report.tests[0]?.message).toContain("vi.useFakeTimers is not supported in the sandbox");
  });

  test("imports resolve as bundlers do, with cycles, JSON, dynamic imports and awaits at the top level", async () => {
    const report = await run(
      `import { a } from "../src/a.js"; import b from "../src/b"; import { dir } from "../src/dir"; import data from "../src/data.json"; import * as all from "../src/a";
       const later = await import("../src/later.ts");
       test("x", async () => { expect([a, b(), dir, data.n, all.a, later.z, (await import("../src/b")).default()]).toEqual([1, 2, 3, 4, 1, 5, 2]); });`,
      {
        "src/a.ts": 'import b from "./b"; export const a = 1; export const viaB = () => b();',
        "src/b.ts": 'import { a, type Unused } from "./a.ts"; export default () => a + 1; export type Later = Unused;',
        "src/dir/index.ts": 'export * from "../three";',
        "src/three.ts": "export const dir = 3; export type T = number;",
        "src/data.json": '{ "n": 4 }',
        "src/later.ts": "const ready = await Promise.resolve(5); export const z = ready;",
      },
    );
    expect(report).toMatchObject({ ok: false, fault: { code: "TOP_LEVEL_THROW", message: expect.stringContaining("awaits at its top level") } });
    const second = await run(
      `import { a } from "../src/a.js"; import b from "../src/b"; import { dir } from "../src/dir"; import data from "../src/data.json"; import * as all from "../src/a"; import { z } from "../src/later";
       const later = await import("../src/three.ts");
       test("x", async () => { expect([a, b(), dir, data.n, all.a, z, later.dir, (await import("../src/b")).default()]).toEqual([1, 2, 3, 4, 1, 5, 3, 2]); });`,
      {
        "src/a.ts": 'import b from "./b"; export const a = 1; export const viaB = () => b();',
        "src/b.ts": 'import { a } from "./a.ts"; export default () => a + 1;',
        "src/dir/index.ts": 'export * from "../three";',
        "src/three.ts": "export const dir = 3; export type T = number;",
        "src/data.json": '{ "n": 4 }',
        "src/later.ts": "const ready = await Promise.resolve(5); export const z = ready;",
      },
    );
    expect(second.fault).toBeUndefined();
    expect(second.ok).toBe(true);
  });
});

test("dates, timers and random bytes are as usual in a test", async () => {
  const report = await run(`
    class Day extends Date { get label() { return this.toISOString().slice(0, 10); } }
    test("x", async () => {
      const before = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(Date.now()).toBeGreaterThanOrEqual(before);
      expect(Math.abs(new Date().getTime() - ${Date.now()})).toBeLessThan(3_600_000);
      expect(new Day(Date.UTC(2026, 1, 3)).label).toBe("2026-02-03");
      expect([new Day() instanceof Date, new Date(0).constructor === Date, Date.name, typeof Date()]).toEqual([true, true, "Date", "string"]);
      expect(new Date(5)).toEqual(structuredClone(new Date(5)));
      expect(new Date(5)).not.toEqual(new Date(6));
      expect(expect.any(Date).asymmetricMatch(new Date(0))).toBe(true);
      expect(crypto.randomUUID()).not.toBe(crypto.randomUUID());
      expect(crypto.getRandomValues(new Uint8Array(8))).toHaveLength(8);
    });
  `);
  expect(report.tests[0]?.message).toBeUndefined();
  expect(report).toMatchObject({ ok: true });
});

describe("console", () => {
  test("is captured, also of values that cannot be printed", async () => {
    const report = await run(
      'test("x", () => { console.log("a", { b: [1] }, 2n); console.error(new Proxy({}, { get() { throw new Error("no"); }, ownKeys() { throw new Error("no"); } })); });',
    );
    expect(report.ok).toBe(true);
    expect(report.console).toMatch(/^a \{"b": \[1\]\} 2n\n/);
  });

  test("is cut at the limit, and what is dropped is counted", async () => {
    const report = await run('test("x", () => { for (let i = 0; i < 50; i++) console.log("0123456789"); });', {}, { outputChars: 100 });
    expect(report.console).toHaveLength(100);
    expect(report.droppedOutput).toBeGreaterThan(0);
    expect(report.ok).toBe(true);
  });
});

/** Sources under a test that must fail: `expect(f()).toStrictEqual(2)`. */
const FORGERIES: readonly (readonly [name: string, source: string])[] = [
  [
    "a value that matches everything",
    'export const f = (): any => ({ $$typeof: Symbol.for("jest.asymmetricMatcher"), asymmetricMatch: () => true, toString: () => "2" });',
  ],
  [
    "a proxy",
    "export const f = (): any => new Proxy({}, { get: (_t, k) => (k === Symbol.toPrimitive ? () => 2 : () => true), has: () => true, getPrototypeOf: () => Number.prototype });",
  ],
  [
    "changed built-ins",
    "for (const k of ['is', 'keys', 'hasOwn', 'entries']) { try { (Object as any)[k] = () => true; } catch {} } try { (Array.prototype as any).every = () => true; } catch {} export const f = (): any => 3;",
  ],
  [
    "defined built-ins",
    "try { Object.defineProperty(Object, 'is', { value: () => true }); } catch {} try { Object.defineProperty(Map.prototype, 'get', { value: () => undefined }); } catch {} export const f = (): any => 3;",
  ],
  [
    "a changed JSON",
    'try { (globalThis as any).JSON = { stringify: () => \'{"busy":false,"tests":[{"name":"x","state":"passed","durationMs":0}],"console":"","droppedOutput":0,"fuelLeft":1}\' }; } catch {} try { (JSON as any).stringify = () => \'x\'; } catch {} export const f = (): any => 3;',
  ],
  [
    "a changed Promise",
    "try { (Promise.prototype as any).then = function () { return this; }; } catch {} try { (globalThis as any).Promise = class {}; } catch {} export const f = (): any => 3;",
  ],
  ["a changed Response", "try { (globalThis as any).Response = class {}; } catch {} export const f = (): any => 3;"],
  [
    "a stack trace hook",
    "try { (Error as any).prepareStackTrace = (_e: unknown, frames: any[]) => { frames.map((x) => x.getThis()); return ''; }; } catch {} export const f = (): any => { throw new Error('x'); };",
  ],
  [
    "an error with getters that throw",
    "export const f = (): any => { throw new Proxy(new Error('x'), { get() { throw new Error('inner'); }, getPrototypeOf() { throw new Error('inner'); } }); };",
  ],
  ["an empty list thrown", "export const f = (): any => { throw []; };"],
  [
    "an aggregate error without errors",
    "export const f = (): any => { const e = new AggregateError([]); Object.defineProperty(e, 'errors', { get() { throw 1; } }); throw e; };",
  ],
  [
    "something that looks like a skip",
    "export const f = (): any => { throw Object.assign(new Error('skip'), { code: 'VITEST_PENDING', name: 'PendingError' }); };",
  ],
  [
    "symbols of vitest",
    "for (const s of ['$$jest-matchers-object', 'matchers-object', 'vitest:SAFE_TIMERS', 'expect-global']) { try { (globalThis as any)[Symbol.for(s)] = {}; } catch {} } export const f = (): any => 3;",
  ],
  [
    "later microtasks",
    "export const f = (): any => { void (async () => { for (let i = 0; i < 100; i++) { await null; try { (Object as any).is = () => true; } catch {} } })(); return 3; };",
  ],
];

describe("code under test cannot make a failing test pass", () => {
  test.each(FORGERIES)("with %s", async (_name, source) => {
    const report = await run('import { f } from "../src/a"; test("x", () => { expect(f()).toStrictEqual(2); });', { "src/a.ts": source });
    expect(report.ok).toBe(false);
    expect(report.tests.every(({ state }) => state === "failed")).toBe(true);
    expect(report.fault?.code).not.toBe("INFRASTRUCTURE");
  });

  test("nor reach the harness by an import", async () => {
    const body = 'import { f } from "../src/a"; test("x", () => { expect(f()).toBe(2); });';
    const direct = await run(body, {
      "src/a.ts": 'import { expect } from "vitest"; expect.extend({ toBe: () => ({ pass: true, message: () => "" }) }); export const f = () => 3;',
    });
    expect(direct.fault).toMatchObject({ code: "FORBIDDEN", file: "src/a.ts" });
    const through = await run(body, {
      "src/a.ts": 'import { expect } from "../tests/help"; export const f = () => expect;',
      "tests/help.ts": 'export { expect } from "vitest";',
    });
    expect(through.fault).toMatchObject({ code: "FORBIDDEN", file: "src/a.ts" });
  });

  test("nor does one test file reach another", async () => {
    const job = aJob('test("x", () => { expect(1).toBe(2); });', {
      "tests/bad.test.ts": 'import { expect, test } from "vitest"; expect.extend({ toBe: () => ({ pass: true, message: () => "" }) }); test("y", () => {});',
    });
    const report = await check({ ...job, task: { kind: "tests", files: ["tests/bad.test.ts", "tests/a.test.ts"] } });
    expect(report.tests.map(({ name, state }) => [name, state])).toEqual([
      ["y", "passed"],
      ["x", "failed"],
    ]);
  });

  test("nor use a global of the runtime", async () => {
    const report = await run(`test("x", () => {
      const names = ["process", "Buffer", "caches", "navigator", "WebAssembly", "Cloudflare", "scheduler", "MessageChannel", "SharedArrayBuffer", "Atomics", "addEventListener", "self", "global", "Request", "Response", "require", "module"];
      expect(names.filter((name) => name in globalThis)).toEqual([]);
      expect(Object.getOwnPropertyNames(Object.getPrototypeOf(globalThis))).toEqual([]);
      expect(Object.isFrozen(globalThis)).toBe(true);
    });`);
    expect(report).toMatchObject({ ok: true });
  });
});

describe("a run starts from nothing", () => {
  const files: Files = { "src/a.ts": "let count = 0; export const next = (): number => ++count; export const seen: number[] = [];" };
  const body =
    'import { next, seen } from "../src/a"; test("x", () => { seen.push(next()); expect([next(), seen.length]).toEqual([2, 1]); console.log(Math.random()); });';

  test("in an isolate that is used again, with the same result", async () => {
    const reports = [await run(body, files), await run(body, files), await run(body, files)];
    expect(reports.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect(new Set(reports.map((report) => report.console)).size).toBe(1);
    expect(new Set(reports.map((report) => report.fuelLeft)).size).toBe(1);
  });

  test("also when the same code runs several times at once", async () => {
    const slow = `${body}\ntest("slow", async () => { await new Promise((resolve) => setTimeout(resolve, 100)); });`;
    const reports = await Promise.all([run(slow, files), run(slow, files), run(slow, files)]);
    expect(reports.map(({ ok }) => ok)).toEqual([true, true, true]);
  });

  test("also after a run of the same code that left timers and promises behind", async () => {
    const leaving = 'test("x", () => { setInterval(() => console.log("tick"), 1); void new Promise(() => {}); });';
    const first = await run(leaving);
    const second = await run(leaving);
    expect([first.ok, second.ok, second.console]).toEqual([true, true, ""]);
  });
});

test("fuel is one allowance for all files of a job", async () => {
  const burn = 'import { test } from "vitest"; test("x", () => { for (let i = 0; i < 700; i++); });';
  const job: CheckJob = {
    ...aJob(""),
    files: { "tests/a.test.ts": burn, "tests/b.test.ts": burn },
    task: { kind: "tests", files: ["tests/a.test.ts", "tests/b.test.ts"] },
  };
  const report = await check({ ...job, limits: { ...DEFAULT_CHECK_LIMITS, fuel: 1_000 } });
  expect(report.tests.map(({ file, state }) => [file, state])).toEqual([
    ["tests/a.test.ts", "passed"],
    ["tests/b.test.ts", "failed"],
  ]);
  expect(report.fault?.code).toBe("FUEL");
});

test("an export named then is an export and nothing more", async () => {
  const report = await run('import { then } from "../src/a"; test("x", () => { expect(then()).toBe(1); });', {
    "src/a.ts": "export const then = (): number => 1;",
  });
  expect(report).toMatchObject({ ok: true });
});

describe("a call", () => {
  const call = (source: string, args: unknown[] = []): Promise<CheckReport> =>
    check({ ...aJob(""), files: { "src/a.ts": source }, task: { kind: "call", module: "src/a.ts", export: "f", args: args as never } });

  test("answers the result as JSON", async () => {
    expect(await call("export const f = async (a: number, b: { c: number }) => ({ sum: a + b.c });", [1, { c: 2 }])).toMatchObject({
      ok: true,
      value: '{"sum":3}',
    });
    const nothing = await call("export const f = () => undefined;");
    expect([nothing.ok, nothing.value]).toEqual([true, undefined]);
  });

  test.each([
    ["export const g = 1;", "IMPORT"],
    ["export const f = 1;", "OUTPUT"],
    ["export const f = () => 1n;", "OUTPUT"],
    ["export const f = () => { const a: any = {}; a.a = a; return a; };", "OUTPUT"],
    ["export const f = () => () => 1;", "OUTPUT"],
    ['export const f = () => "x".repeat(100_000);', "OUTPUT"],
    ["export const f = () => { for (;;); };", "FUEL"],
    ["export const f = () => ({ toJSON() { for (;;); } });", "FUEL"],
    ["export const f = () => new Promise(() => {});", "HANGING"],
    ["export const f = () => { throw new Error('x'); };", "TOP_LEVEL_THROW"],
  ])("of %s is refused with %s", async (source, code) => {
    const job: CheckJob = { ...aJob(""), files: { "src/a.ts": source }, task: { kind: "call", module: "src/a.ts", export: "f", args: [] } };
    const report = await check({ ...job, limits: { ...DEFAULT_CHECK_LIMITS, timeoutMs: 1_500 } });
    expect([report.ok, report.fault?.code]).toEqual([false, code]);
  });
});

describe("a type check", () => {
  const typecheck = (files: Files): Promise<CheckReport> => check({ ...aJob(""), files, task: { kind: "typecheck" } });

  test("passes sound files and knows vitest and the sandbox's globals", async () => {
    const report = await typecheck({
      "src/a.ts": "export const f = (n: number): string => new URL(`https://x.dev/${n}`).pathname;",
      "tests/a.test.ts": `${IMPORTS}\nimport { f } from "../src/a.js";\nbeforeEach(() => {}); afterAll(() => {}); describe("d", () => { test.each([[1, "a"]])("%i", (n, s) => { expect(f(n)).toStrictEqual(s); console.log(vi.fn(() => 1)()); setTimeout(() => {}, 1); }); });`,
    });
    expect(report.diagnostics).toEqual([]);
    expect(report.ok).toBe(true);
  });

  test("reports each error with its place, and no error of the check before", async () => {
    const report = await typecheck({
      "src/a.ts": 'export const a: string = 1;\nexport const f = (x) => x;\nfetch("x");\n',
      "tests/b.ts": 'import { nope } from "../src/a";\nnope();',
    });
    expect(report.ok).toBe(false);
    expect(report.diagnostics.map(({ file, line, code }) => [file, line, code])).toEqual([
      ["src/a.ts", 1, 2322],
      ["src/a.ts", 2, 7006],
      ["src/a.ts", 3, 2304],
      ["tests/b.ts", 1, 2305],
    ]);
    expect((await typecheck({ "src/a.ts": "export const a = 1;" })).diagnostics).toEqual([]);
  });

  test("of nothing never passes", async () => {
    expect(await typecheck({ "README.md": "# x" })).toMatchObject({ ok: false, fault: { code: "NO_TESTS" } });
  });
});

describe("processes", () => {
  test("grown ones are replaced while every job passes", async () => {
    const first = await startSandbox({ spare: false });
    const base = first.stats().pids;
    await first.stop();
    const small = await startSandbox({ spare: false, recycleBytes: 280 * MIB });
    try {
      const pids = new Set<number>();
      for (let round = 0; round < 200 && small.stats().recycles === 0; round += 1) {
        const report = await small.check(aJob(`test("x ${round}", () => { expect(${round}).toBe(${round}); });`));
        expect(report).toMatchObject({ ok: true });
        for (const pid of small.stats().pids) pids.add(pid);
      }
      expect(small.stats().recycles).toBeGreaterThan(0);
      await vi.waitFor(() => expect(small.stats().pids.some((pid) => !pids.has(pid)) || pids.size > 1).toBe(true), { timeout: 30_000 });
      expect(await small.check(aGoodJob())).toMatchObject({ ok: true });
      expect(base).toHaveLength(1);
    } finally {
      await small.stop();
    }
  });

  test("one that is killed from outside costs its jobs nothing but time", async () => {
    const own = await startSandbox({ spare: false });
    try {
      const slow = aJob('test("x", async () => { await new Promise((resolve) => setTimeout(resolve, 400)); });');
      const pending = own.check(slow);
      await vi.waitFor(() => expect(own.stats().inFlight).toBeGreaterThan(0));
      const { pids } = own.stats();
      const workers = pids.flatMap(childrenOf);
      expect(workers.length).toBeGreaterThan(0);
      for (const pid of pids) process.kill(pid, "SIGKILL");
      expect(await pending).toMatchObject({ ok: true });
      await vi.waitFor(() => expect(workers.filter(isAlive)).toEqual([]), { timeout: 30_000 });
      expect(own.stats()).toMatchObject({ kills: 1, rerunsAlone: 1 });
    } finally {
      await own.stop();
    }
  });

  test("are gone after stop, and a job after it is answered", async () => {
    const own = await startSandbox();
    const { pids } = own.stats();
    await own.stop();
    expect(pids.length).toBeGreaterThan(0);
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 30_000 });
    expect(await own.check(aGoodJob())).toMatchObject({ ok: false, fault: { code: "INFRASTRUCTURE" } });
  });

  test("are gone when whoever started them is killed, also in an endless built-in", async () => {
    const module = fileURLToPath(new URL("sandbox-supervisor.ts", import.meta.url));
    const endless = JSON.stringify({
      ...aJob('test("x", () => { Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); });'),
      limits: { ...DEFAULT_CHECK_LIMITS, timeoutMs: 60_000 },
    });
    const script = `import { startSandbox } from ${JSON.stringify(module)}; const s = await startSandbox(); void s.check(${endless}); setTimeout(() => console.log(JSON.stringify(s.stats().pids)), 500);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
    const pids = await new Promise<number[]>((resolve) =>
      createInterface({ input: parent.stdout }).once("line", (line) => resolve(JSON.parse(line) as number[])),
    );
    const all = [...pids, ...pids.flatMap(childrenOf)];
    expect(all.length).toBeGreaterThan(pids.length);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(all.filter(isAlive)).toEqual([]), { timeout: 30_000, interval: 100 });
  });
});

test("a Worker reaches the sandbox through a service binding", async () => {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      modules: true,
      script: 'export default { fetch: (request, env) => env.SANDBOX.fetch("http://sandbox/check", { method: "POST", body: request.body }) };',
      compatibilityDate: "2026-08-04",
      serviceBindings: { SANDBOX: (request: unknown) => sandbox.dispatch(request as Request) as never },
    }),
  );
  try {
    const send = async (body: string) => miniflare.dispatchFetch("http://x/", { method: "POST", body });
    const good = await send(JSON.stringify(aGoodJob()));
    expect(checkReport.parse(await good.json())).toMatchObject({ ok: true });
    expect((await send("{}")).status).toBe(400);
    expect((await send("no json")).status).toBe(400);
  } finally {
    await miniflare.dispose();
  }
});

function ps(...args: string[]): string[] {
  return spawnSync("ps", args, { encoding: "utf8" })
    .stdout.split("\n")
    .filter((line) => line.trim() !== "");
}

/** A process that has ended and that nobody has waited for yet is not alive. */
function isAlive(pid: number): boolean {
  return ps("-o", "stat=", "-p", String(pid)).some((state) => !state.startsWith("Z"));
}

function childrenOf(pid: number): number[] {
  return ps("-A", "-o", "pid=,ppid=")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0);
}
