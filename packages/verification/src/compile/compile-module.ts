/**
 * One file of a job to one module of an isolate: TypeScript to the body of a function that a loader calls with
 * `exports`, `require` and `module`, metered, with its imports listed. A function body, because a module's state is then
 * as new at each run as the run, in an isolate that is used again.
 */
import type { CheckFault } from "@factory/schemas";
import { parse, type Options, type Program } from "acorn";
import { inspectModule, type ForbiddenConstruct, type ModuleImport } from "./inspect-module.ts";
import { lineMapOf, sourceLine } from "./line-map.ts";
import { insertMeter, meterName } from "./meter.ts";

/** TypeScript (or JavaScript) to CommonJS: what `ts.transpileModule` answers, without its classes. */
export type Transpile = (
  path: string,
  source: string,
) => { readonly code: string; readonly mappings: string; readonly errors: readonly { readonly line: number; readonly message: string }[] };

/** A file that compiled. */
export type CompiledModule = {
  readonly path: string;
  /** Text of an ES module whose default export takes a `Meter` and gives the module's function. */
  readonly code: string;
  readonly imports: readonly ModuleImport[];
  /** True where the module awaits at its top level. */
  readonly async: boolean;
  /** Source line of each line of `code`. */
  readonly lineMap: readonly number[];
};

export type CompileResult = { readonly ok: true; readonly module: CompiledModule } | { readonly ok: false; readonly fault: CheckFault };

/** Files above this many code units are refused: they are not written by hand, and parsing them holds up other jobs. */
export const MAX_FILE_CHARS = 512 * 1024;

/**
 * Compiles one file. Faults: SYNTAX with the first error's line, FORBIDDEN with the construct's line. Where an import leads
 * is decided later, by {@link linkModules}, since it depends on the other files.
 */
export function compileModule(path: string, source: string, transpile: Transpile): CompileResult {
  if (source.length > MAX_FILE_CHARS) return refuse("SYNTAX", path, 1, `is longer than ${MAX_FILE_CHARS} characters`);
  if (path.endsWith(".json")) return compileJson(path, source);
  const transpiled = transpile(path, source);
  const [error] = transpiled.errors;
  if (error !== undefined) return refuse("SYNTAX", path, error.line, error.message);
  const lineMap = lineMapOf(transpiled.mappings);
  const parsed = parseCode(transpiled.code);
  if ("message" in parsed) return refuse("SYNTAX", path, sourceLine(lineMap, parsed.line), parsed.message);
  const facts = inspectModule(parsed.program);
  const [forbidden] = facts.forbidden;
  if (forbidden !== undefined) return refuse("FORBIDDEN", path, sourceLine(lineMap, forbidden.line), FORBIDDEN_REASON[forbidden.construct]);
  const meter = meterName(parsed.program);
  const body = insertMeter(transpiled.code, parsed.program, meter);
  return {
    ok: true,
    module: {
      path,
      code: `export default (${meter}) => ${facts.async ? "async " : ""}(exports, require, module) => {${body}\n};\n`,
      imports: facts.imports.map((found) => ({ ...found, line: sourceLine(lineMap, found.line) })),
      async: facts.async,
      lineMap,
    },
  };
}

/** What is said of each construct that has no place in code under test. */
const FORBIDDEN_REASON: { readonly [construct in ForbiddenConstruct]: string } = {
  eval: "uses eval; code is not made from strings here",
  "Function constructor": "calls the Function constructor; code is not made from strings here",
  "import.meta": "uses import.meta, which code under test does not have",
  "computed import": "imports a computed name; an import names its file literally",
};

function compileJson(path: string, source: string): CompileResult {
  try {
    JSON.parse(source);
  } catch (err) {
    return refuse("SYNTAX", path, 1, err instanceof Error ? err.message : String(err));
  }
  const code = `export default () => (exports, require, module) => { module.exports = JSON.parse(${JSON.stringify(source)}); };\n`;
  return { ok: true, module: { path, code, imports: [], async: false, lineMap: [1] } };
}

/** As a module, which is how the isolate reads the code: a parser that saw other comments than the runtime would leave code unmetered. */
const PARSE_OPTIONS: Options = { ecmaVersion: "latest", sourceType: "module", preserveParens: true, locations: true };

function parseCode(code: string): { program: Program } | { message: string; line: number } {
  try {
    return { program: parse(code, PARSE_OPTIONS) };
  } catch (err) {
    if (err instanceof RangeError) return { message: "is nested too deeply", line: 1 };
    // acorn's errors carry where they are and end their text with it.
    if (err instanceof SyntaxError && "loc" in err) {
      const { line } = err.loc as { line: number };
      return { message: err.message.replace(/ \(\d+:\d+\)$/, ""), line };
    }
    throw err;
  }
}

function refuse(code: "SYNTAX" | "FORBIDDEN", file: string, line: number, reason: string): CompileResult {
  return { ok: false, fault: { code, message: `${file}:${line} ${reason}`, file, line } };
}
