import { DEFAULT_CHECK_LIMITS, type CheckJob, type CheckReport } from "@factory/schemas";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { SandboxExit, SandboxProcess } from "./sandbox-spawn.ts";
import { DEFAULT_SANDBOX_OPTIONS, SandboxSupervisor, type SandboxOptions } from "./sandbox-supervisor.ts";

const MIB = 1024 * 1024;

type Pending = { readonly jobId: string; readonly answer: () => void; readonly fail: (err: Error) => void };

/** A process that answers when it is told to, and dies when it is killed. */
class FakeProcess implements SandboxProcess {
  readonly pid: number;
  readonly pending: Pending[] = [];
  rss = 100 * MIB;
  stuck = false;
  dead = false;
  readonly exited: Promise<SandboxExit>;
  #exit: (exit: SandboxExit) => void = () => undefined;

  constructor(pid: number) {
    this.pid = pid;
    this.exited = new Promise((resolve) => {
      this.#exit = resolve;
    });
  }

  check(body: string): Promise<{ status: number; text: string }> {
    const { jobId } = JSON.parse(body) as CheckJob;
    if (jobId === "warm-up") return Promise.resolve({ status: 200, text: "{}" });
    return new Promise((resolve, reject) => {
      this.pending.push({ jobId, answer: () => resolve({ status: 200, text: JSON.stringify({ jobId, ok: true }) }), fail: reject });
    });
  }

  ping(): Promise<void> {
    return this.stuck ? new Promise(() => undefined) : Promise.resolve();
  }

  rssBytes(): Promise<number> {
    return Promise.resolve(this.rss);
  }

  kill(): Promise<void> {
    this.die({ outOfMemory: false, detail: "" });
    return Promise.resolve();
  }

  die(exit: SandboxExit): void {
    this.dead = true;
    for (const { fail } of this.pending.splice(0)) fail(new Error("gone"));
    this.#exit(exit);
  }

  get jobs(): string[] {
    return this.pending.map(({ jobId }) => jobId);
  }

  answer(jobId: string): void {
    const index = this.pending.findIndex((pending) => pending.jobId === jobId);
    this.pending.splice(index, 1)[0]?.answer();
  }
}

let processes: FakeProcess[];
let supervisor: SandboxSupervisor;
let answers: { [jobId: string]: CheckReport };

const aJob = (jobId: string, timeoutMs = 5_000): CheckJob => ({
  jobId,
  files: {},
  task: { kind: "typecheck" },
  limits: { ...DEFAULT_CHECK_LIMITS, timeoutMs },
});

async function start(options: Partial<SandboxOptions> = {}): Promise<void> {
  const defaults = { ...DEFAULT_SANDBOX_OPTIONS, killBytes: 3_000 * MIB, recycleBytes: 1_200 * MIB, spare: false };
  supervisor = new SandboxSupervisor({ ...defaults, ...options }, () => {
    const process = new FakeProcess(processes.length + 1);
    processes.push(process);
    return Promise.resolve(process);
  });
  await supervisor.start();
}

function send(...jobs: CheckJob[]): void {
  for (const job of jobs) {
    void supervisor.check(job).then((report) => {
      answers[job.jobId] = report;
    });
  }
}

const at = (index: number): FakeProcess => {
  const process = processes[index];
  if (process === undefined) throw new Error(`There is no process ${index}`);
  return process;
};

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const codes = (): { [jobId: string]: string } =>
  Object.fromEntries(Object.entries(answers).map(([id, report]) => [id, report.ok ? "ok" : (report.fault?.code ?? "?")]));

beforeEach(() => {
  vi.useFakeTimers();
  processes = [];
  answers = {};
});
afterEach(async () => {
  const stopped = supervisor.stop();
  await pass(2_000);
  await stopped;
  vi.useRealTimers();
});

test("jobs run a few at a time, in the order they came", async () => {
  await start({ concurrency: 2 });
  send(aJob("a"), aJob("b"), aJob("c"));
  await pass(0);
  expect(at(0).jobs).toEqual(["a", "b"]);
  at(0).answer("b");
  await pass(0);
  expect(at(0).jobs).toEqual(["a", "c"]);
  expect(codes()).toEqual({ b: "ok" });
});

describe("a missed deadline", () => {
  test("of a job that had the process to itself is its TIMEOUT at once", async () => {
    await start();
    send(aJob("a", 1_000));
    await pass(1_000 + DEFAULT_SANDBOX_OPTIONS.graceMs + 100);
    expect(codes()).toEqual({ a: "TIMEOUT" });
    expect(at(0).dead).toBe(true);
    send(aJob("b"));
    await pass(0);
    expect(at(1).jobs).toEqual(["b"]);
  });

  test("hazard: container replaced under its callers - runs every job in flight again, alone, one at a time, the late one last", async () => {
    await start({ stallMs: 60_000 });
    send(aJob("late", 1_000), aJob("b"), aJob("c"));
    await pass(2_100);
    expect(at(0).dead).toBe(true);
    expect(answers).toEqual({});
    const alone = processes.find((process) => process.jobs.length > 0);
    expect(alone?.jobs).toEqual(["b"]);
    alone?.answer("b");
    await pass(0);
    expect(alone?.jobs).toEqual(["c"]);
    alone?.answer("c");
    await pass(0);
    expect(alone?.jobs).toEqual(["late"]);
    await pass(2_100);
    expect(codes()).toEqual({ b: "ok", c: "ok", late: "TIMEOUT" });
    expect(supervisor.stats()).toMatchObject({ kills: 2, rerunsAlone: 3 });
  });

  test("does not hold up jobs that come later", async () => {
    await start({ stallMs: 60_000 });
    send(aJob("late", 1_000), aJob("b", 1_000));
    await pass(2_100);
    send(aJob("new"));
    await pass(0);
    const serving = processes.find((process) => process.jobs.includes("new"));
    expect(serving?.jobs).toEqual(["new"]);
  });
});

test("an event loop that is silent while several jobs wait is not waited for until the deadline", async () => {
  await start();
  at(0).stuck = true;
  send(aJob("a", 60_000), aJob("b", 60_000));
  await pass(DEFAULT_SANDBOX_OPTIONS.stallMs + 200);
  expect(at(0).dead).toBe(true);
});

test("a silent event loop is left to a job that is alone until its deadline", async () => {
  await start();
  at(0).stuck = true;
  send(aJob("a", 30_000));
  await pass(20_000);
  expect(at(0).dead).toBe(false);
  at(0).answer("a");
  await pass(0);
  expect(codes()).toEqual({ a: "ok" });
});

test("a suspect that takes long lets the others go first", async () => {
  await start({ stallMs: 1_000 });
  at(0).stuck = true;
  send(aJob("slow", 30_000), aJob("b", 30_000));
  await pass(1_200);
  const first = processes.find((process) => process.jobs.includes("slow"));
  await pass(DEFAULT_SANDBOX_OPTIONS.hearingMs + 200);
  expect(first?.dead).toBe(true);
  const second = processes.find((process) => process.jobs.includes("b"));
  second?.answer("b");
  await pass(0);
  expect(codes()).toEqual({ b: "ok" });
  // Heard again, and alone at last: it has its whole deadline.
  const third = processes.find((process) => process.jobs.includes("slow"));
  await pass(25_000);
  third?.answer("slow");
  await pass(0);
  expect(codes()).toEqual({ b: "ok", slow: "ok" });
});

describe("memory", () => {
  test("above the upper bound ends the process, and only what does so alone is MEMORY", async () => {
    await start();
    send(aJob("bomb"), aJob("b"));
    await pass(0);
    at(0).rss = 4_000 * MIB;
    await pass(100);
    expect(at(0).dead).toBe(true);
    const alone = processes.find((process) => process.jobs.includes("bomb"));
    if (alone !== undefined) alone.rss = 4_000 * MIB;
    await pass(100);
    processes.find((process) => process.jobs.includes("b"))?.answer("b");
    await pass(0);
    expect(codes()).toEqual({ b: "ok", bomb: "MEMORY" });
  });

  test("above the lower bound replaces the process in good order", async () => {
    await start();
    send(aJob("a"));
    await pass(0);
    at(0).rss = 1_300 * MIB;
    await pass(100);
    expect(at(0).dead).toBe(false);
    send(aJob("b"));
    await pass(0);
    expect(at(1).jobs).toEqual(["b"]);
    at(0).answer("a");
    await pass(100);
    expect(at(0).dead).toBe(true);
    at(1).answer("b");
    await pass(0);
    expect(codes()).toEqual({ a: "ok", b: "ok" });
    expect(supervisor.stats()).toMatchObject({ kills: 0, recycles: 1 });
  });
});

describe("a crash", () => {
  test("runs its jobs again; out of memory alone is MEMORY, any other crash says nothing about the code", async () => {
    await start();
    send(aJob("a"), aJob("b"), aJob("c"));
    await pass(0);
    at(0).die({ outOfMemory: true, detail: "" });
    await pass(0);
    const dieWith = async (jobId: string, outOfMemory: boolean): Promise<void> => {
      processes.find((process) => process.jobs.includes(jobId))?.die({ outOfMemory, detail: "" });
      await pass(0);
    };
    await dieWith("a", true);
    await dieWith("b", false);
    processes.find((process) => process.jobs.includes("c"))?.answer("c");
    await pass(0);
    expect(codes()).toEqual({ a: "MEMORY", b: "INFRASTRUCTURE", c: "ok" });
  });

  test("of an idle process costs nothing", async () => {
    await start();
    at(0).die({ outOfMemory: false, detail: "" });
    await pass(0);
    send(aJob("a"));
    await pass(0);
    at(1).answer("a");
    await pass(0);
    expect(codes()).toEqual({ a: "ok" });
  });
});

test("a spare takes over without a start", async () => {
  await start({ spare: true });
  await pass(0);
  expect(processes).toHaveLength(2);
  at(0).die({ outOfMemory: false, detail: "" });
  await pass(0);
  send(aJob("a"));
  await pass(0);
  expect(at(1).jobs).toEqual(["a"]);
});

test("stop answers what is waiting and ends every process", async () => {
  await start({ concurrency: 1, spare: true });
  send(aJob("a"), aJob("b"));
  await pass(0);
  await supervisor.stop();
  await pass(0);
  expect(codes()).toEqual({ a: "INFRASTRUCTURE", b: "INFRASTRUCTURE" });
  expect(processes.every((process) => process.dead)).toBe(true);
});

test("a request that is no job is answered by the supervisor itself", async () => {
  await start();
  const post = (body: string) => supervisor.dispatch(new Request("http://sandbox/check", { method: "POST", body }));
  expect((await post("{}")).status).toBe(400);
  expect((await post("no")).status).toBe(400);
  expect((await supervisor.dispatch(new Request("http://sandbox/check"))).status).toBe(405);
  expect((await supervisor.dispatch(new Request("http://sandbox/x"))).status).toBe(404);
  expect(await (await supervisor.dispatch(new Request("http://sandbox/health"))).json()).toEqual({ worker: "sandbox", ok: true });
});
