import { parseWorkOrder } from "@factory/compiler";
import { generateStructured, resolveModel } from "@factory/models";
import { validate } from "@probelabs/maid";
import { describe, expect, it } from "vitest";
import { mermaidOf } from "./mermaid.ts";
import type { PlanAnswer, PlanModel } from "./passes.ts";
import type { PlannedAtom, SimulatedPlan } from "./plan.ts";
import { simulatePlan, type SimulationInput } from "./simulate.ts";

type OrderParts = {
  readonly front?: readonly string[];
  readonly criteria?: readonly string[];
  readonly constraints?: readonly string[];
  readonly metrics?: readonly string[];
};

function orderText({ front = ["review_mode: auto"], criteria = ["`twice` doubles a number."], constraints = [], metrics = [] }: OrderParts = {}): string {
  const list = (heading: string, items: readonly string[]): string =>
    items.length === 0 ? "" : `## ${heading}\n\n${items.map((item) => `- ${item}`).join("\n")}\n`;
  return [
    `---\ntitle: Numbers\n${front.join("\n")}\n---\n`,
    "## Problem\n\nNumbers are too small.\n\n## Goal\n\nLarger numbers.\n",
    list("Constraints", constraints),
    list("Acceptance criteria", criteria),
    list("Success metrics", metrics),
    "```ts\nfunction twice(n: number): number\nfunction fourTimes(n: number): number\n```\n",
    "```examples\ntwice(1) => 2\ntwice(2) => 4\ntwice(5) => 10\nfourTimes(1) => 4\nfourTimes(2) => 8\n```\n",
  ].join("\n");
}

/** The offline model in this process. */
const offline: PlanModel = async ({ alias, purpose, system, prompt, schema }) => {
  const result = await generateStructured({ resolved: resolveModel(alias, {}), purpose, system, prompt, schema });
  const modelCalls = result.calls.length;
  return result.ok
    ? { ok: true, value: result.value, modelId: "offline", repaired: result.repaired, modelCalls }
    : { ok: false, code: "MODEL_OUTPUT_INVALID", message: result.issues.join("; "), modelCalls };
};

const FREE = [{ modelId: "offline", countsTokens: false, costUsd: () => 0 }];

function anInput(text: string, changes: Partial<SimulationInput> = {}): SimulationInput {
  const parsed = parseWorkOrder(text);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return { text, order: parsed.order, files: [], ask: offline, judge: { ok: false, reason: "not judged: nobody is there" }, models: () => FREE, ...changes };
}

const planned = (parts: OrderParts = {}, changes: Partial<SimulationInput> = {}): Promise<SimulatedPlan> => simulatePlan(anInput(orderText(parts), changes));

/** Answers as the offline model does, but for the purposes that are named. */
const answering =
  (changed: { readonly [purpose: string]: (answer: object) => PlanAnswer<unknown> }): PlanModel =>
  async (question) => {
    const answer = await offline(question);
    const change = changed[question.purpose];
    if (change === undefined || !answer.ok) return answer;
    const next = change(Object(answer.value));
    return next.ok ? { ...next, value: question.schema.parse(next.value) } : next;
  };
const saying = (value: unknown): PlanAnswer<unknown> => ({ ok: true, value, modelId: "scripted", repaired: false, modelCalls: 1 });

const atom = ({ atoms }: SimulatedPlan, key: string): PlannedAtom => {
  const found = atoms.find((one) => one.key === key);
  if (found === undefined) throw new Error(`There is no atom ${key}.`);
  return found;
};

describe("simulatePlan", () => {
  it("takes an order through every gate and says what it becomes", async () => {
    const plan = await planned({ criteria: ["`twice` doubles a number.", "`fourTimes` is `twice` of `twice`."], constraints: ["Functions are pure."] });
    expect(plan.outcome).toBe("planned");
    expect(plan.gates.map(({ gate, outcome }) => [gate, outcome])).toEqual([
      ["intake", "PASS"],
      ["semantic-review", "PASS"],
      ["coherence", "PASS"],
    ]);
    expect(plan.passes.map(({ pass, outcome }) => [pass, outcome])).toEqual([
      ["synthesize-pressure", "answered"],
      ["map-capability", "answered"],
      ["propose-function", "answered"],
      ["write-intent-specification", "answered"],
    ]);
    expect(plan.candidates.filter(({ chosen }) => chosen)).toHaveLength(1);
    expect(plan.candidates.length).toBeGreaterThanOrEqual(2);
    for (const { chosen, lostBecause } of plan.candidates) expect(lostBecause === null).toBe(chosen);
    expect(
      plan.claims.map(({ claimId, kind, decidedBy, visibleExamples, hiddenExamples }) => [claimId, kind, decidedBy, visibleExamples, hiddenExamples]),
    ).toEqual([
      ["C-1", "criterion", "examples", 2, 1],
      ["C-2", "criterion", "examples", 2, 0],
      ["C-3", "constraint", "detectors", 0, 0],
    ]);
    expect(plan.invariants).toMatchObject([{ claimId: "C-3", detector: "no-ambient-access" }]);
    expect(plan.questions).toEqual([]);
  });

  it("puts each atom behind what it depends on, in exactly one molecule, and ends in one atom", async () => {
    const plan = await planned({ criteria: ["`twice` doubles a number.", "`fourTimes` is `twice` of `twice`."] });
    expect(atom(plan, "function:fourTimes")).toMatchObject({
      role: "coder",
      writes: ["src/four-times.ts"],
      dependsOn: ["function:twice"],
      level: 2,
      mode: "create",
    });
    const seen = new Set<string>();
    for (const { key, dependsOn } of plan.atoms) {
      for (const parent of dependsOn) expect(seen, `${key} after ${parent}`).toContain(parent);
      seen.add(key);
    }
    const members = plan.molecules.flatMap(({ atoms, outcome }) => [...atoms, outcome]);
    expect(members.toSorted()).toEqual(plan.atoms.map(({ key }) => key).toSorted());
    const needed = new Set(plan.atoms.flatMap(({ dependsOn }) => dependsOn));
    expect(plan.atoms.filter(({ key }) => !needed.has(key))).toHaveLength(1);
    expect(plan.estimate).toMatchObject({ beads: plan.atoms.length, longestChain: Math.max(...plan.atoms.map(({ level }) => level)), planningMs: null });
  });

  it("is a flowchart that Mermaid reads, refused or not", async () => {
    const cycle = ["`twice` is half of `fourTimes`.", "`fourTimes` is `twice` of `twice`."];
    for (const plan of [await planned(), await planned({ criteria: cycle }), await planned({ criteria: ["It is nice."] })])
      expect(validate(mermaidOf(plan))).toEqual({ type: "flowchart", errors: [] });
  });

  it("gives the same bytes for the same order", async () => {
    const [one, two] = await Promise.all([planned({ constraints: ["No imports of packages."] }), planned({ constraints: ["No imports of packages."] })]);
    expect(JSON.stringify(one)).toBe(JSON.stringify(two));
  });

  it("shows no hidden example", async () => {
    const text = orderText({ criteria: ["`twice` doubles a number."] });
    const input = anInput(text);
    const plan = await simulatePlan(input);
    const hidden = plan.claims.reduce((count, { hiddenExamples }) => count + hiddenExamples, 0);
    expect(hidden).toBe(1);
    const shown = JSON.stringify(plan);
    for (const { text: example } of input.order.examples) expect(shown).not.toContain(JSON.stringify(example).slice(1, -1));
  });

  it("stops at the intake gate before any model is asked, and proposes a wording", async () => {
    const asked: string[] = [];
    const ask: PlanModel = (question) => {
      asked.push(question.purpose);
      return offline(question);
    };
    const plan = await planned({ criteria: ["`twice` doubles a number.", "The numbers are nice."] }, { ask });
    expect(asked).toEqual([]);
    expect(plan).toMatchObject({ outcome: "refused", refusals: [{ by: "intake", code: "GATE_REFUSED" }], passes: [], atoms: [], estimate: null });
    expect(plan.faults).toMatchObject([{ line: expect.any(Number) }]);
    expect(plan.claims[1]).toMatchObject({ decidedBy: "untestable", proposal: expect.stringMatching(/person confirms|measured by/) });
  });

  it("refuses tests that are not attached, and plans with them when they are", async () => {
    const criteria = ["`twice` doubles a number; tests/twice.test.ts passes."];
    expect(await planned({ criteria })).toMatchObject({ outcome: "refused", refusals: [{ by: "intake" }] });
    const content = 'import { expect, it } from "vitest";\nimport { twice } from "../src/twice.ts";\nit("doubles", () => expect(twice(2)).toBe(4));\n';
    const plan = await planned({ criteria }, { files: [{ path: "tests/twice.test.ts", content }] });
    expect(plan).toMatchObject({ outcome: "planned", order: { files: ["tests/twice.test.ts"] } });
    expect(plan.claims[0]).toMatchObject({ decidedBy: "examples and tests", tests: ["tests/twice.test.ts"] });
  });

  it("changes a function where the attached tree has it, and creates the others", async () => {
    const source = { path: "src/numbers.ts", content: "export function twice(n: number): number {\n  return n;\n}\n" };
    const plan = await planned({}, { files: [source] });
    expect(atom(plan, "function:twice")).toMatchObject({ mode: "modify", writes: ["src/numbers.ts"] });
    expect(atom(plan, "function:fourTimes")).toMatchObject({ mode: "create", writes: ["src/four-times.ts"] });
  });

  it("names what gate 1 refuses and still shows the graph", async () => {
    const plan = await planned({ criteria: ["`twice` is half of `fourTimes`.", "`fourTimes` is `twice` of `twice`."] });
    expect(plan).toMatchObject({ outcome: "refused", refusals: [{ by: "coherence", code: "GATE_REFUSED" }], estimate: null, questions: [] });
    expect(plan.refusals[0]?.remediation.join(" ")).toMatch(/depend on each other/);
    expect(plan.atoms.length).toBeGreaterThan(0);
  });

  it("refuses a configuration that contradicts the front matter", async () => {
    expect(await planned({}, { config: { reviewMode: "human" } })).toMatchObject({
      outcome: "refused",
      refusals: [{ by: "configuration", code: "ENVELOPE_CONTRADICTION" }],
      gates: [],
    });
  });
});

describe("where a person is asked", () => {
  const PERSON = "A person confirms that the README names every function.";

  it.each([
    ["human", [], ["approval"]],
    ["auto", [], []],
    ["hybrid", [], []],
    ["hybrid", [PERSON], ["approval", "acceptance"]],
    ["auto", [PERSON], ["acceptance"]],
  ] as const)("in the mode %s with the further criteria %j", async (mode, more, matters) => {
    const { questions, outcome } = await planned({ front: [`review_mode: ${mode}`], criteria: ["`twice` doubles a number.", ...more] });
    expect(questions.map(({ matter }) => matter)).toEqual(matters);
    expect(outcome).toBe("planned");
  });

  it("before delivery, about a constraint that no detector watches and not about a metric that nobody judges", async () => {
    const plan = await planned({ constraints: ["The code reads like a letter."], metrics: ["Fewer calls to the desk."] });
    const constraint = plan.claims.find(({ kind }) => kind === "constraint");
    expect(plan.questions).toMatchObject([{ matter: "acceptance", claims: [constraint?.claimId] }]);
    expect(plan.claims.find(({ kind }) => kind === "metric")).toMatchObject({ decidedBy: "nobody" });
  });

  it("when the budget may run out: perhaps for what a run may cost, surely for what it costs at least, unknown for no price", async () => {
    const front = ["review_mode: auto", "budget_usd: 0.5"];
    const priced = (usd: number) => [
      { modelId: "big", countsTokens: true, costUsd: ({ input, output }: { input: number; output: number }) => (input + output) * usd },
    ];
    const asked = async (models: SimulationInput["models"]) => (await planned({ front }, { models })).questions.map(({ matter, certain }) => [matter, certain]);
    expect(await asked(() => priced(1e-9))).toEqual([["budget", false]]);
    expect(await asked(() => priced(1))).toEqual([["budget", true]]);
    expect(await asked(() => [{ modelId: "secret", countsTokens: true, costUsd: () => undefined }])).toEqual([["budget", false]]);
    expect(await asked(() => FREE)).toEqual([]);
  });

  it("when a pass would have to guess: the plan ends with its question", async () => {
    const uncertainty = { question: "Which currency?", why: "The order names none.", options: ["EUR", "USD"] };
    const plan = await planned({}, { ask: answering({ "map-capability": () => saying({ uncertainty }) }) });
    expect(plan).toMatchObject({ outcome: "needs-person", atoms: [], estimate: null, questions: [{ matter: "uncertainty", certain: true }] });
    expect(plan.questions[0]?.question).toContain("Which currency?");
    expect(plan.passes.map(({ outcome }) => outcome)).toEqual(["answered", "uncertain"]);
  });

  it("when a model's answer does not fit after its repair", async () => {
    const plan = await planned(
      {},
      { ask: answering({ "synthesize-pressure": () => ({ ok: false, code: "MODEL_OUTPUT_INVALID", message: "title: too long", modelCalls: 2 }) }) },
    );
    expect(plan).toMatchObject({ outcome: "needs-person", questions: [{ matter: "pass" }], passes: [{ outcome: "unanswered", modelCalls: 2 }] });
  });
});

describe("a model that is not there", () => {
  it("is no refusal and no plan", async () => {
    const plan = await planned(
      {},
      { ask: answering({ "propose-function": () => ({ ok: false, code: "MODEL_UNAVAILABLE", message: "answered 503", modelCalls: 3 }) }) },
    );
    expect(plan).toMatchObject({
      outcome: "failed",
      refusals: [],
      failure: { code: "MODEL_UNAVAILABLE", message: expect.stringContaining("503") },
      questions: [],
    });
  });
});

describe("the semantic review", () => {
  const PASS = "write-intent-specification";
  const invented = (answer: object): object => ({ ...answer, successMetrics: ["At least 12345 customers sign in with a fingerprint every day."] });

  it("has the specification written anew with the findings, and goes on when they are mended", async () => {
    const prompts: string[] = [];
    let wrong = true;
    const ask: PlanModel = async (question) => {
      if (question.purpose === PASS) prompts.push(question.prompt);
      const answer = await offline(question);
      if (question.purpose !== PASS || !answer.ok || !wrong) return answer;
      wrong = false;
      return { ...answer, value: question.schema.parse(invented(Object(answer.value))) };
    };
    const plan = await planned({}, { ask });
    expect(plan.outcome).toBe("planned");
    expect(prompts).toHaveLength(2);
    expect(prompts[1]).toContain("12345");
    expect(plan.passes.filter(({ pass }) => pass === PASS)).toHaveLength(2);
  });

  it("goes to a person when two revisions did not mend it", async () => {
    const plan = await planned({}, { ask: answering({ [PASS]: (answer) => saying(invented(answer)) }) });
    expect(plan).toMatchObject({ outcome: "needs-person", atoms: [], questions: [{ matter: "semantic-review" }] });
    expect(plan.passes.filter(({ pass }) => pass === PASS)).toHaveLength(3);
    expect(plan.gates.at(-1)).toMatchObject({ gate: "semantic-review", outcome: "FAIL" });
  });

  it("asks a judge of another family, and what it cannot tell goes to a person", async () => {
    const ask: PlanModel = async (question) => {
      if (question.purpose !== "review-intent") return offline(question);
      const finding = {
        kind: "dropped",
        verdict: "uncertain",
        subject: "goal",
        quote: "Larger numbers.",
        lines: [lineOf("Larger numbers.")],
        detail: "It may be lost.",
      };
      return {
        ok: true,
        value: question.schema.parse({ verdict: "uncertain", reason: "I cannot tell.", findings: [finding] }),
        modelId: "other",
        repaired: false,
        modelCalls: 1,
      };
    };
    const plan = await planned({}, { ask, judge: { ok: true, family: "other" } });
    expect(plan).toMatchObject({ outcome: "needs-person", questions: [{ matter: "semantic-review" }] });
    expect(plan.gates.at(-1)).toMatchObject({ gate: "semantic-review", outcome: "INCONCLUSIVE" });
  });

  it("says that nobody judged where there is no second family", async () => {
    const { gates } = await planned();
    expect(gates.find(({ gate }) => gate === "semantic-review")?.notChecked).toEqual([{ check: "judge", reason: "not judged: nobody is there" }]);
  });
});

const lineOf = (text: string): number => orderText().split("\n").indexOf(text) + 1;
