/** An agent's host that retrieves knowing-state as an operative does: over RPC, with snapshots in KV. */
import { DurableObject } from "cloudflare:workers";
import { consoleLog, migrate } from "@factory/durable";
import { KnowingStateSdk, KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS, kvSnapshots, sqlSessions } from "@factory/ksp-sdk";
import { refuse } from "@factory/schemas";
import type { BenchEnv } from "./graph-bench.worker.ts";
import { agentOf, roleOf } from "./knowing-bench.ts";
import type { CallCost } from "./lineage-bench.ts";

const unused = async () => refuse("UNIMPLEMENTED", "The bench only reads.");

/** One host. */
export class AgentBench extends DurableObject<BenchEnv> {
  /** Not persisted: sessions so far; each retrieval has one of its own. */
  #sessions = 0;

  constructor(ctx: DurableObjectState, env: BenchEnv) {
    super(ctx, env);
    migrate(ctx.storage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
  }

  /** Empties the snapshots, so that the next retrievals are cold. */
  async forgetSnapshots(): Promise<void> {
    const { keys } = await this.env.SNAPSHOTS.list();
    await Promise.all(keys.map(({ name }) => this.env.SNAPSHOTS.delete(name)));
  }

  /** Opens sessions and retrieves, one role after the other. The rows are those of the bead graph. */
  async retrieve(graph: string, calls: number): Promise<CallCost & { readonly cached: number }> {
    const beads = this.env.KNOWING.getByName(graph);
    const sdk = new KnowingStateSdk({
      org: "bench",
      beads: {
        heads: (role, subjectId) => beads.heads(role, subjectId),
        snapshot: (role, subjectId) => beads.snapshot(role, subjectId),
        write: unused,
        writeAll: unused,
        tip: async () => null,
        openAmendments: async () => [],
      },
      snapshots: kvSnapshots(this.env.SNAPSHOTS),
      sessions: sqlSessions(this.ctx.storage),
      now: Date.now,
      log: consoleLog(),
    });
    await beads.takeRows();
    let cached = 0;
    for (let index = 0; index < calls; index++) {
      const sessionId = `session ${this.#sessions++}`;
      const role = roleOf(index);
      await sdk.openSession({ sessionId, role, agentId: agentOf(role) });
      const answer = await sdk.retrieveKnowingState(sessionId);
      if (!answer.ok || answer.knowingState.autonomy !== "EXECUTE_BOUNDED") throw new Error(`The retrieval for ${role} went wrong.`);
      cached += answer.cached ? 1 : 0;
    }
    return { calls, cached, ...(await beads.takeRows()) };
  }
}
