/**
 * Puts the blocks of `wrangler.base.jsonc` into each Worker's `wrangler.jsonc`; `--check` fails where one differs
 * and changes nothing.
 */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "jsonc-parser";
import { REPOSITORY } from "./lib/repository.ts";

type Config = Record<string, unknown>;

/** The composed text of one Worker's configuration: shared blocks first, its own after. */
export function composeWrangler(base: Config, own: Config): string {
  const { name, main, ...rest } = own;
  const specific = Object.fromEntries(Object.entries(rest).filter(([key]) => !(key in base)));
  return `${JSON.stringify({ name, main, ...base, ...specific }, null, 2)}\n`;
}

function readJsonc(path: string): Config {
  return parse(readFileSync(path, "utf8")) as Config;
}

/** Paths of the Workers whose file is not what composing yields; without `check` they are rewritten. */
export function composeAll(check: boolean): string[] {
  const base = readJsonc(join(REPOSITORY, "wrangler.base.jsonc"));
  const changed: string[] = [];
  for (const worker of readdirSync(join(REPOSITORY, "workers"))) {
    const path = join(REPOSITORY, "workers", worker, "wrangler.jsonc");
    const text = composeWrangler(base, readJsonc(path));
    if (text === readFileSync(path, "utf8")) continue;
    changed.push(`workers/${worker}/wrangler.jsonc`);
    if (!check) writeFileSync(path, text);
  }
  return changed;
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  const changed = composeAll(check);
  for (const path of changed) console.log(`${check ? "differs from wrangler.base.jsonc" : "composed"}: ${path}`);
  if (check && changed.length > 0) {
    console.error("Run `node scripts/compose-wrangler.ts` and commit the result.");
    process.exitCode = 1;
  }
}
