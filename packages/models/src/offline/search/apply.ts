/** Terms made of other terms: an operation applied to them, on every row. */
import type { Context } from "./context.ts";
import { readsScope } from "./print.ts";
import { rankInside, type Component, type HigherOrder, type Term } from "./terms.ts";
import { isPlainObject, optionalOf, type Type } from "./types.ts";
import { checked, FAIL } from "./values.ts";

/** Puts the operation's values into the column; false when it has a value nowhere. */
export function evaluate(component: Component, args: readonly Term[], column: unknown[]): boolean {
  // The argument types of a component are those of its terms, so its function takes their values.
  const apply = component.apply as (...values: readonly unknown[]) => unknown;
  const [a, b, c] = args;
  let some = false;
  for (let row = 0; row < column.length; row += 1) {
    const x = a?.values[row];
    const y = b?.values[row];
    const z = c?.values[row];
    let value: unknown = FAIL;
    if (x !== FAIL && y !== FAIL && z !== FAIL) {
      value = checked(args.length > 3 ? apply(...args.map((arg) => arg.values[row])) : apply(x, y, z));
    }
    column[row] = value;
    if (value !== FAIL) some = true;
  }
  return some;
}

/** An operation applied; undefined when it has a value nowhere. */
export function callTerm(component: Component, args: readonly Term[], rowCount: number): Term | undefined {
  const values = new Array<unknown>(rowCount).fill(undefined);
  if (!evaluate(component, args, values)) return undefined;
  let cost = component.cost;
  let rank = component.rank ?? component.cost;
  let local = false;
  for (const arg of args) {
    cost += arg.cost;
    rank += rankInside(arg);
    local ||= arg.local;
  }
  return { type: component.result, cost, rank, values, node: { kind: "call", component, args }, local };
}

/** A higher-order operation applied; undefined when it has a value nowhere. */
export function eachTerm(operation: HigherOrder, source: Term, child: Context, body: Term, type: Type, around: Context): Term | undefined {
  const offsets = child.offsets ?? [];
  const values = source.values.map((items, row) => {
    if (!Array.isArray(items)) return FAIL;
    const from = offsets[row] ?? 0;
    return checked(operation.apply(items, body.values.slice(from, from + items.length)));
  });
  if (!values.some((value) => value !== FAIL)) return undefined;
  const cost = source.cost + operation.cost + body.cost;
  const rank = source.rank + operation.cost + body.rank;
  return {
    type,
    cost,
    rank,
    values,
    node: { kind: "each", operation, source, scope: child.scope, body },
    local: source.local || (around.depth > 0 && readsScope(body, around.scope)),
  };
}

/** A term and its properties, two levels deep; a property is an atom like its object. */
export function withFields(term: Term): Term[] {
  const list = [term];
  const { node, type } = term;
  if (type.kind !== "object" || (node.kind !== "variable" && node.kind !== "element") || node.path.length >= 2) return list;
  for (const field of type.fields) {
    const values = term.values.map((value) => (isPlainObject(value) ? value[field.name] : FAIL));
    const fieldType = field.optional ? optionalOf(field.type, undefined) : field.type;
    list.push(...withFields({ ...term, type: fieldType, values, node: { ...node, path: [...node.path, field.name] } }));
  }
  return list;
}
