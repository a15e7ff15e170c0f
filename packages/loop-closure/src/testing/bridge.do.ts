/** The bridge in a Durable Object, over both graphs in theirs, with its journal and its sessions in its own SQLite. It can be killed at every write. */
import { DurableObject } from "cloudflare:workers";
import { createLog, migrate } from "@factory/durable";
import { KnowingStateSdk, KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS, sqlSessions } from "@factory/ksp-sdk";
import { BRIDGE_JOURNAL_MIGRATION, LoopClosure, sqlJournal } from "../index.ts";
import type { Adoption, LoopClosurePorts, ProposedAmendment, RecordedOutcome } from "../index.ts";
import type { ProbeEnv } from "./probe-env.ts";
import { aFailure, AGENT, ORG, PROTOCOL, ROLE, wardAdoption, wardProposal } from "./ward.ts";

/** When a life of the bridge ends: around its n-th write of any graph. */
export type Death = {
  readonly write: number;
  /** `unanswered`: the graph has committed, and the bridge does not live to see the answer. */
  readonly when: "before" | "unanswered" | "after";
};

/** One loop: the same call again is the same loop. */
export type Loop = {
  readonly executionId: string;
  readonly text: string;
  readonly specificationId: string;
  readonly occasion?: string;
  /** Waits after the verifier until so many bridges wait. */
  readonly meet?: number;
};

/** What a loop came to. */
export type Closed = { readonly outcome: RecordedOutcome; readonly proposal: ProposedAmendment; readonly adoption: Adoption };

/** One host of the bridge points; its graphs are named by the part of its own name before the slash. */
export class BridgeDO extends DurableObject<ProbeEnv> {
  readonly #ward: string;
  readonly #bridge: LoopClosure;
  /** Not persisted: writes of this life. */
  #writes = 0;
  /** Not persisted: when this life ends. */
  #death: Death | null = null;

  constructor(ctx: DurableObjectState, env: ProbeEnv) {
    super(ctx, env);
    this.#ward = (ctx.id.name ?? "").split("/")[0] ?? "";
    migrate(ctx.storage, [BRIDGE_JOURNAL_MIGRATION], "loop-closure");
    migrate(ctx.storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
    migrate(ctx.storage, [{ id: "0001-asked", statements: ["CREATE TABLE asked (question TEXT NOT NULL) STRICT"] }]);
    const { graph, beads } = this.#ports();
    const shared = { org: ORG, now: () => 0, log: createLog(() => undefined) };
    const sessions = sqlSessions(ctx.storage);
    const knowing = new KnowingStateSdk({
      ...shared,
      // An execution is written by the bridge alone: what a session would write itself is not reachable here.
      beads: { ...beads, snapshot: (...call) => this.#beads.snapshot(...call), writeAll: unreachable, openAmendments: unreachable },
      snapshots: null,
      sessions,
    });
    this.#bridge = new LoopClosure({ ...shared, graph, beads, knowing, journal: sqlJournal(ctx.storage) });
  }

  /** BP1 to BP5. */
  async close(loop: Loop, death: Death | null): Promise<Closed> {
    this.#death = death;
    const outcome = await this.#work(loop);
    const [divergence] = outcome.divergences;
    if (divergence === undefined) throw new Error("Nothing diverged.");
    const proposal = await this.#bridge.proposeAmendment(
      {
        sessionId: loop.executionId,
        divergenceId: divergence.divergenceId,
        traceId: outcome.traceId,
        specificationId: loop.specificationId,
        claimId: divergence.claimId,
        occasion: loop.occasion ?? "",
        elucidationIds: [],
        ...(outcome.outcomeBeadId === null ? {} : { outcomeBeadId: outcome.outcomeBeadId }),
      },
      this.#asking(wardProposal({ text: loop.text })),
    );
    return { outcome, proposal, adoption: await this.#adopt(loop, proposal) };
  }

  /** Writes of this life so far. */
  async writes(): Promise<number> {
    return this.#writes;
  }

  /** How often a domain was asked, over all lives. */
  async asked(): Promise<string[]> {
    return this.ctx.storage.sql
      .exec<{ question: string }>("SELECT question FROM asked ORDER BY rowid")
      .toArray()
      .map(({ question }) => question);
  }

  /** 1 where foreign keys are on. */
  async foreignKeys(): Promise<number> {
    return this.ctx.storage.sql.exec<{ foreign_keys: number }>("PRAGMA foreign_keys").one().foreign_keys;
  }

  /** The object in memory is gone; its storage stays. */
  async die(): Promise<void> {
    this.ctx.abort("killed");
  }

  async #work({ executionId, specificationId }: Loop): Promise<RecordedOutcome> {
    const session = await this.#bridge.openSession({ sessionId: executionId, role: ROLE, agentId: AGENT, specificationId });
    const execution = await this.#bridge.recordExecution({
      session,
      executionId,
      action: "see-patient",
      level: "EXECUTE_BOUNDED",
      rationale: "a patient came",
      data: { domain: PROTOCOL },
      parents: [],
      nodes: [],
      edges: [],
    });
    if (!execution.ok) throw new Error(execution.message);
    return this.#bridge.recordOutcome({
      sessionId: executionId,
      specificationId,
      executionId,
      executionBeadId: execution.executionBeadId,
      status: "FAILURE",
      summary: "it took too long",
      metrics: { minutes: 9 },
      trace: { data: { minutes: 9 }, parents: [], from: [] },
      divergences: [aFailure("C-1"), aFailure("C-2")],
    });
  }

  async #adopt(loop: Loop, { amendment }: ProposedAmendment): Promise<Adoption> {
    if (amendment === null) throw new Error("Nothing was proposed.");
    const domain = wardAdoption();
    return this.#bridge.adoptAmendment(
      {
        sessionId: loop.executionId,
        amendmentId: amendment.amendmentId,
        amendmentBeadId: amendment.beadId,
        reviewer: { id: "policy:verifier", authority: "verifier" },
      },
      {
        ...domain,
        verify: async (subject) => {
          this.#ask("verify");
          if (loop.meet !== undefined) await this.#beads.meet(loop.meet);
          return domain.verify(subject);
        },
      },
    );
  }

  #asking(domain: ReturnType<typeof wardProposal>): ReturnType<typeof wardProposal> {
    return {
      ...domain,
      hypothesise: async (evidence) => {
        this.#ask("hypothesise");
        return domain.hypothesise(evidence);
      },
    };
  }

  #ask(question: string): void {
    this.ctx.storage.sql.exec("INSERT INTO asked (question) VALUES (?)", question);
  }

  get #graph() {
    return this.env.LINEAGES.getByName(this.#ward);
  }

  get #beads() {
    return this.env.KNOWLEDGE.getByName(this.#ward);
  }

  #ports(): Pick<LoopClosurePorts, "graph" | "beads"> {
    return {
      graph: {
        append: (nodes, edges) => this.#mortal((killed) => this.#graph.append(nodes, edges, killed)),
        get: (id) => this.#graph.get(id),
        getMany: (ids) => this.#graph.getMany(ids),
        edgesOf: (id) => this.#graph.edgesOf(id),
        getActiveSpecification: (domain) => this.#graph.getActiveSpecification(domain),
      },
      beads: {
        write: (bead, actorId, sessionId, fence) => this.#mortal((killed) => this.#beads.write(bead, actorId, sessionId, fence, killed)),
        get: (id) => this.#beads.get(id),
        heads: (role, subjectId) => this.#beads.heads(role, subjectId),
        tip: (line) => this.#beads.tip(line),
        history: (line, limit, beforeId) => this.#beads.history(line, limit, beforeId),
      },
    };
  }

  /** A write that may be the last thing this life does. */
  async #mortal<T>(write: (killed?: string) => Promise<T>): Promise<T> {
    this.#writes += 1;
    const death = this.#writes === this.#death?.write ? this.#death.when : null;
    if (death === "before") {
      // What was decided is durable, as it is before any message leaves; without this the decision would go with the object.
      await this.ctx.storage.sync();
      this.ctx.abort("killed");
    }
    const answer = await write(death === "unanswered" ? this.ctx.id.name : undefined);
    if (death === "after") this.ctx.abort("killed");
    return answer;
  }
}

async function unreachable(): Promise<never> {
  throw new Error("The bridge writes what a session does.");
}
