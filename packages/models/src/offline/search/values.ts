/** Values of the expression language: JSON values and `undefined`, with the identity that `toStrictEqual` sees. */
import { isPlainObject } from "./types.ts";

/** The value of an expression where it has none that could be wanted: it throws, or is NaN, infinite or too large. */
export const FAIL: unique symbol = Symbol("fail");

/** Longest string an expression may build, in UTF-16 code units; examples are far shorter, growth beyond is waste. */
export const MAX_STRING_UNITS = 2_000;
/** Longest array an expression may build. */
export const MAX_ARRAY_LENGTH = 1_000;

/** A text that is equal for two values exactly when `toStrictEqual` holds them equal (-0 differs from 0). */
export function keyOf(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "n-0" : `n${value}`;
  if (typeof value === "string") return `s${value.length}:${value}`;
  if (typeof value === "boolean") return value ? "t" : "f";
  if (value === undefined) return "u";
  if (value === null) return "l";
  if (value === FAIL) return "!";
  if (Array.isArray(value)) return `[${value.map(keyOf).join(",")}]`;
  if (value instanceof RegExp) return `r${String(value)}`;
  if (isPlainObject(value)) {
    const names = Object.keys(value).toSorted();
    return `{${names.map((name) => `${JSON.stringify(name)}=${keyOf(value[name])}`).join(",")}}`;
  }
  return "?";
}

/** The key of a column of values; rows outside `rows` do not matter. */
export function keyOfColumn(column: readonly unknown[], rows?: readonly number[]): string {
  if (rows === undefined) return column.map(keyOf).join("|");
  return rows.map((row) => keyOf(column[row])).join("|");
}

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
let low = 0;
let high = 0;

function mix(word: number): void {
  low = Math.imul(low ^ word, 0x9e3779b1);
  low ^= low >>> 15;
  high = Math.imul(high + word, 0x85ebca6b) ^ (low >>> 7);
}

function mixValue(value: unknown): void {
  if (typeof value === "number") {
    float[0] = value;
    mix(words[0] ?? 0);
    mix(words[1] ?? 0);
  } else if (typeof value === "string") {
    mix(value.length + 0x5000);
    for (let at = 0; at < value.length; at += 1) mix(value.charCodeAt(at));
  } else if (value === true) mix(0x7001);
  else if (value === false) mix(0x7002);
  else if (value === undefined) mix(0x7003);
  else if (value === null) mix(0x7004);
  else if (value === FAIL) mix(0x7005);
  else if (Array.isArray(value)) {
    mix(value.length + 0x9000);
    for (const item of value) mixValue(item);
  } else mixValue(keyOf(value));
}

/**
 * A 53-bit hash of a column of values with the identity of `keyOf`. Two different columns share one with a chance of
 * about 10^-16 each; the search would then lose one expression and nothing else.
 */
export function hashColumn(column: readonly unknown[]): number {
  low = column.length;
  high = 0x1234567;
  for (const value of column) mixValue(value);
  return (low >>> 0) * 2_097_152 + (high >>> 11);
}

/** Equality as `toStrictEqual` has it, for the values of this language. */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  return keyOf(left) === keyOf(right);
}

/** The value, or FAIL when it is nothing that a program should return: NaN, an infinity, too large. */
export function checked(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : FAIL;
  if (typeof value === "string") return value.length <= MAX_STRING_UNITS ? value : FAIL;
  if (Array.isArray(value)) return value.length <= MAX_ARRAY_LENGTH && !value.some((item) => checked(item) === FAIL) ? value : FAIL;
  return value;
}
