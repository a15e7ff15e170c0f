/** A Worker that only a benchmark runs: bundled in memory from a room's `testing/`, as Miniflare takes it. */
import { join } from "node:path";
import { build } from "esbuild";
import type { Plugin } from "esbuild";
import { REPOSITORY } from "../lib/repository.ts";

/** That of the Workers in `wrangler.base.jsonc`. */
export const COMPATIBILITY_DATE = "2026-08-04";

/**
 * Bundles the entry for workerd.
 *
 * @param entry - path from the repository's root
 * @param directory - an existing folder that stands for the root of its modules
 * @param replaced - modules by path from the root, each with the one that is bundled in its place; that one may import it
 * @throws Error with the bundler's output
 */
export async function benchWorker(entry: string, directory: string, replaced: ReadonlyMap<string, string> = new Map()) {
  const bundle = await build({
    entryPoints: [join(REPOSITORY, entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "import"],
    external: ["cloudflare:*", "node:*"],
    plugins: [replacing(replaced)],
  });
  const contents = bundle.outputFiles[0]?.text;
  if (contents === undefined) throw new Error(`The bundle of ${entry} is empty.`);
  return {
    compatibilityDate: COMPATIBILITY_DATE,
    modulesRoot: directory,
    modules: [{ type: "ESModule" as const, path: join(directory, "bench.js"), contents }],
  };
}

function replacing(replaced: ReadonlyMap<string, string>): Plugin {
  const absolute = new Map([...replaced].map(([from, to]) => [join(REPOSITORY, from), join(REPOSITORY, to)]));
  return {
    name: "replacing",
    setup: ({ onResolve }) => {
      onResolve({ filter: /^\.{1,2}\// }, ({ path, importer, resolveDir }) => {
        const to = absolute.get(join(resolveDir, path));
        return to === undefined || to === importer ? null : { path: to };
      });
    },
  };
}

/** A Durable Object class with SQLite, as Miniflare takes it. */
export const sqlite = (className: string) => ({ className, useSQLite: true });
