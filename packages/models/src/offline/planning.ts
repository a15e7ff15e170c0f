/**
 * Answers the planning passes from the order's own words. Nothing is invented: what the order states is taken over, what
 * it leaves out is derived from what it states and marked inferred.
 */
import type { Capability, FunctionProposal, IntentSpecification, Pressure } from "@factory/schemas";
import { z } from "zod";

const text = z.union([z.string(), z.looseObject({ text: z.string() }).transform((statement) => statement.text)]);
const param = z.looseObject({ name: z.string(), type: z.string() });

const planningTask = z.looseObject({
  task: z.string(),
  order: z.looseObject({
    title: z.string(),
    priority: z.string().default("normal"),
    problem: z.string().default(""),
    goal: z.string().default(""),
    constraints: z.array(text).default([]),
    acceptanceCriteria: z.array(z.looseObject({ text: z.string(), functionName: z.string().optional(), tests: z.array(z.string()).default([]) })).min(1),
    successMetrics: z.array(text).default([]),
    outOfScope: z.array(text).default([]),
    functions: z.array(z.looseObject({ name: z.string(), params: z.array(param), returnType: z.string() })).default([]),
    examples: z.array(z.looseObject({ functionName: z.string() })).default([]),
  }),
});
type Order = z.infer<typeof planningTask>["order"];

/** The passes it answers. */
export const PLANNING_TASKS = ["synthesize-pressure", "map-capability", "propose-function", "write-intent-specification"] as const;
export type PlanningTask = (typeof PLANNING_TASKS)[number];

/** The artifact a pass asks for, or what is wrong with the question. */
export function plan(pass: PlanningTask, task: unknown): { readonly ok: true; readonly artifact: object } | { readonly ok: false; readonly message: string } {
  const parsed = planningTask.safeParse(task);
  if (!parsed.success) return { ok: false, message: z.prettifyError(parsed.error) };
  const { order } = parsed.data;
  switch (pass) {
    case "synthesize-pressure":
      return { ok: true, artifact: pressureOf(order) };
    case "map-capability":
      return { ok: true, artifact: capabilityOf(order) };
    case "propose-function":
      return { ok: true, artifact: proposalOf(order) };
    case "write-intent-specification":
      return { ok: true, artifact: specificationOf(order) };
    default:
      return pass satisfies never;
  }
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

function categoryOf(order: Order): { readonly category: Pressure["category"]; readonly words: readonly string[] } {
  const prose = proseOf(order);
  let best: { category: Pressure["category"]; words: string[] } = { category: "efficiency", words: [] };
  for (const [category, pattern] of CATEGORY_WORDS) {
    const words = prose.match(pattern) ?? [];
    if (words.length > best.words.length) best = { category, words: [...words] };
  }
  return { category: best.category, words: [...new Set(best.words.map((word) => word.toLowerCase()))] };
}

function pressureOf(order: Order): Pressure {
  const problem = problemOf(order);
  const { category, words } = categoryOf(order);
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
    explicitness: problem.stated ? "stated" : "inferred",
    rationale: `${problem.stated ? "The description is the order's Problem section" : "The order has no Problem section; the description is derived from its goal and criteria"}; ${because}; urgency follows from the priority "${order.priority}". Strength and frequency are estimates: the order gives no measure of them.`,
  };
}

function metricsOf(order: Order): string[] {
  if (order.successMetrics.length > 0) return [...order.successMetrics];
  const count = order.acceptanceCriteria.length;
  return [`${count} of ${count} acceptance criteria hold when they are checked`];
}

function capabilityOf(order: Order): Capability {
  const problem = problemOf(order);
  const goal = goalOf(order);
  const [first] = sentences(goal.text);
  return {
    title: clip(first ?? order.title),
    description: goal.text,
    gapAnalysis: problem.stated ? `Today: ${problem.text}` : problem.text,
    desiredOutcomes: criteriaOf(order),
    constraints: [...order.constraints],
    successMetrics: metricsOf(order),
    confidence: goal.stated ? 0.8 : 0.5,
    explicitness: goal.stated ? "stated" : "inferred",
    rationale: goal.stated
      ? "The description is the order's Goal section, the outcomes are its acceptance criteria, word for word."
      : "The order has no Goal section; the capability is derived from its title and acceptance criteria.",
  };
}

function snakeCase(name: string): string {
  const words =
    name
      .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const joined = words.join("_");
  return /^[a-z]/.test(joined) ? joined : `order_${joined}`.replace(/_$/, "");
}

function proposalOf(order: Order): FunctionProposal {
  const goal = goalOf(order);
  const [only, second] = order.functions;
  const single = only !== undefined && second === undefined;
  return {
    name: snakeCase(single ? only.name : order.title),
    title: clip(order.title),
    purpose: goal.text,
    functionType: "execution",
    expectedInputs: order.functions.flatMap(({ name, params }) => params.map((item) => `${name}: ${item.name} (${item.type})`)),
    expectedOutputs: order.functions.map(({ name, returnType }) => `${name}: ${returnType}`),
    successCriteria: criteriaOf(order),
    governingConstraints: [...order.constraints],
    confidence: order.functions.length > 0 ? 0.9 : 0.5,
    explicitness: order.functions.length > 0 ? "stated" : "inferred",
    rationale:
      order.functions.length > 0
        ? `Inputs and outputs are the signatures of the order's ${order.functions.length} function block${single ? "" : "s"}.`
        : "The order has no function block; the proposal is derived from its title, goal and criteria.",
  };
}

type SpecificationCriterion = IntentSpecification["acceptanceCriteria"][number];

function criterionOf(order: Order, { text: wording, functionName, tests }: Order["acceptanceCriteria"][number]): SpecificationCriterion {
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
  return {
    text: wording,
    ...named,
    metric: "whether the criterion holds",
    method: "a person reads the delivered code against the criterion",
    threshold: "the person accepts it",
  };
}

function specificationOf(order: Order): IntentSpecification {
  const problem = problemOf(order);
  const goal = goalOf(order);
  const stated = problem.stated && goal.stated;
  const missing = [problem.stated ? "" : "Problem", goal.stated ? "" : "Goal"].filter((name) => name !== "");
  return {
    title: clip(order.title),
    problem: problem.text,
    goal: goal.text,
    constraints: [...order.constraints],
    acceptanceCriteria: order.acceptanceCriteria.map((item) => criterionOf(order, item)),
    successMetrics: metricsOf(order),
    outOfScope: [...order.outOfScope],
    explicitness: stated ? "stated" : "inferred",
    rationale: stated
      ? "Problem, goal, constraints and criteria are the order's own; metric and method name how the platform checks each criterion."
      : `The order has no ${missing.join(" and no ")} section; that part is derived from its other sections.`,
  };
}
