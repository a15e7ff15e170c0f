import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CrashingProjection, MISHAPS } from "../testing/crashing-projection.ts";
import type { Mishap } from "../testing/crashing-projection.ts";
import {
  aLog,
  amendment,
  asked,
  bead,
  compiled,
  decided,
  directed,
  diverged,
  ended,
  found,
  idOf,
  moved,
  SESSION_ID,
  submitted,
} from "../testing/session-logs.ts";

const LOG = aLog([
  submitted(),
  asked(1, "approval"),
  decided(1, "COMPILING"),
  compiled,
  directed(1),
  directed(2),
  moved("COMPILATION_COMPLETE", "EXECUTING"),
  bead(1, "READY"),
  bead(2, "BLOCKED"),
  found(1, "high"),
  diverged(1),
  amendment(1, "ADOPTED", { specificationId: idOf("SPEC", 2) }),
  directed(1, idOf("DIR", 101)),
  bead(1, "READY", { attempt: 2 }),
  bead(1, "DONE", { attempt: 2 }),
  bead(2, "DONE"),
  asked(2, "acceptance"),
  ended("CANCELLED"),
]);

/** Takes the log, hinted at in these steps, while these things happen. */
async function run(mishaps: ReadonlyMap<number, Mishap> = new Map(), hints: readonly number[] = [LOG.length]): Promise<CrashingProjection> {
  const world = new CrashingProjection(LOG, mishaps);
  for (const toSeq of hints) await world.hint(SESSION_ID, toSeq);
  await world.settle();
  return world;
}

describe("a projection to which nothing happens", () => {
  it("shows everything once and leaves nothing waiting", async () => {
    const world = await run();
    expect(world.outstanding).toEqual({ pending: 0, parked: 0 });
    expect(world.workspace.issues.map(({ title }) => title).toSorted()).toEqual([
      "Decision needed: acceptance: Go on",
      "Decision needed: approval: Go on",
      "Divergence: C1: 3",
      "Order: Carts",
      "build: Part 1",
      "build: Part 1",
      "build: Part 2",
    ]);
    expect(world.workspace.issues.filter(({ parent }) => parent === null).map(({ title }) => title)).toEqual(["Order: Carts"]);
    expect([...world.escalations.values()]).toEqual([
      ["bind", "close approved"],
      ["bind", "close withdrawn"],
    ]);
  });

  it("lets a dependency block what waits for it, in the version that it has by then", async () => {
    const { relations, issues } = (await run()).workspace;
    const [first, second] = ["build: Part 1", "build: Part 2"].map((title) =>
      issues.find((issue) => issue.title === title && issue.state.type === "completed"),
    );
    expect(relations.map(({ type, issue, relatedIssue }) => [issue.id, type, relatedIssue.id])).toEqual([[first?.id, "blocks", second?.id]]);
  });

  it.each([
    [1, 2],
    [2, 1],
  ])("lets a dependency block what waits for it, whichever of them has its issue first: %i", async (one, other) => {
    const events = aLog([submitted(), compiled, directed(1), directed(2), bead(one, "READY"), bead(other, "READY")]);
    const world = new CrashingProjection(events);
    await world.hint(SESSION_ID);
    await world.settle();
    expect(world.workspace.relations.map(({ type, issue, relatedIssue }) => [issue.title, type, relatedIssue.title])).toEqual([
      ["build: Part 1", "blocks", "build: Part 2"],
    ]);
  });
});

describe("a projection to which something happens", () => {
  it.each(MISHAPS)("ends as if nothing had: %s, at each of its steps", async (mishap) => {
    const calm = await run();
    expect(calm.steps).toBeGreaterThan(30);
    for (let step = 1; step <= calm.steps; step += 1) {
      const world = await run(new Map([[step, mishap]]));
      expect(world.outstanding, `after step ${step}`).toEqual({ pending: 0, parked: 0 });
      expect(world.shown(), `after step ${step}`).toEqual(calm.shown());
    }
  });

  it("ends as if nothing had, whatever happens together, and however often it is hinted at", async () => {
    const calm = await run();
    const mishaps = fc.array(fc.tuple(fc.integer({ min: 1, max: 2 * calm.steps }), fc.constantFrom(...MISHAPS)), { maxLength: 12 });
    const hints = fc.array(fc.integer({ min: 0, max: LOG.length + 3 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(mishaps, hints, async (happens, hinted) => {
        const world = await run(new Map(happens), [...hinted, LOG.length]);
        expect(world.outstanding).toEqual({ pending: 0, parked: 0 });
        expect(world.shown()).toEqual(calm.shown());
      }),
      { numRuns: 40 },
    );
  });
});
