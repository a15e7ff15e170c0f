/** Lines of an `examples` fence: `call(args) => value`, literals in JSON5. */
import type { Example, ExampleValue } from "@factory/schemas";
import JSON5 from "json5";
import type { Findings } from "./faults.ts";

const FORM = "Write `name(argument, ...) => value`.";
/** Longest text of one example kept for people, in UTF-16 units. */
const MAX_TEXT_CHARS = 400;
/** Deepest nesting of a literal; canonical JSON and the harness recurse over it. */
const MAX_LITERAL_DEPTH = 64;
/** Most lines of one example; brackets that stay open for longer are a slip. */
const MAX_EXAMPLE_LINES = 100;

type Unit = { readonly text: string; readonly line: number };
type Failure = { readonly rule: "EXAMPLE_FORM" | "EXAMPLE_LITERAL"; readonly fix: string };

/**
 * Reads the text of an `examples` fence. Blank lines and `//` comments are skipped; an example whose brackets are still
 * open at the end of its line goes on in the next.
 *
 * @param firstLine - 1-based line in the order of the text's first line
 */
export function readExamples(text: string, firstLine: number, findings: Findings): Example[] {
  const examples: Example[] = [];
  const units = unitsOf(text, firstLine);
  if (units.length === 0) findings.fault(firstLine, "EXAMPLES_EMPTY", `The fence holds no example. ${FORM}`);
  for (const unit of units) {
    const read = readExample(unit);
    if ("rule" in read) findings.fault(unit.line, read.rule, read.fix);
    else examples.push(read);
  }
  return examples;
}

function unitsOf(text: string, firstLine: number): Unit[] {
  const lines = text.split("\n");
  const units: Unit[] = [];
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line.trim() === "" || /^\s*(\/\/|#)/.test(line)) continue;
    const end = continuation(lines, index);
    units.push({ text: lines.slice(index, end + 1).join("\n"), line: firstLine + index });
    index = end;
  }
  return units;
}

/** Index of the line where the brackets opened on line `start` are closed again; `start` itself when they are not. */
function continuation(lines: readonly string[], start: number): number {
  let depth = 0;
  for (let index = start; index < Math.min(lines.length, start + MAX_EXAMPLE_LINES); index++) {
    const line = lines[index] ?? "";
    // The next example begins here, so the one before it is simply not closed.
    if (index > start && /^\s*[\p{ID_Start}$_][\p{ID_Continue}$]*\s*\(.*=>/u.test(line)) return start;
    const scanned = scan(line, 0, () => false);
    if (scanned.broken) return start;
    depth += scanned.depth;
    if (depth <= 0) return index;
  }
  return start;
}

type Scan = { readonly at: number; readonly depth: number; readonly broken: boolean };

/** Walks text outside strings and comments until `stop` says so; `broken` when a string is not closed on its line. */
function scan(text: string, from: number, stop: (at: number, depth: number) => boolean): Scan {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"' || char === "'") {
      const end = stringEnd(text, at);
      if (end < 0) return { at, depth, broken: true };
      at = end;
      continue;
    }
    if (text.startsWith("//", at)) {
      const end = text.indexOf("\n", at);
      if (end < 0) return { at, depth, broken: false };
      at = end;
      continue;
    }
    if (stop(at, depth)) return { at, depth, broken: false };
    if ("([{".includes(char)) depth += 1;
    if (")]}".includes(char)) depth -= 1;
  }
  return { at: text.length, depth, broken: false };
}

/** Index of the quote that ends the string begun at `at`, or -1. */
function stringEnd(text: string, at: number): number {
  const quote = text.charAt(at);
  for (let index = at + 1; index < text.length; index++) {
    const char = text.charAt(index);
    if (char === "\\") index += 1;
    else if (char === quote) return index;
    else if (char === "\n") return -1;
  }
  return -1;
}

function readExample({ text, line }: Unit): Example | Failure {
  const head = /^\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*\(/u.exec(text);
  if (head === null) return { rule: "EXAMPLE_FORM", fix: `This starts with no call. ${FORM}` };
  const name = head[1] ?? "";
  const open = head[0].length;
  const end = scan(text, open, (at, depth) => depth === 0 && text.charAt(at) === ")");
  if (end.broken) return { rule: "EXAMPLE_LITERAL", fix: `A string is not closed: ${excerpt(text.slice(end.at))}. Close it with the quote it began with.` };
  if (text.charAt(end.at) !== ")") return { rule: "EXAMPLE_FORM", fix: `The call of \`${name}\` is not closed. Close its brackets.` };
  const after = stripComment(text.slice(end.at + 1))
    .trim()
    .replace(/;$/, "")
    .trim();
  if (!after.startsWith("=>")) {
    const hint = /^(==?=?|->|→|:|returns?\b)/.test(after) ? " The arrow is `=>`." : "";
    return { rule: "EXAMPLE_FORM", fix: `After the call of \`${name}\` there must be \`=> value\`.${hint} ${FORM}` };
  }
  const args = readArguments(text.slice(open, end.at));
  if ("rule" in args) return args;
  const expected = readExpected(after.slice(2).trim());
  if ("rule" in expected) return expected;
  return { functionName: name, args: args.values, expected, text: text.trim().slice(0, MAX_TEXT_CHARS), line };
}

/** The text up to a comment outside strings. */
function stripComment(text: string): string {
  let cut = text.length;
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"' || char === "'") {
      const end = stringEnd(text, at);
      if (end < 0) break;
      at = end;
    } else if (text.startsWith("//", at)) {
      const newline = text.indexOf("\n", at);
      if (newline < 0) {
        cut = at;
        break;
      }
      at = newline;
    }
  }
  return text.slice(0, cut);
}

function readArguments(text: string): { readonly values: ExampleValue[] } | Failure {
  if (stripComment(text).trim() === "") return { values: [] };
  const values: ExampleValue[] = [];
  let from = 0;
  while (from <= text.length) {
    const { at } = scan(text, from, (index, depth) => depth === 0 && text.charAt(index) === ",");
    const read = readLiteral(text.slice(from, at));
    if ("rule" in read) return read;
    values.push(read);
    from = at + 1;
  }
  return { values };
}

function readExpected(text: string): Example["expected"] | Failure {
  const thrown = /^throws\b\s*(.*)$/s.exec(text);
  if (thrown === null) return readLiteral(text);
  const name = thrown[1] ?? "";
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)) return { kind: "throws", name };
  return { rule: "EXAMPLE_LITERAL", fix: "`throws` is followed by the name of an error, such as `throws RangeError`, and nothing else." };
}

function readLiteral(source: string): ExampleValue | Failure {
  const text = source.trim();
  if (text === "undefined") return { kind: "undefined" };
  if (text === "") return { rule: "EXAMPLE_LITERAL", fix: "A value is missing. Write a literal, or `undefined`." };
  let value: unknown;
  try {
    value = JSON5.parse<unknown>(text);
  } catch (err) {
    const why = err instanceof Error ? err.message.replace(/^JSON5: /, "") : "it cannot be read";
    return {
      rule: "EXAMPLE_LITERAL",
      fix: `${excerpt(text)} is no JSON5 literal (${why}). Write numbers, quoted strings, true, false, null, arrays or objects of them.`,
    };
  }
  const wrong = unusable(value, 0);
  if (wrong !== undefined) return { rule: "EXAMPLE_LITERAL", fix: `${excerpt(text)} cannot be used: ${wrong}` };
  // `unusable` has seen every part of the value: it is what JSON can say.
  return { kind: "json", value: value as (ExampleValue & { kind: "json" })["value"] };
}

/** Why a JSON5 value cannot travel as canonical JSON, or undefined when it can. */
function unusable(value: unknown, depth: number): string | undefined {
  if (depth > MAX_LITERAL_DEPTH) return `it is nested deeper than ${MAX_LITERAL_DEPTH} levels.`;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) return "NaN and infinities have no JSON form. State them in a test file.";
    return Object.is(value, -0) ? "minus zero has no JSON form of its own. Write 0, or state it in a test file." : undefined;
  }
  if (typeof value === "string") return value.isWellFormed() ? undefined : "a string holds half of a surrogate pair.";
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    if (!Array.isArray(value) && (key === "__proto__" || key === "$undefined" || !key.isWellFormed()))
      return `the key \`${key.toWellFormed()}\` is not allowed.`;
    const wrong = unusable(item, depth + 1);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function excerpt(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return `\`${line.length > 60 ? `${line.slice(0, 57)}...` : line}\``;
}
