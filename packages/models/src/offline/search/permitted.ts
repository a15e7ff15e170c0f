/** What a program that is read back may reach: a fixed list of pure operations, bounded in what they build, and nothing else. */
import { isPlainObject } from "./types.ts";

/** Longest array or string an operation may build from a length; programs of this subset need far less. */
const MAX_LENGTH = 100_000;

const STRING_METHODS = new Set([
  "at",
  "charAt",
  "charCodeAt",
  "codePointAt",
  "concat",
  "endsWith",
  "includes",
  "indexOf",
  "lastIndexOf",
  "localeCompare",
  "match",
  "padEnd",
  "padStart",
  "repeat",
  "replace",
  "replaceAll",
  "search",
  "slice",
  "split",
  "startsWith",
  "substring",
  "toLowerCase",
  "toUpperCase",
  "trim",
  "trimEnd",
  "trimStart",
]);
const ARRAY_METHODS = new Set([
  "at",
  "concat",
  "every",
  "filter",
  "find",
  "findIndex",
  "findLast",
  "flat",
  "flatMap",
  "includes",
  "indexOf",
  "join",
  "lastIndexOf",
  "map",
  "reduce",
  "reverse",
  "slice",
  "some",
  "sort",
  "toReversed",
  "toSorted",
]);
const NUMBER_METHODS = new Set(["toFixed", "toString"]);
const PATTERN_METHODS = new Set(["test"]);

type Holder = { readonly methods: ReadonlySet<string>; readonly of: { readonly [name: string]: unknown } };

/** Objects whose functions may be called by name, and which of them. */
export const STATIC: { readonly [name: string]: Holder } = {
  Math: {
    methods: new Set(["abs", "ceil", "floor", "max", "min", "round", "sign", "sqrt", "trunc", "pow", "log10", "log2", "log"]),
    of: Math as unknown as Holder["of"],
  },
  Number: { methods: new Set(["isInteger", "isFinite", "isNaN", "parseFloat", "parseInt"]), of: Number as unknown as Holder["of"] },
  Object: { methods: new Set(["keys", "values", "entries", "fromEntries", "hasOwn", "assign"]), of: Object as unknown as Holder["of"] },
  Array: { methods: new Set(["from", "isArray"]), of: Array as unknown as Holder["of"] },
  String: { methods: new Set(["fromCharCode"]), of: String as unknown as Holder["of"] },
};

/** Methods that may be called on a value. */
export function methodsOf(value: unknown): ReadonlySet<string> {
  if (typeof value === "string") return STRING_METHODS;
  if (typeof value === "number") return NUMBER_METHODS;
  if (Array.isArray(value)) return ARRAY_METHODS;
  if (value instanceof RegExp) return PATTERN_METHODS;
  return new Set();
}

/** An own property of plain data. @throws TypeError for null and undefined, as the engine does */
export function readProperty(value: unknown, name: unknown): unknown {
  if (value === null || value === undefined) throw new TypeError(`Cannot read ${String(name)} of ${String(value)}.`);
  if (typeof value === "string" || Array.isArray(value)) {
    if (name === "length") return value.length;
    return typeof name === "number" || /^\d+$/.test(String(name)) ? value[Number(name)] : undefined;
  }
  return isPlainObject(value) && Object.hasOwn(value, String(name)) ? value[String(name)] : undefined;
}

/** Calls a function. @throws TypeError when it is none, and what it throws */
export function invoke(target: unknown, receiver: unknown, args: readonly unknown[]): unknown {
  if (typeof target !== "function") throw new TypeError("The value is not a function.");
  return Reflect.apply(target, receiver, [...args]) as unknown;
}

/** Refuses operations whose result would be as large as an argument says. @throws RangeError */
export function guarded(name: string, receiver: unknown, args: readonly unknown[], run: (args: readonly unknown[]) => unknown): unknown {
  const [first] = args;
  const size =
    name === "from" && isPlainObject(first)
      ? first["length"]
      : name === "repeat"
        ? Number(first) * String(receiver).length
        : name.startsWith("pad")
          ? first
          : 0;
  if (typeof size === "number" && size > MAX_LENGTH) throw new RangeError("The result would be too large.");
  return run(args);
}

/** Errors that may be made. */
export const ERRORS: { readonly [name: string]: new (message?: string) => Error } = {
  Error,
  RangeError,
  TypeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
};
