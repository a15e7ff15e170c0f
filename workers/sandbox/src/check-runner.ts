/**
 * One job from files to report: compile, link, run each test file in an isolate of its own, judge. The isolates are a
 * dependency; everything here is decided without them.
 */
import { SCRIPT_LIMITS } from "@factory/schemas";
import type { CheckFault, CheckJob, CheckReport, Diagnostic, TestOutcome } from "@factory/schemas";
import { isTestPath, linkModules, sourceLine, type CompileResult, type LinkedModule } from "@factory/verification/compile";
import { CompileCache } from "./compile-cache.ts";
import type { ModuleRow, RawFault, RawPlace, RawReport, RunRequest } from "./harness/raw-report.ts";

/** A program ready for an isolate: rows of the module table with the code of each. */
export type Program = { readonly rows: readonly ModuleRow[]; readonly codes: readonly string[] };

/** What the runner needs of the platform. Each promise rejects when its isolate fails. */
export interface IsolateDeps {
  compile(files: { readonly [path: string]: string }): Promise<[path: string, result: CompileResult][]>;
  typecheck(files: { readonly [path: string]: string }): Promise<Diagnostic[]>;
  /** Runs in the isolate of this program, an unused one of the same code where that is busy. */
  run(program: Program, request: RunRequest, timeoutMs: number): Promise<RawReport>;
  /** Hexadecimal SHA-256 of a text. */
  digest(text: string): Promise<string>;
  now(): number;
  /** Rejects with {@link DeadlineError} when the promise has not settled in time. */
  within<T>(promise: Promise<T>, timeoutMs: number): Promise<T>;
}

/** A wait that was given up. */
export class DeadlineError extends Error {}

/** Taken off a job's deadline for a run, in milliseconds, so that the isolate reports before it is given up. */
const REPORT_MARGIN_MS = 250;
/** Diagnostics that are reported; more say nothing new. */
const MAX_DIAGNOSTICS = 200;

/** Runs jobs. It may run several at once; they share nothing but what was compiled. */
export class CheckRunner {
  readonly #deps: IsolateDeps;
  readonly #compiled: CompileCache;

  constructor(deps: IsolateDeps) {
    this.#deps = deps;
    this.#compiled = new CompileCache(
      (text) => deps.digest(text),
      (files) => deps.compile(files),
    );
  }

  /** Never rejects: what fails becomes a fault of the report, INFRASTRUCTURE where it says nothing about the code. */
  async run(job: CheckJob): Promise<CheckReport> {
    const started = this.#deps.now();
    const tally = new Tally(job, started + job.limits.timeoutMs, this.#deps);
    try {
      await this.#perform(job, tally);
    } catch (err) {
      tally.fault(faultOfFailure(err));
    }
    return tally.report(this.#deps.now() - started);
  }

  #perform(job: CheckJob, tally: Tally): Promise<void> {
    const { task } = job;
    switch (task.kind) {
      case "tests":
        return this.#runTests(job, task.files, tally);
      case "call":
        return this.#runModule(job, task.module, { kind: "call", export: task.export, args: task.args }, tally);
      case "script": {
        const { module, rounds, clock } = task;
        const { calls: maxCalls, inputChars: maxInputChars } = SCRIPT_LIMITS;
        return this.#runModule(job, module, { kind: "script", rounds, clock, maxCalls, maxInputChars }, tally);
      }
      case "typecheck":
        return this.#typecheck(job, tally);
      default: {
        const unknown: never = task;
        throw new Error(`Unknown task ${JSON.stringify(unknown)}`);
      }
    }
  }

  /** Every test file in an isolate of its own, as vitest isolates files: what one does cannot reach the results of another. */
  async #runTests(job: CheckJob, files: readonly string[], tally: Tally): Promise<void> {
    const compiled = await this.#compile(job, tally);
    for (const file of new Set(files)) {
      const linked = isTestPath(file) ? linkModules(file, compiled) : notATest(file);
      if (!linked.ok) {
        tally.fault(linked.fault);
        continue;
      }
      const raw = await this.#start(linked.modules, { kind: "tests", file }, tally);
      tally.take(raw, linked.modules, file);
    }
  }

  async #runModule(job: CheckJob, module: string, task: RunRequest["task"], tally: Tally): Promise<void> {
    const linked = linkModules(module, await this.#compile(job, tally));
    if (!linked.ok) return tally.fault(linked.fault);
    tally.take(await this.#start(linked.modules, task, tally), linked.modules, module);
  }

  async #typecheck(job: CheckJob, tally: Tally): Promise<void> {
    const files = Object.fromEntries(Object.entries(job.files).filter(([path]) => /^(src|tests)\/.*\.(ts|tsx|mts|json)$/.test(path)));
    if (!Object.keys(files).some((path) => !path.endsWith(".json"))) {
      return tally.fault({ code: "NO_TESTS", message: "There is no TypeScript in src/ or tests/ to check" });
    }
    tally.diagnostics(await this.#deps.within(this.#deps.typecheck(files), tally.timeLeft()));
  }

  #compile(job: CheckJob, tally: Tally): Promise<ReadonlyMap<string, CompileResult>> {
    const sources = Object.entries(job.files).filter(([path]) => /\.(ts|tsx|mts|js|jsx|mjs|json)$/.test(path) && !path.endsWith(".d.ts"));
    return this.#deps.within(this.#compiled.compile(Object.fromEntries(sources)), tally.timeLeft());
  }

  async #start(modules: readonly LinkedModule[], task: RunRequest["task"], tally: Tally): Promise<RawReport> {
    const left = tally.timeLeft();
    const request: RunRequest = { task, entry: 0, fuel: tally.fuelLeft, deadlineMs: Math.max(1, left - REPORT_MARGIN_MS), outputChars: tally.outputLeft };
    try {
      return await this.#deps.within(this.#deps.run(programOf(modules), request, tally.timeoutMs), left);
    } catch (err) {
      const fault = syntaxFault(err);
      if (fault === undefined) throw err;
      return { busy: false, tests: [], fault, console: "", droppedOutput: 0, fuelLeft: tally.fuelLeft };
    }
  }
}

/** What the runtime's parser refuses though the compiler's took it, a bad regular expression for one. */
function syntaxFault(err: unknown): RawFault | undefined {
  const match = err instanceof Error ? /Failed to start Worker:\s*Uncaught (SyntaxError: [^\n]*)\s*at module-(\d+)\.js:(\d+)/.exec(err.message) : null;
  if (match === null) return undefined;
  return { code: "SYNTAX", message: match[1] ?? "SyntaxError", at: { module: Number(match[2]), line: Number(match[3]) } };
}

function notATest(file: string): { ok: false; fault: CheckFault } {
  return { ok: false, fault: { code: "NO_TESTS", message: `${file} is not a test file: tests are in tests/ or end in .test.ts`, file } };
}

function programOf(modules: readonly LinkedModule[]): Program {
  const indexOf = new Map(modules.map(({ module }, index) => [module.path, index]));
  const rows = modules.map(({ module, targets }) => ({
    path: module.path,
    async: module.async,
    imports: module.imports.map(({ specifier, line, dynamic, names }) => {
      const target = targets[specifier];
      const index = target?.kind === "file" ? indexOf.get(target.path) : undefined;
      if (target === undefined || (target.kind === "file" && index === undefined)) throw new Error(`${module.path} is linked without ${specifier}`);
      return { specifier, line, dynamic, names, target: index ?? ("harness" as const) };
    }),
  }));
  return { rows, codes: modules.map(({ module }) => module.code) };
}

/** Failures of the platform's own, by what it says. A limit of an isolate is the code's doing; everything else is not. */
function faultOfFailure(err: unknown): CheckFault {
  const message = err instanceof Error ? err.message : String(err);
  if (err instanceof DeadlineError) return { code: "TIMEOUT", message: "Not finished within the deadline" };
  if (/code had hung|will never generate a response/i.test(message)) return { code: "HANGING", message: "The code waits for something that never comes" };
  if (/exceeded (its )?memory limit/i.test(message)) return { code: "MEMORY", message: "The code used more memory than an isolate has" };
  if (/exceeded (its )?CPU (time )?limit/i.test(message)) return { code: "TIMEOUT", message: "The code used more CPU time than a run has" };
  return { code: "INFRASTRUCTURE", message };
}

/** What a job has come to so far, and what is left of its limits. */
class Tally {
  readonly #job: CheckJob;
  readonly #deadline: number;
  readonly #deps: Pick<IsolateDeps, "now">;
  readonly #tests: TestOutcome[] = [];
  readonly #console: string[] = [];
  #diagnostics: readonly Diagnostic[] = [];
  #fault: CheckFault | undefined;
  #value: string | undefined;
  #pending: CheckReport["pending"];
  #dropped = 0;
  #ran = false;
  fuelLeft: number;
  outputLeft: number;

  constructor(job: CheckJob, deadline: number, deps: Pick<IsolateDeps, "now">) {
    this.#job = job;
    this.#deadline = deadline;
    this.#deps = deps;
    this.fuelLeft = job.limits.fuel;
    this.outputLeft = job.limits.outputChars;
  }

  get timeoutMs(): number {
    return this.#job.limits.timeoutMs;
  }

  /** @throws DeadlineError when nothing is left. */
  timeLeft(): number {
    const left = this.#deadline - this.#deps.now();
    if (left <= 0) throw new DeadlineError("The deadline of the job is over");
    return left;
  }

  /** Keeps the first fault: what follows is often its consequence. */
  fault(fault: CheckFault): void {
    this.#fault ??= fault;
  }

  diagnostics(found: readonly Diagnostic[]): void {
    this.#ran = true;
    this.#diagnostics = found.slice(0, MAX_DIAGNOSTICS);
  }

  take(raw: RawReport, modules: readonly LinkedModule[], file: string): void {
    if (raw.busy) throw new Error("No free isolate was found");
    this.#ran = true;
    this.fuelLeft = Math.max(0, Math.min(this.fuelLeft, raw.fuelLeft));
    this.#dropped += raw.droppedOutput;
    this.#append(raw.console);
    for (const { name, state, message, fault, at, durationMs } of raw.tests) {
      const where = at === undefined ? undefined : placeIn(modules, at);
      const shown = message === undefined ? undefined : this.#limited(where === undefined ? message : `${message}\n    at ${where.file}:${where.line}`);
      this.#tests.push({
        file,
        name,
        state,
        ...(shown === undefined ? {} : { message: shown }),
        ...(fault === undefined ? {} : { fault: fault.code }),
        durationMs,
      });
    }
    if (raw.fault !== undefined) this.fault(placed(raw.fault, modules, file));
    if (raw.value !== undefined) this.#value = raw.value;
    this.#pending = raw.pending;
  }

  report(durationMs: number): CheckReport {
    const { task, jobId } = this.#job;
    return {
      jobId,
      ok: this.#ran && this.#fault === undefined && this.#passed(),
      tests: this.#tests,
      diagnostics: [...this.#diagnostics],
      ...(this.#value === undefined ? {} : { value: this.#value }),
      // What a faulty script asked for is not to be carried out.
      ...(this.#pending === undefined || this.#fault !== undefined ? {} : { pending: this.#pending }),
      console: this.#console.join(""),
      droppedOutput: this.#dropped,
      ...(this.#fault === undefined ? {} : { fault: this.#fault }),
      durationMs: Math.max(0, durationMs),
      ...(task.kind === "typecheck" ? {} : { fuelLeft: this.fuelLeft }),
    };
  }

  #passed(): boolean {
    switch (this.#job.task.kind) {
      case "tests":
        return this.#tests.length > 0 && this.#tests.every((test) => test.state === "passed");
      case "script":
        return this.#pending === undefined;
      case "typecheck":
      case "call":
        return this.#diagnostics.length === 0;
      default: {
        const unknown: never = this.#job.task;
        throw new Error(`Unknown task ${JSON.stringify(unknown)}`);
      }
    }
  }

  #append(text: string): void {
    const kept = this.#limited(text);
    if (kept !== "") this.#console.push(kept);
  }

  /** The isolate keeps to the allowance already; this holds also where it does not. */
  #limited(text: string): string {
    const kept = text.slice(0, this.outputLeft);
    this.outputLeft -= kept.length;
    this.#dropped += text.length - kept.length;
    return kept;
  }
}

function placeIn(modules: readonly LinkedModule[], at: RawPlace): { file: string; line: number } | undefined {
  const module = modules[at.module]?.module;
  return module === undefined ? undefined : { file: module.path, line: sourceLine(module.lineMap, at.line) };
}

/** A fault of a run with its place in the source. An import's line is one of the source already. */
function placed({ code, message, at }: RawFault, modules: readonly LinkedModule[], file: string): CheckFault {
  if (at === undefined) return { code, message, file };
  const importing = code === "IMPORT" ? modules[at.module]?.module.path : undefined;
  const where = importing === undefined ? placeIn(modules, at) : { file: importing, line: at.line };
  return where === undefined ? { code, message, file } : { code, message, ...where };
}
