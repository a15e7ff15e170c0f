import { TOOL_NAMES } from "@factory/gears";
import { leastAutonomy } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { BeadOutcome, ClaimedBead } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { aBead, aDirective, aReport, DIRECTIVE_NODE, SPECIFICATION_NODE, WRITE } from "./testing/builders.ts";
import type { GraphCall } from "./testing/graphs.ts";
import { answer, OperativeWorld } from "./testing/world.ts";
import type { Script } from "./testing/world.ts";

const CHECK = [{ tool: "run_checks", input: {} }] as const;
const LEAVE = { requestId: "APR-1", by: "person:ada" };

/** A world with one bead to claim and a model that does it well. */
function aWorld(bead: Partial<ClaimedBead> = {}, governed = true): OperativeWorld {
  const world = new OperativeWorld(governed);
  world.coordinator.offers.push(aBead(bead));
  world.script.push(WRITE, CHECK, aReport());
  return world;
}

function only(outcomes: readonly BeadOutcome[]): BeadOutcome {
  expect(outcomes).toHaveLength(1);
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error("There is no outcome.");
  return outcome;
}

/** Before the answer of a script, something happens. */
function after(happens: () => void, script: Exclude<Script, (...args: never) => unknown>): Script {
  return async () => {
    happens();
    return answer(script);
  };
}

describe("before the agent acts", () => {
  test("Agent, KnowingState and Execution are in the artifact graph and the execution bead in the bead graph", async () => {
    const world = aWorld();
    world.script[0] = after(() => {
      const [execution] = world.graphs.nodes("Execution");
      const [agent] = world.graphs.nodes("Agent");
      const [state] = world.graphs.nodes("KnowingState");
      const [bead] = world.graphs.executionBeads();
      expect(world.graphs.edgesFrom(execution?.id ?? "")).toEqual([
        { rel: "created_by", target: agent?.id },
        { rel: "governed_by", target: SPECIFICATION_NODE.id },
        { rel: "instantiates", target: DIRECTIVE_NODE.id },
        { rel: "source_ref", target: state?.id },
      ]);
      expect(bead?.content).toMatchObject({ subject_id: "agent:coder", autonomy_level: "EXECUTE_BOUNDED", nonce: execution?.id });
    }, WRITE);
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ result: { kind: "task", task: { status: "COMPLETE" } } });
    expect(world.graphs.nodes("Execution").map(({ id }) => id)).toEqual([outcome.executionId]);
    expect(world.graphs.executionBeads().map(({ id }) => id)).toEqual([outcome.executionBeadId]);
  });

  test.each<GraphCall["method"]>(["heads", "snapshot"])("a bead graph that does not answer %s opens nothing and is tried again later", async (method) => {
    const world = aWorld();
    world.graphs.around = (call) => {
      if (call.method === method) throw new Error("unreachable");
    };
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({
      autonomy: null,
      executionBeadId: null,
      modelCalls: [],
      result: { kind: "failure", failureClass: "infrastructure", code: "UNAVAILABLE" },
    });
    expect(world.prompts).toEqual([]);
    expect(world.graphs.nodes("Execution")).toEqual([]);
  });

  test.each<GraphCall["method"]>(["append", "write"])("a record that is not taken (%s) opens nothing and is tried again later", async (method) => {
    const world = aWorld();
    world.graphs.around = (call) => {
      if (call.method === method && call.when === "before") throw new Error("unreachable");
    };
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ failureClass: "infrastructure", code: "UNAVAILABLE" });
    expect(world.prompts).toEqual([]);
    expect(world.graphs.executionBeads()).toEqual([]);
  });

  test("a specification that the artifact graph does not have opens nothing", async () => {
    const world = aWorld({ specificationId: DIRECTIVE_NODE.id });
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "failure" });
    expect(world.prompts).toEqual([]);
    expect(world.graphs.executionBeads()).toEqual([]);
  });
});

describe("what governs the agent moves before it acts", () => {
  test("the session is opened again and the work is done under what holds now", async () => {
    const world = aWorld();
    let moved = false;
    world.graphs.around = ({ method, when }) => {
      if (method !== "append" || when !== "after" || moved) return;
      moved = true;
      world.graphs.trust("PROPOSE");
    };
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ autonomy: "PROPOSE", result: { kind: "task", task: { status: "COMPLETE" } } });
    // The first execution was refused before its bead: only the second one set out.
    expect(world.graphs.nodes("Execution").map(({ id }) => id)).toContain(outcome.executionId);
    expect(world.graphs.executionBeads().map(({ content }) => content["nonce"])).toEqual([outcome.executionId]);
  });

  test("again and again ends the attempt as stale, without a model call", async () => {
    const world = aWorld();
    let moves = 0;
    world.graphs.around = ({ method, when }) => {
      if (method === "append" && when === "after") world.graphs.govern("trust", { rationale: `move ${(moves += 1)}` });
    };
    await world.settle();
    expect(moves).toBe(3);
    expect(only(world.coordinator.applied)).toMatchObject({ executionBeadId: null, result: { kind: "failure", failureClass: "stale", code: "STALE_TARGET" } });
    expect(world.prompts).toEqual([]);
  });
});

describe("autonomy", () => {
  const LEVELS = ["SUGGEST", "PROPOSE", "EXECUTE_BOUNDED", "EXECUTE_FULL"] as const satisfies readonly Autonomy[];
  const STANDINGS = ["missing", "inactive", "unreadable"] as const;
  type Part = Autonomy | (typeof STANDINGS)[number];
  const isLevel = (part: Part): part is Autonomy => LEVELS.some((level) => level === part);
  const levelOf = (part: Part): Autonomy => (isLevel(part) ? part : "SUGGEST");
  const PAST = "2020-01-01T00:00:00.000Z";

  /** Brings one line of the knowing-state into a standing. */
  function put(world: OperativeWorld, type: "policy" | "trust" | "consent", part: Part): void {
    if (part === "missing") return;
    const { graphs } = world;
    const expired = part === "inactive";
    if (type === "policy") graphs.govern("policy", { autonomy: levelOf(part), ...(expired ? { expires_at: PAST } : {}) });
    else if (type === "consent") graphs.govern("consent", { grants: ["write_file", "run_checks"], ...(expired ? { status: "REVOKED" } : {}) });
    else if (expired) graphs.revokeTrust();
    else graphs.trust(isLevel(part) ? part : "EXECUTE_BOUNDED");
    if (part === "unreadable") graphs.damage(type);
  }

  function governedBy(policy: Part, trust: Part, consent: Part, bead: Partial<ClaimedBead> = {}): OperativeWorld {
    const world = aWorld(bead, false);
    put(world, "policy", policy);
    put(world, "trust", trust);
    put(world, "consent", consent);
    return world;
  }

  const PARTS: readonly Part[] = [...LEVELS, ...STANDINGS];
  const CONSENTS: readonly Part[] = ["EXECUTE_FULL", ...STANDINGS];

  test.each(PARTS)("under the policy %s runs what the least of policy, trust, consent and session allows, and below PROPOSE nothing", async (policy) => {
    for (const trust of PARTS) {
      for (const consent of CONSENTS) {
        const world = governedBy(policy, trust, consent);
        await world.settle();
        const outcome = only(world.coordinator.applied);
        const autonomy = leastAutonomy([levelOf(policy), levelOf(trust), levelOf(consent), "EXECUTE_BOUNDED"]);
        const seen = { policy, trust, consent, autonomy: outcome.autonomy, result: outcome.result.kind, modelCalls: world.prompts.length };
        expect(seen).toEqual({
          policy,
          trust,
          consent,
          autonomy,
          result: autonomy === "SUGGEST" ? "suggest" : "task",
          modelCalls: autonomy === "SUGGEST" ? 0 : 3,
        });
        expect(world.graphs.executionBeads().map(({ content }) => content["autonomy_level"])).toEqual(autonomy === "SUGGEST" ? [] : [autonomy]);
        expect(outcome.toolCalls).toBe(autonomy === "SUGGEST" ? 0 : 2);
      }
    }
  });

  test("of SUGGEST says what is missing and the command that gives it", async () => {
    const reasonOf = async (policy: Part, trust: Part, consent: Part): Promise<string> => {
      const world = governedBy(policy, trust, consent);
      await world.settle();
      const { result } = only(world.coordinator.applied);
      return result.kind === "suggest" ? result.reason : "";
    };
    const trust = await reasonOf("EXECUTE_BOUNDED", "SUGGEST", "EXECUTE_FULL");
    expect(trust).toBe("The trust in agent:coder is 0.2, which allows no more than SUGGEST; set it with `factory trust set agent:coder 0.8 --rationale WHY`.");
    const nothing = await reasonOf("missing", "missing", "missing");
    expect(nothing).toContain("No policy is written for role:coder; apply one with `factory policy apply FILE`.");
    expect(nothing).toContain("No trust in agent:coder is written");
    const everyTool = TOOL_NAMES.toSorted().join(",");
    expect(nothing).toContain(`No consent is given to coder; give it with \`factory consent set coder --grant ${everyTool}\`.`);
    expect(await reasonOf("EXECUTE_BOUNDED", "EXECUTE_BOUNDED", "inactive")).toBe(
      `The consent to coder is revoked or expired; give it with \`factory consent set coder --grant ${everyTool}\`.`,
    );
    for (const standing of STANDINGS)
      expect(await reasonOf(standing, "PROPOSE", "EXECUTE_FULL")).toMatch(/^(No policy|The policy) .*`factory policy apply FILE`\.$/);
  });

  test("of SUGGEST for want of a granted tool names a command that keeps what is granted", async () => {
    const world = aWorld({ directive: aDirective({ toolPolicy: { permitted: ["write_file", "run_checks"] } }) });
    world.graphs.govern("consent", { grants: ["search_files", "refer-a-patient"] });
    await world.settle();
    expect(only(world.coordinator.applied).result).toEqual({
      kind: "suggest",
      reason:
        "The consent to coder grants none of write_file, run_checks; give it with `factory consent set coder --grant run_checks,search_files,write_file`.",
    });
    expect(world.prompts).toEqual([]);
  });

  test("of PROPOSE brings the change set back under that level", async () => {
    const world = aWorld();
    world.graphs.trust("PROPOSE");
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({ autonomy: "PROPOSE", result: { kind: "task", changeSet: [{ path: "src/double.ts" }] } });
  });

  test.each<[Part, Part]>([
    ["SUGGEST", "EXECUTE_BOUNDED"],
    ["EXECUTE_BOUNDED", "SUGGEST"],
    ["EXECUTE_BOUNDED", "inactive"],
    ["inactive", "EXECUTE_BOUNDED"],
  ])("of SUGGEST (policy %s, trust %s) runs with a person's leave, at that level and with the leave on record", async (policy, trust) => {
    const world = governedBy(policy, trust, "EXECUTE_FULL", { approval: LEAVE });
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({ autonomy: "SUGGEST", toolCalls: 2, result: { kind: "task", task: { status: "COMPLETE" } } });
    expect(world.graphs.executionBeads()).toMatchObject([{ content: { autonomy_level: "SUGGEST", approval_id: LEAVE.requestId } }]);
  });

  test.each<[Part, Part, Part, string]>([
    ["missing", "EXECUTE_BOUNDED", "EXECUTE_FULL", "factory policy apply"],
    ["EXECUTE_BOUNDED", "missing", "EXECUTE_FULL", "factory trust set agent:coder"],
    ["EXECUTE_BOUNDED", "EXECUTE_BOUNDED", "inactive", "factory consent set coder --grant"],
  ])("with policy %s, trust %s and consent %s waits again, whoever gave leave", async (policy, trust, consent, command) => {
    const world = governedBy(policy, trust, consent, { approval: LEAVE });
    await world.settle();
    expect(only(world.coordinator.applied).result).toEqual({ kind: "suggest", reason: expect.stringContaining(command) });
    expect(world.prompts).toEqual([]);
    expect(world.graphs.executionBeads()).toEqual([]);
  });

  test("above SUGGEST needs no leave and records none", async () => {
    const world = aWorld({ approval: LEAVE });
    await world.settle();
    expect(only(world.coordinator.applied).autonomy).toBe("EXECUTE_BOUNDED");
    expect(world.graphs.executionBeads()[0]?.content).not.toHaveProperty("approval_id");
  });
});

describe("consent while the agent acts", () => {
  test.each<["trust" | "consent"]>([["trust"], ["consent"]])(
    "a revocation of %s between two tool calls stops the second one, and the attempt ends as stale with what it cost",
    async (type) => {
      const world = aWorld();
      world.script[1] = after(() => world.graphs.govern(type, { status: "REVOKED" }), CHECK);
      await world.settle();
      const outcome = only(world.coordinator.applied);
      expect(outcome).toMatchObject({ toolCalls: 1, consentDenials: [], result: { kind: "failure", failureClass: "stale", code: "STALE_TARGET" } });
      expect(outcome.modelCalls).toHaveLength(2);
      expect(world.jobs).toEqual([]);
    },
  );

  test("a consent that expires during the attempt stops the next call", async () => {
    const world = aWorld();
    world.graphs.govern("consent", { expires_at: new Date(world.clock.now() + 30_000).toISOString() });
    world.script[1] = after(() => world.clock.advance(30_000), CHECK);
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({ toolCalls: 1, result: { failureClass: "stale" } });
    expect(world.jobs).toEqual([]);
  });

  test("a tool that consent no longer names is not among the permitted ones of the next attempt", async () => {
    const world = aWorld();
    world.coordinator.offers.push(aBead({ epoch: 2 }));
    world.script[1] = after(() => world.graphs.govern("consent", { grants: ["write_file"] }), CHECK);
    world.script.splice(2, 1, CHECK);
    await world.settle();
    expect(world.coordinator.applied).toMatchObject([
      { epoch: 1, result: { failureClass: "stale" } },
      { epoch: 2, result: { code: "GOVERNANCE_VIOLATION" }, consentDenials: [{ toolName: "run_checks", permittedTools: ["write_file"] }] },
    ]);
  });

  test("a comparison that fails runs nothing and ends the attempt as a failure of the infrastructure", async () => {
    const world = aWorld();
    world.script[1] = after(() => {
      world.graphs.around = ({ method }) => {
        if (method === "heads") throw new Error("unreachable");
      };
    }, CHECK);
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({ toolCalls: 1, result: { failureClass: "infrastructure", code: "UNAVAILABLE" } });
    expect(world.jobs).toEqual([]);
  });

  test("one comparison is made for each tool call", async () => {
    const world = aWorld();
    let compared = 0;
    world.script[0] = after(() => {
      world.graphs.around = ({ method, when }) => {
        if (method === "heads" && when === "before") compared += 1;
      };
    }, WRITE);
    await world.settle();
    expect(only(world.coordinator.applied).toolCalls).toBe(2);
    expect(compared).toBe(2);
  });

  test("a tool that is not granted is recorded as denied, nothing of that answer runs, and the bead fails", async () => {
    const world = aWorld();
    world.graphs.govern("consent", { grants: ["read_file", "write_file"] });
    world.script.splice(0, 3, [...WRITE, { tool: "run_checks", input: {} }], aReport());
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ kind: "failure", failureClass: "governance", code: "GOVERNANCE_VIOLATION" });
    expect(outcome.consentDenials).toMatchObject([{ toolName: "run_checks", permittedTools: ["read_file", "write_file"], epoch: 1 }]);
    expect(world.store.consents(outcome.executionId).map(({ verdict }) => verdict)).toEqual(["denied"]);
    expect(outcome.toolCalls).toBe(0);
    expect(world.jobs).toEqual([]);
    expect(world.script).toHaveLength(1);
  });

  test("a tool that the policy withholds is denied, whatever consent grants", async () => {
    const world = aWorld();
    world.graphs.govern("policy", { rules: { tools: ["read_file", "write_file"] } });
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ failureClass: "governance", code: "GOVERNANCE_VIOLATION" });
    expect(outcome.consentDenials).toMatchObject([{ toolName: "run_checks", permittedTools: ["read_file", "write_file"] }]);
    expect(world.jobs).toEqual([]);
  });

  test("a policy that withholds every tool lets nothing begin, and says so", async () => {
    const world = aWorld();
    world.graphs.govern("policy", { rules: { tools: [] } });
    await world.settle();
    expect(only(world.coordinator.applied).result).toMatchObject({ kind: "suggest", reason: expect.stringContaining("`rules.tools`") });
    expect(world.prompts).toEqual([]);
  });

  test("a tool that does not exist is denied like any other", async () => {
    const world = aWorld();
    world.script.splice(0, 3, [{ tool: "shell", input: { command: "env" } }]);
    await world.settle();
    expect(only(world.coordinator.applied).consentDenials).toMatchObject([{ toolName: "shell" }]);
  });

  test("a record that cannot be written denies the call", async () => {
    const world = aWorld();
    world.database.sql.exec("CREATE TRIGGER full BEFORE INSERT ON operative_consents BEGIN SELECT RAISE(ABORT, 'disk is full'); END");
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome.result).toMatchObject({ failureClass: "governance", code: "GOVERNANCE_VIOLATION" });
    expect(outcome.consentDenials[0]?.reason).toContain("disk is full");
    expect(world.store.consents(outcome.executionId)).toEqual([]);
    expect(world.jobs).toEqual([]);
    expect(world.script).toHaveLength(2);
  });
});

describe("a crash before the agent acts", () => {
  /** Everything that happens between the lease and the first question to the model, in order. */
  async function steps(level: Autonomy): Promise<string[]> {
    const world = aWorld();
    world.graphs.trust(level);
    const seen: string[] = [];
    watch(world, (step) => seen.push(step));
    await world.settle();
    return seen;
  }

  /** Tells of each call of a graph and of each own write from the first heartbeat on, until the model is asked. */
  function watch(world: OperativeWorld, tell: (step: string) => void): void {
    let watching = false;
    const step = (name: string): void => {
      if (watching) tell(name);
    };
    world.coordinator.onHeartbeat = () => (watching = true);
    world.graphs.around = ({ graph, method, when }) => step(`${when} ${graph}.${method}`);
    world.onOwnWrite = (statement) => step(`own ${statement.trim().slice(0, 60)}`);
    const [first] = world.script;
    world.script[0] = after(() => (watching = false), first === undefined || typeof first === "function" ? WRITE : first);
  }

  /** The step from which on the agent may have acted. */
  function actsFrom(all: readonly string[]): number {
    const at = all.findIndex((name) => name.startsWith("own UPDATE operative_beads SET execution_bead"));
    expect(at).toBeGreaterThan(all.indexOf("after beads.write"));
    return at;
  }

  test.each(["PROPOSE", "EXECUTE_BOUNDED"] as const)(
    "at any step of BP1 and BP2 under %s goes on with the same execution, and nothing is there twice",
    async (level) => {
      const all = await steps(level);
      expect(all).toContain("after artifacts.append");
      expect(all).toContain("after beads.write");
      for (const [at, name] of all.slice(0, actsFrom(all)).entries()) {
        const world = aWorld();
        world.graphs.trust(level);
        let count = 0;
        const begun = new Set<string>();
        watch(world, () => {
          for (const { execution_id: id } of world.database.sql.exec<{ execution_id: string | null }>("SELECT execution_id FROM operative_beads").toArray()) {
            if (id !== null) begun.add(id);
          }
          if (count++ === at) world.crash();
        });
        await world.settle();
        const outcome = only(world.coordinator.applied);
        const executions = world.graphs.nodes("Execution").map(({ id }) => id);
        const beads = world.graphs.executionBeads().map(({ id, content }) => [id, content["nonce"]]);
        expect({ at, name, result: outcome.result.kind, executions, beads }).toEqual({
          at,
          name,
          result: "task",
          executions: [outcome.executionId],
          beads: [[outcome.executionBeadId, outcome.executionId]],
        });
        expect(world.graphs.nodes("Agent")).toHaveLength(1);
        expect(world.graphs.nodes("KnowingState").map(({ id }) => id)).toEqual([outcome.knowingStateId]);
        // An id that was seen was stored before: whatever used it, the next run goes on with it.
        expect(begun.size).toBeLessThanOrEqual(1);
      }
    },
  );

  test("once the agent may have acted is an interruption, whether it had or not", async () => {
    const all = await steps("EXECUTE_BOUNDED");
    for (let at = actsFrom(all); at < all.length; at++) {
      const world = aWorld();
      let count = 0;
      watch(world, () => {
        if (count++ === at) world.crash();
      });
      world.graphs.trust("EXECUTE_BOUNDED");
      await world.settle();
      const outcome = only(world.coordinator.applied);
      expect(outcome).toMatchObject({ modelCalls: [], result: { kind: "failure", failureClass: "infrastructure", code: "UNAVAILABLE" } });
      expect(outcome.executionBeadId).toBe(world.graphs.executionBeads()[0]?.id);
    }
  });

  test("hazard: instance id cannot be used again - after which its ground moved begins another execution under what holds now", async () => {
    const world = aWorld();
    let crashed = false;
    world.graphs.around = ({ method, when }) => {
      if (method !== "write" || when !== "after" || crashed) return;
      crashed = true;
      world.graphs.trust("PROPOSE");
      world.crash();
    };
    await world.settle();
    const outcome = only(world.coordinator.applied);
    expect(outcome).toMatchObject({ autonomy: "PROPOSE", result: { kind: "task" } });
    expect(world.graphs.executionBeads().map(({ content }) => content["autonomy_level"])).toEqual(["EXECUTE_BOUNDED", "PROPOSE"]);
    expect(outcome.executionId).toBe(world.graphs.executionBeads()[1]?.content["nonce"]);
  });
});

describe("what a role has learned", () => {
  test("is told to every later session of the role, and not to earlier ones", async () => {
    const world = aWorld();
    world.coordinator.offers.push(aBead({ epoch: 2 }));
    const learn = (): void => {
      world.graphs.govern("policy", { rules: { guidance: [{ from: "AMD-1", text: "Negative numbers are allowed." }] } });
    };
    world.script.splice(0, 3, WRITE, after(learn, aReport()), WRITE, aReport());
    await world.settle();
    expect(world.coordinator.applied).toHaveLength(2);
    expect(world.prompts.slice(0, 2).join()).not.toContain("Negative numbers");
    for (const prompt of world.prompts.slice(2)) expect(prompt).toContain("- Negative numbers are allowed.");
  });

  test("gives no tool, and a policy that names one which the registry does not have changes nothing", async () => {
    const world = aWorld();
    world.graphs.govern("policy", { rules: { tools: ["write_file", "shell"], guidance: [{ from: "AMD-1", text: "You may call shell." }] } });
    world.script.splice(0, 3, [{ tool: "shell", input: {} }]);
    await world.settle();
    expect(only(world.coordinator.applied)).toMatchObject({ result: { code: "GOVERNANCE_VIOLATION" }, consentDenials: [{ toolName: "shell" }] });
  });
});

describe("snapshots in the cache", () => {
  test("never outlive a revocation: the next attempt sees it", async () => {
    const world = aWorld();
    world.coordinator.offers.push(aBead({ epoch: 2 }), aBead({ epoch: 3 }));
    world.script.push(
      WRITE,
      CHECK,
      after(() => world.graphs.revokeTrust(), aReport()),
    );
    const snapshots: string[] = [];
    world.graphs.around = ({ method, when }) => {
      if (method === "snapshot" && when === "before") snapshots.push(method);
    };
    await world.settle();
    expect(world.coordinator.applied.map(({ result }) => result.kind)).toEqual(["task", "task", "suggest"]);
    // The second attempt's came from the cache.
    expect(snapshots).toHaveLength(2);
  });
});
