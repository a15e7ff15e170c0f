/** The TypeScript file of a found program. */
import { atLeast, negate, PRECEDENCE } from "./code.ts";
import { Printer } from "./print.ts";
import { walk, type Term } from "./terms.ts";
import type { Type } from "./types.ts";

/** A parameter as it stands in the signature. */
export type Parameter = { readonly name: string; readonly type: Type; readonly optional: boolean; readonly text: string };

/** A refusal at the top of the function: when the condition holds, an error of this name is thrown. */
export type Guard = { readonly test: Term; readonly error: string };

/** A function ready to be written. */
export type FoundProgram = { readonly guards: readonly Guard[]; readonly body: Term };

/** A function that may be imported. */
export type Import = { readonly name: string; readonly file: string };

export type Signature = { readonly name: string; readonly params: readonly Parameter[]; readonly returnText: string; readonly file: string };

/** Shortest source that is worth a name when it occurs twice, in characters. */
const MIN_HOIST_CHARS = 14;
/** More named expressions than this make a function harder to read, not easier. */
const MAX_HOISTS = 3;
/** A line longer than this is broken where the printer knows how, in characters. */
const MAX_LINE_CHARS = 100;

const ERROR_CLASSES = new Set(["Error", "RangeError", "TypeError", "SyntaxError", "ReferenceError", "EvalError", "URIError"]);

/**
 * Writes the file: imports, signature, guards, named subexpressions, result.
 *
 * @param hoist false writes every expression in place, which keeps evaluation strictly lazy
 */
export function emitFile(signature: Signature, program: FoundProgram, imports: readonly Import[], hoist: boolean): string {
  const used = imports.filter((dependency) => uses(program, dependency.name));
  const printer = new Printer([signature.name, ...signature.params.map((param) => param.name), ...imports.map((dependency) => dependency.name)]);
  const lines = used.map((dependency) => `import { ${dependency.name} } from "${relativePath(signature.file, dependency.file)}";`);
  if (lines.length > 0) lines.push("");
  const params = signature.params.map((param) => `${param.name}${param.optional ? "?" : ""}: ${param.text}`);
  lines.push(...heading(signature.name, params, signature.returnText));
  for (const guard of program.guards) lines.push(...guardLines(printer, signature, guard));
  printer.seen.clear();
  if (hoist) lines.push(...hoistLines(printer, program.body));
  lines.push(...resultLines(printer, program.body), "}", "");
  return lines.join("\n");
}

function heading(name: string, params: readonly string[], result: string): string[] {
  const line = `export function ${name}(${params.join(", ")}): ${result} {`;
  if (line.length <= MAX_LINE_CHARS) return [line];
  return [`export function ${name}(`, ...params.map((param) => `  ${param},`), `): ${result} {`];
}

/** The names of the dependencies a program calls. */
export function uses(program: FoundProgram, name: string): boolean {
  let found = false;
  const look = (term: Term): void =>
    walk(term, ({ node }) => {
      if (node.kind === "call" && node.component.name === `call:${name}`) found = true;
    });
  look(program.body);
  for (const guard of program.guards) look(guard.test);
  return found;
}

function relativePath(from: string, to: string): string {
  const base = from.split("/").slice(0, -1);
  const target = to.split("/");
  let shared = 0;
  while (shared < base.length && shared < target.length - 1 && base[shared] === target[shared]) shared += 1;
  const up = base.slice(shared).map(() => "..");
  return `${up.length === 0 ? "./" : `${up.join("/")}/`}${target.slice(shared).join("/")}`;
}

function guardLines(printer: Printer, signature: Signature, guard: Guard): string[] {
  const test = printer.print(guard.test).text;
  const message = JSON.stringify(`${signature.name} refuses: ${test}`);
  const error = ERROR_CLASSES.has(guard.error)
    ? `new ${guard.error}(${message})`
    : `Object.assign(new Error(${message}), { name: ${JSON.stringify(guard.error)} })`;
  return [`  if (${test}) {`, `    throw ${error};`, "  }"];
}

function hoistLines(printer: Printer, body: Term): string[] {
  const chosen: { shape: string; name: string; term: Term; size: number }[] = [];
  for (let count = 0; count < MAX_HOISTS; count += 1) {
    printer.seen.clear();
    printer.print(body);
    for (const { term } of chosen) printer.printDefinition(term);
    const repeated = [...printer.seen].filter(([, { count: times, source }]) => times >= 2 && source.length >= MIN_HOIST_CHARS);
    repeated.sort(([, left], [, right]) => right.source.length - left.source.length);
    const [choice] = repeated;
    if (choice === undefined) break;
    const [shape, { term, source }] = choice;
    const name = printer.freeName(hoistName(term));
    chosen.push({ shape, name, term, size: source.length });
    printer.hoist(shape, name);
  }
  // An inner expression is shorter than one that holds it, so shorter definitions come first.
  chosen.sort((left, right) => left.size - right.size);
  return chosen.map(({ name, term }) => `  const ${name} = ${printer.printDefinition(term).text};`);
}

function hoistName(term: Term): string {
  if (term.node.kind === "call") {
    const { name } = term.node.component;
    if (name.startsWith("call:")) return `${name.slice("call:".length)}Result`;
    if (name === "sum") return "total";
    if (name === "ascending" || name === "descending" || name === "sorted") return "ordered";
  }
  if (term.type.kind === "array") return "items";
  if (term.type.kind === "string") return "normalized";
  return "result";
}

/** The result: a choice is written as early returns, everything else as one expression. */
function resultLines(printer: Printer, body: Term): string[] {
  const lines: string[] = [];
  let rest = body;
  while (rest.node.kind === "choice" && rest.type.kind !== "boolean") {
    const { test, then, otherwise } = rest.node;
    const early = then.node.kind === "choice" && otherwise.node.kind !== "choice";
    const condition = printer.print(test);
    lines.push(`  if (${early ? negate(condition).text : condition.text}) return ${printer.print(early ? otherwise : then).text};`);
    rest = early ? then : otherwise;
  }
  lines.push(...returnLines(printer, rest));
  return lines;
}

function returnLines(printer: Printer, term: Term): string[] {
  const code = printer.print(term);
  const line = `  return ${code.text};`;
  if (line.length <= MAX_LINE_CHARS) return [line];
  if (term.node.kind === "object") {
    const inner = term.node.fields.map(({ name, term: field }) => `    ${name}: ${printer.print(field).text},`);
    return ["  return {", ...inner, "  };"];
  }
  if (term.node.kind === "choice") {
    const { test, then, otherwise } = term.node;
    const show = (part: Term): string => atLeast(printer.print(part), PRECEDENCE.or);
    return [`  return ${show(test)}`, `    ? ${show(then)}`, `    : ${show(otherwise)};`];
  }
  return [line];
}
