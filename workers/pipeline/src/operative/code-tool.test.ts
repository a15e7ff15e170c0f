import { ManualClock, NodeSqliteStorage } from "@factory/durable/testing";
import { SCRIPT_LIMITS } from "@factory/schemas";
import type { CheckJob, CheckReport } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead } from "@factory/schemas/rpc";
import { MemoryBlobStore, migrateWorkspace, Workspace } from "@factory/workspace";
import { describe, expect, test } from "vitest";
import { AttemptStopped } from "./attempt-control.ts";
import { CodeRunner } from "./code-tool.ts";
import type { ToolCaller } from "./code-tool.ts";
import { aBead, aReport, SOURCE } from "./testing/builders.ts";
import { answerScript } from "./testing/script-sandbox.ts";
import type { Call } from "./testing/script-sandbox.ts";
import { OperativeWorld } from "./testing/world.ts";
import { MAX_TOOL_CALLS } from "./tools.ts";

const CODE = "export default async (tools) => tools.list_files({});\n";
const RUN = [{ tool: "run_code", input: { code: CODE } }] as const;
const WRITTEN = { path: "src/double.ts", content: SOURCE };

/** A world with one bead to claim, whose model runs code that is this script and then reports. */
function aWorld(script: (call: Call) => Promise<unknown>, bead: Partial<ClaimedBead> = {}): OperativeWorld {
  const world = new OperativeWorld();
  world.coordinator.offers.push(aBead(bead));
  world.script.push(RUN, aReport());
  world.check = (job) => answerScript(job, script);
  return world;
}

function only(outcomes: readonly BeadOutcome[]): BeadOutcome {
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error("There is no outcome.");
  return outcome;
}

/** Tool and verdict of each consent record of an outcome, in order. */
function consents(world: OperativeWorld, { executionId }: BeadOutcome): string[] {
  return world.store.consents(executionId).map(({ toolName, verdict }) => `${toolName} ${verdict}`);
}

/** What the model was told last, as the prompt's JSON text. */
const told = (world: OperativeWorld): string => world.prompts.at(-1) ?? "";

describe("a call from a model's code", () => {
  test("passes the gate and has its effect like a direct one, and what the code makes of it goes to the model", async () => {
    const world = aWorld(async (call) => {
      await call("write_file", WRITTEN);
      const [files, read] = await Promise.all([call("list_files"), call("read_file", { path: "src/double.ts" })]);
      return { files, read };
    });
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "task", changeSet: [{ path: "src/double.ts" }] });
    expect(consents(world, outcome)).toEqual(["run_code granted", "write_file granted", "list_files granted", "read_file granted"]);
    expect(outcome).toMatchObject({ toolCalls: 4, consentDenials: [] });
    expect(told(world)).toContain(JSON.stringify({ value: { files: { files: ["spec/claims.json", "src/double.ts"] }, read: WRITTEN }, console: "", calls: 3 }));
  });

  test("is asked once for each round, and each run has the same code, files and clock", async () => {
    const world = aWorld(async (call) => {
      await call("write_file", WRITTEN);
      await Promise.all([call("list_files"), call("list_files")]);
    });
    await world.settle();
    const tasks = world.jobs.map(({ task }) => (task.kind === "script" ? task : undefined));
    expect(tasks.map((task) => task?.rounds.map((round) => round.length))).toEqual([[], [1], [1, 2]]);
    expect(new Set(tasks.map((task) => `${task?.module} ${task?.clock}`))).toEqual(new Set([`run-code.ts ${world.clock.now()}`]));
    expect(world.jobs.map(({ files }) => files)).toEqual([1, 2, 3].map(() => ({ "run-code.ts": CODE })));
  });

  test("is thrown into the code when it failed, and the attempt goes on", async () => {
    const world = aWorld(async (call) => {
      const codes: unknown[] = [];
      const attempts: [string, unknown?][] = [
        ["write_file", { path: "package.json", content: "{}" }],
        ["read_file", { path: "src/none.ts" }],
        ["read_file", 7],
      ];
      for (const [tool, input] of attempts) await call(tool, input).catch((err: Error) => codes.push(err.message));
      return codes;
    });
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task" });
    expect(told(world)).toContain('{"value":["OUT_OF_SCOPE","NOT_FOUND","INVALID_INPUT"],"console":"","calls":3}');
  });

  test("that consent does not name fails the bead with the denial recorded, and nothing after it runs", async () => {
    const world = aWorld((call) => Promise.all([call("list_files"), call("write_file", WRITTEN), call("list_files")]));
    world.graphs.govern("consent", { grants: ["run_code", "list_files"] });
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "failure", failureClass: "governance", code: "GOVERNANCE_VIOLATION" });
    expect(outcome.consentDenials).toMatchObject([{ toolName: "write_file", permittedTools: ["list_files", "run_code"], epoch: 1 }]);
    expect(consents(world, outcome)).toEqual(["run_code granted", "list_files granted", "write_file denied"]);
    expect(world.jobs).toHaveLength(1);
    expect(world.script).toHaveLength(1);
  });

  test("counts towards a loop: code that asks the same again and again ends the attempt as a failure of quality", async () => {
    const world = aWorld(async (call) => {
      for (let round = 0; round < 5; round++) await call("list_files").catch(() => undefined);
    });
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "failure", failureClass: "quality", code: "NO_PROGRESS" });
    expect(consents(world, outcome)).toEqual(["run_code granted", ...[1, 2, 3].map(() => "list_files granted")]);
  });

  test("do not hide that the same code is run again and again", async () => {
    const world = aWorld(async (call) => {
      for (let at = 0; at < 5; at++) await call("list_files", { prefix: `src/${at}` });
    });
    const [run] = world.script;
    if (run === undefined) throw new Error("The script begins with a run of code.");
    world.script.unshift(run, run, run);
    await world.settle();
    const { result } = only(world.coordinator.applied);
    expect(result).toMatchObject({ kind: "failure", failureClass: "quality", code: "NO_PROGRESS" });
    expect(result.kind === "failure" ? result.message : "").toMatch(/^The attempt went in circles: run_code /);
    expect(world.script).toHaveLength(2);
  });

  test("of a tool that does not exist is denied like any other, also where the code would catch it", async () => {
    const world = aWorld((call) => call("shell", { command: "env" }).catch(() => "caught"));
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ result: { code: "GOVERNANCE_VIOLATION" }, consentDenials: [{ toolName: "shell" }] });
    expect(world.jobs).toHaveLength(1);
  });

  test("does not run after a revocation while the code ran, and the attempt ends as stale", async () => {
    const world = aWorld(async (call) => {
      await call("list_files");
      await call("write_file", WRITTEN);
    });
    const answer = world.check;
    world.check = (job) => {
      if (world.jobs.length === 2) world.graphs.revokeTrust();
      return answer(job);
    };
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ toolCalls: 2, consentDenials: [], result: { kind: "failure", failureClass: "stale", code: "STALE_TARGET" } });
    expect(consents(world, outcome)).toEqual(["run_code granted", "list_files granted"]);
    expect(world.jobs).toHaveLength(2);
  });

  test("does not run after a revocation between two calls of one round", async () => {
    const world = aWorld((call) => Promise.all([call("list_files"), call("write_file", WRITTEN)]));
    let records = 0;
    world.onOwnWrite = (statement) => {
      if (statement.includes("INTO operative_consents") && ++records === 2) world.graphs.revokeTrust();
    };
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ toolCalls: 2, result: { failureClass: "stale" } });
    expect(consents(world, outcome)).toEqual(["run_code granted", "list_files granted"]);
  });

  test("counts: after the attempt's last one the code is told so, and so is the model", async () => {
    const world = aWorld(async (call) => {
      const all = await Promise.allSettled(Array.from({ length: MAX_TOOL_CALLS + 3 }, (_, at) => call("list_files", { prefix: `src/${at}` })));
      return all.map((end) => (end.status === "rejected" ? String(end.reason) : "made")).filter((end) => end !== "made");
    });
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.toolCalls).toBe(MAX_TOOL_CALLS);
    expect(told(world)).toContain(JSON.stringify({ value: Array.from({ length: 4 }, () => "Error: TOOL_LIMIT"), console: "", calls: MAX_TOOL_CALLS + 3 }));
  });

  test("that asks a person ends the attempt, and no later call of the same round runs", async () => {
    const world = aWorld((call) => Promise.all([call("ask_clarification", { question: "Round up?" }), call("write_file", WRITTEN)]));
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "task", task: { status: "NEEDS_CLARIFICATION", clarificationNeeded: "Round up?" }, changeSet: [] });
    expect(consents(world, outcome)).toEqual(["run_code granted", "ask_clarification granted"]);
    expect(world.jobs).toHaveLength(1);
  });

  test("cannot run code again: it is refused without a record, and the code may go on", async () => {
    const world = aWorld((call) => call("run_code", { code: CODE }).catch(String));
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "task" });
    expect(consents(world, outcome)).toEqual(["run_code granted"]);
    expect(told(world)).toContain('{"value":"Error: NESTED_CODE","console":"","calls":1}');
  });
});

describe("running code", () => {
  test("is denied to a role whose stored consent does not name it", async () => {
    const world = aWorld((call) => call("list_files"));
    world.graphs.govern("consent", { grants: ["list_files", "write_file"] });
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({ result: { code: "GOVERNANCE_VIOLATION" }, consentDenials: [{ toolName: "run_code" }] });
    expect(world.jobs).toEqual([]);
  });

  test("that is at fault is told to the model, which goes on", async () => {
    const world = aWorld(async () => {
      throw new TypeError("no");
    });
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task" });
    expect(told(world)).toContain(JSON.stringify({ error: "TOP_LEVEL_THROW", message: "TypeError: no", file: "script", line: 1, console: "", calls: 0 }));
  });

  test("without a verdict of the sandbox is tried again without a call made twice, and then it is the infrastructure that failed", async () => {
    const world = aWorld((call) => call("list_files"));
    const answer = world.check;
    world.check = async (job) => {
      if (world.jobs.length === 1) return answer(job);
      const report = await answer(job);
      setImmediate(() => world.clock.advance(5_000));
      return { ...report, ok: false, fault: { code: "INFRASTRUCTURE", message: "restarting" } };
    };
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ toolCalls: 2, result: { failureClass: "infrastructure", message: expect.stringContaining("restarting") } });
    expect(world.jobs).toHaveLength(4);
  });
});

/** A runner over a workspace with these files, in which all but `secret/` may be read. */
async function aRunner(check: (job: CheckJob) => Promise<CheckReport>, files: Readonly<Record<string, string>> = {}) {
  const storage = new NodeSqliteStorage();
  migrateWorkspace(storage);
  const blobs = new MemoryBlobStore();
  const tree: { [path: string]: string } = {};
  for (const [path, content] of Object.entries(files)) tree[path] = await blobs.put(new TextEncoder().encode(content));
  const workspace = Workspace.fresh({ storage, blobs, tree, scope: { read: ["src/**", "*.ts"], write: ["src/**"] }, specFiles: [] });
  const jobs: CheckJob[] = [];
  const clock = new ManualClock();
  const sandbox = {
    check: async (job: CheckJob): Promise<CheckReport> => {
      jobs.push(job);
      return check(job);
    },
  };
  const stop: { stopped: boolean } = { stopped: false };
  const control = {
    check: (): void => {
      if (stop.stopped) throw new AttemptStopped("lapsed");
    },
  };
  return { runner: new CodeRunner({ sandbox, control, now: clock.now, pause: async () => undefined }, workspace), jobs, workspace, stop };
}

const nothing: ToolCaller = async () => ({});

describe("a code runner", () => {
  test("sends what the code reaches of the files that may be read, as they are when it begins", async () => {
    const files = {
      "src/a.ts": 'import "./b.ts";\nimport "../secret/key.ts";\n',
      "src/b.ts": "export {};\n",
      "src/other.ts": "export {};\n",
      "secret/key.ts": "export {};\n",
    };
    const { runner, jobs, workspace } = await aRunner((job) => answerScript(job, (call) => call("write_file")), files);
    const code = 'import "./src/a.ts";\nexport default async () => 1;\n';
    await runner.run(code, async () => {
      workspace.write("src/b.ts", "changed");
      return {};
    });
    const { "src/a.ts": a, "src/b.ts": b } = files;
    expect(jobs.map((job) => job.files)).toEqual([1, 2].map(() => ({ "run-code.ts": code, "src/a.ts": a, "src/b.ts": b })));
  });

  test("puts the code beside a file that has its name", async () => {
    const { runner, jobs } = await aRunner((job) => answerScript(job, async () => 1), { "run-code.ts": "export const own = 1;\n" });
    const code = 'import { own } from "./run-code.ts";\nexport default async () => own;\n';
    expect(await runner.run(code, nothing)).toEqual({ value: 1, console: "", calls: 0 });
    expect(jobs[0]).toMatchObject({ task: { module: "run-code-1.ts" }, files: { "run-code.ts": "export const own = 1;\n", "run-code-1.ts": code } });
  });

  test("gives code that comes to rest too often a limit, with every call before it made", async () => {
    const { runner, jobs } = await aRunner((job) =>
      answerScript(job, async (call) => {
        for (let n = 0; n < 1_000; n++) await call("list_files");
      }),
    );
    let made = 0;
    const counting: ToolCaller = async () => ({ made: (made += 1) });
    expect(await runner.run(CODE, counting)).toMatchObject({ error: "SCRIPT_LIMIT", calls: SCRIPT_LIMITS.rounds });
    expect([made, jobs.length]).toEqual([SCRIPT_LIMITS.rounds, SCRIPT_LIMITS.rounds + 1]);
  });

  test("makes none of the calls of a round that is over their number", async () => {
    const { runner } = await aRunner((job) =>
      answerScript(job, async (call) => {
        await call("list_files");
        await Promise.all(Array.from({ length: SCRIPT_LIMITS.calls }, () => call("list_files")));
      }),
    );
    let made = 0;
    const counting: ToolCaller = async () => ({ made: (made += 1) });
    expect(await runner.run(CODE, counting)).toMatchObject({ error: "SCRIPT_LIMIT", calls: 1 });
    expect(made).toBe(1);
  });

  test("keeps the record bounded: an answer that does not fit is an error, and a smaller one after it fits", async () => {
    const { runner, jobs } = await aRunner((job) =>
      answerScript(job, async (call) => {
        const ends: unknown[] = [];
        for (const chars of [1_500_000, 600_000, 10]) ends.push(await call("read", { chars }).then(() => "made", String));
        return ends;
      }),
    );
    const reading: ToolCaller = async (_name, input) => ({ content: "x".repeat((input as { chars: number }).chars) });
    expect(await runner.run(CODE, reading)).toMatchObject({ value: ["made", "Error: TOO_LARGE", "made"], calls: 3 });
    expect(JSON.stringify(jobs.at(-1)?.task).length).toBeLessThan(SCRIPT_LIMITS.answerChars);
  });

  test("does not believe the sandbox: what is no JSON is refused", async () => {
    const report = { ok: false, tests: [], diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };
    const { runner, jobs } = await aRunner(async ({ jobId, task }) =>
      task.kind === "script" && task.rounds.length > 0
        ? { ...report, jobId, ok: true, value: "{" }
        : { ...report, jobId, pending: [{ tool: "write_file", input: "{" }] },
    );
    let made = 0;
    const counting: ToolCaller = async () => ({ made: (made += 1) });
    expect(await runner.run(CODE, counting)).toMatchObject({ error: "OUTPUT" });
    expect(jobs[1]?.task).toMatchObject({ rounds: [[{ answer: { ok: false, code: "INVALID_INPUT" } }]] });
    expect(made).toBe(0);
  });

  test("asks the sandbox no more once the attempt is stopped", async () => {
    const { runner, jobs, stop } = await aRunner((job) => answerScript(job, (call) => call("list_files")));
    const stopping: ToolCaller = async () => {
      stop.stopped = true;
      return {};
    };
    await expect(runner.run(CODE, stopping)).rejects.toThrow(AttemptStopped);
    expect(jobs).toHaveLength(1);
  });
});
