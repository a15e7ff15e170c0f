/** Pieces of TypeScript source with their precedence, so that parentheses stand only where they are needed. */

/** Binding strength of an expression's outermost operator; larger binds tighter. */
export const PRECEDENCE = {
  primary: 20,
  unary: 15,
  power: 14,
  multiply: 13,
  add: 12,
  relation: 10,
  equality: 9,
  and: 5,
  or: 4,
  conditional: 3,
  arrow: 2,
} as const;

/** Source of an expression. */
export type Code = {
  readonly text: string;
  readonly precedence: number;
  /** True for a literal: comparisons put it on the right. */
  readonly literal?: boolean;
  /** Source of the negation, where it is simpler than `!(...)`. */
  readonly negated?: string;
  /** Pieces of a string that is put together: literal text, or source to interpolate. */
  readonly parts?: readonly (string | { readonly text: string; readonly isString: boolean })[];
};

/** Source that needs no parentheses anywhere. */
export function primary(text: string): Code {
  return { text, precedence: PRECEDENCE.primary };
}

/** The text, in parentheses when it binds weaker than asked. */
export function atLeast(code: Code, precedence: number): string {
  return code.precedence >= precedence ? code.text : `(${code.text})`;
}

/** `receiver.name(args)`. */
export function method(receiver: Code, name: string, ...args: readonly Code[]): Code {
  return primary(`${atLeast(receiver, PRECEDENCE.primary)}.${name}(${args.map((arg) => arg.text).join(", ")})`);
}

/** `receiver.name`. */
export function member(receiver: Code, name: string): Code {
  return primary(`${atLeast(receiver, PRECEDENCE.primary)}.${name}`);
}

/** `callee(args)`. */
export function call(callee: string, ...args: readonly Code[]): Code {
  return primary(`${callee}(${args.map((arg) => arg.text).join(", ")})`);
}

/** The elements of an array in place: `...array`. */
export const spread = (code: Code): Code => primary(`...${atLeast(code, PRECEDENCE.conditional)}`);
/** `[a, b]`. */
export const listed = (...items: readonly Code[]): Code => primary(`[${items.map((item) => item.text).join(", ")}]`);
/** True when the source makes an array of its own, which may be sorted or reversed in place. */
const isFresh = (code: Code): boolean =>
  /^\[|\.(?:map|filter|split|slice|flat|flatMap|concat|sort|reverse)\([^]*\)$/.test(code.text) && code.precedence === PRECEDENCE.primary;
/** The array where it may be sorted or reversed in place, else a copy of it. */
export const own = (code: Code): Code => (isFresh(code) ? code : listed(spread(code)));
/** Source of an arrow function. */
export const arrow = (code: string): Code => ({ text: code, precedence: PRECEDENCE.arrow });

/** A left-associative operator. */
export function infix(left: Code, operator: string, right: Code, precedence: number): Code {
  return { text: `${atLeast(left, precedence)} ${operator} ${atLeast(right, precedence + 1)}`, precedence };
}

/** An operator for which `(a op b) op c` and `a op (b op c)` are the same value in every case (`&&`, `||`). */
export function associative(left: Code, operator: string, right: Code, precedence: number): Code {
  return { text: `${atLeast(left, precedence)} ${operator} ${atLeast(right, precedence)}`, precedence };
}

const FLIPPED: { readonly [operator: string]: string } = { "<": ">", "<=": ">=", "===": "===", "!==": "!==" };
const NEGATED: { readonly [operator: string]: string } = { "<": ">=", "<=": ">", ">": "<=", ">=": "<", "===": "!==", "!==": "===" };

/** A comparison; a literal on the left is moved to the right. */
export function comparison(left: Code, operator: "<" | "<=" | "===" | "!==", right: Code): Code {
  const flip = left.literal === true && right.literal !== true;
  const shown = (flip ? FLIPPED[operator] : operator) ?? operator;
  const [first, second] = flip ? [right, left] : [left, right];
  const precedence = operator === "===" || operator === "!==" ? PRECEDENCE.equality : PRECEDENCE.relation;
  const code = infix(first, shown, second, precedence);
  return { ...code, negated: infix(first, NEGATED[shown] ?? shown, second, precedence).text };
}

/** The negation of a condition. */
export function negate(code: Code): Code {
  if (code.negated !== undefined) return { text: code.negated, precedence: PRECEDENCE.equality, negated: code.text };
  return { text: `!${atLeast(code, PRECEDENCE.unary)}`, precedence: PRECEDENCE.unary, negated: code.text };
}

/** A string put together from pieces: `+` when there is no literal text and nothing to convert, else a template. */
export function concatenation(left: Code, right: Code): Code {
  const parts = [...partsOf(left), ...partsOf(right)];
  if (parts.every((part) => typeof part === "object" && part.isString)) {
    return { ...infix(left, "+", right, PRECEDENCE.add), parts };
  }
  const text = parts.map((part) => (typeof part === "string" ? escapeTemplate(part) : `\${${part.text}}`)).join("");
  return { text: `\`${text}\``, precedence: PRECEDENCE.primary, parts };
}

function partsOf(code: Code): readonly (string | { readonly text: string; readonly isString: boolean })[] {
  return code.parts ?? [{ text: code.text, isString: true }];
}

function escapeTemplate(text: string): string {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("`", "\\`").replaceAll("${", "\\${");
}

/** A value of the language as a literal. */
export function literal(value: unknown): Code {
  if (typeof value === "string") return { ...primary(JSON.stringify(value)), literal: true, parts: [value] };
  if (typeof value === "number") {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return { text, precedence: text.startsWith("-") ? PRECEDENCE.unary : PRECEDENCE.primary, literal: true };
  }
  if (value instanceof RegExp) return { ...primary(String(value)), literal: true };
  return { ...primary(value === undefined ? "undefined" : JSON.stringify(value)), literal: true };
}
