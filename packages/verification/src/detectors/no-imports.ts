/** Watches "no dependencies": a module may import files of its own tree and nothing else. */
import type * as acorn from "acorn";
import { full } from "acorn-walk";
import { freeReferences } from "./free-names.ts";
import { parseSource } from "./parse-source.ts";
import type { SourceDetector, Violation } from "./violation.ts";

/** An import that runs; `specifier` is undefined where it is computed. Imports of types only leave nothing behind and are not listed. */
export type ImportReference = { readonly specifier: string | undefined; readonly line: number };

/** Every import, re-export and `import()` of a module in source order. */
export function importsOf(program: acorn.Program): ImportReference[] {
  const found: ImportReference[] = [];
  full(program, (node) => {
    const line = node.loc?.start.line ?? 1;
    switch (node.type) {
      case "ImportDeclaration":
      case "ExportAllDeclaration":
        found.push({ specifier: literalText(node.source), line });
        return;
      case "ExportNamedDeclaration":
        if (node.source !== null && node.source !== undefined) found.push({ specifier: literalText(node.source), line });
        return;
      case "ImportExpression":
        found.push({ specifier: literalText(node.source), line });
        return;
      default:
        return;
    }
  });
  return found.sort((a, b) => a.line - b.line);
}

/** Finds imports that leave the tree. Source that cannot be read is a violation. */
export const noImports: SourceDetector = (file, source) => {
  const parsed = parseSource(source);
  if (!parsed.ok) return [{ file, line: parsed.line, message: `cannot be checked for imports: ${parsed.reason}` }];
  const outside = importsOf(parsed.program).flatMap(({ specifier, line }): Violation[] => {
    if (specifier === undefined) return [{ file, line, message: "computes what it imports" }];
    return /^\.\.?(?:\/|$)/.test(specifier)
      ? []
      : [{ file, line, message: `imports ${JSON.stringify(specifier)}; only relative imports of its own files are allowed` }];
  });
  const required = freeReferences(parsed.program)
    .filter(({ name }) => name === "require")
    .map(({ line }) => ({ file, line, message: "uses require; only relative imports of its own files are allowed" }));
  return [...outside, ...required];
};

function literalText(node: acorn.Node): string | undefined {
  if (node.type !== "Literal") return undefined;
  const { value } = node as acorn.Literal;
  return typeof value === "string" ? value : undefined;
}
