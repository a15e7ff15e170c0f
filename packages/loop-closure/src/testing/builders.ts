/** Both graphs on real SQLite with a specification under work in them, and builders of what loop closure is told. */
import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { BeadGraph, BEAD_GRAPH_MIGRATIONS } from "@factory/bead-graph";
import { claimSetProblems } from "@factory/compiler";
import { migrate } from "@factory/durable";
import { MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { artifactNode, claimNodeId, refusing } from "@factory/schemas";
import type { Claim, Example } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc, DivergenceReport } from "@factory/schemas/rpc";
import { BRIDGE_JOURNAL_MIGRATION, knowingStateBead, LoopClosure, planOutcome, sqlJournal } from "../index.ts";
import type { HypothesisEvidence, LoopClosurePorts, OutcomeInput } from "../index.ts";

export const ORG = "acme";
const SESSION = "SES-00000000000000000000000001";

export function anExample(line: number): Example {
  return {
    functionName: "double",
    args: [{ kind: "json", value: line }],
    expected: { kind: "json", value: 2 * line },
    text: `double(${line}) => ${2 * line}`,
    line,
  };
}

/** A claim with six examples, two of them hidden. */
export function aClaim(overrides: Partial<Claim> = {}): Claim {
  return {
    claimId: "C-1",
    kind: "criterion",
    text: "`double` doubles its argument",
    line: 3,
    functionName: "double",
    visible: [11, 12, 13, 14].map(anExample),
    holdout: [15, 16].map(anExample),
    testFiles: [],
    ...overrides,
  };
}

type Writes = { readonly count: number };

/** Two graphs and a journal that outlive the service. */
export class World {
  readonly artifacts = new NodeSqliteStorage();
  readonly knowing = new NodeSqliteStorage();
  readonly own = new NodeSqliteStorage();
  readonly graph: ArtifactGraph;
  readonly beads: BeadGraph;
  readonly specificationId: string;
  readonly directiveId: string;
  readonly executionId = "EXE-01ARZ3NDEKTSV4RRFFQ69G5FAV";
  readonly executionBeadId: string;
  readonly claims: readonly Claim[];
  asked: HypothesisEvidence[] = [];
  answer: Awaited<ReturnType<LoopClosurePorts["askHypothesis"]>> = {
    modelId: "judge-1",
    hypothesis: {
      faultAttribution: "SPECIFICATION_GAP",
      explanation: "the rounding is not stated",
      confidence: 0.6,
      amendmentScope: "modify-atom",
      instruction: "Round half up.",
    },
  };
  /** Writes to either graph so far. */
  writes: Writes = { count: 0 };
  /** Called around each write; throwing is a crash before or after it took effect. */
  around: (when: "before" | "after", write: number) => void = () => undefined;

  constructor(claims: readonly Claim[] = [aClaim()]) {
    this.claims = claims;
    migrate(this.artifacts, ARTIFACT_GRAPH_MIGRATIONS);
    migrate(this.knowing, BEAD_GRAPH_MIGRATIONS);
    migrate(this.own, [BRIDGE_JOURNAL_MIGRATION], "loop-closure");
    this.graph = new ArtifactGraph({ storage: this.artifacts, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: () => 0 });
    this.beads = new BeadGraph({ storage: this.knowing, org: ORG, now: () => 0, log: new MemoryLog() });
    const specification = artifactNode("SPEC", "Specification", ORG, { assembly: "pricing", domain: "WO-1", version: 1 }, []);
    const directive = artifactNode("DIR", "AtomDirective", ORG, { title: "Write double" }, [specification.id]);
    const execution = { id: this.executionId, type: "Execution", data: {}, parents: [] };
    const claimNodes = claims.map((claim) => ({
      id: claimNodeId(specification.id, claim.claimId),
      type: "Claim",
      data: { ...claim },
      parents: [specification.id],
    }));
    this.graph.append(
      SESSION,
      [specification, directive, execution, ...claimNodes],
      claimNodes.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id })),
    );
    this.specificationId = specification.id;
    this.directiveId = directive.id;
    this.executionBeadId = this.#addExecutionBead();
  }

  #addExecutionBead(): string {
    const policy = knowingStateBead(
      { type: "policy", content: { scope: "org", rules: {}, autonomy: "EXECUTE_BOUNDED", effective_at: "2026-01-01T00:00:00Z" }, parents: [], writtenAt: 0 },
      ORG,
    );
    const trust = knowingStateBead(
      {
        type: "trust",
        content: { subject_id: "coder", subject_type: "role", status: "APPROVED", trust_score: 0.8, rationale: "seed", evidence_refs: [] },
        parents: [],
        writtenAt: 0,
      },
      ORG,
    );
    this.beads.bootstrap([policy, trust]);
    const content = {
      subject_id: "coder",
      action: "execute",
      autonomy_level: "EXECUTE_BOUNDED",
      policy_bead_id: policy.id,
      trust_bead_id: trust.id,
      rationale: "directive",
      nonce: this.executionId,
    };
    const execution = knowingStateBead({ type: "execution", content, parents: [policy.id, trust.id], writtenAt: 0 }, ORG);
    return this.beads.write(execution, "operative", SESSION).beadId;
  }

  /** The service as a fresh life of its object sees it. */
  service(): LoopClosure {
    return new LoopClosure({
      org: ORG,
      sessionId: SESSION,
      namespace: SESSION,
      graph: this.#graphPort(),
      beads: { write: async (...call: Parameters<BeadGraphRpc["write"]>) => this.#write(() => refusing(async () => this.beads.write(...call))) },
      journal: sqlJournal(this.own),
      askHypothesis: async (evidence) => {
        this.asked.push(evidence);
        return this.answer;
      },
      coherence: claimSetProblems,
      now: () => 0,
    });
  }

  #graphPort(): LoopClosurePorts["graph"] {
    return {
      append: async (...call: Parameters<ArtifactGraphRpc["append"]>) => this.#write(() => refusing(async () => ({ written: this.graph.append(...call) }))),
      get: async (id) => this.graph.get(id),
      edgesOf: async (id) => this.graph.edgesOf(id),
    };
  }

  async #write<T>(work: () => Promise<T>): Promise<T> {
    const write = this.writes.count + 1;
    this.writes = { count: write };
    this.around("before", write);
    const answer = await work();
    this.around("after", write);
    return answer;
  }

  /** Writes what BP3 decides, as the coordinator's outbox does. */
  record(overrides: Partial<OutcomeInput> = {}): readonly DivergenceReport[] {
    const plan = planOutcome(anOutcome(this, overrides));
    for (const write of plan.writes) {
      if (write.kind === "artifacts") this.graph.append(SESSION, write.nodes, write.edges);
      else this.beads.write(write.bead, write.bead.writtenBy, SESSION);
    }
    return plan.divergences;
  }

  /** The one divergence of an outcome that has one. */
  diverge(overrides: Partial<OutcomeInput> = {}): DivergenceReport {
    const [divergence] = this.record({ ...failedHoldouts([15, 16]), ...overrides });
    if (divergence === undefined) throw new Error("The outcome did not diverge.");
    return divergence;
  }

  /** Everything in both graphs but when it was written. */
  state(): unknown {
    const all = (storage: NodeSqliteStorage, query: string) => storage.sql.exec(query).toArray();
    return {
      nodes: all(this.artifacts, "SELECT id, type, parents, data FROM nodes ORDER BY id"),
      edges: all(this.artifacts, "SELECT source, rel, target FROM edges ORDER BY source, rel, target"),
      beads: all(this.knowing, "SELECT id, type, supersedes, parents, content FROM beads ORDER BY id"),
      beadEdges: all(this.knowing, "SELECT child, parent, rel FROM bead_edges ORDER BY child, parent, rel"),
    };
  }
}

/** A failed hidden check, its visible counterpart passed. */
export function failedHoldouts(lines: readonly number[], claimId = "C-1"): Partial<OutcomeInput> {
  return {
    checks: [
      { checkId: "CHK-1", kind: "examples", ok: true, holdout: false, reportDigest: "a", summary: "4 passed", claimId },
      {
        checkId: "CHK-2",
        kind: "examples",
        ok: false,
        holdout: true,
        reportDigest: "b",
        summary: `${lines.length} hidden failed`,
        claimId,
        failedLines: lines,
      },
    ],
  };
}

export function anOutcome(world: World, overrides: Partial<OutcomeInput> = {}): OutcomeInput {
  return {
    org: ORG,
    specificationId: world.specificationId,
    beadId: "BEAD-00000000000000000000000001",
    atomId: "ATOM-00000000000000000000000001",
    directiveId: world.directiveId,
    executionId: world.executionId,
    executionBeadId: world.executionBeadId,
    claimRefs: ["C-1"],
    affectedBeadIds: ["BEAD-00000000000000000000000001"],
    outcome: "SUCCESS",
    outcomeBead: false,
    attempt: 1,
    cycle: 0,
    epoch: 1,
    exhausted: false,
    toolCalls: 3,
    durationMs: 12,
    consentDigest: "",
    summary: "wrote double",
    blockers: [],
    checks: [],
    firings: [],
    hidden: { "C-1": 2 },
    now: 0,
    ...overrides,
  };
}
