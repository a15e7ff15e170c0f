/** The platform side of the check runner: isolates of the Worker Loader, digests, the clock. */
import type { Diagnostic } from "@factory/schemas";
import type { CompileResult } from "@factory/verification/compile";
import { compiler, digest as assetsDigest, kit, main } from "../.gen/assets.gen.js";
import { DeadlineError, type IsolateDeps, type Program } from "./check-runner.ts";
import { rawReport, type RawReport, type RunRequest } from "./harness/raw-report.ts";

/** Isolates are made for one date of the runtime, whatever the sandbox's own is. */
const ISOLATE_DATE = "2026-08-04";
/** Node's modules and globals are on by default at that date; code under test and the compiler do without. */
const ISOLATE_FLAGS = ["no_nodejs_compat", "no_nodejs_compat_v2"];
/** CPU time of the compiler for one call, in milliseconds; a check of a large tree takes a second or two. */
const COMPILER_CPU_MS = 30_000;
/** Largest CPU limit that the platform takes, in milliseconds. */
const MAX_CPU_MS = 300_000;

/** What the compiler's isolate answers. */
type CompilerRpc = {
  compile(files: { readonly [path: string]: string }): Promise<[path: string, result: CompileResult][]>;
  typecheck(files: { readonly [path: string]: string }): Promise<Diagnostic[]>;
};

/** Makes the dependencies of a check runner from the loader. */
export function isolatesOf(loader: WorkerLoader): IsolateDeps {
  const inUse = new Set<string>();
  const typescript = (): CompilerRpc => {
    const stub = loader.get(`compiler-${assetsDigest}`, () => ({
      compatibilityDate: ISOLATE_DATE,
      compatibilityFlags: ISOLATE_FLAGS,
      limits: { cpuMs: COMPILER_CPU_MS },
      mainModule: "compiler.js",
      modules: { "compiler.js": compiler },
      env: {},
      globalOutbound: null,
    }));
    // The entry class of `compiler-isolate.ts`, which is another bundle, so its type is not the stub's.
    return stub.getEntrypoint() as unknown as CompilerRpc;
  };
  return {
    compile: async (files) => plain(await typescript().compile(files)),
    typecheck: async (files) => plain(await typescript().typecheck(files)),
    run: (program, request, timeoutMs) => runIn(loader, inUse, program, request, timeoutMs),
    digest: digestOf,
    now: () => Date.now(),
    within,
  };
}

/** A copy without the disposer that RPC puts on results. */
function plain<T>(result: T[]): T[] {
  return [...result];
}

/**
 * Runs in the isolate that is named by the digest of its code and limits. Each run has a state of its own inside the isolate, but an
 * isolate has one run at a time, so a second one at once gets another isolate of the same code.
 */
async function runIn(loader: WorkerLoader, inUse: Set<string>, program: Program, request: RunRequest, timeoutMs: number): Promise<RawReport> {
  const code = isolateCode(program, timeoutMs);
  const base = await digestOf(JSON.stringify([code.modules, code.limits, code.compatibilityDate, code.compatibilityFlags]));
  for (let copy = 0; ; copy += 1) {
    const name = `run-${base}${copy === 0 ? "" : `-${copy}`}`;
    if (inUse.has(name)) continue;
    inUse.add(name);
    try {
      const response = await loader
        .get(name, () => code)
        .getEntrypoint()
        .fetch("http://isolate/run", { method: "POST", body: JSON.stringify(request) });
      const report = rawReport.parse(await response.json());
      if (!report.busy) return report;
    } finally {
      inUse.delete(name);
    }
  }
}

function isolateCode({ rows, codes }: Program, timeoutMs: number): WorkerLoaderWorkerCode {
  const modules: { [name: string]: string } = { "main.js": main, "vitest-kit.js": kit };
  for (const [index, text] of codes.entries()) modules[`module-${index}.js`] = text;
  const imports = codes.map((_, index) => `import m${index} from "./module-${index}.js";\n`);
  const table = rows.map((row, index) => `{ ...${JSON.stringify(row)}, make: m${index} },\n`);
  modules["job.js"] = `${imports.join("")}export default [\n${table.join("")}];\n`;
  return {
    compatibilityDate: ISOLATE_DATE,
    compatibilityFlags: ISOLATE_FLAGS,
    limits: { cpuMs: Math.min(timeoutMs, MAX_CPU_MS) },
    mainModule: "main.js",
    modules,
    env: {},
    globalOutbound: null,
  };
}

async function digestOf(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function within<T>(promise: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeadlineError(`Not finished after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
