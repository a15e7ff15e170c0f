/** Watches size limits that a constraint states: lines of a file or function, parameters of a function, characters of a line. */
import type * as acorn from "acorn";
import { full } from "acorn-walk";
import { parseSource } from "./parse-source.ts";
import type { Violation } from "./violation.ts";

/** A limit as a constraint states it: at most `max` of `unit` in each `of`. */
export type DeclaredLimit = { readonly unit: "lines" | "parameters" | "characters"; readonly of: "file" | "function" | "line"; readonly max: number };

const BOUND =
  /\b(?:at most|no more than|not more than|up to|maximum(?: of)?|max\.?|within|limited to|(?:no|not|never)\s+(?:\w+\s+){0,4}(?:longer|larger|greater|more) than|exceeds?|(?<strict>under|below|fewer than|less than|shorter than))\s+(?<count>\d{1,6})\s+(?<unit>lines?|parameters?|arguments?|characters?|columns?)\b/i;

/** The limit a constraint states, or null when it states none that this detector measures: then a person has to look. */
export function declaredLimit(statement: string): DeclaredLimit | null {
  const match = BOUND.exec(statement);
  if (match?.groups === undefined) return null;
  const { count, unit, strict } = match.groups;
  if (count === undefined || unit === undefined) return null;
  const max = Number(count) - (strict === undefined ? 0 : 1);
  const word = unit.toLowerCase();
  if (word.startsWith("parameter") || word.startsWith("argument")) return { unit: "parameters", of: "function", max };
  if (word.startsWith("character") || word.startsWith("column")) return /\blines?\b/i.test(statement) ? { unit: "characters", of: "line", max } : null;
  return { unit: "lines", of: /\bfunctions?\b/i.test(statement) ? "function" : "file", max };
}

/** Finds what is over the limit in one module. Source that cannot be read is a violation. */
export function overDeclaredLimit(limit: DeclaredLimit, file: string, source: string): Violation[] {
  const lines = source.replace(/\n$/, "").split("\n");
  if (limit.of === "file") return lines.length <= limit.max ? [] : [{ file, line: 1, message: `has ${lines.length} lines; at most ${limit.max} are allowed` }];
  if (limit.of === "line") {
    return lines.flatMap((line, index) =>
      line.length <= limit.max ? [] : [{ file, line: index + 1, message: `has ${line.length} characters; at most ${limit.max} are allowed` }],
    );
  }
  const parsed = parseSource(source);
  if (!parsed.ok) return [{ file, line: parsed.line, message: `cannot be checked for its limits: ${parsed.reason}` }];
  return functionsOver(limit, file, parsed.program);
}

function functionsOver(limit: DeclaredLimit, file: string, program: acorn.Program): Violation[] {
  const found: Violation[] = [];
  full(program, (node) => {
    if (node.type !== "FunctionDeclaration" && node.type !== "FunctionExpression" && node.type !== "ArrowFunctionExpression") return;
    const line = node.loc?.start.line ?? 1;
    const size = limit.unit === "parameters" ? node.params.length : (node.loc?.end.line ?? line) - line + 1;
    if (size > limit.max) found.push({ file, line, message: `has a function of ${size} ${limit.unit}; at most ${limit.max} are allowed` });
  });
  return found.sort((a, b) => a.line - b.line);
}
