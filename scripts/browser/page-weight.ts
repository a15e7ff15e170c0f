/** How many bytes of JavaScript a page loads first, compressed as an edge would send them. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/** Most that the first load of any page may have, in bytes: 300 KB. */
export const FIRST_LOAD_MAX_BYTES = 300_000;

/** gzip's default: what an edge sends to a browser that takes nothing better. */
const GZIP_LEVEL = 6;

/** Compressed bytes of each script of a built page, by its path. */
export function scriptWeights(assetsFolder: string): ReadonlyMap<string, number> {
  const scripts = readdirSync(assetsFolder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".js"));
  return new Map(scripts.map((name) => [`/${name.replaceAll("\\", "/")}`, gzipSync(readFileSync(join(assetsFolder, name)), { level: GZIP_LEVEL }).byteLength]));
}
