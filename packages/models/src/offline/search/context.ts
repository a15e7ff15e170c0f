/**
 * A context holds what is in scope (parameters, or the element of a lambda), and the bank of expressions over it: all
 * expressions up to a cost, one for each distinct column of values (observational equivalence).
 */
import { eachTerm, evaluate, withFields } from "./apply.ts";
import type { Budget } from "./budget.ts";
import { EVERY, FILTER, FIND, FIND_INDEX, FLAT_MAP, GREATEST, LEAST, MAP, SOME, SORT_DOWN, SORT_UP } from "./higher-order.ts";
import { readsIndex } from "./print.ts";
import { isAtom, isConstant, rankInside, type Argument, type Component, type HigherOrder, type Term } from "./terms.ts";
import { arrayOf, BOOLEAN, NUMBER, optionalOf, STRING, type Type } from "./types.ts";
import { hashColumn, keyOf, keyOfColumn } from "./values.ts";

/** What all contexts of one search share. */
export type Shared = {
  readonly components: readonly Component[];
  /** Those that may stand inside a lambda. */
  readonly inner: readonly Component[];
  readonly byName: ReadonlyMap<string, Component>;
  /** Types of the function and of their parts; results of other types are of no use. */
  readonly types: ReadonlySet<string>;
  readonly budget: Budget;
  /** True when the order says something about the function. */
  readonly worded: boolean;
  nextScope: number;
};

/** A column weighs more the more rows it has: rows that cost as much as one candidate. */
const ROWS_PER_CANDIDATE = 24;
/** Elements of all examples together beyond which a lambda is not tried. */
const MAX_LAMBDA_ROWS = 260;
/** Lambdas may be nested this deep. */
const MAX_DEPTH = 2;
/** Arrays of one context over whose elements expressions are built; the cheapest come first. */
const MAX_CHILDREN = [26, 6, 0] as const;
/** Expressions kept in one context, by depth. */
const MAX_TERMS = [60_000, 3_500, 700] as const;
/** Expressions of the context around a lambda that are known inside it, beyond parameters and constants. */
const MAX_LIFTED = 32;
const MAX_LIFTED_COST = 5;

const EMPTY: readonly Term[] = [];

const FITS = {
  atom: isAtom,
  constant: isConstant,
  plain: (term: Term) => term.shown !== true,
  mark: (term: Term) => isAtom(term) && term.shown !== true,
  read: (term: Term) => !isConstant(term),
} as const;

export class Context {
  readonly scope: number;
  readonly depth: number;
  readonly rowCount: number;
  readonly shared: Shared;
  /** For each row of a lambda the row of the context around it. */
  readonly rowOf: readonly number[] | undefined;
  /** For each row of the context around it, the first row here. */
  readonly offsets: readonly number[] | undefined;
  readonly #byCost = new Map<string, Term[][]>();
  readonly #seen = new Map<string, Map<number, { term: Term; readonly at: number }>>();
  readonly #flat = new Map<string, Term[]>();
  readonly #children = new Map<string, Context | undefined>();
  readonly #seeds: readonly Term[];
  readonly #scratch: unknown[];
  #openChildren = 0;
  #extraChildren = 0;
  #size = 0;
  #level = 0;

  constructor(
    shared: Shared,
    depth: number,
    rowCount: number,
    seeds: readonly Term[],
    scope: number,
    rows?: { rowOf: readonly number[]; offsets: readonly number[] },
  ) {
    this.shared = shared;
    this.depth = depth;
    this.rowCount = rowCount;
    this.scope = scope;
    this.rowOf = rows?.rowOf;
    this.offsets = rows?.offsets;
    this.#seeds = seeds;
    this.#scratch = new Array<unknown>(rowCount).fill(undefined);
  }

  /** Cost up to which the bank is complete. */
  get level(): number {
    return this.#level;
  }

  /** True when nothing more is kept. */
  get full(): boolean {
    return this.#size >= (MAX_TERMS[this.depth] ?? 0);
  }

  /** All expressions of a type, cheapest first. */
  terms(type: Type): readonly Term[] {
    return this.#flat.get(type.key) ?? EMPTY;
  }

  /** The same by the type's key. */
  termsByKey(key: string): readonly Term[] {
    return this.#flat.get(key) ?? EMPTY;
  }

  /** Expressions of a type with exactly this cost. */
  atCost(type: Type, cost: number): readonly Term[] {
    return this.#byCost.get(type.key)?.[cost] ?? EMPTY;
  }

  /** The expression with exactly these values, if the bank has one. */
  find(type: Type, column: readonly unknown[]): Term | undefined {
    return this.#seen.get(type.key)?.get(hashColumn(column))?.term;
  }

  get types(): IterableIterator<string> {
    return this.#flat.keys();
  }

  /** A text that tells rows apart by what the seeds say of them, the index aside. */
  elementKey(row: number): string {
    return this.#seeds
      .filter((seed) => !isConstant(seed) && seed.node.kind !== "index")
      .map((seed) => keyOf(seed.values[row]))
      .join("|");
  }

  /** Makes the bank complete up to the level; yields whenever a pause is due. */
  *grow(level: number): Generator<void, void> {
    while (this.#level < level && !this.full && !this.shared.budget.exhausted) {
      const cost = this.#level + 1;
      for (const seed of this.#seeds) if (seed.cost === cost) this.#keep(seed);
      for (const component of this.depth === 0 ? this.shared.components : this.shared.inner) yield* this.#combine(component, cost);
      yield* this.#lambdas(cost);
      this.#level = cost;
    }
  }

  #keep(term: Term, key = hashColumn(term.values)): boolean {
    let seen = this.#seen.get(term.type.key);
    if (seen === undefined) {
      seen = new Map();
      this.#seen.set(term.type.key, seen);
      this.#byCost.set(term.type.key, []);
      this.#flat.set(term.type.key, []);
    }
    const known = seen.get(key);
    const lists = this.#byCost.get(term.type.key) ?? [];
    const flat = this.#flat.get(term.type.key) ?? [];
    const list = (lists[term.cost] ??= []);
    if (known !== undefined) {
      if (known.term.rank <= term.rank) return false;
      // The plainer term is what deduction finds; the bank itself goes on with the cheaper one, which has the same values.
      if (known.term.cost === term.cost) list[list.indexOf(known.term)] = term;
      flat[known.at] = term;
      known.term = term;
      return true;
    }
    seen.set(key, { term, at: flat.length });
    list.push(term);
    flat.push(term);
    this.#size += 1;
    return true;
  }

  #choices(argument: Argument, cost: number): readonly Term[] {
    if (argument.maxCost !== undefined && cost > argument.maxCost) return EMPTY;
    const list = this.atCost(argument.type, cost);
    if (argument.only === undefined) return list;
    const fits = FITS[argument.only];
    return list.every(fits) ? list : list.filter(fits);
  }

  *#combine(component: Component, cost: number): Generator<void, void> {
    const rest = cost - component.cost;
    const [first, second, third] = component.args;
    if (first === undefined || rest < component.args.length) return;
    if (component.args.length > 3) {
      yield* this.#many(component, [], rest, cost);
      return;
    }
    if (second === undefined) {
      for (const a of this.#choices(first, rest)) this.#apply(component, [a], cost);
      if (this.shared.budget.pauseDue) yield;
      return;
    }
    for (let costA = 1; costA < rest; costA += 1) {
      const listA = this.#choices(first, costA);
      if (listA.length === 0) continue;
      if (third === undefined) {
        const costB = rest - costA;
        if (component.commutative !== true || costA <= costB) yield* this.#pairs(component, listA, this.#choices(second, costB), cost, costA === costB);
        continue;
      }
      for (let costB = 1; costA + costB < rest; costB += 1) {
        const listB = this.#choices(second, costB);
        const listC = this.#choices(third, rest - costA - costB);
        if (listC.length === 0) continue;
        for (const a of listA) {
          for (const b of listB) for (const c of listC) this.#apply(component, [a, b, c], cost);
          if (this.full || this.shared.budget.exhausted) return;
          if (this.shared.budget.pauseDue) yield;
        }
      }
    }
  }

  /** Four arguments and more, one after the other. */
  *#many(component: Component, args: readonly Term[], rest: number, cost: number): Generator<void, void> {
    const argument = component.args[args.length];
    if (argument === undefined) {
      if (rest === 0) this.#apply(component, args, cost);
      return;
    }
    const others = component.args.length - args.length - 1;
    for (let costHere = 1; costHere <= rest - others; costHere += 1) {
      if (others === 0 && costHere !== rest) continue;
      for (const term of this.#choices(argument, costHere)) {
        yield* this.#many(component, [...args, term], rest - costHere, cost);
        if (this.full || this.shared.budget.exhausted) return;
      }
      if (this.shared.budget.pauseDue) yield;
    }
  }

  *#pairs(component: Component, listA: readonly Term[], listB: readonly Term[], cost: number, sameCost: boolean): Generator<void, void> {
    // Both arguments of a commutative operation have one type, so at the same cost the lists are the same list.
    const once = component.commutative === true && sameCost;
    for (const [at, a] of listA.entries()) {
      for (let other = once ? at : 0; other < listB.length; other += 1) {
        const b = listB[other];
        if (b !== undefined) this.#apply(component, [a, b], cost);
      }
      if (this.full || this.shared.budget.exhausted) return;
      if (this.shared.budget.pauseDue) yield;
    }
  }

  #apply(component: Component, args: readonly Term[], cost: number): void {
    let useful = false;
    let rank = component.rank ?? component.cost;
    for (const arg of args) {
      if (this.depth === 0 ? !isConstant(arg) : arg.local) useful = true;
      rank += rankInside(arg);
    }
    if (!useful) return;
    this.shared.budget.spend(1 + this.rowCount / ROWS_PER_CANDIDATE);
    if (!evaluate(component, args, this.#scratch)) return;
    const key = hashColumn(this.#scratch);
    const known = this.#seen.get(component.result.key)?.get(key);
    // Most candidates repeat a column that is known: nothing is made of them.
    if (known !== undefined && known.term.rank <= rank) return;
    const term: Term = {
      type: component.result,
      cost,
      rank,
      values: [...this.#scratch],
      node: { kind: "call", component, args },
      local: args.some((arg) => arg.local),
    };
    this.#keep(term, key);
  }

  /**
   * The context of the elements of an array, or undefined where that is not worth trying. Arrays with the same values
   * share it.
   *
   * @param asked true when a deduction asks, which has a reserve of its own beside that of the bank
   */
  child(source: Term, asked = false): Context | undefined {
    const key = `${source.type.key}|${keyOfColumn(source.values)}`;
    if (this.#children.has(key)) return this.#children.get(key);
    const limit = MAX_CHILDREN[this.depth] ?? 0;
    const open = asked ? this.#extraChildren : this.#openChildren;
    if (open >= limit) return undefined;
    const child = this.#makeChild(source);
    if (child !== undefined && asked) this.#extraChildren += 1;
    else if (child !== undefined) this.#openChildren += 1;
    this.#children.set(key, child);
    return child;
  }

  #makeChild(source: Term): Context | undefined {
    if (this.depth >= MAX_DEPTH || source.type.kind !== "array") return undefined;
    const rowOf: number[] = [];
    const offsets: number[] = [];
    const items: unknown[] = [];
    const indexes: number[] = [];
    for (let row = 0; row < this.rowCount; row += 1) {
      offsets.push(items.length);
      const value = source.values[row];
      if (!Array.isArray(value)) continue;
      for (const [index, item] of value.entries()) {
        rowOf.push(row);
        items.push(item);
        indexes.push(index);
      }
    }
    if (items.length < 2 || items.length > MAX_LAMBDA_ROWS) return undefined;
    const scope = (this.shared.nextScope += 1);
    const element: Term = { type: source.type.element, cost: 1, rank: 1, values: items, node: { kind: "element", scope, path: [] }, local: true };
    const index: Term = { type: NUMBER, cost: 1, rank: 1.1, values: indexes, node: { kind: "index", scope }, local: true };
    const seeds = [...withFields(element), index, ...this.#liftable().map((term) => lift(term, rowOf))];
    return new Context(this.shared, this.depth + 1, items.length, seeds, scope, { rowOf, offsets });
  }

  /** What a lambda in this context sees of it. */
  #liftable(): Term[] {
    const atoms = this.#seeds.filter(isAtom);
    const others: Term[] = [];
    for (const key of [NUMBER.key, STRING.key, arrayOf(NUMBER).key, arrayOf(STRING).key]) {
      let count = 0;
      for (const term of this.#flat.get(key) ?? []) {
        if (isAtom(term) || term.cost > MAX_LIFTED_COST || count >= MAX_LIFTED / 4) continue;
        if (this.depth > 0 && !term.local) continue;
        others.push(term);
        count += 1;
      }
    }
    return [...atoms, ...others];
  }

  /** Expressions with a function over the elements of an array. What is found joins the lists, so copies are walked. */
  *#lambdas(cost: number): Generator<void, void> {
    for (const key of Array.from(this.#flat.keys())) {
      for (let costA = 1; costA <= cost - 2; costA += 1) {
        for (const source of (this.#byCost.get(key)?.[costA] ?? EMPTY).slice()) {
          if (source.type.kind !== "array" || isConstant(source) || (this.depth > 0 && !isAtom(source))) continue;
          const child = this.child(source);
          if (child === undefined) continue;
          yield* child.grow(cost - costA - 1);
          this.#addBodies(source, child, cost, cost - costA);
          if (this.full || this.shared.budget.exhausted) return;
        }
      }
    }
  }

  #addBodies(source: Term, child: Context, cost: number, rest: number): void {
    if (source.type.kind !== "array") return;
    const { element } = source.type;
    const add = (operation: HigherOrder, bodyType: Type, result: Type): void => {
      for (const body of child.atCost(bodyType, rest - operation.cost)) {
        if (!body.local || (KEYED.has(operation) && readsIndex(body, child.scope))) continue;
        const term = eachTerm(operation, source, child, body, result, this);
        this.shared.budget.spend(1 + this.rowCount / ROWS_PER_CANDIDATE);
        if (term !== undefined && term.cost === cost && (this.depth === 0 || term.local)) this.#keep(term);
      }
    };
    add(FILTER, BOOLEAN, source.type);
    add(SOME, BOOLEAN, BOOLEAN);
    add(EVERY, BOOLEAN, BOOLEAN);
    add(FIND_INDEX, BOOLEAN, NUMBER);
    const found = optionalOf(element, undefined);
    if (this.shared.types.has(found.key)) add(FIND, BOOLEAN, found);
    add(MAP, NUMBER, arrayOf(NUMBER));
    add(MAP, STRING, arrayOf(STRING));
    for (const operation of [SORT_UP, SORT_DOWN]) add(operation, NUMBER, source.type);
    for (const operation of [GREATEST, LEAST]) add(operation, NUMBER, element);
    for (const type of [arrayOf(NUMBER), arrayOf(STRING)]) {
      add(FLAT_MAP, type, type);
      if (this.shared.types.has(arrayOf(type).key)) add(MAP, type, arrayOf(type));
    }
  }
}

const KEYED = new Set([SORT_UP, SORT_DOWN, GREATEST, LEAST]);

function lift(term: Term, rowOf: readonly number[]): Term {
  return { ...term, values: rowOf.map((row) => term.values[row]), local: false };
}
