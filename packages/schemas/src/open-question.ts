/** Statements that leave open what they ask for. */

const CODE_OR_QUOTE = /(`+).+?\1|"[^"]*"|“[^”]*”/gs;
const LEFT_OPEN = /\bTB[ACD]\b|\?{3,}|\bto be (?:decided|determined|defined|agreed|specified|confirmed|announced)\b/i;

/**
 * True when a statement marks a part of itself as not decided yet: `TBD`, `???`, "to be decided". What stands in backticks
 * or quotation marks is content and says nothing about the statement.
 */
export function isLeftOpen(statement: string): boolean {
  return LEFT_OPEN.test(statement.replace(CODE_OR_QUOTE, " "));
}
