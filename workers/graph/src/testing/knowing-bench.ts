/** A knowing-state of any size on real storage: what its hot calls cost, in rows. */
import { DurableObject } from "cloudflare:workers";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { consoleLog, migrate } from "@factory/durable";
import { contentId } from "@factory/schemas";
import type { KnowingStateBead, KnowingStateSnapshot } from "@factory/schemas/rpc";
import { CountingStorage } from "./counting-storage.ts";
import type { RowCount } from "./counting-storage.ts";
import type { CallCost } from "./lineage-bench.ts";

const ORG = "bench";
const WRITER = "bench";
const SESSION = "bench";
/** Roles of the organisation; a role's trust was changed so many times before. */
export const ROLES = 50;
const TRUST_CHANGES = 20;
/** Each execution and outcome brings an audit bead with it. */
const BEADS_PER_WRITE = 2;

/** The agent of a role. */
export function agentOf(role: string): string {
  return `agent:${role}`;
}

/** A role by its number. */
export function roleOf(index: number): string {
  return `role ${index % ROLES}`;
}

/** One organisation's knowing-state. */
export class KnowingBench extends DurableObject<unknown> {
  readonly #storage: CountingStorage;
  readonly #graph: BeadGraph;
  /** Not persisted: beads so far; a bench fills an object once. */
  #beads = 0;
  #executions = 0;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    migrate(ctx.storage, BEAD_GRAPH_MIGRATIONS);
    this.#storage = new CountingStorage(ctx.storage);
    this.#graph = new BeadGraph({ storage: this.#storage, org: ORG, now: Date.now, log: consoleLog() });
  }

  /** Brings the graph to at least so many beads, audit beads counted, a bounded number of them in one call. Answers how many it has. */
  async fill(beads: number, atMost: number): Promise<number> {
    if (this.#beads === 0) this.ctx.storage.transactionSync(() => this.#govern());
    const until = Math.min(beads, this.#beads + atMost);
    this.ctx.storage.transactionSync(() => {
      while (this.#beads < until) this.#execute();
    });
    this.#storage.take();
    return this.#beads;
  }

  async heads(role: string, subjectId: string): Promise<string> {
    return this.#graph.heads(role, subjectId);
  }

  async snapshot(role: string, subjectId: string): Promise<KnowingStateSnapshot> {
    return this.#graph.snapshot(role, subjectId);
  }

  /** Rows of the calls since the last time. */
  async takeRows(): Promise<RowCount> {
    return this.#storage.take();
  }

  /** Resolves the heads of a role, so many times. */
  async resolveHeads(calls: number): Promise<CallCost> {
    return this.#counted(calls, (index) => void this.#graph.heads(roleOf(index), agentOf(roleOf(index))));
  }

  /** Writes an execution with its outcome, so many times. */
  async write(calls: number): Promise<CallCost> {
    return this.#counted(calls, () => this.#execute());
  }

  #counted(calls: number, call: (index: number) => void): CallCost {
    this.#storage.take();
    for (let index = 0; index < calls; index++) call(index);
    return { calls, ...this.#storage.take() };
  }

  #govern(): void {
    for (let index = 0; index < ROLES; index++) {
      const role = roleOf(index);
      this.#write("policy", { scope: `role:${role}`, rules: {}, autonomy: "EXECUTE_BOUNDED", effective_at: "2026-01-01T00:00:00.000Z" });
      this.#write("consent", { role_id: role, grants: ["read_file"], status: "ACTIVE", granted_by: WRITER, granted_at: "2026-01-01T00:00:00.000Z" });
      let before: string | undefined;
      for (let change = 0; change < TRUST_CHANGES; change++) {
        const content = {
          subject_id: agentOf(role),
          subject_type: "agent",
          status: "APPROVED",
          trust_score: 0.8,
          rationale: `change ${change}`,
          evidence_refs: [],
        };
        before = this.#write("trust", content, before === undefined ? [] : [before], before);
      }
    }
  }

  #execute(): void {
    const role = roleOf(this.#executions);
    const { policy, trust } = this.#graph.snapshot(role, agentOf(role));
    const parents = [policy.beadId, trust.beadId].flatMap((id) => id ?? []);
    const nonce = `execution ${this.#executions}`;
    const execution = this.#write(
      "execution",
      {
        subject_id: agentOf(role),
        action: "execute",
        autonomy_level: "EXECUTE_BOUNDED",
        policy_bead_id: policy.beadId,
        trust_bead_id: trust.beadId,
        rationale: "",
        nonce,
      },
      parents,
    );
    this.#write("outcome", { execution_bead_id: execution, status: "SUCCESS", summary: nonce, triggers_amendment: false }, [execution]);
    this.#executions += 1;
  }

  #write(type: KnowingStateBead["type"], content: KnowingStateBead["content"], parents: readonly string[] = [], supersedes?: string): string {
    const id = contentId("KSB", { kind: type, org: ORG, content, parents });
    this.#graph.write(
      { id, type, content, parents, writtenBy: WRITER, writtenAt: Date.now(), ...(supersedes === undefined ? {} : { supersedes }) },
      WRITER,
      SESSION,
    );
    this.#beads += BEADS_PER_WRITE;
    return id;
  }
}
