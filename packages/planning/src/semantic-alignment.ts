/** Lays an intent specification beside the order it was made from: what is supported, invented, dropped or miscast. */
import { claimsOfOrder, testabilityOf } from "@factory/compiler";
import type { AcceptanceCriterion, Example, IntentSpecification, Statement, WorkOrder } from "@factory/schemas";
import { codeNamesIn, disagreements, flips, likeness, mentionedIn, mentions, numbersIn, plain, readText, wordsOf } from "./statement-match.ts";
import type { ReadText } from "./statement-match.ts";

/** What can be wrong with a statement that was taken over from an order. */
export type FindingKind = "invented" | "dropped" | "miscast";

/** A difference between the order and the artifact. */
export type SemanticFinding = {
  readonly kind: FindingKind;
  /** Place in the artifact, such as `acceptanceCriteria[1].threshold`; of something dropped, the list it is missing from. */
  readonly subject: string;
  /** Words of the artifact; empty for what was dropped. */
  readonly said: string;
  /** Lines of the order the finding rests on, 1-based; empty for what no line supports. */
  readonly lines: readonly number[];
  readonly detail: string;
};

/** A statement of the artifact with the line of the order that supports it. */
export type Citation = { readonly subject: string; readonly said: string; readonly line: number; readonly text: string };

export type SemanticAlignment = { readonly citations: readonly Citation[]; readonly findings: readonly SemanticFinding[] };

/** Statements this alike are about the same matter; below, the wording shares little more than common words. */
const SAME_MATTER = 0.5;
/** A share of its words that a statement needs to have from the order to rest on it. */
const SUPPORTED = 0.6;
/** Wordings that let some of the checks fail. */
const WEAKER =
  /(?<!\p{L})(?:most|some|majority|usually|often|mostly|approximately|about|roughly|around|half|several|few|any one|at least one|on average|where possible|best effort)(?!\p{L})/iu;

/** An order with what people have added to it, and what of it every statement is laid beside. */
type Source = WorkOrder & {
  readonly answered: readonly string[];
  /** Everything it says, statement by statement, and the numbers in that. */
  readonly sentences: readonly ReadText[];
  readonly numbers: ReadonlySet<string>;
  /** The examples that are shown, by function. */
  readonly visible: ReadonlyMap<string, readonly Example[]>;
};

/** What an artifact has to answer: the statements of an order, by the list of the artifact they go to. */
const LISTS = ["constraints", "outOfScope"] as const;

/**
 * Finds what an intent specification adds to its order, leaves out of it, or says otherwise. Wordings may differ; numbers,
 * bounds, negations, functions and thresholds may not.
 *
 * @param answered - what people have said about the order since, as far as the artifact may rest on it
 */
export function alignIntent(intent: IntentSpecification, workOrder: WorkOrder, answered: readonly string[] = []): SemanticAlignment {
  const order = sourceOf(workOrder, answered);
  const criteria = pairUp(
    "acceptanceCriteria",
    intent.acceptanceCriteria.map(({ text }) => text),
    order.acceptanceCriteria,
    order,
  );
  const lists = LISTS.map((name) => pairUp(name, intent[name], order[name], order));
  const metrics = metricAlignment(intent, order);
  const measures = criteria.pairs.flatMap(({ index, statement }) => {
    const said = intent.acceptanceCriteria[index];
    const meant = order.acceptanceCriteria.find((criterion) => criterion === statement);
    return said === undefined || meant === undefined ? [] : measureFindings(said, index, meant, order);
  });
  const all = [criteria, ...lists, metrics];
  return {
    citations: all.flatMap(({ citations }) => citations),
    findings: [...all.flatMap(({ findings }) => findings), ...measures, ...proseFindings(intent, order)],
  };
}

function sourceOf(order: WorkOrder, answered: readonly string[]): Source {
  const sentences = sentencesOf(order, answered).map(readText);
  const visible = new Map<string, readonly Example[]>();
  // Which examples are hidden follows from the order alone, so nothing may be added to it before.
  for (const { functionName, visible: shown } of claimsOfOrder(order)) if (functionName !== undefined && shown.length > 0) visible.set(functionName, shown);
  return { ...order, answered, sentences, numbers: new Set(sentences.flatMap(({ text }) => numbersIn(text))), visible };
}

type Pairing = SemanticAlignment & { readonly pairs: readonly { readonly index: number; readonly statement: Statement }[] };

/** Gives each said statement the one of the order it is most like; the rest of both sides are findings. */
function pairUp(list: string, said: readonly string[], meant: readonly Statement[], order: Source): Pairing {
  const [left, right] = [said.map(readText), meant.map(({ text }) => readText(text))];
  const [usedSaid, usedMeant] = [new Set<number>(), new Set<number>()];
  const pairs: { index: number; statement: Statement }[] = [];
  const take = (candidates: readonly Candidate[]): void => {
    for (const { index, at } of candidates.toSorted((a, b) => b.score - a.score || distance(a) - distance(b) || a.index - b.index)) {
      const statement = meant[at];
      if (statement === undefined || usedSaid.has(index) || usedMeant.has(at)) continue;
      usedSaid.add(index);
      usedMeant.add(at);
      pairs.push({ index, statement });
    }
  };
  // What is said in the same words is most of it as a rule; only the rest is compared each with each.
  take(sameWords(left, right));
  take(alike(left, right, usedSaid, usedMeant));
  pairs.sort((a, b) => a.index - b.index);
  const at = (index: number): string => `${list}[${index}]`;
  return {
    pairs,
    citations: pairs.map(({ index, statement }) => ({ subject: at(index), said: said[index] ?? "", line: statement.line, text: statement.text })),
    findings: [
      ...pairs.flatMap(({ index, statement }) => miscast(at(index), said[index] ?? "", statement)),
      ...said.flatMap((text, index) => (usedSaid.has(index) || restsOn(text, order) ? [] : [invented(at(index), text)])),
      ...meant.filter((_, index) => !usedMeant.has(index)).map((statement) => dropped(list, statement)),
    ],
  };
}

/** A said statement and one that may be meant by it, by their places. */
type Candidate = { readonly index: number; readonly at: number; readonly score: number };

function distance({ index, at }: Candidate): number {
  return Math.abs(index - at);
}

function sameWords(said: readonly ReadText[], meant: readonly ReadText[]): Candidate[] {
  const places = new Map<string, number[]>();
  for (const [at, { plain: text }] of meant.entries()) {
    const known = places.get(text);
    if (known === undefined) places.set(text, [at]);
    else known.push(at);
  }
  return said.flatMap(({ plain: text }, index) => (places.get(text) ?? []).map((at) => ({ index, at, score: 1 })));
}

function alike(said: readonly ReadText[], meant: readonly ReadText[], usedSaid: ReadonlySet<number>, usedMeant: ReadonlySet<number>): Candidate[] {
  const left = [...meant.entries()].filter(([at]) => !usedMeant.has(at));
  return [...said.entries()]
    .filter(([index]) => !usedSaid.has(index))
    .flatMap(([index, one]) => left.map(([at, other]) => ({ index, at, score: likeness(one, other) })).filter(({ score }) => score >= SAME_MATTER));
}

function miscast(subject: string, said: string, { text, line }: Statement): SemanticFinding[] {
  if (plain(said) === plain(text)) return [];
  return disagreements(said, text).map((why) => ({ kind: "miscast", subject, said, lines: [line], detail: `Line ${line} says "${text}"; ${why}.` }));
}

function invented(subject: string, said: string): SemanticFinding {
  return { kind: "invented", subject, said, lines: [], detail: "No statement of the order supports it." };
}

function dropped(list: string, { text, line }: Statement): SemanticFinding {
  return { kind: "dropped", subject: list, said: "", lines: [line], detail: `Nothing answers line ${line}: "${text}".` };
}

/** A statement that some other part of the order makes with the same numbers is supported, wherever it stands. */
function restsOn(said: string, order: Source): boolean {
  const words = wordsOf(said);
  const known = numbersIn(said).every((number) => order.numbers.has(number));
  if (!known || words.size === 0) return false;
  return order.sentences.some(
    (sentence) => [...words].filter((word) => sentence.words.has(word)).length / words.size >= SUPPORTED && disagreements(said, sentence.text).length === 0,
  );
}

/** Metrics an order states are answered; metrics beside them need support. An order without metrics leaves them to the author. */
function metricAlignment(intent: IntentSpecification, order: Source): SemanticAlignment {
  const { citations, findings } = pairUp("successMetrics", intent.successMetrics, order.successMetrics, order);
  if (order.successMetrics.length > 0) return { citations, findings };
  const known = knownNumbers(order);
  const unknown = (text: string): string[] => numbersIn(text).filter((number) => !known.has(number));
  return {
    citations,
    findings: intent.successMetrics.flatMap((text, index) =>
      unknown(text).map((number) => ({ ...invented(`successMetrics[${index}]`, text), detail: `The order states no ${number}.` })),
    ),
  };
}

type JudgedCriterion = IntentSpecification["acceptanceCriteria"][number];

/** Function, threshold and metric of one criterion against what the order says about it. */
function measureFindings(said: JudgedCriterion, index: number, meant: AcceptanceCriterion, order: Source): SemanticFinding[] {
  const at = (field: string): string => `acceptanceCriteria[${index}].${field}`;
  const found = (kind: FindingKind, field: string, words: string, detail: string): SemanticFinding => ({
    kind,
    subject: at(field),
    said: words,
    lines: [meant.line],
    detail: `Line ${meant.line} says "${meant.text}"; ${detail}.`,
  });
  const findings: SemanticFinding[] = [];
  if (said.functionName !== meant.functionName) {
    const known = order.functions.some(({ name }) => name === said.functionName);
    const kind = said.functionName === undefined || known ? "miscast" : "invented";
    findings.push(
      found(kind, "functionName", said.functionName ?? "", `it is about ${meant.functionName ?? "no function"}, not ${said.functionName ?? "no function"}`),
    );
  }
  const [measured, asked] = [mentionedIn(`${said.metric} ${said.threshold}`), mentionedIn(meant.text)];
  const other = order.functions.find(({ name }) => name !== meant.functionName && !asked.has(name) && measured.has(name));
  if (other !== undefined && meant.functionName !== undefined && !measured.has(meant.functionName)) {
    findings.push(found("miscast", "metric", said.metric, `it measures ${other.name} instead of ${meant.functionName}`));
  }
  const { how } = testabilityOf(meant, order);
  const weaker = how === "examples" || how === "tests" ? weakerThan(said.threshold, meant) : undefined;
  if (weaker !== undefined) findings.push(found("miscast", "threshold", said.threshold, weaker));
  const known = supportOf(meant, order);
  for (const field of ["metric", "threshold"] as const) {
    const strange = numbersIn(withoutWholes(said[field])).filter((number) => !known.has(number));
    const changed = numbersIn(meant.text).length > 0;
    if (strange.length > 0 && (field === "metric" || weaker === undefined)) {
      findings.push(
        found(changed ? "miscast" : "invented", field, said[field], `${strange.join(", ")} ${changed ? "is another number" : "is no number of the order"}`),
      );
    }
  }
  if (numbersIn(said.threshold).some((number) => numbersIn(meant.text).includes(number)) && flips(said.threshold, meant.text)) {
    findings.push(found("miscast", "threshold", said.threshold, "the bound is on the other side"));
  }
  return findings;
}

/** Why a threshold lets an executed criterion pass although a check fails; undefined when it does not. */
function weakerThan(threshold: string, { text }: AcceptanceCriterion): string | undefined {
  const word = WEAKER.exec(threshold)?.[0];
  if (word !== undefined && !text.toLowerCase().includes(word.toLowerCase())) return `"${word}" lets a check fail`;
  const share = [...threshold.matchAll(/(\d+(?:\.\d+)?)\s*(?:%|percent)/gi)].find(
    ([, value]) => Number(value) < 100 && !numbersIn(text).includes(String(Number(value))),
  );
  if (share !== undefined) return `${share[0]} lets a check fail`;
  const part = [...threshold.matchAll(/(\d+)\s*(?:of|out of|\/)\s*(?:the\s+)?(\d+)/gi)].find(([, some, all]) => Number(some) < Number(all));
  return part === undefined ? undefined : `${part[0]} lets a check fail`;
}

/** Without wordings for "all of it", whose numbers no order states. */
function withoutWholes(text: string): string {
  return text
    .replace(/(?<![\d.])100(?:\.0+)?\s*(?:%|percent)/gi, " ")
    .replace(/(?<![\d.])0\s+(?:failures?|failed|failing|errors?|mismatch(?:es)?|violations?)/gi, " ");
}

/** Numbers that may stand in the measure of a criterion: those of its line and of its visible examples, and how many there are. */
function supportOf(criterion: AcceptanceCriterion, order: Source): ReadonlySet<string> {
  const examples = order.examples.filter(({ functionName }) => functionName === criterion.functionName);
  const visible = (criterion.functionName === undefined ? undefined : order.visible.get(criterion.functionName)) ?? [];
  return new Set([
    ...numbersIn(criterion.text),
    ...order.answered.flatMap(numbersIn),
    ...visible.flatMap(({ text }) => numbersIn(text)),
    ...[examples.length, visible.length, examples.length - visible.length, criterion.tests.length].filter((count) => count > 0).map(String),
    "0",
  ]);
}

/** Numbers and names in free text that the order does not have. */
function proseFindings(intent: IntentSpecification, order: Source): SemanticFinding[] {
  const known = knownNumbers(order);
  const text = order.sentences.map((sentence) => sentence.text).join("\n");
  return (["title", "problem", "goal"] as const).flatMap((field) => {
    const said = intent[field];
    const strange = [...numbersIn(said).filter((number) => !known.has(number)), ...codeNamesIn(said).filter((name) => !mentions(text, name))];
    return strange.map((word) => ({ ...invented(field, said), detail: `The order says nothing of ${word}.` }));
  });
}

function knownNumbers(order: Source): ReadonlySet<string> {
  const counts = [order.acceptanceCriteria, order.functions, order.examples, order.constraints].map(({ length }) => String(length));
  return new Set([...order.numbers, ...counts, "100"]);
}

/** Everything an order says, statement by statement. */
function sentencesOf(order: WorkOrder, answered: readonly string[]): string[] {
  const prose = [order.title, order.problem, order.goal, ...answered, ...order.unknownSections.map(({ text }) => text)].flatMap((text) =>
    text.split(/(?<=[.!?])\s+|\n+/),
  );
  const statements = [...order.acceptanceCriteria, ...order.constraints, ...order.successMetrics, ...order.outOfScope].map(({ text }) => text);
  return [...prose, ...statements, ...order.functions.map(({ signature }) => signature), ...order.examples.map(({ text }) => text)].filter(
    (text) => text.trim() !== "",
  );
}
