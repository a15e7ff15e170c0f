/**
 * The type check of a job's files, against the library of ECMAScript 2024 and what the sandbox's globals and its vitest
 * offer. Parsed libraries and unchanged files are kept from one check to the next.
 */
import type { Diagnostic } from "@factory/schemas";
import ts from "typescript";
import { LIB_ENTRY } from "./lib-entry.ts";

/** Declaration files by name, the library's entry under {@link LIB_ENTRY}. */
export type Libraries = { readonly [name: string]: string };

const LIB_ROOT = "/lib/";
const JOB_ROOT = "/job/";
/** Parsed user files kept, most recently used last. A parsed file of usual size holds about 100 KB. */
const KEPT_FILES = 64;

/** The options every check uses: `strict` as a newcomer's tsconfig has it, bundler resolution, no DOM. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2024,
  lib: [LIB_ENTRY],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  isolatedModules: false,
  noEmit: true,
  skipLibCheck: true,
  skipDefaultLibCheck: true,
  types: [],
};

/** Checks files, path to text. Diagnostics come file by file, in order of position. */
export type TypeChecker = { check(files: { readonly [path: string]: string }): Diagnostic[] };

/** Makes a checker that keeps what it parsed. `libraries` hold the library files and the ambient declarations. */
export function typeChecker(libraries: Libraries): TypeChecker {
  const parsedLibraries = new Map<string, ts.SourceFile>();
  const parsedFiles = new Map<string, ts.SourceFile>();
  let previous: ts.Program | undefined;

  const parseLibrary = (name: string): ts.SourceFile | undefined => {
    const text = libraries[name];
    if (text === undefined) return undefined;
    const parsed = parsedLibraries.get(name) ?? ts.createSourceFile(LIB_ROOT + name, text, ts.ScriptTarget.ES2024, false);
    parsedLibraries.set(name, parsed);
    return parsed;
  };
  const parseFile = (path: string, text: string): ts.SourceFile => {
    const kept = parsedFiles.get(path);
    const parsed = kept?.text === text ? kept : ts.createSourceFile(JOB_ROOT + path, text, ts.ScriptTarget.ES2024, true);
    parsedFiles.delete(path);
    parsedFiles.set(path, parsed);
    for (const oldest of parsedFiles.keys()) {
      if (parsedFiles.size <= KEPT_FILES) break;
      parsedFiles.delete(oldest);
    }
    return parsed;
  };

  return {
    check(files) {
      const roots = Object.keys(files).filter(isChecked);
      const host = hostOf(files, parseLibrary, parseFile);
      const ambient = Object.keys(libraries).filter((name) => !name.startsWith("lib."));
      const program = ts.createProgram({
        rootNames: [...ambient.map((name) => LIB_ROOT + name), ...roots.map((path) => JOB_ROOT + path)],
        options: OPTIONS,
        host,
        ...(previous === undefined ? {} : { oldProgram: previous }),
      });
      previous = program;
      const found = [
        ...program.getOptionsDiagnostics(),
        ...program.getGlobalDiagnostics(),
        ...roots.flatMap((path) => diagnosticsOf(program, JOB_ROOT + path)),
      ];
      return found.map(plain);
    },
  };
}

/** True for the files a check reports on: TypeScript that is not a declaration of its own. */
export function isChecked(path: string): boolean {
  return /\.(ts|tsx|mts)$/.test(path);
}

function diagnosticsOf(program: ts.Program, path: string): readonly ts.Diagnostic[] {
  const file = program.getSourceFile(path);
  if (file === undefined) throw new Error(`The program does not hold its root ${path}`);
  const syntactic = program.getSyntacticDiagnostics(file);
  return syntactic.length > 0 ? syntactic : program.getSemanticDiagnostics(file);
}

function hostOf(
  files: { readonly [path: string]: string },
  parseLibrary: (name: string) => ts.SourceFile | undefined,
  parseFile: (path: string, text: string) => ts.SourceFile,
): ts.CompilerHost {
  const own = (path: string): string | undefined =>
    path.startsWith(JOB_ROOT) && Object.hasOwn(files, path.slice(JOB_ROOT.length)) ? files[path.slice(JOB_ROOT.length)] : undefined;
  const directories = new Set<string>(["/", "/lib", "/job"]);
  for (const path of Object.keys(files)) {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) directories.add(JOB_ROOT + path.slice(0, end));
  }
  return {
    fileExists: (path) => own(path) !== undefined || (path.startsWith(LIB_ROOT) && parseLibrary(path.slice(LIB_ROOT.length)) !== undefined),
    readFile: own,
    getSourceFile(path) {
      if (path.startsWith(LIB_ROOT)) return parseLibrary(path.slice(LIB_ROOT.length));
      const text = own(path);
      return text === undefined ? undefined : parseFile(path.slice(JOB_ROOT.length), text);
    },
    directoryExists: (path) => directories.has(path.replace(/\/$/, "") || "/"),
    getDirectories: () => [],
    getDefaultLibFileName: () => LIB_ROOT + LIB_ENTRY,
    getDefaultLibLocation: () => LIB_ROOT.slice(0, -1),
    getCurrentDirectory: () => "/job",
    getCanonicalFileName: (path) => path,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    writeFile: () => {
      throw new Error("The type check writes nothing");
    },
  };
}

function plain({ file, start, code, messageText }: ts.Diagnostic): Diagnostic {
  const at = file?.getLineAndCharacterOfPosition(start ?? 0) ?? { line: 0, character: 0 };
  return {
    file: file?.fileName.replace(JOB_ROOT, "") ?? "",
    line: at.line + 1,
    column: at.character + 1,
    code,
    message: ts.flattenDiagnosticMessageText(messageText, "\n"),
  };
}
