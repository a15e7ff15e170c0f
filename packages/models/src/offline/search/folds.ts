/** Totals, counts and extremes over the elements an array keeps under a condition: more than the bank can hold at its cost. */
import { eachTerm } from "./apply.ts";
import { arraysOf } from "./arrays.ts";
import type { Context } from "./context.ts";
import { applied } from "./goals.ts";
import { FILTER, MAP } from "./higher-order.ts";
import { readsIndex } from "./print.ts";
import { isAtom, type Term } from "./terms.ts";
import { arrayOf, BOOLEAN, NUMBER } from "./types.ts";
import { FAIL, hashColumn, keyOfColumn } from "./values.ts";

/** Arrays, conditions and values combined with each other. */
const MAX_SOURCES = 8;
const MAX_CONDITIONS = 60;
const MAX_VALUES = 60;
/** Values totalled without a condition. */
const MAX_TOTALS = 1_500;
/** Cost up to which the bank of a parameter's elements is grown; that of a derived array stays smaller. */
const MAX_INNER_LEVEL = 5;
/** Most expensive source used. */
const MAX_SOURCE_COST = 4;

const AGGREGATES = ["sum", "maximum", "minimum"] as const;

/**
 * Numeric terms that total, count or compare `source.filter(condition).map(value)` and that the bank does not have.
 *
 * @param level cost up to which the banks of the elements are grown
 */
export function* folds(context: Context, level: number): Generator<void, Term[]> {
  const list: Term[] = [];
  if (context.depth > 0) return list;
  const seen = new Set<number>();
  const keep = (term: Term | undefined): void => {
    if (term === undefined) return;
    const key = hashColumn(term.values);
    if (seen.has(key) || context.find(NUMBER, term.values) !== undefined) return;
    seen.add(key);
    list.push(term);
  };
  const sources = arraysOf(context, [])
    .filter((term) => term.cost <= MAX_SOURCE_COST && isWidelyDefined(term))
    .slice(0, MAX_SOURCES);
  for (const source of sources) {
    const child = context.child(source, true);
    if (child === undefined) continue;
    yield* child.grow(Math.min(level, source.cost <= 3 ? MAX_INNER_LEVEL : MAX_INNER_LEVEL - 2));
    const local = child.terms(NUMBER).filter((term) => term.local);
    // After a filter the index is another one.
    const values = local.filter((term) => !readsIndex(term, child.scope)).slice(0, MAX_VALUES);
    context.shared.budget.spend(local.length / 2);
    for (const value of local.slice(0, MAX_TOTALS)) {
      const all = eachTerm(MAP, source, child, value, arrayOf(NUMBER), context);
      for (const name of AGGREGATES) keep(all === undefined ? undefined : applied(context, name, [all]));
    }
    for (const { kept, condition } of distinctFilters(context, source, child)) {
      keep(applied(context, "size", [kept]));
      for (const value of values) {
        context.shared.budget.spend(1);
        const some = mapKept(kept, condition, value, source, child);
        for (const name of AGGREGATES) keep(applied(context, name, [some]));
      }
      if (context.shared.budget.pauseDue) yield;
    }
  }
  return list.sort((left, right) => left.rank - right.rank);
}

/** `kept.map(value)`: both lambdas read the same element, so they share its scope. */
function mapKept(kept: Term, condition: Term, value: Term, source: Term, child: Context): Term {
  const values = source.values.map((items, row) => {
    if (!Array.isArray(items) || kept.values[row] === FAIL) return FAIL;
    const from = child.offsets?.[row] ?? 0;
    const some = value.values.slice(from, from + items.length).filter((_, index) => condition.values[from + index] === true);
    return some.includes(FAIL) ? FAIL : some;
  });
  const node = { kind: "each", operation: MAP, source: kept, scope: child.scope, body: value } as const;
  return { type: arrayOf(NUMBER), cost: kept.cost + MAP.cost + value.cost, rank: kept.rank + MAP.cost + value.rank, values, node, local: kept.local };
}

/** True when most rows have a value: a list that one example cannot build is not what the function is about. */
function isWidelyDefined(term: Term): boolean {
  return term.values.filter((value) => value === FAIL).length * 3 <= term.values.length;
}

function distinctFilters(context: Context, source: Term, child: Context): { kept: Term; condition: Term }[] {
  const seen = new Set<string>();
  const list: { kept: Term; condition: Term }[] = [];
  for (const condition of child.terms(BOOLEAN)) {
    if (list.length >= MAX_CONDITIONS) break;
    if (!condition.local && !isAtom(condition)) continue;
    const kept = eachTerm(FILTER, source, child, condition, source.type, context);
    const key = kept === undefined ? "" : keyOfColumn(kept.values);
    if (kept === undefined || seen.has(key)) continue;
    seen.add(key);
    list.push({ kept, condition });
  }
  return list;
}
