/** Tokens of the small part of TypeScript that a function block may hold: signatures and type declarations. */

/** `open` and `close` are brackets; angle brackets stand apart, since `<` opens only inside a type. */
export type TokenKind = "word" | "string" | "number" | "punctuation" | "open" | "close";

export type Token = {
  readonly kind: TokenKind;
  readonly text: string;
  /** 0-based line inside the text. */
  readonly line: number;
  /** True when it is the first token of its line. */
  readonly first: boolean;
};

/** Where reading stopped and why; `line` is 0-based inside the text. */
export type Unreadable = { readonly line: number; readonly reason: string };

const SKIP = /(?:[ \t\r\f\v\u00a0\ufeff]+|\/\/[^\n]*|\/\*[\s\S]*?\*\/)/y;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)n?/y;
const TEXT = /(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`)/y;
const PUNCTUATION = /(?:=>|\.\.\.|[.,;:?|&=\-+*/!@#%^~])/y;
const OPENERS = "([{<";
const CLOSERS = ")]}>";

/** Splits text into tokens; comments and white space are left out. */
export function tokenize(text: string): { readonly tokens: Token[]; readonly problem?: Unreadable } {
  const tokens: Token[] = [];
  let at = 0;
  let line = 0;
  let first = true;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    if (text[at] === "\n") {
      at += 1;
      line += 1;
      first = true;
      continue;
    }
    const skipped = take(SKIP);
    if (skipped !== undefined) {
      at += skipped.length;
      line += skipped.split("\n").length - 1;
      continue;
    }
    const token = readToken(take, text.charAt(at), line, first);
    if (token === undefined) return { tokens, problem: { line, reason: `\`${text.charAt(at)}\` cannot be read here` } };
    tokens.push(token);
    at += token.text.length;
    line += token.text.split("\n").length - 1;
    first = false;
  }
  return { tokens };
}

function readToken(take: (pattern: RegExp) => string | undefined, next: string, line: number, first: boolean): Token | undefined {
  if (OPENERS.includes(next)) return { kind: "open", text: next, line, first };
  if (CLOSERS.includes(next)) return { kind: "close", text: next, line, first };
  const patterns: readonly (readonly [TokenKind, RegExp])[] = [
    ["word", WORD],
    ["string", TEXT],
    ["number", NUMBER],
    ["punctuation", PUNCTUATION],
  ];
  for (const [kind, pattern] of patterns) {
    const text = take(pattern);
    if (text !== undefined) return { kind, text, line, first };
  }
  return undefined;
}

/** Index of the bracket that closes the one at `open`, or -1. Arrows are tokens of their own and close nothing. */
export function closing(tokens: readonly Token[], open: number): number {
  const stack: string[] = [];
  for (let index = open; index < tokens.length; index++) {
    const token = tokens[index];
    if (token === undefined) return -1;
    if (token.kind === "open") stack.push(token.text);
    if (token.kind !== "close") continue;
    const opened = stack.pop();
    if (opened === undefined || OPENERS.indexOf(opened) !== CLOSERS.indexOf(token.text)) return -1;
    if (stack.length === 0) return index;
  }
  return -1;
}

/** Splits tokens at a separator that stands outside all brackets. */
export function splitTop(tokens: readonly Token[], separator: string): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === "open") depth += 1;
    if (token.kind === "close") depth -= 1;
    if (depth === 0 && token.text === separator && token.kind === "punctuation") parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}

const NO_SPACE_BEFORE = new Set([",", ";", ":", ")", "]", ">", ".", "[", "?"]);
const NO_SPACE_AFTER = new Set(["(", "[", "<", ".", "..."]);

/** TypeScript source of tokens, in one line and one spacing, so that two ways to write a type give the same text. */
export function render(tokens: readonly Token[]): string {
  let text = "";
  let previous: Token | undefined;
  for (const token of tokens) {
    text += (previous === undefined || joins(previous, token) ? "" : " ") + token.text;
    previous = token;
  }
  return text;
}

function joins(previous: Token, token: Token): boolean {
  if (NO_SPACE_AFTER.has(previous.text) && previous.kind !== "string") return true;
  if (previous.text === "-" || (previous.text === "?" && token.text === ":")) return true;
  if (token.kind === "string") return false;
  if (token.text === "[") return previous.kind === "word" || previous.kind === "string" || previous.kind === "close";
  if (token.text === "?") return previous.kind === "word" || (previous.kind === "close" && previous.text !== ">");
  if (token.text === "<" || token.text === "(") return previous.kind === "word" && !WORDS_BEFORE_TYPES.has(previous.text);
  return NO_SPACE_BEFORE.has(token.text);
}

/** Words of types that are followed by a type and not by an argument list. */
const WORDS_BEFORE_TYPES = new Set(["keyof", "readonly", "typeof", "infer", "extends", "is", "asserts", "new", "unique", "in"]);
