/**
 * Options for the function, from the structure of the order: how many functions it names, what they take and give back.
 * Scores are counted from that structure, so the same order has the same scores.
 */
import type { FunctionCandidate, FunctionProposal } from "@factory/schemas";

/** A function block as the pass sees it. */
export type PlannedFunction = {
  readonly name: string;
  readonly params: readonly { readonly name: string; readonly type: string }[];
  readonly returnType: string;
};

/** The capability that the function delivers. */
export type PlannedCapability = {
  readonly title: string;
  readonly description: string;
  readonly desiredOutcomes: readonly string[];
  readonly constraints: readonly string[];
  readonly confidence: number;
};

/** Longest title an artifact may have, in UTF-16 units. */
const MAX_TITLE_UNITS = 200;
/** A unit with this many parts costs all that a score can say. */
const MOST_PARTS = 20;

/** At least two options that differ in how the work is cut into functions. */
export function candidatesOf(
  title: string,
  functions: readonly PlannedFunction[],
  capability: PlannedCapability,
): { readonly candidates: readonly FunctionCandidate[] } {
  const shared = sharedBy(capability);
  const [only, second] = functions;
  if (only === undefined) return { candidates: withoutFunctions(title, shared, capability.desiredOutcomes.length) };
  if (second === undefined) return { candidates: ofOneFunction(only, title, shared) };
  return { candidates: ofSeveralFunctions(functions, title, shared) };
}

type Shared = Pick<FunctionProposal, "successCriteria" | "governingConstraints"> & { readonly purpose: string };

function sharedBy({ description, desiredOutcomes, constraints }: PlannedCapability): Shared {
  return { purpose: description, successCriteria: [...desiredOutcomes], governingConstraints: [...constraints] };
}

/** The signatures as stated behind one index, or one entry function that is told which of them is meant. */
function ofSeveralFunctions(functions: readonly PlannedFunction[], title: string, shared: Shared): FunctionCandidate[] {
  const count = functions.length;
  const returnTypes = new Set(functions.map(({ returnType }) => returnType)).size;
  const inputs = functions.flatMap(inputsOf);
  const modes = functions.map(({ name }) => `'${name}'`).join(" | ");
  return [
    {
      proposal: {
        ...proposal(snakeCase(title), `${title}: a module of ${count} pure functions behind one index`, shared),
        expectedInputs: inputs,
        expectedOutputs: functions.map(outputOf),
        confidence: 0.9,
        explicitness: "stated",
        rationale: `Inputs and outputs are the signatures of the order's ${count} function blocks, each in a file of its own.`,
      },
      scores: { value: 1, feasibility: 0.9, risk: 0.1, cost: share(count + 1) },
      rationale: `All ${count} signatures can be called as the order states them; ${count + 1} files are written.`,
    },
    {
      proposal: {
        ...proposal(`${snakeCase(title)}_entry`, `${title}: one entry function with ${count} modes`, shared),
        expectedInputs: [`mode (${modes})`, ...inputs],
        expectedOutputs: [`one of ${returnTypes} type${returnTypes === 1 ? "" : "s"}, by mode`],
        confidence: 0.5,
        explicitness: "inferred",
        rationale: `The order's ${count} functions are modes of one function; their names are no longer called directly.`,
      },
      scores: {
        value: rounded(1 / count),
        feasibility: rounded(0.9 - 0.5 * share(count)),
        risk: rounded(0.2 + 0.6 * (returnTypes / count)),
        cost: share(count),
      },
      rationale: `None of the ${count} signatures can be called as the order states it, and one result has ${returnTypes} possible type${returnTypes === 1 ? "" : "s"}.`,
    },
  ];
}

/** The function as stated, or the same with the check of its arguments as a function of its own. */
function ofOneFunction(only: PlannedFunction, title: string, shared: Shared): FunctionCandidate[] {
  const arity = only.params.length;
  return [
    {
      proposal: {
        ...proposal(snakeCase(only.name), title, shared),
        expectedInputs: inputsOf(only),
        expectedOutputs: [outputOf(only)],
        confidence: 0.9,
        explicitness: "stated",
        rationale: "Inputs and outputs are the signature of the order's one function block.",
      },
      scores: { value: 1, feasibility: 0.9, risk: 0.1, cost: share(1) },
      rationale: "One file with the signature the order states; nothing else is called.",
    },
    {
      proposal: {
        ...proposal(`${snakeCase(only.name)}_with_guard`, `${title}: a function behind a check of its arguments`, shared),
        expectedInputs: [...inputsOf(only), `guard: the same ${arity} argument${arity === 1 ? "" : "s"}`],
        expectedOutputs: [outputOf(only), "guard: nothing, or an error"],
        confidence: 0.5,
        explicitness: "inferred",
        rationale: "The order names one function; a check of its arguments apart is a second one that it does not name.",
      },
      scores: { value: 1, feasibility: 0.9, risk: 0.3, cost: share(2 + arity) },
      rationale: `It gives the same results with a second function over ${arity} argument${arity === 1 ? "" : "s"}, which no example of the order calls.`,
    },
  ];
}

/** One unit for the whole, or one for each outcome. */
function withoutFunctions(title: string, shared: Shared, outcomes: number): FunctionCandidate[] {
  return [
    {
      proposal: {
        ...proposal(snakeCase(title), title, shared),
        expectedInputs: [],
        expectedOutputs: [],
        confidence: 0.5,
        explicitness: "inferred",
        rationale: "The order has no function block; the unit is derived from its title and goal.",
      },
      scores: { value: 0.8, feasibility: 0.7, risk: 0.3, cost: share(1) },
      rationale: "One unit holds what the order asks for; its interface is whatever its tests and criteria call.",
    },
    {
      proposal: {
        ...proposal(`${snakeCase(title)}_parts`, `${title}: one unit for each outcome`, shared),
        expectedInputs: shared.successCriteria.map((outcome) => `what decides: ${outcome}`),
        expectedOutputs: [...shared.successCriteria],
        confidence: 0.4,
        explicitness: "inferred",
        rationale: `The order has no function block; the ${outcomes} outcome${outcomes === 1 ? "" : "s"} of the capability become units.`,
      },
      scores: { value: 0.8, feasibility: rounded(0.7 - 0.5 * share(outcomes)), risk: rounded(0.3 + 0.5 * share(outcomes)), cost: share(outcomes + 1) },
      rationale: `${outcomes} unit${outcomes === 1 ? "" : "s"} and an index are written where the order names no interface between them.`,
    },
  ];
}

function proposal(name: string, title: string, { purpose, successCriteria, governingConstraints }: Shared) {
  return { name, title: clip(title), purpose, functionType: "execution" as const, successCriteria, governingConstraints };
}

const inputsOf = ({ name, params }: PlannedFunction): string[] => params.map((param) => `${name}: ${param.name} (${param.type})`);
const outputOf = ({ name, returnType }: PlannedFunction): string => `${name}: ${returnType}`;
const rounded = (score: number): number => Number(Math.min(1, Math.max(0, score)).toFixed(2));
const share = (parts: number): number => rounded(parts / MOST_PARTS);

function clip(line: string): string {
  return line.length <= MAX_TITLE_UNITS ? line : `${line.slice(0, MAX_TITLE_UNITS - 1).trimEnd()}…`;
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
