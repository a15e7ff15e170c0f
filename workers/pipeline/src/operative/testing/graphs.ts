/**
 * Both graphs of an org on real SQLite with foreign keys on, behind ports that answer as their objects do over RPC, and
 * hands to change what governs the coder.
 */
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph, knowingStateBeadId, roleScope } from "@factory/bead-graph";
import { migrate } from "@factory/durable";
import { MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { agentIdOf, defaultKnowingState } from "@factory/gears";
import { refusing } from "@factory/schemas";
import type { Autonomy, Result } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc, KnowingStateBead } from "@factory/schemas/rpc";
import { ASSEMBLY, DIRECTIVE_NODE, ORG, SPECIFICATION_NODE } from "./builders.ts";

/** A call that reached a graph, before or after it took effect. */
export type GraphCall = { readonly graph: "artifacts" | "beads"; readonly method: string; readonly when: "before" | "after" };

type Governing = "policy" | "trust" | "consent";

/** Subject of the coder's line of each type that governs. */
const SUBJECTS: { readonly [T in Governing]: string } = { policy: roleScope("coder"), trust: agentIdOf("coder"), consent: "coder" };

/** The graphs, with the specification and the directive of the test's bead in one and the defaults of a new org in the other. */
export class Graphs {
  readonly artifacts = new NodeSqliteStorage();
  readonly beads = new NodeSqliteStorage();
  /** Called around each call; throwing is a connection that is lost, or the end of whoever called. */
  around: (call: GraphCall) => void = () => undefined;
  readonly #now: () => number;
  readonly #artifactGraph: ArtifactGraph;
  readonly #beadGraph: BeadGraph;

  /** @param governed - false leaves the org without any knowing-state */
  constructor(now: () => number, governed = true) {
    this.#now = now;
    migrate(this.artifacts, ARTIFACT_GRAPH_MIGRATIONS);
    migrate(this.beads, BEAD_GRAPH_MIGRATIONS);
    this.#artifactGraph = new ArtifactGraph({ storage: this.artifacts, namespace: ASSEMBLY, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now });
    this.#beadGraph = new BeadGraph({ storage: this.beads, org: ORG, now, log: new MemoryLog() });
    this.#artifactGraph.append([SPECIFICATION_NODE, DIRECTIVE_NODE], []);
    if (governed) this.#beadGraph.bootstrap(defaultKnowingState(ORG, now()));
  }

  readonly artifactRpc: Pick<ArtifactGraphRpc, "append" | "get" | "getMany" | "edgesOf" | "getActiveSpecification"> = {
    append: (...args) => this.#refusing("artifacts", "append", () => ({ written: this.#artifactGraph.append(...args) })),
    get: (...args) => this.#answering("artifacts", "get", () => this.#artifactGraph.get(...args)),
    getMany: (...args) => this.#refusing("artifacts", "getMany", () => ({ nodes: this.#artifactGraph.getMany(...args) })),
    edgesOf: (...args) => this.#answering("artifacts", "edgesOf", () => this.#artifactGraph.edgesOf(...args)),
    getActiveSpecification: (...args) => this.#answering("artifacts", "getActiveSpecification", () => this.#artifactGraph.activeSpecification(...args)),
  };

  readonly beadRpc: Pick<BeadGraphRpc, "write" | "writeAll" | "get" | "heads" | "snapshot" | "tip" | "history" | "openAmendments"> = {
    write: (...args) => this.#refusing("beads", "write", () => this.#beadGraph.write(...args)),
    writeAll: (...args) => this.#refusing("beads", "writeAll", () => ({ beadIds: this.#beadGraph.writeAll(...args).map(({ beadId }) => beadId) })),
    get: (...args) => this.#answering("beads", "get", () => this.#beadGraph.get(...args)),
    heads: (...args) => this.#answering("beads", "heads", () => this.#beadGraph.heads(...args)),
    snapshot: (...args) => this.#answering("beads", "snapshot", () => this.#beadGraph.snapshot(...args)),
    tip: (...args) => this.#answering("beads", "tip", () => this.#beadGraph.tip(...args)),
    history: (...args) => this.#answering("beads", "history", () => this.#beadGraph.history(...args)),
    openAmendments: (...args) => this.#answering("beads", "openAmendments", () => this.#beadGraph.openAmendments(...args)),
  };

  /** Writes what governs the coder anew, superseding the bead before; the fields given take the place of its own. */
  govern(type: Governing, fields: KnowingStateBead["content"]): string {
    const head = this.#beadGraph.tip({ type, subject: SUBJECTS[type] });
    const content = { ...(head?.content ?? blank(type)), ...fields };
    const parents = head === null ? [] : [head.id];
    const id = knowingStateBeadId(ORG, type, content, parents);
    const links = head === null ? {} : { supersedes: head.id };
    this.#beadGraph.write({ id, type, content, parents, ...links, writtenBy: "person:ada", writtenAt: this.#now() }, "person:ada", "test");
    return id;
  }

  /** Trust in the coder that gives a level and no more. */
  trust(level: Autonomy): void {
    this.govern("trust", { status: "APPROVED", trust_score: { SUGGEST: 0.2, PROPOSE: 0.6, EXECUTE_BOUNDED: 0.8, EXECUTE_FULL: 0.95 }[level] });
  }

  revokeTrust(): void {
    this.govern("trust", { status: "REVOKED" });
  }

  /** Makes the present head of a line unreadable, as a broken row would. */
  damage(type: Governing): void {
    this.beads.sql.exec("DROP TRIGGER IF EXISTS beads_never_change");
    this.beads.sql.exec("UPDATE beads SET content = '{' WHERE type = ? AND subject = ?", type, SUBJECTS[type]);
  }

  /** Artifact nodes of a type, in the order of writing. */
  nodes(type: string): { readonly id: string; readonly data: { readonly [key: string]: unknown } }[] {
    return this.artifacts.sql
      .exec<{ id: string; data: string }>("SELECT id, data FROM nodes WHERE type = ? ORDER BY position", type)
      .toArray()
      .map(({ id, data }) => ({ id, data: JSON.parse(data) as { [key: string]: unknown } }));
  }

  /** Relations that leave a node, with their targets. */
  edgesFrom(id: string): { readonly rel: string; readonly target: string }[] {
    return this.artifacts.sql.exec<{ rel: string; target: string }>("SELECT rel, target FROM edges WHERE source = ? ORDER BY rel, target", id).toArray();
  }

  /** Beads that record an execution, in the order of writing. */
  executionBeads(): { readonly id: string; readonly content: { readonly [key: string]: unknown } }[] {
    return this.beads.sql
      .exec<{ id: string; content: string }>("SELECT id, content FROM beads WHERE type = 'execution' ORDER BY position")
      .toArray()
      .map(({ id, content }) => ({ id, content: JSON.parse(content) as { [key: string]: unknown } }));
  }

  async #answering<T>(graph: GraphCall["graph"], method: string, work: () => T): Promise<T> {
    this.around({ graph, method, when: "before" });
    // A copy, as over RPC: no test rests on an object that both sides hold.
    const answer = structuredClone(work());
    this.around({ graph, method, when: "after" });
    return answer;
  }

  #refusing<T extends object>(graph: GraphCall["graph"], method: string, work: () => T): Promise<Result<T>> {
    return refusing(() => this.#answering(graph, method, work));
  }
}

/** Content of a line's first bead; the test names the rest. */
function blank(type: Governing): KnowingStateBead["content"] {
  switch (type) {
    case "policy":
      return { scope: SUBJECTS.policy, rules: {}, autonomy: "EXECUTE_BOUNDED", effective_at: "2020-01-01T00:00:00.000Z" };
    case "trust":
      return { subject_id: SUBJECTS.trust, subject_type: "agent", status: "APPROVED", trust_score: 0.8, rationale: "test", evidence_refs: [] };
    case "consent":
      return { role_id: SUBJECTS.consent, grants: [], status: "ACTIVE", granted_by: "person:ada", granted_at: "2020-01-01T00:00:00.000Z" };
    default:
      return type satisfies never;
  }
}
