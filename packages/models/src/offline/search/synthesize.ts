/**
 * Program synthesis from examples: a bottom-up enumeration of expressions, with deduction from the results and
 * conditionals by divide and conquer. Bounded by a count of candidates; the same input gives the same program.
 */
import { withFields } from "./apply.ts";
import { Budget } from "./budget.ts";
import { call } from "./code.ts";
import { componentsFor, isInner } from "./components.ts";
import { mineConstants, ugliness, type Constant, type Sample } from "./constants.ts";
import { Context, type Shared } from "./context.ts";
import { emitFile, uses, type FoundProgram, type Guard, type Parameter, type Signature } from "./emit.ts";
import { better, type Effort, type Goal } from "./goals.ts";
import { withHints } from "./hints.ts";
import { parseFunction, type Callable } from "./interpret.ts";
import { Solver } from "./solve.ts";
import { isConstant, walk, type Component, type Term } from "./terms.ts";
import { BOOLEAN, isKnown, isPlainObject, optionalOf, parseType, printType, settle, type Type } from "./types.ts";
import { FAIL, keyOf, sameValue } from "./values.ts";

/** A parameter of a function, its type as TypeScript source. */
export type TaskParam = { readonly name: string; readonly type: string; readonly optional?: boolean };

/** What a call must give. */
export type TaskExample = { readonly args: readonly unknown[]; readonly expected: unknown } | { readonly args: readonly unknown[]; readonly throws: string };

/** A function the program may call. */
export type TaskDependency = {
  readonly name: string;
  readonly params: readonly TaskParam[];
  readonly returnType: string;
  readonly file: string;
  readonly call: Callable;
};

/** A function that is wanted, by its examples. */
export type SynthesisTask = {
  readonly name: string;
  readonly params: readonly TaskParam[];
  readonly returnType: string;
  /** Where the function is written, relative to the workspace. */
  readonly file: string;
  readonly examples: readonly TaskExample[];
  readonly dependencies: readonly TaskDependency[];
  /** What the order says about the function; its numbers and quoted strings are likely constants. */
  readonly words: readonly string[];
};

export type SynthesisResult =
  | { readonly found: true; readonly source: string; readonly rank: number; readonly candidates: number }
  | { readonly found: false; readonly reason: string; readonly candidates: number };

export type SynthesisLimits = {
  /** Candidates in all; the search ends there. */
  readonly maxCandidates: number;
  /** Candidates between two pauses. */
  readonly sliceCandidates: number;
};

/** A million candidates take about two seconds on one core of a small machine; a slice a few hundredths of one. */
export const DEFAULT_LIMITS: SynthesisLimits = { maxCandidates: 1_000_000, sliceCandidates: 4_000 };

/** Cost of the largest expressions the bank is filled with. */
const MAX_LEVEL = 9;
/** No program is worth more than this, whatever the examples; and what each example may add. */
const BASE_BOUND = 14;
const BOUND_PER_EXAMPLE = 6;
const MAX_BOUND = 64;
/** Deductions nested inside each other. */
const MAX_DEPTH = 3;
/** What it counts against a program that ignores a parameter or a dependency. */
const IGNORED_COST = 2.5;

/** Runs the search in slices. Each `next()` is bounded work; the result comes at the end. */
export function* synthesis(task: SynthesisTask, limits: SynthesisLimits = DEFAULT_LIMITS): Generator<void, SynthesisResult> {
  const budget = new Budget(limits.maxCandidates, limits.sliceCandidates);
  const fail = (reason: string): SynthesisResult => ({ found: false, reason, candidates: Math.round(budget.spent) });
  const setup = prepare(task, budget);
  if (typeof setup === "string") return fail(setup);
  const body = yield* findBody(setup);
  if (body === undefined) {
    return fail(
      `No program of the searched size gives the expected results of all ${task.examples.length} examples (${Math.round(budget.spent)} candidates tried).`,
    );
  }
  const guards = yield* findGuards(setup, body);
  if (guards === undefined) return fail("A program gives the expected results, but no condition tells the calls that must throw from those that must not.");
  const source = verifiedSource(setup, { guards, body });
  if (source === undefined) return fail("The program that was found does not hold when it is read back and run.");
  return { found: true, source, rank: body.rank, candidates: Math.round(budget.spent) };
}

type Setup = {
  readonly task: SynthesisTask;
  readonly signature: Signature;
  readonly context: Context;
  readonly solver: Solver;
  readonly returnType: Type;
  /** Rows that give a value; the others throw. */
  readonly rows: readonly number[];
  /** For each parameter a search that sees no other one; those that the order's words restrict come first. */
  readonly alone: () => readonly Alone[];
};

type Alone = { readonly context: Context; readonly restricted: boolean };

function prepare(task: SynthesisTask, budget: Budget): Setup | string {
  const rows = [...task.examples.keys()].filter((row) => "expected" in (task.examples[row] ?? {}));
  if (rows.length === 0) return "No example shows a result, only errors; there is nothing to derive a program from.";
  const results = task.examples.map((example) => ("expected" in example ? example.expected : FAIL));
  const params = settleParams(task);
  if (typeof params === "string") return params;
  const returnType = settle(
    parseType(task.returnType),
    rows.map((row) => results[row]),
  );
  if (returnType === undefined) return `The return type ${task.returnType} is not known and the examples do not show it.`;
  const samples: Sample[] = task.examples.map((example) => ({ args: example.args, expected: "expected" in example ? example.expected : undefined }));
  const dependencies = task.dependencies.map(dependencyComponent);
  const types = closure([
    returnType,
    ...params.map((param) => param.type),
    ...dependencies.flatMap((call) => [call.result, ...call.args.map((arg) => arg.type)]),
  ]);
  const components = [...dependencies, ...withHints(componentsFor(types), task.words)];
  const shared: Shared = {
    components,
    inner: components.filter(isInner),
    byName: new Map(components.map((component) => [component.name, component])),
    types: new Set(types.map((type) => type.key)),
    budget,
    worded: task.words.length > 0,
    nextScope: 0,
  };
  const inputs = params.map((param, at) => parameterTerms(task, param, at));
  const constants = constantTerms(task, samples, types);
  const contextOf = (terms: readonly Term[]): Context => new Context(shared, 0, task.examples.length, [...terms, ...constants], 0);
  const returnText = isKnown(parseType(task.returnType)) ? task.returnType : undefined;
  const signature: Signature = { name: task.name, params, returnText: returnText ?? printType(returnType), file: task.file };
  const alone = (): Alone[] =>
    inputs
      .map((terms, at) => ({ context: contextOf(terms), restricted: isRestricted(params[at]?.name ?? "", task.words) }))
      .toSorted((left, right) => Number(right.restricted) - Number(left.restricted));
  return { task, signature, context: contextOf(inputs.flat()), solver: new Solver(), returnType, rows, alone };
}

/** Whether the order's words limit a parameter by its name: "whole must not be 0", "negative quantities are refused". */
function isRestricted(name: string, words: readonly string[]): boolean {
  const limit = "(must|not|never|cannot|negative|positive|invalid|empty|outside|below|above|less than|more than|zero)";
  const pattern = new RegExp(`\\b${name}\\b[^.;,]{0,24}\\b${limit}\\b|\\b${limit}\\b[^.;,]{0,12}\\b${name}`, "i");
  return words.some((text) => pattern.test(text));
}

function settleParams(task: SynthesisTask): Parameter[] | string {
  const params: Parameter[] = [];
  for (const [at, param] of task.params.entries()) {
    const given = parseType(param.type);
    const values = task.examples.map((example) => example.args[at]);
    const settled = settle(given, values);
    if (settled === undefined) return `The type ${param.type} of ${param.name} is not known and the examples do not show it.`;
    const absent = values.some((value) => value === undefined);
    const optional = param.optional === true;
    const type = optional || absent ? optionalOf(settled, undefined) : settled;
    params.push({ name: param.name, type, optional, text: isKnown(given) ? param.type : printType(settled) });
  }
  return params;
}

/** The types and all their parts. */
function closure(types: readonly Type[]): Type[] {
  const seen = new Map<string, Type>();
  const visit = (type: Type): void => {
    if (seen.has(type.key)) return;
    seen.set(type.key, type);
    switch (type.kind) {
      case "array":
        visit(type.element);
        return;
      case "record":
        visit(type.value);
        return;
      case "optional":
        visit(type.inner);
        return;
      case "literal":
        visit(type.base);
        return;
      case "tuple":
        for (const element of type.elements) visit(element);
        return;
      case "object":
        for (const field of type.fields) {
          visit(field.type);
          if (field.optional) visit(optionalOf(field.type, undefined));
        }
        return;
      case "number":
      case "string":
      case "boolean":
      case "regex":
      case "unknown":
        return;
    }
  };
  for (const type of types) visit(type);
  return [...seen.values()];
}

function parameterTerms(task: SynthesisTask, param: Parameter, at: number): Term[] {
  const values = task.examples.map((example) => example.args[at]);
  const term: Term = { type: param.type, cost: 1, rank: 1, values, node: { kind: "variable", name: param.name, path: [] }, local: false };
  return withFields(term);
}

function constantTerms(task: SynthesisTask, samples: readonly Sample[], types: readonly Type[]): Term[] {
  const fill = (value: unknown): unknown[] => new Array<unknown>(task.examples.length).fill(value);
  const make = (type: Type, value: unknown, cost: number, ugly: number, shown = false): Term => ({
    type,
    cost,
    rank: cost + ugly,
    values: fill(value),
    node: { kind: "constant", value },
    local: false,
    shown,
  });
  const mined = mineConstants(samples, task.words).map((constant) =>
    make(constant.type, constant.value, constant.cost, rankOver(constant, task.words), constant.shown),
  );
  const literals = types.flatMap((type) => (type.kind === "literal" ? type.values.map((value) => make(type, value, 1, 0)) : []));
  return [...mined, ...literals];
}

/** What a constant's rank is above its cost: little, more for odd values and for those an order that has words does not name. */
function rankOver(constant: Constant, words: readonly string[]): number {
  const unstated = words.length > 0 && !constant.stated && typeof constant.value === "number" && constant.value !== 0 && constant.value !== 1;
  return Math.min(0.9, ugliness(constant.value) / 2_000) + (unstated ? UNSTATED_RANK : 0);
}

const UNSTATED_RANK = 0.25;

/** A dependency was declared to be used. */
const DEPENDENCY_RANK = 0.3;

/** A dependency as an operation; where it throws, the call has no value. */
function dependencyComponent(dependency: TaskDependency): Component {
  const args = dependency.params.map((param) => {
    const type = parseType(param.type);
    return { type: param.optional === true ? optionalOf(type, undefined) : type };
  });
  return {
    name: `call:${dependency.name}`,
    args,
    result: parseType(dependency.returnType),
    cost: 1,
    rank: DEPENDENCY_RANK,
    apply: (...values: readonly unknown[]) => {
      try {
        return dependency.call(...values);
      } catch {
        // Which error it is does not matter to an expression that uses the result: it has no value here.
        return FAIL;
      }
    },
    print: (...codes) => call(dependency.name, ...codes),
  };
}

/** The search's main loop: larger banks until the best program is no longer likely to be beaten. */
function* findBody(setup: Setup): Generator<void, Term | undefined> {
  const { context, solver, rows, task } = setup;
  const target = task.examples.map((example) => ("expected" in example ? example.expected : FAIL));
  const goal: Goal = { type: setup.returnType, target, rows };
  const evidence = evidenceIn(goal);
  let best: { term: Term; score: number } | undefined;
  const bound = Math.min(MAX_BOUND, BASE_BOUND + BOUND_PER_EXAMPLE * rows.length);
  for (let level = 1; level <= MAX_LEVEL; level += 1) {
    yield* context.grow(level);
    const effort: Effort = { level, bound: best === undefined ? bound : best.score, depth: MAX_DEPTH, choices: true };
    const term = yield* solver.ask(context, goal, effort);
    if (term !== undefined) {
      const score = term.rank + IGNORED_COST * ignored(setup, term);
      if (best === undefined || score < best.score) best = { term, score };
    }
    if (best !== undefined && level >= lastLevelFor(best.score, evidence / descriptionBits(best.term))) break;
    if (context.shared.budget.exhausted || (context.full && level > context.level)) break;
  }
  return best?.term;
}

/**
 * Level after which a program of this score is taken: nothing much smaller is left to be found.
 *
 * @param surplus how many times over the examples say what the program says; a program that explains far more than it
 *   is long is not a coincidence
 */
function lastLevelFor(score: number, surplus: number): number {
  const patient = score <= 8 ? Math.ceil(score) - 2 : 6;
  if (surplus < 2 || score > 20) return patient;
  return Math.min(patient, surplus >= 3.5 ? 3 : 4);
}

/** Bits of a program for each unit of its rank, and for each character of a constant that only the examples show. */
const BITS_PER_RANK = 3.5;
const BITS_PER_CHAR = 4;

function descriptionBits(term: Term): number {
  let bits = term.rank * BITS_PER_RANK;
  walk(term, ({ node, shown }) => {
    if (node.kind === "constant" && shown === true) bits += bitsOf(node.value);
  });
  return bits;
}

/** How much the results of the examples say; a repeated result says little. */
function evidenceIn(goal: Goal): number {
  const seen = new Set<string>();
  let bits = 0;
  for (const row of goal.rows) {
    const key = keyOf(goal.target[row]);
    bits += seen.has(key) ? 1 : bitsOf(goal.target[row]);
    seen.add(key);
  }
  return bits;
}

function bitsOf(value: unknown): number {
  if (typeof value === "number") return 1 + Math.log2(1 + Math.abs(Number.isInteger(value) ? value : value * 100));
  if (typeof value === "string") return BITS_PER_CHAR * Math.min(value.length, 30);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + bitsOf(item), 2);
  if (isPlainObject(value)) return Object.values(value).reduce((sum: number, item) => sum + bitsOf(item), 2);
  return 1;
}

/** Names of the parameters an expression reads; a lambda's own variables are none. */
function parametersOf({ signature }: Setup, term: Term): Set<string> {
  const read = new Set<string>();
  walk(term, ({ node }) => {
    if (node.kind === "variable" && signature.params.some(({ name }) => name === node.name)) read.add(node.name);
  });
  return read;
}

/** How many parameters and dependencies the program does not use. */
function ignored(setup: Setup, term: Term): number {
  const params = setup.signature.params.length - parametersOf(setup, term).size;
  const calls = setup.task.dependencies.filter((dependency) => !uses({ guards: [], body: term }, dependency.name)).length;
  return params + calls;
}

/**
 * A condition on one parameter alone, in place of one that relates several: what a function refuses is mostly one bad
 * argument, and two that happen to be equal in the few calls that throw are no reason.
 */
function* testOfOneParameter(setup: Setup, goal: Goal): Generator<void, Term | undefined> {
  let best: Term | undefined;
  for (const { context, restricted } of setup.alone()) {
    yield* context.grow(MIN_GUARD_LEVEL);
    const test = yield* new Solver().ask(context, goal, { level: MIN_GUARD_LEVEL, bound: GUARD_BOUND, depth: 1, choices: false });
    if (test === undefined || isConstant(test)) continue;
    if (restricted) return test;
    best = better(best, test);
  }
  return best;
}

/** Conditions for the calls that must throw, one for each kind of error; undefined when none can be found. */
function* findGuards(setup: Setup, body: Term): Generator<void, Guard[] | undefined> {
  const { task, context, solver, rows } = setup;
  const names = task.examples.map((example) => ("throws" in example ? example.throws : undefined));
  const open = [...names.keys()].filter((row) => names[row] !== undefined && thrownBy(setup, body, row) !== names[row]);
  if (open.length === 0) return [];
  const guards: Guard[] = [];
  const kinds = [...new Set(open.map((row) => names[row]))].filter((name) => name !== undefined);
  for (const [at, error] of kinds.entries()) {
    const later = open.filter((row) => kinds.indexOf(names[row] ?? "") > at);
    const mine = open.filter((row) => names[row] === error);
    const target: unknown[] = task.examples.map(() => false);
    for (const row of mine) target[row] = true;
    const goal: Goal = { type: BOOLEAN, target, rows: [...rows, ...later, ...mine] };
    let test: Term | undefined;
    for (let level = MIN_GUARD_LEVEL; level <= MAX_GUARD_LEVEL && test === undefined; level += 1) {
      yield* context.grow(level);
      test = yield* solver.ask(context, goal, { level, bound: GUARD_BOUND, depth: 1, choices: level > MIN_GUARD_LEVEL });
    }
    if (test === undefined || isConstant(test)) return undefined;
    const simpler = parametersOf(setup, test).size > 1 ? yield* testOfOneParameter(setup, goal) : undefined;
    guards.push({ test: simpler ?? test, error });
  }
  return guards;
}

/** Expressions looked at for a guard: all that a person would compare at once, then larger ones; and the largest guard. */
const MIN_GUARD_LEVEL = 4;
const MAX_GUARD_LEVEL = 6;
const GUARD_BOUND = 20;

/** Name of the error the body alone throws on a row, if it throws. */
function thrownBy(setup: Setup, body: Term, row: number): string | undefined {
  const run = linked(setup, emit(setup, { guards: [], body }, false));
  const outcome = run === undefined ? undefined : outcomeOf(run, setup.task.examples[row]?.args ?? []);
  return outcome !== undefined && "threw" in outcome ? outcome.threw : undefined;
}

function emit(setup: Setup, program: FoundProgram, hoist: boolean): string {
  return emitFile(setup.signature, program, setup.task.dependencies, hoist);
}

function linked(setup: Setup, source: string): Callable | undefined {
  return parseFunction(source)?.link(Object.fromEntries(setup.task.dependencies.map((dependency) => [dependency.name, dependency.call])));
}

/** What a call gives: a value, or the name of what it throws. */
export function outcomeOf(run: Callable, args: readonly unknown[]): { readonly value: unknown } | { readonly threw: string } {
  try {
    return { value: run(...args) };
  } catch (err) {
    return { threw: err instanceof Error ? err.name : typeof err };
  }
}

/** The file's source, if what is written holds on every example when it is read back and run. */
function verifiedSource(setup: Setup, program: FoundProgram): string | undefined {
  for (const hoist of [true, false]) {
    const source = emit(setup, program, hoist);
    const run = linked(setup, source);
    if (run !== undefined && setup.task.examples.every((example) => holds(run, example))) return source;
  }
  return undefined;
}

function holds(run: Callable, example: TaskExample): boolean {
  const outcome = outcomeOf(run, example.args);
  if ("throws" in example) return "threw" in outcome && outcome.threw === example.throws;
  return "value" in outcome && sameValue(outcome.value, example.expected);
}

/** Lets other work of the process run; a macrotask, because promises alone would starve it. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}

export type SynthesisOptions = {
  readonly limits?: SynthesisLimits;
  readonly signal?: AbortSignal | undefined;
  /** Called after each slice. */
  readonly onSlice?: (() => void) | undefined;
};

/**
 * Runs the search without holding up the process.
 *
 * @throws the signal's reason when it is aborted
 */
export async function synthesize(task: SynthesisTask, options: SynthesisOptions = {}): Promise<SynthesisResult> {
  const search = synthesis(task, options.limits ?? DEFAULT_LIMITS);
  for (;;) {
    options.signal?.throwIfAborted();
    const step = search.next();
    if (step.done === true) return step.value;
    options.onSlice?.();
    await pause();
  }
}
