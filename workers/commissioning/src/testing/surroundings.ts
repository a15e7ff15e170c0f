/**
 * A session's surroundings for pure tests: both graphs on real SQLite with foreign keys, a log that keeps its contract,
 * and neighbours that record what they are told. All of it outlives the session's object.
 */
import { ArtifactGraph, ARTIFACT_GRAPH_MIGRATIONS } from "@factory/artifact-graph";
import { BeadGraph, BEAD_GRAPH_MIGRATIONS } from "@factory/bead-graph";
import { orderDigest } from "@factory/compiler";
import { Inbox, messageOf, migrate, Outbox, RetryableError, Scheduler } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { ProcessSandbox } from "@factory/factory-graph/testing";
import { defaultKnowingState } from "@factory/gears";
import { LoopClosure, sqlJournal } from "@factory/loop-closure";
import { artifactNode, blobKey, claimNodeId, digestOf, GENESIS_HASH, isTerminalKind, parseEventPayload, refuse, refusing, sha256Hex } from "@factory/schemas";
import type { Claim, Clearance, EventKind, EventWrite, OutboundSignal, Refusal, ReviewDecision, SessionEvent } from "@factory/schemas";
import type {
  AmendRequest,
  ArtifactGraphRpc,
  BeadGraphRpc,
  BeadLine,
  BudgetDecision,
  ClearRequest,
  CompileRequest,
  DivergenceReport,
  PolicyDecision,
  PolicyRequest,
  Suspension,
  RunRecord,
  SessionReport,
} from "@factory/schemas/rpc";
import { readPublicKeys, verifyEvidence } from "@factory/verification/evidence";
import type { EvidenceStatement } from "@factory/verification/evidence";
import type { PlanAnswer, Planner, PlanQuestion, SessionDeps } from "../context.ts";
import { createDeliver } from "../deliver.ts";
import { deployedAs } from "../evidence-configuration.ts";
import { signerOf } from "../evidence-key.ts";
import type { JudgeChoice } from "../judge.ts";
import type { RegistryEntry } from "../ledger.ts";
import { LOOP_CLOSURE_COMPONENT, LOOP_CLOSURE_MIGRATIONS, SESSION_MIGRATIONS } from "../schema.ts";
import { Session } from "../session.ts";
import { aClaim, aCompileReport, aDivergence, ANN, ANSWERS, aRecord, CODE, ORG, OVERFIT } from "./builders.ts";
import { TEST_EVIDENCE_KEY } from "./evidence-key.ts";

/** Longest chain of alarms a test waits for; a session that needs more does not come to rest. */
const MAX_ROUNDS = 200;

/** A log that keeps the contract of the real one: idempotent by event id, closed by the terminal event, payloads checked. */
class RecordedLog {
  readonly events: SessionEvent[] = [];
  #sealed = false;

  /** From now on only what ends the session is taken. */
  seal() {
    this.#sealed = true;
    return this.tip();
  }

  append(sessionId: string, writes: readonly EventWrite[]) {
    const fresh = writes.filter(({ eventId }) => !this.events.some((event) => event.eventId === eventId));
    const stray = fresh.find((write) => this.#sealed && !endsSession(write));
    if (stray !== undefined) return refuse("FAILED_PRECONDITION", `${stray.kind} while the session is being sealed`);
    if (fresh.length > 0 && this.closed) return refuse("FAILED_PRECONDITION", `${fresh[0]?.kind ?? ""} after the terminal event`);
    for (const write of fresh) {
      parseEventPayload(write.kind, write.payload);
      const prevHash = this.events.at(-1)?.hash ?? GENESIS_HASH;
      const row = { ...write, seq: this.events.length + 1, stream: "sessionEvents" as const, sessionId, assemblyId: "pricing", workOrderId: "WO-1", prevHash };
      this.events.push({ ...row, hash: digestOf(row) });
    }
    return { ok: true as const, appended: fresh.length, tip: this.tip() };
  }

  get closed(): boolean {
    return this.events.some(({ kind }) => isTerminalKind(kind));
  }

  tip() {
    return { lastSeq: this.events.length, rootHash: this.events.at(-1)?.hash ?? GENESIS_HASH, closed: this.closed, archived: false };
  }
}

function endsSession(write: EventWrite): boolean {
  return isTerminalKind(write.kind) || (write.kind === "ARTIFACT_WRITTEN" && write.payload.artifactId.startsWith("EVD-"));
}

/** The moment in the knowing-state, in epoch milliseconds. */
export const NOW = Date.UTC(2026, 0, 2);

/** What a neighbour does with the next call: answers, refuses, or is not there. */
type Mood = "up" | "down" | Refusal;

export class Surroundings {
  readonly storage = new NodeSqliteStorage();
  readonly clock = new ManualClock();
  readonly alarm = new ManualAlarm();
  readonly log = new MemoryLog();
  readonly sessionLog = new RecordedLog();
  readonly blobs = new Map<string, Uint8Array>();
  /** The assembly's graph and the organisation's source graph. */
  readonly graph: ArtifactGraph;
  readonly sources: ArtifactGraph;
  /** With the knowing-state a new organisation starts with. */
  readonly beads: BeadGraph;
  readonly sandbox = new ProcessSandbox();
  readonly compiles: { readonly effectId: string; readonly request: CompileRequest }[] = [];
  readonly amends: { readonly effectId: string; readonly request: AmendRequest }[] = [];
  readonly clears: ClearRequest[] = [];
  /** What the coordinator was told of the run's clearance: null takes it. */
  readonly suspensions: { readonly clearance: Clearance | null; readonly reason: string }[] = [];
  /** Suspensions that the organisation's desk has in force. */
  standing: readonly Suspension[] = [];
  /** What policy was asked. */
  readonly policyRequests: PolicyRequest[] = [];
  /** What subscribers were told, by effect: a repeat is one message. */
  readonly told = new Map<string, OutboundSignal>();
  readonly cancels: string[] = [];
  readonly clarifications: unknown[] = [];
  readonly decisions: unknown[] = [];
  readonly funds: BudgetDecision[] = [];
  /** Whom the session has poked. */
  readonly pokes: string[] = [];
  readonly registry = new Map<string, RegistryEntry>();
  readonly questions: PlanQuestion<unknown>[] = [];
  record: RunRecord | null = aRecord();
  /** The Worker's secret; undefined is a deployment without one. */
  evidenceKey: string | undefined = TEST_EVIDENCE_KEY;
  deployed: ReturnType<SessionDeps["deployed"]> = deployedAs({ VERSION: { id: "version-1", tag: "" } });
  moods: { mediation: Mood; coordinator: Mood; log: Mood; graph: Mood; beads: Mood; signals: Mood; policy: "up" | "down" | "silent"; sources: "up" | "down" } =
    {
      mediation: "up",
      coordinator: "up",
      log: "up",
      graph: "up",
      beads: "up",
      signals: "up",
      policy: "up",
      sources: "up",
    };
  /** What policy says; by default it permits. */
  judgePolicy: (request: PolicyRequest) => Pick<PolicyDecision, "allowed" | "policies" | "reason"> = () => ({
    allowed: true,
    policies: ["dispatch-approved"],
    reason: "",
  });
  /** Whether there is a model of another family to judge; by default there is none. */
  judgeChoice: JudgeChoice = { ok: false, reason: "not judged: no second model family" };
  /** What the critic answers; by default that it does not judge, as the offline model. */
  judge: (question: PlanQuestion<unknown>) => Promise<PlanAnswer<unknown>> = async (question) => ({
    ok: true,
    value: question.schema.parse({ verdict: "unknown", reason: "nobody judges here" }),
    modelId: "scripted",
    repaired: false,
    calls: [{ ...aCall(question.purpose), alias: "factory/critic" }],
  });
  /** Called before and after each write of a bridge point; throwing is a crash there. */
  around: (when: "before" | "after") => void | Promise<void> = () => undefined;
  /** What the planning model answers; by default what is right. */
  plan: (question: PlanQuestion<unknown>) => Promise<PlanAnswer<unknown>> = async (question) => goodAnswer(question);
  #life!: { readonly storage: MortalStorage; readonly session: Session; readonly scheduler: Scheduler; readonly outbox: Outbox };
  readonly #claims: readonly Claim[];

  /** @param earlier - surroundings whose organisation and assembly this session is in too */
  constructor(claims: readonly Claim[] = [aClaim()], earlier?: Surroundings) {
    this.#claims = claims;
    this.graph = earlier?.graph ?? aGraph("pricing");
    this.sources = earlier?.sources ?? aGraph("sources");
    this.beads = earlier?.beads ?? someBeads(this.log);
    for (const code of [CODE, OVERFIT]) this.blobs.set(blobKey.content(sha256Hex(code)), new TextEncoder().encode(code));
    this.restart();
  }

  get session(): Session {
    return this.#life.session;
  }

  /** The object dies where it is and lives again from the same storage and alarm. */
  restart(): void {
    this.#life?.storage.die();
    const storage = new MortalStorage(this.storage);
    const shared = { storage, log: this.log, now: this.clock.now, random: () => 0.5, startTimeout: this.clock.startTimeout };
    migrate(storage, SESSION_MIGRATIONS);
    migrate(storage, LOOP_CLOSURE_MIGRATIONS, LOOP_CLOSURE_COMPONENT);
    const scheduler = new Scheduler({ ...shared, timer: this.alarm });
    let session: Session;
    const outbox = new Outbox({
      ...shared,
      scheduler,
      deliver: (target, effects) => createDeliver(this.#deliverDeps(session))(target, effects),
      onParked: (effect) => session.onParked(effect),
    });
    session = new Session(
      {
        storage,
        planner: this.#model((question) => this.plan(question)),
        critic: this.#model((question) => this.judge(question)),
        judgeOf: () => this.judgeChoice,
        blobs: this.#blobs(),
        sessionLog: () => ({
          seal: async () => ({ ok: true, tip: this.sessionLog.seal() }),
          read: async (after, limit) => ({ events: this.sessionLog.events.slice(after, after + limit), tip: this.sessionLog.tip() }),
        }),
        graph: () => this.graphPort,
        sources: () => graphPort(this.sources),
        beads: () => this.beadPort,
        sandbox: this.sandbox,
        coordinator: () => ({
          record: async () => this.record,
          poke: async () => (this.#poked("coordinator"), { status: "open", beads: {}, rescued: 0, nextAt: null }),
        }),
        mediation: () => ({ poke: async () => this.#poked("mediation") }),
        policy: { decide: async (requests) => this.#decided(requests) },
        desk: { suspensions: async () => this.#standing() },
        evidenceSigner: () => signerOf(this.evidenceKey),
        deployed: () => this.deployed,
        loopClosure: () =>
          new LoopClosure({
            org: ORG,
            graph: this.#disturbed(this.graphPort),
            beads: this.#disturbed(this.beadPort),
            journal: sqlJournal(storage),
            now: this.clock.now,
            log: this.log,
          }),
        wake: () => void Promise.all([scheduler.scheduleBy("advance", this.clock.now()), outbox.poke()]),
        log: this.log,
        startTimeout: this.clock.startTimeout,
        now: this.clock.now,
      },
      outbox,
      new Inbox({ storage }),
    );
    scheduler.on("advance", ({ signal }) => this.#advance(session, signal), { dueAt: () => session.dueAt() });
    this.#life = { storage, session, scheduler, outbox };
  }

  async #advance(session: Session, signal: AbortSignal): Promise<void> {
    try {
      await session.advance(signal);
    } catch (err) {
      if (session === this.session) session.onStepFailed(messageOf(err));
      throw err;
    }
  }

  /** Runs alarms until the session rests: everything delivered and nothing to do, or only waits that time would end. */
  async settle(): Promise<void> {
    await this.#life.scheduler.rearm();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await Promise.resolve();
      if (!this.alarm.take(this.clock.now())) return;
      await this.#life.scheduler.onAlarm(this.clock.now());
    }
    throw new Error("The session does not come to rest.");
  }

  /** Lets one alarm pass, for tests that stop the object between steps. @returns whether there was one */
  async tick(): Promise<boolean> {
    await this.#life.scheduler.rearm();
    if (!this.alarm.take(this.clock.now())) return false;
    await this.#life.scheduler.onAlarm(this.clock.now());
    return true;
  }

  /** Moves time on by `ms` and settles. */
  async later(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** Mediation's part: the specification and its claims in the graph, then its report. */
  async compiled(overrides: Parameters<typeof aCompileReport>[1] = {}): Promise<string> {
    const request = this.compiles.at(-1)?.request;
    if (request === undefined) throw new Error("Nothing was to be compiled.");
    const { order, assembly, workOrderId: domain, intentSpecificationId: intent } = request;
    const data = { assembly, domain, version: 1, functions: order.functions, orderDigest: orderDigest(order), notes: [] };
    const specification = artifactNode("SPEC", "Specification", ORG, data, [intent]);
    const claims = this.#claims.map((claim) => ({
      id: claimNodeId(specification.id, claim.claimId),
      type: "Claim",
      data: { ...claim },
      parents: [specification.id],
    }));
    this.graph.append(
      [specification, ...claims],
      [
        { source: specification.id, rel: "source_ref", target: intent },
        ...claims.map(({ id }) => ({ source: specification.id, rel: "composed_of", target: id })),
      ],
    );
    await this.report("compiled", { kind: "compiled", report: aCompileReport(specification.id, overrides) });
    return specification.id;
  }

  /** The coordinator's part of a divergence: trace and divergence in the graph, then its report. */
  async diverged(name: string, overrides: Partial<DivergenceReport> = {}, outcome = "SUCCESS"): Promise<DivergenceReport> {
    const specificationId = this.session.store.session()?.specificationId ?? "";
    const { failedHoldoutLines: lines = [15, 16], claimId = "C-1" } = overrides;
    const check = { checkId: "CHK-1", kind: "examples", ok: outcome === "BLOCKED", holdout: lines.length > 0, claimId };
    const trace = artifactNode("ET", "ExecutionTrace", ORG, { name, outcome, checks: [check], firings: [] }, [specificationId]);
    const divergence = artifactNode("DIV", "Divergence", ORG, { claimId, failedHoldoutLines: [...lines] }, [trace.id]);
    this.graph.append([trace, divergence], [{ source: trace.id, rel: "evidences", target: divergence.id }]);
    const report = aDivergence({ divergenceId: divergence.id, traceId: trace.id, specificationId }, overrides);
    const { divergenceId, divergenceType, beadId, atomId, claimRefs, observed, expected } = report;
    const payload = { divergenceId, divergenceType, beadId, atomId, claimRefs: [...claimRefs], observed, expected, reason: observed };
    const { sessionId } = this.session.store.requireSession();
    this.sessionLog.append(sessionId, [{ eventId: `EVT-${name}`, kind: "DIVERGENCE_DETECTED", occurredAt: this.clock.now(), payload }]);
    await this.report(name, { kind: "run", report: { outcome: "diverged", divergence: report } });
    return report;
  }

  /** Mediation's answer to the last amend. */
  async reopened(): Promise<void> {
    const amendmentId = this.amends.at(-1)?.request.amendmentId ?? "";
    await this.report(`amended:${amendmentId}`, { kind: "amended", report: { outcome: "reopened", amendmentId } });
  }

  async report(effectId: string, report: SessionReport): Promise<void> {
    const result = await this.session.report(effectId, report);
    if (!result.ok) throw new Error(`${result.code}: ${result.message}`);
    await this.settle();
  }

  /** Kinds of the log in order. */
  get kinds(): EventKind[] {
    return this.sessionLog.events.map(({ kind }) => kind);
  }

  /** Payloads of one kind, in order. */
  of<K extends EventKind>(kind: K): SessionEvent<K>["payload"][] {
    return this.sessionLog.events.filter((event): event is SessionEvent<K> => event.kind === kind).map(({ payload }) => payload);
  }

  json(key: string): Record<string, unknown> {
    const bytes = this.blobs.get(key);
    if (bytes === undefined) throw new Error(`Nothing is stored under ${key}.`);
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  /** What the sealed package states; the package is verified as anybody would, with the delivered files and the log. */
  async sealed(sessionId: string): Promise<EvidenceStatement> {
    const report = await verifyEvidence({
      package: this.blobs.get(blobKey.evidence(ORG, sessionId)) ?? new Uint8Array(),
      keys: readPublicKeys(TEST_EVIDENCE_KEY),
      tree: this.#deliveredTree(sessionId),
      log: this.sessionLog.events.map((event) => JSON.stringify(event)).join("\n"),
    });
    if (report.statement === null || report.fault !== null) throw new Error(`The evidence does not hold: ${JSON.stringify(report.fault)}`);
    return report.statement;
  }

  /** SHA-256 of the delivered files as they are stored, by path. */
  #deliveredTree(sessionId: string): Map<string, string> {
    const key = blobKey.deliverable(ORG, sessionId);
    if (!this.blobs.has(key)) return new Map();
    // The cast names what delivery stores.
    const { files } = this.json(key) as { readonly files: readonly { readonly path: string; readonly digest: string }[] };
    return new Map(files.map(({ path, digest }) => [path, sha256Hex(this.blobs.get(blobKey.content(digest)) ?? "")]));
  }

  #model(answer: (question: PlanQuestion<unknown>) => Promise<PlanAnswer<unknown>>): Planner {
    // The casts hold for tests: a script answers in the schema of the question, or the pass's own parse refuses it.
    return (async (question: PlanQuestion<unknown>) => {
      this.questions.push(question);
      return answer(question);
    }) as Planner;
  }

  /** The calls of the assembly's graph that sessions and bridge points make. */
  get graphPort() {
    return graphPort(this.graph);
  }

  /** The calls of the bead graph that sessions, bridge points and agents make. */
  get beadPort() {
    const { beads } = this;
    return {
      write: async (...call: Parameters<BeadGraphRpc["write"]>) => refusing(async () => beads.write(...call)),
      writeAll: async (...call: Parameters<BeadGraphRpc["writeAll"]>) =>
        refusing(async () => ({ beadIds: beads.writeAll(...call).map(({ beadId }) => beadId) })),
      snapshot: async (role: string, subjectId: string) => beads.snapshot(role, subjectId),
      openAmendments: async (...call: Parameters<BeadGraphRpc["openAmendments"]>) => beads.openAmendments(...call),
      get: async (id: string) => beads.get(id),
      heads: async (role: string, subjectId: string) => beads.heads(role, subjectId),
      tip: async (line: BeadLine) => beads.tip(line),
      history: async (...call: Parameters<BeadGraphRpc["history"]>) => beads.history(...call),
    };
  }

  /** A port whose writes a test may interrupt. */
  #disturbed<P extends object>(port: P): P {
    return new Proxy(port, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver);
        if ((name !== "append" && name !== "write") || typeof method !== "function") return method;
        return async (...call: unknown[]) => {
          await this.around("before");
          const answer: unknown = await Reflect.apply(method, target, call);
          await this.around("after");
          return answer;
        };
      },
    });
  }

  #blobs() {
    return {
      get: async (key: string) => this.blobs.get(key) ?? null,
      put: async (key: string, bytes: Uint8Array) => void this.blobs.set(key, bytes),
    };
  }

  #deliverDeps(session: Session): Parameters<typeof createDeliver>[0] {
    const { store, amendments } = session;
    return {
      store,
      amendments,
      graph: () => {
        const port = this.graphPort;
        return { ...port, append: async (...call) => this.#asked("graph", () => port.append(...call)) };
      },
      ingest: async (amendmentId) => {
        if (this.moods.sources === "down") throw new RetryableError("The source graph is not there.");
        await session.ingest(amendmentId);
      },
      sessionLog: (_org, sessionId) => ({ append: async (_identity, events) => this.#asked("log", async () => this.sessionLog.append(sessionId, events)) }),
      mediation: () => ({
        compile: async (effectId, request) => this.#asked("mediation", async () => (this.compiles.push({ effectId, request }), { ok: true as const })),
        amend: async (effectId, request) => this.#asked("mediation", async () => (this.amends.push({ effectId, request }), { ok: true as const })),
        clear: async (_effectId, request) => this.#asked("mediation", async () => (this.clears.push(request), { ok: true as const })),
      }),
      coordinator: () => ({
        cancel: async (effectId) => this.#asked("coordinator", async () => (this.cancels.push(effectId), { ok: true as const })),
        decide: async (_effectId, decision) => this.#asked("coordinator", async () => (this.decisions.push(decision), { ok: true as const })),
        fund: async (_effectId, decision) => this.#asked("coordinator", async () => (this.funds.push(decision), { ok: true as const })),
        clear: async (_effectId, clearance, reason) =>
          this.#asked("coordinator", async () => (this.suspensions.push({ clearance, reason }), { ok: true as const })),
        clarify: async (_effectId, answer) => this.#asked("coordinator", async () => (this.clarifications.push(answer), { ok: true as const })),
      }),
      beads: () => ({ write: async (...call) => this.#asked("beads", () => this.beadPort.write(...call)) }),
      signals: {
        tell: async (_org, effectId, signal) => this.#asked("signals", async () => (this.told.set(effectId, signal), { ok: true as const })),
      },
      blobs: this.#blobs(),
      register: async (entry) => {
        const known = this.registry.get(entry.sessionId);
        if (known === undefined || known.version < entry.version) this.registry.set(entry.sessionId, entry);
      },
      persist: (evidenceId) => session.persist(evidenceId),
      compileRequest: (clearance) => session.compileRequest(clearance),
      clearRequest: (requestId) => session.clearRequest(requestId),
      escalationBead: (escalationId, standing) => session.escalationBead(escalationId, standing),
      escalationSignal: (escalationId) => session.escalationSignal(escalationId),
      recordClosure: (dispositionEventId) => session.recordClosure(dispositionEventId),
      onClearRefused: (requestId, refusal) => session.onClearRefused(requestId, refusal),
      onRunSuspended: (dispositionEventId) => session.onRunSuspended(dispositionEventId),
      onCompileRefused: (refusal) => session.onCompileRefused(refusal),
      onAmendRefused: (amendmentId, refusal) => session.onAmendRefused(amendmentId, refusal),
      onRunCancelled: () => session.onRunCancelled(),
      onBarrier: () => session.onBarrier(),
    };
  }

  #standing(): readonly Suspension[] {
    if (this.moods.signals === "down") throw new Error("the signal desk is not there.");
    return this.standing;
  }

  async #decided(requests: readonly PolicyRequest[]): Promise<PolicyDecision[]> {
    this.policyRequests.push(...requests);
    if (this.moods.policy === "silent") return new Promise(() => undefined);
    if (this.moods.policy === "down") throw new Error("the policy engine is not there.");
    return requests.map((request) => ({ decisionId: digestOf(request), policySet: "f".repeat(64), approvals: 1, ...this.judgePolicy(request) }));
  }

  #poked(who: "coordinator" | "mediation"): void {
    if (this.moods[who] === "down") throw new Error(`${who} is not there.`);
    this.pokes.push(who);
  }

  async #asked<T extends object>(who: Exclude<keyof Surroundings["moods"], "policy">, work: () => Promise<T | Refusal>): Promise<T | Refusal> {
    const mood = this.moods[who];
    if (mood === "down") throw new Error(`${who} is not there.`);
    return mood === "up" ? work() : mood;
  }
}

function someBeads(log: MemoryLog): BeadGraph {
  const storage = new NodeSqliteStorage();
  migrate(storage, BEAD_GRAPH_MIGRATIONS);
  const beads = new BeadGraph({ storage, org: ORG, now: () => NOW, log });
  beads.bootstrap(defaultKnowingState(ORG, 0));
  return beads;
}

function aGraph(namespace: string): ArtifactGraph {
  const storage = new NodeSqliteStorage();
  migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
  return new ArtifactGraph({ storage, namespace, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: () => 0 });
}

/** The calls of a graph's RPC interface that a session makes. */
function graphPort(graph: ArtifactGraph) {
  return {
    append: async (...call: Parameters<ArtifactGraphRpc["append"]>) => refusing(async () => ({ written: graph.append(...call) })),
    get: async (id: string) => graph.get(id),
    getMany: async (ids: readonly string[]) => refusing(async () => ({ nodes: graph.getMany(ids) })),
    edgesOf: async (id: string) => graph.edgesOf(id),
    getActiveSpecification: async (domain: string) => graph.activeSpecification(domain),
    activeSpecifications: async (limit?: number) => graph.activeSpecifications(limit),
    surface: async (...call: Parameters<ArtifactGraphRpc["surface"]>) => refusing(async () => ({ cycles: graph.surface(...call) })),
  };
}

/** A right answer to the question's pass, with every criterion that the prompt names. */
export function goodAnswer(question: PlanQuestion<unknown>): PlanAnswer<unknown> {
  const stated = ANSWERS[question.purpose as keyof typeof ANSWERS];
  const value = question.purpose === "write-intent-specification" ? { ...stated, acceptanceCriteria: measuredCriteria(question.prompt) } : stated;
  return { ok: true, value: question.schema.parse(value), modelId: "scripted", repaired: false, calls: [aCall(question.purpose)] };
}

/** The criteria of the prompt's task, each measured by what it says itself. */
function measuredCriteria(prompt: string): object[] {
  const block = /```json task\n([\s\S]*?)\n```/.exec(prompt)?.[1] ?? "";
  // The cast names what every prompt of this pass carries.
  const { order } = JSON.parse(block) as { readonly order: { readonly acceptanceCriteria: readonly { readonly text: string }[] } };
  return order.acceptanceCriteria.map(({ text }) => ({ text, metric: `what is seen: ${text}`, method: "a person looks", threshold: `it is so: ${text}` }));
}

export function aCall(purpose: string, outcome = "stop") {
  return { alias: "factory/architect", provider: "test", modelId: "scripted", purpose, promptHash: "p", durationMs: 1, outcome };
}

/** A session that has been commissioned and has settled. */
export async function commissioned(surroundings: Surroundings, request: Parameters<Session["commission"]>[0]): Promise<Surroundings> {
  await surroundings.session.commission(request);
  await surroundings.settle();
  return surroundings;
}

/** Decides on the review that is open now. @returns what the session answered, once it has settled */
export async function decide(
  world: Surroundings,
  decision: ReviewDecision,
  note = "",
  overrides: Partial<Parameters<Session["acknowledge"]>[0]> = {},
): ReturnType<Session["acknowledge"]> {
  const review = (await world.session.status())?.openReview;
  if (review === null || review === undefined) throw new Error("No review is open.");
  const { reviewId, actionDigest } = review;
  const result = await world.session.acknowledge({ reviewId, decision, note, actionDigest, principal: ANN, ...overrides });
  await world.settle();
  return result;
}
