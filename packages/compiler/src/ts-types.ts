/** Type texts of function blocks: whether they are types, which names they use, and what declared names stand for. */
import { closing, render } from "./ts-tokens.ts";
import type { Token } from "./ts-tokens.ts";

/** A type the order declares (`type X = ...`, `interface X { ... }`) in terms of tokens. */
export type DeclaredType = { readonly name: string; readonly tokens: readonly Token[]; readonly line: number };

const PREFIXES = new Set(["keyof", "readonly", "typeof", "infer", "asserts", "unique", "new", "abstract"]);
const INFIXES = new Set(["|", "&", "=>", "?", ":"]);
const INFIX_WORDS = new Set(["extends", "is"]);
/** Words that cannot be the name of a type. */
const RESERVED = new Set([
  "function",
  "const",
  "let",
  "var",
  "return",
  "if",
  "else",
  "for",
  "while",
  "class",
  "import",
  "export",
  "default",
  "async",
  "await",
  "enum",
]);

/**
 * Why tokens are no type, or undefined when they are one. A flat reader that alternates operands and operators: what
 * is inside brackets is checked for balance only.
 */
export function typeProblem(tokens: readonly Token[]): string | undefined {
  if (tokens.length === 0) return "the type is missing";
  let operand = false;
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) break;
    if (token.kind === "close") return `\`${token.text}\` closes nothing`;
    if (token.kind === "open") {
      const end = closing(tokens, index);
      if (end < 0) return `\`${token.text}\` is not closed`;
      if (operand && token.text !== "[" && token.text !== "<") return `\`${token.text}\` follows a complete type`;
      if (token.text === "<" && end === index + 1) return "`<>` is empty";
      // Type parameters of a function type stand before its parameter list.
      operand = token.text !== "<" || operand;
      index = end;
      continue;
    }
    const next = stepType(token, operand);
    if (typeof next === "string") return next;
    operand = next;
  }
  return operand ? undefined : `the type ends after \`${tokens.at(-1)?.text ?? ""}\``;
}

/** Whether an operand is complete after this token, or what is wrong with it. */
function stepType(token: Token, operand: boolean): boolean | string {
  const { kind, text } = token;
  if (operand) {
    if (kind === "word" && INFIX_WORDS.has(text)) return false;
    if (kind === "punctuation" && (INFIXES.has(text) || text === ".")) return false;
    return `\`${text}\` follows a complete type`;
  }
  if (kind === "word") return RESERVED.has(text) ? `\`${text}\` is no type` : !PREFIXES.has(text);
  if (kind === "string" || kind === "number") return true;
  return text === "|" || text === "&" || text === "-" ? false : `\`${text}\` stands where a type is expected`;
}

/** True for a word that is a label (`name:` or `name?:`), a member (`a.name`) or a method's name, and no type. */
function isLabel(tokens: readonly Token[], index: number): boolean {
  const next = tokens[index + 1];
  const afterNext = tokens[index + 2];
  if (tokens[index - 1]?.text === ".") return true;
  if (next === undefined) return false;
  return next.text === ":" || (next.text === "?" && afterNext?.text === ":") || (next.kind === "open" && next.text === "(");
}

/** Names of types that tokens use: words that are no labels and no operators. */
export function namesIn(tokens: readonly Token[]): string[] {
  return tokens
    .filter(
      (token, index) => token.kind === "word" && !PREFIXES.has(token.text) && !INFIX_WORDS.has(token.text) && token.text !== "in" && !isLabel(tokens, index),
    )
    .map(({ text }) => text);
}

/** How deep declared types may nest, and how many tokens one type may grow to; more is a declaration that contains itself. */
const MAX_EXPANSION_DEPTH = 16;
const MAX_TYPE_TOKENS = 2_000;

/**
 * Puts what a declared name stands for in its place, so that a type says everything by itself.
 *
 * @returns the tokens, or the name of the type that contains itself or grows beyond bounds
 */
export function expand(
  tokens: readonly Token[],
  declared: ReadonlyMap<string, DeclaredType>,
  within: readonly string[] = [],
): { readonly tokens: Token[] } | { readonly recursive: string } {
  const out: Token[] = [];
  for (const [index, token] of tokens.entries()) {
    const type = token.kind === "word" && !isLabel(tokens, index) ? declared.get(token.text) : undefined;
    if (type === undefined) {
      out.push(token);
      continue;
    }
    if (within.includes(type.name) || within.length >= MAX_EXPANSION_DEPTH) return { recursive: type.name };
    const inner = expand(type.tokens, declared, [...within, type.name]);
    if ("recursive" in inner) return inner;
    out.push(...(isSingle(inner.tokens) ? inner.tokens : wrapped(inner.tokens, token)));
    if (out.length > MAX_TYPE_TOKENS) return { recursive: type.name };
  }
  return { tokens: out };
}

/** True when the tokens bind together whatever stands around them: one word, or one group in braces. */
function isSingle(tokens: readonly Token[]): boolean {
  const first = tokens[0];
  return tokens.length === 1 || (first?.text === "{" && closing(tokens, 0) === tokens.length - 1);
}

function wrapped(tokens: readonly Token[], at: Token): Token[] {
  return [{ kind: "open", text: "(", line: at.line, first: false }, ...tokens, { kind: "close", text: ")", line: at.line, first: false }];
}

/** One-line source of a type. */
export function typeText(tokens: readonly Token[]): string {
  return render(tokens);
}

/** Names that need no declaration: keywords of types and what the ECMAScript library declares. */
export const BUILT_IN_TYPES: ReadonlySet<string> = new Set([
  "any",
  "unknown",
  "never",
  "void",
  "null",
  "undefined",
  "string",
  "number",
  "boolean",
  "bigint",
  "symbol",
  "object",
  "true",
  "false",
  "this",
  "Array",
  "ReadonlyArray",
  "Record",
  "Partial",
  "Required",
  "Readonly",
  "Pick",
  "Omit",
  "Exclude",
  "Extract",
  "NonNullable",
  "ReturnType",
  "Parameters",
  "Awaited",
  "Promise",
  "PromiseLike",
  "Map",
  "ReadonlyMap",
  "WeakMap",
  "Set",
  "ReadonlySet",
  "WeakSet",
  "Date",
  "RegExp",
  "Error",
  "TypeError",
  "RangeError",
  "SyntaxError",
  "Function",
  "Object",
  "String",
  "Number",
  "Boolean",
  "Symbol",
  "BigInt",
  "Iterable",
  "Iterator",
  "IterableIterator",
  "Generator",
  "AsyncIterable",
  "ArrayBuffer",
  "Uint8Array",
  "Int8Array",
  "Uint16Array",
  "Int16Array",
  "Uint32Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
  "DataView",
  "Uppercase",
  "Lowercase",
  "Capitalize",
  "Uncapitalize",
  "PropertyKey",
  "JSON",
  "Math",
  "Atomics",
  "Intl",
  "Reflect",
  "globalThis",
  "AggregateError",
  "ArrayBufferLike",
  "ArrayBufferView",
  "ArrayLike",
  "AsyncGenerator",
  "AsyncIterableIterator",
  "AsyncIterator",
  "BigInt64Array",
  "BigUint64Array",
  "CallableFunction",
  "ConcatArray",
  "ConstructorParameters",
  "EvalError",
  "FinalizationRegistry",
  "InstanceType",
  "IteratorResult",
  "IteratorReturnResult",
  "IteratorYieldResult",
  "NewableFunction",
  "NoInfer",
  "OmitThisParameter",
  "PromiseFulfilledResult",
  "PromiseRejectedResult",
  "PromiseSettledResult",
  "PropertyDescriptor",
  "PropertyDescriptorMap",
  "ProxyHandler",
  "ReferenceError",
  "RegExpExecArray",
  "RegExpMatchArray",
  "SharedArrayBuffer",
  "TemplateStringsArray",
  "ThisParameterType",
  "ThisType",
  "TypedPropertyDescriptor",
  "URIError",
  "Uint8ClampedArray",
  "WeakKey",
  "WeakRef",
]);
