/** Source of a term. */
import { associative, atLeast, infix, literal, method, negate, PRECEDENCE, primary, type Code } from "./code.ts";
import { MAP } from "./higher-order.ts";
import { isConstant, shapeOf, walk, type Term } from "./terms.ts";
import { propertyName } from "./types.ts";

type ScopeNames = { readonly element: string; readonly index: string };

/** Names that printed source uses itself, or that would read badly. */
const RESERVED = new Set(["sum", "product", "value", "best", "next", "a", "b", "word", "index"]);

/** Prints terms of one function; it remembers the names of lambda parameters and of hoisted expressions. */
export class Printer {
  readonly #taken: ReadonlySet<string>;
  readonly #scopes = new Map<number, ScopeNames>();
  readonly #hoisted = new Map<string, string>();
  /** How often each expression that reads no lambda parameter was printed, by its shape. */
  readonly seen = new Map<string, { count: number; term: Term; source: string }>();

  /** @param taken names of the parameters and imports of the function */
  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  /** From now on the expression with this shape is printed as the name. */
  hoist(shape: string, name: string): void {
    this.#hoisted.set(shape, name);
  }

  /** A name that collides with no parameter, import or hoisted expression. */
  freeName(base: string): string {
    const used = new Set([...this.#taken, ...this.#hoisted.values(), ...[...this.#scopes.values()].flatMap((names) => [names.element, names.index])]);
    let name = base;
    for (let number = 2; used.has(name); number += 1) name = `${base}${number}`;
    return name;
  }

  print(term: Term): Code {
    if (term.node.kind === "variable" || isConstant(term) || readsLambda(term)) return this.#print(term);
    const shape = shapeOf(term);
    const name = this.#hoisted.get(shape);
    if (name !== undefined) return term.type.kind === "string" ? { ...primary(name), parts: [{ text: name, isString: true }] } : primary(name);
    const code = this.#print(term);
    const entry = this.seen.get(shape);
    if (entry === undefined) this.seen.set(shape, { count: 1, term, source: code.text });
    else entry.count += 1;
    return code;
  }

  /** Source of a hoisted expression itself, with its parts hoisted. */
  printDefinition(term: Term): Code {
    return this.#print(term);
  }

  #print(term: Term): Code {
    const { node } = term;
    switch (node.kind) {
      case "variable":
        return this.#path(node.name, node.path, term);
      case "element":
        return this.#path(this.#namesOf(node.scope).element, node.path, term);
      case "index":
        return primary(this.#namesOf(node.scope).index);
      case "constant":
        return literal(node.value);
      case "call":
        return this.#call(node);
      case "each":
        return this.#each(node);
      case "choice":
        return this.#choice(term, node);
      case "object": {
        const fields = node.fields.map(({ name, term: field }) => {
          const value = this.print(field).text;
          return value === name ? name : `${propertyName(name)}: ${value}`;
        });
        return primary(fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`);
      }
      case "list":
        return primary(`[${node.items.map((item) => this.print(item).text).join(", ")}]`);
      default:
        return node satisfies never;
    }
  }

  #path(root: string, path: readonly string[], term: Term): Code {
    const text = [root, ...path.map((name) => (propertyName(name) === name ? `.${name}` : `[${JSON.stringify(name)}]`))].join("");
    return term.type.kind === "string" ? { ...primary(text), parts: [{ text, isString: true }] } : primary(text);
  }

  #namesOf(scope: number): ScopeNames {
    return this.#scopes.get(scope) ?? { element: "item", index: "at" };
  }

  #call(node: Extract<Term["node"], { kind: "call" }>): Code {
    const [first] = node.args;
    if ((node.component.name === "sum" || node.component.name === "product") && first?.node.kind === "each" && first.node.operation === MAP) {
      const fold = this.#fold(node.component.name, first.node);
      if (fold !== undefined) return fold;
    }
    return node.component.print(...node.args.map((arg) => this.print(arg)));
  }

  /** `reduce` with the mapped value inside, instead of a `map` before it. */
  #fold(name: "sum" | "product", node: Extract<Term["node"], { kind: "each" }>): Code | undefined {
    if (readsIndex(node.body, node.scope)) return undefined;
    const source = this.print(node.source);
    const { element } = this.#enter(node, source);
    const operator = name === "sum" ? "+" : "*";
    const body = infix(primary(name), operator, this.print(node.body), name === "sum" ? PRECEDENCE.add : PRECEDENCE.multiply);
    return method(source, "reduce", { text: `(${name}, ${element}) => ${body.text}`, precedence: PRECEDENCE.arrow }, primary(name === "sum" ? "0" : "1"));
  }

  #each(node: Extract<Term["node"], { kind: "each" }>): Code {
    const source = this.print(node.source);
    const names = this.#enter(node, source);
    const body = this.print(node.body);
    const usesIndex = readsIndex(node.body, node.scope);
    const element = usesIndex && !readsElement(node.body, node.scope) ? "_" : names.element;
    return node.operation.print(source, {
      element,
      index: usesIndex ? names.index : undefined,
      body,
      bodyWith: (name) => {
        this.#scopes.set(node.scope, { ...names, element: name });
        const code = this.print(node.body);
        this.#scopes.set(node.scope, names);
        return code;
      },
    });
  }

  #enter(node: Extract<Term["node"], { kind: "each" }>, source: Code): ScopeNames {
    const known = this.#scopes.get(node.scope);
    if (known !== undefined) return known;
    const base = elementName(source.text, node.source);
    const names = {
      element: this.freeName(RESERVED.has(base) && base !== "word" && base !== "value" ? `${base}Item` : base),
      index: this.freeName("index"),
    };
    this.#scopes.set(node.scope, names);
    return names;
  }

  #choice(term: Term, node: Extract<Term["node"], { kind: "choice" }>): Code {
    const test = this.print(node.test);
    if (term.type.kind === "boolean") {
      const simple = this.#logic(test, node.then, node.otherwise);
      if (simple !== undefined) return simple;
    }
    const then = this.print(node.then);
    const otherwise = this.print(node.otherwise);
    const text = `${atLeast(test, PRECEDENCE.or)} ? ${atLeast(then, PRECEDENCE.or)} : ${atLeast(otherwise, PRECEDENCE.conditional)}`;
    return { text, precedence: PRECEDENCE.conditional };
  }

  /** A choice with a constant branch as `&&` or `||`. */
  #logic(test: Code, then: Term, otherwise: Term): Code | undefined {
    const constant = (branch: Term): unknown => (branch.node.kind === "constant" ? branch.node.value : undefined);
    if (constant(then) === true) return associative(test, "||", this.print(otherwise), PRECEDENCE.or);
    if (constant(then) === false) return associative(negate(test), "&&", this.print(otherwise), PRECEDENCE.and);
    if (constant(otherwise) === false) return associative(test, "&&", this.print(then), PRECEDENCE.and);
    if (constant(otherwise) === true) return associative(negate(test), "||", this.print(then), PRECEDENCE.or);
    return undefined;
  }
}

/** True when the term reads the element or the index of any lambda. */
export function readsLambda(term: Term): boolean {
  let bound = new Set<number>();
  let reads = false;
  walk(term, ({ node }) => {
    if (node.kind === "each") bound = new Set([...bound, node.scope]);
    if ((node.kind === "element" || node.kind === "index") && !bound.has(node.scope)) reads = true;
  });
  return reads;
}

/** True when the term reads the index of the lambda. */
export function readsIndex(term: Term, scope: number): boolean {
  let reads = false;
  walk(term, ({ node }) => {
    if (node.kind === "index" && node.scope === scope) reads = true;
  });
  return reads;
}

/** True when the term reads the element or the index of the lambda. */
export function readsScope(term: Term, scope: number): boolean {
  return readsIndex(term, scope) || readsElement(term, scope);
}

function readsElement(term: Term, scope: number): boolean {
  let reads = false;
  walk(term, ({ node }) => {
    if (node.kind === "element" && node.scope === scope) reads = true;
  });
  return reads;
}

/** A name for an element of the array with this source. */
function elementName(source: string, array: Term): string {
  const plain = /(?:^|[.])([A-Za-z_$][\w$]*)$/.exec(source)?.[1];
  if (plain !== undefined && singular(plain) !== plain) return singular(plain);
  if (source.includes('.split("")')) return "char";
  if (/\.split\((?:" "|\/\\s\+\/)/.test(source)) return "word";
  if (source.includes(".split(")) return "part";
  const element = array.type.kind === "array" ? array.type.element.kind : "unknown";
  if (element === "number") return "value";
  const inner = /^\[?(?:\.\.\.)?([A-Za-z_$][\w$]*)/.exec(source)?.[1];
  return inner !== undefined && singular(inner) !== inner ? singular(inner) : "item";
}

function singular(name: string): string {
  if (name.endsWith("ies") && name.length > 4) return `${name.slice(0, -3)}y`;
  if (/(?:xes|ches|shes|sses)$/.test(name)) return name.slice(0, -2);
  if (/[^s]s$/.test(name) && name.length > 2) return name.slice(0, -1);
  return name;
}
