/**
 * An organisation's projection that anything can happen to between any two of its steps: each call of a neighbour is a step, and a
 * test says what becomes of which. Linear is the stand-in's workspace, asked without a server, and every request is validated
 * against Linear's schema.
 */
import { ManualAlarm, ManualClock, MemoryLog, MortalStorage, NodeSqliteStorage } from "@factory/durable/testing";
import type { SessionEvent } from "@factory/schemas";
import type { StoredNode } from "@factory/schemas/rpc";
import { GraphQLApi, graphqlRequest } from "../../../../scripts/linear/graphql-api.ts";
import { Mutations } from "../../../../scripts/linear/mutations.ts";
import { SEED, Workspace } from "../../../../scripts/linear/workspace.ts";
import { grammarFor } from "../dispositions/matters.ts";
import { projectionObject } from "../projection/linear-projection-object.ts";
import type { ProjectionObject } from "../projection/linear-projection-object.ts";
import { linksTo } from "../projection/texts.ts";
import { idOf, ORG } from "./session-logs.ts";

/** What becomes of a step. */
export const MISHAPS = ["crash before", "crash after", "down", "lost answer", "rate limit"] as const;
export type Mishap = (typeof MISHAPS)[number];

/** How long a world is let run in all, in milliseconds of its own clock. */
const RUN_MS = 20 * 60_000;

/** Storage, neighbours and what the test has in store for them; they outlive every incarnation. */
export class CrashingProjection {
  readonly clock = new ManualClock(Date.parse("2026-08-04T09:00:00Z"));
  readonly workspace = new Workspace(this.clock.now);
  readonly journal = new MemoryLog();
  /** Calls of neighbours so far. */
  steps = 0;
  /** What an escalation's object knows, by escalation. */
  readonly escalations = new Map<string, string[]>();
  /** Ids of the nodes that the lineage has. */
  readonly lineage = new Set<string>();
  readonly #mishaps: ReadonlyMap<number, Mishap>;
  readonly #linear: GraphQLApi;
  readonly #events: readonly SessionEvent[];
  readonly #database = new NodeSqliteStorage();
  readonly #alarm = new ManualAlarm();
  readonly #ends: number;
  #storage = new MortalStorage(this.#database);
  #object: ProjectionObject;

  /** @param mishaps - what becomes of the n-th call of a neighbour, from 1 on */
  constructor(events: readonly SessionEvent[], mishaps: ReadonlyMap<number, Mishap> = new Map()) {
    this.#events = events;
    this.#mishaps = mishaps;
    this.#linear = new GraphQLApi(this.workspace, new Mutations(this.workspace, () => {}));
    this.#ends = this.clock.now() + RUN_MS;
    this.#object = this.#open();
  }

  /** Hints at the log up to an event, as the queue does: until the hint is taken, a few times at most. */
  async hint(sessionId: string, toSeq = this.#events.length): Promise<void> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      let taken = false;
      await this.#survive(async () => {
        await this.#object.projection.follow(sessionId, toSeq);
        taken = true;
      });
      if (taken) return;
    }
  }

  /** Lets what waits be done, from alarm to alarm. */
  async settle(): Promise<void> {
    for (let turns = 0; turns < 3_000; turns += 1) {
      await this.#survive(() => this.#object.outbox.drain());
      // The alarm is set in a later microtask than the row it is for.
      await Promise.resolve();
      const at = this.#alarm.at;
      if (at === null || at > this.#ends) return;
      this.clock.advance(Math.max(0, at - this.clock.now()));
      if (this.#alarm.take(this.clock.now())) await this.#survive(() => this.#object.scheduler.onAlarm(this.clock.now()));
    }
    throw new Error("The projection does not come to rest.");
  }

  /** What waits in the outbox and what was given up. */
  get outstanding(): { readonly pending: number; readonly parked: number } {
    const { pending, parked } = this.#object.outbox.health();
    return { pending, parked };
  }

  /** What people find in Linear, without what differs from run to run. */
  shown(): unknown {
    const { issues, relations, labels, milestones, documents } = this.workspace;
    return {
      issues: issues
        .map((issue) => ({
          title: issue.title,
          state: issue.state.type,
          labels: issue.labels.map(({ name }) => name).toSorted(),
          // A question to a person does not wait for its place for ever.
          parent: issue.title.startsWith("Decision needed") ? null : (issue.parent?.title ?? null),
          milestone: issue.projectMilestone?.name ?? null,
          comments: issue.comments
            .map(({ body }) =>
              body
                .replaceAll(/FAC-\d+/g, "FAC")
                .split("\n", 1)
                .join(""),
            )
            .toSorted(),
        }))
        .toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
      // Titles only: an issue that was superseded before it was related to another needs no relation any more.
      relations: [...new Set(relations.map(({ type, issue, relatedIssue }) => `${issue.title} ${type} ${relatedIssue.title}`))].toSorted(),
      labels: labels.map(({ name }) => name).toSorted(),
      milestones: milestones.map(({ name }) => name).toSorted(),
      documents: documents.map(({ title }) => title).toSorted(),
      escalations: [...this.escalations.values()].map((calls) => [...new Set(calls)].join(", ")).toSorted(),
      lineage: this.lineage.size,
    };
  }

  /** Runs work of the current incarnation; when it crashed meanwhile, the next one starts. */
  async #survive(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (err) {
      // A neighbour that fails is what these tests are about; everything else is a fault of the test.
      if (!this.#storage.dead && !(err instanceof NeighbourFailure)) throw err;
    }
    if (!this.#storage.dead) return;
    this.#storage = new MortalStorage(this.#database);
    this.#object = this.#open();
    await this.#object.scheduler.rearm();
  }

  /** One call of a neighbour. */
  async #step<T>(work: () => T | Promise<T>, limited?: () => T): Promise<T> {
    this.steps += 1;
    const storage = this.#storage;
    const mishap = this.#mishaps.get(this.steps);
    if (mishap === "crash before") storage.die();
    if (mishap === "crash before" || mishap === "down") throw new NeighbourFailure("no answer");
    if (mishap === "rate limit" && limited !== undefined) return limited();
    const result = await work();
    if (mishap === "crash after") storage.die();
    if (mishap === "crash after" || mishap === "lost answer") throw new NeighbourFailure("the answer is lost");
    return result;
  }

  async #ask(init: RequestInit): Promise<Response> {
    if (typeof init.body !== "string") throw new TypeError("A request has a text.");
    const request = graphqlRequest.parse(JSON.parse(init.body));
    const viewer = this.workspace.users.find(({ id }) => id === SEED.factory);
    if (viewer === undefined) throw new Error("The workspace has no application.");
    const { status, body } = await this.#linear.execute({ query: request.query, variables: request.variables ?? {} }, viewer);
    return Response.json(body, { status });
  }

  #open(): ProjectionObject {
    const { clock, journal: log } = this;
    return projectionObject({
      org: ORG,
      storage: this.#storage,
      timer: this.#alarm,
      api: { url: "https://linear.example/graphql", key: "lin_api_factory" },
      fetch: (_url, init) =>
        this.#step(
          () => this.#ask(init),
          () => new Response("slow down", { status: 429, headers: { "retry-after": "20" } }),
        ),
      target: async () => ({ teamId: SEED.team, projectId: SEED.project }),
      sessionLog: () => ({
        read: (after, limit) =>
          this.#step(() => ({
            events: this.#events.slice(after, after + Math.min(limit, 7)),
            tip: { lastSeq: this.#events.length, rootHash: "", closed: false, archived: false },
          })),
      }),
      graph: () => ({
        get: (id) => this.#step(() => aDirective(id)),
        append: (nodes) =>
          this.#step(() => {
            for (const { id } of nodes) this.lineage.add(id);
            return { ok: true, written: nodes.length };
          }),
        surface: () => this.#step(() => ({ ok: true, cycles: 1 })),
      }),
      disposition: (escalationId) => ({
        bind: () => this.#step(() => this.#tell(escalationId, "bind")),
        close: (_, decision) => this.#step(() => ({ ...this.#tell(escalationId, `close ${decision}`), decidedHere: false })),
      }),
      suspensions: () => this.#step(() => []),
      grammarFor,
      links: linksTo("https://factory.example"),
      log,
      now: clock.now,
      random: () => 0.5,
      startTimeout: clock.startTimeout,
    });
  }

  #tell(escalationId: string, what: string): { readonly ok: true } {
    this.escalations.set(escalationId, [...(this.escalations.get(escalationId) ?? []), what]);
    return { ok: true };
  }
}

/** What a call of a neighbour fails with. */
class NeighbourFailure extends Error {
  override readonly name = "NeighbourFailure";
}

/** The directive of any atom but the first, which each waits for the one before it. */
function aDirective(id: string): StoredNode {
  const number = Number(id.slice(-2));
  const dependsOn = number > 1 ? [{ atomId: idOf("ATOM", number - 1), required: true }] : [];
  const content = { instructions: `Write part ${number}.`, claimRefs: ["C1"], dependsOn };
  return { id, type: "AtomDirective", data: content, parents: [], namespace: "shop", createdAt: 0 };
}
