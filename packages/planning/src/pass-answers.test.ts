import { parseAnswer } from "@factory/models";
import type { IntentSpecification, PassName } from "@factory/schemas";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { measureFault, passSchema, readPassAnswer } from "./pass-answers.ts";
import { anOrder, aPersonsCriterion } from "./testing/orders.ts";

type Criterion = IntentSpecification["acceptanceCriteria"][number];

function aMeasure(overrides: Partial<Criterion> = {}): Criterion {
  return { text: "reworded by the model", metric: "functions the README names", method: "a person reads it", threshold: "all of them", ...overrides };
}

function anIntent(overrides: Partial<IntentSpecification> = {}): IntentSpecification {
  return {
    title: "Larger numbers",
    problem: "Numbers are too small.",
    goal: "Numbers are doubled.",
    constraints: ["invented by the model"],
    acceptanceCriteria: [aMeasure()],
    successMetrics: [],
    outOfScope: ["invented as well"],
    alternativesConsidered: [{ option: "Tripling.", reason: "Nobody asks for it." }],
    explicitness: "stated",
    rationale: "The order says all of it.",
    ...overrides,
  };
}

const INTENT = "write-intent-specification";
const issuesOf = (pass: PassName, answer: unknown, order = anOrder()): readonly string[] => {
  const parsed = parseAnswer(JSON.stringify(answer), passSchema(pass, order));
  return parsed.ok ? [] : parsed.issues;
};

describe("an intent specification", () => {
  test("keeps the order's own words, constraints and exclusions, and measures an executed criterion by its check", () => {
    const read = readPassAnswer(INTENT, anIntent(), anOrder());
    expect(read).toMatchObject({
      kind: "artifact",
      data: {
        constraints: ["No imports at all."],
        outOfScope: ["Halving of anything."],
        acceptanceCriteria: [{ text: "It doubles its argument", functionName: "double", threshold: "every example holds" }],
      },
    });
  });

  test("keeps what the model says of a criterion that a person decides", () => {
    const order = anOrder({ acceptanceCriteria: [aPersonsCriterion()] });
    expect(readPassAnswer(INTENT, anIntent(), order)).toMatchObject({
      data: { acceptanceCriteria: [{ text: aPersonsCriterion().text, metric: "functions the README names", threshold: "all of them" }] },
    });
  });

  test("carries the constraints that a person added", () => {
    const constraints = [...anOrder().constraints, { text: "At most 20 items.", line: 41 }];
    expect(readPassAnswer(INTENT, anIntent(), anOrder(), constraints)).toMatchObject({ data: { constraints: ["No imports at all.", "At most 20 items."] } });
  });

  test("with another number of criteria than the order is refused", () => {
    expect(issuesOf(INTENT, anIntent({ acceptanceCriteria: [aMeasure(), aMeasure()] }))).toEqual([
      "acceptanceCriteria: must have exactly 1 entries, one for each criterion of the order",
    ]);
  });

  test("without an alternative that was considered is refused", () => {
    expect(issuesOf(INTENT, anIntent({ alternativesConsidered: [] })).join()).toContain("alternativesConsidered");
  });

  test.each([
    ["metric", "user satisfaction improved", "improved"],
    ["threshold", "faster", "faster"],
    ["threshold", "all users are satisfied", "satisfied"],
    ["threshold", "compliant", "compliant"],
    ["threshold", "TBD", "left open"],
    ["method", "to be decided by finance", "left open"],
    ["method", "n/a", "empty"],
    ["metric", "-", "empty"],
  ] as const)("whose %s is %j is refused where no check decides the criterion, and the place is named", (field, text, why) => {
    const order = anOrder({ acceptanceCriteria: [aPersonsCriterion()] });
    const issues = issuesOf(INTENT, anIntent({ acceptanceCriteria: [aMeasure({ [field]: text })] }), order);
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain(`acceptanceCriteria.0.${field}: `);
    expect(issues[0]).toContain(why);
  });

  test("with vague words about a criterion that examples decide is taken: the check is its measure", () => {
    expect(issuesOf(INTENT, anIntent({ acceptanceCriteria: [aMeasure({ threshold: "faster" })] }))).toEqual([]);
  });
});

test.each(["at most 200 ms, so it feels faster", "3 of 4 readers are satisfied", "every example holds", "the person accepts it"])(
  "%j measures something",
  (text) => {
    expect(measureFault(text)).toBeUndefined();
  },
);

describe("the schema of a pass", () => {
  test("takes a question instead of the artifact, and the answer comes to that question", () => {
    const uncertainty = { question: "How many items at most?", why: "The order says TBD.", options: ["10", "20"] };
    for (const pass of ["synthesize-pressure", "map-capability", "propose-function", INTENT] as const) {
      expect(issuesOf(pass, { uncertainty })).toEqual([]);
      expect(readPassAnswer(pass, { uncertainty }, anOrder())).toEqual({ kind: "uncertain", uncertainty });
    }
  });

  test.each(["synthesize-pressure", "map-capability", INTENT] as const)("of %s asks for an alternative that was considered", (pass) => {
    expect(issuesOf(pass, { alternativesConsidered: [] }).join()).toContain("alternativesConsidered: ");
  });

  test("tells an artifact with faults what is wrong with the artifact, and a question with faults what is wrong with it", () => {
    expect(issuesOf(INTENT, { ...anIntent(), explicitness: "maybe" })).toEqual([expect.stringContaining("explicitness: ")]);
    expect(issuesOf(INTENT, {}).join()).toContain("title: ");
    expect(issuesOf(INTENT, { uncertainty: { question: "" } }).join()).toContain("uncertainty.");
    expect(issuesOf(INTENT, [1, 2])).toEqual([expect.stringContaining("expected object")]);
  });

  test("is in the JSON Schema that the model gets: both forms, with their fields", () => {
    const schema = JSON.stringify(z.toJSONSchema(passSchema(INTENT, anOrder()), { io: "input", unrepresentable: "any" }));
    for (const field of ["acceptanceCriteria", "threshold", "alternativesConsidered", "uncertainty", "options"]) expect(schema).toContain(`"${field}"`);
  });
});
