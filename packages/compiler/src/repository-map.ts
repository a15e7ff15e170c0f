/**
 * The repository map: what each source file of a starting tree exports, declares and imports, read off by the same parser
 * the detectors use, so that atoms get their targets in Workers as in Node. What cannot be read is said to be unreadable.
 */
import { tsPlugin } from "@sveltejs/acorn-typescript";
import type { RepositoryFunction, RepositoryMap, RepositoryModule } from "@factory/schemas";
import { Parser } from "acorn";

const TypeScriptParser = Parser.extend(tsPlugin());

/** Longest source that is read, in UTF-16 units; the bound the compiler of checks has too. */
const MAX_SOURCE_CHARS = 512 * 1024;
/** Most characters of a signature that are kept. */
const MAX_SIGNATURE_CHARS = 2_000;

/** Whether a path is a module of code that the map covers. */
export function isModulePath(path: string): boolean {
  return /\.[mc]?[jt]sx?$/.test(path);
}

/** Maps the modules among the files of a starting tree; other files are left out. */
export function repositoryMapOf(files: Iterable<readonly [path: string, content: string]>): RepositoryMap {
  const modules = [...files].filter(([path]) => isModulePath(path)).map(([path, content]) => [path, readModule(content)] as const);
  return Object.fromEntries(modules.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** Reads one module. */
export function readModule(source: string): RepositoryModule {
  if (source.length > MAX_SOURCE_CHARS) return unreadable(`it is longer than ${MAX_SOURCE_CHARS} characters`, source);
  const program = parse(source);
  if (typeof program === "string") return unreadable(program, source);
  const statements = nodesOf(program["body"]);
  const exported = statements.flatMap(namesExported);
  const imports = importsIn(program);
  return {
    readable: true,
    exports: distinct(exported.map(({ as }) => as)),
    functions: functionsOf(statements, exported, source),
    types: distinct(typesIn(statements)),
    imports: distinct(imports.filter((specifier) => specifier !== undefined)),
    computesImports: imports.includes(undefined),
  };
}

/** Heads of declarations as most sources write them: at the start of a line, indented or not. */
const FUNCTION_HEAD = /^[ \t]*export[ \t]+(?:async[ \t]+)?(?:function|const|let|var)[ \t*]+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;
const TYPE_HEAD =
  /^[ \t]*(?:export[ \t]+)?(?:declare[ \t]+)?(?:abstract[ \t]+)?(?:const[ \t]+)?(?:interface|type|class|enum|namespace)[ \t]+([\p{ID_Start}$_][\p{ID_Continue}$]*)/gmu;

function unreadable(reason: string, source: string): RepositoryModule {
  const text = source.slice(0, MAX_SOURCE_CHARS);
  const heads = (pattern: RegExp): string[] => distinct([...text.matchAll(pattern)].map(([, name]) => name ?? ""));
  return { readable: false, reason: reason.toWellFormed(), functions: heads(FUNCTION_HEAD), types: heads(TYPE_HEAD) };
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** The program, or why there is none. */
function parse(source: string): Node | string {
  try {
    const program: unknown = TypeScriptParser.parse(source, { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true });
    return isNode(program) ? program : "it holds no program";
  } catch (err) {
    // Deep nesting overflows the parser's stack; anything else thrown here is its syntax error.
    if (err instanceof RangeError) return "it is nested too deeply";
    if (err instanceof SyntaxError) return err.message;
    throw err;
  }
}

/** A node as the parser made it: a bag of fields, some of them nodes or lists of nodes. */
type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [field: string]: unknown };

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value && "end" in value;
}

function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function nameOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  const name = value["name"] ?? value["value"];
  return typeof name === "string" ? name : undefined;
}

/** A name that a statement exports; `local` is what it is called inside, absent where it is another module's. */
type Exported = { readonly as: string; readonly local?: string };

function namesExported(statement: Node): Exported[] {
  switch (statement.type) {
    case "ExportDefaultDeclaration":
      return [{ as: "default" }];
    case "ExportAllDeclaration": {
      const as = nameOf(statement["exported"]);
      return as === undefined ? [] : [{ as }];
    }
    case "ExportNamedDeclaration": {
      const declared = isNode(statement["declaration"]) ? namesDeclared(statement["declaration"]) : [];
      const own = !isNode(statement["source"]);
      const listed = nodesOf(statement["specifiers"]).flatMap((specifier): Exported[] => {
        const [as, local] = [nameOf(specifier["exported"]), nameOf(specifier["local"])];
        if (as === undefined) return [];
        return [own && local !== undefined ? { as, local } : { as }];
      });
      return [...declared.map((name) => ({ as: name, local: name })), ...listed];
    }
    default:
      return [];
  }
}

function namesDeclared(declaration: Node): string[] {
  if (declaration.type === "VariableDeclaration") return nodesOf(declaration["declarations"]).flatMap(({ id }) => namesBound(id));
  const name = nameOf(declaration["id"]);
  return name === undefined ? [] : [name];
}

/** Names of a binding, patterns included. */
function namesBound(target: unknown): string[] {
  if (!isNode(target)) return [];
  switch (target.type) {
    case "Identifier":
      return [nameOf(target) ?? ""].filter((name) => name !== "");
    case "ObjectPattern":
      return nodesOf(target["properties"]).flatMap((property) => namesBound(property["value"] ?? property["argument"]));
    case "ArrayPattern":
      return nodesOf(target["elements"]).flatMap(namesBound);
    case "AssignmentPattern":
      return namesBound(target["left"]);
    case "RestElement":
      return namesBound(target["argument"]);
    default:
      return [];
  }
}

/** Functions that the module declares at its top level, by the names it exports them under. */
function functionsOf(statements: readonly Node[], exported: readonly Exported[], source: string): RepositoryFunction[] {
  const heads = statements.flatMap((statement) => functionHeads(statement, source));
  return heads
    .flatMap(({ name: local, ...head }) => exported.filter((one) => one.local === local && one.as !== "default").map(({ as }) => ({ name: as, ...head })))
    .sort((a, b) => a.line - b.line);
}

function functionHeads(statement: Node, source: string): RepositoryFunction[] {
  const declaration = statement.type === "ExportNamedDeclaration" ? statement["declaration"] : statement;
  if (!isNode(declaration)) return [];
  if (declaration.type === "FunctionDeclaration") {
    const head = headOf(nameOf(declaration["id"]), statement, declaration, source);
    return head === undefined ? [] : [head];
  }
  if (declaration.type !== "VariableDeclaration") return [];
  const declarators = nodesOf(declaration["declarations"]);
  return declarators.flatMap((declarator) => {
    // Of several declarators in one statement each has its own head.
    const from = declarators.length === 1 ? statement : declarator;
    const head = headOf(nameOf(declarator["id"]), from, unwrapped(declarator["init"]), source);
    return head === undefined ? [] : [head];
  });
}

const FUNCTIONS: ReadonlySet<string> = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

function headOf(name: string | undefined, from: Node, declared: Node | undefined, source: string): RepositoryFunction | undefined {
  if (name === undefined || declared === undefined || !FUNCTIONS.has(declared.type) || !isNode(declared["body"])) return undefined;
  const text = source.slice(from.start, declared["body"].start).trim().replace(/=>$/, "").replace(/\s+/g, " ").trim();
  return { name, signature: text.slice(0, MAX_SIGNATURE_CHARS).toWellFormed(), line: lineOf(from) };
}

/** An expression without what only changes its type. */
function unwrapped(value: unknown): Node | undefined {
  if (!isNode(value)) return undefined;
  return /^(?:TSAsExpression|TSSatisfiesExpression|TSNonNullExpression|TSTypeAssertion|ParenthesizedExpression)$/.test(value.type)
    ? unwrapped(value["expression"])
    : value;
}

const TYPES: ReadonlySet<string> = new Set([
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSEnumDeclaration",
  "TSModuleDeclaration",
  "TSImportEqualsDeclaration",
  "ClassDeclaration",
]);

/** Names that statements make types: declared, imported, or declared for every module. An import may be a type without saying so. */
function typesIn(statements: readonly Node[]): string[] {
  return statements.flatMap((statement) => {
    if (statement.type === "ImportDeclaration") return nodesOf(statement["specifiers"]).flatMap(({ local }) => nameOf(local) ?? []);
    const inner = statement.type.startsWith("Export") ? statement["declaration"] : statement;
    if (!isNode(inner) || !TYPES.has(inner.type)) return [];
    const name = nameOf(inner["id"]);
    if (name === "global" && isNode(inner["body"])) return typesIn(nodesOf(inner["body"]["body"]));
    return name ?? [];
  });
}

/** Specifiers of everything imported, anywhere in the module; undefined where one is computed. */
function importsIn(program: Node): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  // No recursion: a source may be nested as deeply as the parser allows.
  const waiting: unknown[] = [program];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (Array.isArray(value)) {
      for (const item of value) waiting.push(item);
      continue;
    }
    if (!isNode(value)) continue;
    if (isNode(value["source"]) && IMPORTING.has(value.type)) found.push(literalText(value["source"]));
    if (value.type === "TSImportType") found.push(literalText(value["argument"]));
    for (const field of Object.values(value)) if (typeof field === "object" && field !== null) waiting.push(field);
  }
  return found;
}

const IMPORTING: ReadonlySet<string> = new Set(["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration", "ImportExpression"]);

function literalText(value: unknown): string | undefined {
  if (!isNode(value)) return undefined;
  const inner = value.type === "TSLiteralType" ? value["literal"] : value;
  return isNode(inner) && inner.type === "Literal" && typeof inner["value"] === "string" ? inner["value"] : undefined;
}

function lineOf(node: Node): number {
  const { loc } = node as { loc?: { start?: { line?: number } } };
  return loc?.start?.line ?? 1;
}
