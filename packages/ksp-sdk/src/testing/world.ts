/** An agent's surroundings: a real bead graph and a real session store on SQLite, with links and a cache that can fail. */
import { BEAD_GRAPH_MIGRATIONS, BeadGraph } from "@factory/bead-graph";
import { migrate } from "@factory/durable";
import { ManualClock, MemoryLog, NodeSqliteStorage } from "@factory/durable/testing";
import { contentId, refusing } from "@factory/schemas";
import type { KnowingStateBead } from "@factory/schemas/rpc";
import { KnowingStateSdk } from "../knowing-state-sdk.ts";
import type { KnowingStateSdkPorts } from "../knowing-state-sdk.ts";
import { KSP_SESSIONS_COMPONENT, KSP_SESSIONS_MIGRATIONS } from "../session-schema.ts";
import { sqlSessions } from "../session-store.ts";
import { kvSnapshots } from "../snapshot-cache.ts";
import type { KvPort } from "../snapshot-cache.ts";

export const ORG = "st-mary";
export const ROLE = "triage";
export const AGENT = "agent:triage";
export const PAST = "2020-01-01T00:00:00Z";

type Beads = KnowingStateSdkPorts["beads"];
type Content = KnowingStateBead["content"];

/** What the next calls to a link do instead of answering; `lost` takes effect and loses its answer. */
export type Fault = "fail" | "hang" | "lost" | { readonly answer: unknown };

/** The way to the bead graph; each method can be made to fail once or for good. */
export class Link {
  readonly calls: string[] = [];
  readonly #faults = new Map<string, Fault>();
  /** Runs before the bead graph does; a test lets something happen meanwhile. */
  before: (method: string) => unknown = () => undefined;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  fault(method: keyof Beads, fault: Fault | null): void {
    if (fault === null) this.#faults.delete(method);
    else this.#faults.set(method, fault);
  }

  async call<T>(method: keyof Beads, work: () => T | Promise<T>): Promise<T> {
    this.calls.push(method);
    await this.before(method);
    const fault = this.#faults.get(method);
    if (fault === "fail") throw new Error("connection lost");
    if (fault === "hang") {
      queueMicrotask(() => this.#clock.advance(60_000));
      return new Promise<never>(() => undefined);
    }
    // The cast lets a test answer what no bead graph does.
    if (typeof fault === "object") return fault.answer as T;
    const answer = await work();
    if (fault === "lost") throw new Error("answer lost");
    return answer;
  }
}

/** Workers KV as a reader meets it: eventually consistent, and not always there. */
export class LaggingKv implements KvPort {
  readonly kept = new Map<string, string>();
  readonly ttls: number[] = [];
  gets = 0;
  fault: "get" | "put" | "hang" | "lose" | null = null;
  readonly #clock: ManualClock;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  async get(key: string): Promise<string | null> {
    this.gets += 1;
    if (this.fault === "get") throw new Error("KV get failed: 503");
    if (this.fault === "hang") {
      queueMicrotask(() => this.#clock.advance(5_000));
      return new Promise<never>(() => undefined);
    }
    return this.kept.get(key) ?? null;
  }

  async put(key: string, value: string, { expirationTtl }: { readonly expirationTtl: number }): Promise<void> {
    if (this.fault === "put") throw new Error("KV put failed: 429");
    this.ttls.push(expirationTtl);
    if (this.fault !== "lose") this.kept.set(key, value);
  }
}

/** A world with its graph, link, cache and sessions. `reborn` is the same host after an eviction: only its SQLite is left. */
export function aWorld(options: { readonly cache?: boolean } = {}) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const graphStorage = new NodeSqliteStorage();
  migrate(graphStorage, BEAD_GRAPH_MIGRATIONS);
  const graph = new BeadGraph({ storage: graphStorage, org: ORG, now: clock.now, log });
  const link = new Link(clock);
  const kv = new LaggingKv(clock);
  const hostStorage = new NodeSqliteStorage();
  const reborn = (): KnowingStateSdk => {
    migrate(hostStorage, KSP_SESSIONS_MIGRATIONS, KSP_SESSIONS_COMPONENT);
    return new KnowingStateSdk({
      org: ORG,
      beads: beadsOver(graph, link),
      snapshots: options.cache === false ? null : kvSnapshots(kv),
      sessions: sqlSessions(hostStorage),
      now: clock.now,
      log,
      startTimeout: clock.startTimeout,
    });
  };
  const write = (bead: KnowingStateBead): KnowingStateBead => {
    graph.write(bead, "person:ada", "SES-ADMIN");
    return bead;
  };
  return { clock, log, graphStorage, graph, link, kv, hostStorage, reborn, write, sdk: reborn() };
}

/** A world. */
export type World = ReturnType<typeof aWorld>;

function beadsOver(graph: BeadGraph, link: Link): Beads {
  return {
    heads: (role, subject) => link.call("heads", () => graph.heads(role, subject)),
    snapshot: (role, subject) => link.call("snapshot", () => graph.snapshot(role, subject)),
    write: (bead, actor, session, fence) => link.call("write", () => refusing(async () => graph.write(bead, actor, session, fence))),
    writeAll: (beads, actor, session) =>
      link.call("writeAll", () => refusing(async () => ({ beadIds: graph.writeAll(beads, actor, session).map(({ beadId }) => beadId) }))),
    tip: (line) => link.call("tip", () => graph.tip(line)),
    openAmendments: (target, limit) => link.call("openAmendments", () => graph.openAmendments(target, limit)),
  };
}

/** A bead with the id that its content has; what it supersedes is among its parents. */
export function aBead(type: KnowingStateBead["type"], content: Content, supersedes?: KnowingStateBead): KnowingStateBead {
  const parents = supersedes === undefined ? [] : [supersedes.id];
  return {
    id: contentId("KSB", { kind: type, org: ORG, content, parents }),
    type,
    content,
    parents,
    ...(supersedes === undefined ? {} : { supersedes: supersedes.id }),
    writtenBy: "person:ada",
    writtenAt: 1,
  };
}

export const aPolicy = (overrides: Content = {}, supersedes?: KnowingStateBead) =>
  aBead("policy", { scope: `role:${ROLE}`, rules: {}, autonomy: "EXECUTE_FULL", effective_at: PAST, ...overrides }, supersedes);

export const aTrust = (overrides: Content = {}, supersedes?: KnowingStateBead) =>
  aBead(
    "trust",
    { subject_id: AGENT, subject_type: "agent", status: "APPROVED", trust_score: 0.95, rationale: "it earned it", evidence_refs: [], ...overrides },
    supersedes,
  );

export const aConsent = (overrides: Content = {}, supersedes?: KnowingStateBead) =>
  aBead("consent", { role_id: ROLE, grants: ["read_vitals", "refer"], status: "ACTIVE", granted_by: "person:ada", granted_at: PAST, ...overrides }, supersedes);

/** A line whose last bead is damaged on disk. */
export function damage({ graphStorage }: World, type: "policy" | "trust" | "consent"): void {
  graphStorage.sql.exec(
    `INSERT INTO beads (id, type, subject, supersedes, written_by, written_at, parents, content)
     SELECT 'damaged-' || type, type, subject, id, 'x', 0, '[]', '{' FROM beads WHERE type = ? ORDER BY position DESC LIMIT 1`,
    type,
  );
}

/** Policy, trust and consent that allow everything, and the beads. */
export function governed(world: World) {
  return { policy: world.write(aPolicy()), trust: world.write(aTrust()), consent: world.write(aConsent()) };
}

let opened = 0;

/** A session that has retrieved. */
export async function aSession(
  world: World,
  ceiling: "SUGGEST" | "PROPOSE" | "EXECUTE_BOUNDED" | "EXECUTE_FULL" = "EXECUTE_FULL",
  retrieve = true,
): Promise<string> {
  const sessionId = `EXE-${(opened += 1)}`;
  const answer = await world.sdk.openSession({ sessionId, role: ROLE, agentId: AGENT, ceiling });
  if (!answer.ok) throw new Error(answer.message);
  if (retrieve) await world.sdk.retrieveKnowingState(sessionId);
  return sessionId;
}

/** An execution at a level; the nonce tells two of them apart. */
export const anExecution = (overrides: Partial<Parameters<KnowingStateSdk["writeExecution"]>[1]> = {}) =>
  ({ action: "assess", level: "EXECUTE_BOUNDED", rationale: "a patient waits", nonce: "n-1", ...overrides }) as const;

/** Beads of a type in the graph, oldest first. */
export function beadsOf({ graphStorage, graph }: World, type: KnowingStateBead["type"]): KnowingStateBead[] {
  return graphStorage.sql
    .exec<{ id: string }>("SELECT id FROM beads WHERE type = ? ORDER BY position", type)
    .toArray()
    .flatMap(({ id }) => graph.get(id) ?? []);
}
