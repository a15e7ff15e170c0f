/**
 * An organisation's projection with everything around it: real SQLite, the stand-in for Linear behind real requests, logs that a
 * test writes, and the lineage of an assembly.
 */
import { ARTIFACT_GRAPH_MIGRATIONS, ArtifactGraph } from "@factory/artifact-graph";
import { migrate } from "@factory/durable";
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import { FACTORY_REGISTRY, factoryIds } from "@factory/factory-graph";
import { refusing } from "@factory/schemas";
import type { ArtifactNode, SessionEvent } from "@factory/schemas";
import type { EscalationBinding, Suspension } from "@factory/schemas/rpc";
import { LinearStandIn, SEED } from "../../../../scripts/linear/stand-in.ts";
import type { StandInOptions } from "../../../../scripts/linear/stand-in.ts";
import type { Issue } from "../../../../scripts/linear/workspace.ts";
import { grammarFor } from "../dispositions/matters.ts";
import { projectionObject } from "../projection/linear-projection-object.ts";
import type { ProjectionObject } from "../projection/linear-projection-object.ts";
import type { LinearTarget } from "../projection/linear-team.ts";
import { linksTo } from "../projection/texts.ts";
import { ASSEMBLY, ORG } from "./session-story.ts";

/** Longest time that a world is let run, in milliseconds of its own clock. */
const REST_MS = 10 * 60_000;

/** What an escalation's object was told; whether Linear had the issue by then. */
export type Told =
  | { readonly call: "bind"; readonly binding: EscalationBinding; readonly isShown: boolean }
  | { readonly call: "close"; readonly escalationId: string; readonly decision: string; readonly decidedBy: string };

/** The storage and the neighbours, which outlive every incarnation of the object. */
export class ProjectionWorld implements AsyncDisposable {
  readonly clock = new ManualClock(Date.now());
  readonly journal = new MemoryLog();
  readonly standIn: LinearStandIn;
  readonly told: Told[] = [];
  /** Whether a disposition of the escalation itself has decided. */
  decidedHere = false;
  readonly graph: ArtifactGraph;
  /** Where the organisation is shown; null: nowhere. An error: the registry does not answer. */
  target: LinearTarget | null | Error = { teamId: SEED.team, projectId: SEED.project };
  suspensions: readonly Suspension[] | Error = [];
  /** Thrown by the next read of a log. */
  logFault: Error | undefined;
  apiKey: string;
  /** Authorization headers as they were sent. */
  readonly authorizations: (string | null)[] = [];
  readonly #logs = new Map<string, SessionEvent[]>();
  readonly #database = new NodeSqliteStorage();
  readonly #alarm = new ManualAlarm();
  #storage: MortalStorage;
  #object: ProjectionObject;

  private constructor(standIn: LinearStandIn) {
    this.standIn = standIn;
    this.apiKey = standIn.keyOf("factory");
    const storage = new NodeSqliteStorage();
    migrate(storage, ARTIFACT_GRAPH_MIGRATIONS);
    this.graph = new ArtifactGraph({ storage, namespace: ASSEMBLY, registry: FACTORY_REGISTRY, verifyId: factoryIds(ORG), now: this.clock.now });
    [this.#storage, this.#object] = this.#open();
  }

  static async start(options: StandInOptions = {}): Promise<ProjectionWorld> {
    return new ProjectionWorld(await LinearStandIn.start(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.standIn[Symbol.asyncDispose]();
  }

  get object(): ProjectionObject {
    return this.#object;
  }

  /** Where the object's alarm is set to, in epoch milliseconds. */
  get alarmAt(): number | null {
    return this.#alarm.at;
  }

  /** Puts nodes into the assembly's lineage. */
  remember(...nodes: readonly ArtifactNode[]): void {
    this.graph.append(nodes, []);
  }

  /** Appends events to their session's log, which numbers them. */
  log(events: readonly SessionEvent[]): void {
    for (const event of events) {
      const log = this.#logs.get(event.sessionId) ?? [];
      log.push({ ...event, seq: log.length + 1 });
      this.#logs.set(event.sessionId, log);
    }
  }

  /** Hints at a session as the queue does. */
  async hint(sessionId: string): Promise<void> {
    await this.#object.projection.follow(sessionId, this.#logs.get(sessionId)?.length ?? 0);
  }

  /** Appends events, hints at them and lets what follows be done. */
  async show(events: readonly SessionEvent[]): Promise<void> {
    this.log(events);
    for (const sessionId of new Set(events.map((event) => event.sessionId))) await this.hint(sessionId);
    await this.settle();
  }

  /** Lets time pass from alarm to alarm, until there is none in this time. */
  async settle(forMs = 60_000): Promise<void> {
    const end = this.clock.now() + Math.min(forMs, REST_MS);
    for (let steps = 0; steps < 2_000; steps += 1) {
      await this.#object.outbox.drain();
      // The alarm is set in a later microtask than the row it is for.
      await Promise.resolve();
      const at = this.#alarm.at;
      if (at === null || at > end) return;
      this.clock.advance(Math.max(0, at - this.clock.now()));
      if (this.#alarm.take(this.clock.now())) await this.#object.scheduler.onAlarm(this.clock.now());
    }
    throw new Error("The projection does not come to rest.");
  }

  /** Lets this much time pass, alarms included. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    while (this.clock.now() < end) {
      const at = this.#alarm.at;
      const next = at === null || at > end ? end : at;
      this.clock.advance(Math.max(0, next - this.clock.now()));
      if (this.#alarm.take(this.clock.now())) await this.#object.scheduler.onAlarm(this.clock.now());
      else if (this.clock.now() >= end) break;
    }
    await this.settle(0);
  }

  /** As {@link ProjectionWorld.pass}, in days. */
  passDays(days: number): Promise<void> {
    return this.pass(days * 24 * 60 * 60_000);
  }

  /** Drops the object in memory and starts the next one, as the platform does. */
  async restart(): Promise<void> {
    this.#storage.die();
    [this.#storage, this.#object] = this.#open();
    await this.#object.scheduler.rearm();
  }

  /** The issue whose title contains this; there has to be exactly one. */
  issue(title: string): Issue {
    const found = this.standIn.issues().filter((issue) => issue.title.includes(title));
    const [issue] = found;
    if (issue === undefined || found.length !== 1)
      throw new Error(
        `${found.length} issues are called "${title}": ${this.standIn
          .issues()
          .map((other) => other.title)
          .join("; ")}`,
      );
    return issue;
  }

  /** Names of an issue's labels, in order. */
  labelsOf(issue: Issue): string[] {
    return issue.labels.map(({ name }) => name).toSorted();
  }

  #open(): [MortalStorage, ProjectionObject] {
    const storage = new MortalStorage(this.#database);
    const object = projectionObject({
      org: ORG,
      storage,
      timer: this.#alarm,
      api: { url: this.standIn.apiUrl, key: this.apiKey },
      fetch: (url, init) => {
        this.authorizations.push(new Headers(init.headers).get("authorization"));
        return fetch(url, init);
      },
      target: async () => {
        if (this.target instanceof Error) throw this.target;
        return this.target;
      },
      sessionLog: (sessionId) => ({ read: async (after, limit) => this.#read(sessionId, after, limit) }),
      graph: () => ({
        get: async (id) => this.graph.get(id),
        append: async (nodes, edges) => refusing(async () => ({ written: this.graph.append(nodes, edges) })),
        surface: async (hypothesisId, cycle, to) => refusing(async () => ({ cycles: this.graph.surface(hypothesisId, cycle, to) })),
      }),
      disposition: (escalationId) => ({
        bind: async (binding) => {
          this.told.push({ call: "bind", binding, isShown: this.standIn.issues().some(({ id }) => id === binding.issueId) });
          return { ok: true };
        },
        close: async (_, decision, decidedBy) => {
          this.told.push({ call: "close", escalationId, decision, decidedBy });
          return { ok: true, decidedHere: this.decidedHere };
        },
      }),
      suspensions: async () => {
        if (this.suspensions instanceof Error) throw this.suspensions;
        return this.suspensions;
      },
      grammarFor,
      links: linksTo("https://factory.example"),
      log: this.journal,
      now: this.clock.now,
      random: () => 0.5,
      startTimeout: this.clock.startTimeout,
    });
    return [storage, object];
  }

  #read(sessionId: string, after: number, limit: number) {
    const fault = this.logFault;
    this.logFault = undefined;
    if (fault !== undefined) throw fault;
    const events = this.#logs.get(sessionId) ?? [];
    const tip = { lastSeq: events.length, rootHash: "", closed: false, archived: false };
    return { events: events.filter(({ seq }) => seq > after).slice(0, limit), tip };
  }
}
