/** Both graphs on real SQLite with a protocol under work in them, and the bridge over them as each life of its host sees it. */
import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { migrate } from "@factory/durable";
import { MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { KnowingStateSdk, KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS, sqlSessions } from "@factory/ksp-sdk";
import { refusing, ulidId } from "@factory/schemas";
import type { Autonomy } from "@factory/schemas";
import type { ArtifactGraphRpc, BeadGraphRpc } from "@factory/schemas/rpc";
import { BRIDGE_JOURNAL_MIGRATION, LoopClosure, sqlJournal } from "../index.ts";
import type {
  Adoption,
  AdoptionDomain,
  DetectedDivergence,
  ExecutionRequest,
  LoopClosurePorts,
  OpenedSession,
  OutcomeRequest,
  ProposalRequest,
  ProposedAmendment,
  RecordedOutcome,
} from "../index.ts";
import { aFailure, AGENT, aProtocol, firstBeads, ORG, ROLE, WARD_REGISTRY, wardAdoption, wardIds, wardProposal } from "./ward.ts";

/** A graph as its RPC interface. */
function overRpc(graph: ArtifactGraph): LoopClosurePorts["graph"] {
  return {
    append: async (...call) => refusing(async () => ({ written: graph.append(...call) })),
    get: async (id) => graph.get(id),
    getMany: async (ids) => refusing(async () => ({ nodes: graph.getMany(ids) })),
    edgesOf: async (id) => graph.edgesOf(id),
    getActiveSpecification: async (domain) => graph.activeSpecification(domain),
  };
}

/** Storage that outlives every life of the host, and one host at a time. */
export class World {
  readonly #artifacts = new NodeSqliteStorage();
  readonly #beads = new NodeSqliteStorage();
  readonly #own = new NodeSqliteStorage();
  readonly graph: ArtifactGraph;
  readonly beads: BeadGraph;
  readonly log = new MemoryLog();
  /** The protocol in force. */
  specificationId: string;
  /** Epoch milliseconds. */
  now = 0;
  /** Calls of either graph, reads among them. */
  calls = 0;
  /** Called before a graph is asked anything; what it throws is a graph that does not answer. */
  before: (call: string) => void = () => undefined;

  constructor(options: Parameters<typeof firstBeads>[0] & { readonly beads?: boolean } = {}) {
    migrate(this.#artifacts, ARTIFACT_GRAPH_MIGRATIONS);
    migrate(this.#beads, BEAD_GRAPH_MIGRATIONS);
    migrate(this.#own, [BRIDGE_JOURNAL_MIGRATION], "loop-closure");
    migrate(this.#own, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
    this.graph = new ArtifactGraph({ storage: this.#artifacts, namespace: "ward", registry: WARD_REGISTRY, verifyId: wardIds, now: () => this.now });
    this.beads = new BeadGraph({ storage: this.#beads, org: ORG, now: () => this.now, log: this.log });
    const protocol = aProtocol();
    this.graph.append(protocol.nodes, protocol.edges);
    this.specificationId = protocol.specificationId;
    if (options.beads !== false) this.beads.bootstrap(firstBeads(options));
  }

  /** The service as a fresh life of its host has it. */
  bridge(): LoopClosure {
    const { graph, beads } = this.#ports();
    const shared = { org: ORG, now: () => this.now, log: this.log };
    const knowing = new KnowingStateSdk({ ...shared, beads, snapshots: null, sessions: sqlSessions(this.#own) });
    return new LoopClosure({ ...shared, graph, beads, knowing, journal: sqlJournal(this.#own) });
  }

  /** The service of a host that opens no sessions. */
  bridgeWithoutSessions(): LoopClosure {
    return new LoopClosure({ org: ORG, ...this.#ports(), journal: sqlJournal(this.#own), now: () => this.now, log: this.log });
  }

  /** Empties the journal: what was decided was decided by another host. */
  forget(): void {
    this.#own.sql.exec("DELETE FROM bridge_journal");
  }

  /** A graph of its own, for what enters it. */
  otherGraph(): ArtifactGraph {
    const storage = new NodeSqliteStorage();
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    return new ArtifactGraph({ storage, namespace: "elsewhere", registry: WARD_REGISTRY, verifyId: wardIds, now: () => this.now });
  }

  async open(overrides: { readonly sessionId?: string; readonly ceiling?: Autonomy } = {}): Promise<OpenedSession> {
    return this.bridge().openSession({ sessionId: "KSS-1", role: ROLE, agentId: AGENT, specificationId: this.specificationId, ...overrides });
  }

  execution(session: OpenedSession, overrides: Partial<ExecutionRequest> = {}): ExecutionRequest {
    return {
      session,
      executionId: ulidId("EXE", this.now),
      action: "see-patient",
      level: "EXECUTE_BOUNDED",
      rationale: "a patient came",
      data: { bed: 4 },
      parents: [],
      nodes: [],
      edges: [],
      ...overrides,
    };
  }

  /** BP1 and BP2. */
  async executed(
    overrides: Partial<ExecutionRequest> = {},
  ): Promise<{ readonly session: OpenedSession; readonly executionId: string; readonly executionBeadId: string }> {
    const session = await this.open({ sessionId: ulidId("EXE", this.now) });
    const recorded = await this.bridge().recordExecution(this.execution(session, overrides));
    if (!recorded.ok) throw new Error(recorded.message);
    return { session, executionId: recorded.executionId, executionBeadId: recorded.executionBeadId };
  }

  outcome(
    of: { readonly session: OpenedSession; readonly executionId: string; readonly executionBeadId: string },
    overrides: Partial<OutcomeRequest> = {},
  ): OutcomeRequest {
    return {
      sessionId: of.session.sessionId,
      specificationId: this.specificationId,
      executionId: of.executionId,
      executionBeadId: of.executionBeadId,
      status: "FAILURE",
      summary: "it took too long",
      metrics: { minutes: 9 },
      trace: { data: { minutes: 9 }, parents: [], from: [] },
      divergences: [aFailure()],
      ...overrides,
    };
  }

  /** BP1 to BP3 of an execution that went wrong. */
  async diverged(divergences: readonly DetectedDivergence[] = [aFailure()]): Promise<RecordedOutcome & { readonly sessionId: string }> {
    const executed = await this.executed();
    const recorded = await this.bridge().recordOutcome(this.outcome(executed, { divergences }));
    return { ...recorded, sessionId: executed.session.sessionId };
  }

  proposal(of: RecordedOutcome & { readonly sessionId: string }, overrides: Partial<ProposalRequest> = {}): ProposalRequest {
    const [divergence] = of.divergences;
    if (divergence === undefined) throw new Error("The outcome did not diverge.");
    return {
      sessionId: of.sessionId,
      divergenceId: divergence.divergenceId,
      traceId: of.traceId,
      specificationId: this.specificationId,
      claimId: divergence.claimId,
      ...(of.outcomeBeadId === null ? {} : { outcomeBeadId: of.outcomeBeadId }),
      occasion: "",
      elucidationIds: [],
      ...overrides,
    };
  }

  /** BP1 to BP4. */
  async proposed(domain: Parameters<typeof wardProposal>[0] = {}, overrides: Partial<ProposalRequest> = {}): Promise<Proposed> {
    const proposal = await this.bridge().proposeAmendment(this.proposal(await this.diverged(), overrides), wardProposal(domain));
    const { amendment } = proposal;
    if (amendment === null) throw new Error("Nothing was proposed.");
    return { ...proposal, amendment };
  }

  /** BP5 by the verifier. */
  async adopted({ amendment }: Proposed, domain: AdoptionDomain = wardAdoption()): Promise<Adoption> {
    return this.bridge().adoptAmendment(adoptionOf({ amendment }), domain);
  }

  /** Everything in both graphs but when it was written. */
  state(): { readonly [table: string]: readonly { readonly [column: string]: unknown }[] } {
    const all = (storage: NodeSqliteStorage, query: string) => storage.sql.exec(query).toArray();
    return {
      nodes: all(this.#artifacts, "SELECT id, type, parents, data FROM nodes ORDER BY id"),
      edges: all(this.#artifacts, "SELECT source, rel, target FROM edges ORDER BY source, rel, target"),
      beads: all(this.#beads, "SELECT id, type, supersedes, parents, content FROM beads ORDER BY id"),
    };
  }

  #ports(): { readonly graph: ArtifactGraphPort; readonly beads: BeadGraphPort } {
    const { beads } = this;
    const watched = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (target, name) => {
          const method: unknown = Reflect.get(target, name);
          return typeof method !== "function"
            ? method
            : async (...call: unknown[]): Promise<unknown> => {
                this.calls += 1;
                this.before(String(name));
                return Reflect.apply(method, target, call);
              };
        },
      });
    return {
      graph: watched(overRpc(this.graph)),
      beads: watched<BeadGraphPort>({
        write: async (...call) => refusing(async () => beads.write(...call)),
        writeAll: async (...call) => refusing(async () => ({ beadIds: beads.writeAll(...call).map(({ beadId }) => beadId) })),
        get: async (id) => beads.get(id),
        heads: async (...call) => beads.heads(...call),
        snapshot: async (...call) => beads.snapshot(...call),
        tip: async (line) => beads.tip(line),
        history: async (...call) => beads.history(...call),
        openAmendments: async (...call) => beads.openAmendments(...call),
      }),
    };
  }
}

type ArtifactGraphPort = Pick<ArtifactGraphRpc, "append" | "get" | "getMany" | "edgesOf" | "getActiveSpecification">;
type BeadGraphPort = Pick<BeadGraphRpc, "write" | "writeAll" | "get" | "heads" | "snapshot" | "tip" | "history" | "openAmendments">;

/** A proposal that proposes something. */
export type Proposed = ProposedAmendment & { readonly amendment: NonNullable<ProposedAmendment["amendment"]> };

/** The request that decides on a proposal. */
export function adoptionOf(
  { amendment }: Pick<Proposed, "amendment">,
  reviewer: { readonly id: string; readonly authority: "verifier" | "person" } = { id: "policy:verifier", authority: "verifier" },
) {
  return { sessionId: "SES-1", amendmentId: amendment.amendmentId, amendmentBeadId: amendment.beadId, reviewer };
}
