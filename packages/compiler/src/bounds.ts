/** Bounds that statements of an order put on the same thing. */
import type { Statement } from "@factory/schemas";

/** A statement that allows at most what another one forbids to fall below. */
export type BoundContradiction = { readonly upper: Statement; readonly lower: Statement };

type Bound = { readonly side: "upper" | "lower"; readonly value: number; readonly subject: string; readonly statement: Statement };

const UPPER = "at most|no more than|up to|less than|fewer than|under|below|<=|≤|<";
const LOWER = "at least|no less than|no fewer than|more than|over|above|>=|≥|>";
const BOUND = new RegExp(`(?:(?<upper>${UPPER})|(?<lower>${LOWER}))\\s*(?<value>-?\\d+(?:\\.\\d+)?)`, "giu");

/**
 * Pairs of statements that differ only in one bound and cannot both hold: the one's upper bound is below the other's lower
 * bound. A statement with several bounds is left alone: which of them it is about, its words do not tell.
 */
export function contradictoryBounds(statements: readonly Statement[]): BoundContradiction[] {
  const bounds = statements.flatMap(boundOf);
  return bounds
    .filter(({ side }) => side === "upper")
    .flatMap((upper) =>
      bounds
        .filter(({ side, subject, value }) => side === "lower" && subject === upper.subject && value > upper.value)
        .map((lower) => ({ upper: upper.statement, lower: lower.statement })),
    );
}

function boundOf({ text, line }: Statement): Bound[] {
  const found = [...text.matchAll(BOUND)];
  const [only] = found;
  if (only === undefined || found.length > 1) return [];
  const subject = text
    .replace(only[0], "#")
    .toLowerCase()
    .replace(/[.;:,]+$/, "")
    .replace(/\s+/g, " ")
    .trim();
  return [{ side: only.groups?.["upper"] === undefined ? "lower" : "upper", value: Number(only.groups?.["value"]), subject, statement: { text, line } }];
}
