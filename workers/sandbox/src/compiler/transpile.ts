/** The step from TypeScript to CommonJS, with the compiler's own transpiler: types are dropped, not checked. */
import type { Transpile } from "@factory/verification/compile";
import ts from "typescript";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.CommonJS,
  // Every file is a module, so that the compiled code is strict even where nothing is imported.
  moduleDetection: ts.ModuleDetectionKind.Force,
  isolatedModules: true,
  allowJs: true,
  jsx: ts.JsxEmit.ReactJSX,
  sourceMap: true,
  removeComments: false,
};

/** Compiles one file; `errors` are the syntactic ones, in the order of the source. */
export const transpile: Transpile = (path, source) => {
  const output = ts.transpileModule(source, { compilerOptions: OPTIONS, fileName: path, reportDiagnostics: true });
  const { mappings } = JSON.parse(output.sourceMapText ?? '{"mappings":""}') as { mappings: string };
  const errors = (output.diagnostics ?? []).map(({ file, start, messageText }) => ({
    line: (file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0) + 1,
    message: ts.flattenDiagnosticMessageText(messageText, "\n"),
  }));
  return { code: output.outputText.replace(/^\/\/# sourceMappingURL=.*$/m, ""), mappings, errors };
};
