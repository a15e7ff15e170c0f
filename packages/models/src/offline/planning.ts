/**
 * Answers the planning passes from the order's own words. Nothing is invented: what the order states is taken over, what
 * it leaves out is derived from what it states and marked inferred.
 */
import { isLeftOpen } from "@factory/schemas";
import type { Alternative, Capability, IntentSpecification, Pressure, Uncertainty } from "@factory/schemas";
import { z } from "zod";
import { candidatesOf } from "./planning-candidates.ts";

const text = z.union([z.string(), z.looseObject({ text: z.string() }).transform((statement) => statement.text)]);
const param = z.looseObject({ name: z.string(), type: z.string() });

/** Each pass sees a part of the order; what it does not see is empty here. */
const planningTask = z.looseObject({
  task: z.string(),
  order: z.looseObject({
    title: z.string(),
    priority: z.string().default("normal"),
    problem: z.string().default(""),
    goal: z.string().default(""),
    constraints: z.array(text).default([]),
    acceptanceCriteria: z.array(z.looseObject({ text: z.string(), functionName: z.string().optional(), tests: z.array(z.string()).default([]) })).default([]),
    successMetrics: z.array(text).default([]),
    outOfScope: z.array(text).default([]),
    functions: z.array(z.looseObject({ name: z.string(), params: z.array(param), returnType: z.string() })).default([]),
    examples: z.array(z.looseObject({ functionName: z.string() })).default([]),
  }),
  upstream: z
    .looseObject({
      Pressure: z.looseObject({ title: z.string(), description: z.string() }).optional(),
      Capability: z
        .looseObject({
          title: z.string(),
          description: z.string(),
          desiredOutcomes: z.array(z.string()).min(1),
          constraints: z.array(z.string()),
          confidence: z.number(),
        })
        .optional(),
    })
    .default({}),
  /** Questions that a person has answered. */
  answers: z.array(z.looseObject({ question: z.string(), answer: z.string() })).default([]),
});
type Task = z.infer<typeof planningTask>;
type Order = z.infer<typeof planningTask>["order"];

/** The passes it answers. */
export const PLANNING_TASKS = ["synthesize-pressure", "map-capability", "propose-function", "write-intent-specification"] as const;
export type PlanningTask = (typeof PLANNING_TASKS)[number];

type Planned = { readonly ok: true; readonly artifact: object } | { readonly ok: false; readonly message: string };

/** The artifact a pass asks for, the question it has to ask first, or what is wrong with the task. */
export function plan(pass: PlanningTask, task: unknown): Planned {
  const parsed = planningTask.safeParse(task);
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error) };
  const open = openQuestion(parsed.data);
  return open === undefined ? artifactOf(pass, parsed.data) : { ok: true, artifact: { uncertainty: open } };
}

function artifactOf(pass: PlanningTask, { order, upstream, answers }: Task): Planned {
  switch (pass) {
    case "synthesize-pressure":
      return { ok: true, artifact: pressureOf(order) };
    case "map-capability":
      return { ok: true, artifact: capabilityOf(order, upstream.Pressure) };
    case "propose-function":
      if (upstream.Capability === undefined) return { ok: false, message: "upstream.Capability: the function delivers a capability, and there is none." };
      return { ok: true, artifact: candidatesOf(order.title, order.functions, upstream.Capability) };
    case "write-intent-specification":
      if (order.acceptanceCriteria.length === 0) return { ok: false, message: "order.acceptanceCriteria: an order has at least one." };
      return { ok: true, artifact: specificationOf(order, answers) };
    default:
      return pass satisfies never;
  }
}

/** The first statement the pass sees that marks a part of itself as not decided, unless a person has answered for it. */
function openQuestion({ order, answers }: Task): Uncertainty | undefined {
  const statements = [...order.constraints, ...criteriaOf(order)];
  const open = statements.find((statement) => isLeftOpen(statement) && !answers.some(({ question }) => question.includes(statement)));
  if (open === undefined) return undefined;
  return {
    question: `What is to hold where the order says: ${open}`,
    why: "The order marks a part of this statement as not decided, and nothing else in it decides it.",
    options: [],
  };
}

/** How urgent a priority is, as a share of the most urgent. */
const URGENCY: { readonly [priority: string]: number } = { low: 0.25, normal: 0.5, high: 0.75, urgent: 1 };
/** Longest title an artifact may have, in UTF-16 units. */
const MAX_TITLE_UNITS = 200;

/** Words that speak for a category; most hits win, the earlier row on a tie. */
const CATEGORY_WORDS: readonly (readonly [Pressure["category"], RegExp])[] = [
  ["compliance", /\b(?:comply|compliance|complian\w*|regulat\w*|legal|law|audit\w*|gdpr|tax(?:es)?|vat)\b/gi],
  ["risk", /\b(?:risk\w*|fraud\w*|loss(?:es)?|liabilit\w*|exposure|security|breach\w*)\b/gi],
  [
    "reliability",
    /\b(?:wrong\w*|error\w*|bug\w*|fail\w*|incorrect\w*|inconsisten\w*|reliab\w*|broken|differ\w*|drift\w*|mistake\w*|disagree\w*|dispute\w*)\b/gi,
  ],
  ["trust", /\b(?:trust\w*|confus\w*|complain\w*|transparen\w*|confidence|privacy)\b/gi],
  ["retention", /\b(?:churn\w*|retention|retain\w*|loyal\w*|returning|cancel\w*)\b/gi],
  ["growth", /\b(?:grow\w*|revenue|sales|conversion\w*|acquisition|market\w*)\b/gi],
  ["competitive_gap", /\b(?:competitor\w*|competitive\w*|rival\w*|parity)\b/gi],
  ["efficiency", /\b(?:slow\w*|manual\w*|by hand|time|effort|repeat\w*|duplicat\w*|cost\w*|copy\w*|spreadsheet\w*)\b/gi],
];

const PERSONAS =
  /\b(customers?|users?|clients?|buyers?|sellers?|shoppers?|merchants?|admins?|administrators?|managers?|operators?|clerks?|accountants?|developers?|engineers?|editors?|readers?|writers?|visitors?|patients?|doctors?|nurses?|students?|teachers?|employees?|staff|agents?|support|drivers?|analysts?|guests?|members?|subscribers?)\b/gi;

function proseOf(order: Order): string {
  return [order.title, order.problem, order.goal, ...order.constraints, ...order.acceptanceCriteria.map((criterion) => criterion.text)].join("\n");
}

function sentences(paragraph: string): string[] {
  return paragraph
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.replace(/^[-*]\s+/, "").trim())
    .filter((sentence) => sentence !== "");
}

function clip(line: string, units = MAX_TITLE_UNITS): string {
  return line.length <= units ? line : `${line.slice(0, units - 1).trimEnd()}…`;
}

const criteriaOf = (order: Order): string[] => order.acceptanceCriteria.map((criterion) => criterion.text);

function problemOf(order: Order): { readonly text: string; readonly stated: boolean } {
  if (order.problem.trim() !== "") return { text: order.problem.trim(), stated: true };
  const wanted = order.goal.trim() === "" ? criteriaOf(order).join("; ") : order.goal.trim();
  return { text: `The order states no problem. What it asks for does not exist yet: ${wanted}`, stated: false };
}

function goalOf(order: Order): { readonly text: string; readonly stated: boolean } {
  if (order.goal.trim() !== "") return { text: order.goal.trim(), stated: true };
  return { text: `${order.title}: ${criteriaOf(order).join("; ")}`, stated: false };
}

type Category = { readonly category: Pressure["category"]; readonly words: readonly string[] };

/** Every category with the words of the order that speak for it, the one with most of them first. */
function categoriesOf(order: Order): Category[] {
  const prose = proseOf(order);
  const found = CATEGORY_WORDS.map(([category, pattern]) => ({ category, hits: prose.match(pattern) ?? [] })).toSorted((a, b) => b.hits.length - a.hits.length);
  const ranked = found.map(({ category, hits }) => ({ category, words: [...new Set(hits.map((word) => word.toLowerCase()))] }));
  // An order without any such word is about work that is done by hand today.
  return found.some(({ hits }) => hits.length > 0)
    ? ranked
    : ranked.toSorted((a, b) => Number(b.category === "efficiency") - Number(a.category === "efficiency"));
}

/** The next category, and why the order does not speak for it. */
function otherForce({ category, words }: Category, chosen: Category): Alternative {
  const reason =
    words.length === 0
      ? "No word of the order speaks for it."
      : `The order speaks less of it (${words.slice(0, 3).join(", ")}) than of ${chosen.category} (${chosen.words.slice(0, 3).join(", ")}).`;
  return { option: `The force is ${category.replace("_", " ")}.`, reason };
}

function pressureOf(order: Order): Pressure {
  const problem = problemOf(order);
  const [chosen = { category: "efficiency", words: [] }, ...others] = categoriesOf(order);
  const { category, words } = chosen;
  const personas = new Set((proseOf(order).match(PERSONAS) ?? []).map((word) => word.toLowerCase()));
  const because =
    words.length === 0
      ? `no word of the order names a category, so "${category}" is a default`
      : `"${category}" follows from the order's words ${words.slice(0, 6).join(", ")}`;
  return {
    title: clip(order.title),
    description: problem.text,
    category,
    strength: problem.stated ? 0.7 : 0.4,
    urgency: URGENCY[order.priority] ?? 0.5,
    frequency: 0.5,
    confidence: problem.stated ? 0.8 : 0.4,
    evidence: problem.stated ? sentences(problem.text) : criteriaOf(order),
    affectedDomains: order.functions.map(({ name }) => name),
    affectedPersonas: [...personas],
    alternativesConsidered: others.slice(0, 1).map((other) => otherForce(other, chosen)),
    explicitness: problem.stated ? "stated" : "inferred",
    rationale: `${problem.stated ? "The description is the order's Problem section" : "The order has no Problem section; the description is derived from its goal and criteria"}; ${because}; urgency follows from the priority "${order.priority}". Strength and frequency are estimates: the order gives no measure of them.`,
  };
}

function metricsOf(order: Order): string[] {
  if (order.successMetrics.length > 0) return [...order.successMetrics];
  return ["All acceptance criteria of the order hold when they are checked"];
}

function capabilityOf(order: Order, pressure: Task["upstream"]["Pressure"]): Capability {
  const stated = order.goal.trim() !== "";
  const description = stated ? order.goal.trim() : (pressure?.description ?? order.title);
  const outcomes = sentences(description);
  return {
    title: clip(outcomes[0] ?? order.title),
    description,
    gapAnalysis: `Today: ${pressure?.description ?? `what "${order.title}" asks for does not exist yet.`}`,
    desiredOutcomes: outcomes.length > 0 ? outcomes : [order.title],
    constraints: [...order.constraints],
    successMetrics: metricsOf(order),
    alternativesConsidered: [
      {
        option: "Leave things as they are and work around the gap by hand.",
        reason: stated ? `The goal would not be reached: ${outcomes[0] ?? order.title}` : `The pressure stays: ${pressure?.title ?? order.title}`,
      },
    ],
    confidence: stated ? 0.8 : 0.5,
    explicitness: stated ? "stated" : "inferred",
    rationale: stated
      ? "The description is the order's Goal section, sentence by sentence its outcomes; the gap is the pressure's own description."
      : "The order has no Goal section; the capability is derived from its title and the pressure.",
  };
}

type Answers = Task["answers"];
type SpecificationCriterion = IntentSpecification["acceptanceCriteria"][number];

function criterionOf(order: Order, { text: wording, functionName, tests }: Order["acceptanceCriteria"][number], answers: Answers): SpecificationCriterion {
  const named = functionName === undefined ? {} : { functionName };
  if (tests.length > 0) {
    return { text: wording, ...named, metric: "tests that pass", method: `run ${tests.join(", ")}`, threshold: "all of them" };
  }
  const shown = functionName === undefined ? 0 : order.examples.filter((item) => item.functionName === functionName).length;
  if (functionName !== undefined && shown > 0) {
    return {
      text: wording,
      functionName,
      metric: `examples of ${functionName} whose result is exactly the expected one`,
      method: `call ${functionName} with the arguments of each example of the order and compare strictly`,
      threshold: "every example of the order, hidden ones included",
    };
  }
  const answered = answers.find(({ question }) => question.includes(wording));
  // What the wording leaves open is quoted: the answer is what holds.
  const meaning = answered === undefined ? wording : `"${wording.replaceAll('"', "'")}", where what is open is ${answered.answer}`;
  return {
    text: wording,
    ...named,
    metric: `what is to be seen: ${meaning}`,
    method: "the person whom the criterion names looks at the delivered work",
    threshold: `it is so: ${meaning}`,
  };
}

/** Other readings of the order: wider than what it says, or narrower. */
function readingsOf(order: Order): IntentSpecification["alternativesConsidered"] {
  const excluded = order.outOfScope.map((option) => ({ option: `Also deliver: ${option}`, reason: "The order puts it out of scope." }));
  const narrower = {
    option: "Deliver only what the examples and tests of the order show.",
    reason: `The order states ${order.acceptanceCriteria.length} criteria and ${order.constraints.length} constraints; each of them has to hold, shown by an example or not.`,
  };
  return [...excluded, narrower];
}

function specificationOf(order: Order, answers: Answers): IntentSpecification {
  const problem = problemOf(order);
  const goal = goalOf(order);
  const stated = problem.stated && goal.stated;
  const missing = [problem.stated ? "" : "Problem", goal.stated ? "" : "Goal"].filter((name) => name !== "");
  return {
    title: clip(order.title),
    problem: problem.text,
    goal: goal.text,
    constraints: [...order.constraints],
    acceptanceCriteria: order.acceptanceCriteria.map((item) => criterionOf(order, item, answers)),
    successMetrics: metricsOf(order),
    outOfScope: [...order.outOfScope],
    alternativesConsidered: readingsOf(order),
    explicitness: stated ? "stated" : "inferred",
    rationale: stated
      ? "Problem, goal, constraints and criteria are the order's own; metric and method name how the platform checks each criterion."
      : `The order has no ${missing.join(" and no ")} section; that part is derived from its other sections.`,
  };
}
