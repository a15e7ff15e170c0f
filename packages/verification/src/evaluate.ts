/**
 * Executes a plan in the sandbox and gives each requirement its verdict. A job carries only the files it can reach, so its
 * report holds for every tree in which these files are the same, and is kept by the job's digest.
 */
import { DEFAULT_CHECK_LIMITS, digestOf } from "@factory/schemas";
import type { CheckFault, CheckJob, CheckLimits, CheckReport, TestOutcome } from "@factory/schemas";
import { lineOfTestName } from "./examples.ts";
import { importClosure } from "./plan.ts";
import type { CheckKind, CheckPlan, Requirement } from "./plan.ts";
import type { Sandbox } from "./sandbox-client.ts";

/** The verdict on one requirement. */
export type CheckResult = {
  readonly key: string;
  readonly kind: CheckKind;
  readonly label: string;
  readonly claimId?: string;
  readonly invariantId?: string;
  readonly holdout: boolean;
  readonly ok: boolean;
  /** Tests that passed; 1 or 0 for what is no test. */
  readonly passed: number;
  readonly failed: number;
  /** Lines of the order whose examples failed. */
  readonly failedLines: readonly number[];
  /** What went wrong, one line each, bounded. Of a hidden example only its line is told. */
  readonly problems: readonly string[];
  /** Digest of what decided it: the same for the same code and checks, whenever and wherever they ran. */
  readonly reportDigest: string;
};

/** Results in the plan's order, or why the sandbox could not give them; the latter says nothing about the code. */
export type Evaluation = { readonly ok: true; readonly results: readonly CheckResult[] } | { readonly ok: false; readonly message: string };

/** Reports by the digest of their job. Not persisted where an object keeps one: a job that is asked again runs again. */
export type ReportMemo = { get(digest: string): CheckReport | undefined; set(digest: string, report: CheckReport): unknown };

/** Problems told of one requirement; a model reads them, and the first few decide what it does. */
const MAX_PROBLEMS = 20;
/** UTF-16 units of one problem. */
const MAX_PROBLEM_CHARS = 600;
/** Fuel and time of a job with several test files grow with them, up to what the sandbox takes. */
const MAX_FUEL = 1_000_000_000;
const MAX_TIMEOUT_MS = 60_000;
const MORE_MS_PER_FILE = 1_000;
/** Type-checking a tree costs seconds where running an example costs milliseconds. */
const TYPECHECK_TIMEOUT_MS = 60_000;

/** True when every requirement holds; a plan without requirements passes nothing. */
export function allPassed(results: readonly CheckResult[]): boolean {
  return results.length > 0 && results.every(({ ok }) => ok);
}

/** Executes a plan. */
export async function evaluatePlan(plan: CheckPlan, sandbox: Sandbox, memo: ReportMemo = new Map<string, CheckReport>()): Promise<Evaluation> {
  const run = new PlanRun(plan, sandbox, memo);
  try {
    const results = await Promise.all(plan.requirements.map((requirement) => run.decide(requirement)));
    return { ok: true, results };
  } catch (err) {
    if (err instanceof SandboxUnavailable) return { ok: false, message: err.message };
    throw err;
  }
}

class SandboxUnavailable extends Error {}

type FileReport = { readonly tests: readonly TestOutcome[]; readonly fault?: CheckFault };

class PlanRun {
  readonly #plan: CheckPlan;
  readonly #sandbox: Sandbox;
  readonly #memo: ReportMemo;
  /** One job a digest, whoever asks for it. */
  readonly #running = new Map<string, Promise<CheckReport>>();
  #together: Promise<ReadonlyMap<string, FileReport>> | undefined;

  constructor(plan: CheckPlan, sandbox: Sandbox, memo: ReportMemo) {
    this.#plan = plan;
    this.#sandbox = sandbox;
    this.#memo = memo;
  }

  async decide(requirement: Requirement): Promise<CheckResult> {
    const { run } = requirement;
    switch (run.how) {
      case "decided":
        return verdict(requirement, {
          passed: run.ok ? 1 : 0,
          failed: run.ok ? 0 : 1,
          problems: run.problems,
          lines: [],
          evidence: { ok: run.ok, problems: run.problems },
        });
      case "typecheck":
        return this.#typecheck(requirement, run.roots);
      case "tests":
        return testVerdict(requirement, run, await this.#testFiles());
      default:
        return run satisfies never;
    }
  }

  async #typecheck(requirement: Requirement, roots: readonly string[]): Promise<CheckResult> {
    const report = await this.#run({ kind: "typecheck" }, importClosure(this.#plan.files, roots), { ...DEFAULT_CHECK_LIMITS, timeoutMs: TYPECHECK_TIMEOUT_MS });
    const problems = report.diagnostics.map(({ file, line, column, code, message }) => `${file}:${line}:${column} TS${code} ${message}`);
    if (report.fault !== undefined) problems.unshift(faultText(report.fault));
    if (!report.ok && problems.length === 0) problems.push("the type check failed without a diagnostic");
    return verdict(requirement, { passed: report.ok ? 1 : 0, failed: report.ok ? 0 : 1, problems, lines: [], evidence: evidenceOf(report) });
  }

  /** All test files of the plan in one job; when a fault disturbs it, each file alone, so that one does not fail another. */
  #testFiles(): Promise<ReadonlyMap<string, FileReport>> {
    this.#together ??= (async () => {
      const files = [...new Set(this.#plan.requirements.flatMap(({ run }) => (run.how === "tests" ? run.files : [])))].sort();
      const report = await this.#tests(files);
      const disturbed = report.fault !== undefined || report.tests.some(({ fault }) => fault !== undefined);
      if (!disturbed || files.length === 1) return byFile(files, report);
      const alone = await Promise.all(files.map(async (file) => byFile([file], await this.#tests([file]))));
      const found = new Map<string, FileReport>();
      for (const reports of alone) for (const [file, one] of reports) found.set(file, one);
      return found;
    })();
    return this.#together;
  }

  #tests(files: readonly string[]): Promise<CheckReport> {
    const limits = {
      ...DEFAULT_CHECK_LIMITS,
      fuel: Math.min(MAX_FUEL, DEFAULT_CHECK_LIMITS.fuel * files.length),
      timeoutMs: Math.min(MAX_TIMEOUT_MS, DEFAULT_CHECK_LIMITS.timeoutMs + MORE_MS_PER_FILE * (files.length - 1)),
    };
    return this.#run({ kind: "tests", files: [...files] }, importClosure(this.#plan.files, files), limits);
  }

  async #run(task: CheckJob["task"], files: ReadonlyMap<string, string>, limits: CheckLimits): Promise<CheckReport> {
    const body = { files: Object.fromEntries(files), task, limits };
    const digest = digestOf(body);
    const known = this.#memo.get(digest);
    if (known !== undefined) return known;
    const running = this.#running.get(digest) ?? this.#sandbox.check({ jobId: digest, ...body });
    this.#running.set(digest, running);
    const report = await running;
    if (report.fault?.code === "INFRASTRUCTURE") throw new SandboxUnavailable(report.fault.message);
    if (isRepeatable(report.fault)) this.#memo.set(digest, report);
    return report;
  }
}

/** Fuel and errors are the same every time; a clock and memory are not. */
function isRepeatable(fault: CheckFault | undefined): boolean {
  return fault === undefined || !["TIMEOUT", "MEMORY", "INFRASTRUCTURE"].includes(fault.code);
}

function byFile(files: readonly string[], report: CheckReport): ReadonlyMap<string, FileReport> {
  return new Map(
    files.map((file) => {
      const tests = report.tests.filter((test) => test.file === file);
      return [file, report.fault === undefined ? { tests } : { tests, fault: report.fault }] as const;
    }),
  );
}

/** Mutation tests are told by their name; see `mutationTestName`. */
const MUTATION_NAME = / leaves its arguments unchanged$/;

function testVerdict(requirement: Requirement, run: Extract<Requirement["run"], { how: "tests" }>, reports: ReadonlyMap<string, FileReport>): CheckResult {
  const problems: string[] = [];
  const lines = new Set<number>();
  let passed = 0;
  let failed = 0;
  const evidence: unknown[] = [];
  for (const file of run.files) {
    const report = reports.get(file) ?? { tests: [] };
    const tests = report.tests.filter(({ name }) => run.part === "all" || MUTATION_NAME.test(name) === (run.part === "mutation"));
    evidence.push({ file, fault: faultEvidence(report.fault), tests: tests.map(({ name, state, message, fault }) => ({ name, state, message, fault })) });
    if (report.fault !== undefined) problems.push(faultText(report.fault));
    let passedHere = 0;
    for (const test of tests) {
      if (test.state === "passed") passedHere += 1;
      if (test.state !== "failed") continue;
      failed += 1;
      const line = lineOfTestName(test.name);
      if (line !== null) lines.add(line);
      problems.push(`${test.name}: ${test.message ?? test.fault ?? "failed"}`);
    }
    passed += passedHere;
    // A file in which nothing passed proves nothing, whatever the reason.
    if (passedHere === 0 && failed === 0) {
      failed += 1;
      if (report.fault === undefined) problems.push(`${file} ran no test`);
    } else if (report.fault !== undefined && failed === 0) failed += 1;
  }
  return verdict(requirement, {
    passed,
    failed,
    problems: requirement.holdout ? hiddenProblems(lines, problems) : problems,
    lines: [...lines].sort((a, b) => a - b),
    evidence,
  });
}

/** A hidden example's text and values stay hidden; that it failed, and where the order has it, may be told to the session. */
function hiddenProblems(lines: ReadonlySet<number>, problems: readonly string[]): string[] {
  if (problems.length === 0) return [];
  return lines.size === 0 ? ["the hidden examples could not be run to their end"] : [...lines].map((line) => `the hidden example at line ${line} failed`);
}

type Findings = {
  readonly passed: number;
  readonly failed: number;
  readonly problems: readonly string[];
  readonly lines: readonly number[];
  readonly evidence: unknown;
};

function verdict({ key, kind, label, claimId, invariantId, holdout }: Requirement, { passed, failed, problems, lines, evidence }: Findings): CheckResult {
  return {
    key,
    kind,
    label,
    ...(claimId === undefined ? {} : { claimId }),
    ...(invariantId === undefined ? {} : { invariantId }),
    holdout,
    ok: failed === 0 && passed > 0,
    passed,
    failed,
    failedLines: lines,
    problems: bounded(problems),
    // A round trip through JSON drops what is undefined, as canonical JSON demands.
    reportDigest: digestOf(JSON.parse(JSON.stringify(evidence))),
  };
}

function bounded(problems: readonly string[]): string[] {
  const shown = problems.slice(0, MAX_PROBLEMS).map((text) => (text.length <= MAX_PROBLEM_CHARS ? text : `${text.slice(0, MAX_PROBLEM_CHARS)} [cut]`));
  return problems.length <= MAX_PROBLEMS ? shown : [...shown, `and ${problems.length - MAX_PROBLEMS} more`];
}

function faultText({ code, message, file, line }: CheckFault): string {
  const place = file === undefined ? "" : ` (${file}${line === undefined ? "" : `:${line}`})`;
  return `${code}: ${message}${place}`;
}

/** Durations, fuel and job ids vary between runs of the same code, so they are no part of what is digested. */
function evidenceOf({ ok, diagnostics, fault }: CheckReport): unknown {
  return { ok, diagnostics, fault: faultEvidence(fault) };
}

function faultEvidence(fault: CheckFault | undefined): unknown {
  return fault === undefined ? undefined : { code: fault.code, file: fault.file, line: fault.line };
}
