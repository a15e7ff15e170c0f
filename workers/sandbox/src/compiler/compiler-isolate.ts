/** The entry of the compiler's isolate: the only place that holds the TypeScript compiler. */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Diagnostic } from "@factory/schemas";
import { compileModule, type CompileResult } from "@factory/verification/compile";
import libraries from "factory:libraries";
import { transpile } from "./transpile.ts";
import { typeChecker } from "./type-check.ts";

const checker = typeChecker(libraries);

/** What the sandbox calls. Both methods take files as path to text. */
export default class Compiler extends WorkerEntrypoint {
  /** Compiles each file by itself. */
  compile(files: { readonly [path: string]: string }): [path: string, result: CompileResult][] {
    return Object.entries(files).map(([path, source]) => [path, compileModule(path, source, transpile)]);
  }

  /** Type-checks the files together. */
  typecheck(files: { readonly [path: string]: string }): Diagnostic[] {
    return checker.check(files);
  }
}
