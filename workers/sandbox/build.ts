/**
 * Builds what the sandbox puts into its isolates: the compiler with its libraries, the harness, and vitest as one function.
 * The bundles go to `.gen/`, which is not committed, under a digest of everything they are made from.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Plugin } from "esbuild";
import { LIB_ENTRY } from "./src/compiler/lib-entry.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const REPOSITORY = join(HERE, "..", "..");
const OUTPUT = join(HERE, ".gen");
const require = createRequire(import.meta.url);

/** Folders and files whose content decides the bundles. */
const INPUTS = [
  join(HERE, "build.ts"),
  join(HERE, "src", "compiler"),
  join(HERE, "src", "harness"),
  join(REPOSITORY, "packages", "verification", "src", "compile"),
  join(REPOSITORY, "packages", "schemas", "src", "checks.ts"),
  join(REPOSITORY, "pnpm-lock.yaml"),
];

/** Builds the bundles unless those of the same inputs are there. @throws Error when a bundle does not build. */
export async function buildSandboxAssets(): Promise<void> {
  const digest = inputDigest();
  const stamp = join(OUTPUT, "digest");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  const [compiler, main, kit] = await Promise.all([compilerBundle(), harnessBundle(), kitBundle()]);
  const partial = `${OUTPUT}.partial-${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const assets = { compiler, main, kit };
  const lines = Object.entries(assets).map(([name, text]) => `export const ${name} = ${JSON.stringify(text)};\n`);
  writeFileSync(join(partial, "assets.gen.js"), `${lines.join("")}export const digest = ${JSON.stringify(digest)};\n`);
  writeFileSync(join(partial, "compiler-isolate.js"), compiler);
  writeFileSync(join(partial, "digest"), digest);
  rmSync(OUTPUT, { recursive: true, force: true });
  renameSync(partial, OUTPUT);
}

function inputDigest(): string {
  const hash = createHash("sha256");
  const add = (path: string): void => {
    if (path.endsWith(".test.ts")) return;
    hash
      .update(`${path.slice(REPOSITORY.length)}\0`)
      .update(readFileSync(path))
      .update("\0");
  };
  for (const input of INPUTS) {
    const listed = input.endsWith(".ts") || input.endsWith(".yaml") ? undefined : readdirSync(input, { recursive: true, withFileTypes: true });
    if (listed === undefined) add(input);
    else
      for (const path of listed
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .sort())
        add(path);
  }
  return hash.digest("hex");
}

const COMMON: BuildOptions = {
  bundle: true,
  write: false,
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["import"],
  target: "es2024",
  logLevel: "error",
  legalComments: "none",
};

async function textOf(options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({ ...COMMON, ...options, write: false });
  const [file] = outputFiles;
  if (file === undefined) throw new Error("esbuild answered no file");
  return file.text;
}

function compilerBundle(): Promise<string> {
  return textOf({
    entryPoints: [join(HERE, "src", "compiler", "compiler-isolate.ts")],
    format: "esm",
    minify: true,
    // The compiler asks for Node's modules only where it finds itself on Node.
    external: ["cloudflare:*", "fs", "path", "os", "crypto", "inspector", "perf_hooks", "source-map-support", "module", "url", "util"],
    plugins: [virtualModule("factory:libraries", () => `export default ${JSON.stringify(libraries())};`)],
  });
}

/** The library's files that the strict checks reach, and the ambient declarations of the sandbox. */
function libraries(): { [name: string]: string } {
  const folder = dirname(realpathSync(require.resolve("typescript")));
  const found: { [name: string]: string } = {};
  const add = (name: string): void => {
    if (found[name] !== undefined) return;
    const text = readFileSync(join(folder, name), "utf8");
    found[name] = text;
    for (const [, library] of text.matchAll(/\/\/\/ <reference lib="([^"]+)" \/>/g)) add(`lib.${library}.d.ts`);
  };
  add(LIB_ENTRY);
  const ambient = join(HERE, "src", "compiler", "ambient");
  for (const name of readdirSync(ambient).sort()) found[name] = readFileSync(join(ambient, name), "utf8");
  return found;
}

function harnessBundle(): Promise<string> {
  return textOf({
    entryPoints: [join(HERE, "src", "harness", "isolate-main.ts")],
    format: "esm",
    plugins: [neighbour("factory:vitest-kit", "./vitest-kit.js"), neighbour("factory:job", "./job.js")],
  });
}

/** vitest as a function of its globals: called once a run, it shares nothing with the run before. */
async function kitBundle(): Promise<string> {
  const text = await textOf({
    entryPoints: [join(HERE, "src", "harness", "vitest-kit.ts")],
    format: "iife",
    globalName: "kit",
    // A module is strict already, and the directive is not allowed everywhere.
    tsconfigRaw: { compilerOptions: { alwaysStrict: false } },
    minify: true,
    plugins: [onlyOwnMatchers, unnamedChai],
  });
  // The parentheses let V8 compile the function at once instead of parsing it twice.
  return `export default (function (globals) {\nconst { globalThis, AbortController, Event, EventTarget, setTimeout, clearTimeout, queueMicrotask, performance } = globals;\n${text}\nreturn kit;\n});\n`;
}

const ANY_OBJECT_MATCHES = `return !!obj && typeof obj === "object" && "asymmetricMatch" in obj && isA("Function", obj.asymmetricMatch);`;

/**
 * In vitest any object with an `asymmetricMatch` method decides itself whether it equals another, so a function under test could
 * return one that equals everything. In this bundle only matchers that `expect` made do.
 */
const onlyOwnMatchers: Plugin = {
  name: "only-own-matchers",
  setup({ onLoad }) {
    onLoad({ filter: /@vitest[\\/]expect[\\/]dist[\\/]index\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (text.split(ANY_OBJECT_MATCHES).length !== 2) throw new Error("@vitest/expect has another isAsymmetric than the one this build knows");
      return { contents: text.replace(ANY_OBJECT_MATCHES, "return obj instanceof AsymmetricMatcher;"), loader: "js" };
    });
  },
};

const CHAI_NAMES = `var __name = (target, value) => __defProp(target, "name", { value, configurable: true });`;

/** chai sets the name of each of its functions when it starts, a tenth of a run's time; nothing reads those names. */
const unnamedChai: Plugin = {
  name: "unnamed-chai",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]chai[\\/]index\.js$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (text.split(CHAI_NAMES).length !== 2) throw new Error("chai names its functions in another way than the one this build knows");
      return { contents: text.replace(CHAI_NAMES, "var __name = (target) => target;"), loader: "js" };
    });
  },
};

function virtualModule(name: string, contents: () => string): Plugin {
  return {
    name,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: "virtual" }));
      onLoad({ filter: new RegExp(`^${name}$`), namespace: "virtual" }, () => ({ contents: contents(), loader: "js" }));
    },
  };
}

/** An import that stays, of a module the isolate gets beside the bundle. */
function neighbour(name: string, path: string): Plugin {
  return {
    name,
    setup({ onResolve }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path, external: true }));
    },
  };
}

if (import.meta.main) await buildSandboxAssets();
