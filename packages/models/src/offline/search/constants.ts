/** Constants a program may use: the usual ones, those the examples show, and those the order's own words name. */
import { isPlainObject, NUMBER, REGEX, STRING, type Type } from "./types.ts";
import { keyOf } from "./values.ts";

/** A constant with what it costs a program to use it. */
export type Constant = {
  readonly type: Type;
  readonly value: unknown;
  readonly cost: number;
  /** Only seen among the values of the examples. */
  readonly shown: boolean;
  /** Named by the order. */
  readonly stated: boolean;
};

/** Examples as columns of data: one row an example. */
export type Sample = { readonly args: readonly unknown[]; readonly expected: unknown };

/** Cost of a constant the order names, of one its data shows, and of one that is only usual. */
const STATED_COST = 1;
const SHOWN_COST = 2;
const GUESSED_COST = 3;

/** Longest string that is worth being a constant, in UTF-16 code units. */
const MAX_CONSTANT_UNITS = 48;
/** Most constants kept of each type; the cheapest stay. */
const MAX_NUMBERS = 40;
const MAX_STRINGS = 36;

const PATTERNS: readonly (readonly [RegExp, number])[] = [
  [/\s+/g, 1],
  [/[^a-z0-9]+/g, 1],
  [/[^a-z0-9]/gi, 1],
  [/[^a-z]/gi, 1],
  [/\D/g, 1],
  [/[aeiou]/gi, 1],
  [/\d/g, 1],
  [/[A-Z]/g, 1],
  [/[a-z]/g, 2],
  [/[^a-z0-9\s]/gi, 2],
  [/\w+/g, 2],
  [/\d+/g, 2],
  [/^-+|-+$/g, 2],
  [/^\d+$/, 2],
  [/^[a-z]+$/i, 2],
  [/^[a-z0-9]+$/i, 2],
  [/[.,!?;:]/g, 2],
];

class Pool {
  readonly #byKey = new Map<string, Constant>();

  add(type: Type, value: unknown, cost: number, shown = false, stated = false): void {
    const key = `${type.key}:${keyOf(value)}`;
    const known = this.#byKey.get(key);
    // What is usual or stated stays so, even where the examples show it as well.
    this.#byKey.set(key, {
      type,
      value,
      cost: Math.min(cost, known?.cost ?? cost),
      shown: shown && (known?.shown ?? true),
      stated: stated || known?.stated === true,
    });
  }

  /** Cheapest first; among equals the plainer value first. */
  take(type: Type, limit: number): Constant[] {
    const list = [...this.#byKey.values()].filter((constant) => constant.type === type);
    list.sort((left, right) => left.cost - right.cost || ugliness(left.value) - ugliness(right.value));
    return list.slice(0, limit);
  }
}

/** How far a constant is from one a person would choose: digits that are not trailing zeros, then size. */
export function ugliness(value: unknown): number {
  if (typeof value === "number") {
    const digits = String(Math.abs(value))
      .replace(".", "")
      .replace(/^0+|0+$/g, "").length;
    return digits * 100 + (value < 0 ? 50 : 0) + Math.min(49, Math.log2(1 + Math.abs(value)));
  }
  return typeof value === "string" ? value.length : 0;
}

function scalars(value: unknown, into: unknown[]): void {
  if (Array.isArray(value)) for (const item of value) scalars(item, into);
  else if (isPlainObject(value)) for (const name of Object.keys(value)) scalars(value[name], into);
  else into.push(value);
}

function flatten(values: readonly unknown[]): unknown[] {
  const list: unknown[] = [];
  for (const value of values) scalars(value, list);
  return list;
}

const strings = (values: readonly unknown[]): string[] => flatten(values).filter((value) => typeof value === "string");
const numbers = (values: readonly unknown[]): number[] => flatten(values).filter((value) => typeof value === "number");

/**
 * Mines the constants.
 *
 * @param samples the examples that give a value
 * @param words what the order says about the function; its numbers and quoted strings are the likeliest constants
 */
export function mineConstants(samples: readonly Sample[], words: readonly string[]): Constant[] {
  const pool = new Pool();
  addNumbers(pool, samples, words);
  addStrings(pool, samples, words);
  for (const [pattern, cost] of PATTERNS) pool.add(REGEX, pattern, cost);
  return [...pool.take(NUMBER, MAX_NUMBERS), ...pool.take(STRING, MAX_STRINGS), ...pool.take(REGEX, PATTERNS.length)];
}

function addNumbers(pool: Pool, samples: readonly Sample[], words: readonly string[]): void {
  for (const value of [0, 1, 2]) pool.add(NUMBER, value, 1);
  // Where the order has words, a round number it does not name is a guess.
  for (const value of [10, 100]) pool.add(NUMBER, value, words.length === 0 ? 1 : 2);
  for (const value of [-1, 3, 4]) pool.add(NUMBER, value, 2);
  for (const value of [5, 7, 12, 24, 60, 400, 1000, -2, -3, -4]) pool.add(NUMBER, value, GUESSED_COST);
  for (const text of words) {
    for (const match of text.matchAll(/(?<![\w.])(\d+(?:,\d{3})*(?:\.\d+)?)\s*(%|percent\b)?/gi)) {
      const value = Number((match[1] ?? "").replaceAll(",", ""));
      if (!Number.isFinite(value)) continue;
      pool.add(NUMBER, value, STATED_COST, false, true);
      if (Number.isInteger(value) && value < 10) pool.add(NUMBER, -value, SHOWN_COST);
      if (match[2] === undefined) continue;
      for (const share of [value / 100, (100 - value) / 100, (100 + value) / 100]) pool.add(NUMBER, share, STATED_COST, false, true);
    }
    for (const [word, value] of NUMBER_WORDS) if (new RegExp(`\\b${word}\\b`, "i").test(text)) pool.add(NUMBER, value, STATED_COST, false, true);
  }
  const results = numbers(samples.map((sample) => sample.expected));
  for (const value of results) pool.add(NUMBER, value, results.filter((other) => other === value).length > 1 ? SHOWN_COST : GUESSED_COST, true);
  const given = samples.flatMap((sample) => sample.args.filter((arg) => typeof arg === "number"));
  for (const value of given) pool.add(NUMBER, value, SHOWN_COST, true);
  for (const value of numbers(samples.flatMap((sample) => sample.args))) pool.add(NUMBER, value, GUESSED_COST, true);
  addThresholds(pool, samples);
  for (const text of strings(samples.map((sample) => sample.expected))) pool.add(NUMBER, text.length, GUESSED_COST + 1, true);
}

const NUMBER_WORDS: readonly (readonly [string, number])[] = [
  ["minutes?", 60],
  ["seconds?", 60],
  ["hours?", 60],
  ["hours?", 24],
  ["days?", 24],
  ["weeks?", 7],
  ["months?", 12],
  ["years?", 12],
  ["kilo\\w*", 1000],
  ["two", 2],
  ["three", 3],
  ["four", 4],
  ["five", 5],
  ["six", 6],
  ["seven", 7],
  ["eight", 8],
  ["nine", 9],
  ["ten", 10],
  ["twelve", 12],
  ["dozen", 12],
  ["twenty", 20],
  ["hundred", 100],
  ["thousand", 1000],
  ["half", 0.5],
  ["quarter", 0.25],
  ["octal", 8],
  ["hexadecimal", 16],
];

/** Between two neighbouring argument values lies a threshold; the roundest number of the gap is the likeliest. */
function addThresholds(pool: Pool, samples: readonly Sample[]): void {
  const width = Math.max(0, ...samples.map((sample) => sample.args.length));
  for (let at = 0; at < width; at += 1) {
    const column = samples.map((sample) => sample.args[at]);
    for (const values of [
      column.filter((value) => typeof value === "number"),
      column.filter((value) => typeof value === "string").map((value) => value.length),
    ]) {
      const sorted = [...new Set(values)].sort((left, right) => left - right);
      for (const [position, upper] of sorted.entries()) {
        const lower = sorted[position - 1];
        if (lower !== undefined) pool.add(NUMBER, roundestIn(lower, upper), GUESSED_COST, true);
      }
    }
  }
}

/** The number in (lower, upper] with the fewest significant digits. */
export function roundestIn(lower: number, upper: number): number {
  for (let unit = 10 ** Math.ceil(Math.log10(Math.max(1, Math.abs(lower), Math.abs(upper)))); unit >= 0.001; unit /= 10) {
    for (const step of [unit, unit / 2]) {
      const candidate = Number((Math.floor(upper / step) * step).toFixed(6));
      if (candidate > lower && candidate <= upper) return candidate;
    }
  }
  return upper;
}

function addStrings(pool: Pool, samples: readonly Sample[], words: readonly string[]): void {
  for (const value of ["", " "]) pool.add(STRING, value, 1);
  pool.add(STRING, "0", words.some((text) => /\bzeros?\b|\bdigits\b/i.test(text)) ? STATED_COST : SHOWN_COST);
  for (const text of words) {
    for (const match of text.matchAll(/["“'‘`]([^"”'’`]{1,40})["”'’`]/g)) pool.add(STRING, match[1], STATED_COST, false, true);
  }
  const given = strings(samples.flatMap((sample) => sample.args));
  const results = strings(samples.map((sample) => sample.expected));
  addResultStrings(pool, results, given);
  addSeparators(pool, [...results, ...given], results.length === 0 ? given : results);
  const direct = new Set(samples.flatMap((sample) => sample.args).filter((arg) => typeof arg === "string"));
  for (const value of given) {
    const often = given.filter((other) => other === value).length > 1;
    if (value.length > MAX_CONSTANT_UNITS || /\s\S+\s/.test(value)) continue;
    if (often || direct.has(value)) pool.add(STRING, value, often ? SHOWN_COST : GUESSED_COST, true);
    else if (value.length <= 12) pool.add(STRING, value, GUESSED_COST, true);
  }
}

function addResultStrings(pool: Pool, results: readonly string[], given: readonly string[]): void {
  for (const value of results) {
    if (value.length > MAX_CONSTANT_UNITS) continue;
    const often = results.filter((other) => other === value).length > 1;
    pool.add(STRING, value, (often ? SHOWN_COST : GUESSED_COST) + Math.floor(value.length / 10), true);
  }
  const source = given.join("\n").toLowerCase();
  const counts = new Map<string, number>();
  for (const value of results) {
    for (const token of new Set(value.match(/[A-Za-z]+|[^A-Za-z0-9\s]+|\s+/g) ?? [])) counts.set(token, (counts.get(token) ?? 0) + 1);
  }
  for (const [token, count] of counts) {
    if (token.length > MAX_CONSTANT_UNITS || source.includes(token.toLowerCase())) continue;
    pool.add(STRING, token, count > 1 ? SHOWN_COST : GUESSED_COST, count === 1 && /\w/.test(token));
    const [first] = token;
    if (first !== undefined && token.length > 1 && [...token].every((char) => char === first)) pool.add(STRING, first, SHOWN_COST);
  }
  const [first] = results;
  if (first === undefined || results.length < 2) return;
  const prefix = commonPrefix(results);
  const suffix = commonSuffix(results);
  for (const value of [prefix, suffix]) if (value !== "" && value.length <= MAX_CONSTANT_UNITS) pool.add(STRING, value, SHOWN_COST, true);
}

/** Punctuation and spaces that occur in the strings. */
function addSeparators(pool: Pool, all: readonly string[], primary: readonly string[]): void {
  for (const value of all) {
    for (const match of value.matchAll(/[^A-Za-z0-9]+/g)) {
      const often = primary.filter((other) => other.includes(match[0])).length > 1;
      if (match[0].length <= 3) pool.add(STRING, match[0], often ? 1 : SHOWN_COST);
      for (const char of new Set(match[0])) pool.add(STRING, char, often ? SHOWN_COST : GUESSED_COST);
    }
  }
}

/** Longest text all values begin with. */
export function commonPrefix(values: readonly string[]): string {
  let prefix = values[0] ?? "";
  for (const value of values) while (!value.startsWith(prefix)) prefix = prefix.slice(0, -1);
  return prefix;
}

/** Longest text all values end with. */
export function commonSuffix(values: readonly string[]): string {
  let suffix = values[0] ?? "";
  for (const value of values) while (!value.endsWith(suffix)) suffix = suffix.slice(1);
  return suffix;
}
