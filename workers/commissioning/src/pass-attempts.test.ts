/** Attempts of passes: what a lost object, a silent model and a late answer leave behind, and what is taken up. */
import { PASSES } from "@factory/schemas";
import type { PassName } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { beginAttempt, MAX_FRUITLESS_ATTEMPTS, PASS_LEASE_MS } from "./pass-attempts.ts";
import type { PlanAnswer } from "./context.ts";
import { ANN, anOrder, ANSWERS, aRequest } from "./testing/builders.ts";
import { commissioned, decide, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const NAMES: readonly PassName[] = PASSES.map(({ name }) => name);
const UNAVAILABLE: PlanAnswer<unknown> = { ok: false, code: "MODEL_UNAVAILABLE", message: "The model server cannot be reached.", calls: [] };
/** A pause after which whatever is tried again has been, in milliseconds. */
const LONG_MS = 600_000;

/** Ids of what the passes made, the review of it included. */
function made(world: Surroundings): readonly (string | undefined)[] {
  return world.of("ARTIFACT_WRITTEN").map(({ artifactId }) => artifactId);
}

/** A world whose model never answers the pass; everything before it is answered. */
function silentAt(pass: PassName): Surroundings {
  const world = new Surroundings();
  world.plan = (question) => (question.purpose === pass ? new Promise<never>(() => undefined) : Promise.resolve(goodAnswer(question)));
  return world;
}

const outcomes = (world: Surroundings, pass: PassName) => world.session.planning.attempts(pass).map(({ outcome }) => outcome);

async function undisturbed(): Promise<readonly (string | undefined)[]> {
  const world = await commissioned(new Surroundings(), aRequest({ config: { reviewMode: "human" } }));
  return made(world);
}

describe("an object that goes away inside of a pass", () => {
  test.each(NAMES)("takes %s up again as its second attempt, and comes to the same artifacts", async (pass) => {
    const world = silentAt(pass);
    await world.session.commission(aRequest({ config: { reviewMode: "human" } }));
    void world.tick();
    await expect.poll(() => world.session.planning.openAttempt()).toMatchObject({ pass, attempt: 1, outcome: null });
    await expect.poll(() => world.questions.at(-1)?.purpose).toBe(pass);
    expect(await world.session.status()).toMatchObject({ commissioning: "commissioning" });
    world.restart();
    world.plan = async (question) => goodAnswer(question);
    await world.settle();
    expect(outcomes(world, pass)).toEqual(["lost", "answered"]);
    expect(world.of("PASS_COMPLETED").find((done) => done.pass === pass)).toMatchObject({ attempt: 2 });
    expect(made(world)).toEqual(await undisturbed());
  });

  test("each time is put to a person after a bounded number of attempts, and goes on when they say so", async () => {
    const world = silentAt("map-capability");
    await world.session.commission(aRequest());
    for (let life = 0; life < MAX_FRUITLESS_ATTEMPTS; life++) {
      void world.tick();
      await expect.poll(() => world.session.planning.openAttempt()).toMatchObject({ attempt: life + 1 });
      world.restart();
    }
    await world.settle();
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", commissioning: "suspended-approval" });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("the object that made it went away each time");
    expect(world.questions.filter(({ purpose }) => purpose === "map-capability")).toHaveLength(MAX_FRUITLESS_ATTEMPTS);
    world.plan = async (question) => goodAnswer(question);
    await decide(world, "approved");
    expect(world.of("PASS_COMPLETED").map(({ pass, attempt }) => [pass, attempt])).toContainEqual(["map-capability", MAX_FRUITLESS_ATTEMPTS + 1]);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
  });
});

describe("an object that goes away between two steps", () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])("after %i turns of its alarm comes to the same artifacts, and asks no model twice", async (turns) => {
    const world = new Surroundings();
    await world.session.commission(aRequest({ config: { reviewMode: "human" } }));
    for (let turn = 0; turn < turns; turn++) await world.tick();
    world.restart();
    await world.settle();
    expect(made(world)).toEqual(await undisturbed());
    expect(world.questions.map(({ purpose }) => purpose)).toEqual(NAMES);
    expect(await world.session.status()).toMatchObject({ state: "AWAITING_APPROVAL" });
  });
});

describe("a model that does not answer", () => {
  test("is asked a bounded number of times; then a person is, who may have it asked again", async () => {
    const world = new Surroundings();
    world.plan = async () => UNAVAILABLE;
    await commissioned(world, aRequest());
    expect(await world.session.status()).toMatchObject({ state: "COMMISSIONING", commissioning: "queued" });
    for (let pause = 0; pause < 2 * MAX_FRUITLESS_ATTEMPTS; pause++) await world.later(LONG_MS);
    expect(outcomes(world, "synthesize-pressure")).toEqual(Array.from({ length: MAX_FRUITLESS_ATTEMPTS }, () => "unavailable"));
    expect(world.of("REVIEW_REQUIRED")).toMatchObject([{ context: { matter: "pass", code: "MODEL_UNAVAILABLE" } }]);
    expect(world.of("REVIEW_REQUIRED")[0]?.promptText).toContain("cannot be reached");
    await decide(world, "approved");
    // A person's word is good for as many attempts again.
    expect(await world.session.status()).toMatchObject({ state: "COMMISSIONING" });
    world.plan = async (question) => goodAnswer(question);
    await world.later(LONG_MS);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
  });

  test("in between and then answers is not held against it: only attempts in a row count", async () => {
    const world = new Surroundings();
    let asked = 0;
    world.plan = async (question) => ((asked += 1) % MAX_FRUITLESS_ATTEMPTS === 0 ? goodAnswer(question) : UNAVAILABLE);
    await commissioned(world, aRequest());
    for (let pause = 0; pause < 5 * MAX_FRUITLESS_ATTEMPTS; pause++) await world.later(LONG_MS);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
    expect(world.of("PASS_COMPLETED").map(({ attempt }) => attempt)).toEqual(NAMES.map(() => MAX_FRUITLESS_ATTEMPTS));
  });
});

describe("the lease of an attempt", () => {
  test("keeps a second advance of the same life from asking twice, and is taken over once it ran out", async () => {
    const world = silentAt("synthesize-pressure");
    await world.session.commission(aRequest());
    void world.tick();
    await expect.poll(() => world.questions.length).toBe(1);
    const signal = new AbortController().signal;
    expect(await world.session.advance(signal)).toBe(false);
    expect(world.questions).toHaveLength(1);
    expect(world.session.dueAt()).toBe(world.session.planning.openAttempt()?.leaseUntil);
    world.clock.advance(PASS_LEASE_MS);
    world.plan = async (question) => goodAnswer(question);
    await world.session.advance(signal);
    expect(outcomes(world, "synthesize-pressure")).toEqual(["lost", "answered"]);
  });

  test("that ran out makes a late answer void: its calls are told, its artifact is not made", async () => {
    const world = new Surroundings();
    let answerLate: (answer: PlanAnswer<unknown>) => void = () => undefined;
    world.plan = () => new Promise((resolve) => (answerLate = resolve));
    await world.session.commission(aRequest({ config: { reviewMode: "human" } }));
    const first = world.tick();
    await expect.poll(() => world.questions.length).toBe(1);
    const [question] = world.questions;
    if (question === undefined) throw new Error("Nothing was asked.");
    world.clock.advance(PASS_LEASE_MS);
    world.plan = async (later) => goodAnswer(later);
    await world.session.advance(new AbortController().signal);
    const late = goodAnswer(question);
    answerLate(late.ok ? { ...late, value: { ...ANSWERS["synthesize-pressure"], title: "Too late" } } : late);
    await first;
    await world.settle();
    const titles = world.of("ARTIFACT_WRITTEN").map(({ metadata }) => metadata?.["title"]);
    expect(titles).toContain("Small numbers");
    expect(titles).not.toContain("Too late");
    expect(world.of("MODEL_CALLED").filter(({ purpose }) => purpose === "synthesize-pressure")).toHaveLength(2);
    expect(world.of("PASS_COMPLETED")).toHaveLength(4);
  });

  test("that passed to another attempt keeps the earlier one's answer out while the later one is under way", async () => {
    const world = new Surroundings();
    const answers: ((answer: PlanAnswer<unknown>) => void)[] = [];
    world.plan = () => new Promise((resolve) => answers.push(resolve));
    await world.session.commission(aRequest({ config: { reviewMode: "human" } }));
    const first = world.tick();
    await expect.poll(() => answers.length).toBe(1);
    world.clock.advance(PASS_LEASE_MS);
    const second = world.session.advance(new AbortController().signal);
    await expect.poll(() => answers.length).toBe(2);
    const [question] = world.questions;
    if (question === undefined) throw new Error("Nothing was asked.");
    world.plan = async (later) => goodAnswer(later);
    answers[0]?.(goodAnswer(question));
    await first;
    expect(world.session.planning.passes().size).toBe(0);
    expect(world.session.planning.openAttempt()).toMatchObject({ attempt: 2 });
    answers[1]?.(goodAnswer(question));
    await second;
    await world.settle();
    expect(world.of("PASS_COMPLETED")[0]).toMatchObject({ attempt: 2 });
    expect(outcomes(world, "synthesize-pressure")).toEqual(["lost", "answered"]);
  });

  test("of an attempt whose answer could not be stored holds nothing up: the pass is taken up again by the same life", async () => {
    const world = new Surroundings();
    world.storage.sql.exec("CREATE TRIGGER broken BEFORE INSERT ON passes BEGIN SELECT RAISE(ABORT, 'the storage fails here'); END");
    await commissioned(world, aRequest());
    expect(await world.session.status()).toMatchObject({ state: "COMMISSIONING", reason: expect.stringContaining("the storage fails here") });
    world.storage.sql.exec("DROP TRIGGER broken");
    // Well before the lease of the attempt would have run out.
    await world.later(PASS_LEASE_MS / 10);
    expect(outcomes(world, "synthesize-pressure").slice(-2)).toEqual(["lost", "answered"]);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
  });

  test("of a life that is gone holds nothing up", () => {
    const world = new Surroundings();
    const { store, planning } = world.session;
    store.create(aRequest(), "COMMISSIONING", 0);
    const deps = { now: world.clock.now } as Parameters<typeof beginAttempt>[0]["deps"];
    const begin = (life: Parameters<typeof beginAttempt>[2]) => beginAttempt({ store, planning, deps }, "map-capability", life);
    const life = { attempt: null };
    expect(begin(life)).toEqual({ pass: "map-capability", attempt: 1 });
    expect(begin(life)).toBe("busy");
    expect(begin({ attempt: null })).toEqual({ pass: "map-capability", attempt: 2 });
    expect(begin(life)).toEqual({ pass: "map-capability", attempt: 3 });
  });
});

test("an answer that comes after the session was cancelled makes nothing", async () => {
  const world = new Surroundings();
  world.plan = async (question) => {
    await world.session.cancel("enough", ANN);
    return goodAnswer(question);
  };
  await commissioned(world, aRequest());
  expect(world.kinds.at(-1)).toBe("SESSION_CANCELLED");
  expect(outcomes(world, "synthesize-pressure")).toEqual(["moot"]);
  expect(world.of("PASS_COMPLETED")).toEqual([]);
  expect(await world.session.status()).toMatchObject({ commissioning: "failed" });
});

describe("a pass that is taken back", () => {
  const PASS = "write-intent-specification";

  test("runs again with what has to be mended, and what it makes corrects what it had made", async () => {
    const world = new Surroundings();
    const order = anOrder({ acceptanceCriteria: [{ text: "A person confirms that the README names all 3 functions.", tests: [], line: 3 }] });
    let written = 0;
    world.plan = async (question) => {
      const answer = goodAnswer(question);
      if (question.purpose !== PASS || !answer.ok || written++ > 0) return answer;
      // The cast names what the fixture's answer holds.
      const value = answer.value as { readonly acceptanceCriteria: readonly object[] };
      return { ...answer, value: { ...value, acceptanceCriteria: value.acceptanceCriteria.map((each) => ({ ...each, threshold: "1 function" })) } };
    };
    await commissioned(world, aRequest({ order, config: { reviewMode: "human" } }));
    expect(world.session.planning.passReruns(PASS)).toHaveLength(1);
    const [first, second] = world.of("PASS_COMPLETED").filter(({ pass }) => pass === PASS);
    expect(second).toMatchObject({ attempt: 2 });
    expect(world.graph.edgesOf(second?.artifactId ?? "").out).toContainEqual(expect.objectContaining({ rel: "corrects", target: first?.artifactId }));
    const [finding] = world.session.planning.passReruns(PASS)[0]?.findings ?? [];
    expect(world.questions.findLast(({ purpose }) => purpose === PASS)?.prompt).toContain(finding);
    await decide(world, "approved");
    expect(world.compiles).toMatchObject([{ request: { intentSpecificationId: second?.artifactId } }]);
  });
});
