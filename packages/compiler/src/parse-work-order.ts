/** The work-order parser: Markdown in, a checked order or every fault of it out. See `domain.md` 2. */
import { functionFile } from "@factory/schemas";
import type { AcceptanceCriterion, Example, FunctionBlock, OrderFault, WorkOrder } from "@factory/schemas";
import { readCriteria } from "./criteria.ts";
import { readExamples } from "./example-lines.ts";
import { byLine, Findings } from "./faults.ts";
import { readFrontMatter, splitFrontMatter } from "./front-matter.ts";
import type { FrontMatter } from "./front-matter.ts";
import { readSections } from "./markdown.ts";
import type { Fence, Section } from "./markdown.ts";
import { checkExamples } from "./order-examples.ts";
import { sortSections, statementsOf } from "./order-sections.ts";
import type { SortedSections } from "./order-sections.ts";
import { readDeclarations, toFunctionBlocks } from "./signature.ts";
import type { Declarations } from "./signature.ts";

/** An order with remarks that do not stop it, or every fault that does; both in order of line. */
export type ParseResult =
  | { readonly ok: true; readonly order: WorkOrder; readonly warnings: readonly OrderFault[] }
  | { readonly ok: false; readonly faults: readonly OrderFault[] };

const MAX_TITLE_CHARS = 200;

/**
 * Parses a work order. Never throws: what cannot be read is a fault with its line, its rule (a key of `ORDER_RULES`)
 * and what to write instead. Size is the caller's concern (`MAX_ORDER_BYTES`).
 *
 * @param text - the order's Markdown, any line ending
 * @example
 * const parsed = parseWorkOrder(text);
 * if (!parsed.ok) for (const { line, rule, fix } of parsed.faults) console.error(`${line}: ${rule}: ${fix}`);
 */
export function parseWorkOrder(text: string): ParseResult {
  const findings = new Findings();
  const source = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const order = isReadable(source, findings) ? readOrder(source, findings) : undefined;
  if (order === undefined || findings.faults.length > 0) return { ok: false, faults: byLine(findings.faults) };
  return { ok: true, order, warnings: byLine(findings.warnings) };
}

function isReadable(source: string, findings: Findings): boolean {
  if (source.trim() === "") {
    findings.fault(1, "ORDER_EMPTY", "The order is empty. Write at least a title, a function block and an acceptance criterion.");
    return false;
  }
  const broken = source.isWellFormed() ? -1 : source.split("\n").findIndex((line) => !line.isWellFormed());
  if (broken >= 0) findings.fault(broken + 1, "TEXT_NOT_WELL_FORMED", "This line holds half of a surrogate pair. Save the order as UTF-8.");
  return broken < 0;
}

/** Undefined only when nothing could be read at all; otherwise `findings` says whether the order holds. */
function readOrder(source: string, findings: Findings): WorkOrder | undefined {
  const { body, yaml } = splitFrontMatter(source, findings);
  const front: FrontMatter = yaml === null ? { files: [] } : readFrontMatter(yaml, findings);
  let sections: Section[];
  try {
    sections = readSections(body, findings);
  } catch (err) {
    // The Markdown library is not ours; text it cannot take is refused like any other.
    findings.fault(1, "ORDER_UNREADABLE", `The Markdown cannot be read (${err instanceof Error ? err.message : "unknown"}). Simplify its structure.`);
    return undefined;
  }
  const { functions, examples } = readFences(sections, findings);
  const sorted = sortSections(sections, findings);
  const names = new Set(functions.map(({ name }) => name));
  const criteria = readCriteria(statementsOf(sorted.known.get("acceptanceCriteria"), findings), names, findings);
  checkCriteria(criteria, functions, examples, sorted, findings);
  const list = (name: "constraints" | "successMetrics" | "outOfScope") =>
    statementsOf(sorted.known.get(name), findings).map(({ text, line }) => ({ text, line }));
  const { title, priority, files, ...config } = front;
  return {
    title: title ?? titleOf(sorted, criteria, findings),
    priority: priority ?? "normal",
    ...config,
    files,
    problem: prose(sorted, "problem", findings),
    goal: prose(sorted, "goal", findings),
    constraints: list("constraints"),
    acceptanceCriteria: criteria,
    successMetrics: list("successMetrics"),
    outOfScope: list("outOfScope"),
    functions,
    examples,
    unknownSections: sorted.unknown,
  };
}

function readFences(sections: readonly Section[], findings: Findings): { readonly functions: FunctionBlock[]; readonly examples: Example[] } {
  const fences = sections.flatMap((section) => section.fences);
  const readAll = <T>(language: Fence["language"], read: (text: string, line: number, into: Findings) => T): T[] =>
    fences.filter((fence) => fence.language === language).map((fence) => read(fence.text, fence.contentLine, findings));
  const declarations: Declarations = { signatures: [], types: [] };
  for (const { signatures, types } of readAll("ts", readDeclarations)) {
    declarations.signatures.push(...signatures);
    declarations.types.push(...types);
  }
  const functions = uniqueFunctions(toFunctionBlocks(declarations, findings), findings);
  const known = new Set(functions.map(({ name }) => name));
  // A signature that could not be read is one fault; its examples are not faults as well.
  const attempted = new Set(
    readAll("ts", namesAttempted)
      .flat()
      .filter((name) => !known.has(name)),
  );
  const read = readAll("examples", readExamples).flat();
  return {
    functions,
    examples: checkExamples(
      read.filter(({ functionName }) => !attempted.has(functionName)),
      functions,
      findings,
    ),
  };
}

/** Names that a `ts` fence means to declare, readable or not. */
function namesAttempted(text: string): string[] {
  return [...text.matchAll(/\b(?:function|const)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gu)].map((match) => match[1] ?? "");
}

function uniqueFunctions(blocks: readonly FunctionBlock[], findings: Findings): FunctionBlock[] {
  const byName = new Map<string, FunctionBlock>();
  const byFile = new Map<string, FunctionBlock>();
  for (const block of blocks) {
    const twin = byName.get(block.name);
    const neighbour = byFile.get(functionFile(block.name));
    if (twin !== undefined)
      findings.fault(block.line, "FUNCTION_DUPLICATE", `\`${block.name}\` has a block in line ${twin.line} already. Keep one of the two.`);
    else if (neighbour !== undefined)
      findings.fault(
        block.line,
        "FUNCTION_FILE_CLASH",
        `\`${block.name}\` and \`${neighbour.name}\` (line ${neighbour.line}) would both be written to ${functionFile(block.name)}. Rename one of them.`,
      );
    else {
      byName.set(block.name, block);
      byFile.set(functionFile(block.name), block);
    }
  }
  return [...byName.values()];
}

function checkCriteria(
  criteria: readonly AcceptanceCriterion[],
  functions: readonly FunctionBlock[],
  examples: readonly Example[],
  sorted: SortedSections,
  findings: Findings,
): void {
  // An open fence may have swallowed the section; the fence is the fault to mend first.
  const swallowed = findings.faults.some(({ rule }) => rule === "FENCE_UNCLOSED") && !sorted.known.has("acceptanceCriteria");
  if (criteria.length === 0 && !swallowed) {
    const section = sorted.known.get("acceptanceCriteria");
    const where = section === undefined ? "Add a section `## Acceptance criteria`" : "Add to this section";
    const typo =
      sorted.unknown.length > 0 && section === undefined
        ? ` Unknown headings: ${sorted.unknown
            .map(({ heading, line }) => `"${heading.slice(0, 40)}" (line ${line})`)
            .slice(0, 5)
            .join(", ")}.`
        : "";
    findings.fault(section?.line ?? 1, "NO_ACCEPTANCE_CRITERION", `The order has no acceptance criterion. ${where} a list of what must hold.${typo}`);
  }
  for (const { name, line } of functions) {
    const naming = criteria.filter((criterion) => criterion.functionName === name);
    const shown = examples.some(({ functionName }) => functionName === name);
    if (naming.length === 0 && shown)
      findings.warn(
        line,
        "FUNCTION_UNNAMED",
        `No acceptance criterion names \`${name}\`; its examples become a criterion of their own. Name it in backticks in the criterion that asks for it.`,
      );
    if (naming.length === 0 && !shown)
      findings.warn(
        line,
        "FUNCTION_UNNAMED",
        `No acceptance criterion names \`${name}\` and no example calls it, so a person has to judge it. Name it in a criterion and add examples.`,
      );
    if (naming.length > 0 && !shown && naming.every(({ tests }) => tests.length === 0)) {
      findings.warn(
        line,
        "FUNCTION_WITHOUT_EXAMPLES",
        `Nothing executes \`${name}\`, so a person has to judge it. Add examples, or name a test file in its criterion.`,
      );
    }
  }
}

function prose(sorted: SortedSections, name: "problem" | "goal", findings: Findings): string {
  const section = sorted.known.get(name);
  const text = section?.texts.join("\n\n") ?? "";
  if (text === "")
    findings.warn(section?.line ?? 1, "SECTION_MISSING", `The order does not state its ${name}. Add a section \`## ${name === "goal" ? "Goal" : "Problem"}\`.`);
  return text;
}

/** A title for an order whose front matter has none: its first heading, or the first sentence of what it wants. */
function titleOf(sorted: SortedSections, criteria: readonly AcceptanceCriterion[], findings: Findings): string {
  const heading = sorted.title?.text ?? "";
  if (heading !== "") return heading.slice(0, MAX_TITLE_CHARS).toWellFormed();
  const wanted = sorted.known.get("goal")?.texts[0] ?? sorted.known.get("problem")?.texts[0] ?? criteria[0]?.text ?? "";
  const sentence = (/^[^\n]*?[.!?](?=\s|$)/.exec(wanted)?.[0] ?? wanted.split("\n")[0] ?? "").trim().slice(0, MAX_TITLE_CHARS).toWellFormed();
  if (sentence === "") findings.fault(1, "TITLE_MISSING", "The order has no title. Add `title` to the front matter, or a heading `# Title`.");
  else findings.warn(1, "TITLE_MISSING", `The order has no title; "${sentence}" is taken. Add \`title\` to the front matter, or a heading \`# Title\`.`);
  return sentence;
}
