/** The names a module takes from its surroundings: references that no scope of the module declares. */
import type * as acorn from "acorn";
import { ancestor, fullAncestor } from "acorn-walk";

/** A reference to a name that the module does not declare, with the nodes above it, outermost first. */
export type FreeReference = { readonly name: string; readonly line: number; readonly start: number; readonly above: readonly acorn.AnyNode[] };

/** Every free reference of a module in source order; reads and assignments alike. */
export function freeReferences(program: acorn.Program): FreeReference[] {
  const scopes = collectScopes(program);
  const found: FreeReference[] = [];
  const visit = (node: acorn.Node, ancestors: readonly acorn.AnyNode[]): void => {
    const above = ancestors.slice(0, -1);
    const { name } = node as acorn.Identifier;
    if (above.some((scope) => scopes.get(scope)?.has(name) === true)) return;
    found.push({ name, line: node.loc?.start.line ?? 1, start: node.start, above });
  };
  // `VariablePattern` is acorn-walk's name for an identifier that is assigned to; its types do not list it.
  const visitors: Parameters<typeof ancestor>[1] & { [type: string]: unknown } = {
    Identifier: (node, _state, ancestors) => visit(node, ancestors),
    VariablePattern: (node: acorn.Node, _state: unknown, ancestors: acorn.AnyNode[]) => visit(node, ancestors),
  };
  ancestor(program, visitors);
  return found.sort((a, b) => a.start - b.start);
}

type Scopes = Map<acorn.Node, Set<string>>;

/** The names each scope declares, by the node that is the scope. */
function collectScopes(program: acorn.Program): Scopes {
  const scopes: Scopes = new Map();
  fullAncestor(program, (node, _state, ancestors) => {
    for (const { scope, names } of declarationsOf(node, ancestors.slice(0, -1), program)) {
      const known = scopes.get(scope) ?? new Set();
      for (const name of names) known.add(name);
      scopes.set(scope, known);
    }
  });
  return scopes;
}

type Declared = { readonly scope: acorn.Node; readonly names: readonly string[] };

function declarationsOf(node: acorn.AnyNode, above: readonly acorn.AnyNode[], program: acorn.Program): Declared[] {
  switch (node.type) {
    case "ImportDeclaration":
      return [{ scope: program, names: node.specifiers.map(({ local }) => local.name) }];
    case "CatchClause":
      return [{ scope: node, names: node.param === null || node.param === undefined ? [] : patternNames(node.param) }];
    case "VariableDeclaration":
      return [
        {
          scope: node.kind === "var" ? nearest(above, isFunctionScope, program) : nearest(above, isBlockScope, program),
          names: node.declarations.flatMap(({ id }) => patternNames(id)),
        },
      ];
    case "ClassExpression":
      return [{ scope: node, names: node.id === null || node.id === undefined ? [] : [node.id.name] }];
    case "ClassDeclaration":
      return [{ scope: nearest(above, isBlockScope, program), names: node.id === null ? [] : [node.id.name] }];
    case "FunctionDeclaration":
      return [
        { scope: nearest(above, isBlockScope, program), names: node.id === null ? [] : [node.id.name] },
        { scope: node, names: ["arguments", ...node.params.flatMap(patternNames)] },
      ];
    case "FunctionExpression":
      return [
        { scope: node, names: ["arguments", ...(node.id === null || node.id === undefined ? [] : [node.id.name]), ...node.params.flatMap(patternNames)] },
      ];
    case "ArrowFunctionExpression":
      return [{ scope: node, names: node.params.flatMap(patternNames) }];
    default:
      return [];
  }
}

function nearest(above: readonly acorn.AnyNode[], is: (node: acorn.AnyNode) => boolean, program: acorn.Program): acorn.Node {
  return above.findLast(is) ?? program;
}

function isFunctionScope({ type }: acorn.AnyNode): boolean {
  return type.includes("Function") || type === "StaticBlock";
}

const BLOCKS: ReadonlySet<string> = new Set([
  "Program",
  "BlockStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "SwitchStatement",
  "StaticBlock",
]);

function isBlockScope({ type }: acorn.AnyNode): boolean {
  return BLOCKS.has(type);
}

/** Every name a pattern binds. */
function patternNames(pattern: acorn.Pattern): string[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((property) => patternNames(property.type === "RestElement" ? property.argument : property.value));
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : patternNames(element)));
    case "RestElement":
      return patternNames(pattern.argument);
    case "AssignmentPattern":
      return patternNames(pattern.left);
    case "MemberExpression":
      return [];
    default:
      return pattern satisfies never;
  }
}
