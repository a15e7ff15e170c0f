/** How an acceptance criterion is decided: by examples, by tests, by a person who is named as the method, or not at all. */
import type { AcceptanceCriterion, FunctionBlock, WorkOrder } from "@factory/schemas";

/** What is measured, how, and what has to come out. */
export type Measure = { readonly metric: string; readonly method: string; readonly threshold: string };

/** How a criterion is going to be decided; one that nothing decides comes with a wording that would be decided. */
export type Testability =
  | ({ readonly how: "examples" | "tests" | "person"; readonly detail: string } & Measure)
  | { readonly how: "untestable"; readonly detail: string; readonly proposal: string };

/** Words that two people read differently: with no number beside them nobody can say when they hold. */
const VAGUE =
  /(?<![\p{L}\p{N}_-])(?:fast(?:er|est)?|quick(?:er|ly)?|slow(?:er)?|nice(?:r|ly)?|pretty|beautiful(?:ly)?|good|better|best|great|excellent|improve[ds]?|improving|improvements?|optimi[sz]ed?|satisf(?:ied|ying|actory)|happy|happier|compliant|user[- ]friendly|friendly|easy|easier|easily|simple|simpler|intuitive(?:ly)?|robust(?:ly)?|proper(?:ly)?|appropriate(?:ly)?|adequate(?:ly)?|reasonabl[ey]|acceptabl[ey]|sufficient(?:ly)?|efficient(?:ly)?|performant|scalable|seamless(?:ly)?|smooth(?:ly)?|flexible|maintainable|elegant(?:ly)?|modern|high[- ]quality|state[- ]of[- ]the[- ]art|as expected|as needed|as appropriate|correctly|fine|ok(?:ay)?|useful|secure|reliabl[ey]|works? well)(?![\p{L}\p{N}_-])/giu;
/** A number, in digits or in a word that is no pronoun. */
const NUMBER = /\d|(?<!\p{L})(?:zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|hundred|thousand|half|twice)(?!\p{L})/iu;
/** Gaps of a proposed wording that nobody has filled in. */
const GAP = /<(?:number|unit|method|what is seen)>/;

const PERSON =
  "person|human|reviewer|reader|editor|engineer|developer|operator|owner|manager|lead|accountant|auditor|lawyer|agent|clerk|designer|analyst|expert|tester|maintainer|colleague|member|staff|team|desk|officer|author|nurse|doctor|teacher|someone|somebody";
const WHO = String.raw`(?:(?:[\p{L}\p{N}'’-]+\s+){0,6}(?:${PERSON})s?(?:\s+(?:of|in|from|at|on|who|with)(?:\s+[\p{L}\p{N}'’-]+){1,6}?)?)`;
const JUDGES = "confirms?|decides?|judges?|verif(?:y|ies)|agrees?|approves?|sees?|checks?|finds?|observes?|states?|signs? off|reads?";
/** "A person confirms that the page names every total." */
const PERSON_FIRST = new RegExp(String.raw`^(?<who>${WHO})\s+(?:${JUDGES})(?:\s+by\s+[^,:]+)?[,:]?\s+(?:that|whether)\s+(?<what>.+)$`, "isu");
/** "The page names every total, as a person confirms" and "..., confirmed by a person." */
const PERSON_LAST = new RegExp(
  String.raw`^(?<what>.+?)[,;:.]?\s+\(?(?:as\s+)?(?:(?:confirmed|decided|judged|verified|approved|checked|signed off)\s+by\s+(?<by>${WHO})|(?<who>${WHO})\s+(?:confirms?|decides?|judges?|verifies|approves?|checks?)(?:\s+(?:it|this|that))?)\)?[.]?$`,
  "isu",
);
/** "The page opens, measured by a stopwatch on the shop's tablet: at most 2 s." */
const MEASURED =
  /^(?<what>.+?)[,;]?\s+(?:as\s+)?(?:measured|timed|counted|weighed|compared)\s+(?<how>(?:by|with|in|on|over|from|using|against)\s+[^:]+?)\s*[:,]\s*(?<threshold>.+)$/isu;
const BOUND =
  /(?:at most|at least|no more than|no less than|no fewer than|fewer than|less than|more than|under|below|over|above|within|exactly|up to|equals?|between|<=|>=|≤|≥|<|>|=)\s*\S*\d/iu;
/** Fewer words than this do not say what has to be seen. */
const LEAST_WORDS = 3;
/** How much of a criterion is read for who decides it, in characters: its first sentences say it. */
export const LONGEST_READ_CHARS = 1_000;

/** What decides a criterion. A vague word with no number is decided by nobody, even when a person is named. */
export function testabilityOf(criterion: AcceptanceCriterion, order: Pick<WorkOrder, "functions" | "examples">): Testability {
  const { functionName, tests, text } = criterion;
  const examples = order.examples.filter((example) => example.functionName === functionName).length;
  if (functionName !== undefined && examples > 0) {
    const detail = `${examples} example${examples === 1 ? "" : "s"} of \`${functionName}\``;
    return { how: "examples", detail, metric: `what \`${functionName}\` returns`, method: `running ${detail}`, threshold: "every example holds" };
  }
  if (tests.length > 0) {
    const detail = tests.join(", ");
    return {
      how: "tests",
      detail,
      metric: `what ${detail} assert${tests.length === 1 ? "s" : ""}`,
      method: `running ${detail}`,
      threshold: "every test passes",
    };
  }
  const block = order.functions.find(({ name }) => name === functionName);
  const judged = readPerson(text);
  if (judged === undefined) return undecided(text, block);
  const vague = vagueWords(judged.what);
  if (GAP.test(withoutCode(text))) return { how: "untestable", detail: "its wording still has a gap to fill in", proposal: `Fill in the gap: ${text}` };
  if (vague.length > 0 && !NUMBER.test(withoutCode(text))) return vagueCriterion(judged.what, vague);
  const { who, method, threshold, what } = judged;
  return { how: "person", detail: `${who} decides it before delivery: ${what}`, metric: what, method, threshold };
}

/** True when every criterion is decided by an executed check. */
export function everyCriterionExecuted(order: WorkOrder): boolean {
  return order.acceptanceCriteria.every((criterion) => {
    const { how } = testabilityOf(criterion, order);
    return how === "examples" || how === "tests";
  });
}

/** Words of a text that do not say when they hold, in lower case, each once; code in backticks is left out. */
export function vagueWords(text: string): string[] {
  return [...new Set([...withoutCode(text).matchAll(VAGUE)].map(([word]) => word.toLowerCase()))];
}

type Judged = { readonly what: string; readonly who: string; readonly method: string; readonly threshold: string };

/** Who looks at what, and what has to be seen; undefined when a text does not say all of it. */
function readPerson(criterion: string): Judged | undefined {
  const text = criterion.replace(/\s+/g, " ").slice(0, LONGEST_READ_CHARS);
  const measured = MEASURED.exec(text)?.groups;
  if (measured !== undefined && BOUND.test(withoutCode(measured["threshold"] ?? ""))) {
    const what = trimmed(measured["what"]);
    return {
      what: `${what}: ${trimmed(measured["threshold"])}`,
      who: "a person",
      method: `measured ${trimmed(measured["how"])}`,
      threshold: trimmed(measured["threshold"]),
    };
  }
  const first = PERSON_FIRST.exec(text)?.groups;
  const last = first === undefined ? PERSON_LAST.exec(text)?.groups : undefined;
  const what = trimmed(first?.["what"] ?? last?.["what"]);
  if (what.split(/\s+/).length < LEAST_WORDS) return undefined;
  const who = lowerFirst(trimmed(first?.["who"] ?? last?.["by"] ?? last?.["who"]));
  return { what, who, method: `${who} looks at the work`, threshold: `it is so: ${what}` };
}

function undecided(text: string, block: FunctionBlock | undefined): Testability {
  if (block !== undefined) {
    return {
      how: "untestable",
      detail: `no example calls \`${block.name}\` and it names no test`,
      proposal: `Keep the wording and add examples in an \`examples\` fence, such as \`${sampleCall(block)} => <what it gives>\`, or name a test: "${bare(text)}; tests/${block.name}.test.ts passes."`,
    };
  }
  const vague = vagueWords(text);
  if (vague.length > 0) return vagueCriterion(text, vague);
  return {
    how: "untestable",
    detail: "it names neither a function with examples, nor a test, nor a person who decides it",
    proposal: `A person confirms that ${asClause(text)}.`,
  };
}

function vagueCriterion(what: string, vague: readonly string[]): Testability {
  const words = vague.map((word) => `"${word}"`).join(", ");
  const clause = bare(what);
  return {
    how: "untestable",
    detail: `${words} ${vague.length === 1 ? "says" : "say"} nothing that can be measured, and there is no number`,
    proposal: /fast|quick|slow|perform|efficien|optimi/iu.test(words)
      ? `${clause}, measured by <method>: at most <number> <unit>.`
      : `A person confirms that <what is seen> instead of ${words}; as a number: "${clause}, measured by <method>: at least <number> <unit>."`,
  };
}

/** A call with arguments of the right shape, as an example of a function starts. */
function sampleCall({ name, params }: FunctionBlock): string {
  const values = params.filter(({ optional }) => !optional).map(({ type }) => sampleValue(type));
  return `${name}(${values.join(", ")})`;
}

function sampleValue(type: string): string {
  if (type.endsWith("[]")) return "[]";
  if (type === "number") return "1";
  if (type === "string") return '"a"';
  return type === "boolean" ? "true" : "{}";
}

/** A text as a clause behind "that": its first word keeps its case where it is a name or code. */
function asClause(text: string): string {
  const clause = bare(text);
  return /^(?:The|A|An|All|Each|Every|No|It|Its|There|Any|Only|Some|This|These|Both)\b/u.test(clause) ? lowerFirst(clause) : clause;
}

function bare(text: string): string {
  return text.trim().replace(/[.;:,\s]+$/, "");
}

function trimmed(text: string | undefined): string {
  return bare(text ?? "");
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function withoutCode(text: string): string {
  return text.replace(/(`+).+?\1/gs, " ");
}
