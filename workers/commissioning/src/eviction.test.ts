import { isTerminalKind } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { anAcceptedRun, ANN, aRequest } from "./testing/builders.ts";
import { goodAnswer, Surroundings } from "./testing/surroundings.ts";

/** What a session leaves behind, without what a crash may repeat or a clock decides. */
async function endState(world: Surroundings) {
  const { predicate } = await world.sealed(aRequest().sessionId);
  return {
    kinds: world.kinds.filter((kind) => kind !== "MODEL_CALLED"),
    passes: world.of("PASS_COMPLETED").map(({ artifactId }) => artifactId),
    deliverable: predicate.deliverable,
    claims: predicate.claims,
    amendments: predicate.amendments,
    state: world.session.store.session()?.state,
  };
}

/** The whole life of a session with one amendment; `disturb` is called between any two of its turns. */
async function live(world: Surroundings, disturb: () => void = () => undefined): Promise<Surroundings> {
  const settle = async () => {
    while (await world.tick()) disturb();
  };
  await world.session.commission(aRequest());
  disturb();
  await settle();
  const turns = [
    () => world.compiled(),
    () => world.diverged("d1"),
    () => world.reopened(),
    () => world.report("accepted", { kind: "run", report: anAcceptedRun() }),
  ];
  for (const turn of turns) {
    await turn();
    disturb();
    await settle();
  }
  return world;
}

describe("a session that loses its object", () => {
  test("between any two of its turns comes to the same end, with one terminal event", async () => {
    const expected = await endState(await live(new Surroundings()));
    expect(expected.state).toBe("COMPLETED");
    const world = new Surroundings();
    await live(world, () => world.restart());
    expect(await endState(world)).toEqual(expected);
    expect(world.kinds.filter(isTerminalKind)).toHaveLength(1);
  });

  test("between two passes resumes at the first pass without an artifact and asks no model twice", async () => {
    for (const stopAfter of [1, 2, 3, 4]) {
      const world = new Surroundings();
      let answered = 0;
      // The answer of the last pass before the stop is committed; the next question is never answered in this life.
      world.plan = (question) => {
        if (answered === stopAfter) return new Promise(() => undefined);
        answered += 1;
        return Promise.resolve(goodAnswer(question));
      };
      await world.session.commission(aRequest());
      void world.tick();
      await expect.poll(() => world.session.planning.passes().size).toBe(stopAfter);
      await expect.poll(() => world.questions.length).toBe(Math.min(4, stopAfter + 1));
      world.restart();
      world.plan = async (question) => goodAnswer(question);
      const before = world.questions.length;
      await world.settle();
      expect(world.questions.slice(before).map(({ purpose }) => purpose)).toEqual(
        ["synthesize-pressure", "map-capability", "propose-function", "write-intent-specification"].slice(stopAfter),
      );
      expect(world.of("PASS_COMPLETED")).toHaveLength(4);
      expect(world.compiles).toHaveLength(1);
    }
  });

  test("after a neighbour took an effect but before it was noted sends it again with the same id", async () => {
    const world = new Surroundings();
    await world.session.commission(aRequest());
    await world.settle();
    // Acknowledged rows are deleted by a later transaction: a crash in between delivers them once more.
    world.restart();
    await world.settle();
    expect(new Set(world.compiles.map(({ effectId }) => effectId)).size).toBe(1);
    const ids = world.sessionLog.events.map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("while it is cancelled ends cancelled, once", async () => {
    const world = new Surroundings();
    await world.session.commission(aRequest());
    await world.tick();
    await world.session.cancel("", ANN);
    world.restart();
    while (await world.tick()) world.restart();
    expect(world.kinds).not.toContain("SESSION_CANCELLED");
    await world.compiled();
    while (await world.tick()) world.restart();
    expect(world.kinds.filter(isTerminalKind)).toEqual(["SESSION_CANCELLED"]);
  });
});
