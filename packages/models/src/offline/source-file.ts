/** One function of a source file that holds others too: taken out to be run, or replaced while everything else stays as it is. */
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { Parser } from "acorn";

const TypeScriptParser = Parser.extend(tsPlugin());

/** A node as the parser made it: a bag of fields, some of them nodes or lists of nodes. */
type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [field: string]: unknown };

/**
 * The imports of a file and one of its functions, exported, as a file of their own.
 *
 * @returns undefined when the file cannot be read or does not declare the function with a body
 */
export function isolateFunction(source: string, name: string): string | undefined {
  const statements = statementsOf(source);
  const found = statements === undefined ? undefined : declarationOf(statements, name);
  if (statements === undefined || found === undefined) return undefined;
  const imports = statements.filter(isImport).map((statement) => textOf(source, statement));
  const text = textOf(source, found.statement);
  return [...imports, found.exported ? text : `export ${text}`, ""].join("\n");
}

/**
 * The file with another declaration of one function; what else it holds stays as it is. Imports that the new declaration
 * needs are added, unless the file has the name already.
 *
 * @param replacement - a file of imports and the exported function, as the search writes it
 * @returns undefined when one of the two cannot be read, or the file does not declare the function once and with a body
 */
export function replaceFunction(source: string, name: string, replacement: string): string | undefined {
  const [statements, parts] = [statementsOf(source), statementsOf(replacement)];
  if (statements === undefined || parts === undefined) return undefined;
  const [old, found] = [declarationOf(statements, name), declarationOf(parts, name)];
  if (old === undefined || found === undefined) return undefined;
  const text = textOf(replacement, found.statement);
  const declared = old.exported ? text : text.replace(/^export\s+/, "");
  const known = new Set(statements.flatMap(namesOf));
  const added = parts.filter((part) => isImport(part) && namesOf(part).some((one) => !known.has(one))).map((part) => textOf(replacement, part));
  const changed = `${source.slice(0, old.statement.start)}${declared}${source.slice(old.statement.end)}`;
  if (added.length === 0) return changed;
  // Imports stand before the declaration, so what was replaced has not moved them.
  const at = statements.findLast((statement) => isImport(statement) && statement.end <= old.statement.start)?.end;
  return at === undefined ? `${added.join("\n")}\n\n${changed}` : `${changed.slice(0, at)}\n${added.join("\n")}${changed.slice(at)}`;
}

function statementsOf(source: string): Node[] | undefined {
  try {
    const program: unknown = TypeScriptParser.parse(source, { ecmaVersion: "latest", sourceType: "module", locations: true });
    return isNode(program) ? nodesOf(program["body"]) : undefined;
  } catch (err) {
    // Deep nesting overflows the parser's stack; a syntax error is what the file has. Either way it cannot be read.
    if (err instanceof SyntaxError || err instanceof RangeError) return undefined;
    throw err;
  }
}

type Declared = { readonly statement: Node; readonly exported: boolean };

/** The statement that declares a function by itself; none where it is overloaded or declared beside something else. */
function declarationOf(statements: readonly Node[], name: string): Declared | undefined {
  const found = statements.flatMap((statement): Declared[] => {
    const exported = statement.type === "ExportNamedDeclaration";
    const declaration = exported ? statement["declaration"] : statement;
    return isNode(declaration) && declares(declaration, name) ? [{ statement, exported }] : [];
  });
  const [only] = found;
  return found.length === 1 && only !== undefined ? only : undefined;
}

function declares(declaration: Node, name: string): boolean {
  // A signature without body makes two declarations of an overloaded function.
  if (/Function$|FunctionDeclaration$/.test(declaration.type)) return nameOf(declaration["id"]) === name;
  const [declarator, ...more] = declaration.type === "VariableDeclaration" ? nodesOf(declaration["declarations"]) : [];
  return declarator !== undefined && more.length === 0 && nameOf(declarator["id"]) === name && isFunction(declarator["init"]);
}

function isFunction(value: unknown): boolean {
  return isNode(value) && (value.type === "ArrowFunctionExpression" || value.type === "FunctionExpression");
}

/** Names that a statement brings into the file. */
function namesOf(statement: Node): string[] {
  if (isImport(statement)) return nodesOf(statement["specifiers"]).flatMap((specifier) => nameOf(specifier["local"]) ?? []);
  const declaration = statement.type === "ExportNamedDeclaration" ? statement["declaration"] : statement;
  if (!isNode(declaration)) return [];
  if (declaration.type === "VariableDeclaration") return nodesOf(declaration["declarations"]).flatMap(({ id }) => nameOf(id) ?? []);
  return [nameOf(declaration["id"]) ?? ""].filter((name) => name !== "");
}

function isImport({ type }: Node): boolean {
  return type === "ImportDeclaration";
}

function textOf(source: string, { start, end }: Node): string {
  return source.slice(start, end);
}

function nameOf(value: unknown): string | undefined {
  return isNode(value) && typeof value["name"] === "string" ? value["name"] : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value && "end" in value;
}

function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}
