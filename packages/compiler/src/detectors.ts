/**
 * From the words of a constraint to detectors. A detector is chosen by a phrase that says what it watches, never by
 * words that merely occur; what no phrase explains goes to a person.
 */
import type { DetectorName } from "@factory/schemas";

/** A detector that a constraint gives, with the words that chose it; `person` has none. */
export type DetectorChoice = { readonly detector: DetectorName; readonly matched: readonly string[] };

type Rule = { readonly detector: Exclude<DetectorName, "person">; readonly phrases: readonly RegExp[] };

const NEGATION = String.raw`(?:no|without|never|not|nor|neither|zero|free of|avoids?|avoiding|forbidden|cannot)`;
const AMBIENT = String.raw`(?:ambient(?: access| state)?|globals?(?: state| variables?)?|(?:system |wall )?clocks?|(?:current |system )time\b|dates?\b|random(?:ness| numbers?| sources?)?|\x60?Math\.random\x60?|\x60?Date\.now\x60?|network(?: access| calls?)?|\x60?fetch\x60?|https?|i\/o|input\/output|file ?system|disk|environment(?: variables?)?|console|logging|\x60?process\x60?|timers?|side[- ]effects?)`;
const ARGUMENT = String.raw`(?:arguments?|inputs?|parameters?|params|args|(?:input |given |passed )?(?:arrays?|objects?|lists?|values?|strings?))`;
const CHANGE = String.raw`(?:mutat(?:e|es|ed|ing|ion)|modif(?:y|ies|ied|ying|ication)|chang(?:e|es|ed|ing)|alter(?:s|ed|ing)?|touch(?:es|ed|ing)?|written to|sorted in place)`;
const PACKAGE = String.raw`(?:(?:third[- ]party|external|npm|runtime|other|additional|new|outside) )*(?:packages?|dependenc(?:y|ies)|librar(?:y|ies)|imports?|modules?)`;

const phrase = (source: string): RegExp => new RegExp(source, "giu");

/** Phrases by detector. Each says what must not happen, or names the property itself. */
const RULES: readonly Rule[] = [
  {
    detector: "no-ambient-access",
    phrases: [
      phrase(String.raw`\bpure(?:ly)? functions?\b`),
      phrase(String.raw`\b(?:functions?|code|everything|modules?|they|it)\b[^.;]{0,30}?\b(?:is|are|be|stays?|remains?)(?: all)? pure\b`),
      phrase(String.raw`\bside[- ]effect[- ]free\b`),
      phrase(String.raw`\bdeterministic\b|\bsame (?:input|arguments?)s?\b[^.;]{0,40}\bsame (?:output|result|value|answer)s?\b`),
      phrase(String.raw`\bdepends? (?:only|solely) on (?:its|their|the) (?:arguments?|inputs?|parameters?)\b`),
      phrase(String.raw`\b${NEGATION}\b[^.;]{0,30}?${AMBIENT}(?:(?:,| or| and| nor|,? no)+ (?:the )?${AMBIENT})*`),
    ],
  },
  {
    detector: "no-imports",
    phrases: [
      phrase(String.raw`\b${NEGATION}\b[^.;]{0,30}?\b${PACKAGE}(?:(?:,| or| and| nor| of)+ (?:any )?${PACKAGE})*\b`),
      phrase(String.raw`\bdependency[- ]free\b`),
      phrase(String.raw`\bonly (?:use |uses )?the standard library\b|\bstandard library only\b`),
    ],
  },
  {
    detector: "no-argument-mutation",
    phrases: [
      phrase(String.raw`\b${ARGUMENT}\b[^.;]{0,40}?\b(?:not|never)\b[^.;]{0,15}?\b${CHANGE}\b`),
      phrase(String.raw`\b${NEGATION}\b[^.;]{0,20}?\b${CHANGE}\b[^.;]{0,30}?\b${ARGUMENT}\b`),
      phrase(String.raw`\b${ARGUMENT}\b[^.;]{0,30}?\b(?:immutable|unchanged|untouched|unmodified|read-?only)\b`),
      phrase(String.raw`\bno mutations?(?: of ${ARGUMENT})?\b`),
    ],
  },
  {
    detector: "types",
    phrases: [
      phrase(String.raw`\bstrict(?:ly)?[- ](?:types?|typed|typescript|mode|type[- ]check(?:ing|s)?)\b`),
      phrase(String.raw`\btypescript(?:'s)?(?: in)? strict(?: mode)?\b`),
      phrase(String.raw`\btype[- ]?(?:checks?|checked|safe|safety)\b|\b(?:no|without) type errors?\b|\b(?:fully|statically|explicitly) typed\b`),
      phrase(String.raw`\b${NEGATION}\b[^.;]{0,20}?\bimplicit (?:any\b|\x60any\x60)`),
    ],
  },
  {
    detector: "declared-limits",
    // Lines and parameters only, one bound: what the detector reads back from the statement.
    phrases: [
      phrase(
        String.raw`\b(?:at most|no more than|not more than|fewer than|less than|under|below|maximum(?: of)?|up to|(?:no|not|never) (?:\w+ ){0,4}(?:longer|more) than) \d{1,6} (?:lines?|parameters?|arguments?)\b(?: of code)?(?: long)?`,
      ),
    ],
  },
];

/** Words that say nothing of their own beside a phrase that matched. */
const NEUTRAL: ReadonlySet<string> = new Set(
  (
    "a an the all any each every only and or nor no not never but of in on at to from for with without by as is are be been being it its they their them this that these those which who " +
    "must should shall may can will do does has have use uses used using stay stays remain remains keep keeps function functions code source typescript module modules file files implementation implementations " +
    "delivered written deliverable order argument arguments input inputs parameter parameters value values result results return returns returned returning output outputs call calls callers passed given read reads " +
    "access accesses state plain such other there here also just instead new array arrays object objects list lists map maps place caller strict mode types type package packages library libraries dependency dependencies external"
  ).split(" "),
);

/** Demands that sound like a detector's and that it does not watch: the type checker accepts an explicit `any`. */
const UNWATCHED = /(?<!implicit )\x60any\x60|\bexplicit any\b|\bany types\b/i;

/** Clauses that say why and not what. */
const REASON = /(?:,\s*)?\b(?:so that|so the|because|since|in order to|which (?:makes|lets|means|allows))\b.*$/i;

/**
 * The detectors of a constraint: at least one, `person` when a part of it is not watched by any other.
 *
 * A constraint is read clause by clause. A clause is covered when a phrase chose a detector for it and the phrases
 * explain at least as many of its telling words as they leave unexplained; one stray word is forgiven.
 */
export function detectorsFor(constraint: string): DetectorChoice[] {
  const matched = new Map<DetectorName, string[]>();
  let covered = true;
  for (const clause of clausesOf(constraint)) {
    const found = matchClause(clause);
    for (const { detector, words } of found.matches) {
      const known = matched.get(detector) ?? [];
      if (!known.includes(words)) known.push(words);
      matched.set(detector, known);
    }
    if (UNWATCHED.test(clause) || found.unexplained > (found.matches.length === 0 ? 0 : Math.max(1, found.explained))) covered = false;
  }
  // The detector watches the first bound that a statement states.
  if ((matched.get("declared-limits")?.length ?? 0) > 1) covered = false;
  const choices: DetectorChoice[] = RULES.flatMap(({ detector }) => {
    const words = matched.get(detector);
    return words === undefined ? [] : [{ detector, matched: words }];
  });
  return covered && choices.length > 0 ? choices : [...choices, { detector: "person", matched: [] }];
}

/** Parts of a constraint that demand something each: sentences, and what a conjunction joins with a verb or a negation of its own. */
function clausesOf(constraint: string): string[] {
  return constraint
    .split(
      /[.!?](?=\s|$)|[;:]|\s(?:but)\s|,?\sand\s(?=(?:must|may|should|shall|will|can|are|is|has|have|use|uses|never|no|not|only|return|returns|run|runs|support|supports|with|without)\b)|[()]/i,
    )
    .map((clause) => clause.replace(REASON, "").trim())
    .filter((clause) => clause !== "");
}

type ClauseMatch = {
  readonly matches: readonly { readonly detector: DetectorName; readonly words: string }[];
  readonly explained: number;
  readonly unexplained: number;
};

function matchClause(clause: string): ClauseMatch {
  const matches: { detector: DetectorName; words: string }[] = [];
  const covered = new Array<boolean>(clause.length).fill(false);
  for (const { detector, phrases } of RULES) {
    for (const pattern of phrases) {
      for (const match of clause.matchAll(pattern)) {
        matches.push({ detector, words: match[0].trim() });
        covered.fill(true, match.index, match.index + match[0].length);
      }
    }
  }
  const part = (wanted: boolean): string => covered.map((isCovered, index) => (isCovered === wanted ? clause.charAt(index) : " ")).join("");
  return { matches, explained: tellingWords(part(true)).length, unexplained: tellingWords(part(false)).length };
}

function tellingWords(text: string): string[] {
  return (text.toLowerCase().match(/[\p{L}\d][\p{L}\d.'-]*/gu) ?? []).filter((word) => !NEUTRAL.has(word.replace(/[.'-]+$/, "")));
}
