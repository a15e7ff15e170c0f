/** Which files a file needs, and whether it may have them. */
import type { CheckFault } from "@factory/schemas";
import type { CompileResult, CompiledModule } from "./compile-module.ts";
import { resolveImport } from "./resolve-import.ts";

/** A module with its imports resolved: specifier to path in the job, or to the harness. */
export type LinkedModule = {
  readonly module: CompiledModule;
  readonly targets: { readonly [specifier: string]: { readonly kind: "file"; readonly path: string } | { readonly kind: "harness" } };
};

export type LinkResult = { readonly ok: true; readonly modules: readonly LinkedModule[] } | { readonly ok: false; readonly fault: CheckFault };

/** True for files that hold tests or what tests share: only they may import the harness. */
export function isTestPath(path: string): boolean {
  return path.startsWith("tests/") || path.includes("/tests/") || /\.(test|spec)\.[a-z]+$/.test(path);
}

/**
 * Everything reachable from `entry`, in the order it was found, or the first fault: IMPORT for what is absent, FORBIDDEN for what
 * is outside, the compile's fault for a file that does not compile.
 *
 * Code under test cannot reach the harness: a file that is not a test imports neither vitest nor a test file, so it holds no
 * reference to `expect` or to a test's task through which it could change a result.
 */
export function linkModules(entry: string, compiled: ReadonlyMap<string, CompileResult>): LinkResult {
  const modules: LinkedModule[] = [];
  const seen = new Set([entry]);
  const waiting = [entry];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const result = compiled.get(path);
    if (result === undefined) return fault("IMPORT", `${path} does not exist in the workspace`, path);
    if (!result.ok) return result;
    const linked = linkOne(result.module, compiled);
    if ("code" in linked) return { ok: false, fault: linked };
    modules.push(linked);
    for (const target of Object.values(linked.targets)) {
      if (target.kind !== "file" || seen.has(target.path)) continue;
      seen.add(target.path);
      waiting.push(target.path);
    }
  }
  return { ok: true, modules };
}

function linkOne(module: CompiledModule, compiled: ReadonlyMap<string, CompileResult>): LinkedModule | CheckFault {
  const targets: { [specifier: string]: LinkedModule["targets"][string] } = {};
  for (const { specifier, line } of module.imports) {
    const refused = (code: CheckFault["code"], reason: string): CheckFault => ({
      code,
      message: `${module.path}:${line} imports ${JSON.stringify(specifier)}, which ${reason}`,
      file: module.path,
      line,
    });
    const resolution = resolveImport(module.path, specifier, (path) => compiled.has(path));
    switch (resolution.kind) {
      case "absent":
        return refused("IMPORT", resolution.reason);
      case "forbidden":
        return refused("FORBIDDEN", resolution.reason);
      case "harness":
        if (!isTestPath(module.path)) return refused("FORBIDDEN", "only test files may import");
        targets[specifier] = resolution;
        break;
      case "file":
        if (isTestPath(resolution.path) && !isTestPath(module.path)) return refused("FORBIDDEN", "is a test; code under test does not import tests");
        targets[specifier] = resolution;
        break;
      default: {
        const unknown: never = resolution;
        throw new Error(`Unknown resolution ${JSON.stringify(unknown)}`);
      }
    }
  }
  return { module, targets };
}

function fault(code: CheckFault["code"], message: string, file: string): LinkResult {
  return { ok: false, fault: { code, message, file } };
}
