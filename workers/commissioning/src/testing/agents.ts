/** Agents at work on a session's run: knowing-state sessions, recorded executions, and outcomes as the coordinator records them. */
import { migrate } from "@factory/durable";
import { NodeSqliteStorage } from "@factory/durable/testing";
import { planBeadOutcome } from "@factory/factory-graph";
import type { BeadOutcomeInput } from "@factory/factory-graph";
import { agentIdOf } from "@factory/gears";
import { KnowingStateSdk, KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS, sqlSessions } from "@factory/ksp-sdk";
import { BRIDGE_JOURNAL_MIGRATION, LoopClosure, LOOP_CLOSURE_ACTOR, sqlJournal } from "@factory/loop-closure";
import type { OpenedSession } from "@factory/loop-closure";
import { artifactNode, sha256Hex } from "@factory/schemas";
import type { Autonomy, Role } from "@factory/schemas";
import type { DivergenceReport } from "@factory/schemas/rpc";
import { BEAD_ID, ORG, OVERFIT } from "./builders.ts";
import { LOOP_CLOSURE_COMPONENT } from "../schema.ts";
import { NOW } from "./surroundings.ts";
import type { Surroundings } from "./surroundings.ts";

/** A failed hidden check of C-1, its visible counterpart passed. */
export const HIDDEN_FAILED = [
  { checkId: "CHK-1", kind: "examples", ok: true, holdout: false, reportDigest: "a", summary: "4 passed", claimId: "C-1" },
  { checkId: "CHK-2", kind: "examples", ok: false, holdout: true, reportDigest: "b", summary: "2 failed", claimId: "C-1", failedLines: [15, 16] },
];

/** An agent's host: sessions, bridge points and their journal, in storage of its own. */
export class AgentHost {
  readonly loop: LoopClosure;
  readonly #world: Surroundings;
  #sessions = 0;
  #executions = 0;

  constructor(world: Surroundings) {
    this.#world = world;
    const storage = new NodeSqliteStorage();
    migrate(storage, [BRIDGE_JOURNAL_MIGRATION], LOOP_CLOSURE_COMPONENT);
    migrate(storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
    const shared = { org: ORG, now: () => NOW, log: world.log };
    const knowing = new KnowingStateSdk({ ...shared, beads: world.beadPort, snapshots: null, sessions: sqlSessions(storage) });
    this.loop = new LoopClosure({ ...shared, graph: world.graphPort, beads: world.beadPort, knowing, journal: sqlJournal(storage) });
  }

  /** BP1: a session of a role under the specification that is in force. */
  open(role: Role = "coder"): Promise<OpenedSession> {
    this.#sessions += 1;
    return this.loop.openSession({ sessionId: `agent-session-${this.#sessions}`, role, agentId: agentIdOf(role), ceiling: "EXECUTE_BOUNDED", domain: "WO-1" });
  }

  /** BP2 of one execution; the refusal's code where it may not begin. */
  async execute(session: OpenedSession, level: Autonomy = session.autonomy) {
    const directive = artifactNode("DIR", "AtomDirective", ORG, DIRECTIVE, [session.specificationId ?? ""]);
    this.#executions += 1;
    // Counted, so that two runs of one test can be compared.
    const executionId = `EXE-${String(this.#executions).padStart(26, "0")}`;
    const recorded = await this.loop.recordExecution({
      session,
      executionId,
      action: "write",
      level,
      rationale: "The directive asks for it.",
      data: {},
      parents: [directive.id],
      nodes: [directive],
      edges: [{ source: executionId, rel: "instantiates", target: directive.id }],
    });
    return recorded.ok ? { ...recorded, directiveId: directive.id } : recorded;
  }

  /** BP3 of an execution that failed, and its report to the session, which then comes to rest. */
  async fail(name: string, found: Partial<BeadOutcomeInput>, role: Role = "coder"): Promise<DivergenceReport> {
    const session = await this.open(role);
    const execution = await this.execute(session);
    if (!execution.ok) throw new Error(`${execution.code}: ${execution.message}`);
    const plan = planBeadOutcome({ ...anOutcome(session, role), ...found, ...pick(execution) });
    for (const write of plan.writes) {
      if (write.kind === "artifacts") this.#world.graph.append(write.nodes, write.edges);
      else this.#world.beads.write(write.bead, LOOP_CLOSURE_ACTOR, session.sessionId);
    }
    const [divergence] = plan.divergences;
    if (divergence === undefined) throw new Error("The outcome did not diverge.");
    await this.#world.report(name, { kind: "run", report: { outcome: "diverged", divergence } });
    return divergence;
  }
}

const DIRECTIVE = { title: "Write double", successCheck: { kind: "examples", claim: "C-1" }, fileScope: { read: ["**"], write: ["src/double.ts"] } };

function pick({ executionId, executionBeadId, directiveId }: { executionId: string; executionBeadId: string; directiveId: string }) {
  return { executionId, executionBeadId, directiveId };
}

function anOutcome({ specificationId }: OpenedSession, role: Role): Omit<BeadOutcomeInput, "executionId" | "executionBeadId" | "directiveId"> {
  return {
    org: ORG,
    specificationId: specificationId ?? "",
    beadId: BEAD_ID,
    atomId: "ATOM-00000000000000000000000001",
    role,
    claimRefs: ["C-1"],
    affectedBeadIds: [BEAD_ID, "BEAD-00000000000000000000000002"],
    outcome: "FAILURE",
    outcomeBead: false,
    attempt: 3,
    cycle: 0,
    epoch: 1,
    exhausted: true,
    toolCalls: 3,
    durationMs: 12,
    consentDigest: "",
    summary: "wrote double",
    blockers: [],
    checks: [],
    firings: [],
    hidden: { "C-1": 2 },
    failedTree: { "src/double.ts": sha256Hex(OVERFIT) },
    now: 0,
  };
}
