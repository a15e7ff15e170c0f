import { MAX_ANSWER_CHARS } from "@factory/models";
import { describe, expect, test } from "vitest";
import { createPlanner } from "./planner.ts";
import { ANSWERS, aRequest } from "./testing/builders.ts";
import { scriptedModel } from "./testing/scripted-model.ts";
import { commissioned, decide, goodAnswer, Surroundings } from "./testing/surroundings.ts";

/** A world whose passes are answered by a model's raw text, through the real structured output; repair turns are noted. */
function aWorld(texts: (purpose: string, turn: number) => string | Error, repairs: string[] = []): Surroundings {
  const world = new Surroundings();
  const turns = new Map<string, number>();
  world.plan = async (question) => {
    const planner = createPlanner(() =>
      scriptedModel((asked) => {
        if (asked.includes("That does not fit:")) repairs.push(asked);
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

/** What a model answers that is no answer, and what it is told of it. */
const MALFORMED = [
  ["prose", () => "I think the pressure is growth.", "The answer holds no JSON object."],
  ["nothing", () => "", "The answer is empty."],
  ["a refusal", () => "I'm sorry, but I can't help with that request.", "The answer holds no JSON object."],
  ["wrong enums", bad((answer) => enumsBroken(answer)), "Invalid option"],
  ["fenced JSON with wrong enums", (purpose: string) => `\`\`\`json\n${bad((answer) => enumsBroken(answer))(purpose)}\n\`\`\``, "Invalid option"],
  ["missing fields", bad(() => ({ rationale: "only a rationale" })), "expected "],
  ["a key too many", bad((answer) => ({ ...answer, id: "PRS-1" })), 'Unrecognized key: "id"'],
  ["an array", () => "[1, 2]", "expected object"],
  ["a number", () => "42", "expected object"],
  ["truncated JSON", (purpose: string) => good(purpose).slice(0, -20), "The answer holds no JSON object."],
  ["huge output", () => `{"title": "${"x".repeat(MAX_ANSWER_CHARS)}"}`, "characters; at most"],
] as const;

/** Every field that has a list of values, with none of them; of the options, those of each. */
function enumsBroken(answer: Record<string, unknown>): unknown {
  if (!Array.isArray(answer["candidates"])) return { ...answer, explicitness: "maybe" };
  return { candidates: answer["candidates"].map((each: { proposal: object }) => ({ ...each, proposal: { ...each.proposal, functionType: "magic" } })) };
}

describe("a model's answer", () => {
  test.each([
    ["bare JSON", good],
    ["fenced JSON", (purpose: string) => `\`\`\`json\n${good(purpose)}\n\`\`\``],
    ["JSON inside prose", (purpose: string) => `Here you are: ${good(purpose)} I hope it helps.`],
  ])("as %s is taken", async (_, text) => {
    const world = await commissioned(aWorld(text), aRequest());
    expect(world.of("PASS_COMPLETED").map(({ repaired }) => repaired)).toEqual([false, false, false, false]);
  });

  test.each([...MALFORMED])("as %s is repaired in one turn, which is told what did not fit, and the session goes on", async (_, text, told) => {
    const repairs: string[] = [];
    const world = await commissioned(
      aWorld((purpose, turn) => (turn === 1 ? text(purpose) : good(purpose)), repairs),
      aRequest(),
    );
    expect(world.of("PASS_COMPLETED").map(({ repaired, modelCalls }) => [repaired, modelCalls])).toEqual([1, 2, 3, 4].map(() => [true, 2]));
    expect(world.of("MODEL_CALLED")).toHaveLength(8);
    expect(repairs).toHaveLength(4);
    for (const repair of repairs) expect(repair).toContain(told);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING", commissioning: "idle" });
  });

  test.each([...MALFORMED])("as %s twice ends in review with the reason, and nothing is made of it", async (_, text, told) => {
    const world = await commissioned(
      aWorld((purpose) => (purpose === "propose-function" ? text(purpose) : good(purpose))),
      aRequest(),
    );
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", commissioning: "suspended-approval" });
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt?.promptText).toContain(told);
    expect(prompt?.context).toMatchObject({ matter: "pass", pass: "propose-function", code: "MODEL_OUTPUT_INVALID", attempt: 1 });
    expect(world.of("PASS_COMPLETED")).toHaveLength(2);
    expect(world.of("CANDIDATE_SET_BUILT")).toEqual([]);
    expect(world.session.planning.attempts("propose-function")).toMatchObject([{ attempt: 1, outcome: "invalid" }]);
    // The order is still good: the person has the model asked again.
    world.plan = async (question) => goodAnswer(question);
    await decide(world, "approved");
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
    expect(world.of("PASS_COMPLETED")[2]).toMatchObject({ pass: "propose-function", attempt: 2 });
  });

  test("with one option for the function, or one option twice, is repaired", async () => {
    for (const change of [(list: object[]) => list.slice(0, 1), (list: object[]) => [list[0], list[0]]]) {
      const single = bad((answer) => ({ ...answer, ...("candidates" in answer ? { candidates: change(answer["candidates"] as object[]) } : {}) }));
      const world = await commissioned(
        aWorld((purpose, turn) => (turn === 1 ? single(purpose) : good(purpose))),
        aRequest(),
      );
      expect(world.of("PASS_COMPLETED").map(({ repaired }) => repaired)).toEqual([false, false, true, false]);
    }
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
    await decide(world, "amended", "Think of doubling.");
    expect(world.questions.findLast(({ purpose }) => purpose === "map-capability")?.prompt).toContain("adds: Think of doubling.");
    expect(world.compiles).toHaveLength(1);
  });

  test("that is rejected by the person ends the session", async () => {
    const world = await commissioned(
      aWorld(() => ""),
      aRequest(),
    );
    await decide(world, "rejected");
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
