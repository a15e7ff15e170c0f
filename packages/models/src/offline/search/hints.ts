/**
 * What the order's words say about the operations it asks for. A word never decides: it makes an operation a little
 * cheaper, so that of two programs that fit the examples the one that was talked about is preferred.
 */
import type { Component } from "./terms.ts";

/** Words, and the operations they speak of; a name with a minus is spoken against. */
const LEXICON: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\bround(?:ed|s|ing)?\b|\bpercent\b/i, ["roundToCents", "round"]],
  [/\bcents?\b|\btwo decimals?\b|\bhundredths?\b/i, ["roundToCents", "toFixed", "-round"]],
  [/\bone decimal\b|\btenths?\b/i, ["roundToTenths", "-round", "-roundToCents"]],
  [/\bround(?:ed|s|ing)? down\b|\bwhole\b|\bfull\b|\bcomplete(?:d)?\b|\bfloor\b/i, ["floor"]],
  [/\bround(?:ed|s|ing)? up\b|\bat least enough\b|\bceiling\b|\bstarted\b/i, ["ceil"]],
  [/\babsolute\b|\bdistance\b|\bdifference\b|\bapart\b/i, ["absolute", "subtract"]],
  [/\bsquare root\b|\bhypotenuse\b/i, ["root"]],
  [/\bsquared?s?\b|\bpower\b|\bcompound\w*\b/i, ["power", "multiply"]],
  [/\bat most\b|\bcap(?:ped|s)?\b|\bnever more\b|\bnot exceed\b|\bno more than\b|\bup to\b|\blimit(?:ed)?\b|\bmaximum\b/i, ["lesser", "atMost"]],
  [/\bat least\b|\bnever less\b|\bnever below\b|\bor more\b|\bfrom\b|\bnot below\b|\bminimum\b|\bnever negative\b/i, ["greater", "atMost"]],
  [
    /\bmore than\b|\bover\b|\babove\b|\bexceed(?:s|ing)?\b|\bgreater than\b|\blonger than\b|\bless than\b|\bbelow\b|\bunder\b|\bshorter than\b|\bnegative\b|\bpositive\b/i,
    ["less"],
  ],
  [/\bdivisible\b|\bmultiples?\b|\beven\b|\bodd\b|\bevery (?:other|second|third)\b/i, ["divisible"]],
  [/\bremainder\b|\bleft over\b|\bmodulo\b/i, ["remainder"]],
  [/\bdigits?\b/i, ["stringOf", "numberOf"]],
  [/\bcharacters?\b|\blength\b|\blong(?:er|est)?\b|\bshort(?:er|est)?\b/i, ["length", "size"]],
  [/\bupper ?case\b|\bcapitals?\b|\bupper\b/i, ["upper"]],
  [/\blower ?case\b|\bignor\w* case\b|\bregardless of case\b|\bcase[- ]insensitive\b|\bcase\b/i, ["lower"]],
  [/\bcapitali[sz]\w*\b|\btitle case\b|\bfirst letter\b/i, ["capitalize", "charAt", "upper"]],
  [/\btrim\w*\b|\bsurrounding\b|\bspaces? around\b|\bleading\b|\btrailing\b/i, ["trim"]],
  [/\bwords?\b/i, ["splitWords", "split"]],
  [/\bletters?\b|\bcharacters?\b/i, ["split"]],
  [/\brevers\w*\b|\bbackwards?\b|\bpalindrom\w*\b/i, ["reverseText", "reversed"]],
  [/\brepeat\w*\b|\bmask\w*\b|\bstars?\b|\basterisks?\b/i, ["repeat"]],
  [/\bpad(?:ded|s|ding)?\b|\btwo digits\b|\bleading zeros?\b/i, ["padStart"]],
  [/\breplac\w*\b|\bremov\w*\b|\bwithout\b|\bstrip\w*\b|\bdrop\w*\b/i, ["replace", "replaceAll"]],
  [/\bjoin\w*\b|\bseparated?\b|\bbetween\b/i, ["join"]],
  [/\bstarts? with\b|\bbegins?\b|\bprefix\w*\b/i, ["startsWith"]],
  [/\bends? (?:with|in)\b|\bsuffix\w*\b/i, ["endsWith"]],
  [/\bcontains?\b|\bincludes?\b|\bone of\b/i, ["textIncludes", "contains"]],
  [/\bsort\w*\b|\border(?:ed)?\b|\bascending\b|\bincreasing\b|\bsmallest\b|\balphabet\w*\b|\banagrams?\b|\bmedian\b/i, ["ascending", "sorted"]],
  [/\bdescending\b|\bdecreasing\b|\bhighest\b|\blargest\b|\btop\b|\bbest\b/i, ["descending", "maximum"]],
  [/\bunique\b|\bduplicates?\b|\bdistinct\b|\bonce\b|\bdifferent\b/i, ["unique"]],
  [/\bsum\b|\btotal\b|\badd(?:ed|s|ing)?\b|\btogether\b/i, ["sum"]],
  [/\baverage\b|\bmean\b/i, ["mean"]],
  [/\bproduct\b|\bfactorial\b|\bmultipl(?:y|ied)\b/i, ["product", "multiply"]],
  [/\bmaximum\b|\blargest\b|\bgreatest\b|\bbiggest\b|\bhighest\b|\bmost\b/i, ["maximum"]],
  [/\bminimum\b|\bsmallest\b|\blowest\b|\bleast\b|\bcheapest\b/i, ["minimum"]],
  [/\blast\b/i, ["last", "textFrom", "itemsFrom"]],
  [/\bfirst\b/i, ["item", "charAt", "itemsTo"]],
  [/\bboth\b|\band\b/i, ["and"]],
  [/\bor\b|\beither\b/i, ["or"]],
  [/\bnot\b|\bunless\b|\bexcept\b|\bno\b/i, ["not"]],
  [/\bwhole number\b|\bintegers?\b/i, ["integer"]],
  [/\bbinary\b|\bhexadecimal\b|\bbase\b/i, ["toBase", "fromBase"]],
];

/** What a hinted operation costs less, in the fine measure; one that costs more than one unit also gets a unit cheaper. */
const HINT_DISCOUNT = 0.4;

/** Operations an order would mention: without a word of them they are less likely. */
const REMARKABLE = new Set([
  "round",
  "floor",
  "ceil",
  "absolute",
  "root",
  "power",
  "lesser",
  "greater",
  "remainder",
  "roundToTenths",
  "textIncludes",
  "startsWith",
  "endsWith",
  "fits",
  "matches",
  "toBase",
  "fromBase",
  "codeAt",
  "charOf",
  "lessString",
  "reverseText",
  "textIndexOf",
  "textLastIndexOf",
  "itemIndexOf",
  "mean",
  "product",
  "descending",
  "unique",
  "integer",
]);
const UNMENTIONED_COST = 0.75;

/** The components with those the words speak of made cheaper, and remarkable ones they do not speak of dearer. */
export function withHints(components: readonly Component[], words: readonly string[]): Component[] {
  if (words.length === 0) return [...components];
  const hinted = new Set(LEXICON.filter(([pattern]) => words.some((text) => pattern.test(text))).flatMap(([, names]) => names));
  const against = new Set([...hinted].filter((name) => name.startsWith("-")).map((name) => name.slice(1)));
  return components.map((component) => {
    if (!hinted.has(component.name) || against.has(component.name))
      return REMARKABLE.has(component.name) ? { ...component, rank: component.cost + UNMENTIONED_COST } : component;
    const cost = Math.max(1, component.cost - 1);
    return { ...component, cost, rank: cost - HINT_DISCOUNT };
  });
}
