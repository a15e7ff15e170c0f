/** Deduction for strings: the target is cut into pieces that are known, or into the items of a joined array. */
import { commonPrefix, commonSuffix } from "./constants.ts";
import type { Context } from "./context.ts";
import { applied, better, constantTerm, isDefinedOn, meets, type Ask, type Effort, type Goal } from "./goals.ts";
import { isConstant, type Term } from "./terms.ts";
import { arrayOf, NUMBER, STRING } from "./types.ts";

/** Terms that may be a piece of a string. */
const MAX_PIECES = 12_000;
const MAX_NUMBER_PIECES = 4_000;
/** Different terms kept for one text of the pivot row. */
const MAX_ALIKE = 12;
/** Cuts of all rows looked at before the decomposition is given up. */
const MAX_CUTS = 350;
/** Longest piece looked up, in UTF-16 code units. */
const MAX_PIECE_UNITS = 80;

const textAt = (values: readonly unknown[], row: number): string => {
  const value = values[row];
  return typeof value === "string" ? value : "";
};

/** A literal piece; one the order or the examples show costs what it costs there. */
function literalTerm(context: Context, value: string): Term {
  const known = context.terms(STRING).find((term) => term.node.kind === "constant" && term.node.value === value);
  return known ?? constantTerm(context, STRING, value, 2, Math.min(0.9, value.length / 50));
}

type Cut = { readonly positions: readonly number[]; readonly rank: number; readonly pieces: readonly Term[] };

type Pieces = { readonly level: number; readonly terms: readonly Term[]; readonly byRow: Map<number, Map<string, Term[]>> };

/** Not persisted: pieces follow from the bank of a context and are made anew when it has grown; texts, and texts with numbers. */
const piecesOf = { plain: new WeakMap<Context, Pieces>(), numbered: new WeakMap<Context, Pieces>() };

/** @param numbered whether numbers are pieces too; only a target with digits can hold one */
function pieces(context: Context, numbered: boolean): Pieces {
  const cache = numbered ? piecesOf.numbered : piecesOf.plain;
  const known = cache.get(context);
  if (known !== undefined && known.level === context.level) return known;
  const terms = context
    .terms(STRING)
    .filter((term) => !isConstant(term))
    .slice(0, MAX_PIECES);
  const numbers = numbered
    ? context
        .terms(NUMBER)
        .filter((item) => !isConstant(item))
        .slice(0, MAX_NUMBER_PIECES)
    : [];
  for (const term of numbers) terms.push(...shownNumber(context, term));
  context.shared.budget.spend(terms.length / 4);
  terms.sort((left, right) => left.rank - right.rank);
  const made = { level: context.level, terms, byRow: new Map() };
  cache.set(context, made);
  return made;
}

/** Pieces by their text in the pivot row, cheapest first. */
function indexPieces(context: Context, pivot: number, numbered: boolean): Map<string, Term[]> {
  const { terms, byRow } = pieces(context, numbered);
  const known = byRow.get(pivot);
  if (known !== undefined) return known;
  const index = new Map<string, Term[]>();
  for (const term of terms) {
    const text = term.values[pivot];
    if (typeof text !== "string" || text === "" || text.length > MAX_PIECE_UNITS) continue;
    const list = index.get(text);
    if (list === undefined) index.set(text, [term]);
    else if (list.length < MAX_ALIKE) list.push(term);
  }
  byRow.set(pivot, index);
  return index;
}

/** The ways a number is written into a string. */
function* shownNumber(context: Context, term: Term): Generator<Term, void> {
  const plain = applied(context, "stringOf", [term]);
  if (plain === undefined) return;
  yield plain;
  for (const digits of term.values.every((value) => typeof value !== "number" || Number.isInteger(value)) ? [2] : [2, 1, 0]) {
    const fixed = applied(context, "toFixed", [term, constantTerm(context, NUMBER, digits, 1)]);
    if (fixed !== undefined) yield fixed;
  }
  const widths = context.terms(NUMBER).filter((item) => item.cost === 1 && !isConstant(item));
  for (const width of [constantTerm(context, NUMBER, 2, 1), ...widths]) {
    const padded = applied(context, "padStart", [plain, width, constantTerm(context, STRING, "0", 1)]);
    if (padded !== undefined) yield padded;
  }
}

/** Lower for a text in which a piece is unlikely to stand by chance: short, with different characters. */
function plainness(text: string): number {
  return text.length / new Set(text).size + text.length / 50;
}

/** A concatenation of known pieces and literal text that gives the target on every row. */
export function* concatenated(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  const pivot = [...goal.rows]
    .filter((row) => textAt(goal.target, row) !== "")
    .sort((left, right) => plainness(textAt(goal.target, left)) - plainness(textAt(goal.target, right)))[0];
  if (pivot === undefined || goal.rows.length < 2) return undefined;
  const at = goal.rows.indexOf(pivot);
  const index = indexPieces(
    context,
    pivot,
    goal.rows.some((row) => /\d/.test(textAt(goal.target, row))),
  );
  const targets = goal.rows.map((row) => textAt(goal.target, row));
  const open: Cut[] = [{ positions: targets.map(() => 0), rank: 0, pieces: [] }];
  const seen = new Map<string, number>();
  const rests: Cut[] = [];
  let best: Term | undefined;
  for (let cuts = 0; open.length > 0 && cuts < MAX_CUTS; cuts += 1) {
    open.sort((left, right) => left.rank - right.rank);
    const cut = open.shift();
    if (cut === undefined) break;
    context.shared.budget.spend(10);
    if (context.shared.budget.pauseDue) yield;
    if (cut.rank >= (best?.rank ?? effort.bound)) break;
    if (cut.positions.every((position, row) => position === targets[row]?.length)) {
      const whole = concatenation(context, cut.pieces);
      if (whole !== undefined && meets(whole, goal)) best = better(best, whole);
      break;
    }
    if (cut.pieces.length > 0) rests.push(cut);
    const run = yield* runPiece(context, goal, targets, cut, effort, ask);
    for (const piece of [...(run === undefined ? [] : [run]), ...nextPieces(context, goal, targets, cut, index, at)]) {
      const positions = cut.positions.map((position, row) => position + textAt(piece.values, goal.rows[row] ?? 0).length);
      const rank = cut.rank + piece.rank + (cut.pieces.length === 0 ? 0 : 1);
      const key = positions.join(",");
      if (rank >= (seen.get(key) ?? effort.bound)) continue;
      seen.set(key, rank);
      open.push({ positions, rank, pieces: [...cut.pieces, piece] });
    }
  }
  if (best === undefined && effort.depth > 0) best = yield* finishRest(context, goal, effort, targets, rests, ask);
  return best;
}

function nextPieces(context: Context, goal: Goal, targets: readonly string[], cut: Cut, index: ReadonlyMap<string, Term[]>, pivotAt: number): Term[] {
  const rests = targets.map((target, row) => target.slice(cut.positions[row]));
  const list: Term[] = [];
  for (const text of literalPieces(rests)) list.push(literalTerm(context, text));
  const pivotRest = rests[pivotAt] ?? "";
  for (let length = 1; length <= Math.min(pivotRest.length, MAX_PIECE_UNITS); length += 1) {
    for (const term of index.get(pivotRest.slice(0, length)) ?? []) {
      if (isDefinedOn(term, goal.rows) && rests.every((rest, row) => rest.startsWith(textAt(term.values, goal.rows[row] ?? 0)))) list.push(term);
    }
  }
  return list;
}

/** `char.repeat(count)` where every rest begins with a run of one character, of different lengths. */
function* runPiece(context: Context, goal: Goal, targets: readonly string[], cut: Cut, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  const rests = targets.map((target, row) => target.slice(cut.positions[row]));
  const char = rests.find((rest) => rest !== "")?.charAt(0) ?? "";
  if (char === "" || /[A-Za-z0-9\s]/.test(char) || effort.depth === 0) return undefined;
  const lengths = rests.map(
    (rest) => rest.length - rest.replace(new RegExp(`^[${char === "\\" || char === "]" || char === "^" ? `\\${char}` : char}]+`), "").length,
  );
  if (new Set(lengths).size < 2) return undefined;
  const target: unknown[] = [...goal.target];
  for (const [position, row] of goal.rows.entries()) target[row] = lengths[position];
  const count = yield* ask(context, { type: NUMBER, target, rows: goal.rows }, { ...effort, depth: effort.depth - 1, choices: false });
  return count === undefined ? undefined : applied(context, "repeat", [literalTerm(context, char), count]);
}

/** Literal text the rests may begin with: all that is common, or its first run of one kind of character. */
function literalPieces(rests: readonly string[]): Set<string> {
  const common = commonPrefix(rests);
  if (common === "") return new Set();
  const runs = [/^[^A-Za-z0-9]+/, /^[A-Za-z]+/, /^[^A-Za-z]+/, /^.*[^A-Za-z0-9]/s].map((pattern) => pattern.exec(common)?.[0] ?? common);
  return new Set([common, common.charAt(0), ...runs]);
}

function concatenation(context: Context, pieces: readonly Term[]): Term | undefined {
  let whole: Term | undefined;
  for (const piece of pieces) whole = whole === undefined ? piece : applied(context, "concat", [whole, piece]);
  return whole;
}

/** Cuts whose rest is asked for as a question of its own, such as a plural ending or a joined list. */
const MAX_RESTS = 4;

function* finishRest(
  context: Context,
  goal: Goal,
  effort: Effort,
  targets: readonly string[],
  rests: readonly Cut[],
  ask: Ask,
): Generator<void, Term | undefined> {
  let best: Term | undefined;
  const longest = [...rests].sort((left, right) => progress(right) - right.rank * 2 - (progress(left) - left.rank * 2));
  for (const cut of longest.slice(0, MAX_RESTS)) {
    const target: unknown[] = [...goal.target];
    for (const [position, row] of goal.rows.entries()) target[row] = targets[position]?.slice(cut.positions[position]);
    const prefix = concatenation(context, cut.pieces);
    if (prefix === undefined) continue;
    const bound = (best?.rank ?? effort.bound) - prefix.rank - 1;
    const rest = yield* ask(context, { ...goal, target }, { ...effort, bound, depth: effort.depth - 1 });
    const whole = rest === undefined ? undefined : applied(context, "concat", [prefix, rest]);
    if (whole !== undefined && meets(whole, goal)) best = better(best, whole);
  }
  return best ?? (yield* withoutEnd(context, goal, effort, targets, ask));
}

function progress(cut: Cut): number {
  return cut.positions.reduce((sum, position) => sum + position, 0);
}

/** The target without the text all rows end with, as a question of its own. */
function* withoutEnd(context: Context, goal: Goal, effort: Effort, targets: readonly string[], ask: Ask): Generator<void, Term | undefined> {
  const suffix = commonSuffix(targets);
  const ends = new Set([suffix, /[^A-Za-z0-9]+$/.exec(suffix)?.[0] ?? "", /[A-Za-z]+$/.exec(suffix)?.[0] ?? ""]);
  for (const end of ends) {
    if (end === "") continue;
    const target: unknown[] = [...goal.target];
    for (const [position, row] of goal.rows.entries()) target[row] = targets[position]?.slice(0, -end.length);
    const ending = literalTerm(context, end);
    const rest = yield* ask(context, { ...goal, target }, { ...effort, bound: effort.bound - ending.rank - 1, depth: effort.depth - 1 });
    const whole = rest === undefined ? undefined : applied(context, "concat", [rest, ending]);
    if (whole !== undefined && meets(whole, goal)) return whole;
  }
  return undefined;
}

/** Most separators tried for a joined array. */
const MAX_SEPARATORS = 8;

/** `items.join(separator)` where the items are found by deduction. */
export function* joined(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  const separators = context
    .terms(STRING)
    .filter((term) => isConstant(term) || term.node.kind === "variable")
    .filter((term) => goal.rows.some((row) => occursInside(textAt(goal.target, row), textAt(term.values, row))))
    .slice(0, MAX_SEPARATORS);
  let best: Term | undefined;
  for (const separator of separators) {
    // An empty string may be joined from no items or from one empty item; such rows are left open and checked at the end.
    const rows = goal.rows.filter((row) => textAt(goal.target, row) !== "");
    if (rows.length < 2) continue;
    const target: unknown[] = [...goal.target];
    for (const row of rows) target[row] = textAt(goal.target, row).split(textAt(separator.values, row));
    const bound = (best?.rank ?? effort.bound) - separator.rank - 1;
    const type = arrayOf(STRING);
    const items = yield* ask(context, { type, target, rows }, { ...effort, bound, depth: effort.depth - 1, choices: false });
    const whole = items === undefined ? undefined : applied(context, "join", [items, separator]);
    if (whole !== undefined && meets(whole, goal)) best = better(best, whole);
    const numbers = rows.every((row) => asNumbers(target[row]) !== undefined) ? rows.map((row) => [row, asNumbers(target[row])] as const) : [];
    if (numbers.length === 0) continue;
    const numeric: unknown[] = [...goal.target];
    for (const [row, value] of numbers) numeric[row] = value;
    const list = yield* ask(context, { type: arrayOf(NUMBER), target: numeric, rows }, { ...effort, bound, depth: effort.depth - 1, choices: false });
    const text = list === undefined ? undefined : applied(context, "joinNumbers", [list, separator]);
    if (text !== undefined && meets(text, goal)) best = better(best, text);
  }
  return best;
}

/** Arrays by whose item lengths a target is cut. */
const MAX_RULERS = 4;
const MAX_RULER_COST = 5;

/** `source.map(...).join("")` where each item keeps its length, so that the lengths of the source cut the target. */
export function* joinedByLength(context: Context, goal: Goal, effort: Effort, ask: Ask): Generator<void, Term | undefined> {
  const type = arrayOf(STRING);
  let best: Term | undefined;
  let count = 0;
  for (const source of context.terms(type)) {
    if (source.cost > MAX_RULER_COST || count >= MAX_RULERS) break;
    const target: unknown[] = [...goal.target];
    let fits = isDefinedOn(source, goal.rows);
    let telling = false;
    for (const row of fits ? goal.rows : []) {
      const text = textAt(goal.target, row);
      let at = 0;
      const lengths = (source.values[row] as readonly string[]).map((item) => item.length);
      target[row] = lengths.map((length) => text.slice(at, (at += length)));
      fits &&= at === text.length;
      telling ||= lengths.length > 1 && lengths.some((length) => length > 1);
    }
    if (!fits || !telling) continue;
    count += 1;
    const bound = (best?.rank ?? effort.bound) - 2;
    const items = yield* ask(context, { type, target, rows: goal.rows }, { ...effort, bound, depth: effort.depth - 1, choices: false });
    const whole = items === undefined ? undefined : applied(context, "join", [items, literalTerm(context, "")]);
    if (whole !== undefined && meets(whole, goal)) best = better(best, whole);
  }
  return best;
}

function occursInside(text: string, separator: string): boolean {
  return separator === "" ? text.length > 1 : text.includes(separator);
}

function asNumbers(items: unknown): number[] | undefined {
  if (!Array.isArray(items)) return undefined;
  const list = items.map(Number);
  return list.every((value, at) => String(value) === items[at]) ? list : undefined;
}
