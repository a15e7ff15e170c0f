/** Deduction for conditions: two known terms that are equal exactly where the target is true. */
import type { Context } from "./context.ts";
import { applied, better, isDefinedOn, meets, type Effort, type Goal } from "./goals.ts";
import { isConstant, walk, type Term } from "./terms.ts";
import { BOOLEAN, NUMBER, STRING, type Type } from "./types.ts";
import { keyOfColumn, sameValue } from "./values.ts";

/** Terms compared with each other. */
const MAX_COMPARED = 3_000;
/** Terms that agree on the true rows and are told apart on the others. */
const MAX_GROUP = 60;

/** `a === b`, looked up by the values on the rows where it must hold. */
export function* equality(context: Context, goal: Goal, effort: Effort): Generator<void, Term | undefined> {
  const holds = goal.rows.filter((row) => goal.target[row] === true);
  const fails = goal.rows.filter((row) => goal.target[row] === false);
  if (holds.length === 0 || fails.length === 0) return undefined;
  let best: Term | undefined;
  for (const [type, name] of [
    [STRING, "equalStrings"],
    [NUMBER, "equalNumbers"],
  ] as const) {
    for (const group of groups(context, type, goal.rows, holds)) {
      context.shared.budget.spend(1);
      if (context.shared.budget.pauseDue) yield;
      const pair = differingPair(group, fails, (best?.rank ?? effort.bound) - 1);
      const term = pair === undefined ? undefined : applied(context, name, pair);
      if (pair !== undefined && term !== undefined && meets(term, goal)) best = better(best, { ...term, rank: term.rank - sharedRank(pair[0], pair[1]) });
    }
  }
  return best;
}

function groups(context: Context, type: Type, rows: readonly number[], holds: readonly number[]): Term[][] {
  const index = new Map<string, Term[]>();
  for (const term of context.terms(type).slice(0, MAX_COMPARED)) {
    if (!isDefinedOn(term, rows) || (type === NUMBER && !rows.every((row) => Number.isInteger(term.values[row])))) continue;
    const key = keyOfColumn(term.values, holds);
    const group = index.get(key);
    if (group === undefined) index.set(key, [term]);
    else if (group.length < MAX_GROUP) group.push(term);
  }
  return [...index.values()].filter((group) => group.length > 1);
}

function differingPair(group: readonly Term[], fails: readonly number[], bound: number): readonly [Term, Term] | undefined {
  let best: readonly [Term, Term] | undefined;
  let rank = bound;
  for (const [at, left] of group.entries()) {
    for (const right of group.slice(at + 1)) {
      if (left.rank + right.rank - Math.max(left.rank, right.rank) >= rank || (isConstant(left) && isConstant(right))) continue;
      const together = left.rank + right.rank - sharedRank(left, right);
      if (together >= rank) continue;
      if (fails.every((row) => !sameValue(left.values[row], right.values[row]))) {
        best = [left, right];
        rank = together;
      }
    }
  }
  return best;
}

/** Share of a term's rank that is saved when it is compared with something made of itself: it is written once. */
const SHARED_SHARE = 0.7;

function sharedRank(left: Term, right: Term): number {
  const [inner, outer] = left.cost <= right.cost ? [left, right] : [right, left];
  let found = false;
  walk(outer, (term) => {
    if (term === inner) found = true;
  });
  return found ? inner.rank * SHARED_SHARE : 0;
}

/** Conditions combined with each other. */
const MAX_CONNECTED = 400;

/** `a && b` and `a || b` of two known conditions. */
export function* connected(context: Context, goal: Goal, effort: Effort): Generator<void, Term | undefined> {
  const known = context.terms(BOOLEAN).filter((term) => isDefinedOn(term, goal.rows) && !isConstant(term));
  let best: Term | undefined;
  for (const [name, decisive] of [
    ["and", false],
    ["or", true],
  ] as const) {
    // A part of a conjunction holds wherever the whole does, a part of a disjunction fails wherever the whole does.
    const parts = known
      .filter((term) => goal.rows.every((row) => goal.target[row] === decisive || term.values[row] === goal.target[row]))
      .slice(0, MAX_CONNECTED);
    const decided = goal.rows.filter((row) => goal.target[row] === decisive);
    context.shared.budget.spend(parts.length);
    for (const [at, left] of parts.entries()) {
      for (const right of parts.slice(at + 1)) {
        if (left.rank + right.rank + 1 >= (best?.rank ?? effort.bound)) break;
        if (!decided.every((row) => left.values[row] === decisive || right.values[row] === decisive)) continue;
        best = better(best, applied(context, name, [left, right]));
      }
      if (context.shared.budget.pauseDue) yield;
    }
  }
  return best;
}
