/**
 * TypeScript source to an ESTree program without its types, in a Worker and without the compiler: `acorn` with a
 * TypeScript plugin parses, and what exists only for the type checker is taken out, so that what remains is what runs.
 *
 * Detectors stop at what they cannot read: source that does not parse, or syntax with a run-time meaning that this file
 * does not know, is a violation and never a pass.
 *
 * @see https://github.com/estree/estree
 */
import { tsPlugin } from "@sveltejs/acorn-typescript";
import { Parser } from "acorn";
import type * as acorn from "acorn";

/** A module as it runs, or why it could not be read. `line` is 1-based. */
export type ParsedSource = { readonly ok: true; readonly program: acorn.Program } | { readonly ok: false; readonly line: number; readonly reason: string };

const TypeScriptParser = Parser.extend(tsPlugin());

/** Longest source that is read, in UTF-16 units: the bound the compiler has too. */
const MAX_SOURCE_CHARS = 512 * 1024;

/** How a module is read. */
export type ParseOptions = {
  /** Keeps `import type` and `export type ... from`: they run nothing, but the type checker follows them. */
  readonly keepTypeImports?: boolean;
};

/** Programs that are kept: those of the modules several detectors look at one after the other. */
const MAX_KNOWN_PROGRAMS = 32;
/** Larger modules are parsed anew: a program takes many times the room of its text. */
const MAX_KNOWN_CHARS = 32 * 1024;

/** Not persisted: programs by their text, oldest first. No reader changes one. */
const knownPrograms = new Map<string, ParsedSource>();

/** Parses one TypeScript or JavaScript module. */
export function parseSource(source: string, { keepTypeImports = false }: ParseOptions = {}): ParsedSource {
  if (keepTypeImports || source.length > MAX_KNOWN_CHARS) return parse(source, keepTypeImports);
  const known = knownPrograms.get(source) ?? parse(source, keepTypeImports);
  knownPrograms.set(source, known);
  for (const oldest of knownPrograms.keys()) {
    if (knownPrograms.size <= MAX_KNOWN_PROGRAMS) break;
    knownPrograms.delete(oldest);
  }
  return known;
}

function parse(source: string, keepTypeImports: boolean): ParsedSource {
  if (source.length > MAX_SOURCE_CHARS) return { ok: false, line: 1, reason: `it is longer than ${MAX_SOURCE_CHARS} characters` };
  try {
    const program = TypeScriptParser.parse(source, { ecmaVersion: "latest", sourceType: "module", locations: true, allowHashBang: true });
    const erased = eraseTypes(program, keepTypeImports);
    return isProgram(erased) ? { ok: true, program: erased } : { ok: false, line: 1, reason: "it holds no program" };
  } catch (err) {
    if (err instanceof UnreadableSyntax) return { ok: false, line: err.line, reason: err.message };
    // Deep nesting overflows the parser's stack; anything else thrown here is its syntax error.
    if (err instanceof RangeError) return { ok: false, line: 1, reason: "it is nested too deeply" };
    if (err instanceof SyntaxError) return { ok: false, line: lineOfSyntaxError(err), reason: err.message };
    throw err;
  }
}

/** A node as the parser made it: a bag of fields, some of them nodes or lists of nodes. */
type RawNode = { type: string; [field: string]: unknown };

class UnreadableSyntax extends Error {
  readonly line: number;

  constructor(node: RawNode, what: string) {
    super(`${what} cannot be checked`);
    this.line = lineOf(node);
  }
}

/** Fields that hold types only. */
const TYPE_FIELDS: ReadonlySet<string> = new Set([
  "typeAnnotation",
  "returnType",
  "typeParameters",
  "typeArguments",
  "superTypeParameters",
  "superTypeArguments",
  "implements",
  "accessibility",
  "definite",
  "optionalParameter",
]);

/** Statements and members that leave nothing behind. */
const TYPE_ONLY: ReadonlySet<string> = new Set([
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSDeclareFunction",
  "TSDeclareMethod",
  "TSIndexSignature",
  "TSAbstractMethodDefinition",
  "TSAbstractPropertyDefinition",
  "TSAbstractClassProperty",
  "TSNamespaceExportDeclaration",
]);

/** Expressions around another expression that change its type only. */
const WRAPPERS: ReadonlySet<string> = new Set([
  "TSAsExpression",
  "TSSatisfiesExpression",
  "TSNonNullExpression",
  "TSTypeAssertion",
  "TSInstantiationExpression",
  "ParenthesizedExpression",
]);

function eraseTypes(value: unknown, keepTypeImports: boolean): unknown {
  const erase = (item: unknown): unknown => eraseTypes(item, keepTypeImports);
  if (Array.isArray(value)) return value.map(erase).filter((item) => item !== ERASED);
  if (!isNode(value)) return value;
  const node = value;
  if (isTypeOnly(node) && !(keepTypeImports && isNode(node["source"]))) return ERASED;
  if (WRAPPERS.has(node.type)) return erase(node["expression"]);
  if (node.type === "TSParameterProperty") return erase(node["parameter"]);
  if (node.type === "TSExportAssignment") return erase({ ...node, type: "ExpressionStatement" });
  if (node.type === "TSEnumDeclaration") return enumAsConst(node, erase);
  if (node.type.startsWith("TS")) throw new UnreadableSyntax(node, node.type.slice(2));
  const kept: RawNode = { type: node.type };
  for (const [field, item] of Object.entries(node)) {
    if (TYPE_FIELDS.has(field)) continue;
    const clean = erase(item);
    kept[field] = clean === ERASED ? null : clean;
  }
  if (node.type.includes("Function")) kept["params"] = withoutThis(kept["params"]);
  return kept;
}

/** What an erased node becomes until its list or field drops it. */
const ERASED = Symbol("erased");

function isTypeOnly(node: RawNode): boolean {
  if (TYPE_ONLY.has(node.type)) return true;
  if (node["declare"] === true) return true;
  if (node["importKind"] === "type" || node["exportKind"] === "type") return true;
  // Overload signatures and abstract members have no body.
  if (node["abstract"] === true && node.type !== "ClassDeclaration" && node.type !== "ClassExpression") return true;
  return (node.type === "ExportNamedDeclaration" || node.type === "ExportDefaultDeclaration") && isNode(node["declaration"]) && isTypeOnly(node["declaration"]);
}

/** `enum E { A = f() }` evaluates its initialisers: kept as the declaration of a constant that lists them. */
function enumAsConst(node: RawNode, erase: (item: unknown) => unknown): RawNode {
  const members = Array.isArray(node["members"]) ? node["members"].filter(isNode) : [];
  const elements = members.map((member) => member["initializer"]).filter(isNode);
  const init: RawNode = { ...place(node), type: "ArrayExpression", elements: elements.map(erase) };
  const declarator: RawNode = { ...place(node), type: "VariableDeclarator", id: node["id"], init };
  return { ...place(node), type: "VariableDeclaration", kind: "const", declarations: [declarator] };
}

/** A `this` parameter is a type. */
function withoutThis(params: unknown): unknown {
  return Array.isArray(params) ? params.filter((param) => !(isNode(param) && param.type === "Identifier" && param["name"] === "this")) : params;
}

function place(node: RawNode): { start: unknown; end: unknown; loc: unknown } {
  return { start: node["start"], end: node["end"], loc: node["loc"] };
}

function isNode(value: unknown): value is RawNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function isProgram(value: unknown): value is acorn.Program {
  return isNode(value) && value.type === "Program";
}

function lineOf(node: RawNode): number {
  const { loc } = node as { loc?: { start?: { line?: number } } };
  return loc?.start?.line ?? 1;
}

function lineOfSyntaxError(err: SyntaxError): number {
  const { loc } = err as { loc?: { line?: unknown } };
  return typeof loc?.line === "number" && loc.line > 0 ? loc.line : 1;
}
