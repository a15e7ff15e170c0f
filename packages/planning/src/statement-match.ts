/** How alike two statements are, and in what they differ that matters: numbers, bounds, negation, names. */

/** Words that carry no content of their own. */
const FILLER = new Set(
  "a an and are as at be by can do does for from has have if in into is it its of on or so than that the their then there they this to was were what when where which will with must should shall may only".split(
    " ",
  ),
);
const NEGATIONS = /(?<!\p{L})(?:no|not|never|without|none|neither|nor|cannot|nothing|nobody)(?!\p{L})|n't(?!\p{L})/giu;
const UPPER = /(?<!\p{L})(?:at most|no more than|up to|less than|fewer than|under|below|maximum|max)(?!\p{L})|<=|≤|<(?!\w)/iu;
const LOWER = /(?<!\p{L})(?:at least|no less than|no fewer than|more than|over|above|minimum|min)(?!\p{L})|>=|≥|>/iu;

/** Content words of a text in a common form, each once. */
export function wordsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_$]+(?:\.\d+)?/gu) ?? [];
  return new Set(words.filter((word) => !FILLER.has(word)).map(stem));
}

/** Plural and verb endings go; what is left need not be a word. */
function stem(word: string): string {
  if (word.length < 5 || /[\d_$]/.test(word)) return word.length === 4 && word.endsWith("s") ? word.slice(0, -1) : word;
  return word.replace(/(?:ing|ied|ies|es|ed|s|e|y)$/, "");
}

/** A text with what it is compared by, read once. */
export type ReadText = { readonly text: string; readonly plain: string; readonly words: ReadonlySet<string> };

/** Reads a text for comparisons with many others. */
export function readText(text: string): ReadText {
  return { text, plain: plain(text), words: wordsOf(text) };
}

/** Share of words two texts have in common, 0 to 1 (Dice); the same words in any order give 1. */
export function likeness(a: ReadText, b: ReadText): number {
  if (a.words.size === 0 || b.words.size === 0) return a.plain === b.plain ? 1 : 0;
  let common = 0;
  for (const word of a.words) if (b.words.has(word)) common += 1;
  return (2 * common) / (a.words.size + b.words.size);
}

/** Numbers a text states, as they are written without grouping, in order. Digits inside of a name are none. */
export function numbersIn(text: string): string[] {
  return [...text.matchAll(/(?<![\p{L}\p{N}_$.])-?\d+(?:[.,]\d+)*(?![\p{L}_$]*\d)/gu)].map(([number]) =>
    String(Number(number.replace(/,(?=\d{3}(?!\d))/g, "").replace(",", "."))),
  );
}

/** Names in backticks, without call brackets. */
export function codeNamesIn(text: string): string[] {
  return [...text.matchAll(/`\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?:\([^`]*\))?\s*`/gu)].map((match) => match[1] ?? "");
}

/** What two statements on the same matter disagree about, in words; empty when they agree. */
export function disagreements(said: string, meant: string): string[] {
  const [saidNumbers, meantNumbers] = [numbersIn(said).toSorted(), numbersIn(meant).toSorted()];
  const otherNames = codeNamesIn(said).filter((name) => !mentions(meant, name));
  return [
    ...(saidNumbers.join() === meantNumbers.join() ? [] : [`it says ${list(saidNumbers)} where the order says ${list(meantNumbers)}`]),
    ...(isOdd(said) === isOdd(meant) ? [] : ["one of the two is negated"]),
    ...(flips(said, meant) ? ["the bound is on the other side"] : []),
    ...(otherNames.length === 0 ? [] : [`it names ${otherNames.join(", ")}, which the order does not name there`]),
  ];
}

/** True when a text has a word exactly as it is written. */
export function mentions(text: string, name: string): boolean {
  return new RegExp(`(?<![\\p{ID_Continue}$])${name.replace(/[$]/g, "\\$&")}(?![\\p{ID_Continue}$])`, "u").test(text);
}

/** Every word of a text exactly as it is written: the names that it {@link mentions}. */
export function mentionedIn(text: string): ReadonlySet<string> {
  return new Set(text.match(/[\p{ID_Continue}$]+/gu));
}

/** True when one text sets an upper bound where the other sets a lower one. */
export function flips(said: string, meant: string): boolean {
  const side = (text: string): string => `${UPPER.test(text) ? "upper" : ""}${LOWER.test(text) ? "lower" : ""}`;
  const [left, right] = [side(said), side(meant)];
  return (left === "upper" && right === "lower") || (left === "lower" && right === "upper");
}

function isOdd(text: string): boolean {
  return (text.replace(/no (?:more|less|fewer) than/gi, "").match(NEGATIONS) ?? []).length % 2 === 1;
}

/** A text without case, code marks, outer punctuation and repeated spaces. */
export function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[`*_]/g, "")
    .replace(/\s+/g, " ")
    .replace(/^[\s.,;:!?]+|[\s.,;:!?]+$/g, "");
}

function list(numbers: readonly string[]): string {
  return numbers.length === 0 ? "no number" : numbers.join(", ");
}
