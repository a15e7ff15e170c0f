/** Expressions of the search: a typed node, its cost and its value on every row of its context. */
import type { Code } from "./code.ts";
import type { Type } from "./types.ts";

/**
 * What an argument of a component may be. `atom`: a variable or a constant; `constant`: only a constant; `plain`:
 * anything but a constant that was only seen among the examples' values; `mark`: a variable or a plain constant;
 * `read`: no constant at all.
 */
export type Argument = { readonly type: Type; readonly only?: "atom" | "constant" | "plain" | "mark" | "read"; readonly maxCost?: number };

/** An operation of the language: its meaning in JavaScript, and its source. */
export type Component = {
  readonly name: string;
  readonly args: readonly Argument[];
  readonly result: Type;
  /** Cost beyond that of the arguments, in the units of `Term.cost`. */
  readonly cost: number;
  /** The same for `Term.rank`, where it differs. */
  readonly rank?: number;
  /** The operation itself; it may throw or answer FAIL. */
  readonly apply: (...values: readonly never[]) => unknown;
  readonly print: (...args: readonly Code[]) => Code;
  /** Added to the rank of an operation that takes this one's result: a rounding belongs at the end of a computation. */
  readonly insideRank?: number;
  /** True when swapping the two arguments gives the same value. */
  readonly commutative?: boolean;
};

/** An operation with a function over the elements of an array. */
export type HigherOrder = {
  readonly name: string;
  readonly cost: number;
  /** Result for one row: the array and the body's value for each of its elements. */
  readonly apply: (items: readonly unknown[], body: readonly unknown[]) => unknown;
  readonly print: (source: Code, lambda: Lambda) => Code;
};

/** A function over an element as source: parameter names, body, and whether the index is used. */
export type Lambda = { readonly element: string; readonly index: string | undefined; readonly body: Code; readonly bodyWith: (element: string) => Code };

export type Node =
  | { readonly kind: "variable"; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: "element"; readonly scope: number; readonly path: readonly string[] }
  | { readonly kind: "index"; readonly scope: number }
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "call"; readonly component: Component; readonly args: readonly Term[] }
  | { readonly kind: "each"; readonly operation: HigherOrder; readonly source: Term; readonly scope: number; readonly body: Term }
  | { readonly kind: "choice"; readonly test: Term; readonly then: Term; readonly otherwise: Term }
  | { readonly kind: "object"; readonly fields: readonly { readonly name: string; readonly term: Term }[] }
  | { readonly kind: "list"; readonly items: readonly Term[] };

/** An expression with its values. */
export type Term = {
  readonly type: Type;
  /** Size of the program in the search's measure, a whole number; the bank grows by it. */
  readonly cost: number;
  /** Cost with a small addition for constants a person would not choose; of two programs that fit, the lower rank is preferred. */
  readonly rank: number;
  /** Value on each row of the context. */
  readonly values: readonly unknown[];
  readonly node: Node;
  /** True when the term reads the element or index of the innermost lambda of its context. */
  readonly local: boolean;
  /** True for a constant that is only known as a value of the examples: good to compare with or to answer, not to compute with. */
  readonly shown?: boolean;
};

/** What an argument adds to the rank of an operation. */
export function rankInside(arg: Term): number {
  return arg.rank + (arg.node.kind === "call" ? (arg.node.component.insideRank ?? 0) : 0);
}

/** True for a variable or a constant. */
export function isAtom(term: Term): boolean {
  const { kind } = term.node;
  return kind === "variable" || kind === "constant" || kind === "element" || kind === "index";
}

/** True for a constant. */
export function isConstant(term: Term): boolean {
  return term.node.kind === "constant";
}

/** Calls `visit` on the term and everything in it, outermost first. */
export function walk(term: Term, visit: (term: Term) => void): void {
  visit(term);
  const { node } = term;
  switch (node.kind) {
    case "variable":
    case "element":
    case "index":
    case "constant":
      return;
    case "call":
      for (const arg of node.args) walk(arg, visit);
      return;
    case "each":
      walk(node.source, visit);
      walk(node.body, visit);
      return;
    case "choice":
      walk(node.test, visit);
      walk(node.then, visit);
      walk(node.otherwise, visit);
      return;
    case "object":
      for (const field of node.fields) walk(field.term, visit);
      return;
    case "list":
      for (const item of node.items) walk(item, visit);
      return;
  }
}

const shapes = new WeakMap<Term, string>();

/** A text that is equal for two terms exactly when they are the same expression. */
export function shapeOf(term: Term): string {
  const known = shapes.get(term);
  if (known !== undefined) return known;
  const shape = describe(term.node);
  shapes.set(term, shape);
  return shape;
}

function describe(node: Node): string {
  switch (node.kind) {
    case "variable":
      return [node.name, ...node.path].join(".");
    case "element":
      return [`$${node.scope}`, ...node.path].join(".");
    case "index":
      return `#${node.scope}`;
    case "constant":
      return node.value instanceof RegExp ? String(node.value) : (JSON.stringify(node.value) ?? "undefined");
    case "call":
      return `${node.component.name}(${node.args.map(shapeOf).join(",")})`;
    case "each":
      return `${node.operation.name}(${shapeOf(node.source)},$${node.scope},${shapeOf(node.body)})`;
    case "choice":
      return `if(${shapeOf(node.test)},${shapeOf(node.then)},${shapeOf(node.otherwise)})`;
    case "object":
      return `{${node.fields.map((field) => `${field.name}:${shapeOf(field.term)}`).join(",")}}`;
    case "list":
      return `[${node.items.map(shapeOf).join(",")}]`;
    default:
      return node satisfies never;
  }
}
