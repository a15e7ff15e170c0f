/** Health documents and advisories against the stand-in, which takes nothing that Linear's published schema does not. */
import { migrate, startRealTimeout } from "../../packages/durable/src/index.ts";
import { NodeSqliteStorage } from "../../packages/durable/src/testing/index.ts";
import { afterEach, describe, expect, it } from "vitest";
import { AdvisoryDesk } from "../../workers/linear-bridge/src/advisories/advisories.ts";
import { HealthDocument, UPDATE_EVERY_MS } from "../../workers/linear-bridge/src/health/health-keeper.ts";
import { LinearApi } from "../../workers/linear-bridge/src/linear-api/index.ts";
import { LinearDelivery } from "../../workers/linear-bridge/src/projection/deliver.ts";
import { targetOf, type Intent } from "../../workers/linear-bridge/src/projection/intents.ts";
import { LinearTeam } from "../../workers/linear-bridge/src/projection/linear-team.ts";
import { PROJECTION_MIGRATIONS } from "../../workers/linear-bridge/src/projection/schema.ts";
import { ProjectionStore } from "../../workers/linear-bridge/src/projection/store.ts";
import { linksTo } from "../../workers/linear-bridge/src/projection/texts.ts";
import { LinearStandIn, SEED } from "./stand-in.ts";

const DAY_MS = 24 * 3_600_000;
const ORG = "acme";
const SESSION = "SESSION-1";

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each[Symbol.asyncDispose]();
});

/** A stand-in and the tables of a projection in which one session runs; time is the machine's, moved on by the test. */
class World {
  readonly standIn: LinearStandIn;
  readonly store: ProjectionStore;
  readonly api: LinearApi;
  /** How far the clock has been moved on, in milliseconds. */
  ahead = 0;
  readonly now = (): number => Date.now() + this.ahead;

  private constructor(standIn: LinearStandIn) {
    this.standIn = standIn;
    const storage = new NodeSqliteStorage();
    migrate(storage, PROJECTION_MIGRATIONS);
    this.store = new ProjectionStore(storage);
    this.api = new LinearApi({ url: standIn.apiUrl, apiKey: standIn.keyOf("factory"), fetch, now: this.now, startTimeout: startRealTimeout });
    this.moveTo("EXECUTING");
  }

  static async start(): Promise<World> {
    const standIn = await LinearStandIn.start();
    open.push(standIn);
    return new World(standIn);
  }

  moveTo(state: string): void {
    this.store.apply(SESSION, [{ write: "session", session: { ...this.store.want(SESSION, 0), state } }]);
  }

  health(projectId: string | null): HealthDocument {
    const { store, api, now } = this;
    return new HealthDocument({
      store,
      now,
      org: ORG,
      api: async () => api,
      project: async () => ({ projectId, teamId: SEED.team }),
      suspensions: async () => [],
    });
  }

  /** Surfaces what is due and carries out what that calls for in Linear. */
  async surface(): Promise<Intent[]> {
    const { store, api, now } = this;
    const intents: Intent[] = [];
    const desk = new AdvisoryDesk({
      store,
      now,
      org: ORG,
      api: async () => api,
      teamId: async () => SEED.team,
      enqueue: (_effectId, more) => void intents.push(...more),
    });
    await desk.run();
    const delivery = new LinearDelivery({
      store,
      api,
      now,
      org: ORG,
      team: new LinearTeam({ org: ORG, store, api, now }),
      target: async () => ({ teamId: SEED.team, projectId: null }),
      graph: () => {
        throw new Error("A digest asks nothing of the lineage.");
      },
      links: linksTo(""),
      follows: () => {
        throw new Error("Nothing follows from a digest.");
      },
    });
    for (const intent of intents) {
      if (targetOf(intent) !== "linear") continue;
      // The cast holds: the others have other targets.
      await delivery.carryOut(intent as Parameters<LinearDelivery["carryOut"]>[0]);
    }
    return intents;
  }
}

describe("health documents", () => {
  it("are the project's two documents, changed in place", async () => {
    const world = await World.start();
    const health = world.health(SEED.project);
    await health.run();
    world.moveTo("COMPLETED");
    world.ahead = UPDATE_EVERY_MS;
    await health.run();
    const { documents } = world.standIn.workspace;
    expect(documents.map(({ title, project }) => [title, project?.id])).toEqual([
      ["Factory health, live", SEED.project],
      ["Factory health, history", SEED.project],
    ]);
    expect(documents[0]?.content).toContain("- COMPLETED: 1");
    expect(documents[1]?.content?.match(/sessions: 1 \w+/g)).toEqual(["sessions: 1 EXECUTING", "sessions: 1 COMPLETED"]);
  });

  it("hang on one labelled issue where there is no project, though answers are lost on the way", async () => {
    const world = await World.start();
    const health = world.health(null);
    for (const field of ["issueLabelCreate", "issueCreate", "documentCreate"]) {
      world.standIn.fail({ kind: "drop-after", field });
      await expect(health.run()).rejects.toThrow("fetch failed");
    }
    await health.run();
    const [issue, ...more] = world.standIn.issues();
    expect(more).toEqual([]);
    expect(issue?.labels.map(({ name }) => name)).toEqual(["factory:health"]);
    expect(world.standIn.workspace.documents.map((document) => document.issue?.id)).toEqual([issue?.id, issue?.id]);
  });

  it("come again when somebody removed one", async () => {
    const world = await World.start();
    const health = world.health(SEED.project);
    await health.run();
    const { documents } = world.standIn.workspace;
    documents.splice(0, 1);
    world.moveTo("COMPLETED");
    world.ahead = UPDATE_EVERY_MS;
    await health.run();
    expect(documents.map(({ title }) => title).toSorted()).toEqual(["Factory health, history", "Factory health, live"]);
  });
});

describe("advisories", () => {
  function queue({ store, now }: World, hypothesisId: string | null): void {
    const advisory = { advisoryId: "DIV-1", kind: "divergence", sessionId: SESSION, assembly: "shop", beadId: null, severity: "medium" } as const;
    const rest = { text: "A test is slow", hypothesisId, queuedAt: now(), carriedOver: 0, lastPeriod: null };
    store.apply(SESSION, [{ write: "advisory", advisory: { ...advisory, ...rest } }]);
  }

  it("wait for the last two days of the team's cycle, and are one issue then", async () => {
    const world = await World.start();
    queue(world, "HYP-1");
    expect(await world.surface()).toEqual([]);
    world.ahead = 8 * DAY_MS + 60_000;
    expect((await world.surface()).map((intent) => intent.do)).toEqual(["issue", "surface"]);
    expect(await world.surface()).toEqual([]);
    const issues = world.standIn.issues();
    expect(issues.map(({ title, priority, labels }) => [title, priority, labels.map(({ name }) => name)])).toEqual([
      ["Advisories: cycle 1", 4, ["factory:advisory"]],
    ]);
    expect(issues[0]?.description).toContain("A test is slow");
  });

  it("are surfaced at once without cycles, and carried over twice stand by themselves until they are settled", async () => {
    const world = await World.start();
    world.standIn.workspace.endCycles();
    queue(world, null);
    for (let days = 0; days < 3; days += 1) {
      world.ahead = days * (DAY_MS + 1_000);
      await world.surface();
    }
    const own = world.standIn.issues().find(({ title }) => title === "Carried over: A test is slow");
    expect(world.standIn.issues()).toHaveLength(4);
    expect(own).toMatchObject({ priority: 2, state: { type: "unstarted" } });
    expect(own?.labels.map(({ name }) => name).toSorted()).toEqual(["factory:advisory", "factory:carried-over"]);
    world.store.apply(SESSION, [{ write: "advisory-settled", advisoryId: "DIV-1", at: world.now() }]);
    await world.surface();
    expect(world.standIn.issues().find(({ id }) => id === own?.id)).toMatchObject({ state: { type: "completed" } });
  });
});
