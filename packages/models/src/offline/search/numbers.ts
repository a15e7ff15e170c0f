/** Deduction for numbers: the last operation is guessed, and its missing operand is looked up. */
import type { Context } from "./context.ts";
import { applied, better, constantTerm, isDefinedOn, meets, type Effort, type Goal } from "./goals.ts";
import { ugliness } from "./constants.ts";
import { isConstant, type Term } from "./terms.ts";
import { NUMBER } from "./types.ts";

/** Operands tried for the last operation, and its possible partners. */
const MAX_OPERANDS = 3_000;
const MAX_PARTNERS = 12_000;
/** Operands tried below a rounding, where the partner is only known within an interval. */
const MAX_ROUNDED_OPERANDS = 500;
const MAX_ROUNDED_PARTNERS = 8_000;
/** Terms tried as `x` of `x * m + b`. */
const MAX_AFFINE_TERMS = 600;

const numberAt = (term: Term, row: number): number => {
  const value = term.values[row];
  return typeof value === "number" ? value : Number.NaN;
};

const goalAt = (goal: Goal, row: number): number => {
  const value = goal.target[row];
  return typeof value === "number" ? value : Number.NaN;
};

/** Rows a lookup is keyed by; what agrees on them is compared on all. */
const KEY_ROWS = 8;

/** A hash of numbers to six decimals: operands that differ by rounding errors find each other and are then compared exactly. */
function hashOf(rows: readonly number[], valueAt: (row: number) => number): number {
  let hash = 0;
  for (const row of rows) {
    const scaled = Math.round(valueAt(row) * 1e6);
    hash = Math.imul(hash ^ (scaled | 0), 0x9e3779b1) ^ Math.imul((scaled / 4_294_967_296) | 0, 0x85ebca6b);
    hash = (hash << 13) | (hash >>> 19);
  }
  return hash;
}

/** Numeric terms with a value on every row of the goal, cheapest first. */
function operandsOf(context: Context, goal: Goal, extra: readonly Term[], limit: number): Term[] {
  const list: Term[] = [];
  for (const term of [...context.terms(NUMBER), ...extra]) {
    if (list.length >= limit) break;
    if (isDefinedOn(term, goal.rows)) list.push(term);
  }
  return list.sort((left, right) => left.rank - right.rank);
}

/** How an operand's partner follows from the target, for each operation with the operand on either side. */
const INVERSES: readonly { readonly name: string; readonly swapped: boolean; readonly partner: (target: number, operand: number) => number }[] = [
  { name: "add", swapped: false, partner: (target, operand) => target - operand },
  { name: "subtract", swapped: false, partner: (target, operand) => operand - target },
  { name: "subtract", swapped: true, partner: (target, operand) => target + operand },
  { name: "multiply", swapped: false, partner: (target, operand) => target / operand },
  { name: "divide", swapped: false, partner: (target, operand) => operand / target },
  { name: "divide", swapped: true, partner: (target, operand) => target * operand },
];

/**
 * An operation of two known terms that gives the target.
 *
 * @param extra terms that are known beside the bank
 */
export function* lastOperation(context: Context, goal: Goal, effort: Effort, extra: readonly Term[]): Generator<void, Term | undefined> {
  const partners = operandsOf(context, goal, extra, MAX_PARTNERS);
  const rows = goal.rows.slice(0, KEY_ROWS);
  const index = new Map<number, Term>();
  for (const term of partners) {
    const key = hashOf(rows, (row) => numberAt(term, row));
    if (!index.has(key)) index.set(key, term);
  }
  context.shared.budget.spend(partners.length / 8);
  let best: Term | undefined;
  for (const operand of partners.slice(0, MAX_OPERANDS)) {
    const limit = best?.rank ?? effort.bound;
    if (operand.rank + 2 >= limit) break;
    context.shared.budget.spend(2);
    if (context.shared.budget.pauseDue) yield;
    for (const inverse of INVERSES) {
      const partner = index.get(hashOf(rows, (row) => inverse.partner(goalAt(goal, row), numberAt(operand, row))));
      if (partner === undefined || operand.rank + partner.rank + 1 >= limit || (isConstant(operand) && isConstant(partner))) continue;
      const term = applied(context, inverse.name, inverse.swapped ? [partner, operand] : [operand, partner]);
      if (term !== undefined && meets(term, goal)) best = better(best, term);
    }
  }
  return best;
}

type Rounding = { readonly name: string; readonly low: number; readonly high: number };

/** Roundings that could have made these targets, with the distance of what was rounded. */
function roundingsFor(goal: Goal): Rounding[] {
  const targets = goal.rows.map((row) => goalAt(goal, row));
  const list: Rounding[] = [];
  if (targets.every(Number.isInteger)) {
    list.push({ name: "round", low: -0.5, high: 0.5 }, { name: "floor", low: 0, high: 1 }, { name: "ceil", low: -1, high: 0 });
  }
  const hasDigits = (digits: number): boolean => targets.every((value) => Number(value.toFixed(digits)) === value);
  if (hasDigits(2)) list.push({ name: "roundToCents", low: -0.005, high: 0.005 });
  if (hasDigits(1) && !hasDigits(0)) list.push({ name: "roundToTenths", low: -0.05, high: 0.05 });
  return list;
}

/** A rounded operation of two known terms. */
export function* roundedOperation(context: Context, goal: Goal, effort: Effort, extra: readonly Term[]): Generator<void, Term | undefined> {
  // Inside a lambda small whole numbers are everywhere, and almost anything rounds to them.
  const roundings = roundingsFor(goal).filter((rounding) => context.depth === 0 || rounding.name.startsWith("roundTo"));
  const [pivot] = [...goal.rows].sort((left, right) => Math.abs(goalAt(goal, right)) - Math.abs(goalAt(goal, left)));
  if (pivot === undefined || roundings.length === 0) return undefined;
  const operands = operandsOf(context, goal, extra, MAX_ROUNDED_PARTNERS);
  const sorted = [...operands].sort((left, right) => numberAt(left, pivot) - numberAt(right, pivot));
  const column = Float64Array.from(sorted, (term) => numberAt(term, pivot));
  let best: Term | undefined;
  for (const rounding of roundings) {
    for (const operand of operands.slice(0, MAX_ROUNDED_OPERANDS)) {
      const limit = best?.rank ?? effort.bound;
      if (operand.rank + 2 >= limit) break;
      context.shared.budget.spend(2);
      if (context.shared.budget.pauseDue) yield;
      for (const inverse of INVERSES) {
        const range = partnerRange(goalAt(goal, pivot), rounding, (target) => inverse.partner(target, numberAt(operand, pivot)));
        for (const at of within(column, range)) {
          const partner = sorted[at];
          if (partner === undefined || operand.rank + partner.rank + 1 >= limit || (isConstant(operand) && isConstant(partner))) continue;
          context.shared.budget.spend(0.5);
          const inner = applied(context, inverse.name, inverse.swapped ? [partner, operand] : [operand, partner]);
          const term = inner === undefined ? undefined : applied(context, rounding.name, [inner]);
          if (term !== undefined && meets(term, goal)) best = better(best, term);
        }
      }
    }
  }
  return best;
}

function partnerRange(target: number, rounding: Rounding, partner: (target: number) => number): readonly [number, number] {
  const ends = [partner(target + rounding.low), partner(target + rounding.high)];
  const low = Math.min(...ends);
  const high = Math.max(...ends);
  const slack = Math.abs(high) * 1e-12;
  return [low - slack, high + slack];
}

/** Most partners looked at for one operand; an interval that holds more says nothing. */
const MAX_HITS = 60;

/** Positions of a sorted column inside the interval. */
function* within(column: Float64Array, [low, high]: readonly [number, number]): Generator<number, void> {
  if (!(low <= high)) return;
  let from = 0;
  let to = column.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((column[middle] ?? 0) < low) from = middle + 1;
    else to = middle;
  }
  for (let at = from; at < column.length && at < from + MAX_HITS && (column[at] ?? 0) <= high; at += 1) yield at;
}

/** Interval of the exact value before a rounding; no rounding leaves a hair's breadth. */
function intervals(goal: Goal, rounding: Rounding | undefined): { row: number; low: number; high: number }[] {
  return goal.rows.map((row) => {
    const target = goalAt(goal, row);
    const slack = Math.abs(target) * 1e-12 + 1e-12;
    return { row, low: target + (rounding?.low ?? 0) - slack, high: target + (rounding?.high ?? 0) + slack };
  });
}

/** The number with the fewest digits in the interval, or undefined when all have more than six. */
export function plainestIn(low: number, high: number): number | undefined {
  if (!(low <= high)) return undefined;
  if (low <= 0 && high >= 0) return 0;
  for (let digits = 0; digits <= 6; digits += 1) {
    const scale = 10 ** digits;
    const first = Math.ceil(low * scale - 1e-9) / scale;
    if (first <= high) return rounder(low, high, digits) ?? first;
  }
  return undefined;
}

function rounder(low: number, high: number, digits: number): number | undefined {
  if (digits > 0) return undefined;
  for (let unit = 10 ** Math.floor(Math.log10(Math.max(Math.abs(low), Math.abs(high), 1))); unit >= 1; unit /= 10) {
    const candidate = Math.ceil(low / unit) * unit;
    if (candidate <= high) return candidate;
  }
  return undefined;
}

/** What it counts against a solved constant that the order has words for everything and does not name it. */
const UNSTATED_COST = 1;

/** Cost of a constant that was solved for: more the more digits it has. */
function solvedConstant(context: Context, value: number): Term {
  const known = context.terms(NUMBER).find((term) => term.node.kind === "constant" && Object.is(term.node.value, value));
  const digits = Math.max(1, Math.floor(ugliness(value) / 100));
  const unstated = context.shared.worded ? UNSTATED_COST : 0;
  return known ?? constantTerm(context, NUMBER, value, 2 + Math.max(0, digits - 2), unstated + ugliness(value) / 2_000);
}

/** `x * m`, `x / d`, `x + b` or `x * m + b`, perhaps rounded, with constants solved from the rows. */
export function* affine(context: Context, goal: Goal, effort: Effort, extra: readonly Term[]): Generator<void, Term | undefined> {
  if (goal.rows.length < 2) return undefined;
  let best: Term | undefined;
  for (const rounding of [undefined, ...roundingsFor(goal)]) {
    const ranges = intervals(goal, rounding);
    for (const term of operandsOf(context, goal, extra, MAX_AFFINE_TERMS)) {
      const limit = best?.rank ?? effort.bound;
      if (term.rank + 2 >= limit) break;
      if (isConstant(term)) continue;
      context.shared.budget.spend(1);
      for (const candidate of affineTerms(context, term, ranges)) {
        const whole = rounding === undefined ? candidate : applied(context, rounding.name, [candidate]);
        if (whole !== undefined && whole.rank < limit && meets(whole, goal)) best = better(best, whole);
      }
    }
    if (context.shared.budget.pauseDue) yield;
  }
  return best;
}

type Range = { readonly row: number; readonly low: number; readonly high: number };

function* affineTerms(context: Context, term: Term, ranges: readonly Range[]): Generator<Term, void> {
  const distinct = new Set(ranges.map(({ row }) => numberAt(term, row))).size;
  if (distinct < 2) return;
  const shift = meet(ranges.map(({ row, low, high }) => [low - numberAt(term, row), high - numberAt(term, row)]));
  if (shift !== undefined && shift !== 0) yield* shifted(context, term, shift);
  const factors = ranges.filter(({ row }) => numberAt(term, row) !== 0);
  const factor = factors.length < 2 ? undefined : meet(factors.map(({ row, low, high }) => ordered(low / numberAt(term, row), high / numberAt(term, row))));
  if (factor !== undefined && factor !== 0 && factor !== 1) yield* scaled(context, term, factor);
  if (distinct < 3) return;
  const slope = slopeOf(term, ranges);
  if (slope === undefined || slope === 0) return;
  for (const product of scaled(context, term, slope)) {
    const rest = meet(ranges.map(({ row, low, high }) => [low - numberAt(product, row), high - numberAt(product, row)]));
    if (rest !== undefined && rest !== 0) yield* shifted(context, product, rest);
  }
}

const ordered = (a: number, b: number): readonly [number, number] => (a <= b ? [a, b] : [b, a]);

function meet(ranges: readonly (readonly [number, number])[]): number | undefined {
  return plainestIn(Math.max(...ranges.map(([low]) => low)), Math.min(...ranges.map(([, high]) => high)));
}

/** The slope all pairs of rows allow. */
function slopeOf(term: Term, ranges: readonly Range[]): number | undefined {
  const [first, ...others] = [...ranges].sort((left, right) => numberAt(term, left.row) - numberAt(term, right.row));
  if (first === undefined) return undefined;
  const slopes: (readonly [number, number])[] = [];
  for (const other of others) {
    const distance = numberAt(term, other.row) - numberAt(term, first.row);
    if (distance > 0) slopes.push([(other.low - first.high) / distance, (other.high - first.low) / distance]);
  }
  return slopes.length === 0 ? undefined : meet(slopes);
}

function* shifted(context: Context, term: Term, by: number): Generator<Term, void> {
  const sum = by < 0 ? applied(context, "subtract", [term, solvedConstant(context, -by)]) : applied(context, "add", [term, solvedConstant(context, by)]);
  if (sum !== undefined) yield sum;
}

function* scaled(context: Context, term: Term, factor: number): Generator<Term, void> {
  const product = applied(context, "multiply", [term, solvedConstant(context, factor)]);
  if (product !== undefined) yield product;
  const divisor = plainestIn(1 / factor - 1e-9, 1 / factor + 1e-9);
  if (divisor !== undefined && Number.isInteger(divisor) && Math.abs(divisor) > 1) {
    const quotient = applied(context, "divide", [term, solvedConstant(context, divisor)]);
    if (quotient !== undefined) yield quotient;
  }
  yield* fraction(context, term, factor);
}

/** `x * p / q` for a factor that is a plain fraction; it rounds otherwise than `x * (p / q)`. */
function* fraction(context: Context, term: Term, factor: number): Generator<Term, void> {
  for (const below of [5, 9, 3, 100]) {
    const above = factor * below;
    if (Number.isInteger(factor) || Math.abs(above - Math.round(above)) > 1e-9) continue;
    const product = applied(context, "multiply", [term, solvedConstant(context, Math.round(above))]);
    const quotient = product === undefined ? undefined : applied(context, "divide", [product, solvedConstant(context, below)]);
    if (quotient !== undefined) yield quotient;
    if (below !== 100) return;
  }
}

/**
 * `Math.max(c, x)` or `Math.min(c, x)` where `c` is a target that several rows share: on those rows `x` is only bounded.
 *
 * @param ask answers the goal of the remaining rows
 */
export function* clamped(
  context: Context,
  goal: Goal,
  effort: Effort,
  ask: (goal: Goal, effort: Effort) => Generator<void, Term | undefined>,
): Generator<void, Term | undefined> {
  const targets = goal.rows.map((row) => goalAt(goal, row));
  let best: Term | undefined;
  for (const [name, edge] of [
    ["greater", Math.min(...targets)],
    ["lesser", Math.max(...targets)],
  ] as const) {
    const free = goal.rows.filter((row) => goalAt(goal, row) !== edge);
    if (free.length < 2 || free.length === goal.rows.length) continue;
    const constant = solvedConstant(context, edge);
    const limit = (best?.rank ?? effort.bound) - constant.rank - 1;
    const inner = yield* ask({ ...goal, rows: free }, { ...effort, bound: limit, depth: effort.depth - 1, choices: false });
    const term = inner === undefined ? undefined : applied(context, name, [inner, constant]);
    if (term !== undefined && meets(term, goal)) best = better(best, term);
  }
  return best;
}
