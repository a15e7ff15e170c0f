/** Examples that a function's signature excludes: no code that type-checks could make them hold. */
import type { Example, ExampleValue, FunctionBlock, WorkOrder } from "@factory/schemas";
import { closing, splitTop, tokenize } from "./ts-tokens.ts";
import type { Token } from "./ts-tokens.ts";

/** An example with what is wrong with it, as a clause. */
export type MistypedExample = { readonly example: Example; readonly problem: string };

/**
 * Examples whose arguments or result are of another kind than the signature says. Types that are not written out are not
 * judged, and a call that has to throw may pass anything.
 */
export function mistypedExamples({ functions, examples }: Pick<WorkOrder, "functions" | "examples">): MistypedExample[] {
  const blocks = new Map(functions.map((block) => [block.name, block]));
  return examples.flatMap((example): MistypedExample[] => {
    const block = blocks.get(example.functionName);
    const problem = block === undefined ? undefined : problemOf(example, block);
    return problem === undefined ? [] : [{ example, problem }];
  });
}

function problemOf({ args, expected }: Example, { params, returnType }: FunctionBlock): string | undefined {
  if (expected.kind === "throws") return undefined;
  for (const [index, value] of args.entries()) {
    const param = params[Math.min(index, params.length - 1)];
    if (param === undefined || (param.optional && value.kind === "undefined")) continue;
    const type = param.name.startsWith("...") ? elementOf(tokensOf(param.type)) : tokensOf(param.type);
    if (type !== undefined && !mayBe(value, type)) return `passes ${shown(value)} where \`${param.name}\` is \`${param.type}\``;
  }
  return mayBe(expected, settled(tokensOf(returnType))) ? undefined : `expects ${shown(expected)} where the result is \`${returnType}\``;
}

const tokensOf = (type: string): Token[] => tokenize(type).tokens;

function shown(value: ExampleValue): string {
  return value.kind === "undefined" ? "`undefined`" : `\`${JSON.stringify(value.value)}\``;
}

/** Whether a value may be of a type; true where the type says nothing that can be judged. */
function mayBe(value: ExampleValue, type: readonly Token[]): boolean {
  const bare = unwrapped(type);
  const alternatives = splitTop(bare, "|").filter((part) => part.length > 0);
  if (alternatives.length > 1) return alternatives.some((part) => mayBe(value, part));
  const element = elementOf(bare);
  if (element !== undefined)
    return value.kind === "json" && Array.isArray(value.value) && value.value.every((item) => mayBe({ kind: "json", value: item }, element));
  const [only] = bare;
  if (only === undefined) return true;
  if (only.text === "{" && closing(bare, 0) === bare.length - 1) {
    return value.kind === "json" && typeof value.value === "object" && value.value !== null && !Array.isArray(value.value);
  }
  return bare.length > 1 || isOfWord(value, only);
}

function isOfWord(value: ExampleValue, { kind, text }: Token): boolean {
  // A template stands for many texts, and an escape is another text than it looks.
  if (kind === "string" && /[`\\]/.test(text)) return true;
  if (kind === "string") return value.kind === "json" && value.value === text.slice(1, -1);
  if (kind === "number") return value.kind === "json" && typeof value.value === "number";
  switch (text) {
    case "number":
    case "string":
    case "boolean":
      return value.kind === "json" && typeof value.value === text;
    case "true":
    case "false":
      return value.kind === "json" && value.value === (text === "true");
    case "null":
      return value.kind === "json" && value.value === null;
    case "undefined":
    case "void":
      return value.kind === "undefined";
    default:
      return true;
  }
}

/** A type without `readonly` and the parentheses around it. */
function unwrapped(type: readonly Token[]): readonly Token[] {
  if (type[0]?.text === "readonly") return unwrapped(type.slice(1));
  return type[0]?.text === "(" && closing(type, 0) === type.length - 1 ? unwrapped(type.slice(1, -1)) : type;
}

/** The element type of `T[]`, `Array<T>` and `ReadonlyArray<T>`; undefined for what is no list. */
function elementOf(type: readonly Token[]): readonly Token[] | undefined {
  const bare = unwrapped(type);
  if (splitTop(bare, "|").length > 1) return undefined;
  if (bare.at(-2)?.text === "[" && bare.at(-1)?.text === "]" && bare.length > 2) return bare.slice(0, -2);
  const [head, open] = bare;
  return (head?.text === "Array" || head?.text === "ReadonlyArray") && open?.text === "<" && bare.at(-1)?.text === ">" ? bare.slice(2, -1) : undefined;
}

/** What a promise settles to: an example states it without the promise. */
function settled(type: readonly Token[]): readonly Token[] {
  return type[0]?.text === "Promise" && type[1]?.text === "<" && type.at(-1)?.text === ">" ? type.slice(2, -1) : type;
}
