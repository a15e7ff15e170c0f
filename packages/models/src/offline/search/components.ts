/**
 * The operations of the expression language. Each is a JavaScript operation and prints as that operation, so that a
 * program means in the search what it means when it runs.
 */
import {
  arrow,
  associative,
  atLeast,
  call,
  comparison,
  concatenation,
  infix,
  listed,
  literal,
  method,
  member,
  negate,
  own,
  PRECEDENCE,
  primary,
  spread,
  type Code,
} from "./code.ts";
import type { Argument, Component } from "./terms.ts";
import { arrayOf, BOOLEAN, isPlainObject, NUMBER, optionalOf, propertyName, REGEX, STRING, type Field, type Type } from "./types.ts";
import { FAIL, MAX_ARRAY_LENGTH, MAX_STRING_UNITS } from "./values.ts";

/** Widest padding or repetition an expression may ask for, in UTF-16 code units. */
const MAX_WIDTH_UNITS = 200;

const S = STRING;
const N = NUMBER;
const B = BOOLEAN;
const STRINGS = arrayOf(STRING);
const NUMBERS = arrayOf(NUMBER);

const any = (type: Type): Argument => ({ type });
const plain = (type: Type, maxCost = 99): Argument => ({ type, only: "plain", maxCost });
const read = (type: Type, maxCost = 99): Argument => ({ type, only: "read", maxCost });
const small = (type: Type, maxCost: number): Argument => ({ type, maxCost });
const atom = (type: Type): Argument => ({ type, only: "atom" });
const mark = (type: Type): Argument => ({ type, only: "mark" });
const constant = (type: Type): Argument => ({ type, only: "constant" });

type Spec = Omit<Component, "name" | "args" | "result" | "cost">;

function component(name: string, args: readonly Argument[], result: Type, cost: number, spec: Spec): Component {
  return { name, args, result, cost, ...spec };
}

const isWidth = (width: number): boolean => Number.isInteger(width) && width >= 0 && width <= MAX_WIDTH_UNITS;

const numeric: readonly Component[] = [
  component("add", [plain(N), plain(N)], N, 1, {
    apply: (a: number, b: number) => a + b,
    print: (a, b) => infix(a, "+", b, PRECEDENCE.add),
    commutative: true,
  }),
  component("subtract", [plain(N), plain(N)], N, 1, { apply: (a: number, b: number) => a - b, print: (a, b) => infix(a, "-", b, PRECEDENCE.add) }),
  component("multiply", [plain(N), plain(N)], N, 1, {
    apply: (a: number, b: number) => a * b,
    print: (a, b) => (a.literal === true && b.literal !== true ? infix(b, "*", a, PRECEDENCE.multiply) : infix(a, "*", b, PRECEDENCE.multiply)),
    commutative: true,
  }),
  component("divide", [plain(N), plain(N)], N, 1, {
    apply: (a: number, b: number) => (b === 0 ? FAIL : a / b),
    print: (a, b) => infix(a, "/", b, PRECEDENCE.multiply),
  }),
  component("remainder", [read(N), plain(N, 3)], N, 2, {
    apply: (a: number, b: number) => (b === 0 ? FAIL : a % b),
    print: (a, b) => infix(a, "%", b, PRECEDENCE.multiply),
  }),
  component("power", [plain(N, 4), plain(N, 3)], N, 2, {
    apply: (a: number, b: number) => a ** b,
    print: (a, b) => ({ text: `${atLeast(a, PRECEDENCE.primary)} ** ${atLeast(b, PRECEDENCE.power)}`, precedence: PRECEDENCE.power }),
  }),
  component("round", [read(N)], N, 1, { apply: (a: number) => Math.round(a), print: (a) => call("Math.round", a), insideRank: 0.5 }),
  component("floor", [read(N)], N, 1, { apply: (a: number) => Math.floor(a), print: (a) => call("Math.floor", a) }),
  component("ceil", [read(N)], N, 1, { apply: (a: number) => Math.ceil(a), print: (a) => call("Math.ceil", a) }),
  component("absolute", [read(N)], N, 1, { apply: (a: number) => Math.abs(a), print: (a) => call("Math.abs", a) }),
  component("root", [read(N, 8)], N, 3, { apply: (a: number) => Math.sqrt(a), print: (a) => call("Math.sqrt", a) }),
  component("lesser", [plain(N), plain(N)], N, 1, {
    apply: (a: number, b: number) => Math.min(a, b),
    print: (a, b) => call("Math.min", a, b),
    commutative: true,
  }),
  component("greater", [plain(N), plain(N)], N, 1, {
    apply: (a: number, b: number) => Math.max(a, b),
    print: (a, b) => call("Math.max", a, b),
    commutative: true,
  }),
  component("roundToCents", [read(N)], N, 2, { apply: (a: number) => Math.round(a * 100) / 100, print: (a) => roundedTo(a, 100), insideRank: 1.5 }),
  component("roundToTenths", [read(N)], N, 3, { apply: (a: number) => Math.round(a * 10) / 10, print: (a) => roundedTo(a, 10), insideRank: 1.5 }),
];

function roundedTo(code: Code, factor: number): Code {
  const text = `Math.round(${atLeast(code, PRECEDENCE.multiply)} * ${factor}) / ${factor}`;
  return { text, precedence: PRECEDENCE.multiply };
}

const relational: readonly Component[] = [
  component("equalNumbers", [any(N), any(N)], B, 1, { apply: (a: number, b: number) => a === b, print: (a, b) => comparison(a, "===", b), commutative: true }),
  component("less", [any(N), any(N)], B, 1, { apply: (a: number, b: number) => a < b, print: (a, b) => comparison(a, "<", b) }),
  component("atMost", [any(N), any(N)], B, 1, { apply: (a: number, b: number) => a <= b, print: (a, b) => comparison(a, "<=", b) }),
  component("divisible", [read(N, 4), plain(N, 3)], B, 2, {
    apply: (a: number, b: number) => (b === 0 ? FAIL : a % b === 0),
    print: (a, b) => comparison(infix(a, "%", b, PRECEDENCE.multiply), "===", primary("0")),
  }),
  component("integer", [read(N, 3)], B, 2, { apply: (a: number) => Number.isInteger(a), print: (a) => call("Number.isInteger", a) }),
  component("equalStrings", [any(S), any(S)], B, 1, { apply: (a: string, b: string) => a === b, print: (a, b) => comparison(a, "===", b), commutative: true }),
  component("lessString", [read(S, 3), read(S, 3)], B, 3, { apply: (a: string, b: string) => a < b, print: (a, b) => comparison(a, "<", b) }),
  component("equalBooleans", [small(B, 4), small(B, 4)], B, 1, {
    apply: (a: boolean, b: boolean) => a === b,
    print: (a, b) => comparison(a, "===", b),
    commutative: true,
  }),
  component("not", [any(B)], B, 1, { apply: (a: boolean) => !a, print: negate }),
  component("and", [small(B, 6), small(B, 6)], B, 1, {
    apply: (a: boolean, b: boolean) => a && b,
    print: (a, b) => associative(a, "&&", b, PRECEDENCE.and),
    commutative: true,
  }),
  component("or", [small(B, 6), small(B, 6)], B, 1, {
    apply: (a: boolean, b: boolean) => a || b,
    print: (a, b) => associative(a, "||", b, PRECEDENCE.or),
    commutative: true,
  }),
];

const text: readonly Component[] = [
  component("length", [read(S)], N, 1, { apply: (a: string) => a.length, print: (a) => member(a, "length") }),
  component("upper", [read(S)], S, 1, { apply: (a: string) => a.toUpperCase(), print: (a) => method(a, "toUpperCase") }),
  component("lower", [read(S)], S, 1, { apply: (a: string) => a.toLowerCase(), print: (a) => method(a, "toLowerCase") }),
  component("trim", [read(S)], S, 1, { apply: (a: string) => a.trim(), print: (a) => method(a, "trim") }),
  component("textFrom", [read(S), plain(N, 5)], S, 1, {
    apply: (a: string, from: number) => (Number.isInteger(from) && from !== 0 ? a.slice(from) : FAIL),
    print: (a, from) => method(a, "slice", from),
  }),
  component("textTo", [read(S), plain(N, 5)], S, 1, {
    apply: (a: string, to: number) => (Number.isInteger(to) && to !== 0 ? a.slice(0, to) : FAIL),
    print: (a, to) => method(a, "slice", primary("0"), to),
  }),
  component("textBetween", [read(S), plain(N, 3), plain(N, 6)], S, 1, {
    apply: (a: string, from: number, to: number) => (Number.isInteger(from) && Number.isInteger(to) && from !== 0 ? a.slice(from, to) : FAIL),
    print: (a, from, to) => method(a, "slice", from, to),
  }),
  component("charAt", [read(S), plain(N, 5)], S, 1, {
    apply: (a: string, at: number) => (Number.isInteger(at) && at >= 0 ? a.charAt(at) : FAIL),
    print: (a, at) => method(a, "charAt", at),
  }),
  component("concat", [plain(S, 4), plain(S, 4)], S, 1, { apply: (a: string, b: string) => a + b, print: concatenation }),
  component("split", [read(S), mark(S)], STRINGS, 1, { apply: (a: string, by: string) => a.split(by), print: (a, by) => method(a, "split", by) }),
  component("splitWords", [read(S)], STRINGS, 2, {
    apply: (a: string) => a.split(/\s+/).filter((word) => word !== ""),
    print: (a) => method(method(a, "split", primary("/\\s+/")), "filter", { text: '(word) => word !== ""', precedence: PRECEDENCE.arrow }),
  }),
  component("join", [any(STRINGS), mark(S)], S, 1, { apply: (a: readonly string[], by: string) => a.join(by), print: (a, by) => method(a, "join", by) }),
  component("joinNumbers", [any(NUMBERS), mark(S)], S, 1, { apply: (a: readonly number[], by: string) => a.join(by), print: (a, by) => method(a, "join", by) }),
  component("replaceAll", [read(S), mark(S), mark(S)], S, 1, {
    apply: (a: string, from: string, to: string) => (from === "" || to.includes("$") ? FAIL : a.replaceAll(from, to)),
    print: (a, from, to) => method(a, "replaceAll", from, to),
  }),
  component("replace", [read(S), constant(REGEX), mark(S)], S, 1, {
    apply: (a: string, pattern: RegExp, to: string) => (to.includes("$") ? FAIL : a.replace(pattern, to)),
    print: (a, pattern, to) => method(a, "replace", pattern, to),
  }),
  component("separateCapitals", [read(S), mark(S)], S, 3, {
    apply: (a: string, by: string) => (by.includes("$") ? FAIL : a.replace(/([a-z0-9])([A-Z])/g, `$1${by}$2`)),
    print: (a, by) => method(a, "replace", primary("/([a-z0-9])([A-Z])/g"), between("$1", by, "$2")),
  }),
  component("matches", [read(S), constant(REGEX)], STRINGS, 1, {
    apply: (a: string, pattern: RegExp) => a.match(pattern) ?? [],
    print: (a, pattern) => ({ text: `${method(a, "match", pattern).text} ?? []`, precedence: PRECEDENCE.conditional }),
  }),
  component("fits", [read(S), constant(REGEX)], B, 2, {
    apply: (a: string, pattern: RegExp) => a.search(pattern) !== -1,
    print: (a, pattern) => method(primary(pattern.text.replace(/g(?=[a-z]*$)/, "")), "test", a),
  }),
  component("padStart", [read(S), plain(N, 3), mark(S)], S, 1, {
    apply: (a: string, width: number, by: string) => (isWidth(width) && by.length === 1 ? a.padStart(width, by) : FAIL),
    print: (a, width, by) => method(a, "padStart", width, by),
  }),
  component("padEnd", [read(S), plain(N, 3), mark(S)], S, 1, {
    apply: (a: string, width: number, by: string) => (isWidth(width) && by.length === 1 ? a.padEnd(width, by) : FAIL),
    print: (a, width, by) => method(a, "padEnd", width, by),
  }),
  component("repeat", [plain(S, 4), read(N, 6)], S, 1, {
    apply: (a: string, times: number) => (isWidth(times) && a.length * times <= MAX_STRING_UNITS ? a.repeat(times) : FAIL),
    print: (a, times) => method(a, "repeat", times),
  }),
  component("reverseText", [read(S)], S, 2, {
    apply: (a: string) => a.split("").reverse().join(""),
    print: (a) => method(method(method(a, "split", primary('""')), "reverse"), "join", primary('""')),
  }),
  component("capitalize", [read(S)], S, 2, {
    apply: (a: string) => a.charAt(0).toUpperCase() + a.slice(1),
    print: (a) => infix(method(method(a, "charAt", primary("0")), "toUpperCase"), "+", method(a, "slice", primary("1")), PRECEDENCE.add),
  }),
  component("stringOf", [read(N)], S, 1, {
    apply: (a: number) => String(a),
    print: (a) => ({ ...call("String", a), parts: [{ text: a.text, isString: false }] }),
  }),
  component("toFixed", [read(N), constant(N)], S, 1, {
    apply: (a: number, digits: number) => (Number.isInteger(digits) && digits >= 0 && digits <= 6 ? a.toFixed(digits) : FAIL),
    print: (a, digits) => method(a, "toFixed", digits),
  }),
  component("toBase", [read(N, 3), constant(N)], S, 2, {
    apply: (a: number, base: number) => ([2, 8, 16, 36].includes(base) ? a.toString(base) : FAIL),
    print: (a, base) => method(a, "toString", base),
  }),
  component("fromBase", [read(S, 3), constant(N)], N, 2, {
    apply: (a: string, base: number) => ([2, 8, 16, 36].includes(base) ? Number.parseInt(a, base) : FAIL),
    print: (a, base) => call("Number.parseInt", a, base),
  }),
  component("numberOf", [read(S)], N, 1, { apply: (a: string) => Number(a), print: (a) => call("Number", a) }),
  component("codeAt", [read(S, 3), constant(N)], N, 2, {
    apply: (a: string, at: number) => (Number.isInteger(at) && at >= 0 ? a.charCodeAt(at) : FAIL),
    print: (a, at) => method(a, "charCodeAt", at),
  }),
  component("charOf", [read(N, 8)], S, 2, {
    apply: (a: number) => (Number.isInteger(a) && a >= 32 && a < 0xd800 ? String.fromCharCode(a) : FAIL),
    print: (a) => call("String.fromCharCode", a),
  }),
  component("textIndexOf", [read(S), mark(S)], N, 1, { apply: (a: string, b: string) => a.indexOf(b), print: (a, b) => method(a, "indexOf", b) }),
  component("textLastIndexOf", [read(S), mark(S)], N, 2, { apply: (a: string, b: string) => a.lastIndexOf(b), print: (a, b) => method(a, "lastIndexOf", b) }),
  component("textIncludes", [any(S), small(S, 3)], B, 1, { apply: (a: string, b: string) => a.includes(b), print: (a, b) => method(a, "includes", b) }),
  component("startsWith", [read(S), small(S, 3)], B, 1, { apply: (a: string, b: string) => a.startsWith(b), print: (a, b) => method(a, "startsWith", b) }),
  component("endsWith", [read(S), small(S, 3)], B, 1, { apply: (a: string, b: string) => a.endsWith(b), print: (a, b) => method(a, "endsWith", b) }),
];

/** Text with a string in its midst: one literal where that is one. */
function between(before: string, code: Code, after: string): Code {
  const [part] = code.parts ?? [];
  if (code.literal === true && typeof part === "string") return literal(`${before}${part}${after}`);
  return concatenation(concatenation(literal(before), code), literal(after));
}

const collections: readonly Component[] = [
  component("sum", [any(NUMBERS)], N, 1, {
    apply: (a: readonly number[]) => a.reduce((sum, item) => sum + item, 0),
    print: (a) => method(a, "reduce", arrow("(sum, value) => sum + value"), primary("0")),
  }),
  component("mean", [read(NUMBERS, 3)], N, 2, {
    apply: (a: readonly number[]) => a.reduce((sum, item) => sum + item, 0) / a.length,
    print: (a) => infix(method(a, "reduce", arrow("(sum, value) => sum + value"), primary("0")), "/", member(a, "length"), PRECEDENCE.multiply),
  }),
  component("product", [any(NUMBERS)], N, 2, {
    apply: (a: readonly number[]) => a.reduce((product, item) => product * item, 1),
    print: (a) => method(a, "reduce", arrow("(product, value) => product * value"), primary("1")),
  }),
  component("maximum", [any(NUMBERS)], N, 1, { apply: (a: readonly number[]) => Math.max(...a), print: (a) => call("Math.max", spread(a)) }),
  component("minimum", [any(NUMBERS)], N, 1, { apply: (a: readonly number[]) => Math.min(...a), print: (a) => call("Math.min", spread(a)) }),
  component("ascending", [any(NUMBERS)], NUMBERS, 1, {
    apply: (a: readonly number[]) => [...a].sort((x, y) => x - y),
    print: (a) => method(own(a), "sort", arrow("(a, b) => a - b")),
  }),
  component("descending", [any(NUMBERS)], NUMBERS, 1, {
    apply: (a: readonly number[]) => [...a].sort((x, y) => y - x),
    print: (a) => method(own(a), "sort", arrow("(a, b) => b - a")),
  }),
  component("sorted", [any(STRINGS)], STRINGS, 1, { apply: (a: readonly string[]) => [...a].sort(), print: (a) => method(own(a), "sort") }),
  component("countTo", [read(N, 3)], NUMBERS, 2, {
    apply: (n: number) => (isWidth(n) ? Array.from({ length: n }, (_, index) => index + 1) : FAIL),
    print: (n) => primary(`Array.from({ length: ${n.text} }, (_, index) => index + 1)`),
  }),
  component("countBelow", [read(N, 3)], NUMBERS, 2, {
    apply: (n: number) => (isWidth(n) ? Array.from({ length: n }, (_, index) => index) : FAIL),
    print: (n) => primary(`Array.from({ length: ${n.text} }, (_, index) => index)`),
  }),
  component("span", [plain(N, 3), read(N, 3)], NUMBERS, 2, {
    apply: (from: number, to: number) =>
      Number.isInteger(from) && isWidth(Math.max(0, to - from + 1)) ? Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index) : FAIL,
    print: (from, to) => {
      const length = infix(infix(to, "-", from, PRECEDENCE.add), "+", primary("1"), PRECEDENCE.add);
      return primary(`Array.from({ length: Math.max(0, ${length.text}) }, (_, index) => ${infix(from, "+", primary("index"), PRECEDENCE.add).text})`);
    },
  }),
];

/** Operations on arrays of one element type. */
function arrayComponents(array: Type, element: Type): Component[] {
  const list: Component[] = [
    component("size", [any(array)], N, 1, { apply: (a: readonly unknown[]) => a.length, print: (a) => member(a, "length") }),
    component("item", [any(array), plain(N, 5)], element, 1, {
      apply: (a: readonly unknown[], at: number) => (Number.isInteger(at) && at >= 0 && at < a.length ? a[at] : FAIL),
      print: (a, at) => primary(`${atLeast(a, PRECEDENCE.primary)}[${at.text}]`),
    }),
    component("last", [any(array)], element, 1, {
      apply: (a: readonly unknown[]) => (a.length > 0 ? a[a.length - 1] : FAIL),
      print: (a) => (isIdentifierPath(a.text) ? primary(`${a.text}[${a.text}.length - 1]`) : primary(`${method(a, "slice", primary("-1")).text}[0]`)),
    }),
    component("itemsFrom", [any(array), plain(N, 5)], array, 1, {
      apply: (a: readonly unknown[], from: number) => (Number.isInteger(from) && from !== 0 ? a.slice(from) : FAIL),
      print: (a, from) => method(a, "slice", from),
    }),
    component("itemsTo", [any(array), plain(N, 5)], array, 1, {
      apply: (a: readonly unknown[], to: number) => (Number.isInteger(to) && to !== 0 ? a.slice(0, to) : FAIL),
      print: (a, to) => method(a, "slice", primary("0"), to),
    }),
    component("itemsBetween", [any(array), plain(N, 3), plain(N, 5)], array, 2, {
      apply: (a: readonly unknown[], from: number, to: number) => (Number.isInteger(from) && Number.isInteger(to) && from !== 0 ? a.slice(from, to) : FAIL),
      print: (a, from, to) => method(a, "slice", from, to),
    }),
    component("reversed", [any(array)], array, 1, { apply: (a: readonly unknown[]) => [...a].reverse(), print: (a) => method(own(a), "reverse") }),
    component("joined", [small(array, 4), small(array, 4)], array, 1, {
      apply: (a: readonly unknown[], b: readonly unknown[]) => (a.length + b.length > MAX_ARRAY_LENGTH ? FAIL : [...a, ...b]),
      print: (a, b) => listed(spread(a), spread(b)),
    }),
  ];
  if (element.kind === "number" || element.kind === "string" || element.kind === "boolean" || element.kind === "literal") {
    list.push(
      component("contains", [any(array), small(element, 5)], B, 1, {
        apply: (a: readonly unknown[], b: unknown) => a.includes(b),
        print: (a, b) => method(a, "includes", b),
      }),
      component("itemIndexOf", [any(array), small(element, 3)], N, 1, {
        apply: (a: readonly unknown[], b: unknown) => a.indexOf(b),
        print: (a, b) => method(a, "indexOf", b),
      }),
      component("unique", [any(array)], array, 1, { apply: (a: readonly unknown[]) => [...new Set(a)], print: (a) => primary(`[...new Set(${a.text})]`) }),
      component("append", [small(array, 4), plain(element, 3)], array, 1, {
        apply: (a: readonly unknown[], b: unknown) => [...a, b],
        print: (a, b) => listed(spread(a), b),
      }),
      component("prepend", [small(array, 4), plain(element, 3)], array, 1, {
        apply: (a: readonly unknown[], b: unknown) => [b, ...a],
        print: (a, b) => listed(b, spread(a)),
      }),
    );
  }
  if (element.kind === "array") {
    list.push(component("flat", [any(array)], element, 1, { apply: (a: readonly unknown[]) => a.flat(1), print: (a) => method(a, "flat") }));
  }
  return list;
}

function isIdentifierPath(source: string): boolean {
  return /^[\w$]+(?:\.[\w$]+)*$/.test(source);
}

/** Reads of a record's entries. */
function recordComponents(record: Type, value: Type): Component[] {
  return [
    component("entry", [any(record), small(S, 4)], value, 1, {
      apply: (a: unknown, key: string) => (isPlainObject(a) && Object.hasOwn(a, key) ? a[key] : FAIL),
      print: (a, key) => primary(`${atLeast(a, PRECEDENCE.primary)}[${key.text}]`),
    }),
    component("entryOr", [any(record), small(S, 4), constant(value)], value, 2, {
      apply: (a: unknown, key: string, otherwise: unknown) => (isPlainObject(a) ? (Object.hasOwn(a, key) ? a[key] : otherwise) : FAIL),
      print: (a, key, otherwise) => coalesce(primary(`${atLeast(a, PRECEDENCE.primary)}[${key.text}]`), otherwise),
    }),
    component("hasEntry", [any(record), small(S, 4)], B, 1, {
      apply: (a: unknown, key: string) => (isPlainObject(a) ? Object.hasOwn(a, key) : FAIL),
      print: (a, key) => call("Object.hasOwn", a, key),
    }),
    component("names", [any(record)], STRINGS, 1, { apply: (a: object) => Object.keys(a), print: (a) => call("Object.keys", a) }),
    component("contents", [any(record)], arrayOf(value), 1, { apply: (a: object) => Object.values(a), print: (a) => call("Object.values", a) }),
  ];
}

function coalesce(value: Code, otherwise: Code): Code {
  return { text: `${atLeast(value, PRECEDENCE.relation)} ?? ${atLeast(otherwise, PRECEDENCE.relation)}`, precedence: PRECEDENCE.conditional };
}

/** Reads of the fields of an object that is itself the result of an operation; those of variables are variables. */
function objectComponents(object: Type, fields: readonly Field[]): Component[] {
  return fields.map((field) =>
    component(`field:${field.name}`, [read(object)], field.optional ? optionalOf(field.type, undefined) : field.type, 1, {
      apply: (a: unknown) => (isPlainObject(a) ? a[field.name] : FAIL),
      print: (a) =>
        propertyName(field.name) === field.name ? member(a, field.name) : primary(`${atLeast(a, PRECEDENCE.primary)}[${JSON.stringify(field.name)}]`),
    }),
  );
}

/** Reads of a value that may be absent. */
function optionalComponents(optional: Type, inner: Type, empty: undefined | null): Component[] {
  const list = [
    component("present", [atom(optional)], B, 1, {
      apply: (a: unknown) => a !== empty,
      print: (a) => ({
        ...infix(a, "!==", primary(String(empty)), PRECEDENCE.equality),
        negated: infix(a, "===", primary(String(empty)), PRECEDENCE.equality).text,
      }),
    }),
  ];
  if (inner.kind === "number" || inner.kind === "string" || inner.kind === "boolean" || inner.kind === "literal") {
    list.push(
      component("orElse", [atom(optional), small(inner, 2)], inner, 1, {
        apply: (a: unknown, otherwise: unknown) => a ?? otherwise,
        print: coalesce,
      }),
    );
  }
  return list;
}

/** Operations that are left out inside lambdas, where every element is a row and expressions are small. */
const OUTER_ONLY = new Set([
  "splitWords",
  "separateCapitals",
  "countTo",
  "countBelow",
  "span",
  "lessString",
  "itemsBetween",
  "joined",
  "append",
  "prepend",
  "textLastIndexOf",
  "padEnd",
  "replaceAll",
  "roundToTenths",
  "root",
  "toBase",
  "fromBase",
  "equalBooleans",
]);

/** True for an operation that may stand inside a lambda. */
export function isInner(operation: Component): boolean {
  return !OUTER_ONLY.has(operation.name);
}

/**
 * The operations that make sense for the given types.
 *
 * @param types every type that occurs in the function: its parameters, its result, their parts
 */
export function componentsFor(types: readonly Type[]): Component[] {
  const universe = new Map<string, Type>([STRINGS, NUMBERS, ...types].map((type) => [type.key, type]));
  const list = [...numeric, ...relational, ...text, ...collections];
  for (const type of universe.values()) {
    if (type.kind === "array") list.push(...arrayComponents(type, type.element));
    if (type.kind === "record") list.push(...recordComponents(type, type.value));
    if (type.kind === "object") list.push(...objectComponents(type, type.fields));
    if (type.kind === "optional") list.push(...optionalComponents(type, type.inner, type.empty));
  }
  return list;
}
