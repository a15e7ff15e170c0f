/** Scripts in the real sandbox: calls by deterministic replay, and what a script cannot do. */
import { DEFAULT_CHECK_LIMITS, SCRIPT_LIMITS, checkReport } from "@factory/schemas";
import type { CheckLimits, CheckReport, ScriptAnswer, ScriptCall, ScriptRound } from "@factory/schemas";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSandbox, type SandboxHandle } from "./sandbox-supervisor.ts";

const CLOCK = Date.parse("2026-03-04T05:06:07.000Z");

let sandbox: SandboxHandle;
let jobs = 0;

beforeAll(async () => {
  sandbox = await startSandbox({ spare: false });
});
afterAll(() => sandbox.stop());

type Files = { readonly [path: string]: string };
type Tools = { readonly [name: string]: (input: never) => ScriptAnswer };

/** One run of a script whose default export is `async (tools) => { <body> }`, under a record. */
async function runWith(rounds: readonly ScriptRound[], body: string, limits: Partial<CheckLimits> = {}, files: Files = {}): Promise<CheckReport> {
  jobs += 1;
  const code = `${files["script.ts"] ?? ""}\nexport default async (tools: any) => {\n${body}\n};\n`;
  return checkReport.parse(
    await sandbox.check({
      jobId: `job-${jobs}`,
      files: { ...files, "script.ts": code },
      task: { kind: "script", module: "script.ts", rounds: [...rounds], clock: CLOCK },
      limits: { ...DEFAULT_CHECK_LIMITS, timeoutMs: 5_000, ...limits },
    }),
  );
}

const value = (result: unknown): ScriptAnswer => ({ ok: true, value: JSON.stringify(result) });
const failure = (code: string, message: string): ScriptAnswer => ({ ok: false, code, message });

/** Runs a script to its end, each call answered by a tool of the test. */
async function drive(body: string, tools: Tools, files: Files = {}): Promise<{ report: CheckReport; rounds: ScriptRound[] }> {
  const rounds: ScriptRound[] = [];
  for (;;) {
    const report = await runWith(rounds, body, {}, files);
    if (report.pending === undefined) return { report, rounds };
    expect(report).toMatchObject({ ok: false });
    expect(report).not.toHaveProperty("fault");
    rounds.push(report.pending.map((call) => ({ call, answer: answerOf(call, tools) })));
  }
}

function answerOf({ tool, input }: ScriptCall, tools: Tools): ScriptAnswer {
  return tools[tool]?.(JSON.parse(input) as never) ?? failure("UNKNOWN", "no such tool");
}

const asked = (rounds: readonly ScriptRound[]): string[][] => rounds.map((round) => round.map(({ call }) => `${call.tool}${call.input}`));

/** A tool that answers what it was sent. */
const echo: Tools = { echo: (input: unknown) => value(input) };

describe("a script", () => {
  test("that calls nothing is run once and answers its value as JSON", async () => {
    const { report, rounds } = await drive("console.log('here'); return { sum: 1 + 2 };", {});
    expect(report).toMatchObject({ ok: true, value: '{"sum":3}', console: "here\n" });
    expect(rounds).toEqual([]);
  });

  test("imports the files of the job, and answers nothing where it returns nothing", async () => {
    const files = { "src/double.ts": "export const double = (n: number): number => n * 2;\n", "script.ts": 'import { double } from "./src/double.ts";' };
    expect((await drive("return double(21);", {}, files)).report).toMatchObject({ ok: true, value: "42" });
    const nothing = (await drive("double(1);", {}, files)).report;
    expect([nothing.ok, nothing.value]).toEqual([true, undefined]);
  });

  test("gets the answers of its calls, one after the other, and what it made of them comes back", async () => {
    const { report, rounds } = await drive(
      "const a = await tools.echo({ n: 1 }); const b = await tools.echo({ n: a.n + 1 }); return [a, b, await tools.echo()];",
      echo,
    );
    expect(report).toMatchObject({ ok: true, value: '[{"n":1},{"n":2},{}]' });
    expect(asked(rounds)).toEqual([['echo{"n":1}'], ['echo{"n":2}'], ["echo{}"]]);
  });

  test("asks at once for everything that it waits for at once", async () => {
    const { report, rounds } = await drive("return (await Promise.all([1, 2, 3].map((n) => tools.echo({ n })))).map(({ n }) => n);", echo);
    expect(report).toMatchObject({ ok: true, value: "[1,2,3]" });
    expect(asked(rounds)).toEqual([['echo{"n":1}', 'echo{"n":2}', 'echo{"n":3}']]);
  });

  test("is repeated also where branches of different lengths run side by side, with timers between", async () => {
    const body = `
      const seen: string[] = [];
      const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      const quick = async () => { for (const n of [1, 2, 3, 4]) seen.push("quick " + (await tools.echo({ quick: n })).quick); };
      const slow = async () => { for (const n of [1, 2]) { for (let i = 0; i < 7; i++) await null; await sleep(3_600_000); seen.push("slow " + (await tools.echo({ slow: n })).slow); } };
      await Promise.all([quick(), slow()]);
      return seen;`;
    const { report, rounds } = await drive(body, echo);
    expect(report).not.toHaveProperty("fault");
    expect(JSON.parse(report.value ?? "[]")).toHaveLength(6);
    expect(rounds.flat()).toHaveLength(6);
    expect(report.durationMs).toBeLessThan(5_000);
  });

  test("has the same clock and the same random bytes in every run", async () => {
    const body = `
      const stamp = () => ({ now: Date.now(), date: new Date().toISOString(), text: Date(), gone: performance.now(), uuid: crypto.randomUUID(), bytes: [...crypto.getRandomValues(new Uint8Array(4))], random: Math.random() });
      const first = await tools.echo(stamp());
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const second = await tools.echo(stamp());
      return { first, second, is: [new Date(0) instanceof Date, new Date(2026, 0).getFullYear(), Date.UTC(1970, 0), Date.length, Date.name, new Date(0).constructor === Date] };`;
    const { report } = await drive(body, echo);
    expect(report).not.toHaveProperty("fault");
    const { first, second, is } = JSON.parse(report.value ?? "{}") as { [key: string]: { [key: string]: unknown } };
    expect(first).toMatchObject({ now: CLOCK, date: "2026-03-04T05:06:07.000Z", gone: 0 });
    expect(second).toMatchObject({ now: CLOCK + 1_500, gone: 1_500 });
    expect(first?.["uuid"]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(second?.["uuid"]).not.toBe(first?.["uuid"]);
    expect(is).toEqual([true, 2026, 0, 7, "Date", true]);
  });

  test("makes a call also where it does not wait for it, and ends when that is answered", async () => {
    const { report, rounds } = await drive("void tools.echo({ n: 1 }); return 5;", echo);
    expect(report).toMatchObject({ ok: true, value: "5" });
    expect(rounds).toHaveLength(1);
  });

  test("catches a call that failed as an error with code and message, and may go on", async () => {
    const failing: Tools = { read: () => failure("NOT_FOUND", "There is no a.ts."), ...echo };
    const { report } = await drive(
      "try { await tools.read({ path: 'a.ts' }); } catch (err) { return await tools.echo([err instanceof Error, err.name, err.code, err.message]); }",
      failing,
    );
    expect(report).toMatchObject({ ok: true, value: '[true,"ToolError","NOT_FOUND","read: There is no a.ts."]' });
  });

  test("fails with a call that it does not catch, named with its place", async () => {
    const { report } = await drive("\nawait tools.read({ path: 'a.ts' });", { read: () => failure("NOT_FOUND", "There is no a.ts.") });
    expect(report).toMatchObject({ ok: false, fault: { code: "TOP_LEVEL_THROW", message: "ToolError: read: There is no a.ts.", file: "script.ts", line: 4 } });
  });

  test("is not taken for a tool where the language looks for a member by itself", async () => {
    const { report, rounds } = await drive(
      "console.log(tools); return [await tools === tools, JSON.stringify(tools), String(typeof tools.constructor), typeof tools.then, typeof tools[Symbol.iterator]];",
      {},
    );
    expect(report).toMatchObject({ ok: true, value: '[true,"{}","undefined","undefined","undefined"]' });
    expect(rounds).toEqual([]);
  });
});

describe("a script is at fault", () => {
  const answered: ScriptRound[] = [[{ call: { tool: "echo", input: '{"n":1}' }, answer: value({ n: 1 }) }]];

  test.each<[string, string, string, ScriptRound[]?]>([
    ["loops without end before its first call", "FUEL", "for (;;); await tools.echo({ n: 1 });"],
    ["loops without end between two calls", "FUEL", "await tools.echo({ n: 1 }); for (;;); await tools.echo({ n: 2 });", answered],
    ["loops without end over calls that it does not wait for", "OUTPUT", "for (;;) void tools.echo({});"],
    ["catches that it may make no more calls", "OUTPUT", "for (let i = 0; i < 500; i++) try { void tools.echo({}).catch(() => {}); } catch {} return 1;"],
    ["sends more than its calls may hold", "OUTPUT", `await tools.echo({ text: "x".repeat(${SCRIPT_LIMITS.inputChars}) });`],
    [
      "sends more than they may hold together",
      "OUTPUT",
      `await Promise.all([1, 2, 3].map(() => tools.echo({ text: "x".repeat(${SCRIPT_LIMITS.inputChars / 2}) })));`,
    ],
    ["sends what never ends to be read", "FUEL", "await tools.echo({ toJSON() { for (;;); } });"],
    ["waits for nothing", "HANGING", "await new Promise(() => {});"],
    ["waits for nothing after a call", "HANGING", "await tools.echo({ n: 1 }); await new Promise(() => {});", answered],
    ["sets timers without end", "HANGING", "setInterval(() => {}, 10); await tools.echo({ n: 1 });"],
    ["throws", "TOP_LEVEL_THROW", "throw new Error('x');"],
    ["sends what JSON does not have", "TOP_LEVEL_THROW", "await tools.echo({ n: 1n });"],
    ["sends a function", "TOP_LEVEL_THROW", "await tools.echo(() => 1);"],
    ["returns what JSON does not have", "OUTPUT", "return () => 1;"],
    ["returns more than its output may hold", "OUTPUT", 'return "x".repeat(100_000);'],
    ["goes to the network", "FORBIDDEN", "await fetch('https://example.com');"],
    ["goes to the network, catches that and asks for a call", "FORBIDDEN", "try { await fetch('x'); } catch {} await tools.echo({ n: 1 });"],
    ["leaves a rejection to nobody and asks for a call", "TOP_LEVEL_THROW", "void Promise.reject(new Error('late')); await tools.echo({ n: 1 });"],
    ["makes code from a tool's constructor", "FORBIDDEN", "await tools.echo.constructor('return 1')();"],
  ])("that %s: %s", async (_what, code, body, rounds = []) => {
    const report = await runWith(rounds, body, { timeoutMs: 2_500 });
    expect({ ok: report.ok, code: report.fault?.code, pending: report.pending }).toEqual({ ok: false, code, pending: undefined });
  });

  test.each<[string, string]>([
    ["asks for something else", "await tools.echo({ n: 2 });"],
    ["asks for another tool", "await tools.other({ n: 1 });"],
    ["asks for more at once", "await Promise.all([tools.echo({ n: 1 }), tools.echo({ n: 1 })]);"],
    ["asks in another order of members", "await tools.echo({ m: 1, n: 1 });"],
    ["asks for nothing", "return 1;"],
    ["throws before it asks", "throw new Error('x');"],
    ["swallows that it differs", "try { await tools.echo({ n: 2 }); } catch {} return 1;"],
  ])("that %s when it is run again: NONDETERMINISTIC", async (_what, body) => {
    const report = await runWith(answered, body);
    expect(report).toMatchObject({ ok: false, fault: { code: "NONDETERMINISTIC" } });
    expect(report).not.toHaveProperty("pending");
  });

  test("without a default export, or with one that is no function", async () => {
    const run = async (code: string): Promise<string | undefined> =>
      (
        await sandbox.check({
          jobId: "j",
          files: { "script.ts": code },
          task: { kind: "script", module: "script.ts", rounds: [], clock: CLOCK },
          limits: DEFAULT_CHECK_LIMITS,
        })
      ).fault?.code;
    expect(await Promise.all([run("export const f = 1;"), run("export default 1;"), run("const = 1;"), run('import "./none.ts";')])).toEqual([
      "IMPORT",
      "OUTPUT",
      "SYNTAX",
      "IMPORT",
    ]);
  });
});

describe("a script cannot forge what is reported of it", () => {
  const RAW = '{"busy":false,"tests":[],"value":"7","pending":[{"tool":"forged","input":"{}"}],"console":"","droppedOutput":0,"fuelLeft":1}';

  test.each<[string, string]>([
    ["by changing JSON", `try { (JSON as any).stringify = () => ${JSON.stringify(RAW)}; } catch {}`],
    ["by another JSON", `try { (globalThis as any).JSON = { stringify: () => ${JSON.stringify(RAW)}, parse: () => ({}) }; } catch {}`],
    ["by changing lists", "try { (Array.prototype as any).map = () => [{ tool: 'forged', input: '{}' }]; } catch {}"],
    [
      "by changing how lists are walked",
      "try { (Array.prototype as any)[Symbol.iterator] = function* () {}; } catch {} try { (Array.prototype as any).entries = () => []; } catch {}",
    ],
    [
      "by changing promises",
      "try { (Promise.prototype as any).then = function (f: any) { f(7); return this; }; } catch {} try { (globalThis as any).Promise = class {}; } catch {}",
    ],
    [
      "by changing the tools",
      "try { tools.echo = async () => 7; } catch {} try { Object.defineProperty(tools, 'echo', { value: async () => 7 }); } catch {} try { Object.setPrototypeOf(tools, { echo: 7 }); } catch {}",
    ],
    [
      "by setters of every object",
      "for (const name of ['pending', 'fault', 'value', 'tool', 'input']) try { Object.defineProperty(Object.prototype, name, { get: () => 'forged', set() {} }); } catch {}",
    ],
    [
      "by a clock of its own",
      "try { (globalThis as any).Date = class { static now() { return 0; } }; } catch {} try { (Date as any).now = () => 0; } catch {}",
    ],
    [
      "by the stack of an error",
      "try { (Error as any).prepareStackTrace = (_: unknown, frames: any[]) => { for (const frame of frames) frame.getThis?.(); return ''; }; } catch {}",
    ],
  ])("%s", async (_how, trick) => {
    const first = await runWith([], `${trick}\nreturn { got: await tools.echo({ n: 1 }), at: Date.now() };`);
    expect(first).toMatchObject({ ok: false, pending: [{ tool: "echo", input: '{"n":1}' }] });
    expect(first).not.toHaveProperty("value");
    const { report } = await drive(`${trick}\nreturn { got: await tools.echo({ n: 1 }), at: Date.now() };`, echo);
    expect(report).toMatchObject({ ok: true, value: JSON.stringify({ got: { n: 1 }, at: CLOCK }) });
  });

  test("nor ask after it has ended: a value that calls while it is written asks for nothing", async () => {
    const report = await runWith([], "return { toJSON() { void tools.echo({}); return 1; } };");
    expect(report).toMatchObject({ ok: true, value: "1" });
    expect(report).not.toHaveProperty("pending");
  });

  test("nor count on an input that changes while it is read: what was read first is what is asked", async () => {
    const { report, rounds } = await drive("let n = 0; const input = { get n() { n += 1; return n; } }; return await tools.echo(input);", echo);
    expect(asked(rounds)).toEqual([['echo{"n":1}']]);
    expect(report).toMatchObject({ ok: true, value: '{"n":1}' });
  });

  test("nor reach the next run: each begins from nothing in the isolate that is used again", async () => {
    const { report } = await drive(
      "state.runs += 1; const first = (await tools.echo({ runs: state.runs })).runs; setTimeout(() => console.log('late'), 1); return [first, state.runs];",
      echo,
      { "script.ts": "const state = { runs: 0 };" },
    );
    expect(report).toMatchObject({ ok: true, value: "[1,1]", console: "" });
  });
});

test("the same script run several times at once has an isolate for each", async () => {
  const body = "return (await Promise.all([tools.echo({ n: 1 }), tools.echo({ n: 2 })])).length;";
  const all = await Promise.all(Array.from({ length: 4 }, () => drive(body, echo)));
  expect(all.map(({ report }) => report.value)).toEqual(["2", "2", "2", "2"]);
});
