import type { PassName } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import type { PlanAnswer, PlanQuestion } from "./context.ts";
import { MAX_FRUITLESS_ATTEMPTS } from "./pass-attempts.ts";
import { MAX_REVISIONS } from "@factory/planning";
import { ANN, anOrder, ANSWERS, aRequest } from "./testing/builders.ts";
import { aCall, commissioned, goodAnswer, Surroundings } from "./testing/surroundings.ts";

const REVIEW_PURPOSE = "review-intent";
const PASS: PassName = "write-intent-specification";
const TEXT = "# Doubling\n\n- `double` doubles its argument\n\n- No imports.\n";
const aSession = (overrides: Parameters<typeof aRequest>[0] = {}) => aRequest({ orderText: TEXT, ...overrides });

type Verdict = "needs_revision" | "rejected" | "uncertain";

/** What a judge finds wanting, with a citation that holds. */
function aFinding(verdict: Verdict, kind: "dropped" | "miscast" = "dropped") {
  return { kind, verdict, subject: "constraints", quote: "No imports", lines: [5], detail: "Nothing says that imports are out." };
}
function review(verdict: Verdict) {
  return { verdict, reason: "The text and the specification differ.", findings: [aFinding(verdict)] };
}
const APPROVED = { verdict: "approved", reason: "Both say the same.", findings: [] };

/** Surroundings with a critic of another family that says one thing after the other; the last one for ever. */
function judgedBy(...answers: readonly unknown[]): Surroundings {
  const world = new Surroundings();
  world.judgeChoice = { ok: true, family: "llama" };
  let asked = 0;
  world.judge = async (question) => answerOf(question, answers[Math.min(asked++, answers.length - 1)]);
  return world;
}

/** What comes of an answer after its repair turn. */
function answerOf(question: PlanQuestion<unknown>, value: unknown): PlanAnswer<unknown> {
  const calls = [{ ...aCall(question.purpose), alias: "factory/critic" }];
  const parsed = question.schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data, modelId: "llama-4", repaired: false, calls };
  return { ok: false, code: "MODEL_OUTPUT_INVALID", message: parsed.error.issues.map(({ message }) => message).join("; "), calls };
}

const UNAVAILABLE: PlanAnswer<unknown> = { ok: false, code: "MODEL_UNAVAILABLE", message: "the server is down", calls: [] };
/** A pause after which whatever is tried again has been, in milliseconds. */
const LONG_MS = 600_000;

const reviewEvents = (world: Surroundings) => world.of("VERIFICATION_PRODUCED").filter(({ verificationType }) => verificationType === "SEMANTIC_REVIEW");
const reportsOf = (world: Surroundings) => reviewEvents(world).map(({ verificationId }) => world.graph.get(verificationId)?.data);
const writings = (world: Surroundings) => world.questions.filter(({ purpose }) => purpose === PASS);
const reviewed = (world: Surroundings) => world.questions.filter(({ purpose }) => purpose === REVIEW_PURPOSE);

async function decide(world: Surroundings, decision: "approved" | "amended" | "rejected", note: string) {
  const open = (await world.session.status())?.openReview;
  if (open === null || open === undefined) throw new Error("Nobody is asked.");
  const answer = await world.session.acknowledge({ reviewId: open.reviewId, decision, note, actionDigest: open.actionDigest, principal: ANN });
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  await world.settle();
}

describe("an intent specification that says what the order says", () => {
  test("goes on without a second model family, and the report says that nobody judged", async () => {
    const world = await commissioned(new Surroundings(), aSession());
    expect(reviewed(world)).toEqual([]);
    expect(reportsOf(world)).toMatchObject([
      { gate: "semantic-review", outcome: "PASS", verdict: "approved", notChecked: [{ check: "judge", reason: "not judged: no second model family" }] },
    ]);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test("goes on when a judge of another family approves it, and its call is an event", async () => {
    const world = await commissioned(judgedBy(APPROVED), aSession());
    expect(reviewed(world)).toHaveLength(1);
    expect(reportsOf(world)).toMatchObject([{ outcome: "PASS", notChecked: [] }]);
    expect(world.of("MODEL_CALLED").filter(({ purpose }) => purpose === REVIEW_PURPOSE)).toMatchObject([{ alias: "factory/critic" }]);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test("is reviewed once although the object goes away right after the review", async () => {
    const world = judgedBy(APPROVED);
    await world.session.commission(aSession());
    while (reviewEvents(world).length === 0 && (await world.tick()));
    world.restart();
    await world.settle();
    expect(reviewEvents(world)).toHaveLength(1);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });
});

describe("what the platform finds by itself", () => {
  test("invented: it goes back to the author with the finding, and what is mended goes on", async () => {
    const world = new Surroundings();
    const invented = { goal: "Numbers are doubled for 5000 users." };
    world.plan = async (question) => (question.purpose === PASS && writings(world).length === 1 ? changed(question, invented) : goodAnswer(question));
    await commissioned(world, aSession());
    expect(reportsOf(world)).toMatchObject([{ outcome: "FAIL", verdict: "needs_revision" }, { outcome: "PASS" }]);
    expect(reviewEvents(world)[0]?.failedCriteria).toEqual(["invented: goal"]);
    expect(writings(world)).toHaveLength(2);
    expect(writings(world)[1]?.prompt).toContain("The order says nothing of 5000.");
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test("miscast: a threshold that the order does not state goes back to the author", async () => {
    const text = "The list opens, measured by a stopwatch on the tablet: at most 200 ms.";
    const order = anOrder({ acceptanceCriteria: [...anOrder().acceptanceCriteria, { text, tests: [], line: 4 }] });
    const measured = (threshold: string) => ({ text, metric: "time until the list is open", method: "a person takes a stopwatch", threshold });
    const world = new Surroundings();
    world.plan = async (question) => {
      if (question.purpose !== PASS) return goodAnswer(question);
      const [first] = ANSWERS[PASS]["acceptanceCriteria"] as object[];
      const threshold = writings(world).length === 1 ? "at most 300 ms" : "at most 200 ms";
      return { ok: true, value: { ...ANSWERS[PASS], acceptanceCriteria: [first, measured(threshold)] }, modelId: "scripted", repaired: false, calls: [] };
    };
    await commissioned(world, aSession({ order }));
    expect(reviewEvents(world).map(({ outcome, failedCriteria }) => [outcome, ...failedCriteria])).toEqual([
      ["FAIL", "miscast: acceptanceCriteria[1].threshold"],
      ["PASS"],
    ]);
  });

  test("a metric of the order that nothing answers is dropped", async () => {
    const order = anOrder({ successMetrics: [{ text: "Fewer customers complain about totals.", line: 40 }] });
    const world = await commissioned(new Surroundings(), aSession({ order }));
    expect(reviewEvents(world)[0]).toMatchObject({ outcome: "FAIL", failedCriteria: ["dropped: successMetrics"] });
    expect(writings(world)).toHaveLength(1 + MAX_REVISIONS);
    expect(world.kinds).not.toContain("COMPILATION_STARTED");
  });
});

function changed(question: PlanQuestion<unknown>, change: { readonly goal: string }): PlanAnswer<unknown> {
  const answer = goodAnswer(question);
  return answer.ok ? { ...answer, value: { ...(answer.value as object), ...change } } : answer;
}

describe("what a judge finds", () => {
  test("needs a revision: the author is told the finding, and its next specification is judged again", async () => {
    const world = judgedBy(review("needs_revision"), APPROVED);
    world.plan = async (question) => {
      const answer = goodAnswer(question);
      return question.purpose === PASS && writings(world).length > 1 && answer.ok
        ? { ...answer, value: { ...(answer.value as object), goal: "Numbers are doubled" } }
        : answer;
    };
    await commissioned(world, aSession());
    expect(writings(world)[1]?.prompt).toContain("Nothing says that imports are out.");
    expect(reviewed(world)).toHaveLength(2);
    expect(reviewEvents(world).map(({ outcome }) => outcome)).toEqual(["FAIL", "PASS"]);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test("still there after two revisions is put before a person", async () => {
    const world = judgedBy(review("needs_revision"));
    world.plan = distinct(world);
    await commissioned(world, aSession());
    expect(writings(world)).toHaveLength(1 + MAX_REVISIONS);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("needs_revision after 2 revisions");
    await decide(world, "approved", "the order means that");
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test.each([
    ["rejected", review("rejected"), "FAIL", "rejected"],
    ["uncertain", review("uncertain"), "INCONCLUSIVE", "uncertain"],
    ["prose instead of an answer", "It looks fine to me.", "INCONCLUSIVE", "uncertain"],
    [
      "a citation that does not hold",
      { ...review("needs_revision"), findings: [{ ...aFinding("needs_revision"), quote: "No exports" }] },
      "INCONCLUSIVE",
      "uncertain",
    ],
  ])("%s goes to a person at once and is never approved", async (_, answer, outcome, verdict) => {
    const world = await commissioned(judgedBy(answer), aSession());
    expect(reviewEvents(world)).toMatchObject([{ outcome }]);
    expect(writings(world)).toHaveLength(1);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW" });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain(verdict);
    expect(world.kinds).not.toContain("COMPILATION_STARTED");
  });

  test("is asked about again until the judge answers", async () => {
    const world = judgedBy(APPROVED);
    const answers = world.judge;
    world.judge = async (question) =>
      reviewed(world).length < 3 ? { ok: false, code: "MODEL_UNAVAILABLE", message: "the server is down", calls: [] } : answers(question);
    await world.session.commission(aSession());
    await world.settle();
    expect((await world.session.status())?.reason).toContain("review-intent: the server is down");
    for (let wait = 0; wait < 5; wait++) await world.later(10 * 60_000);
    expect(reviewEvents(world)).toMatchObject([{ outcome: "PASS" }]);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  /** A judge that never answers, asked until nobody asks it any more. */
  async function silent(answers: () => Promise<PlanAnswer<unknown>>): Promise<Surroundings> {
    const world = judgedBy();
    world.judge = answers;
    await commissioned(world, aSession());
    for (let wait = 0; wait < 2 * MAX_FRUITLESS_ATTEMPTS; wait++) await world.later(LONG_MS);
    return world;
  }

  test("never, because it does not answer, is put before a person after a bounded number of attempts and is not approved", async () => {
    const world = await silent(async () => UNAVAILABLE);
    expect(reviewed(world)).toHaveLength(MAX_FRUITLESS_ATTEMPTS);
    expect(reportsOf(world)).toMatchObject([{ outcome: "INCONCLUSIVE", verdict: "uncertain" }]);
    expect(world.of("REVIEW_REQUIRED").at(-1)).toMatchObject({ context: { matter: "semantic-review" } });
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain(`the judge did not answer in ${MAX_FRUITLESS_ATTEMPTS} attempts: the server is down`);
    expect(await world.session.status()).toMatchObject({ state: "IN_REVIEW", commissioning: "suspended-approval" });
    expect(world.kinds).not.toContain("COMPILATION_STARTED");
    await decide(world, "approved", "I have read it myself");
    expect(world.kinds).toContain("COMPILATION_STARTED");
    expect(reviewed(world)).toHaveLength(MAX_FRUITLESS_ATTEMPTS);
  });

  test("never, and amended by the person: the judge is asked anew about what is written then", async () => {
    const world = await silent(async () => UNAVAILABLE);
    world.judge = async (question) => answerOf(question, APPROVED);
    await decide(world, "amended", "Say it shorter.");
    expect(reviewed(world)).toHaveLength(MAX_FRUITLESS_ATTEMPTS + 1);
    expect(reviewEvents(world).map(({ outcome }) => outcome)).toEqual(["INCONCLUSIVE", "PASS"]);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });

  test("never, because the object goes away each time it is asked, is put before a person as well", async () => {
    const world = judgedBy();
    world.judge = () => new Promise<never>(() => undefined);
    await world.session.commission(aSession());
    for (let life = 0; life < MAX_FRUITLESS_ATTEMPTS; life++) {
      void world.tick();
      await expect.poll(() => reviewed(world).length).toBe(life + 1);
      world.restart();
    }
    await world.settle();
    expect(reviewed(world)).toHaveLength(MAX_FRUITLESS_ATTEMPTS);
    expect(world.of("REVIEW_REQUIRED").at(-1)?.promptText).toContain("the object that asked it went away each time");
    expect(world.kinds).not.toContain("COMPILATION_STARTED");
  });

  test("rejected by the person ends the session", async () => {
    const world = await commissioned(judgedBy(review("rejected")), aSession());
    await decide(world, "rejected", "the order is about something else");
    expect(await world.session.status()).toMatchObject({ state: "FAILED" });
  });

  test("amended by the person is written anew with the note, which counts as the order does", async () => {
    const world = judgedBy(review("rejected"), APPROVED);
    world.plan = async (question) => {
      const answer = goodAnswer(question);
      const again = question.purpose === PASS && writings(world).length > 1;
      return again && answer.ok ? { ...answer, value: { ...(answer.value as object), goal: "Numbers up to 5000 are doubled." } } : answer;
    };
    await commissioned(world, aSession());
    await decide(world, "amended", "Numbers go up to 5000.");
    expect(writings(world)[1]?.prompt).toContain("Numbers go up to 5000.");
    expect(reviewed(world)[1]?.prompt).toContain("Numbers go up to 5000.");
    expect(reviewEvents(world).map(({ outcome }) => outcome)).toEqual(["FAIL", "PASS"]);
    expect(world.kinds).toContain("COMPILATION_STARTED");
  });
});

/** An author whose every specification is another one: the same again would be the same artifact. */
function distinct(world: Surroundings): Surroundings["plan"] {
  return async (question) => {
    const answer = goodAnswer(question);
    if (question.purpose !== PASS || !answer.ok) return answer;
    return { ...answer, value: { ...(answer.value as object), rationale: `Written ${"again and ".repeat(writings(world).length)}from the order.` } };
  };
}
