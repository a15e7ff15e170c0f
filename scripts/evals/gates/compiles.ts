/** Whether a mutant is a program at all: what the type checker refuses is no code that anyone could deliver. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "@factory/schemas";
import ts from "typescript";

/** As the sandbox checks: strict, bundler resolution, no DOM. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2024,
  lib: ["lib.es2024.d.ts"],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  noEmit: true,
  skipLibCheck: true,
  types: [],
};
const ROOT = "/workspace/";
/** Not persisted: parsed files, shared by all checkers; the libraries are the same for each of them. */
const PARSED = ts.createDocumentRegistry();
const LIBRARIES = dirname(fileURLToPath(import.meta.resolve("typescript")));

/** Tells whether a file with another text still compiles in its tree. */
export class CompileCheck {
  readonly #texts = new Map<string, string>();
  /** Version by file: the digest of its text, since the registry knows a file of another tree by the same path. */
  readonly #versions = new Map<string, string>();
  readonly #service: ts.LanguageService;

  /** @param files - TypeScript sources by path; only these are seen */
  constructor(files: ReadonlyMap<string, string>) {
    for (const [path, text] of files) this.#write(path, text);
    this.#service = ts.createLanguageService(this.#host(), PARSED);
  }

  /** First complaint about a file of the tree; undefined when there is none. */
  problemIn(path: string): string | undefined {
    const file = ROOT + path;
    const [first] = [...this.#service.getSyntacticDiagnostics(file), ...this.#service.getSemanticDiagnostics(file)];
    return first === undefined ? undefined : ts.flattenDiagnosticMessageText(first.messageText, " ");
  }

  /** Whether the tree compiles when one file has this text. The tree itself stays as it is. */
  accepts(path: string, source: string): boolean {
    const before = this.#texts.get(ROOT + path);
    this.#write(path, source);
    try {
      return this.problemIn(path) === undefined;
    } finally {
      this.#write(path, before ?? "");
    }
  }

  /** Gives up what the checker holds of the tree. */
  [Symbol.dispose](): void {
    this.#service.dispose();
  }

  #write(path: string, text: string): void {
    const file = ROOT + path;
    this.#texts.set(file, text);
    this.#versions.set(file, sha256Hex(text));
  }

  #host(): ts.LanguageServiceHost {
    const read = (file: string): string | undefined => this.#texts.get(file) ?? (file.startsWith(LIBRARIES) ? ts.sys.readFile(file) : undefined);
    return {
      getCompilationSettings: () => OPTIONS,
      getScriptFileNames: () => [...this.#texts.keys()].filter((file) => /\.[mc]?tsx?$/.test(file)),
      getScriptVersion: (file) => this.#versions.get(file) ?? "library",
      getScriptSnapshot: (file) => {
        const text = read(file);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => ROOT,
      getDefaultLibFileName: () => join(LIBRARIES, "lib.es2024.d.ts"),
      fileExists: (file) => read(file) !== undefined,
      readFile: read,
    };
  }
}
