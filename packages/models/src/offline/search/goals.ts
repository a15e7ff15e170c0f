/** What a search is asked for, and the terms that deduction builds. */
import { callTerm } from "./apply.ts";
import type { Context } from "./context.ts";
import type { Component, Term } from "./terms.ts";
import type { Type } from "./types.ts";
import { FAIL, sameValue } from "./values.ts";

/** An expression of the type whose value on each of the rows is the target's. */
export type Goal = { readonly type: Type; readonly target: readonly unknown[]; readonly rows: readonly number[] };

/** How far one question may go. */
export type Effort = {
  /** Cost up to which banks are grown for it. */
  readonly level: number;
  /** Only an answer of lower rank is wanted. */
  readonly bound: number;
  /** Deductions that may still be nested. */
  readonly depth: number;
  /** Whether conditionals may be used. */
  readonly choices: boolean;
};

/** An answer, produced in slices. */
export type Answer = Generator<void, Term | undefined>;

/** Asks a question inside another. */
export type Ask = (context: Context, goal: Goal, effort: Effort) => Answer;

/** True when the term has the wanted value on each row. */
export function meets(term: Term, goal: Goal): boolean {
  for (const row of goal.rows) if (!sameValue(term.values[row], goal.target[row])) return false;
  return true;
}

/** True when the term has a value on each row. */
export function isDefinedOn(term: Term, rows: readonly number[]): boolean {
  for (const row of rows) if (term.values[row] === FAIL) return false;
  return true;
}

/** A constant as a term. */
export function constantTerm(context: Context, type: Type, value: unknown, cost: number, ugly = 0): Term {
  const values = new Array<unknown>(context.rowCount).fill(value);
  return { type, cost, rank: cost + ugly, values, node: { kind: "constant", value }, local: false };
}

/** A component by its name. */
export function componentNamed(context: Context, name: string): Component {
  const component = context.shared.byName.get(name);
  if (component === undefined) throw new TypeError(`The component library has no ${name}.`);
  return component;
}

/** The operation applied to the terms, if it then meets the goal. */
export function applied(context: Context, name: string, args: readonly Term[]): Term | undefined {
  return callTerm(componentNamed(context, name), args, context.rowCount);
}

/** `test ? then : otherwise`. */
export function choiceTerm(test: Term, then: Term, otherwise: Term, type: Type): Term {
  const values = test.values.map((value, row) => (value === FAIL ? FAIL : value === true ? then.values[row] : otherwise.values[row]));
  return {
    type,
    cost: test.cost + then.cost + otherwise.cost + 1,
    rank: test.rank + then.rank + otherwise.rank + CHOICE_COST,
    values,
    node: { kind: "choice", test, then, otherwise },
    local: test.local || then.local || otherwise.local,
  };
}

/** Cost of a conditional beyond its parts. */
export const CHOICE_COST = 1.2;

/** The better of two answers. */
export function better(left: Term | undefined, right: Term | undefined): Term | undefined {
  if (left === undefined) return right;
  return right !== undefined && right.rank < left.rank ? right : left;
}
