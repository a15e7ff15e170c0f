/** Both graphs of an org as the Worker under test reaches them: the real graph Worker, over RPC. */
import { agentIdOf, defaultKnowingState } from "@factory/gears";
import type { Result } from "@factory/schemas";
import { artifactGraphOf, beadGraphOf } from "@factory/schemas/rpc";
import type { ArtifactGraphRpc, BeadGraphRpc, ClaimedBead, KnowingStateBead, SeedRequest } from "@factory/schemas/rpc";
import { beginningOf, SESSION_CEILING, trustBead, trustLine } from "./beginning.ts";
import type { Begun, Standing } from "./beginning.ts";
import { ASSEMBLY, compiledLineage } from "./lineage.ts";
import type { Lineage } from "./lineage.ts";

export class BoundGraphs {
  readonly artifacts: ArtifactGraphRpc;
  readonly beads: BeadGraphRpc;
  readonly #org: string;

  constructor(env: Parameters<typeof artifactGraphOf>[0] & Parameters<typeof beadGraphOf>[0], org: string) {
    this.artifacts = artifactGraphOf(env, org, ASSEMBLY);
    this.beads = beadGraphOf(env, org);
    this.#org = org;
  }

  /** What stands in the graphs when a run is seeded: a new org's knowing-state, and mediation's part. */
  async compiled(seed: SeedRequest): Promise<void> {
    taken(await this.beads.bootstrap(defaultKnowingState(this.#org, Date.now())));
    await this.#append(compiledLineage(seed));
  }

  /** BP1 and BP2 of an operative that was given a bead. */
  async begin(bead: ClaimedBead): Promise<Begun> {
    const { role } = bead.directive;
    const [state, trust] = await Promise.all([this.beads.retrieve(role, agentIdOf(role), SESSION_CEILING), this.beads.tip(trustLine(role))]);
    const beginning = beginningOf(this.#org, bead, state, trust, Date.now());
    await this.#append(beginning.lineage);
    for (const record of beginning.beads) await this.#write(record);
    return beginning.begun;
  }

  /** Writes the coder's trust anew: a level, or another standing. */
  async trust(given: Standing): Promise<void> {
    await this.#write(trustBead(this.#org, await this.beads.tip(trustLine("coder")), given, Date.now()));
  }

  /** How the outcomes of an execution were recorded, newest first. */
  async outcomesOf({ executionBeadId }: Pick<Begun, "executionBeadId">): Promise<unknown[]> {
    const beads = executionBeadId === null ? [] : await this.beads.history({ type: "outcome", subject: executionBeadId });
    return beads.map(({ content }) => content["status"]);
  }

  async #append({ nodes, edges }: Lineage): Promise<void> {
    taken(await this.artifacts.append(nodes, edges));
  }

  async #write(bead: KnowingStateBead): Promise<void> {
    taken(await this.beads.write(bead, "test", "test"));
  }
}

function taken(answer: Result): void {
  if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
}
