import { migrate } from "@factory/durable";
import { ManualClock, NodeSqliteStorage } from "@factory/durable/testing";
import type { Suspension } from "@factory/schemas/rpc";
import { describe, expect, test } from "vitest";
import { LinearApi } from "../linear-api/index.ts";
import type { FollowedSession } from "../projection/model.ts";
import { PROJECTION_MIGRATIONS } from "../projection/schema.ts";
import { ProjectionStore } from "../projection/store.ts";
import { HealthDocument, HISTORY_SHOWN, QUIET_EVERY_MS, UPDATE_EVERY_MS } from "./health-keeper.ts";

const START = Date.parse("2026-08-04T09:00:00Z");
const DAY = 24 * 3_600_000;
const LIVE = "Factory health, live";
const HISTORY = "Factory health, history";

type Document = { readonly id: string; readonly title: string; content: string; readonly projectId?: string; readonly issueId?: string };
type Variables = { readonly id?: string; readonly input?: Document & { readonly name?: string; readonly labelIds?: string[] } };

/** The part of Linear that documents need. */
class FakeLinear {
  readonly documents: Document[] = [];
  readonly issues: { readonly id: string; readonly labelIds: string[] }[] = [];
  /** Documents that somebody removed; their ids stay taken. */
  readonly removed = new Set<string>();
  /** Operations in order. */
  readonly asked: string[] = [];
  readonly #labels = new Map<string, string>();
  /** After so many passes (none by default) the operation does not get through, once; `after` means its answer is lost. */
  fault: { readonly operation: string; readonly when: "before" | "after"; readonly passes?: number; readonly status?: number } | null = null;

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { query, variables } = await new Request(url, init).json<{ query: string; variables: Variables }>();
    const operation = /\w+ Factory(\w+)/.exec(query)?.[1] ?? "";
    const failing = this.#fault(operation);
    const refused = new Response("no", { status: failing?.status ?? 502 });
    if (failing?.when === "before") return refused;
    this.asked.push(operation);
    const answer = this.#answer(operation, variables);
    return failing === null ? Response.json(answer) : refused;
  };

  titled(title: string): Document | undefined {
    return this.documents.findLast((document) => document.title === title && !this.removed.has(document.id));
  }

  writes(): string[] {
    return this.asked.filter((operation) => operation.startsWith("Document"));
  }

  #fault(operation: string): { readonly when: "before" | "after"; readonly status?: number } | null {
    const { fault } = this;
    if (fault?.operation !== operation) return null;
    const passes = fault.passes ?? 0;
    this.fault = passes > 0 ? { ...fault, passes: passes - 1 } : null;
    return passes > 0 ? null : fault;
  }

  #answer(operation: string, { id, input }: Variables): object {
    const issue = { id: input?.id ?? id ?? "", identifier: "FAC-1", url: "https://linear.app/i/FAC-1" };
    switch (operation) {
      case "IssueLabels":
        return { data: { issueLabels: { nodes: [...this.#labels].map(([name, labelId]) => ({ id: labelId, name })), pageInfo: { hasNextPage: false } } } };
      case "IssueLabelCreate":
        this.#labels.set(input?.name ?? "", input?.id ?? "");
        return { data: { issueLabelCreate: { success: true, issueLabel: { id: input?.id } } } };
      case "IssueCreate":
        if (this.issues.some((other) => other.id === issue.id)) return conflict;
        this.issues.push({ id: issue.id, labelIds: input?.labelIds ?? [] });
        return { data: { issueCreate: { success: true, issue } } };
      case "Issue":
        return { data: { issue } };
      case "DocumentCreate":
        if (input === undefined || this.documents.some((other) => other.id === input.id)) return conflict;
        this.documents.push({ ...input });
        return { data: { documentCreate: { success: true } } };
      case "DocumentUpdate":
        return this.#update(id ?? "", input?.content ?? "");
      default:
        throw new Error(`Nobody asks ${operation} here.`);
    }
  }

  #update(id: string, content: string): object {
    const document = this.documents.find((other) => other.id === id && !this.removed.has(id));
    if (document === undefined)
      return { errors: [{ message: "Entity not found: Document - Could not find referenced Document.", extensions: { code: "INPUT_ERROR" } }] };
    document.content = content;
    return { data: { documentUpdate: { success: true } } };
  }
}

const conflict = { errors: [{ message: "conflict on insert of Document", extensions: { code: "INPUT_ERROR" } }] };

class World {
  readonly clock = new ManualClock(START);
  readonly linear = new FakeLinear();
  readonly store: ProjectionStore;
  readonly health: HealthDocument;
  project: { projectId: string | null; teamId: string } = { projectId: "project-1", teamId: "team-1" };
  suspensions: readonly Suspension[] | Error = [];

  constructor() {
    const storage = new NodeSqliteStorage();
    migrate(storage, PROJECTION_MIGRATIONS);
    this.store = new ProjectionStore(storage);
    const { now, startTimeout } = this.clock;
    const api = new LinearApi({ url: "https://linear.test/graphql", apiKey: "key", fetch: this.linear.fetch, now, startTimeout });
    this.health = new HealthDocument({
      store: this.store,
      org: "acme",
      now,
      api: async () => api,
      project: async () => this.project,
      suspensions: async () => {
        if (this.suspensions instanceof Error) throw this.suspensions;
        return this.suspensions;
      },
    });
  }

  session(sessionId: string, state: string): void {
    const session: FollowedSession = { ...this.store.want(sessionId, 0), state };
    this.store.apply(sessionId, [{ write: "session", session }]);
  }

  /** Lets time pass and looks as the timer would. */
  async after(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.health.run();
  }
}

/** A world in which a session runs and the documents are written. */
async function aWorld(): Promise<World> {
  const world = new World();
  world.session("SESSION-1", "EXECUTING");
  await world.health.run();
  world.linear.asked.length = 0;
  return world;
}

describe("when", () => {
  test("nothing is due and nothing is written before anything was followed", async () => {
    const world = new World();
    expect(world.health.dueAt()).toBeNull();
    await world.health.run();
    expect([world.linear.asked, world.store.healthLines(9).total]).toEqual([[], 0]);
  });

  test("the documents are written at once when the first session is followed", async () => {
    const world = new World();
    world.session("SESSION-1", "EXECUTING");
    expect(world.health.dueAt()).toBe(START);
    await world.health.run();
    expect(world.linear.documents.map(({ title, projectId }) => [title, projectId])).toEqual([
      [LIVE, "project-1"],
      [HISTORY, "project-1"],
    ]);
    expect(world.linear.titled(LIVE)?.content).toMatch(/as of 2026-08-04T09:00:00\.000Z[^]*- EXECUTING: 1/);
  });

  test("a change is written in place, five minutes after the last look and not before", async () => {
    const world = await aWorld();
    world.session("SESSION-1", "COMPLETED");
    await world.after(UPDATE_EVERY_MS - 1);
    expect(world.linear.asked).toEqual([]);
    expect(world.health.dueAt()).toBe(START + UPDATE_EVERY_MS);
    await world.after(1);
    expect(world.linear.writes()).toEqual(["DocumentUpdate", "DocumentUpdate"]);
    expect(world.linear.documents).toHaveLength(2);
    expect(world.linear.titled(LIVE)?.content).toContain("- COMPLETED: 1");
  });

  test("passing time alone writes nothing", async () => {
    const world = await aWorld();
    for (let looks = 0; looks < 20; looks += 1) await world.after(UPDATE_EVERY_MS);
    expect(world.linear.asked).toEqual([]);
    expect(world.store.healthLines(9).total).toBe(1);
  });

  test("a quiet organisation is looked at hourly, and soon again when something is at work", async () => {
    const world = await aWorld();
    world.session("SESSION-1", "COMPLETED");
    await world.after(UPDATE_EVERY_MS);
    expect(world.health.dueAt()).toBe(world.clock.now() + QUIET_EVERY_MS);
    world.session("SESSION-2", "EXECUTING");
    expect(world.health.dueAt()).toBe(world.clock.now() + UPDATE_EVERY_MS);
  });
});

describe("the history", () => {
  test("gets a line for each change of state and keeps those before", async () => {
    const world = await aWorld();
    for (const state of ["DEPLOYING", "EXECUTING"]) {
      world.session("SESSION-1", state);
      await world.after(UPDATE_EVERY_MS);
      await world.after(UPDATE_EVERY_MS);
    }
    const lines = world.linear.titled(HISTORY)?.content.match(/^- .*$/gm) ?? [];
    expect(lines.map((line) => /sessions: 1 (\w+)/.exec(line)?.[1])).toEqual(["EXECUTING", "DEPLOYING", "EXECUTING"]);
    expect(lines[1]).toMatch(/^- 2026-08-04T09:05:00\.000Z: /);
  });

  test("shows its newest lines and says how many are dropped", async () => {
    const world = await aWorld();
    for (let index = 0; index < HISTORY_SHOWN + 2; index += 1) world.store.addHealthLine(START, `line ${index}`);
    await world.after(UPDATE_EVERY_MS);
    const content = world.linear.titled(HISTORY)?.content ?? "";
    expect(content).toContain("3 older lines are not shown");
    expect(content.match(/^- /gm)).toHaveLength(HISTORY_SHOWN);
    expect(content).toMatch(new RegExp(`- line ${HISTORY_SHOWN + 1}$`));
    expect(content).not.toMatch(/- line 1$/m);
  });

  test("loses no line while Linear is away", async () => {
    const world = await aWorld();
    world.session("SESSION-1", "DEPLOYING");
    world.linear.fault = { operation: "DocumentUpdate", when: "before" };
    await expect(world.after(UPDATE_EVERY_MS)).rejects.toThrow("502");
    world.session("SESSION-1", "COMPLETED");
    await world.after(UPDATE_EVERY_MS);
    expect(world.linear.titled(HISTORY)?.content.match(/sessions: 1 \w+/g)).toEqual([
      "sessions: 1 EXECUTING",
      "sessions: 1 DEPLOYING",
      "sessions: 1 COMPLETED",
    ]);
  });
});

describe("where", () => {
  test("without a project the documents hang on one health issue of the team", async () => {
    const world = new World();
    world.project = { projectId: null, teamId: "team-1" };
    world.session("SESSION-1", "EXECUTING");
    await world.health.run();
    world.session("SESSION-1", "COMPLETED");
    await world.after(UPDATE_EVERY_MS);
    const [issue, ...more] = world.linear.issues;
    expect(more).toEqual([]);
    expect(issue?.labelIds).toHaveLength(1);
    expect(world.linear.documents.map(({ issueId, projectId }) => [issueId, projectId])).toEqual([
      [issue?.id, undefined],
      [issue?.id, undefined],
    ]);
    expect(world.store.bindingByIssue(issue?.id ?? "")).toMatchObject({ kind: "health", identifier: "FAC-1" });
  });

  test("another project gets documents of its own at the next look, though nothing else changed", async () => {
    const world = await aWorld();
    world.project = { projectId: "project-2", teamId: "team-1" };
    await world.after(UPDATE_EVERY_MS);
    expect(world.linear.documents.map(({ projectId }) => projectId)).toEqual(["project-1", "project-1", "project-2", "project-2"]);
  });

  test("a document that somebody removed is made anew", async () => {
    const world = await aWorld();
    for (const state of ["DEPLOYING", "EXECUTING"]) {
      world.linear.removed.add(world.linear.titled(LIVE)?.id ?? "");
      world.session("SESSION-1", state);
      await world.after(UPDATE_EVERY_MS);
      expect(world.linear.titled(LIVE)?.content).toContain(`- ${state}: 1`);
    }
    expect(world.linear.documents.filter(({ title }) => title === LIVE)).toHaveLength(3);
  });
});

describe("failures", () => {
  test.each(["before", "after"] as const)("a creation that fails %s it took effect is repeated and makes one document", async (when) => {
    for (const operation of ["IssueLabelCreate", "IssueCreate", "DocumentCreate"]) {
      const world = new World();
      world.project = { projectId: null, teamId: "team-1" };
      world.session("SESSION-1", "EXECUTING");
      world.linear.fault = { operation, when };
      await expect(world.health.run()).rejects.toThrow("502");
      expect(world.health.dueAt()).toBe(START);
      world.session("SESSION-2", "EXECUTING");
      await world.after(1_000);
      expect(world.linear.documents.map(({ title }) => title).toSorted()).toEqual([HISTORY, LIVE]);
      expect(world.linear.issues).toHaveLength(1);
      // What was created at the first attempt has what is so now, not what was so then.
      expect(world.linear.titled(LIVE)?.content).toContain("- EXECUTING: 2");
    }
  });

  test("a history that failed is repeated, but the live document not before its five minutes are over", async () => {
    const world = await aWorld();
    world.session("SESSION-1", "DEPLOYING");
    // The second update of a look is the history's.
    world.linear.fault = { operation: "DocumentUpdate", when: "before", passes: 1 };
    await expect(world.after(UPDATE_EVERY_MS)).rejects.toThrow("502");
    world.session("SESSION-1", "COMPLETED");
    await world.after(1_000);
    expect(world.linear.titled(HISTORY)?.content).toContain("1 COMPLETED");
    expect(world.linear.titled(LIVE)?.content).toContain("- DEPLOYING: 1");
    expect(world.health.dueAt()).toBe(world.clock.now() + UPDATE_EVERY_MS);
    await world.after(UPDATE_EVERY_MS);
    expect(world.linear.titled(LIVE)?.content).toContain("- COMPLETED: 1");
  });

  test("suspensions that nobody can tell are told as not known, with the error beside them", async () => {
    const world = await aWorld();
    world.suspensions = new Error("the desk is down");
    await world.after(UPDATE_EVERY_MS);
    expect(world.linear.titled(LIVE)?.content).toMatch(/## Suspensions\n\nNot known[^]*the desk is down/);
    expect(world.linear.titled(HISTORY)?.content).toContain("suspensions: not known");
  });

  test("a failure of Linear stands among the errors; being asked to wait does not", async () => {
    for (const [status, noted] of [
      [502, ["health"]],
      [429, []],
    ] as const) {
      const world = await aWorld();
      world.session("SESSION-1", "COMPLETED");
      world.linear.fault = { operation: "DocumentUpdate", when: "before", status };
      await expect(world.after(UPDATE_EVERY_MS)).rejects.toThrow(String(status));
      expect(world.store.syncErrors(9).map(({ effectId }) => effectId)).toEqual(noted);
    }
  });

  test("an error that lasts is noted once an hour, and is told for a day", async () => {
    const world = await aWorld();
    world.suspensions = new Error("the desk is down");
    for (let looks = 0; looks < 13; looks += 1) await world.after(UPDATE_EVERY_MS);
    expect(world.store.syncErrors(9)).toHaveLength(2);
    world.suspensions = [];
    await world.after(DAY);
    expect(world.linear.titled(LIVE)?.content).toMatch(/last 24 hours\n\nNone\.$/);
  });
});
