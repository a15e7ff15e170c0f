/** From a job's files to metered modules that an isolate can run: compile, resolve, link. */
export { MAX_CALL_DEPTH, type Meter } from "./call-depth.ts";
export { MAX_FILE_CHARS, compileModule, type CompileResult, type CompiledModule, type Transpile } from "./compile-module.ts";
export type { ModuleImport } from "./inspect-module.ts";
export { lineMapOf, sourceLine } from "./line-map.ts";
export { isTestPath, linkModules, type LinkResult, type LinkedModule } from "./link-modules.ts";
export { insertMeter, meterName } from "./meter.ts";
export { HARNESS_SPECIFIER, resolveImport, type Resolution } from "./resolve-import.ts";
