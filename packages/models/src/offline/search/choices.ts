/**
 * Conditionals by divide and conquer: terms that are right on some rows are put together by a decision tree over
 * conditions that tell the rows apart.
 *
 * @see Alur, Radhakrishna, Udupa: Scaling Enumerative Program Synthesis via Divide and Conquer (EUSolver), TACAS 2017
 */
import type { Context } from "./context.ts";
import { CHOICE_COST, choiceTerm, constantTerm, type Effort, type Goal } from "./goals.ts";
import { isConstant, type Term } from "./terms.ts";
import { BOOLEAN, NUMBER, type Type } from "./types.ts";
import { keyOf, keyOfColumn, sameValue } from "./values.ts";

/** Rows a decision is learned from; bit masks hold them. */
const MAX_ROWS = 28;
/** Conditions and partial answers considered, cheapest first. */
const MAX_CONDITIONS = 260;
const MAX_LEAVES = 400;
/** Questions asked for the rows of one branch where no known term is right on them. */
const MAX_DEDUCED_LEAVES = 24;
/** What a branch costs that only one example speaks for. */
const LONELY_COST = 1.5;
/** Deepest tree, by how many rows there are. */
const depthFor = (rows: number): number => (rows > 16 ? 2 : rows > 10 ? 3 : 5);

type Leaf = { readonly mask: number; readonly term: Term };
/** `lonely` counts the branches that answer one example with what only that example shows. */
type Tree = { readonly rank: number; readonly term: Term; readonly lonely: number };

/** Answers the rows of one branch by deduction, without further conditionals. */
export type AskLeaf = (goal: Goal, bound: number) => Generator<void, Term | undefined>;

/** A decision tree that meets the goal. */
export function* chosen(context: Context, goal: Goal, effort: Effort, askLeaf: AskLeaf): Generator<void, Term | undefined> {
  let rows = telling(context, goal);
  // A tree learned from a part of the rows is checked on all; a row it fails on joins the part.
  for (let round = 0; round < 3; round += 1) {
    const learner = new TreeLearner(context, { ...goal, rows }, askLeaf);
    const tree = yield* learner.learn(effort.bound);
    if (tree === undefined) return undefined;
    const wrong = goal.rows.find((row) => !sameValue(tree.term.values[row], goal.target[row]));
    // A table of the examples says nothing about any other call.
    if (wrong === undefined) return tree.lonely * 2 > rows.length ? undefined : { ...tree.term, rank: tree.rank };
    rows = [...rows.slice(-MAX_ROWS + 1), wrong];
  }
  return undefined;
}

/** Rows that differ in what is known about them; at most as many as a mask holds. */
function telling(context: Context, goal: Goal): number[] {
  if (goal.rows.length <= MAX_ROWS) return [...goal.rows];
  const seen = new Set<string>();
  const distinct = goal.rows.filter((row) => {
    const key = `${keyOf(goal.target[row])}|${context.elementKey(row)}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const step = Math.max(1, distinct.length / MAX_ROWS);
  return Array.from({ length: Math.min(MAX_ROWS, distinct.length) }, (_, at) => distinct[Math.floor(at * step)] ?? 0);
}

class TreeLearner {
  readonly #context: Context;
  readonly #goal: Goal;
  readonly #askLeaf: AskLeaf;
  readonly #all: number;
  readonly #conditions: readonly Leaf[];
  readonly #leaves: readonly Leaf[];
  readonly #memo = new Map<string, { tree: Tree | undefined; bound: number }>();
  readonly #deduced = new Map<number, Term | undefined>();
  #questions = 0;

  constructor(context: Context, goal: Goal, askLeaf: AskLeaf) {
    this.#context = context;
    this.#goal = goal;
    this.#askLeaf = askLeaf;
    this.#all = 2 ** goal.rows.length - 1;
    this.#conditions = this.#distinctConditions();
    this.#leaves = this.#partialAnswers();
  }

  *learn(bound: number): Generator<void, Tree | undefined> {
    this.#context.shared.budget.spend(this.#context.terms(BOOLEAN).length / 30);
    if (this.#goal.rows.length < 2 || this.#conditions.length === 0) return undefined;
    return yield* this.#tree(this.#all, depthFor(this.#goal.rows.length), bound);
  }

  #maskOf(holds: (row: number) => boolean): number {
    let mask = 0;
    for (const [at, row] of this.#goal.rows.entries()) if (holds(row)) mask |= 1 << at;
    return mask;
  }

  #distinctConditions(): Leaf[] {
    const byMask = new Map<number, Leaf>();
    const { rows } = this.#goal;
    for (const term of this.#context.terms(BOOLEAN)) {
      if (!rows.every((row) => typeof term.values[row] === "boolean")) continue;
      const mask = this.#maskOf((row) => term.values[row] === true);
      if (mask === 0 || mask === this.#all) continue;
      const known = byMask.get(mask);
      if (known === undefined || known.term.rank > term.rank) byMask.set(mask, { mask, term });
    }
    return [...byMask.values()].sort((left, right) => left.term.rank - right.term.rank).slice(0, MAX_CONDITIONS);
  }

  #partialAnswers(): Leaf[] {
    const { type, target } = this.#goal;
    const byMask = new Map<number, Leaf>();
    const consider = (term: Term): void => {
      const mask = this.#maskOf((row) => sameValue(term.values[row], target[row]));
      if (mask === 0) return;
      const known = byMask.get(mask);
      if (known === undefined || known.term.rank > term.rank) byMask.set(mask, { mask, term });
    };
    for (const part of answerTypes(type)) for (const term of this.#context.terms(part)) consider(term);
    for (const constant of this.#constantAnswers()) consider(constant);
    return [...byMask.values()].sort((left, right) => left.term.rank - right.term.rank).slice(0, MAX_LEAVES);
  }

  /** Constants for results that a whole branch shares and for values only constants can have. */
  #constantAnswers(): Term[] {
    const { type, target, rows } = this.#goal;
    if (type.kind === "boolean") return [true, false].map((value) => constantTerm(this.#context, type, value, 1));
    if (type.kind === "optional") return [constantTerm(this.#context, type, type.empty, 1)];
    if (type.kind === "array" && rows.some((row) => Array.isArray(target[row]) && target[row].length === 0)) return [constantTerm(this.#context, type, [], 1)];
    return [];
  }

  #knownLeaf(mask: number): Term | undefined {
    return this.#leaves.find((leaf) => (leaf.mask & mask) === mask)?.term;
  }

  *#leaf(mask: number, bound: number): Generator<void, Tree | undefined> {
    const lonely = (mask & (mask - 1)) === 0;
    let term = this.#knownLeaf(mask);
    if (term === undefined && !lonely && mask !== this.#all) term = yield* this.#deducedLeaf(mask, bound);
    if (term === undefined) return undefined;
    return {
      term,
      rank: term.rank + (lonely ? LONELY_COST + (isConstant(term) ? 0 : 1) : 0),
      lonely: lonely && isConstant(term) && term.shown === true ? 1 : 0,
    };
  }

  *#deducedLeaf(mask: number, bound: number): Generator<void, Term | undefined> {
    if (this.#deduced.has(mask)) return this.#deduced.get(mask);
    if (this.#questions >= MAX_DEDUCED_LEAVES) return undefined;
    this.#questions += 1;
    const rows = this.#goal.rows.filter((_, at) => (mask & (1 << at)) !== 0);
    const term = yield* this.#askLeaf({ ...this.#goal, rows }, bound);
    this.#deduced.set(mask, term);
    return term;
  }

  *#tree(mask: number, depth: number, bound: number): Generator<void, Tree | undefined> {
    const key = `${mask}:${depth}`;
    const known = this.#memo.get(key);
    // A failure under a tighter bound says nothing about this one.
    if (known !== undefined && (known.tree !== undefined || known.bound >= bound))
      return known.tree !== undefined && known.tree.rank < bound ? known.tree : undefined;
    let best: Tree | undefined = yield* this.#leaf(mask, bound);
    if (best !== undefined && best.rank >= bound) best = undefined;
    if (depth > 0 && (mask & (mask - 1)) !== 0) best = yield* this.#split(mask, depth, bound, best);
    this.#context.shared.budget.spend(1);
    if (this.#context.shared.budget.pauseDue) yield;
    this.#memo.set(key, { tree: best, bound });
    return best;
  }

  *#split(mask: number, depth: number, bound: number, first: Tree | undefined): Generator<void, Tree | undefined> {
    let best = first;
    const tried = new Set<number>();
    for (const { mask: holds, term: test } of this.#conditions) {
      const limit = best?.rank ?? bound;
      if (test.rank + CHOICE_COST + 2 >= limit) break;
      const yes = mask & holds;
      const no = mask & ~holds;
      if (yes === 0 || no === 0 || tried.has(yes)) continue;
      tried.add(yes);
      // The side that a known term answers is looked at first: most splits fail there, at no cost.
      const [easy, hard] = this.#knownLeaf(yes) === undefined ? [no, yes] : [yes, no];
      const left = yield* this.#tree(easy, depth - 1, limit - test.rank - CHOICE_COST - 1);
      if (left === undefined) continue;
      const right = yield* this.#tree(hard, depth - 1, limit - test.rank - CHOICE_COST - left.rank);
      if (right === undefined) continue;
      const [then, otherwise] = easy === yes ? [left, right] : [right, left];
      const rank = test.rank + CHOICE_COST + then.rank + otherwise.rank;
      if (rank < limit) best = { rank, lonely: then.lonely + otherwise.lonely, term: choiceTerm(test, then.term, otherwise.term, this.#goal.type) };
    }
    return best;
  }
}

/** Types whose terms may stand where the type is wanted. */
export function answerTypes(type: Type): Type[] {
  return type.kind === "optional" ? [type, type.inner] : [type];
}

/** Conditions and constants of surcharges and factors that depend on a condition. */
const MAX_SWITCHES = 40;
const MAX_SWITCH_RANK = 4;
const MAX_SWITCHED = 8;

/** `condition ? a : b` of two constants the order names, or of one and 0 or 1: a surcharge or a factor among other parts. */
export function conditionalConstants(context: Context): Term[] {
  const seen = new Set<string>();
  const conditions = context
    .terms(BOOLEAN)
    .filter((term) => !isConstant(term) && term.rank <= MAX_SWITCH_RANK && (context.depth === 0 || term.local))
    .slice(0, MAX_SWITCHES);
  const constants = context
    .terms(NUMBER)
    .filter((term) => isConstant(term) && term.cost === 1)
    .slice(0, MAX_SWITCHED);
  const list: Term[] = [];
  for (const test of conditions) {
    for (const then of constants) {
      for (const otherwise of constants) {
        if (then === otherwise) continue;
        const term = choiceTerm(test, then, otherwise, NUMBER);
        const key = keyOfColumn(term.values);
        if (!seen.has(key)) list.push(term);
        seen.add(key);
      }
    }
  }
  context.shared.budget.spend(list.length / 4);
  return list;
}
