import { migrate, RetryableError } from "@factory/durable";
import { ManualClock, NodeSqliteStorage } from "@factory/durable/testing";
import { describe, expect, test } from "vitest";
import { LinearApi } from "../linear-api/index.ts";
import type { Intent, IssueDraft } from "../projection/intents.ts";
import { sessionSubject } from "../projection/model.ts";
import type { Advisory } from "../projection/model.ts";
import { PROJECTION_MIGRATIONS } from "../projection/schema.ts";
import { ProjectionStore } from "../projection/store.ts";
import { AdvisoryDesk, DIGEST_ADVISORIES } from "./advisories.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.parse("2026-08-04T09:00:00Z");
const SESSION = "SESSION-1";

type Cycle = { readonly id: string; readonly name: string | null; readonly number: number; readonly startsAt: string; readonly endsAt: string };

function aCycle(id: string, endsAt: number): Cycle {
  return { id, name: null, number: 7, startsAt: new Date(endsAt - 14 * DAY).toISOString(), endsAt: new Date(endsAt).toISOString() };
}

function anAdvisory(advisoryId: string, changes: Partial<Advisory> = {}): Advisory {
  const about = { sessionId: SESSION, assembly: "shop", beadId: null, severity: "low", text: `Look at ${advisoryId}`, hypothesisId: null };
  return { advisoryId, kind: "divergence", ...about, queuedAt: START, carriedOver: 0, lastPeriod: null, ...changes };
}

/** A desk over real SQLite with a Linear that knows the team's cycle, and an outbox that is a table of the same storage. */
class World {
  readonly clock = new ManualClock(START);
  readonly store: ProjectionStore;
  readonly desk: AdvisoryDesk;
  team = "team-1";
  /** What Linear says; an error: it does not answer. */
  cycle: Cycle | null | Error = null;
  /** What happens while Linear answers. */
  whileReading: () => void = () => {};
  readings = 0;
  /** Effects that may still be enqueued before the object dies. */
  lives = Number.POSITIVE_INFINITY;
  readonly #storage = new NodeSqliteStorage();

  constructor() {
    migrate(this.#storage, PROJECTION_MIGRATIONS);
    this.#storage.sql.exec("CREATE TABLE sent (seq INTEGER PRIMARY KEY, effect_id TEXT NOT NULL UNIQUE, intent TEXT NOT NULL)");
    this.store = new ProjectionStore(this.#storage);
    const { now, startTimeout } = this.clock;
    const api = new LinearApi({ url: "https://linear.test/graphql", apiKey: "key", fetch: () => this.#answer(), now, startTimeout });
    this.desk = new AdvisoryDesk({
      store: this.store,
      org: "acme",
      now,
      api: async () => api,
      teamId: async () => this.team,
      enqueue: (effectId, intents) => this.#enqueue(effectId, intents),
    });
  }

  queue(...advisories: readonly Advisory[]): void {
    this.store.apply(
      SESSION,
      advisories.map((advisory) => ({ write: "advisory" as const, advisory })),
    );
  }

  settle(advisoryId: string): void {
    this.store.apply(SESSION, [{ write: "advisory-settled", advisoryId, at: this.clock.now() }]);
  }

  /** Lets time pass and runs the desk as its timer would. */
  async at(moment: number): Promise<void> {
    this.clock.advance(moment - this.clock.now());
    await this.desk.run();
  }

  effects(): { readonly id: string; readonly intent: Intent }[] {
    return this.#storage.sql
      .exec<{ effect_id: string; intent: string }>("SELECT effect_id, intent FROM sent ORDER BY seq")
      .toArray()
      .map((row) => ({ id: row.effect_id, intent: JSON.parse(row.intent) as Intent }));
  }

  drafts(kind: "digest" | "advisory"): IssueDraft[] {
    return this.effects().flatMap(({ intent }) => (intent.do === "issue" && intent.draft.subject.kind === kind ? [intent.draft] : []));
  }

  periods(): string[] {
    return this.drafts("digest").map(({ subject }) => subject.artifactId);
  }

  #enqueue(effectId: string, intents: readonly Intent[]): void {
    if (this.lives <= 0) throw new Error("The object has died.");
    this.lives -= 1;
    for (const [index, intent] of intents.entries()) {
      this.#storage.sql.exec("INSERT OR IGNORE INTO sent (effect_id, intent) VALUES (?, ?)", `${effectId}:${index}`, JSON.stringify(intent));
    }
  }

  async #answer(): Promise<Response> {
    this.readings += 1;
    const { cycle } = this;
    this.whileReading();
    if (cycle instanceof Error) throw cycle;
    return Response.json({ data: { team: { id: this.team, activeCycle: cycle } } });
  }
}

describe("without a cycle", () => {
  test("nothing is due, and Linear is not asked, while nothing is open", async () => {
    const world = new World();
    expect(world.desk.dueAt()).toBeNull();
    await world.desk.run();
    expect([world.readings, world.effects()]).toEqual([0, []]);
  });

  test("what is queued is surfaced at once in one digest, graver first", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"), anAdvisory("DIV-2", { severity: "medium" }));
    expect(world.desk.dueAt()).toBe(START);
    await world.desk.run();
    const [digest, ...more] = world.drafts("digest");
    expect(more).toEqual([]);
    expect(digest).toMatchObject({ title: "Advisories: 2026-08-04", labels: ["factory:advisory"], parent: null, subject: { artifactId: "day:2026-08-04" } });
    expect(digest?.description.match(/Look at DIV\S*?\d/g)?.map((text) => text.at(-1))).toEqual(["2", "1"]);
    expect(world.store.openAdvisories(9).map(({ lastPeriod, carriedOver }) => [lastPeriod, carriedOver])).toEqual([
      ["day:2026-08-04", 0],
      ["day:2026-08-04", 0],
    ]);
  });

  test("what comes after the day's digest waits until 24 hours are over", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"));
    await world.desk.run();
    world.settle("DIV-1");
    world.queue(anAdvisory("DIV-2"));
    expect(world.desk.dueAt()).toBe(START + DAY);
    await world.at(START + DAY - 1);
    expect(world.periods()).toEqual(["day:2026-08-04"]);
    await world.at(START + DAY);
    expect(world.periods()).toEqual(["day:2026-08-04", "day:2026-08-05"]);
  });

  test("more than one digest lists come with the next, and the digest says so", async () => {
    const world = new World();
    world.queue(...Array.from({ length: DIGEST_ADVISORIES + 1 }, (_, index) => anAdvisory(`DIV-${String(index).padStart(3, "0")}`, { kind: "note" })));
    await world.desk.run();
    expect(world.drafts("digest")[0]?.description).toContain("More wait");
    expect(world.store.openAdvisories(9)).toHaveLength(1);
    await world.at(START + DAY);
    expect(world.drafts("digest")[1]?.description).not.toContain("More wait");
    expect(world.store.openAdvisories(9)).toEqual([]);
  });
});

describe("in a cycle", () => {
  const ENDS_AT = START + 5 * DAY;
  const OPENS_AT = ENDS_AT - 2 * DAY;

  test("advisories gather until exactly 48 hours before its end", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", ENDS_AT);
    world.queue(anAdvisory("DIV-1"));
    await world.at(OPENS_AT - 1);
    expect(world.effects()).toEqual([]);
    expect(world.desk.dueAt()).toBe(OPENS_AT);
    await world.at(OPENS_AT);
    expect(world.drafts("digest")).toMatchObject([{ title: "Advisories: cycle 7", subject: { artifactId: "cycle:c-1" } }]);
  });

  test("there is one digest, whatever comes after it", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", ENDS_AT);
    world.queue(anAdvisory("DIV-1"));
    await world.at(OPENS_AT);
    world.queue(anAdvisory("DIV-2"));
    expect(world.desk.dueAt()).toBe(ENDS_AT);
    await world.at(ENDS_AT - 1);
    expect(world.periods()).toEqual(["cycle:c-1"]);
  });

  test("the cycle is read at most once an hour", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", ENDS_AT);
    world.queue(anAdvisory("DIV-1"));
    await world.desk.run();
    await world.at(START + HOUR - 1);
    expect(world.readings).toBe(1);
    expect(world.desk.dueAt()).toBe(START + HOUR);
    await world.at(START + HOUR);
    expect(world.readings).toBe(2);
  });

  test("a cycle that ends while Linear answers is surfaced in no more; nothing is lost", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", START + 1_000);
    world.whileReading = () => world.clock.advance(1_000);
    world.queue(anAdvisory("DIV-1"));
    await world.desk.run();
    expect(world.effects()).toEqual([]);
    world.whileReading = () => {};
    const next = START + 1_000 + HOUR;
    expect(world.desk.dueAt()).toBe(next);
    world.cycle = aCycle("c-2", START + 14 * DAY);
    await world.at(next);
    expect(world.effects()).toEqual([]);
    await world.at(START + 12 * DAY);
    expect(world.periods()).toEqual(["cycle:c-2"]);
  });

  test("an end that somebody moved forward counts from the next reading on", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", ENDS_AT);
    world.queue(anAdvisory("DIV-1"));
    await world.desk.run();
    world.cycle = aCycle("c-1", START + DAY);
    await world.at(world.desk.dueAt() ?? 0);
    expect(world.periods()).toEqual(["cycle:c-1"]);
  });

  test("cycles that the team gives up are waited for no longer", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", ENDS_AT);
    world.queue(anAdvisory("DIV-1"));
    await world.desk.run();
    world.cycle = null;
    await world.at(world.desk.dueAt() ?? 0);
    expect(world.periods()).toEqual(["day:2026-08-04"]);
  });

  test("another team's cycle is read at once", async () => {
    const world = new World();
    world.cycle = aCycle("c-1", ENDS_AT);
    world.queue(anAdvisory("DIV-1"));
    await world.desk.run();
    world.team = "team-2";
    world.cycle = aCycle("c-9", START + DAY);
    await world.desk.run();
    expect(world.periods()).toEqual(["cycle:c-9"]);
  });
});

describe("carried over", () => {
  const end = (index: number): number => START + index * 14 * DAY;
  async function cycles(world: World, ...indexes: readonly number[]): Promise<void> {
    for (const index of indexes) {
      world.cycle = aCycle(`c-${index}`, end(index));
      await world.at(end(index) - DAY);
    }
  }

  test("an advisory that is still open is listed again in the next cycle, as carried over", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"));
    await cycles(world, 1, 2);
    expect(world.drafts("digest").map(({ description }) => description.includes("Carried over once"))).toEqual([false, true]);
    expect(world.drafts("advisory")).toEqual([]);
    expect(world.store.openAdvisories(9)).toMatchObject([{ carriedOver: 1, lastPeriod: "cycle:c-2" }]);
  });

  test("carried over twice it has an issue of its own under its session, and no digest lists it again", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"));
    await cycles(world, 1, 2, 3, 4, 5);
    expect(world.drafts("advisory")).toMatchObject([
      {
        labels: ["factory:advisory", "factory:carried-over"],
        priority: 2,
        parent: sessionSubject(SESSION),
        title: "Carried over: Look at DIV-1",
        subject: { artifactId: "DIV-1" },
      },
    ]);
    expect(world.periods()).toEqual(["cycle:c-1", "cycle:c-2", "cycle:c-3"]);
    expect(world.desk.dueAt()).toBeNull();
  });

  test("what is settled disappears, and its own issue is told once that it is done", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"), anAdvisory("DIV-2"));
    await cycles(world, 1);
    world.settle("DIV-1");
    await cycles(world, 2, 3);
    expect(world.drafts("advisory").map(({ subject }) => subject.artifactId)).toEqual(["DIV-2"]);
    world.settle("DIV-2");
    expect(world.desk.dueAt()).toBe(world.clock.now());
    await world.desk.run();
    await world.desk.run();
    const closings = world.effects().filter(({ intent }) => intent.do === "issue-state");
    expect(closings).toMatchObject([{ id: "advisory-settled:DIV-2:0", intent: { state: "completed", subject: { kind: "advisory", artifactId: "DIV-2" } } }]);
    expect(world.desk.dueAt()).toBeNull();
  });

  test("a note is told once: nothing could settle it later", async () => {
    const world = new World();
    world.queue(anAdvisory("EVT-1", { kind: "note" }));
    await cycles(world, 1, 2, 3);
    expect(world.periods()).toEqual(["cycle:c-1"]);
    expect(world.desk.dueAt()).toBeNull();
  });

  test("each look at a hypothesis is told to the lineage, once a period", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1", { hypothesisId: "HYP-1" }));
    await cycles(world, 1, 2);
    expect(world.effects().flatMap(({ intent }) => (intent.do === "surface" ? [intent] : []))).toEqual([
      { do: "surface", assembly: "shop", hypothesisId: "HYP-1", period: "cycle:c-1" },
      { do: "surface", assembly: "shop", hypothesisId: "HYP-1", period: "cycle:c-2" },
    ]);
  });
});

describe("failures", () => {
  test("with Linear away nothing is surfaced and nothing is lost; it comes when Linear is back", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"));
    world.cycle = new RetryableError("no route to Linear");
    await expect(world.desk.run()).rejects.toThrow("no route to Linear");
    expect(world.effects()).toEqual([]);
    expect(world.desk.dueAt()).toBe(START);
    world.cycle = null;
    await world.desk.run();
    expect(world.periods()).toEqual(["day:2026-08-04"]);
  });

  test("an object that dies at any point of surfacing does everything exactly once afterwards", async () => {
    const aWorld = (): World => {
      const world = new World();
      world.queue(anAdvisory("DIV-1", { hypothesisId: "HYP-1" }), anAdvisory("DIV-2"), anAdvisory("DIV-3", { hypothesisId: "HYP-3" }));
      return world;
    };
    const whole = aWorld();
    await whole.desk.run();
    const effects = whole.effects();
    expect(effects).toHaveLength(3);
    for (const [survived] of effects.entries()) {
      const world = aWorld();
      world.lives = survived;
      await expect(world.desk.run()).rejects.toThrow("died");
      expect(world.effects()).toEqual([]);
      expect(world.store.openAdvisories(9).map(({ lastPeriod }) => lastPeriod)).toEqual([null, null, null]);
      world.lives = Number.POSITIVE_INFINITY;
      await world.desk.run();
      await world.desk.run();
      expect(world.effects()).toEqual(effects);
    }
  });

  test("two looks side by side make one digest", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1"));
    await Promise.all([world.desk.run(), world.desk.run()]);
    expect(world.periods()).toEqual(["day:2026-08-04"]);
    expect(world.store.openAdvisories(9)).toMatchObject([{ carriedOver: 0 }]);
  });

  test("what an advisory says does nothing in Linear", async () => {
    const world = new World();
    world.queue(anAdvisory("DIV-1", { text: "DISPOSITION: resume\n# @ada [x](https://evil.test) fixes ENG-1", severity: "medium" }));
    await world.desk.run();
    const [digest] = world.drafts("digest");
    for (const live of [/DISPOSITION:/i, /https:\/\//, /(?<!\\)\]\(/, /@ada/, /ENG-1/, /^# /m]) expect(digest?.description).not.toMatch(live);
    expect(digest?.description).toContain("resume");
  });
});
