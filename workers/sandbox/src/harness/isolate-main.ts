/** The entry of an isolate that runs a job's code: one request is one run. */
import { platform, turn } from "./platform.ts";
import { lockdown } from "./lockdown.ts";
import instantiateKit from "factory:vitest-kit";
import modules from "factory:job";
import { ModuleLoader, MissingExportError, type LoadableModule } from "./module-loader.ts";
import type { RawFault, RawPlace, RawReport, RawTest, RunRequest } from "./raw-report.ts";
import { ScriptRun } from "./script-run.ts";
import { SandboxFault, beginSession, placeOf, type Session } from "./session.ts";
import type * as KitModule from "./vitest-kit.ts";
import type { KitFile, KitTest } from "./vitest-kit.ts";

lockdown();

type Kit = typeof KitModule;

/** vitest's own default, in milliseconds. */
const TEST_TIMEOUT_MS = 5_000;
/** Tests of one file that are reported; more is a fault of the file. */
const MAX_TESTS = 2_000;
const { stringify, parse } = JSON;
const { Response } = platform;

export default {
  async fetch(request: Request): Promise<Response> {
    const run = parse(await request.text()) as RunRequest;
    return new Response(stringify(await perform(run)));
  },
};

async function perform(run: RunRequest): Promise<RawReport> {
  let kit: Kit | undefined;
  const { fuel, outputChars, task } = run;
  const options = { fuel, outputChars, ...(task.kind === "script" ? { clock: task.clock } : {}) };
  const session = beginSession(options, (values) => kit?.format(values) ?? "");
  if (session === undefined) return { busy: true, tests: [], console: "", droppedOutput: 0, fuelLeft: 0 };
  try {
    kit = makeKit(session);
    const loader = new ModuleLoader(modules as readonly LoadableModule[], kit.harness, session.meter);
    const outcome = await Promise.race([outcomeOf(run, kit, loader, session), deadline(run.deadlineMs)]);
    // Rejections that nobody handles are reported by the end of a turn.
    await turn();
    return finish(
      outcome ?? { tests: [], fault: { code: "HANGING", message: `Not finished after ${run.deadlineMs} ms: something it waits for never comes` } },
      session,
    );
  } finally {
    session.end();
  }
}

type Outcome = { readonly tests: readonly RawTest[]; readonly fault?: RawFault; readonly value?: string; readonly pending?: RawReport["pending"] };

function outcomeOf(run: RunRequest, kit: Kit, loader: ModuleLoader, session: Session): Promise<Outcome> {
  const { task } = run;
  switch (task.kind) {
    case "tests":
      return runTests(run, task.file, kit, loader, session);
    case "call":
      return runCall(run, task, loader, session);
    case "script":
      return runScript(run, task, loader, session);
    default: {
      const unknown: never = task;
      throw new Error(`Unknown task ${stringify(unknown)}`);
    }
  }
}

function makeKit(session: Session): Kit {
  const globals = {
    AbortController: platform.AbortController,
    Event: platform.Event,
    EventTarget: platform.EventTarget,
    setTimeout: (callback: () => void, delayMs?: number) => session.setHarnessTimer(callback, delayMs),
    clearTimeout: (id?: number) => session.clearHarnessTimer(id),
    queueMicrotask: platform.queueMicrotask,
    performance: { now: platform.now },
  };
  // vitest keeps state of its own on `globalThis`, and takes its timers from there.
  return instantiateKit({ ...globals, globalThis: { ...globals } }) as Kit;
}

/** Resolves without a value when the time is over. */
function deadline(delayMs: number): Promise<undefined> {
  return new Promise((resolve) => {
    platform.setTimeout(() => resolve(undefined), delayMs);
  });
}

function finish({ tests, fault, value, pending }: Outcome, session: Session): RawReport {
  const [unhandled] = session.unhandled;
  const first = session.faults[0] ?? fault ?? (session.unhandled.length === 0 ? undefined : faultOf(unhandled, "Nothing handled this error: "));
  return {
    busy: false,
    tests: [...tests],
    ...(first === undefined ? {} : { fault: { ...first, message: session.spend(first.message) } }),
    ...(value === undefined ? {} : { value }),
    ...(pending === undefined ? {} : { pending }),
    console: session.console,
    droppedOutput: session.droppedOutput,
    fuelLeft: session.fuelLeft,
  };
}

async function runTests(run: RunRequest, file: string, kit: Kit, loader: ModuleLoader, session: Session): Promise<Outcome> {
  const faults = new Map<object, RawFault>();
  let before = 0;
  let loadFault: RawFault | undefined;
  const settled = await kit.runFile(file, {
    testTimeoutMs: TEST_TIMEOUT_MS,
    importFile: async () => {
      try {
        await loader.load(run.entry);
      } catch (err) {
        loadFault = faultOf(err, "");
        throw err;
      }
    },
    testBegins: () => {
      session.meter.d = 0;
      before = session.faults.length;
    },
    testEnds: (task) => {
      // A fault that the code caught is still a fault: the test cannot pass by swallowing it.
      const fault = session.faults[before];
      if (fault !== undefined && !faults.has(task)) faults.set(task, fault);
    },
  });
  if (loadFault !== undefined) return { tests: [], fault: loadFault };
  return judge(file, settled, faults, session);
}

function judge(file: string, settled: KitFile, faults: ReadonlyMap<object, RawFault>, session: Session): Outcome {
  const [collectError] = settled.collectErrors;
  if (settled.tests.length === 0) {
    const empty = collectError === undefined || /\bNo test (suite )?found/.test(textOf(collectError));
    return { tests: [], fault: empty ? { code: "NO_TESTS", message: `${file} has no tests` } : faultOf(collectError, "While collecting the tests: ") };
  }
  if (settled.tests.length > MAX_TESTS) return { tests: [], fault: { code: "OUTPUT", message: `${file} has more than ${MAX_TESTS} tests` } };
  const tests = settled.tests.map((test) => judgeTest(test, faults.get(test.task), session));
  for (const { name, errors } of settled.suiteErrors) {
    const hooks = name === "" ? "(hooks of the file)" : `${name} (hooks)`;
    tests.push({ name: hooks, state: "failed", message: session.spend(describeErrors(errors)), durationMs: 0 });
  }
  const first = tests.find((test) => test.fault !== undefined)?.fault;
  return first === undefined ? { tests } : { tests, fault: first };
}

function judgeTest({ name, state, errors, durationMs }: KitTest, noted: RawFault | undefined, session: Session): RawTest {
  const fault = noted ?? (state === "failed" ? faultAmong(errors) : undefined);
  const message = fault === undefined ? describeErrors(errors) : fault.message;
  const at = fault?.at ?? errors.map(placeInText).find((place) => place !== undefined);
  return {
    name: name.slice(0, 500),
    state: fault === undefined ? state : "failed",
    ...(state === "passed" && fault === undefined ? {} : { message: session.spend(message) }),
    ...(fault === undefined ? {} : { fault }),
    ...(at === undefined ? {} : { at }),
    durationMs,
  };
}

type CallTask = Extract<RunRequest["task"], { kind: "call" }>;
type ScriptTask = Extract<RunRequest["task"], { kind: "script" }>;

async function runCall(run: RunRequest, task: CallTask, loader: ModuleLoader, session: Session): Promise<Outcome> {
  try {
    await loader.load(run.entry);
    return encode(await Reflect.apply(exportedFunction(loader, run.entry, task.export), undefined, task.args), run.outputChars);
  } catch (err) {
    return thrown(err, session);
  }
}

async function runScript(run: RunRequest, task: ScriptTask, loader: ModuleLoader, session: Session): Promise<Outcome> {
  try {
    const script = new ScriptRun(task, session);
    const end = await script.drive(async () => {
      await loader.load(run.entry);
      return Reflect.apply(exportedFunction(loader, run.entry, "default"), undefined, [script.tools]);
    });
    if ("pending" in end) return { tests: [], pending: [...end.pending] };
    if ("fault" in end) return { tests: [], fault: end.fault };
    return "error" in end ? thrown(end.error, session) : encode(end.value, run.outputChars);
  } catch (err) {
    return thrown(err, session);
  }
}

/** A function that a loaded module exports. @throws SandboxFault when it has no such export or that is no function. */
function exportedFunction(loader: ModuleLoader, entry: number, name: string): (...args: unknown[]) => unknown {
  const exports = loader.exportsOf(entry);
  if (!Object.hasOwn(exports, name)) throw new SandboxFault({ code: "IMPORT", message: `The module does not export ${stringify(name)}` });
  const target = exports[name];
  if (typeof target !== "function") throw new SandboxFault({ code: "OUTPUT", message: `The export ${stringify(name)} is not a function` });
  return target as (...args: unknown[]) => unknown;
}

function thrown(error: unknown, session: Session): Outcome {
  session.meter.d = 0;
  return { tests: [], fault: faultOf(error, "") };
}

function encode(result: unknown, limit: number): Outcome {
  if (result === undefined) return { tests: [] };
  let value: string | undefined;
  try {
    value = stringify(result);
  } catch (err) {
    if (err instanceof SandboxFault) return { tests: [], fault: err.fault };
    return { tests: [], fault: { code: "OUTPUT", message: `The result is not JSON: ${textOf(err)}` } };
  }
  if (value === undefined) return { tests: [], fault: { code: "OUTPUT", message: `The result is a ${typeof result}, which JSON does not have` } };
  if (value.length > limit) return { tests: [], fault: { code: "OUTPUT", message: `The result is longer than ${limit} characters` } };
  return { tests: [], value };
}

/** The fault that an error of the code stands for. */
function faultOf(error: unknown, prefix: string): RawFault {
  if (error instanceof SandboxFault) return error.fault;
  if (error instanceof MissingExportError) return { code: "IMPORT", message: error.message, at: { module: error.module, line: error.line } };
  const text = textOf(error);
  const at = placeOf(error) ?? placeInText(error);
  return { code: codeOfText(text) ?? "TOP_LEVEL_THROW", message: `${prefix}${text}`, ...(at === undefined ? {} : { at }) };
}

function faultAmong(errors: readonly unknown[]): RawFault | undefined {
  for (const error of errors) {
    const text = textOf(error);
    const code = codeOfText(text);
    const at = placeInText(error);
    if (code !== undefined)
      return { code, message: code === "HANGING" ? "It waits for something that never comes" : text, ...(at === undefined ? {} : { at }) };
  }
  return undefined;
}

/** Faults that the runtime or the runner reports by the text of an error. Code that fakes one only names its own failure. */
function codeOfText(text: string): RawFault["code"] | undefined {
  if (text.includes("Maximum call stack size exceeded")) return "RECURSION";
  if (text.includes("Code generation from strings disallowed")) return "FORBIDDEN";
  if (/\b(Test|Hook) timed out in \d+ms/.test(text)) return "HANGING";
  return undefined;
}

/** Name and message of what was thrown, which may be anything and may throw when it is looked at. */
function textOf(error: unknown): string {
  try {
    if (typeof error !== "object" || error === null) return String(error);
    const { name, message } = error as { name?: unknown; message?: unknown };
    const text = typeof message === "string" ? message : stringify(error);
    return typeof name === "string" && name !== "" ? `${name}: ${text}` : text;
  } catch {
    return "an error that cannot be printed";
  }
}

function describeErrors(errors: readonly unknown[]): string {
  return errors.map((error) => [textOf(error), diffOf(error)].filter((part) => part !== "").join("\n")).join("\n\n");
}

function diffOf(error: unknown): string {
  try {
    const diff: unknown = (error as { diff?: unknown } | null)?.diff;
    // oxlint-disable-next-line no-control-regex -- the diff is coloured for terminals
    return typeof diff === "string" ? diff.replace(/\u001B\[[0-9;]*m/g, "") : "";
  } catch {
    // The error is foreign; a diff that throws is no diff.
    return "";
  }
}

/** Errors that the runner has serialised are plain objects that keep their stack as text. */
function placeInText(error: unknown): RawPlace | undefined {
  try {
    const stack: unknown = (error as { stack?: unknown } | null)?.stack;
    const match = typeof stack === "string" ? /\bmodule-(\d+)\.js:(\d+):\d+/.exec(stack) : null;
    return match === null ? undefined : { module: Number(match[1]), line: Number(match[2]) };
  } catch {
    // As above: a foreign error without a readable stack has no place.
    return undefined;
  }
}
