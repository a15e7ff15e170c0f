/** Statements of an order that deny each other. */
import type { Statement } from "@factory/schemas";

/** Two statements in document order, of which one says what the other denies. */
export type Denial = { readonly first: Statement; readonly second: Statement };

const NEGATIONS: ReadonlySet<string> = new Set(["no", "not", "never", "without", "nor", "neither", "cannot", "forbidden", "prohibited"]);
/** Words that carry a statement and say nothing of what it is about. */
const CARRIERS: ReadonlySet<string> = new Set(
  "always is are be been must may can shall should will do does have has required needed allowed permitted a an the any".split(" "),
);

/**
 * Pairs of statements with the same words of which one is negated once more than the other: "Arguments are never changed."
 * and "Arguments are always changed.", "No packages." and "Packages are allowed.".
 */
export function denials(statements: readonly Statement[]): Denial[] {
  const read = statements.map((statement) => ({ statement, ...meaningOf(statement.text) })).filter(({ subject }) => subject !== "");
  return read.flatMap((first, index) =>
    read
      .slice(index + 1)
      .filter((second) => second.subject === first.subject && second.isDenied !== first.isDenied)
      .map((second) => inOrder(first.statement, second.statement)),
  );
}

function inOrder(a: Statement, b: Statement): Denial {
  return a.line <= b.line ? { first: a, second: b } : { first: b, second: a };
}

function meaningOf(text: string): { readonly subject: string; readonly isDenied: boolean } {
  const words = text
    .toLowerCase()
    .replace(/n['’]t\b/g, " not")
    .match(/[\p{L}\p{N}_$]+/gu);
  const telling = (words ?? []).filter((word) => !CARRIERS.has(word));
  const said = telling.filter((word) => !NEGATIONS.has(word));
  return { subject: said.join(" "), isDenied: (telling.length - said.length) % 2 === 1 };
}
