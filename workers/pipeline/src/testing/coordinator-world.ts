/** A coordinator and both graphs on real SQLite, a clock and an alarm that the test moves, and other neighbours that remember. */
import { Scheduler } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { movesOf } from "./bead-moves.ts";
import { eventsOfText, functionFile, readEvent, refuse } from "@factory/schemas";
import type {
  ArtifactEdge,
  ArtifactNode,
  CheckJob,
  CheckReport,
  Clearance,
  EventKind,
  EventPayload,
  EventWrite,
  Result,
  ReviewDecision,
} from "@factory/schemas";
import type { BeadOutcome, CapacityGrant, CapacityRequest, ClaimedBead, ExchangeAnswer, RunReport, SeedRequest, WakeMessage } from "@factory/schemas/rpc";
import { MemoryBlobStore } from "@factory/workspace";
import { aClearance } from "../../../../scripts/testing/clearances.ts";
import { GRANT_TTL_MS } from "../capacity/capacity.ts";
import { Coordinator } from "../coordinator/coordinator.ts";
import type { Neighbours } from "../coordinator/delivery.ts";
import { HEADS, complete, writing } from "./builders.ts";
import { answerByContent } from "./content-sandbox.ts";
import { RunGraphs } from "./run-graphs.ts";
import type { Begun } from "./beginning.ts";

/** The first beads of an org are in effect by then. */
const STARTED_AT = Date.parse("2026-06-01T00:00:00Z");

/** Everything around one coordinator. */
export class CoordinatorWorld {
  readonly clock = new ManualClock(STARTED_AT);
  readonly alarm = new ManualAlarm();
  readonly log = new MemoryLog();
  readonly graphs = new RunGraphs(this.clock.now);
  readonly blobs = new MemoryBlobStore();
  readonly events: EventWrite[] = [];
  readonly nodes: ArtifactNode[] = [];
  readonly edges: ArtifactEdge[] = [];
  readonly reports: RunReport[] = [];
  readonly wakes: WakeMessage[] = [];
  readonly jobs: CheckJob[] = [];
  /** Answers a job of the sandbox. */
  answer: (job: CheckJob) => CheckReport | Promise<CheckReport> = answerByContent;
  /** What the log says to an append. */
  logAnswer: Result = { ok: true };
  /** What the run asked its org for. */
  readonly capacityRequests: CapacityRequest[] = [];
  /** What the org answers; everything that was asked for unless a test says otherwise. */
  grant: (request: CapacityRequest) => CapacityGrant | Promise<CapacityGrant> = ({ want }) => ({ slots: want, until: this.clock.now() + GRANT_TTL_MS });
  /** False when the object that holds the run was not made for it. */
  isOwn = true;
  /** False loses wake-ups, as a queue may. */
  queueWorks = true;
  coordinator: Coordinator;
  readonly #storage: NodeSqliteStorage;
  #scheduler: Scheduler;
  readonly #background = new Set<Promise<unknown>>();
  readonly #reported = new Set<string>();
  /** What operatives have of the knowing-state, by bead and epoch, from when each was given the bead. */
  readonly #begun = new Map<string, Begun>();

  constructor(storage = new NodeSqliteStorage()) {
    this.#storage = storage;
    [this.#scheduler, this.coordinator] = this.#open();
  }

  /** A new object over the same database, as after an eviction. */
  async restart(): Promise<void> {
    [this.#scheduler, this.coordinator] = this.#open();
    await this.#scheduler.rearm();
  }

  /** Runs every alarm that is due now, until nothing is. A row that a graph refuses for good is a defect of every test. */
  async settle(): Promise<void> {
    for (let rounds = 0; rounds < 500; rounds++) {
      await Promise.all(this.#background);
      const [stuck] = this.log.of("ledger.stuck");
      if (stuck !== undefined) throw new Error(String(stuck.fields?.["reason"]));
      if (!this.alarm.take(this.clock.now())) return;
      await this.#scheduler.onAlarm(this.clock.now());
    }
    throw new Error("The alarms do not come to rest.");
  }

  /** Moves the clock and runs what becomes due. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.settle();
  }

  /** Seeds a run with a sound clearance of this moment, with the one that the test gives, or with null without any. */
  async seed(request: SeedRequest, clearance: Clearance | null = this.aClearance(request)): Promise<void> {
    this.graphs.compiled(request);
    const result = await this.coordinator.seed("seed", clearance === null ? request : { ...request, clearance });
    if (!result.ok) throw new Error(`${result.message} ${JSON.stringify(result.details)}`);
    await this.settle();
  }

  /** A sound clearance of this moment. */
  aClearance(request: SeedRequest, fields: Partial<Clearance> = {}): Clearance {
    return aClearance(request, this.clock.now(), fields);
  }

  /** An exchange that has to be taken. Whoever is given a bead asks what governs it and records its execution at once. */
  async exchange(slot: number, outcomes: Parameters<Coordinator["exchange"]>[1] = [], want = 1): Promise<Extract<Result<ExchangeAnswer>, { ok: true }>> {
    const answer = await this.coordinator.exchange(
      slot,
      outcomes.map((outcome) => (outcome.headsDigest === HEADS ? { ...outcome, ...this.begunOf(outcome) } : outcome)),
      want,
    );
    if (!answer.ok) throw new Error(`${answer.code} ${answer.message}`);
    for (const bead of answer.beads) {
      const key = `${bead.beadId}:${bead.epoch}`;
      if (!this.#begun.has(key)) this.#begun.set(key, this.graphs.begin(bead));
    }
    return answer;
  }

  /** What the operative of an epoch has of the knowing-state. */
  begunOf({ beadId, epoch }: Pick<BeadOutcome, "beadId" | "epoch">): Partial<Begun> {
    return this.#begun.get(`${beadId}:${epoch}`) ?? {};
  }

  /** A person's decision on the request that was reported last. */
  async decide(decision: ReviewDecision, note = "", overrides: Partial<Parameters<Coordinator["decide"]>[1]> = {}): Promise<Result> {
    const asked = this.asked().at(-1);
    if (asked === undefined) throw new Error("Nobody is asked.");
    const { beadId, requestId } = asked;
    const result = await this.coordinator.decide(`decide:${requestId}`, { beadId, requestId, decision, note, decidedBy: "ann", ...overrides });
    await this.settle();
    return result;
  }

  /** Requests for a person's leave, oldest first. */
  asked(): Extract<RunReport, { outcome: "approval" }>[] {
    return this.reports.flatMap((report) => (report.outcome === "approval" ? [report] : []));
  }

  /** Claims one bead. */
  async claim(slot = 0): Promise<ClaimedBead> {
    const [bead] = (await this.exchange(slot)).beads;
    if (bead === undefined) throw new Error("There is no bead to claim.");
    return bead;
  }

  /** The outcome of a bead that wrote its file. */
  async written(bead: ClaimedBead, content: string, effectId?: string): Promise<ReturnType<typeof complete>> {
    const path = bead.directive.role === "integrator" ? "src/index.ts" : functionFile(bead.directive.title);
    return complete(bead, [await writing(this.blobs, bead, path, content)], effectId);
  }

  /** Works the run to its end with one slot; `content` decides what each bead writes. */
  async work(
    content: (bead: ClaimedBead) => string = ({ directive }) => `export const ${directive.title} = 1;`,
  ): Promise<Extract<Result<ExchangeAnswer>, { ok: true }>> {
    let answer = await this.exchange(0);
    while (answer.beads[0] !== undefined) answer = await this.exchange(0, [await this.written(answer.beads[0], content(answer.beads[0]))]);
    await this.settle();
    return answer;
  }

  /** Payloads of one kind in order. */
  eventsOf<K extends EventKind>(kind: K): EventPayload<K>[] {
    return this.events.flatMap((event) => (event.kind === kind ? [event.payload as EventPayload<K>] : []));
  }

  /** Every move of a bead as `FROM>TO`, checked against the state machine and against the move before. */
  moves(beadId: string): string[] {
    return movesOf(this.events, beadId);
  }

  async stateOf(title: string): Promise<string | undefined> {
    return (await this.coordinator.record())?.beads.find((bead) => bead.title === title)?.state;
  }

  /** Rows of a query on the coordinator's database. */
  rows<Row extends Record<string, string | number | null>>(query: string, ...bindings: (string | number | null)[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }

  /** A statement behind the coordinator's back, for what a test cannot bring about in time otherwise. */
  execute(statement: string): void {
    this.#storage.sql.exec(statement);
  }

  #open(): [Scheduler, Coordinator] {
    const shared = { storage: this.#storage, log: this.log, now: this.clock.now, random: () => 0.5 };
    const scheduler = new Scheduler({ ...shared, timer: this.alarm, startTimeout: this.clock.startTimeout });
    const coordinator = new Coordinator({
      ...shared,
      scheduler,
      neighbours: this.#neighbours(),
      blobs: this.blobs,
      sandbox: {
        check: async (job) => {
          this.jobs.push(job);
          return this.answer(job);
        },
      },
      isFor: () => this.isOwn,
      sleep: async () => undefined,
      startTimeout: this.clock.startTimeout,
      background: (work) => {
        this.#background.add(work);
        void work.finally(() => this.#background.delete(work));
      },
    });
    return [scheduler, coordinator];
  }

  #neighbours(): Neighbours {
    return {
      graph: () => ({
        append: async (nodes, edges) => {
          const answer = await this.graphs.artifactRpc.append(nodes, edges);
          if (answer.ok) {
            this.nodes.push(...nodes);
            this.edges.push(...edges);
          }
          return answer;
        },
      }),
      knowingState: () => this.graphs.beadRpc,
      sessionLog: () => ({
        appendText: async (_identity, text) => {
          const events = eventsOfText(text).map(readEvent);
          if (!this.logAnswer.ok) return refuse(this.logAnswer.code);
          const known = new Set(this.events.map(({ eventId }) => eventId));
          this.events.push(...events.filter(({ eventId }) => !known.has(eventId)));
          return { ok: true, appended: events.length, tip: { lastSeq: this.events.length, rootHash: "", closed: false, archived: false } };
        },
      }),
      session: () => ({
        // Delivery is at least once: like the session, it takes a report that it knows for the one it has.
        report: async (effectId, report) => {
          if (report.kind === "run" && !this.#reported.has(effectId)) this.reports.push(report.report);
          this.#reported.add(effectId);
          return { ok: true };
        },
      }),
      capacity: () => ({
        request: async (request) => {
          this.capacityRequests.push(request);
          return this.grant(request);
        },
      }),
      wake: async (messages) => {
        if (this.queueWorks) this.wakes.push(...messages);
      },
    };
  }
}
