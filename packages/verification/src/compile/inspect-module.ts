/** What a compiled module imports, and which constructs it holds that have no place in code under test. */
import type * as acorn from "acorn";
import { fullAncestor } from "acorn-walk";

export type ForbiddenConstruct = "eval" | "Function constructor" | "import.meta" | "computed import";

/** One `require` call of the compiled module. */
export type ModuleImport = {
  readonly specifier: string;
  readonly line: number;
  /** True for a call inside a function: an `import()` that runs when its function does. */
  readonly dynamic: boolean;
  /** Names that the module reads from the import; the import must have them. */
  readonly names: readonly string[];
};

export type ModuleFacts = {
  readonly imports: readonly ModuleImport[];
  readonly forbidden: readonly { readonly construct: ForbiddenConstruct; readonly line: number }[];
  readonly async: boolean;
};

type Found = { specifier: string; line: number; dynamic: boolean; names: Set<string> };

/** Reads a module that the TypeScript compiler made for CommonJS, parsed with locations. */
export function inspectModule(program: acorn.Program): ModuleFacts {
  const imports: Found[] = [];
  const forbidden: { construct: ForbiddenConstruct; line: number }[] = [];
  const bindings = new Map<string, Found>();
  let async = false;
  fullAncestor(program, (node, _state, ancestors) => {
    const forbid = (construct: ForbiddenConstruct): void => {
      forbidden.push({ construct, line: lineOf(node) });
    };
    if (node.type === "Identifier" && node.name === "eval") forbid("eval");
    if (node.type === "MetaProperty" && node.meta.name === "import") forbid("import.meta");
    if (node.type === "ImportExpression") forbid("computed import");
    if ((node.type === "CallExpression" || node.type === "NewExpression") && namesFunction(node.callee)) forbid("Function constructor");
    if ((node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node.await)) && !insideFunction(ancestors)) async = true;
    if (node.type !== "CallExpression" || !isIdentifier(node.callee, "require")) return;
    const specifier = literalOf(node.arguments[0]);
    if (specifier === undefined) return forbid("computed import");
    const found: Found = { specifier, line: lineOf(node), dynamic: insideFunction(ancestors), names: new Set() };
    imports.push(found);
    const binding = bindingOf(ancestors);
    if (binding !== undefined) bindings.set(binding, found);
  });
  collectNames(program, bindings);
  return { imports: imports.map(({ specifier, line, dynamic, names }) => ({ specifier, line, dynamic, names: [...names] })), forbidden, async };
}

/** Names read off the bindings of imports. A re-export is not counted: what it passes on may be only a type. */
function collectNames(program: acorn.Program, bindings: ReadonlyMap<string, Found>): void {
  fullAncestor(program, (node, _state, ancestors) => {
    if (node.type !== "MemberExpression" || node.computed || node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
    const found = bindings.get(node.object.name);
    if (found !== undefined && !isReExport(ancestors)) found.names.add(node.property.name);
  });
}

function isReExport(ancestors: readonly acorn.AnyNode[]): boolean {
  return ancestors.some(
    (node) =>
      node.type === "CallExpression" &&
      node.callee.type === "MemberExpression" &&
      isIdentifier(node.callee.object, "Object") &&
      isIdentifier(node.callee.property, "defineProperty") &&
      isIdentifier(node.arguments[0], "exports"),
  );
}

/** The variable that a top-level `const x = require(...)`, also inside an interop helper's call, is bound to. */
function bindingOf(ancestors: readonly acorn.AnyNode[]): string | undefined {
  const declarator = ancestors.findLast((node) => node.type === "VariableDeclarator");
  return declarator?.type === "VariableDeclarator" && declarator.id.type === "Identifier" && !insideFunction(ancestors) ? declarator.id.name : undefined;
}

function insideFunction(ancestors: readonly acorn.AnyNode[]): boolean {
  return ancestors.some((node) => /Function/.test(node.type) || node.type === "StaticBlock" || node.type === "PropertyDefinition");
}

function namesFunction(callee: acorn.Node): boolean {
  return isIdentifier(callee, "Function") || (callee.type === "ParenthesizedExpression" && namesFunction((callee as acorn.ParenthesizedExpression).expression));
}

function isIdentifier(node: acorn.Node | undefined, name: string): boolean {
  return node?.type === "Identifier" && (node as acorn.Identifier).name === name;
}

function literalOf(node: acorn.Node | undefined): string | undefined {
  if (node?.type !== "Literal") return undefined;
  const { value } = node as acorn.Literal;
  return typeof value === "string" ? value : undefined;
}

function lineOf(node: acorn.Node): number {
  return node.loc?.start.line ?? 1;
}
