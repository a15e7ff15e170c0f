/** Faults of a work order: each names its line, its rule and what mends it. */
import type { OrderFault } from "@factory/schemas";

/** Every rule of the parser, with what it demands. Codes are stable: tools and tests key on them. */
export const ORDER_RULES = {
  ORDER_EMPTY: "An order has text.",
  TEXT_NOT_WELL_FORMED: "An order is well-formed Unicode.",
  ORDER_UNREADABLE: "An order is Markdown that can be read.",
  FRONT_MATTER_UNCLOSED: "Front matter ends with a line `---`.",
  FRONT_MATTER_YAML: "Front matter is a YAML mapping.",
  FRONT_MATTER_UNKNOWN_KEY: "Front matter has known keys only.",
  FRONT_MATTER_VALUE: "A front matter value has the type and range of its key.",
  REPOSITORY_UNSUPPORTED: "Orders with `repository` are not supported yet.",
  LANGUAGE_UNSUPPORTED: "The language is TypeScript.",
  TITLE_MISSING: "An order has a title.",
  SECTION_UNKNOWN: "Sections have known headings.",
  SECTION_DUPLICATE: "A section is written once.",
  SECTION_MISSING: "An order states its problem and its goal.",
  NO_ACCEPTANCE_CRITERION: "An order has at least one acceptance criterion.",
  PROSE_NOT_A_STATEMENT: "In a section with a list, each statement is a list item.",
  CRITERION_UNKNOWN_FUNCTION: "A criterion names functions that have a block.",
  CRITERION_TEST_PATH: "A test file has a relative path inside the workspace.",
  FENCE_UNCLOSED: "A fenced block is closed by a fence of its own.",
  SIGNATURE_UNREADABLE: "A `ts` fence holds function signatures and type declarations.",
  SIGNATURE_BODY: "A function block is a signature without a body.",
  SIGNATURE_TYPE: "Every parameter and every result has a type.",
  TYPE_UNKNOWN: "A type is built in, a type parameter or declared in the order.",
  TYPE_RECURSIVE: "A declared type does not contain itself.",
  FUNCTION_DUPLICATE: "A function has one block.",
  FUNCTION_FILE_CLASH: "Two functions do not share a file name.",
  FUNCTION_UNNAMED: "An acceptance criterion names each function.",
  FUNCTION_WITHOUT_EXAMPLES: "A function has examples or its criterion names tests.",
  EXAMPLES_EMPTY: "An `examples` fence holds examples.",
  EXAMPLE_FORM: "An example is `call(args) => value` on a line.",
  EXAMPLE_LITERAL: "Arguments and values are JSON5 literals, `undefined` or, right of the arrow, `throws Name`.",
  EXAMPLE_UNKNOWN_FUNCTION: "An example calls a function that has a block.",
  EXAMPLE_ARGUMENTS: "An example passes as many arguments as the signature takes.",
  EXAMPLE_CONTRADICTION: "The same call has one result.",
  EXAMPLE_DUPLICATE: "An example is written once.",
} as const satisfies Record<string, string>;

export type OrderRule = keyof typeof ORDER_RULES;

/** Builds a fault. `line` is 1-based; `fix` says what is wrong and what to write instead. */
export function fault(line: number, rule: OrderRule, fix: string): OrderFault {
  return { line: Math.max(1, line), rule, fix };
}

/** Faults that stop an order and remarks that do not, gathered by every reader of a parse. */
export class Findings {
  readonly faults: OrderFault[] = [];
  readonly warnings: OrderFault[] = [];

  /** Records what stops the order. */
  fault(line: number, rule: OrderRule, fix: string): void {
    this.faults.push(fault(line, rule, fix));
  }

  /** Records what the author should know and what does not stop the order. */
  warn(line: number, rule: OrderRule, fix: string): void {
    this.warnings.push(fault(line, rule, fix));
  }
}

/** In order of line; findings of one line stay in the order they were made. */
export function byLine(findings: readonly OrderFault[]): OrderFault[] {
  return [...findings].sort((a, b) => a.line - b.line);
}

/** The candidate nearest to a word, when it is near enough to be meant: at most two edits, and fewer than half its length. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= least) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least && distance * 2 < candidate.length) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
