import { parseWorkOrder } from "@factory/compiler";
import type { IntentSpecification, WorkOrder } from "@factory/schemas";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { alignIntent } from "./semantic-alignment.ts";
import { orderLinesForReview, semanticFindings, semanticReviewPrompt, semanticReviewReport, semanticReviewSchema, semanticVerdict } from "./semantic-review.ts";
import type { JudgedReview, JudgeOutcome } from "./semantic-review.ts";

const TEXT = `# Cart pricing

## Problem

Totals differ by cents in the shop and on the invoice.

## Goal

One library of pricing functions.

## Constraints

- No imports of packages.
- A quantity is at most 99.

## Acceptance criteria

1. \`lineTotal\` multiplies the unit price by the quantity.
2. \`discountRate\` is 0.1 from a subtotal of 100 on, and 0 below.
3. The list opens, measured by a stopwatch on the shop's tablet: at most 200 ms.

## Success metrics

- Fewer customers complain about totals.

## Out of scope

- Currencies and taxes.

\`\`\`ts
function lineTotal(unitPrice: number, quantity: number): number
function discountRate(subtotal: number): number
\`\`\`

\`\`\`examples
lineTotal(2, 3) => 6
lineTotal(5, 7771) => 38855
lineTotal(4, 0) => 0
discountRate(99) => 0
discountRate(100) => 0.1
\`\`\`
`;

function parsed(text: string): WorkOrder {
  const result = parseWorkOrder(text);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.order;
}
const ORDER = parsed(TEXT);
const LINES = orderLinesForReview(TEXT, ORDER);
const lineOf = (start: string): number => TEXT.split("\n").findIndex((line) => line.includes(start)) + 1;

const CRITERIA = ORDER.acceptanceCriteria.map(({ text, functionName }) => ({
  text,
  ...(functionName === undefined ? {} : { functionName }),
  metric: functionName === undefined ? "time until the list is open" : `what ${functionName} returns`,
  method: functionName === undefined ? "a stopwatch" : "run its examples",
  threshold: functionName === undefined ? "at most 200 ms" : "every example holds",
}));

/** A specification that says what the order says. */
function anIntent(changes: Partial<IntentSpecification> = {}): IntentSpecification {
  return {
    title: ORDER.title,
    problem: ORDER.problem,
    goal: ORDER.goal,
    constraints: ORDER.constraints.map(({ text }) => text),
    acceptanceCriteria: CRITERIA,
    successMetrics: ORDER.successMetrics.map(({ text }) => text),
    outOfScope: ORDER.outOfScope.map(({ text }) => text),
    alternativesConsidered: [{ option: "A wider reading.", reason: "The order does not ask for it." }],
    explicitness: "stated",
    rationale: "The order says so in its own sections.",
    ...changes,
  };
}
const criterion = (index: number, changes: Partial<IntentSpecification["acceptanceCriteria"][number]>) =>
  anIntent({ acceptanceCriteria: CRITERIA.map((one, at) => (at === index ? { ...one, ...changes } : one)) });
const found = (intent: IntentSpecification) => alignIntent(intent, ORDER).findings.map(({ kind, subject, lines }) => [kind, subject, ...lines].join(" "));

describe("laying a specification beside its order", () => {
  it("cites the line of every statement and finds nothing where both say the same", () => {
    const { citations, findings } = alignIntent(anIntent(), ORDER);
    expect(findings).toEqual([]);
    expect(citations.map(({ subject, line }) => `${subject} ${line}`)).toEqual([
      `acceptanceCriteria[0] ${lineOf("1. ")}`,
      `acceptanceCriteria[1] ${lineOf("2. ")}`,
      `acceptanceCriteria[2] ${lineOf("3. ")}`,
      `constraints[0] ${lineOf("No imports")}`,
      `constraints[1] ${lineOf("A quantity")}`,
      `outOfScope[0] ${lineOf("Currencies")}`,
      `successMetrics[0] ${lineOf("Fewer")}`,
    ]);
  });

  it("takes the same statements in other words and another order", () => {
    expect(
      found(anIntent({ constraints: ["The quantity is at most 99", "No package imports"], successMetrics: ["Customers complain less about totals"] })),
    ).toEqual([]);
  });

  it.each([
    ["a constraint nobody stated", anIntent({ constraints: [...anIntent().constraints, "Results are cached for a day."] }), "invented constraints[2]"],
    ["a dropped constraint", anIntent({ constraints: ["No imports of packages."] }), `dropped constraints ${lineOf("A quantity")}`],
    [
      "a changed number",
      anIntent({ constraints: ["No imports of packages.", "A quantity is at most 999."] }),
      `miscast constraints[1] ${lineOf("A quantity")}`,
    ],
    [
      "a bound on the other side",
      anIntent({ constraints: ["No imports of packages.", "A quantity is at least 99."] }),
      `miscast constraints[1] ${lineOf("A quantity")}`,
    ],
    ["a lost negation", anIntent({ constraints: ["Imports of packages.", "A quantity is at most 99."] }), `miscast constraints[0] ${lineOf("No imports")}`],
    ["a dropped criterion", anIntent({ acceptanceCriteria: CRITERIA.slice(0, 2) }), `dropped acceptanceCriteria ${lineOf("3. ")}`],
    ["a dropped exclusion", anIntent({ outOfScope: [] }), `dropped outOfScope ${lineOf("Currencies")}`],
    ["a dropped metric", anIntent({ successMetrics: [] }), `dropped successMetrics ${lineOf("Fewer")}`],
    ["a metric nobody stated", anIntent({ successMetrics: [...anIntent().successMetrics, "Revenue grows by 5 %."] }), "invented successMetrics[1]"],
    ["another function", criterion(0, { functionName: "discountRate" }), `miscast acceptanceCriteria[0].functionName ${lineOf("1. ")}`],
    ["a function nobody asked for", criterion(0, { functionName: "lineSum" }), `invented acceptanceCriteria[0].functionName ${lineOf("1. ")}`],
    ["the metric of another function", criterion(0, { metric: "what discountRate returns" }), `miscast acceptanceCriteria[0].metric ${lineOf("1. ")}`],
    ["most instead of all", criterion(0, { threshold: "most examples hold" }), `miscast acceptanceCriteria[0].threshold ${lineOf("1. ")}`],
    ["a share instead of all", criterion(0, { threshold: "95 % of the examples hold" }), `miscast acceptanceCriteria[0].threshold ${lineOf("1. ")}`],
    ["a part instead of all", criterion(0, { threshold: "2 of 3 examples hold" }), `miscast acceptanceCriteria[0].threshold ${lineOf("1. ")}`],
    ["a weaker bound", criterion(2, { threshold: "at most 300 ms" }), `miscast acceptanceCriteria[2].threshold ${lineOf("3. ")}`],
    ["the bound turned round", criterion(2, { threshold: "at least 200 ms" }), `miscast acceptanceCriteria[2].threshold ${lineOf("3. ")}`],
    ["a number in the goal", anIntent({ goal: "A library that serves 5000 carts." }), "invented goal"],
    ["a function in the problem", anIntent({ problem: "There is no `refund`." }), "invented problem"],
  ])("finds %s", (_, intent, expected) => {
    expect(found(intent)).toContain(expected);
  });

  it.each(["100 % of the examples hold", "all 3 examples", "0 failures", "3 of 3 examples"])("takes %j for all of them", (threshold) => {
    expect(found(criterion(0, { threshold }))).toEqual([]);
  });

  it("gives a statement to what says it word for word before what is only like it", () => {
    const constraints = ["A quantity of goods is at most 99.", "A quantity is at most 99."];
    const { citations, findings } = alignIntent(anIntent({ constraints: [...constraints, "No imports of packages."] }), ORDER);
    const cited = citations.filter(({ subject }) => subject.startsWith("constraints"));
    expect(cited.map(({ subject, line }) => [subject, line])).toEqual([
      ["constraints[1]", lineOf("A quantity")],
      ["constraints[2]", lineOf("No imports")],
    ]);
    // What is left rests on the same sentence of the order.
    expect(findings).toEqual([]);
  });

  it("lets an artifact rest on what a person has answered", () => {
    const intent = anIntent({ goal: "A library for 5000 carts." });
    expect(alignIntent(intent, ORDER, ["There are 5000 carts."]).findings).toEqual([]);
  });

  it("finds every number that is changed anywhere in a statement", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.constantFrom(0, 1), (number, index) => {
        const text = index === 0 ? `A quantity is at most ${number}.` : `A quantity is at most 99 and ${number}.`;
        const same = index === 0 && number === 99;
        expect(found(anIntent({ constraints: ["No imports of packages.", text] })).length > 0).toBe(!same);
      }),
    );
  });
});

const NOT_JUDGED: JudgeOutcome = { kind: "not-judged", reason: "not judged: no second model family" };
const judged = (review: Partial<JudgedReview>): JudgeOutcome => ({
  kind: "judged",
  family: "llama",
  review: { verdict: "approved", reason: "Both say the same.", findings: [], ...review },
});
const DROPPED: JudgedReview["findings"][number] = {
  kind: "dropped",
  verdict: "needs_revision",
  subject: "constraints",
  quote: "A quantity is at most 99",
  lines: [lineOf("A quantity")],
  detail: "Nothing says it.",
};

describe("the verdict", () => {
  const clean = alignIntent(anIntent(), ORDER);
  const faulty = alignIntent(anIntent({ constraints: [] }), ORDER);

  it.each([
    ["approved by the platform alone", clean, NOT_JUDGED, "approved", "PASS"],
    ["approved by both", clean, judged({}), "approved", "PASS"],
    ["found by the platform alone", faulty, judged({}), "needs_revision", "FAIL"],
    ["found by the judge alone", clean, judged({ verdict: "needs_revision", findings: [DROPPED] }), "needs_revision", "FAIL"],
    ["a judge milder than its findings", clean, judged({ verdict: "needs_revision", findings: [{ ...DROPPED, verdict: "rejected" }] }), "rejected", "FAIL"],
    ["a judge who cannot tell", clean, judged({ verdict: "uncertain", findings: [{ ...DROPPED, verdict: "uncertain" }] }), "uncertain", "INCONCLUSIVE"],
    ["a judge without a usable answer", clean, { kind: "unusable", family: "llama", reason: "prose" }, "uncertain", "INCONCLUSIVE"],
    ["doubt beside a finding", faulty, { kind: "unusable", family: "llama", reason: "prose" }, "needs_revision", "FAIL"],
  ] as const)("of %s", (_, alignment, judge, verdict, outcome) => {
    expect(semanticVerdict(alignment, judge)).toBe(verdict);
    const report = semanticReviewReport(alignment, judge, "IS-1");
    expect(report).toMatchObject({ gate: "semantic-review", outcome, subjectId: "IS-1" });
    expect(report.remediation.length > 0).toBe(outcome !== "PASS");
    expect(report.notChecked).toEqual(judge.kind === "not-judged" ? [{ check: "judge", reason: judge.reason }] : []);
  });

  it("tells the author each finding with its line", () => {
    expect(semanticFindings(clean, judged({ verdict: "needs_revision", findings: [DROPPED] }))).toEqual([
      `constraints (dropped): "A quantity is at most 99", line ${lineOf("A quantity")}. Nothing says it.`,
    ]);
  });
});

describe("what a judge sees and may answer", () => {
  const schema = semanticReviewSchema(LINES, anIntent());
  const issues = (review: unknown): string[] => schema.safeParse(review).error?.issues.map(({ message }) => message) ?? [];
  const base = { verdict: "needs_revision", reason: "Something is missing.", findings: [DROPPED] };

  it("is an answer whose citations hold", () => {
    expect(issues(base)).toEqual([]);
    expect(issues({ verdict: "approved", reason: "Both say the same.", findings: [] })).toEqual([]);
    expect(issues({ ...base, findings: [{ ...DROPPED, kind: "invented", quote: "Cart pricing", lines: [] }] })).toEqual([]);
  });

  it.each([
    ["a quote that is not in the lines", { ...base, findings: [{ ...DROPPED, quote: "A quantity is at most 98" }] }, /cited lines/],
    ["a line that does not exist", { ...base, findings: [{ ...DROPPED, lines: [4000] }] }, /no line 4000/],
    ["a finding without a line", { ...base, findings: [{ ...DROPPED, lines: [] }] }, /at least one line/],
    ["an invention that the specification does not state", { ...base, findings: [{ ...DROPPED, kind: "invented", quote: "caches" }] }, /specification/],
    ["an approval with findings", { ...base, verdict: "approved" }, /no findings/],
    ["doubt without a finding", { ...base, verdict: "uncertain", findings: [] }, /at least one/],
    ["prose", "It looks fine to me.", /object/],
    ["a verdict of its own making", { ...base, verdict: "mostly fine" }, /./],
  ])("is not %s", (_, review, message) => {
    expect(issues(review).join("; ")).toMatch(message);
  });

  it("is shown no hidden example, however it is repeated", () => {
    const hidden = ORDER.examples.find(({ text }) => !LINES.some((line) => line.includes(text)));
    expect(hidden?.functionName).toBe("lineTotal");
    const again = TEXT.replace(
      "lineTotal(4, 0) => 0\n",
      `lineTotal(4, 0) => 0\n# ${hidden?.text ?? ""}\n// ${hidden?.text ?? ""}\n${hidden?.text.replace("(", "( ") ?? ""}\n`,
    );
    const lines = orderLinesForReview(again, parsed(again));
    const shown = parsed(again);
    const secret = shown.examples.filter(({ line }) => lines[line - 1] === "(kept back)");
    expect(secret.length).toBeGreaterThan(0);
    const prompt = semanticReviewPrompt(lines, anIntent());
    for (const { text } of secret) expect(prompt.replaceAll(" ", "")).not.toContain(text.replaceAll(" ", ""));
    expect(lines).toHaveLength(again.split("\n").length);
  });

  it("is shown the text and the artifact, and nothing of who made it", () => {
    const prompt = semanticReviewPrompt(LINES, anIntent());
    const block = /```json task\n(.*)\n```/s.exec(prompt)?.[1] ?? "{}";
    expect(Object.keys(JSON.parse(block)).toSorted()).toEqual(["order", "specification", "task"]);
    expect(prompt).toContain(`${lineOf("No imports")}: - No imports of packages.`);
  });
});
