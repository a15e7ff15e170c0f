/** The operations of the expression language with a function over the elements of an array. Each prints as what it is in JavaScript. */
import { arrow, infix, method, own, PRECEDENCE, type Code } from "./code.ts";
import type { HigherOrder } from "./terms.ts";
import { FAIL } from "./values.ts";

const isTrue = (value: unknown): boolean => value === true;
const anyFail = (body: readonly unknown[]): boolean => body.includes(FAIL);

function lambdaCode(element: string, index: string | undefined, body: Code): Code {
  const parameters = index === undefined ? `(${element})` : `(${element}, ${index})`;
  const shown = body.text.startsWith("{") ? `(${body.text})` : body.text;
  return arrow(`${parameters} => ${shown}`);
}

function over(name: string): HigherOrder["print"] {
  return (source, { element, index, body }) => method(source, name, lambdaCode(element, index, body));
}

/** Operations with a condition over the elements. */
export const FILTER: HigherOrder = {
  name: "filter",
  cost: 1,
  apply: (items, body) => (anyFail(body) ? FAIL : items.filter((_, at) => isTrue(body[at]))),
  print: over("filter"),
};
export const SOME: HigherOrder = { name: "some", cost: 1, apply: (_, body) => (anyFail(body) ? FAIL : body.some(isTrue)), print: over("some") };
export const EVERY: HigherOrder = { name: "every", cost: 1, apply: (_, body) => (anyFail(body) ? FAIL : body.every(isTrue)), print: over("every") };
export const FIND_INDEX: HigherOrder = {
  name: "findIndex",
  cost: 2,
  apply: (_, body) => (anyFail(body) ? FAIL : body.findIndex(isTrue)),
  print: over("findIndex"),
};
export const FIND: HigherOrder = {
  name: "find",
  cost: 1,
  apply: (items, body) => (anyFail(body) ? FAIL : items.find((_, at) => isTrue(body[at]))),
  print: over("find"),
};

/** The body's value of each element. */
export const MAP: HigherOrder = { name: "map", cost: 1, apply: (_, body) => (anyFail(body) ? FAIL : [...body]), print: over("map") };
export const FLAT_MAP: HigherOrder = { name: "flatMap", cost: 1, apply: (_, body) => (anyFail(body) ? FAIL : body.flat(1)), print: over("flatMap") };

function byKey(items: readonly unknown[], body: readonly unknown[], direction: 1 | -1): unknown {
  if (anyFail(body)) return FAIL;
  const order = items.map((_, at) => at);
  // Array.prototype.sort is stable, so the same key order gives the same result as sorting the items themselves.
  order.sort((x, y) => direction * (Number(body[x]) - Number(body[y])));
  return order.map((at) => items[at]);
}

/** Stable sorts by a numeric key. */
export const SORT_UP: HigherOrder = {
  name: "sortUp",
  cost: 2,
  apply: (items, body) => byKey(items, body, 1),
  print: (source, { bodyWith }) => method(own(source), "sort", arrow(`(a, b) => ${infix(bodyWith("a"), "-", bodyWith("b"), PRECEDENCE.add).text}`)),
};
export const SORT_DOWN: HigherOrder = {
  name: "sortDown",
  cost: 2,
  apply: (items, body) => byKey(items, body, -1),
  print: (source, { bodyWith }) => method(own(source), "sort", arrow(`(a, b) => ${infix(bodyWith("b"), "-", bodyWith("a"), PRECEDENCE.add).text}`)),
};

function bestBy(items: readonly unknown[], body: readonly unknown[], direction: 1 | -1): unknown {
  if (anyFail(body) || items.length === 0) return FAIL;
  let best = 0;
  for (let at = 1; at < items.length; at += 1) if (direction * (Number(body[at]) - Number(body[best])) > 0) best = at;
  return items[best];
}

function printBest(operator: ">" | "<"): HigherOrder["print"] {
  return (source, { bodyWith }) =>
    method(source, "reduce", arrow(`(best, next) => (${infix(bodyWith("next"), operator, bodyWith("best"), PRECEDENCE.relation).text} ? next : best)`));
}

/** The first element with the greatest or the least key. */
export const GREATEST: HigherOrder = { name: "greatest", cost: 2, apply: (items, body) => bestBy(items, body, 1), print: printBest(">") };
export const LEAST: HigherOrder = { name: "least", cost: 2, apply: (items, body) => bestBy(items, body, -1), print: printBest("<") };
