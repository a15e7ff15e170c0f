import { createOfflineModel } from "@factory/models";
import type { ResolvedModel } from "@factory/models";
import { uncertaintyEntry } from "@factory/schemas";
import type { WorkOrder } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { createPlanner } from "./planner.ts";
import { anOrder, aRequest } from "./testing/builders.ts";
import { commissioned, decide, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const QUESTION = { question: "How many numbers at most?", why: "The order says nothing of a limit.", options: ["10", "no limit"] };

/** A world whose model asks once in a pass, and answers when it is told something. */
function asking(pass = "map-capability"): Surroundings {
  const world = new Surroundings();
  world.plan = async (question) => {
    const answer = goodAnswer(question);
    const open = question.purpose === pass && !question.prompt.includes("A person was asked:");
    return open && answer.ok ? { ...answer, value: { uncertainty: QUESTION } } : answer;
  };
  return world;
}

const offline: ResolvedModel = {
  alias: "factory/architect",
  model: createOfflineModel(),
  members: [{ provider: "offline", modelId: "offline", family: "offline" }],
  prices: [],
};

async function planned(overrides: Partial<WorkOrder>): Promise<Surroundings> {
  const world = new Surroundings();
  const planner = createPlanner(() => offline);
  world.plan = (question) => planner(question);
  return commissioned(world, aRequest({ order: anOrder(overrides) }));
}

describe("a pass that would have to guess", () => {
  test("writes down its question and waits for a person; nothing is made of it", async () => {
    const world = await commissioned(asking(), aRequest());
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", commissioning: "suspended-approval" });
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt).toMatchObject({ fromState: "COMMISSIONING", toState: "IN_REVIEW", alternatives: ["approved", "amended", "rejected"] });
    expect(prompt?.context).toMatchObject({ matter: "uncertainty", pass: "map-capability", question: QUESTION.question });
    for (const words of [QUESTION.question, QUESTION.why, "- 10", "- no limit"]) expect(prompt?.promptText).toContain(words);
    const written = world.of("ARTIFACT_WRITTEN").find(({ artifactType }) => artifactType === "UncertaintyEntry");
    const node = world.graph.get(written?.artifactId ?? "");
    expect(uncertaintyEntry.parse(node?.data)).toMatchObject({ pass: "map-capability", ...QUESTION });
    expect(world.graph.why(written?.artifactId ?? "").nodes.map(({ type }) => type)).toContain("Signal");
    expect(world.of("PASS_COMPLETED")).toHaveLength(1);
    expect(world.session.planning.attempts("map-capability")).toMatchObject([{ outcome: "uncertain" }]);
  });

  test("goes on with the person's answer, also after a restart, and the answer is a constraint of what is compiled", async () => {
    const world = await commissioned(asking(), aRequest());
    world.restart();
    expect(await decide(world, "amended", "At most 10.")).toMatchObject({ ok: true, state: "COMMISSIONING" });
    expect(world.questions.findLast(({ purpose }) => purpose === "map-capability")?.prompt).toContain(
      `A person was asked: ${QUESTION.question}\nand answered: At most 10.`,
    );
    expect(world.questions.at(-1)?.prompt).toContain("and answered: At most 10.");
    const [compile] = world.compiles;
    const answer = `${QUESTION.question} Answer: At most 10.`;
    expect(compile?.request.order.constraints).toEqual([
      { text: "No imports.", line: 20 },
      { text: answer, line: 5 },
    ]);
    expect(compile?.request.intent).toMatchObject({ constraints: ["No imports.", answer] });
  });

  test("approved without a note leaves it to the model, and adds no constraint", async () => {
    const world = await commissioned(asking(), aRequest());
    await decide(world, "approved");
    expect(world.questions.findLast(({ purpose }) => purpose === "map-capability")?.prompt).toContain("Go on as you judge best within the order");
    expect(world.compiles[0]?.request.order.constraints).toEqual(anOrder().constraints);
  });

  test("rejected ends the session with the reason", async () => {
    const world = await commissioned(asking(), aRequest());
    await decide(world, "rejected", "the order was premature");
    expect(world.of("SESSION_FAILED")).toMatchObject([{ reasonCode: "REVIEW_REJECTED", reason: expect.stringContaining("the order was premature") }]);
    expect(await world.session.status()).toMatchObject({ state: "FAILED", commissioning: "failed" });
  });

  test.each(["synthesize-pressure", "map-capability", "propose-function", "write-intent-specification"])(
    "in %s asks once, and the answered pass is its second attempt",
    async (pass) => {
      const world = await commissioned(asking(pass), aRequest());
      await decide(world, "amended", "At most 10.");
      expect(world.of("PASS_COMPLETED").find((done) => done.pass === pass)).toMatchObject({ attempt: 2 });
      expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
    },
  );

  test("a second time in the same words is asked again: it is another action", async () => {
    const world = new Surroundings();
    world.plan = async (question) => {
      const answer = goodAnswer(question);
      return question.purpose === "map-capability" && answer.ok ? { ...answer, value: { uncertainty: QUESTION } } : answer;
    };
    await commissioned(world, aRequest());
    const first = (await world.session.status())?.openReview;
    await decide(world, "amended", "At most 10.");
    const second = (await world.session.status())?.openReview;
    expect(second?.actionDigest).not.toBe(first?.actionDigest);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
  });
});

describe("the offline model", () => {
  test.each([
    ["a constraint", { constraints: [{ text: "At most TBD digits.", line: 20 }] }, "map-capability", "At most TBD digits."],
    [
      "a criterion",
      { acceptanceCriteria: [...anOrder().acceptanceCriteria, { text: "A person confirms that the README names ??? functions.", tests: [], line: 4 }] },
      "write-intent-specification",
      "A person confirms that the README names ??? functions.",
    ],
  ])("asks where %s marks an open question, and goes on with the answer", async (_, overrides, pass, statement) => {
    const world = await planned(overrides);
    const prompt = world.of("REVIEW_REQUIRED").at(-1);
    expect(prompt?.context).toMatchObject({ matter: "uncertainty", pass, question: expect.stringContaining(statement) });
    await decide(world, "amended", "3");
    expect(world.of("REVIEW_REQUIRED").filter(({ context }) => context?.["matter"] === "uncertainty")).toHaveLength(1);
    expect(world.of("PASS_COMPLETED").map((done) => done.pass)).toContain("write-intent-specification");
    expect(JSON.stringify(world.graph.get(world.of("PASS_COMPLETED").at(-1)?.artifactId ?? "")?.data)).toContain("Answer: 3");
  });

  test("is certain of an order that leaves nothing open", async () => {
    const world = await planned({});
    expect(world.of("REVIEW_REQUIRED").filter(({ context }) => context?.["matter"] === "uncertainty")).toEqual([]);
    expect(await world.session.status()).toMatchObject({ state: "COMPILING" });
  });
});
