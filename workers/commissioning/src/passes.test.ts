import { describe, expect, test } from "vitest";
import { createPlanner } from "./planner.ts";
import { ANN, ANSWERS, aRequest } from "./testing/builders.ts";
import { scriptedModel } from "./testing/scripted-model.ts";
import { commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

/** A world whose passes are answered by a model's raw text, through the real structured output. */
function aWorld(texts: (purpose: string, turn: number) => string | Error): Surroundings {
  const world = new Surroundings();
  const turns = new Map<string, number>();
  world.plan = async (question) => {
    const planner = createPlanner(() =>
      scriptedModel(() => {
        const turn = (turns.get(question.purpose) ?? 0) + 1;
        turns.set(question.purpose, turn);
        return texts(question.purpose, turn);
      }),
    );
    return planner(question);
  };
  return world;
}

const good = (purpose: string) => JSON.stringify(ANSWERS[purpose as keyof typeof ANSWERS]);
const bad = (change: (answer: Record<string, unknown>) => unknown) => (purpose: string) =>
  JSON.stringify(change({ ...ANSWERS[purpose as keyof typeof ANSWERS] }));

describe("a model's answer", () => {
  test.each([
    ["bare JSON", good],
    ["fenced JSON", (purpose: string) => `\`\`\`json\n${good(purpose)}\n\`\`\``],
    ["JSON inside prose", (purpose: string) => `Here you are: ${good(purpose)} I hope it helps.`],
  ])("as %s is taken", async (_, text) => {
    const world = await commissioned(aWorld(text), aRequest());
    expect(world.of("PASS_COMPLETED").map(({ repaired }) => repaired)).toEqual([false, false, false, false]);
  });

  test.each([
    ["prose", () => "I think the pressure is growth."],
    ["nothing", () => ""],
    ["wrong enums", bad((answer) => ({ ...answer, category: "vibes", functionType: "magic", explicitness: "maybe" }))],
    ["missing fields", bad(() => ({ title: "only a title" }))],
    ["a key too many", bad((answer) => ({ ...answer, id: "PRS-1" }))],
    ["an array", () => "[1, 2]"],
  ])("as %s is repaired in one turn, which is told what did not fit", async (_, text) => {
    const world = await commissioned(
      aWorld((purpose, turn) => (turn === 1 ? text(purpose) : good(purpose))),
      aRequest(),
    );
    expect(world.of("PASS_COMPLETED").map(({ repaired, modelCalls }) => [repaired, modelCalls])).toEqual([1, 2, 3, 4].map(() => [true, 2]));
    expect(world.of("MODEL_CALLED")).toHaveLength(8);
  });

  test("that drops a criterion of the order is repaired, not filled in", async () => {
    const dropped = bad((answer) => ({
      ...answer,
      ...("acceptanceCriteria" in answer
        ? { acceptanceCriteria: [...(answer["acceptanceCriteria"] as object[]), { text: "x", metric: "m", method: "m", threshold: "t" }] }
        : {}),
    }));
    const world = await commissioned(
      aWorld((purpose, turn) => (turn === 1 ? dropped(purpose) : good(purpose))),
      aRequest(),
    );
    expect(world.of("PASS_COMPLETED").map(({ repaired }) => repaired)).toEqual([false, false, false, true]);
  });

  test("that does not fit after one repair goes to a person, who may have it asked again with a note", async () => {
    let broken = true;
    const world = await commissioned(
      aWorld((purpose) => (broken && purpose === "map-capability" ? "no idea" : good(purpose))),
      aRequest(),
    );
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt).toMatchObject({ reviewType: "HUMAN_REVIEW", fromState: "COMMISSIONING", toState: "IN_REVIEW" });
    expect(prompt?.promptText).toContain("The answer holds no JSON object");
    broken = false;
    const review = (await world.session.status())?.openReview;
    await world.session.acknowledge({
      reviewId: review?.reviewId ?? "",
      decision: "amended",
      note: "Think of doubling.",
      actionDigest: review?.actionDigest ?? "",
      principal: ANN,
    });
    await world.settle();
    expect(world.questions.findLast(({ purpose }) => purpose === "map-capability")?.prompt).toContain("A person adds: Think of doubling.");
    expect(world.compiles).toHaveLength(1);
  });

  test("that is rejected by the person ends the session", async () => {
    const world = await commissioned(
      aWorld(() => ""),
      aRequest(),
    );
    const review = (await world.session.status())?.openReview;
    await world.session.acknowledge({
      reviewId: review?.reviewId ?? "",
      decision: "rejected",
      note: "",
      actionDigest: review?.actionDigest ?? "",
      principal: ANN,
    });
    await world.settle();
    expect(world.kinds.at(-1)).toBe("SESSION_FAILED");
  });
});

describe("a model server", () => {
  test("that is not there is asked again until it is, and the session says what it waits for", async () => {
    let up = false;
    const world = new Surroundings();
    world.plan = async (question) =>
      up ? goodAnswer(question) : { ok: false, code: "MODEL_UNAVAILABLE", message: "The model server cannot be reached.", calls: [] };
    await commissioned(world, aRequest());
    expect(await world.session.status()).toMatchObject({ state: "COMMISSIONING", reason: expect.stringContaining("cannot be reached") });
    expect(world.registry.get(aRequest().sessionId)).toMatchObject({ reason: expect.stringContaining("cannot be reached") });
    world.restart();
    up = true;
    await world.later(600_000);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING", reason: null });
  });

  test("that is not configured ends the session and says what to set", async () => {
    const world = new Surroundings();
    world.plan = async () => ({ ok: false, code: "MODEL_CONFIG", message: "FACTORY_MODELS names openai:x; set MODEL_BASE_URL.", calls: [] });
    await commissioned(world, aRequest());
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "MODEL_CONFIG", reason: expect.stringContaining("set MODEL_BASE_URL") }]);
  });
});
