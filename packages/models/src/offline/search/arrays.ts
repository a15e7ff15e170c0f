/** Deduction for arrays and objects: what each element must become, which elements stay, and each field on its own. */
import { callTerm, eachTerm } from "./apply.ts";
import type { Context } from "./context.ts";
import { better, isDefinedOn, meets, type Ask, type Effort, type Goal } from "./goals.ts";
import { FILTER, GREATEST, LEAST, MAP, SORT_DOWN, SORT_UP } from "./higher-order.ts";
import { readsIndex } from "./print.ts";
import { isConstant, type Term } from "./terms.ts";
import { arrayOf, BOOLEAN, isPlainObject, NUMBER, type Type } from "./types.ts";
import { FAIL, keyOf, keyOfColumn } from "./values.ts";

/** Arrays over whose elements one goal is asked. */
const MAX_SOURCES = 6;
/** Cost up to which the bank of a lambda is grown when a deduction asks. */
const MAX_INNER_LEVEL = 5;
/** Conditions tried for a filter before a map. */
const MAX_CONDITIONS = 160;
/** Elements of a list that is written out. */
const MAX_LIST_ITEMS = 4;

const itemsAt = (values: readonly unknown[], row: number): readonly unknown[] | undefined => {
  const value = values[row];
  return Array.isArray(value) ? value : undefined;
};

/** Not persisted: the arrays of a context by its level, found anew when it has grown. */
const arraysByContext = new WeakMap<Context, { readonly level: number; readonly terms: readonly Term[] }>();

/** Arrays in scope with a value on all rows, cheapest first. */
export function arraysOf(context: Context, rows: readonly number[]): Term[] {
  let known = arraysByContext.get(context);
  if (known === undefined || known.level !== context.level) {
    const terms: Term[] = [];
    for (const key of context.types) for (const term of context.termsByKey(key)) if (term.type.kind === "array" && !isConstant(term)) terms.push(term);
    known = { level: context.level, terms: terms.sort((left, right) => left.rank - right.rank) };
    arraysByContext.set(context, known);
  }
  context.shared.budget.spend(known.terms.length / 40);
  return known.terms.filter((term) => isDefinedOn(term, rows));
}

/** Rows of a lambda's context that belong to the given rows around it. */
function innerRows(child: Context, source: Term, rows: readonly number[]): number[] {
  return rows.flatMap((row) => (itemsAt(source.values, row) ?? []).map((_, index) => (child.offsets?.[row] ?? 0) + index));
}

/** `source.map(x => body)`, with a filter before it where lengths ask for one. */
export function* mapped(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  if (goal.type.kind !== "array") return undefined;
  const element = goal.type.element;
  let best: Term | undefined;
  const tried = new Set<string>();
  let count = 0;
  for (const source of sourcesFor(context, goal)) {
    const bound = (best?.rank ?? effort.bound) - source.rank - MAP.cost;
    if (bound <= 1) continue;
    const key = keyOfColumn(source.values, goal.rows);
    if (tried.has(key)) continue;
    tried.add(key);
    if ((count += 1) > MAX_SOURCES) break;
    const child = context.child(source, true);
    if (child === undefined) continue;
    yield* child.grow(Math.min(effort.level, MAX_INNER_LEVEL));
    const target: unknown[] = new Array(child.rowCount).fill(FAIL);
    for (const row of goal.rows) for (const [index, item] of (itemsAt(goal.target, row) ?? []).entries()) target[(child.offsets?.[row] ?? 0) + index] = item;
    const rows = innerRows(child, source, goal.rows);
    if (rows.length < 2) continue;
    const body = yield* ask(child, { type: element, target, rows }, { ...effort, bound, depth: effort.depth - 1, choices: true });
    const term = body === undefined ? undefined : eachTerm(MAP, source, child, body, goal.type, context);
    if (term !== undefined && meets(term, goal)) best = better(best, term);
  }
  return best;
}

/** Arrays whose lengths are those of the targets. */
function sourcesFor(context: Context, goal: Goal): Term[] {
  const lengths = goal.rows.map((row) => itemsAt(goal.target, row)?.length);
  const fits = (term: Term): boolean => goal.rows.every((row, at) => itemsAt(term.values, row)?.length === lengths[at]);
  const arrays = arraysOf(context, goal.rows);
  const list = arrays.filter(fits);
  for (const source of arrays.slice(0, MAX_SOURCES)) {
    if (!goal.rows.every((row, at) => (itemsAt(source.values, row)?.length ?? 0) >= (lengths[at] ?? 0))) continue;
    const child = context.child(source, true);
    if (child === undefined) continue;
    for (const condition of child.terms(BOOLEAN).slice(0, MAX_CONDITIONS)) {
      if (!condition.local) continue;
      context.shared.budget.spend(1);
      const kept = eachTerm(FILTER, source, child, condition, source.type, context);
      if (kept !== undefined && fits(kept)) list.push(kept);
    }
  }
  return list.sort((left, right) => left.rank - right.rank);
}

/** `source.filter(x => condition)`: which elements stay is read from the target. */
export function* filtered(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  let best: Term | undefined;
  let count = 0;
  for (const source of arraysOf(context, goal.rows)) {
    if (source.type.key !== goal.type.key) continue;
    const bound = (best?.rank ?? effort.bound) - source.rank - FILTER.cost;
    if (bound <= 1 || count >= MAX_SOURCES) break;
    const labels = labelsOf(source, goal);
    const child = labels === undefined ? undefined : context.child(source, true);
    if (labels === undefined || child === undefined) continue;
    count += 1;
    yield* child.grow(Math.min(effort.level, MAX_INNER_LEVEL));
    const target: unknown[] = new Array(child.rowCount).fill(FAIL);
    const all = innerRows(child, source, goal.rows);
    for (const [at, row] of all.entries()) target[row] = labels[at];
    const rows = all.filter((row) => target[row] !== undefined);
    const body = yield* ask(child, { type: BOOLEAN, target, rows }, { ...effort, bound, depth: effort.depth - 1, choices: true });
    const term = body === undefined ? undefined : eachTerm(FILTER, source, child, body, goal.type, context);
    if (term !== undefined && meets(term, goal)) best = better(best, term);
  }
  return best;
}

/**
 * For each element whether it stays, undefined where that is open (some of several equal elements stay); no labels
 * when the target is not what is left of the source.
 */
function labelsOf(source: Term, goal: Goal): (boolean | undefined)[] | undefined {
  const labels: (boolean | undefined)[] = [];
  for (const row of goal.rows) {
    const kept = (itemsAt(goal.target, row) ?? []).map(keyOf);
    const keys = (itemsAt(source.values, row) ?? []).map(keyOf);
    if (!isSubsequence(kept, keys)) return undefined;
    for (const key of keys) {
      const stay = kept.filter((other) => other === key).length;
      labels.push(stay === 0 ? false : stay === keys.filter((other) => other === key).length ? true : undefined);
    }
  }
  return labels.includes(true) && labels.includes(false) ? labels : undefined;
}

function isSubsequence(part: readonly string[], whole: readonly string[]): boolean {
  let at = 0;
  for (const key of whole) if (key === part[at]) at += 1;
  return at === part.length;
}

/** `[...left, ...right]` of two known arrays. */
export function* appended(context: Context, goal: Goal, effort: Effort): Generator<void, Term | undefined> {
  let best: Term | undefined;
  const joined = context.shared.components.find(({ name, result }) => name === "joined" && result.key === goal.type.key);
  if (joined === undefined) return undefined;
  const arrays = arraysOf(context, goal.rows).filter((term) => term.type.key === goal.type.key);
  const bySuffix = new Map(arrays.toReversed().map((term) => [keyOfColumn(term.values, goal.rows), term]));
  for (const left of arrays) {
    if (left.rank + 2 >= (best?.rank ?? effort.bound)) break;
    context.shared.budget.spend(1);
    if (context.shared.budget.pauseDue) yield;
    const rests: unknown[] = [...goal.target];
    const isPrefix = goal.rows.every((row) => {
      const items = itemsAt(left.values, row) ?? [];
      const wanted = itemsAt(goal.target, row) ?? [];
      rests[row] = wanted.slice(items.length);
      return items.length <= wanted.length && items.every((item, at) => keyOf(item) === keyOf(wanted[at]));
    });
    const right = isPrefix ? bySuffix.get(keyOfColumn(rests, goal.rows)) : undefined;
    const term = right === undefined ? undefined : callTerm(joined, [left, right], context.rowCount);
    if (term !== undefined && meets(term, goal)) best = better(best, term);
  }
  return best;
}

/** A stable sort by a numeric key that gives the target. */
export function* ordered(context: Context, goal: Goal, effort: Effort): Generator<void, Term | undefined> {
  let best: Term | undefined;
  let count = 0;
  const contents = (values: readonly unknown[]): string => keyOfColumn(goal.rows.map((row) => (itemsAt(values, row) ?? []).map(keyOf).toSorted()));
  const wanted = contents(goal.target);
  for (const source of arraysOf(context, goal.rows)) {
    if (source.type.key !== goal.type.key || contents(source.values) !== wanted) continue;
    if ((count += 1) > MAX_SOURCES) break;
    const child = context.child(source, true);
    if (child === undefined) continue;
    yield* child.grow(Math.min(effort.level, MAX_INNER_LEVEL));
    for (const operation of [SORT_UP, SORT_DOWN]) {
      for (const key of child.terms(NUMBER)) {
        if (source.rank + key.rank + operation.cost >= (best?.rank ?? effort.bound)) break;
        if (!key.local || readsIndex(key, child.scope)) continue;
        context.shared.budget.spend(1);
        const term = eachTerm(operation, source, child, key, goal.type, context);
        if (term !== undefined && meets(term, goal)) best = better(best, term);
      }
    }
  }
  return best;
}

/** An array or tuple of fixed length, each item asked for on its own. */
export function* listed(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  const length = itemsAt(goal.target, goal.rows[0] ?? 0)?.length ?? 0;
  if (length === 0 || length > MAX_LIST_ITEMS || !goal.rows.every((row) => itemsAt(goal.target, row)?.length === length)) return undefined;
  const items: Term[] = [];
  let spent = 1;
  for (let at = 0; at < length; at += 1) {
    const type: Type | undefined = goal.type.kind === "tuple" ? goal.type.elements[at] : goal.type.kind === "array" ? goal.type.element : undefined;
    if (type === undefined) return undefined;
    const target = goal.target.map((value) => (Array.isArray(value) ? value[at] : FAIL));
    const item = yield* ask(context, { type, target, rows: goal.rows }, { ...effort, bound: effort.bound - spent, depth: effort.depth - 1 });
    if (item === undefined) return undefined;
    items.push(item);
    spent += item.rank;
  }
  const values = Array.from({ length: context.rowCount }, (_, row) => whole(items.map((item) => item.values[row])));
  return { type: goal.type, cost: Math.ceil(spent), rank: spent, values, node: { kind: "list", items }, local: items.some((item) => item.local) };
}

/** An object, each field asked for on its own. */
export function* composed(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  if (goal.type.kind !== "object") return undefined;
  const fields: { name: string; term: Term }[] = [];
  let spent = 1;
  for (const field of goal.type.fields) {
    const held = goal.rows.filter((row) => isPlainObject(goal.target[row]) && Object.hasOwn(goal.target[row], field.name));
    if (held.length === 0 && field.optional) continue;
    if (held.length < goal.rows.length) return undefined;
    const target = goal.target.map((value) => (isPlainObject(value) ? value[field.name] : FAIL));
    const term = yield* ask(
      context,
      { type: field.type, target, rows: goal.rows },
      { ...effort, bound: effort.bound - spent, depth: effort.depth - 1, choices: true },
    );
    if (term === undefined) return undefined;
    fields.push({ name: field.name, term });
    spent += term.rank;
  }
  const values = Array.from({ length: context.rowCount }, (_, row) => {
    const entries = fields.map(({ name, term }) => [name, term.values[row]] as const);
    return entries.some(([, value]) => value === FAIL) ? FAIL : Object.fromEntries(entries);
  });
  const term: Term = {
    type: goal.type,
    cost: Math.ceil(spent),
    rank: spent,
    values,
    node: { kind: "object", fields },
    local: fields.some((field) => field.term.local),
  };
  return meets(term, goal) ? term : undefined;
}

function whole(items: readonly unknown[]): unknown {
  return items.includes(FAIL) ? FAIL : items;
}

/** Most expensive array an element is picked from. */
const MAX_EXTREME_COST = 4;

/** The element with the greatest or least key, where the bank's keys are not enough. */
export function* extreme(context: Context, goal: Goal, effort: Effort): Generator<void, Term | undefined> {
  let best: Term | undefined;
  let count = 0;
  if (context.depth > 0) return undefined;
  for (const source of arraysOf(context, [])) {
    if (source.type.key !== arrayOf(goal.type).key || source.cost > MAX_EXTREME_COST) continue;
    if ((count += 1) > MAX_SOURCES) break;
    const child = context.child(source, true);
    if (child === undefined) continue;
    yield* child.grow(Math.min(effort.level, MAX_INNER_LEVEL));
    for (const operation of [GREATEST, LEAST]) {
      for (const key of child.terms(NUMBER)) {
        if (source.rank + key.rank + operation.cost >= (best?.rank ?? effort.bound)) break;
        if (!key.local || readsIndex(key, child.scope)) continue;
        context.shared.budget.spend(1);
        const term = eachTerm(operation, source, child, key, goal.type, context);
        if (term !== undefined && meets(term, goal)) best = better(best, term);
      }
    }
  }
  return best;
}
