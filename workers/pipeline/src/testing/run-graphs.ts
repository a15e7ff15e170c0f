/**
 * Both graphs of a run on real SQLite with foreign keys on: what mediation has written before the run, what BP2 writes
 * before each execution, and hands to change what governs the agents.
 */
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { migrate } from "@factory/durable";
import { MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { agentIdOf, defaultKnowingState } from "@factory/gears";
import { refusing } from "@factory/schemas";
import type { Role } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc, ClaimedBead, KnowingStateBead, SeedRequest, StoredEdge, StoredNode } from "@factory/schemas/rpc";
import { beginningOf, SESSION_CEILING, trustBead, trustLine } from "./beginning.ts";
import type { Begun, Standing } from "./beginning.ts";
import { ORG } from "./builders.ts";
import { ASSEMBLY, compiledLineage } from "./lineage.ts";
import type { Lineage } from "./lineage.ts";

export class RunGraphs {
  /** Answers of `heads` before they leave; throwing is a bead graph that does not answer. */
  aroundHeads: () => void | Promise<void> = () => undefined;
  /** How often the heads were asked for over RPC. */
  headsAsked = 0;
  readonly #artifactStorage = new NodeSqliteStorage();
  readonly #artifacts: ArtifactGraph;
  readonly #beads: BeadGraph;
  readonly #beadStorage = new NodeSqliteStorage();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    migrate(this.#artifactStorage, ARTIFACT_GRAPH_MIGRATIONS);
    migrate(this.#beadStorage, BEAD_GRAPH_MIGRATIONS);
    this.#artifacts = new ArtifactGraph({ storage: this.#artifactStorage, namespace: ASSEMBLY, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now });
    this.#beads = new BeadGraph({ storage: this.#beadStorage, org: ORG, now, log: new MemoryLog() });
    this.#beads.bootstrap(defaultKnowingState(ORG, now()));
  }

  readonly artifactRpc: Pick<ArtifactGraphRpc, "append"> = {
    append: (nodes, edges) => refusing(async () => ({ written: this.#artifacts.append(structuredClone(nodes), structuredClone(edges)) })),
  };

  readonly beadRpc: Pick<BeadGraphRpc, "write" | "heads"> = {
    write: (...call) => refusing(async () => this.#beads.write(...structuredClone(call))),
    heads: async (role, subjectId) => {
      this.headsAsked += 1;
      await this.aroundHeads();
      return this.#beads.heads(role, subjectId);
    },
  };

  /** Mediation's part: the specification with its claims, and the directives. */
  compiled(seed: SeedRequest): void {
    this.written(compiledLineage(seed));
  }

  /** What others append. */
  written({ nodes, edges }: Lineage): void {
    this.#artifacts.append(nodes, edges);
  }

  /** BP1 and BP2 of an operative that was given a bead. */
  begin(bead: ClaimedBead): Begun {
    const { role } = bead.directive;
    const state = this.#beads.retrieve(role, agentIdOf(role), SESSION_CEILING);
    const { begun, lineage, beads } = beginningOf(ORG, bead, state, this.#beads.tip(trustLine(role)), this.#now());
    this.written(lineage);
    for (const record of beads) this.#write(record);
    return begun;
  }

  /** Writes the coder's trust anew: a level, or another standing. */
  trust(given: Standing, role: Role = "coder"): void {
    this.#write(trustBead(ORG, this.#beads.tip(trustLine(role)), given, this.#now()));
  }

  node(id: string): StoredNode | null {
    return this.#artifacts.get(id);
  }

  nodes(type: string): StoredNode[] {
    return this.#artifacts.byType(type, 1_000);
  }

  edgesFrom(id: string): StoredEdge[] {
    return this.#artifacts.edgesOf(id).out;
  }

  /** Knowing-state beads of a type, in the order of writing. */
  beads(type: KnowingStateBead["type"]): KnowingStateBead[] {
    const rows = this.#beadStorage.sql.exec<{ id: string }>("SELECT id FROM beads WHERE type = ? ORDER BY position", type).toArray();
    return rows.flatMap(({ id }) => this.#beads.get(id) ?? []);
  }

  #write(bead: KnowingStateBead): void {
    this.#beads.write(bead, "test", "test");
  }
}
