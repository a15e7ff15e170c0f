/** Defects of orders: what an author may get wrong before the parser and gate 0 read it. */
import { functionFile } from "@factory/schemas";
import type { Example, FunctionBlock, WorkOrder } from "@factory/schemas";
import type { Defect, Operator } from "./defects.ts";

/** An order as its author hands it in: the text and what is attached. */
export type OrderSource = {
  readonly text: string;
  /** Content of the attached files, by path in the workspace. */
  readonly baseTree: { readonly [path: string]: string };
  /** What the text says while it is sound; where to damage it is read from here. */
  readonly order: WorkOrder;
};

type OrderOperator = Operator<OrderSource>;
type OrderDefect = Defect<OrderSource>;

/** Every operator on orders. */
export function orderOperators(): readonly OrderOperator[] {
  return [...CRITERION_OPERATORS, ...STATEMENT_OPERATORS, ...EXAMPLE_OPERATORS, ...SIGNATURE_OPERATORS, ...SECTION_OPERATORS, ...ATTACHMENT_OPERATORS];
}

const lineOf = (text: string, line: number): string => text.split("\n")[line - 1] ?? "";

/** The text with one line replaced; the numbers of the others stay. */
function withLine(source: OrderSource, line: number, change: (text: string) => string): OrderSource {
  const lines = source.text.split("\n");
  lines[line - 1] = change(lines[line - 1] ?? "");
  return { ...source, text: lines.join("\n") };
}

/** The text with a new line `line`; what stood there stands one further down. */
function withLineBefore(source: OrderSource, line: number, added: string): OrderSource {
  const lines = source.text.split("\n");
  lines.splice(line - 1, 0, added);
  return { ...source, text: lines.join("\n") };
}

/** A new list item before the one in a line, written with the same marker; undefined where the line is no list item. */
function withItemBefore(source: OrderSource, line: number, text: string): OrderSource | undefined {
  const marker = /^\s*(?:[-*+]|\d+[.)])\s+/.exec(lineOf(source.text, line))?.[0];
  return marker === undefined ? undefined : withLineBefore(source, line, marker + text);
}

const named = (...lines: readonly number[]): string[] => lines.map((line) => `line ${line}`);

/** Puts a new criterion before the first one, which is the line that has to be named. */
function newCriterion(name: string, says: string, texts: readonly string[]): OrderOperator {
  return {
    name,
    says,
    defects: (source) => {
      const line = source.order.acceptanceCriteria[0]?.line;
      if (line === undefined) return [];
      return texts.flatMap((text): OrderDefect[] => {
        const damaged = withItemBefore(source, line, text);
        return damaged === undefined ? [] : [{ site: text, names: named(line), damaged }];
      });
    },
  };
}

const DECIDED_BY_PERSON = /\b(?:person|confirms|measured by)\b/i;

const CRITERION_OPERATORS: readonly OrderOperator[] = [
  newCriterion("vague-criterion", "a criterion says nothing that can be measured", [
    "The result is fast.",
    "Everything is robust and works properly.",
    "Customers are satisfied with what they see.",
    "The code is user-friendly and easy to maintain.",
    "Handling of bad input is improved.",
  ]),
  newCriterion("undecided-criterion", "neither examples nor a test nor a person decide a criterion", [
    "Every result is written to the audit trail.",
    "Totals agree with those of the old system.",
    "The module exports nothing else.",
  ]),
  newCriterion("vague-person", "a person is asked and not told what has to be seen", [
    "A person confirms that the result is nice.",
    "A reviewer agrees that errors are handled appropriately.",
  ]),
  newCriterion("unfilled-proposal", "a criterion still has the gaps of a proposed wording", [
    "The report opens, measured by <method>: at most <number> <unit>.",
    "A person confirms that <what is seen>.",
  ]),
  {
    name: "misspell-function",
    says: "a criterion names a function that the order does not have",
    defects: (source) =>
      source.order.acceptanceCriteria.flatMap(({ line, functionName, tests }): OrderDefect[] => {
        const text = lineOf(source.text, line);
        const others = source.order.functions.filter(({ name }) => name !== functionName && text.includes(name));
        // A criterion that tests or a person decide is still decided.
        if (functionName === undefined || tests.length > 0 || others.length > 0 || DECIDED_BY_PERSON.test(text) || !text.includes(`\`${functionName}\``))
          return [];
        const damaged = withLine(source, line, (old) => old.replaceAll(`\`${functionName}\``, `\`${functionName}X\``));
        return [{ site: `line ${line}`, names: named(line), damaged }];
      }),
  },
  {
    name: "circular-criteria",
    says: "two functions are each made of the other",
    defects: (source) => {
      const own = source.order.functions.flatMap(({ name }) => {
        const criterion = source.order.acceptanceCriteria.find(({ functionName }) => functionName === name);
        return criterion === undefined ? [] : [{ name, line: criterion.line }];
      });
      return own.slice(1).flatMap((second, at): OrderDefect[] => {
        const first = own[at];
        if (first === undefined || first.line === second.line) return [];
        const uses = (name: string) => (text: string) => `${text} It uses \`${name}\`.`;
        const damaged = withLine(withLine(source, first.line, uses(second.name)), second.line, uses(first.name));
        return [{ site: `${first.name} ${second.name}`, names: [...named(first.line, second.line), first.name, second.name], damaged }];
      });
    },
  },
  {
    name: "drop-proof-test",
    says: "a criterion no longer names the test that decides it",
    defects: ({ order, ...rest }) =>
      order.acceptanceCriteria.flatMap(({ line, tests, functionName }) => {
        const shown = order.examples.some((example) => example.functionName === functionName);
        const text = lineOf(rest.text, line);
        if (tests.length === 0 || shown || !tests.every((path) => text.includes(path))) return [];
        const damaged = withLine({ order, ...rest }, line, (old) => tests.reduce((left, path) => left.replaceAll(path, "the tests"), old));
        return [{ site: `line ${line}`, names: named(line), damaged }];
      }),
  },
];

/** A statement that cannot hold beside this one; undefined where no plain negation is found. */
export function negationOf(statement: string): string | undefined {
  const rules: readonly (readonly [RegExp, string])[] = [
    [/\bnever\b/i, "always"],
    [/\b(is|are|must|may|can|do|does|will|shall|should) not\b/i, "$1"],
    [/^No ([^.,:;]+)\.?$/i, "$1 are required."],
    [/\b(has|have) no\b/i, "$1"],
    [/\b(is|are|must|may|can|will|shall|should)\b(?! (?:not|never|no)\b)/i, "$1 not"],
  ];
  const rule = rules.find(([pattern]) => pattern.test(statement));
  if (rule === undefined) return undefined;
  const negated = statement.replace(rule[0], rule[1]);
  return negated.slice(0, 1).toUpperCase() + negated.slice(1);
}

const BOUND = /\b(?:(at most|no more than|up to|fewer than|less than)|(at least|no less than|no fewer than|more than)) (\d+)\b/gi;

/**
 * The same bound from the other side, so that nothing is within both; undefined where a statement has none, or several, of
 * which one alone excludes nothing.
 */
export function excludingBound(statement: string): string | undefined {
  const [bound, another] = statement.matchAll(BOUND);
  if (bound === undefined || another !== undefined || /\bnot\b|\bnever\b/i.test(statement)) return undefined;
  const [text, upper, , number] = bound;
  if (upper === undefined && Number(number) === 0) return undefined;
  return statement.replace(text, upper === undefined ? `at most ${Number(number) - 1}` : `at least ${Number(number) + 1}`);
}

/** Puts a statement's opposite before it. */
function opposed(
  name: string,
  says: string,
  statementsOf: (order: WorkOrder) => readonly { readonly text: string; readonly line: number }[],
  opposite: (text: string) => string | undefined,
): OrderOperator {
  return {
    name,
    says,
    defects: (source) =>
      statementsOf(source.order).flatMap(({ text, line }): OrderDefect[] => {
        const against = opposite(text);
        const damaged = against === undefined ? undefined : withItemBefore(source, line, against);
        return damaged === undefined ? [] : [{ site: `line ${line}`, names: named(line, line + 1), damaged }];
      }),
  };
}

const STATEMENT_OPERATORS: readonly OrderOperator[] = [
  opposed("contradict-constraint", "a constraint and its negation stand beside each other", ({ constraints }) => constraints, negationOf),
  opposed(
    "contradict-bound",
    "two bounds exclude each other",
    ({ constraints, acceptanceCriteria }) => [...constraints, ...acceptanceCriteria],
    excludingBound,
  ),
];

/** Examples that stand whole in one line of their own. */
function singleLined({ order, text }: OrderSource): Example[] {
  return order.examples.filter((example) => {
    const line = lineOf(text, example.line);
    return line.includes("=>") && line.includes(`${example.functionName}(`) && !example.text.includes("\n") && /[\])}"'\w]\s*$/.test(line) && balanced(line);
  });
}

function balanced(line: string): boolean {
  const count = (chars: string): number => [...line].filter((char) => chars.includes(char)).length;
  return count("([{") === count(")]}");
}

/** A JSON5 literal that is not what an example expects. */
function otherLiteral({ expected }: Example): string {
  if (expected.kind !== "json") return '"something else"';
  const { value } = expected;
  if (typeof value === "number") return String(value + 1);
  if (typeof value === "boolean") return String(!value);
  return typeof value === "string" ? JSON.stringify(`${value}?`) : '"something else"';
}

/** One defect an example that stands in one line. */
function perExample(
  name: string,
  says: string,
  pick: (example: Example, order: WorkOrder) => boolean,
  change: (line: string, example: Example, order: WorkOrder) => string,
): OrderOperator {
  return {
    name,
    says,
    defects: (source) =>
      singleLined(source)
        .filter((example) => pick(example, source.order))
        .map((example): OrderDefect => ({
          site: `line ${example.line}`,
          names: named(example.line),
          damaged: withLine(source, example.line, (line) => change(line, example, source.order)),
        })),
  };
}

/** A literal of another kind than a plain type; undefined where the type is not plain. */
function otherKind(type: string | undefined): string | undefined {
  switch (type) {
    case "number":
      return '"three"';
    case "string":
    case "boolean":
      return "[7]";
    default:
      return type?.endsWith("[]") === true ? "7" : undefined;
  }
}

const blockOf = (example: Example, { functions }: WorkOrder): FunctionBlock | undefined => functions.find(({ name }) => name === example.functionName);

const EXAMPLE_OPERATORS: readonly OrderOperator[] = [
  {
    name: "contradict-example",
    says: "one call has two results",
    defects: (source) =>
      singleLined(source).map((example): OrderDefect => {
        const call = lineOf(source.text, example.line).replace(/=>(?!.*=>).*$/, "=>");
        return {
          site: `line ${example.line}`,
          names: named(example.line, example.line + 1),
          damaged: withLineBefore(source, example.line, `${call} ${otherLiteral(example)}`),
        };
      }),
  },
  perExample(
    "rename-call",
    "an example calls a function without a block",
    () => true,
    (line, { functionName }) => line.replace(`${functionName}(`, `${functionName}Unknown(`),
  ),
  perExample(
    "extra-argument",
    "an example passes more than the function takes",
    (example, order) => blockOf(example, order)?.params.every(({ name }) => !name.startsWith("...")) === true,
    (line, example, order) => {
      const more = new Array<string>((blockOf(example, order)?.params.length ?? 0) + 1 - example.args.length).fill("0").join(", ");
      return line.replace(/\)(\s*=>(?!.*=>))/, `${example.args.length === 0 ? "" : ", "}${more})$1`);
    },
  ),
  perExample(
    "mistyped-argument",
    "an example passes a value that its parameter does not take",
    // A call that has to throw may pass anything.
    (example, order) =>
      example.expected.kind !== "throws" &&
      otherKind(blockOf(example, order)?.params[0]?.type) !== undefined &&
      /^[^(]*\((?:-?[\d.]+|"[^"]*"|true|false)[,)]/.test(example.text),
    (line, example, order) =>
      line.replace(
        /\((?:-?[\d.]+|"[^"]*"|true|false)([,)])/,
        (_match, after: string) => `(${otherKind(blockOf(example, order)?.params[0]?.type) ?? ""}${after}`,
      ),
  ),
  perExample(
    "mistyped-result",
    "an example expects a value that the function cannot give",
    (example, order) => example.expected.kind !== "throws" && otherKind(blockOf(example, order)?.returnType) !== undefined,
    (line, example, order) => line.replace(/=>(?!.*=>).*$/, `=> ${otherKind(blockOf(example, order)?.returnType) ?? ""}`),
  ),
  perExample(
    "broken-literal",
    "an example's value is no literal",
    () => true,
    (line) => line.replace(/=>(?!.*=>).*$/, "=> theRightValue"),
  ),
  {
    name: "drop-examples",
    says: "nothing decides a function any more",
    defects: (source) => {
      const { order } = source;
      const whole = new Set(singleLined(source));
      return order.functions.flatMap(({ name, line }): OrderDefect[] => {
        const own = order.examples.filter(({ functionName }) => functionName === name);
        const asking = order.acceptanceCriteria.filter(({ functionName }) => functionName === name);
        const decidedOtherwise = asking.some(({ tests }) => tests.length > 0) || asking.some(({ text }) => DECIDED_BY_PERSON.test(text));
        if (own.length === 0 || decidedOtherwise || !own.every((example) => whole.has(example))) return [];
        const damaged = own.reduce((left, example) => withLine(left, example.line, () => ""), source);
        return [{ site: name, names: [...named(line, ...asking.map((criterion) => criterion.line)), name], damaged }];
      });
    },
  },
];

/** One defect a signature that stands in one line. */
function perSignature(name: string, says: string, change: (line: string, block: FunctionBlock, order: WorkOrder) => string | undefined): OrderOperator {
  return {
    name,
    says,
    defects: (source) =>
      source.order.functions.flatMap((block): OrderDefect[] => {
        const line = lineOf(source.text, block.line);
        const isWhole =
          new RegExp(String.raw`\b(?:function|const) ${block.name.replace(/\$/g, String.raw`\$`)}\b.*\)`).test(line) && balanced(line.replace("=>", ""));
        const after = isWhole ? change(line, block, source.order) : undefined;
        if (after === undefined || after === line) return [];
        return [{ site: block.name, names: [...named(block.line), block.name], damaged: withLine(source, block.line, () => after) }];
      }),
  };
}

const SIGNATURE_OPERATORS: readonly OrderOperator[] = [
  perSignature("drop-signature", "examples call a function whose block is gone", (_line, { name }, { examples, functions }) =>
    functions.length > 1 && examples.some(({ functionName }) => functionName === name) ? "" : undefined,
  ),
  perSignature("repeat-signature", "a function has two blocks", (line) => `${line}\n${line}`),
  perSignature("unknown-type", "a signature names a type that nobody declares", (line, { params: [first] }) =>
    first === undefined
      ? undefined
      : line
          .replace(`${first.name}: ${first.type}`, `${first.name}: UndeclaredThing`)
          .replace(`${first.name}?: ${first.type}`, `${first.name}?: UndeclaredThing`),
  ),
  perSignature("untyped-parameter", "a parameter has no type", (line, { params: [first] }) =>
    first === undefined || first.name.startsWith("...") ? undefined : line.replace(`${first.name}: ${first.type}`, first.name),
  ),
  perSignature("signature-with-body", "a signature has a body", (line) =>
    /^\s*(?:export\s+)?function\b/.test(line) ? `${line.replace(/;\s*$/, "")} { throw new Error("to do"); }` : undefined,
  ),
];

const CRITERIA_HEADING = /^#+\s+acceptance criteria\s*$/im;

const SECTION_OPERATORS: readonly OrderOperator[] = [
  {
    name: "misspell-criteria-heading",
    says: "the criteria stand under a heading that is no section",
    defects: (source) =>
      CRITERIA_HEADING.test(source.text)
        ? [{ site: "heading", names: ["Acceptence citeria"], damaged: { ...source, text: source.text.replace(CRITERIA_HEADING, "## Acceptence citeria") } }]
        : [],
  },
  {
    name: "drop-criteria",
    says: "the order has no criterion",
    defects: (source) => {
      const lines = source.order.acceptanceCriteria.map(({ line }) => line);
      const first = Math.min(...lines);
      const heading = source.text.split("\n").findIndex((line) => CRITERIA_HEADING.test(line)) + 1;
      if (heading === 0 || heading > first) return [];
      const rest = source.text.split("\n").slice(first - 1);
      const end = rest.findIndex((line) => /^(?:#|```)/.test(line));
      const count = end < 0 ? rest.length : end;
      const damaged = Array.from({ length: count }, (_, at) => first + at).reduce((left, line) => withLine(left, line, () => ""), source);
      return [{ site: "criteria", names: [...named(heading), "Acceptance criteria", "acceptance criterion"], damaged }];
    },
  },
  {
    name: "unclosed-fence",
    says: "a fenced block has no end",
    defects: (source) => {
      const fences = source.text.split("\n").flatMap((line, index) => (line.startsWith("```") ? [index + 1] : []));
      const [opening, closing] = fences.slice(-2);
      if (fences.length % 2 !== 0 || opening === undefined || closing === undefined) return [];
      return [{ site: `line ${opening}`, names: named(opening), damaged: withLine(source, closing, () => "") }];
    },
  },
  frontMatter("unknown-key", "the front matter has a key that nobody reads", "budget_eur: 5"),
  frontMatter("bad-value", "a front matter value is none of those that the key takes", "priority: whenever"),
];

/** Puts a line into the front matter, in front of its end. */
function frontMatter(name: string, says: string, added: string): OrderOperator {
  return {
    name,
    says,
    defects: (source) => {
      const lines = source.text.split("\n");
      const end = lines.findIndex((line, index) => index > 0 && line.trim() === "---");
      const key = added.slice(0, added.indexOf(":"));
      if (lines[0]?.trim() !== "---" || end < 0 || lines.slice(0, end).some((line) => line.startsWith(`${key}:`))) return [];
      return [{ site: key, names: named(end + 1), damaged: withLineBefore(source, end + 1, added) }];
    },
  };
}

const ABSENT_TEST = "tests/not-attached.test.ts";

const ATTACHMENT_OPERATORS: readonly OrderOperator[] = [
  {
    name: "missing-attachment",
    says: "a criterion names a test that is not attached",
    defects: (source) => {
      const line = source.order.acceptanceCriteria[0]?.line;
      const added = line === undefined ? undefined : withItemBefore(source, line, `\`${ABSENT_TEST}\` passes.`);
      const removed = source.order.acceptanceCriteria.flatMap(({ tests }) => tests).filter((path) => Object.hasOwn(source.baseTree, path));
      return [
        ...(added === undefined ? [] : [{ site: "new criterion", names: [ABSENT_TEST], damaged: added }]),
        ...[...new Set(removed)].map((path) => ({ site: path, names: [path], damaged: { ...source, baseTree: withoutFile(source.baseTree, path) } })),
      ];
    },
  },
  {
    name: "escaping-test-path",
    says: "a criterion names a test outside of the workspace",
    defects: (source) => {
      const line = source.order.acceptanceCriteria[0]?.line;
      const damaged = line === undefined ? undefined : withItemBefore(source, line, "`../outside.test.ts` passes.");
      return damaged === undefined || line === undefined ? [] : [{ site: "new criterion", names: named(line), damaged }];
    },
  },
  {
    name: "create-on-existing-path",
    says: "a new function's file is in the starting tree, as something else",
    defects: (source) =>
      source.order.functions.flatMap(({ name }): OrderDefect[] => {
        const path = functionFile(name);
        if (Object.hasOwn(source.baseTree, path) || Object.values(source.baseTree).some((content) => content.includes(name))) return [];
        return [{ site: name, names: [path], damaged: { ...source, baseTree: { ...source.baseTree, [path]: "export const somethingElse = 1;\n" } } }];
      }),
  },
];

function withoutFile(tree: OrderSource["baseTree"], path: string): OrderSource["baseTree"] {
  return Object.fromEntries(Object.entries(tree).filter(([one]) => one !== path));
}
