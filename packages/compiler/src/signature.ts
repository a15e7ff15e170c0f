/** Function blocks: the signatures and type declarations of a fenced `ts` block, in every accepted form. */
import type { FunctionBlock, FunctionParam } from "@factory/schemas";
import { Findings } from "./faults.ts";
import { closing, splitTop, tokenize } from "./ts-tokens.ts";
import type { Token } from "./ts-tokens.ts";
import { BUILT_IN_TYPES, expand, namesIn, typeProblem, typeText } from "./ts-types.ts";
import type { DeclaredType } from "./ts-types.ts";

type ReadParam = { readonly name: string; readonly optional: boolean; readonly type: readonly Token[] };

/** A signature as it is written; its types may use declared names. */
export type ReadSignature = {
  readonly name: string;
  readonly typeParams: readonly Token[];
  readonly params: readonly ReadParam[];
  readonly returnType: readonly Token[];
  readonly line: number;
};

/** What one fence holds. */
export type Declarations = { readonly signatures: ReadSignature[]; readonly types: DeclaredType[] };

const STATEMENT_WORDS = new Set(["export", "declare", "function", "async", "const", "let", "var", "type", "interface", "import", "class", "enum", "return"]);
const FORM = "Write `function name(a: T): U` or `const name: (a: T) => U`.";

/** Raised inside one statement; becomes a fault at its line. */
type Problem = { readonly rule: "SIGNATURE_UNREADABLE" | "SIGNATURE_BODY" | "SIGNATURE_TYPE"; readonly line: number; readonly fix: string };
const problem = (rule: Problem["rule"], line: number, fix: string): { readonly problem: Problem } => ({ problem: { rule, line, fix } });

/**
 * Reads the text of a `ts` fence.
 *
 * @param firstLine - 1-based line in the order of the text's first line
 */
export function readDeclarations(text: string, firstLine: number, findings: Findings): Declarations {
  const found: Declarations = { signatures: [], types: [] };
  const { tokens, problem: unreadable } = tokenize(text);
  if (unreadable !== undefined) {
    findings.fault(firstLine + unreadable.line, "SIGNATURE_UNREADABLE", `${unreadable.reason}. ${FORM}`);
    return found;
  }
  if (tokens.length === 0) findings.fault(firstLine, "SIGNATURE_UNREADABLE", `The fence is empty. ${FORM}`);
  for (const statement of statementsOf(tokens)) {
    const read = readStatement(statement, firstLine);
    if ("problem" in read) findings.fault(firstLine + read.problem.line, read.problem.rule, read.problem.fix);
    else if ("signature" in read) found.signatures.push(read.signature);
    else found.types.push(read.type);
  }
  return found;
}

/** Statements end at a `;` outside brackets, or before a word that starts one at the start of a line. */
function statementsOf(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [];
  let current: Token[] = [];
  let depth = 0;
  const flush = (): void => {
    if (current.length > 0) statements.push(current);
    current = [];
  };
  for (const token of tokens) {
    if (depth <= 0 && token.first && STATEMENT_WORDS.has(token.text) && current.length > 0) flush();
    if (token.kind === "open") depth += 1;
    if (token.kind === "close") depth -= 1;
    if (depth <= 0 && token.text === ";") {
      depth = 0;
      flush();
    } else current.push(token);
  }
  flush();
  return statements;
}

type Statement = { readonly signature: ReadSignature } | { readonly type: DeclaredType } | { readonly problem: Problem };

function readStatement(tokens: readonly Token[], firstLine: number): Statement {
  let at = 0;
  while (["export", "declare", "async"].includes(tokens[at]?.text ?? "")) at += 1;
  const start = tokens[at];
  const line = tokens[0]?.line ?? 0;
  if (start === undefined || start.kind !== "word") return problem("SIGNATURE_UNREADABLE", line, `This is no signature. ${FORM}`);
  const rest = tokens.slice(at + 1);
  switch (start.text) {
    case "function":
      return readFunction(rest, line, firstLine);
    case "const":
      return readConst(rest, line, firstLine);
    case "type":
      return readTypeAlias(rest, line, firstLine);
    case "interface":
      return readInterface(rest, line, firstLine);
    case "default":
      return problem("SIGNATURE_UNREADABLE", line, "A default export has no name to call. Write `export function name(a: T): U`.");
    default:
      return problem(
        "SIGNATURE_UNREADABLE",
        line,
        `\`${start.text.slice(0, 40)}\` starts no signature. ${FORM} Other code goes into a fence with another language, such as \`text\`.`,
      );
  }
}

/** `name<T>(a: A): R`, after the word `function`. */
function readFunction(tokens: readonly Token[], line: number, firstLine: number): Statement {
  const name = nameOf(tokens[0]);
  if (name === undefined) return problem("SIGNATURE_UNREADABLE", line, `The function has no usable name. ${FORM}`);
  const head = readHead(tokens, 1);
  if (head === undefined) return problem("SIGNATURE_UNREADABLE", line, `The parameter list of \`${name}\` is not complete. ${FORM}`);
  const after = tokens.slice(head.next);
  if (after[0]?.text === "{")
    return problem("SIGNATURE_BODY", line, `\`${name}\` has a body and no result type. Leave the body out and state the type: \`function ${name}(...): U\`.`);
  if (after[0]?.text !== ":") return problem("SIGNATURE_TYPE", line, `\`${name}\` has no result type. Add \`: U\` after its parameter list.`);
  const returnType = after.slice(1);
  if (hasBody(returnType)) return problem("SIGNATURE_BODY", line, `\`${name}\` has a body. Leave it out: the factory writes it.`);
  return finish(name, head, returnType, line, firstLine);
}

/** `name: <T>(a: A) => R`, after the word `const`. */
function readConst(tokens: readonly Token[], line: number, firstLine: number): Statement {
  const name = nameOf(tokens[0]);
  if (name === undefined) return problem("SIGNATURE_UNREADABLE", line, `The constant has no usable name. ${FORM}`);
  if (tokens[1]?.text === "=" || splitTop(tokens, "=").length > 1)
    return problem("SIGNATURE_BODY", line, `\`${name}\` has a value. Leave it out and state the type: \`const ${name}: (a: T) => U\`.`);
  if (tokens[1]?.text !== ":") return problem("SIGNATURE_TYPE", line, `\`${name}\` has no type. Write \`const ${name}: (a: T) => U\`.`);
  const head = readHead(tokens, 2);
  if (head === undefined || tokens[head.next]?.text !== "=>")
    return problem("SIGNATURE_TYPE", line, `The type of \`${name}\` is no function type. Write \`const ${name}: (a: T) => U\`.`);
  return finish(name, head, tokens.slice(head.next + 1), line, firstLine);
}

type Head = { readonly typeParams: readonly Token[]; readonly list: readonly Token[]; readonly next: number };

/** Type parameters and parameter list that start at `at`. */
function readHead(tokens: readonly Token[], at: number): Head | undefined {
  let open = at;
  let typeParams: readonly Token[] = [];
  if (tokens[open]?.text === "<") {
    const end = closing(tokens, open);
    if (end < 0) return undefined;
    typeParams = tokens.slice(open, end + 1);
    open = end + 1;
  }
  if (tokens[open]?.text !== "(") return undefined;
  const end = closing(tokens, open);
  return end < 0 ? undefined : { typeParams, list: tokens.slice(open + 1, end), next: end + 1 };
}

function finish(name: string, head: Head, returnType: readonly Token[], line: number, firstLine: number): Statement {
  const wrong = typeProblem(returnType);
  if (wrong !== undefined) return problem("SIGNATURE_TYPE", line, `The result type of \`${name}\` cannot be read: ${wrong}. ${FORM}`);
  const params: ReadParam[] = [];
  const parts = splitTop(head.list, ",");
  // A trailing comma leaves one empty part behind; an empty list is one empty part.
  if (parts.at(-1)?.length === 0) parts.pop();
  for (const part of parts) {
    const param = readParam(part, name, line);
    if ("problem" in param) return param;
    if (params.some((known) => known.name === param.name))
      return problem("SIGNATURE_UNREADABLE", line, `\`${name}\` has two parameters \`${param.name}\`. Give each its own name.`);
    params.push(param);
  }
  const early = params.findIndex((param, index) => param.optional && params.slice(index + 1).some((later) => !later.optional));
  if (early >= 0)
    return problem(
      "SIGNATURE_UNREADABLE",
      line,
      `\`${name}\` has a required parameter after the optional \`${params[early]?.name ?? ""}\`. Put optional parameters last.`,
    );
  return { signature: { name, typeParams: head.typeParams, params, returnType, line: firstLine + line } };
}

function readParam(tokens: readonly Token[], functionName: string, line: number): ReadParam | { readonly problem: Problem } {
  const rest = tokens[0]?.text === "...";
  const [nameToken, ...after] = rest ? tokens.slice(1) : tokens;
  const at = nameToken?.line ?? line;
  const name = nameOf(nameToken);
  if (name === undefined)
    return problem(
      "SIGNATURE_UNREADABLE",
      at,
      `A parameter of \`${functionName}\` has no plain name. Write \`name: T\`; patterns such as \`{ a, b }\` are not supported.`,
    );
  if (after.some((token, index) => token.text === "=" && index <= 1) || splitTop(after, "=").length > 1) {
    return problem("SIGNATURE_BODY", at, `\`${name}\` of \`${functionName}\` has a default value. Write \`${name}?: T\` and state the default in a criterion.`);
  }
  const optional = after[0]?.text === "?";
  const typed = optional ? after.slice(1) : after;
  if (typed[0]?.text !== ":") return problem("SIGNATURE_TYPE", at, `\`${name}\` of \`${functionName}\` has no type. Write \`${name}: T\`.`);
  const type = typed.slice(1);
  const wrong = typeProblem(type);
  if (wrong !== undefined) return problem("SIGNATURE_TYPE", at, `The type of \`${name}\` of \`${functionName}\` cannot be read: ${wrong}.`);
  return { name: rest ? `...${name}` : name, optional: optional || rest, type };
}

function readTypeAlias(tokens: readonly Token[], line: number, firstLine: number): Statement {
  const name = nameOf(tokens[0]);
  if (name === undefined) return problem("SIGNATURE_UNREADABLE", line, "The type has no usable name. Write `type Name = ...`.");
  if (tokens[1]?.text === "<")
    return problem("SIGNATURE_UNREADABLE", line, `\`${name}\` has type parameters, which are not supported. Write the type out where it is used.`);
  if (tokens[1]?.text !== "=") return problem("SIGNATURE_UNREADABLE", line, `\`${name}\` says nothing. Write \`type ${name} = ...\`.`);
  const body = tokens.slice(2);
  const wrong = typeProblem(body);
  if (wrong !== undefined) return problem("SIGNATURE_TYPE", line, `The type \`${name}\` cannot be read: ${wrong}.`);
  return { type: { name, tokens: body, line: firstLine + line } };
}

function readInterface(tokens: readonly Token[], line: number, firstLine: number): Statement {
  const name = nameOf(tokens[0]);
  if (name === undefined) return problem("SIGNATURE_UNREADABLE", line, "The interface has no usable name. Write `interface Name { ... }`.");
  if (tokens[1]?.text !== "{" || closing(tokens, 1) !== tokens.length - 1) {
    return problem(
      "SIGNATURE_UNREADABLE",
      line,
      `\`${name}\` must be \`interface ${name} { ... }\`, without \`extends\` and type parameters. Write the members out.`,
    );
  }
  return { type: { name, tokens: tokens.slice(1), line: firstLine + line } };
}

/** True when a complete type is followed by a block. */
function hasBody(tokens: readonly Token[]): boolean {
  const open = tokens.findLastIndex((token, index) => token.text === "{" && closing(tokens, index) === tokens.length - 1);
  return open > 0 && typeProblem(tokens.slice(0, open)) === undefined;
}

/** Words that cannot name a function or a parameter of a module, which is always strict. */
const NOT_NAMES = new Set(
  (
    "break case catch class const continue debugger default delete do else enum export extends false finally for function if import in instanceof new null return super switch this throw true try typeof " +
    "var void while with yield let static implements interface package private protected public await arguments eval undefined"
  ).split(" "),
);

function nameOf(token: Token | undefined): string | undefined {
  return token?.kind === "word" && !NOT_NAMES.has(token.text) && token.text !== "__proto__" ? token.text : undefined;
}

/** One signature that stands alone, such as the head of a function in a starting tree; undefined where it cannot be read. */
export function readSignature(text: string): FunctionBlock | undefined {
  const findings = new Findings();
  const [block, ...more] = toFunctionBlocks(readDeclarations(text, 1, findings), findings);
  return more.length === 0 && findings.faults.length === 0 ? block : undefined;
}

/** Turns read signatures into function blocks whose types say everything by themselves; declared names are written out. */
export function toFunctionBlocks({ signatures, types }: Declarations, findings: Findings): FunctionBlock[] {
  const declared = new Map<string, DeclaredType>();
  for (const type of types) {
    const first = declared.get(type.name);
    if (first === undefined) declared.set(type.name, type);
    else findings.fault(type.line, "SIGNATURE_UNREADABLE", `The type \`${type.name}\` is declared in line ${first.line} already. Keep one of the two.`);
  }
  const told = new Set<string>();
  return signatures.flatMap((signature) => {
    const block = toFunctionBlock(signature, declared, findings, told);
    return block === undefined ? [] : [block];
  });
}

function toFunctionBlock(
  signature: ReadSignature,
  declared: ReadonlyMap<string, DeclaredType>,
  findings: Findings,
  told: Set<string>,
): FunctionBlock | undefined {
  const { name, line } = signature;
  const parameters = new Set(namesIn(signature.typeParams));
  const own = new Map([...declared].filter(([key]) => !parameters.has(key)));
  const texts: string[] = [];
  for (const tokens of [signature.typeParams, ...signature.params.map(({ type }) => type), signature.returnType]) {
    const expanded = expand(tokens, own);
    if ("recursive" in expanded) {
      findings.fault(
        own.get(expanded.recursive)?.line ?? line,
        "TYPE_RECURSIVE",
        `The type \`${expanded.recursive}\` contains itself or is too large. Use a type that can be written out.`,
      );
      return undefined;
    }
    for (const used of namesIn(expanded.tokens)) {
      if (BUILT_IN_TYPES.has(used) || parameters.has(used) || told.has(used)) continue;
      told.add(used);
      findings.warn(line, "TYPE_UNKNOWN", `\`${used}\` is not declared. Add \`type ${used} = ...\` to a \`ts\` fence.`);
    }
    texts.push(typeText(expanded.tokens));
  }
  const params: FunctionParam[] = signature.params.map((param, index) => ({ name: param.name, type: texts[index + 1] ?? "", optional: param.optional }));
  const returnType = texts.at(-1) ?? "";
  const list = params.map((param) => `${param.name}${param.optional && !param.name.startsWith("...") ? "?" : ""}: ${param.type}`).join(", ");
  return { name, signature: `export function ${name}${texts[0] ?? ""}(${list}): ${returnType}`, params, returnType, line };
}
