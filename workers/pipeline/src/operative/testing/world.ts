/** An operative with everything around it: a coordinator that records and de-duplicates, a scripted model, crashes. */
import { Scheduler } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import type { SqlCursor, SqlRow, SqlValue, StoragePort } from "@factory/durable";
import { kvSnapshots } from "@factory/ksp-sdk";
import type { KvPort } from "@factory/ksp-sdk";
import type { ResolvedModel } from "@factory/models";
import type { CheckJob, CheckReport } from "@factory/schemas";
import type { BeadOutcome, BeadVerdict, ClaimedBead, CoordinatorRpc, ExchangeAnswer } from "@factory/schemas/rpc";
import { MemoryBlobStore } from "@factory/workspace";
import { MockLanguageModelV4 } from "ai/test";
import { Operative, RUN_TIMEOUT_MS, WORK_TIMER } from "../operative.ts";
import { governingPorts } from "../governing-ports.ts";
import { migrateOperative } from "../operative-schema.ts";
import { OperativeStore } from "../operative-store.ts";
import { anIdentity } from "./builders.ts";
import { Graphs } from "./graphs.ts";

type Model = ResolvedModel["model"];
type Answer = Awaited<ReturnType<Model["doGenerate"]>>;
type Part = Answer["content"][number];

/** One answer of the scripted model: a text, tool calls, or whatever a function does. */
export type Script =
  | string
  | readonly { readonly tool: string; readonly input: unknown }[]
  | ((options: Parameters<Model["doGenerate"]>[0]) => Promise<Answer>);

let calls = 0;

/** A model's answer with these parts. */
export function answer(script: Exclude<Script, (...args: never) => unknown>, tokens = 10): Answer {
  const content: Part[] =
    typeof script === "string"
      ? [{ type: "text", text: script }]
      : script.map(({ tool, input }) => ({ type: "tool-call", toolCallId: `call-${(calls += 1)}`, toolName: tool, input: JSON.stringify(input) }));
  return {
    content,
    finishReason: { unified: typeof script === "string" ? "stop" : "tool-calls", raw: undefined },
    usage: { inputTokens: { total: tokens, noCache: tokens, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: tokens, text: tokens, reasoning: 0 } },
    warnings: [],
  };
}

/** A coordinator that keeps what it is told: an effect counts once, whatever is sent again. */
export class RecordingCoordinator {
  /** Beads to hand out, in order. */
  readonly offers: ClaimedBead[] = [];
  /** Outcomes that counted, in order. */
  readonly applied: BeadOutcome[] = [];
  readonly exchanges: { readonly slot: number; readonly effects: readonly string[]; readonly want: number }[] = [];
  heartbeats = 0;
  /** Done before an exchange is looked at; may throw. */
  onExchange: (outcomes: readonly BeadOutcome[]) => void = () => undefined;
  /** Done after an exchange counted and before it is answered; may throw. */
  onAnswer: (outcomes: readonly BeadOutcome[]) => void = () => undefined;
  onHeartbeat: () => boolean = () => true;
  #leased: ClaimedBead | undefined;

  readonly rpc: Pick<CoordinatorRpc, "exchange" | "heartbeat"> = {
    exchange: async (slot, outcomes, want) => {
      this.exchanges.push({ slot, effects: outcomes.map(({ effectId }) => effectId), want });
      this.onExchange(outcomes);
      const answered = this.#exchange(outcomes, want);
      this.onAnswer(outcomes);
      return { ok: true, ...answered };
    },
    heartbeat: async () => {
      this.heartbeats += 1;
      const current = this.onHeartbeat();
      if (!current) this.#leased = undefined;
      return { current, leaseUntil: 0 };
    },
  };

  #exchange(outcomes: readonly BeadOutcome[], want: number): ExchangeAnswer {
    const verdicts = outcomes.map((outcome): BeadVerdict => {
      const { beadId, epoch } = outcome;
      if (!this.applied.some(({ effectId }) => effectId === outcome.effectId)) this.applied.push(structuredClone(outcome));
      if (this.#leased?.beadId === beadId && this.#leased.epoch === epoch) this.#leased = undefined;
      return { beadId, epoch, accepted: true, state: "DONE", reason: "taken" };
    });
    if (want > 0) this.#leased ??= this.offers.shift();
    return { verdicts, beads: this.#leased === undefined ? [] : [structuredClone(this.#leased)], work: this.#leased === undefined ? "complete" : "ready" };
  }
}

/** The operative's storage and its neighbours, which outlive every incarnation. */
export class OperativeWorld {
  readonly database = new NodeSqliteStorage();
  readonly alarm = new ManualAlarm();
  /** In the time of the policies that an org begins with. */
  readonly clock = new ManualClock(Date.parse("2026-06-01T00:00:00.000Z"));
  readonly log = new MemoryLog();
  readonly coordinator = new RecordingCoordinator();
  readonly blobs = new MemoryBlobStore();
  /** Answers of the model, in order. */
  readonly script: Script[] = [];
  /** Prompts the model was given, as JSON text. */
  readonly prompts: string[] = [];
  readonly jobs: CheckJob[] = [];
  readonly graphs: Graphs;
  /** Called after each statement that writes to the operative's own storage; throwing is a crash. */
  onOwnWrite: (statement: string) => void = () => undefined;
  readonly #kept = new Map<string, string>();
  /** The snapshots' namespace. */
  readonly kv: KvPort = {
    get: async (key) => this.#kept.get(key) ?? null,
    put: async (key, value) => void this.#kept.set(key, value),
  };
  check: (job: CheckJob) => Promise<CheckReport> = async (job) => passingReport(job);
  resolveModel = (alias: string): ResolvedModel => ({
    alias: alias as ResolvedModel["alias"],
    model: this.#model(),
    members: [{ provider: "openai", modelId: "scripted", family: "scripted" }],
    prices: [],
  });
  #current: { readonly storage: MortalStorage; readonly scheduler: Scheduler; readonly operative: Operative };

  /** @param governed - false leaves the org without any knowing-state */
  constructor(governed = true) {
    this.graphs = new Graphs(this.clock.now, governed);
    this.#current = this.#open();
  }

  /** Storage of the present incarnation. */
  get storage(): MortalStorage {
    return this.#current.storage;
  }

  get store(): OperativeStore {
    return new OperativeStore(this.database);
  }

  get operative(): Operative {
    return this.#current.operative;
  }

  /** Ends the object in memory, in the midst of whatever it does. */
  crash(): never {
    this.#current.storage.die();
    throw new Error("crashed");
  }

  async wake(): Promise<void> {
    await this.#current.operative.wake(anIdentity());
  }

  /** Wakes the slot and lets time pass from alarm to alarm until it rests; a crashed object is started again. */
  async settle(): Promise<void> {
    await this.wake();
    await this.rest();
  }

  async rest(): Promise<void> {
    for (let steps = 0; this.alarm.at !== null; steps += 1) {
      if (steps > 100) throw new Error("The operative does not come to rest.");
      this.clock.advance(Math.max(0, this.alarm.at - this.clock.now()));
      if (!this.alarm.take(this.clock.now())) continue;
      const { storage, scheduler } = this.#current;
      try {
        await scheduler.onAlarm(this.clock.now());
      } catch (err) {
        if (!storage.dead) throw err;
      }
      if (storage.dead) await this.restart();
    }
  }

  async restart(): Promise<void> {
    this.#current.storage.die();
    this.#current = this.#open();
    await this.#current.scheduler.rearm();
  }

  #open(): { storage: MortalStorage; scheduler: Scheduler; operative: Operative } {
    const storage = new MortalStorage(this.database);
    const { clock, log } = this;
    const own = new WatchedStorage(storage, (statement) => this.onOwnWrite(statement));
    migrateOperative(storage);
    const shared = { storage: own, log, now: clock.now, startTimeout: clock.startTimeout };
    const scheduler = new Scheduler({ ...shared, timer: this.alarm, random: () => 0.5 });
    const operative = new Operative({
      ...shared,
      store: new OperativeStore(own),
      scheduler,
      coordinatorOf: () => this.coordinator.rpc,
      governingOf: ({ org }) =>
        governingPorts({
          ...shared,
          org,
          graph: this.graphs.artifactRpc,
          beads: this.graphs.beadRpc,
          snapshots: kvSnapshots(this.kv),
          waitUntil: () => undefined,
        }),
      blobs: this.blobs,
      sandbox: {
        check: async (job) => {
          this.jobs.push(job);
          return this.check(job);
        },
      },
      resolveModel: (alias) => this.resolveModel(alias),
      hideSecrets: (text) => text.replaceAll("s3cret", "[redacted]"),
    });
    scheduler.on(WORK_TIMER, ({ signal }) => operative.run(signal), { timeoutMs: RUN_TIMEOUT_MS, dueAt: () => operative.dueAt() });
    return { storage, scheduler, operative };
  }

  #model(): Model {
    return new MockLanguageModelV4({
      doGenerate: async (options) => {
        this.prompts.push(JSON.stringify(options.prompt));
        const next = this.script.shift();
        if (next === undefined) throw new Error("The script has ended.");
        return typeof next === "function" ? next(options) : answer(next);
      },
    });
  }
}

/** A report in which every file of the job has one passed test. */
export function passingReport(job: CheckJob): CheckReport {
  const files = job.task.kind === "tests" ? job.task.files : [];
  const tests = files.map((file) => ({ file, name: "line 1 #1: it works", state: "passed" as const, durationMs: 1 }));
  return { jobId: job.jobId, ok: true, tests, diagnostics: [], console: "", droppedOutput: 0, durationMs: 1 };
}

/** Storage that tells of each statement that wrote. */
class WatchedStorage implements StoragePort {
  readonly #storage: StoragePort;
  readonly #wrote: (statement: string) => void;

  constructor(storage: StoragePort, wrote: (statement: string) => void) {
    this.#storage = storage;
    this.#wrote = wrote;
  }

  readonly sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): SqlCursor<Row> => {
      const rows = this.#storage.sql.exec<Row>(query, ...bindings);
      if (/^\s*(?:insert|update|delete)/i.test(query)) this.#wrote(query);
      return rows;
    },
  };

  transactionSync<T>(closure: () => T): T {
    return this.#storage.transactionSync(closure);
  }
}
