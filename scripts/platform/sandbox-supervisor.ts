/**
 * Keeps a sandbox process running and gives it jobs. Local workerd has no limit of CPU or memory, so a job can stop the process
 * it runs in; the supervisor kills such a process and starts another. After a kill nobody knows which job did it: each job
 * that was in flight is run again alone, one at a time, in a process of its own. Only a job that ends that process too gets
 * TIMEOUT or MEMORY; the others are late, never failed.
 */
import { totalmem } from "node:os";
import { DEFAULT_CHECK_LIMITS, SANDBOX_CHECK_PATH, checkJob, type CheckFault, type CheckJob, type CheckReport } from "@factory/schemas";
import { z } from "zod";
import { buildWorker } from "./build.ts";
import { spawnSandbox, type SandboxProcess } from "./sandbox-spawn.ts";

/** Bounds of the supervisor; the defaults are in `DEFAULT_SANDBOX_OPTIONS`. */
export type SandboxOptions = {
  /** Jobs at once in the shared process. */
  readonly concurrency: number;
  /** Added to a job's own deadline before its process is killed, in milliseconds: the sandbox reports by itself until then. */
  readonly graceMs: number;
  /** Silence of the process's event loop that counts as stopped while several jobs are in flight, in milliseconds. */
  readonly stallMs: number;
  /** What a suspect has at most while others wait for their run alone, in milliseconds; what takes longer is run again last. */
  readonly hearingMs: number;
  /** How often processes are looked at, in milliseconds. */
  readonly watchMs: number;
  /** Resident memory above which a process is replaced in good order, in bytes. */
  readonly recycleBytes: number;
  /** Resident memory above which a process is killed, in bytes. */
  readonly killBytes: number;
  /** Keep a started process in reserve, so that a kill costs no start. */
  readonly spare: boolean;
};

const MIB = 1024 * 1024;

/** workerd keeps about 5 MiB for each new program, so 1.2 GiB is some two hundred; the kill comes before the machine swaps. */
export const DEFAULT_SANDBOX_OPTIONS: SandboxOptions = {
  concurrency: 4,
  graceMs: 1_000,
  stallMs: 2_500,
  hearingMs: 2_000,
  watchMs: 50,
  recycleBytes: 1_229 * MIB,
  killBytes: Math.min(3_072 * MIB, Math.floor(totalmem() / 2)),
  spare: true,
};

/** What the supervisor has done since it started. */
export type SandboxStats = {
  readonly checks: number;
  readonly kills: number;
  readonly recycles: number;
  readonly rerunsAlone: number;
  readonly pids: readonly number[];
  readonly queued: number;
  readonly inFlight: number;
  readonly rssBytes: number;
};

/** The sandbox as the platform uses it. */
export type SandboxHandle = {
  /** Answers what the sandbox Worker answers; a job that had to be stopped is answered with a report too. */
  dispatch(request: Request): Promise<Response>;
  /** Runs one job. Never rejects. */
  check(job: CheckJob): Promise<CheckReport>;
  stats(): SandboxStats;
  /** Ends every process. Jobs that are not done are answered INFRASTRUCTURE. */
  stop(): Promise<void>;
};

/** Builds the sandbox Worker where needed and starts it. @throws Error when it does not build or start. */
export async function startSandbox(options: Partial<SandboxOptions> = {}): Promise<SandboxHandle> {
  const built = await buildWorker("sandbox");
  const supervisor = new SandboxSupervisor({ ...DEFAULT_SANDBOX_OPTIONS, ...options }, () => spawnSandbox(built));
  await supervisor.start();
  return supervisor;
}

type KillReason = "deadline" | "stall" | "memory" | "crash";

/** One job on its way. */
type Attempt = {
  readonly job: CheckJob;
  readonly body: string;
  readonly resolve: (report: CheckReport) => void;
  readonly arrivedAt: number;
  startedAt: number;
  /** True when another job was in flight in the same process at any time of this run. */
  shared: boolean;
  /** Time after which this run is broken off, in milliseconds. */
  patienceMs: number;
  /** True once a run alone was broken off to let other suspects go first. */
  adjourned: boolean;
};

/** A process with what it is doing. */
type Slot = {
  /** `alone`: runs suspects, one at a time. */
  kind: "shared" | "alone";
  readonly process: SandboxProcess;
  readonly inFlight: Set<Attempt>;
  readonly aborter: AbortController;
  draining: boolean;
  dead: boolean;
  rssBytes: number;
  pingSince: number | undefined;
};

/** How long a stopped start is waited for before the next one, in milliseconds, times the number of failures. */
const RESTART_PAUSE_MS = 500;
/** A job that loads the compiler and the harness, as JSON text. */
const WARM_UP = JSON.stringify({
  jobId: "warm-up",
  files: { "tests/warm-up.test.ts": 'import { test } from "vitest";\ntest("starts", () => {});\n' },
  task: { kind: "tests", files: ["tests/warm-up.test.ts"] },
  limits: DEFAULT_CHECK_LIMITS,
} satisfies CheckJob);
/** What a process that broke off has to end by itself, in milliseconds. */
const LAST_WORDS_MS = 1_000;
/** Starts in a row that may fail before waiting jobs are answered INFRASTRUCTURE. */
const MAX_START_FAILURES = 3;

export class SandboxSupervisor implements SandboxHandle {
  readonly #options: SandboxOptions;
  readonly #spawn: () => Promise<SandboxProcess>;
  readonly #slots = new Set<Slot>();
  readonly #queue: Attempt[] = [];
  readonly #suspects: Attempt[] = [];
  #main: Slot | undefined;
  #spare: Promise<Slot> | undefined;
  #replacing = false;
  #judging = false;
  #stopped = false;
  #watch: NodeJS.Timeout | undefined;
  #counts = { checks: 0, kills: 0, recycles: 0, rerunsAlone: 0 };

  constructor(options: SandboxOptions, spawn: () => Promise<SandboxProcess>) {
    this.#options = options;
    this.#spawn = spawn;
  }

  /** Resolves when the first process takes calls. */
  async start(): Promise<void> {
    this.#main = await this.#open();
    this.#watch = setInterval(() => this.#look(), this.#options.watchMs);
    this.#prepareSpare();
  }

  stats(): SandboxStats {
    const slots = [...this.#slots];
    return {
      ...this.#counts,
      pids: slots.map((slot) => slot.process.pid),
      queued: this.#queue.length + this.#suspects.length,
      inFlight: slots.reduce((sum, slot) => sum + slot.inFlight.size, 0),
      rssBytes: slots.reduce((sum, slot) => sum + slot.rssBytes, 0),
    };
  }

  *#inFlight(): Generator<Attempt> {
    for (const slot of this.#slots) yield* slot.inFlight;
  }

  async dispatch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/health" && request.method === "GET") return Response.json({ worker: "sandbox", ok: this.#main !== undefined });
    if (pathname !== SANDBOX_CHECK_PATH) return new Response("Not found\n", { status: 404 });
    if (request.method !== "POST") return new Response("Use POST\n", { status: 405, headers: { allow: "POST" } });
    const job = checkJob.safeParse(parseJson(await request.text()));
    if (!job.success) return Response.json({ code: "INVALID_ARGUMENT", message: z.prettifyError(job.error) }, { status: 400 });
    return Response.json(await this.check(job.data));
  }

  check(job: CheckJob): Promise<CheckReport> {
    this.#counts.checks += 1;
    return new Promise((resolve) => {
      if (this.#stopped) return resolve(reportOf(job, { code: "INFRASTRUCTURE", message: "The sandbox is stopped" }, 0));
      this.#queue.push({ job, body: JSON.stringify(job), resolve, arrivedAt: Date.now(), startedAt: 0, shared: false, patienceMs: 0, adjourned: false });
      this.#pump();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#watch);
    const waiting = [...this.#queue.splice(0), ...this.#suspects.splice(0), ...this.#inFlight()];
    for (const attempt of waiting) this.#settle(attempt, { code: "INFRASTRUCTURE", message: "The sandbox was stopped" });
    await Promise.allSettled([this.#spare]);
    await Promise.all([...this.#slots].map((slot) => this.#end(slot)));
  }

  /** Gives waiting jobs to the shared process, in the order they came. */
  #pump(): void {
    for (;;) {
      const main = this.#main;
      if (main === undefined || main.dead || main.inFlight.size >= this.#options.concurrency) return;
      const attempt = this.#queue.shift();
      if (attempt === undefined) return;
      void this.#run(main, attempt).then(() => this.#pump());
    }
  }

  /** Runs one job in a process. A process that dies takes its jobs out of `inFlight` first; then the answer is no longer wanted. */
  async #run(slot: Slot, attempt: Attempt): Promise<void> {
    attempt.startedAt = Date.now();
    attempt.patienceMs = attempt.job.limits.timeoutMs + this.#options.graceMs;
    if (slot.kind === "alone" && this.#suspects.length > 0 && !attempt.adjourned) attempt.patienceMs = Math.min(attempt.patienceMs, this.#options.hearingMs);
    attempt.shared = slot.inFlight.size > 0;
    for (const other of slot.inFlight) other.shared = true;
    slot.inFlight.add(attempt);
    try {
      const { status, text } = await slot.process.check(attempt.body, slot.aborter.signal);
      if (!slot.inFlight.delete(attempt)) return;
      if (status === 200) attempt.resolve(JSON.parse(text) as CheckReport);
      else this.#settle(attempt, { code: "INFRASTRUCTURE", message: `The sandbox answered ${status}: ${text.slice(0, 500)}` });
    } catch (err) {
      if (!slot.inFlight.has(attempt)) return;
      // A process that broke off by itself is given time for its last words: they say whether memory was the reason.
      await Promise.race([slot.process.exited, pause(LAST_WORDS_MS)]);
      if (slot.inFlight.has(attempt)) await this.#kill(slot, "crash", attempt, err);
    }
  }

  /**
   * Ends a process that a job has stopped, and decides about its jobs. `suspect` is the job that is known to be late, if one is; without
   * one it is the job that began last, since the process answered until then.
   */
  async #kill(slot: Slot, reason: KillReason, suspect?: Attempt, cause?: unknown): Promise<void> {
    if (slot.dead) return;
    slot.dead = true;
    this.#counts.kills += 1;
    if (slot === this.#main) this.#main = undefined;
    const attempts = [...slot.inFlight].sort((a, b) => Number(a === suspect) - Number(b === suspect) || a.startedAt - b.startedAt);
    slot.inFlight.clear();
    slot.aborter.abort();
    const killed = this.#end(slot);
    const [only] = attempts;
    // A deadline missed by a job that had the process to itself leaves nothing to find out; memory may be what others left.
    if (only !== undefined && slot.kind === "alone" && reason === "deadline" && only.patienceMs < only.job.limits.timeoutMs) {
      only.adjourned = true;
      this.#suspects.push(only);
    } else if (only !== undefined && (slot.kind === "alone" || (reason === "deadline" && !only.shared))) {
      await killed;
      this.#settle(only, faultOf(reason, (await slot.process.exited).outOfMemory, only, cause));
    } else {
      this.#suspects.push(...attempts);
    }
    if (this.#stopped) return;
    void this.#judge();
    void this.#replaceMain();
  }

  /** Runs suspects one at a time, each alone in a process. */
  async #judge(): Promise<void> {
    if (this.#judging) return;
    this.#judging = true;
    let court: Slot | undefined;
    try {
      while (this.#suspects.length > 0 && !this.#stopped) {
        if (court === undefined || court.dead) court = await this.#takeFresh();
        court.kind = "alone";
        const attempt = this.#suspects.shift();
        if (attempt === undefined) break;
        this.#counts.rerunsAlone += 1;
        await this.#run(court, attempt);
      }
    } catch (err) {
      for (const attempt of this.#suspects.splice(0)) this.#settle(attempt, { code: "INFRASTRUCTURE", message: messageOf(err) });
    } finally {
      this.#judging = false;
    }
    if (court !== undefined && !court.dead) await this.#end(court);
  }

  /** Puts a process in the place of a shared one that is gone. */
  async #replaceMain(): Promise<void> {
    if (this.#replacing || this.#main !== undefined) return;
    this.#replacing = true;
    try {
      const slot = await this.#takeFresh();
      if (this.#main !== undefined || this.#stopped) await this.#end(slot);
      else this.#main = slot;
    } catch (err) {
      for (const attempt of this.#queue.splice(0)) this.#settle(attempt, { code: "INFRASTRUCTURE", message: messageOf(err) });
    } finally {
      this.#replacing = false;
    }
    this.#pump();
    this.#prepareSpare();
  }

  /** Replaces a process that has grown: the new one takes over when it is up, the old one finishes what it has. */
  async #recycle(old: Slot): Promise<void> {
    if (old.draining) return;
    old.draining = true;
    this.#counts.recycles += 1;
    try {
      const slot = await this.#takeFresh();
      if (this.#main === old) this.#main = slot;
      else if (this.#main !== undefined) await this.#end(slot);
      else this.#main = slot;
    } catch (err) {
      // The old process still serves; it is tried again at the next look.
      old.draining = false;
      console.error(JSON.stringify({ op: "sandbox.recycle", outcome: "failed", message: messageOf(err) }));
      return;
    }
    this.#pump();
    if (old.inFlight.size === 0) await this.#end(old);
    this.#prepareSpare();
  }

  /** The spare where there is one, else a new process. */
  async #takeFresh(): Promise<Slot> {
    const spare = this.#spare;
    this.#spare = undefined;
    for (let failures = 1; ; failures += 1) {
      try {
        const slot = await (failures === 1 && spare !== undefined ? spare : this.#open());
        if (!slot.dead) return slot;
      } catch (err) {
        if (failures >= MAX_START_FAILURES || this.#stopped) throw err;
        await pause(RESTART_PAUSE_MS * failures);
      }
    }
  }

  #prepareSpare(): void {
    if (!this.#options.spare || this.#spare !== undefined || this.#stopped) return;
    this.#spare = this.#open();
    this.#spare.catch(() => {
      // Whoever needs a process starts one and reports the failure.
      this.#spare = undefined;
    });
  }

  async #open(): Promise<Slot> {
    const process = await this.#spawn();
    const slot: Slot = {
      kind: "shared",
      process,
      inFlight: new Set(),
      aborter: new AbortController(),
      draining: false,
      dead: false,
      rssBytes: 0,
      pingSince: undefined,
    };
    this.#slots.add(slot);
    if (this.#stopped) {
      await this.#end(slot);
      throw new Error("The sandbox was stopped");
    }
    void this.#warm(slot);
    void process.exited.then(() => {
      this.#slots.delete(slot);
      return slot.dead ? undefined : this.#kill(slot, "crash");
    });
    return slot;
  }

  /** Loads the compiler before the first job needs it. */
  async #warm(slot: Slot): Promise<void> {
    try {
      await slot.process.check(WARM_UP, slot.aborter.signal);
    } catch (err) {
      // A process that cannot answer this is found out by the first job; one that is gone is reported by `exited`.
      if (!slot.dead) console.error(JSON.stringify({ op: "sandbox.warm", outcome: "failed", message: messageOf(err) }));
    }
  }

  async #end(slot: Slot): Promise<void> {
    slot.dead = true;
    await slot.process.kill();
    this.#slots.delete(slot);
  }

  #look(): void {
    const now = Date.now();
    for (const slot of this.#slots) {
      if (slot.dead) continue;
      const late = [...slot.inFlight].find((attempt) => now - attempt.startedAt > attempt.patienceMs);
      if (late !== undefined) void this.#kill(slot, "deadline", late);
      else if (slot.draining && slot.inFlight.size === 0 && slot !== this.#main) void this.#end(slot);
      else {
        this.#lookAtLoop(slot, now);
        void this.#lookAtMemory(slot);
      }
    }
  }

  async #lookAtMemory(slot: Slot): Promise<void> {
    slot.rssBytes = await slot.process.rssBytes();
    if (slot.dead) return;
    if (slot.rssBytes > this.#options.killBytes) await this.#kill(slot, "memory");
    else if (slot.rssBytes > this.#options.recycleBytes && slot === this.#main) await this.#recycle(slot);
  }

  /** One ping at a time. A job alone in its process has its whole deadline; several are worth a restart sooner. */
  #lookAtLoop(slot: Slot, now: number): void {
    if (slot.pingSince !== undefined) {
      if (now - slot.pingSince > this.#options.stallMs && slot.inFlight.size > 1) void this.#kill(slot, "stall");
      return;
    }
    if (slot.inFlight.size === 0) return;
    slot.pingSince = now;
    slot.process.ping(slot.aborter.signal).then(
      () => {
        slot.pingSince = undefined;
      },
      () => {
        // A process that is gone is reported by `exited`; a ping that failed otherwise is tried again.
        slot.pingSince = undefined;
      },
    );
  }

  #settle(attempt: Attempt, fault: CheckFault): void {
    attempt.resolve(reportOf(attempt.job, fault, Date.now() - attempt.arrivedAt));
  }
}

function faultOf(reason: KillReason, outOfMemory: boolean, { job }: Attempt, cause: unknown): CheckFault {
  switch (reason) {
    case "deadline":
    case "stall":
      return {
        code: "TIMEOUT",
        message: `Not finished after ${job.limits.timeoutMs} ms, and not to be interrupted: one call of a built-in that takes too long`,
      };
    case "memory":
      return { code: "MEMORY", message: "The code used more memory than the sandbox has" };
    case "crash":
      if (outOfMemory) return { code: "MEMORY", message: "The code used more memory than an isolate has" };
      return { code: "INFRASTRUCTURE", message: `The sandbox process ended${cause === undefined ? "" : `: ${messageOf(cause)}`}` };
    default: {
      const unknown: never = reason;
      throw new Error(`Unknown reason ${String(unknown)}`);
    }
  }
}

function reportOf(job: CheckJob, fault: CheckFault, durationMs: number): CheckReport {
  return { jobId: job.jobId, ok: false, tests: [], diagnostics: [], console: "", droppedOutput: 0, fault, durationMs };
}

function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, delayMs);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (err) {
    // What is not JSON is no job either; the schema says so.
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}
