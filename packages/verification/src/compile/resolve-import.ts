/** Where an import leads: the resolution of bundlers over the files of one job, and nothing outside them. */

/** What a specifier stands for. `reason` completes the sentence "`specifier` ...". */
export type Resolution =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "harness" }
  | { readonly kind: "forbidden"; readonly reason: string }
  | { readonly kind: "absent"; readonly reason: string };

/** The one package that code under test may import. */
export const HARNESS_SPECIFIER = "vitest";

/** Extensions in the order they are tried for a specifier without one. */
const EXTENSIONS = [".ts", ".tsx", ".mts", ".js", ".mjs", ".jsx", ".json"] as const;

/** TypeScript lets an import name the file that a compile would make; the source beside it is meant. */
const SOURCE_OF_OUTPUT: readonly (readonly [output: string, sources: readonly string[]])[] = [
  [".js", [".ts", ".tsx"]],
  [".jsx", [".tsx"]],
  [".mjs", [".mts"]],
];

/** Modules of Node and of the runtime that some code names without a scheme. */
const NODE_BUILTINS: ReadonlySet<string> = new Set(
  (
    "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https " +
    "inspector module net os path perf_hooks process punycode querystring readline repl sqlite stream string_decoder sys timers tls trace_events " +
    "tty url util v8 vm wasi worker_threads zlib"
  ).split(" "),
);

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

/**
 * Resolves one import.
 *
 * @param importer path of the importing file inside the job.
 * @param exists whether the job has a file of that path.
 */
export function resolveImport(importer: string, specifier: string, exists: (path: string) => boolean): Resolution {
  if (specifier === HARNESS_SPECIFIER) return { kind: "harness" };
  if (SCHEME.test(specifier)) return { kind: "forbidden", reason: "is outside the workspace; only relative imports and vitest are allowed" };
  if (specifier.startsWith("/")) return { kind: "forbidden", reason: "is an absolute path; imports are relative to the importing file" };
  if (!isRelative(specifier)) return resolveBare(specifier);
  const base = joinPath(importer, specifier);
  if (base === undefined) return { kind: "forbidden", reason: "leads out of the workspace" };
  for (const path of candidates(base, specifier)) if (exists(path)) return { kind: "file", path };
  return { kind: "absent", reason: "does not exist in the workspace" };
}

function isRelative(specifier: string): boolean {
  return specifier === "." || specifier === ".." || specifier.startsWith("./") || specifier.startsWith("../");
}

function resolveBare(specifier: string): Resolution {
  const head = specifier.split("/")[0] ?? specifier;
  if (NODE_BUILTINS.has(head)) return { kind: "forbidden", reason: "is a module of Node; code under test has no access to the system" };
  return { kind: "absent", reason: "is a package, and no packages are installed" };
}

/** The path a relative specifier names, or `undefined` where it climbs above the workspace. The root is `""`. */
function joinPath(importer: string, specifier: string): string | undefined {
  const segments = importer.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") segments.push(part);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.join("/");
}

function* candidates(base: string, specifier: string): Generator<string> {
  const namesDirectory = specifier.endsWith("/") || /(^|\/)\.{1,2}$/.test(specifier);
  if (base !== "" && !namesDirectory) {
    yield base;
    for (const [output, sources] of SOURCE_OF_OUTPUT) {
      if (!base.endsWith(output)) continue;
      for (const source of sources) yield base.slice(0, -output.length) + source;
    }
    for (const extension of EXTENSIONS) yield base + extension;
  }
  const directory = base === "" ? "" : `${base}/`;
  for (const extension of EXTENSIONS) yield `${directory}index${extension}`;
}
