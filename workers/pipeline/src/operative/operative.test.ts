import { APICallError } from "ai";
import { createOfflineModel } from "@factory/models";
import { FactoryError, sha256Hex } from "@factory/schemas";
import type { BeadOutcome } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aBead, aDirective, anExample, anIdentity, anotherBeadId, aReport, EXAMPLES, SOURCE, WRITE } from "./testing/builders.ts";
import { answer, OperativeWorld, passingReport } from "./testing/world.ts";
import { HEARTBEAT_MS } from "./lease-keeper.ts";
import { FRESH_LEASE_MS } from "./operative.ts";

const CHECK = [{ tool: "run_checks", input: {} }] as const;

/** A world with one bead to claim and a model that does it well. */
function aWorld(bead = aBead()): OperativeWorld {
  const world = new OperativeWorld();
  world.coordinator.offers.push(bead);
  world.script.push(WRITE, CHECK, aReport());
  return world;
}

function only(outcomes: readonly BeadOutcome[]): BeadOutcome {
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error("There is no outcome.");
  return outcome;
}

const never = (): Promise<never> => new Promise<never>(() => undefined);

/** Lets promises that are ready run. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe("a bead that is carried out", () => {
  test("comes back with its change set, its account and the digests of what governed it", async () => {
    const world = aWorld();
    await world.settle();
    const outcome = only(world.coordinator.applied);
    const digest = sha256Hex(SOURCE);
    expect(outcome.result).toMatchObject({ kind: "task", task: { status: "COMPLETE" }, changeSet: [{ path: "src/double.ts", baseDigest: null, digest }] });
    expect(await world.blobs.get(digest)).not.toBeNull();
    const [knowingState] = world.graphs.nodes("KnowingState");
    expect(outcome).toMatchObject({
      epoch: 1,
      knowingStateId: knowingState?.id,
      headsDigest: knowingState?.data["headsDigest"],
      autonomy: "EXECUTE_BOUNDED",
      toolCalls: 2,
      consentDenials: [],
    });
    expect(outcome.effectId).toBe(`${outcome.executionId}/outcome`);
    expect(outcome.modelCalls).toHaveLength(3);
    expect(outcome.modelCalls[0]).toMatchObject({
      alias: "factory/coder",
      provider: "openai",
      modelId: "scripted",
      purpose: "coder",
      inputTokens: 10,
      outcome: "tool-calls",
    });
    // Nobody knows what the scripted model costs.
    expect(outcome.modelCalls[0]).not.toHaveProperty("costUsd");
  });

  test("leaves a chain of consent records, one for each tool call, whose end is in the outcome", async () => {
    const world = aWorld();
    await world.settle();
    const { executionId, consentDigest } = only(world.coordinator.applied);
    const records = world.store.consents(executionId);
    expect(records.map(({ toolName, verdict, epoch }) => [toolName, verdict, epoch])).toEqual([
      ["write_file", "granted", 1],
      ["run_checks", "granted", 1],
    ]);
    expect(consentDigest).toBe(world.store.consentDigest(executionId));
    world.database.sql.exec("DELETE FROM operative_consents WHERE seq = 2");
    expect(world.store.consentDigest(executionId)).not.toBe(consentDigest);
  });

  test("is handed in together with the claim of the next one, and the slot rests when nothing is left", async () => {
    const world = aWorld();
    world.coordinator.offers.push(aBead({ beadId: anotherBeadId("second") }));
    world.script.push(WRITE, aReport());
    await world.settle();
    expect(world.coordinator.exchanges.map(({ effects, want }) => [effects.length, want])).toEqual([
      [0, 1],
      [1, 1],
      [1, 1],
    ]);
    expect(world.coordinator.applied).toHaveLength(2);
    expect(world.alarm.at).toBeNull();
  });

  test("is done by the real offline model through the same tools", async () => {
    const world = aWorld(aBead());
    world.resolveModel = () => ({
      alias: "factory/coder",
      model: createOfflineModel(),
      members: [{ provider: "offline", modelId: "offline", family: "offline" }],
      prices: [],
    });
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "task", task: { status: "COMPLETE" }, changeSet: [{ path: "src/double.ts" }] });
    expect(outcome.modelCalls.every(({ costUsd }) => costUsd === 0)).toBe(true);
    const [job] = world.jobs;
    expect(Object.keys(job?.files ?? {})).toContain("src/double.ts");
  });
});

describe("what a model is told", () => {
  test("has the block last, with feedback and the answer to its question", async () => {
    const world = aWorld(aBead({ feedback: ["double(4) gave 7"], clarification: { question: "Which way?", answer: "Up." } }));
    await world.settle();
    const prompt = promptText(world);
    expect(prompt.trimEnd().endsWith("```")).toBe(true);
    expect(prompt).toContain("What was wrong with the last attempt:\n- double(4) gave 7");
    expect(blockOf(prompt)).toMatchObject({ task: "write-code", feedback: ["double(4) gave 7"], clarification: { answer: "Up." } });
  });

  test("shows the examples that are visible now, whatever the directive was compiled from", async () => {
    const bead = aBead();
    const claims = bead.claims.map((claim) => ({ ...claim, visible: [...EXAMPLES, anExample(12, -3, -6)] }));
    const world = aWorld({ ...bead, claims });
    await world.settle();
    expect(blockOf(promptText(world))["examples"]).toEqual([
      { args: [1], expected: 2 },
      { args: [4], expected: 8 },
      { args: [-3], expected: -6 },
    ]);
    expect(promptText(world)).toContain("- double(-3) => -6");
  });

  test("names what may be written, and specification files can be read and not written", async () => {
    const world = aWorld();
    world.script.splice(
      0,
      3,
      [{ tool: "read_file", input: { path: "spec/claims.json" } }],
      [{ tool: "write_file", input: { path: "spec/claims.json", content: "x" } }],
      [{ tool: "write_file", input: { path: "src/other.ts", content: "x" } }],
      aReport(),
    );
    await world.settle();
    expect(world.prompts[0]).toContain("You may write: src/double.ts.");
    expect(world.prompts[1]).toContain('"content":"[]"');
    expect(world.prompts[2]).toContain("OUT_OF_SCOPE");
    expect(world.prompts[3]).toContain("src/other.ts is outside");
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task", changeSet: [] });
  });
});

describe("crashes", () => {
  test("after the claim and before the work lose nothing: the bead is worked on once the object is back", async () => {
    const world = aWorld();
    let first = true;
    world.coordinator.onHeartbeat = () => {
      if (first) {
        first = false;
        world.crash();
      }
      return true;
    };
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task", task: { status: "COMPLETE" } });
  });

  test("hazard: DO reset on deploy mid-turn - are reported at once as a failure of the infrastructure, and no tool is run again", async () => {
    const world = aWorld();
    world.script.splice(1, 1, async () => world.crash());
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ epoch: 1, toolCalls: 1, result: { kind: "failure", failureClass: "infrastructure", code: "UNAVAILABLE" } });
    expect(outcome.modelCalls).toHaveLength(1);
  });

  test("before the outcome arrives have it sent again from what is stored", async () => {
    const world = aWorld();
    let first = true;
    world.coordinator.onExchange = (outcomes) => {
      if (!first || outcomes.length === 0) return;
      first = false;
      world.crash();
    };
    await world.settle();
    expect(only(world.coordinator.applied).result.kind).toBe("task");
    expect(world.prompts).toHaveLength(3);
  });

  test("hazard: duplicate request delivery - after the outcome arrived have it sent again under the same effect id, and it counts once", async () => {
    const world = aWorld();
    let first = true;
    world.coordinator.onAnswer = (outcomes) => {
      if (!first || outcomes.length === 0) return;
      first = false;
      world.crash();
    };
    await world.settle();
    const { effectId } = only(world.coordinator.applied);
    expect(world.coordinator.exchanges.filter(({ effects }) => effects.includes(effectId))).toHaveLength(2);
    expect(world.store.outcomes()).toEqual([]);
  });

  test("whose exchange is refused for good leave the outcome stored until the slot is woken again", async () => {
    const world = aWorld();
    const { exchange } = world.coordinator.rpc;
    let refusing = false;
    Object.assign(world.coordinator.rpc, {
      exchange: async (...args: Parameters<typeof exchange>) =>
        refusing && args[1].length > 0 ? { ok: false, code: "NOT_FOUND", message: "no run" } : exchange(...args),
    });
    refusing = true;
    await world.settle();
    expect(world.alarm.at).toBeNull();
    expect(world.store.outcomes()).toHaveLength(1);
    refusing = false;
    await world.settle();
    expect(only(world.coordinator.applied).result.kind).toBe("task");
  });

  test("a lost answer is asked for again with back-off, and the bead that was handed out then is worked on once", async () => {
    const world = aWorld();
    let losses = 3;
    world.coordinator.onAnswer = () => {
      if (losses > 0) {
        losses -= 1;
        throw new Error("connection lost");
      }
    };
    await world.settle();
    expect(only(world.coordinator.applied).result.kind).toBe("task");
    expect(world.prompts).toHaveLength(3);
    expect(world.log.of("timer.run")).toHaveLength(3);
  });
});

describe("what is not the operative's to do", () => {
  test("a directive of another run is not carried out", async () => {
    const world = aWorld(aBead({ directive: aDirective({ runId: "RUN-00000000000000000000000000" as ReturnType<typeof aDirective>["runId"] }) }));
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ failureClass: "governance" });
    expect(world.graphs.nodes("Execution")).toEqual([]);
  });

  test("an operative is one slot's: another identity is refused", async () => {
    const world = aWorld();
    await world.wake();
    await expect(world.operative.wake(anIdentity({ slot: 1 }))).rejects.toThrow(FactoryError);
    await expect(world.operative.wake(anIdentity({ org: "other" }))).rejects.toThrow(FactoryError);
  });
});

describe("leases and time", () => {
  test("a lease that has passed before the work begins is dropped without a model call", async () => {
    const world = aWorld();
    world.coordinator.onHeartbeat = () => false;
    await world.settle();
    expect(world.coordinator.applied).toEqual([]);
    expect(world.prompts).toEqual([]);
    expect(world.log.of("operative.attempt")).toMatchObject([{ outcome: "refused", fields: { code: "STALE_EPOCH" } }]);
  });

  test("a lease that passes while the model thinks stops the work at once, and nothing is brought back", async () => {
    const world = aWorld();
    let aborted = false;
    world.script[0] = async ({ abortSignal }) => {
      abortSignal?.addEventListener("abort", () => (aborted = true));
      world.coordinator.onHeartbeat = () => false;
      setImmediate(() => world.clock.advance(HEARTBEAT_MS));
      return never();
    };
    await world.settle();
    expect(aborted).toBe(true);
    expect(world.coordinator.applied).toEqual([]);
    expect(world.store.held()).toBeNull();
  });

  test("a model that thinks for long keeps the lease by heartbeats", async () => {
    const world = aWorld();
    world.script[0] = async () => {
      for (let beat = 0; beat < 4; beat += 1) {
        world.clock.advance(HEARTBEAT_MS);
        await turn();
      }
      return answer(WRITE);
    };
    await world.settle();
    expect(world.coordinator.heartbeats).toBeGreaterThanOrEqual(5);
    expect(only(world.coordinator.applied).result.kind).toBe("task");
  });

  test("steps and tool calls that follow each other fast share a heartbeat", async () => {
    const world = aWorld();
    await world.settle();
    expect(world.coordinator.heartbeats).toBe(1);
  });

  test("an attempt that reaches its deadline ends as a timeout, even when its model ignores the signal", async () => {
    const world = aWorld();
    world.script[0] = async () => {
      setImmediate(() => world.clock.advance(60_000));
      return never();
    };
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "failure", failureClass: "timeout", code: "DEADLINE_EXCEEDED" });
    expect(outcome.modelCalls).toMatchObject([{ outcome: "timeout" }]);
  });

  test("a check that never answers does not outlast the deadline", async () => {
    const world = aWorld();
    world.check = () => {
      setImmediate(() => world.clock.advance(60_000));
      return never();
    };
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ failureClass: "timeout" });
  });
});

describe("a lease that was given a moment ago", () => {
  const LEASE_MS = 120_000;
  /** A world whose bead is leased for so long from now on. */
  const leased = (ms: number): OperativeWorld => {
    const world = aWorld();
    world.coordinator.offers.splice(0, 1, aBead({ leaseUntil: world.clock.now() + ms }));
    return world;
  };

  test("is begun on without asking: a quick bead costs the coordinator its exchanges and no other call", async () => {
    const world = leased(LEASE_MS);
    await world.settle();
    expect(only(world.coordinator.applied).result.kind).toBe("task");
    expect(world.coordinator.exchanges).toHaveLength(2);
    expect(world.coordinator.heartbeats).toBe(0);
  });

  test("is kept by heartbeats like any other once the work takes long", async () => {
    const world = leased(LEASE_MS);
    world.script[0] = async () => {
      for (let beat = 0; beat < 3; beat += 1) {
        world.clock.advance(HEARTBEAT_MS);
        await turn();
      }
      return answer(WRITE);
    };
    await world.settle();
    expect(world.coordinator.heartbeats).toBeGreaterThanOrEqual(3);
    expect(only(world.coordinator.applied).result.kind).toBe("task");
  });

  test("is asked for when its answer was long on the way, and not begun on when it has passed", async () => {
    const world = leased(FRESH_LEASE_MS - 1);
    world.coordinator.onHeartbeat = () => false;
    await world.settle();
    expect(world.coordinator.heartbeats).toBe(1);
    expect(world.prompts).toEqual([]);
    expect(world.coordinator.applied).toEqual([]);
  });

  test("hazard: stale-epoch event is a no-op - after a restart nobody knows how long ago that was, so the lease is asked for and a stale holder does not begin", async () => {
    const world = leased(LEASE_MS);
    let crashed = false;
    world.onOwnWrite = (statement) => {
      if (crashed || !statement.includes("SET execution_id")) return;
      crashed = true;
      world.crash();
    };
    world.coordinator.onHeartbeat = () => false;
    await world.settle();
    expect(crashed).toBe(true);
    expect(world.coordinator.heartbeats).toBe(1);
    expect(world.prompts).toEqual([]);
    expect(world.coordinator.applied).toEqual([]);
  });
});

describe("a model that goes in circles", () => {
  const LIST = [{ tool: "list_files", input: {} }] as const;

  test("is stopped in the third round of the same calls with the same results, as a failure of quality that names them", async () => {
    const world = aWorld();
    world.check = async (job) => ({ ...passingReport(job), ok: false, tests: [] });
    const circle = [WRITE, CHECK];
    world.script.splice(0, 3, ...[1, 2, 3, 4].flatMap(() => circle));
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "failure", failureClass: "quality", code: "NO_PROGRESS" });
    expect(outcome.result.kind === "failure" ? outcome.result.message : "").toMatch(/write_file .*src\/double\.ts.*, then run_checks \{\}, 3 times/);
    expect(outcome.toolCalls).toBe(6);
    expect(world.script).toHaveLength(2);
  });

  test("is left alone while anything changes", async () => {
    const world = aWorld();
    const write = (content: string) => [{ tool: "write_file", input: { path: "src/double.ts", content } }] as const;
    world.script.splice(0, 3, write("1"), LIST, write("2"), LIST, write("3"), LIST, ...WRITE.map((call) => [call]), CHECK, aReport());
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task", task: { status: "COMPLETE" } });
  });
});

describe("reports", () => {
  test("are read through fences, prose and fields that nobody asked for", async () => {
    const world = aWorld();
    world.script[2] = `Done.\n\`\`\`json\n${JSON.stringify({ ...JSON.parse(aReport()), confidence: 1 })}\n\`\`\`\nBye.`;
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task", task: { status: "COMPLETE" } });
  });

  test("that cannot be read are asked for once more, with the issues", async () => {
    const world = aWorld();
    world.script.splice(2, 1, '{"status":"DONE"}', aReport());
    await world.settle();
    expect(world.prompts[3]).toContain("status: ");
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task", task: { status: "COMPLETE" } });
  });

  test("that cannot be read twice are a failure of quality", async () => {
    const world = aWorld();
    world.script.splice(2, 1, "I am done!", "Really!");
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "failure", failureClass: "quality", code: "MODEL_OUTPUT_INVALID" });
  });

  test("of BLOCKED bring back no change", async () => {
    const world = aWorld();
    world.script[2] = aReport({ status: "BLOCKED", blockers: ["no way"] });
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "task", task: { status: "BLOCKED", blockers: ["no way"] }, changeSet: [] });
  });

  test("are bounded and say what was cut", async () => {
    const world = aWorld();
    world.script[2] = aReport({ reasoning: "x".repeat(10_000) });
    await world.settle();
    const { result } = only(world.coordinator.applied);
    expect(result.kind === "task" ? result.task.reasoning : "").toMatch(/x \[6000 characters cut\]$/);
  });

  test("a question ends the attempt, and no later call of the same answer runs", async () => {
    const world = aWorld();
    world.script.splice(0, 3, [{ tool: "ask_clarification", input: { question: "Round up?" } }, ...WRITE]);
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "task", task: { status: "NEEDS_CLARIFICATION", clarificationNeeded: "Round up?" }, changeSet: [] });
    expect(outcome.toolCalls).toBe(1);
  });
});

describe("models and the sandbox", () => {
  const serverError = (statusCode: number): APICallError =>
    new APICallError({ message: "no, not with s3cret", url: "http://model", requestBodyValues: {}, statusCode, responseHeaders: { "retry-after-ms": "1" } });

  test.each([
    [503, "MODEL_UNAVAILABLE", 3],
    [429, "MODEL_UNAVAILABLE", 3],
    [401, "MODEL_CONFIG", 1],
  ] as const)("a model server that answers %i is a failure of the provider, and every try is in the account", async (status, code, tries) => {
    const world = aWorld();
    world.script.splice(0, 3, ...Array.from({ length: 3 }, () => () => Promise.reject(serverError(status))));
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "failure", failureClass: "provider", code });
    expect(outcome.modelCalls.map(({ outcome: ending }) => ending)).toEqual(Array.from({ length: tries }, () => code));
    expect(JSON.stringify(outcome)).not.toContain("s3cret");
  });

  test("a configuration that cannot be used is told as such", async () => {
    const world = aWorld();
    world.resolveModel = () => {
      throw new FactoryError("MODEL_CONFIG", "set MODEL_BASE_URL");
    };
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ failureClass: "provider", code: "MODEL_CONFIG", message: "set MODEL_BASE_URL" });
  });

  test("a sandbox that gives no verdict is tried again, and then it is the infrastructure that failed", async () => {
    const world = aWorld();
    let asked = 0;
    world.check = async (job) => {
      asked += 1;
      setImmediate(() => world.clock.advance(5_000));
      return {
        jobId: job.jobId,
        ok: false,
        tests: [],
        diagnostics: [],
        console: "",
        droppedOutput: 0,
        durationMs: 0,
        fault: { code: "INFRASTRUCTURE", message: "restarting" },
      };
    };
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ failureClass: "infrastructure", message: expect.stringContaining("restarting") });
    expect(asked).toBe(3);
  });

  test("what failed in a check is told to the model in a few lines", async () => {
    const world = aWorld();
    world.check = async (job) => ({
      jobId: job.jobId,
      ok: false,
      tests: [
        {
          file: job.task.kind === "tests" ? (job.task.files[0] ?? "") : "",
          name: "line 11 #2: double(4) => 8",
          state: "failed",
          message: "expected 7 to be 8",
          durationMs: 1,
        },
      ],
      diagnostics: [],
      console: "",
      droppedOutput: 0,
      durationMs: 1,
    });
    await world.settle();
    expect(world.prompts[2]).toContain("expected 7 to be 8");
    expect(world.prompts[2]).toContain('"ok":false');
  });

  test("a model that calls tools without end is stopped by the bound and asked for its report", async () => {
    const world = aWorld();
    world.script.splice(
      0,
      3,
      ...Array.from({ length: 40 }, (_, at) => [{ tool: "list_files", input: { prefix: `src/${at}` } }]),
      aReport({ status: "BLOCKED", blockers: ["lost"] }),
    );
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "task", task: { status: "BLOCKED" } });
    expect(outcome.modelCalls).toHaveLength(41);
  });
});

function promptText(world: OperativeWorld): string {
  const messages = JSON.parse(world.prompts[0] ?? "[]") as { role: string; content: { text: string }[] }[];
  return messages.find(({ role }) => role === "user")?.content[0]?.text ?? "";
}

function blockOf(prompt: string): { readonly [key: string]: unknown } {
  return JSON.parse(/```json task\n([\s\S]*)\n```/.exec(prompt)?.[1] ?? "null") as { [key: string]: unknown };
}
